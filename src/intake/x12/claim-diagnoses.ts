import { undotted } from '../../engine/icd10.ts';
import type { IntakeOptions } from '../parser.ts';
import type { ClaimDraft, Located } from './claim-draft.ts';
import type { Remarks } from './claim-remarks.ts';
import { type DiagnosisComposite, diagnosisComposites } from './composites.ts';
import type { X12Settings } from './settings.ts';
import type { Separators } from './tokenizer.ts';
import { type DateSpan, isIcd10Form } from './values.ts';

interface Context {
  readonly separators: Separators;
  readonly settings: X12Settings;
  readonly options: IntakeOptions;
  readonly span: DateSpan;
  readonly remarks: Remarks;
}

/** Principal and other diagnoses. */
const FINAL = new Set(['ABK', 'ABF']);
/** Admitting diagnosis, patient's reason for visit, external cause: not final, out of risk adjustment by default. */
const NOT_FINAL = new Set(['ABJ', 'APR', 'ABN']);

/** ICD-10-CM diagnoses of a claim, each once, with its place in the HI order that line pointers count by. */
export function judgeDiagnoses(
  draft: ClaimDraft,
  context: Context,
): readonly { readonly code: string; readonly position: number }[] {
  const kept = new Map<string, number>();
  let position = 0;
  for (const at of draft.diagnoses) {
    for (const composite of diagnosisComposites(at.elements, context.separators)) {
      if (FINAL.has(composite.qualifier)) position += 1;
      const code = judgeDiagnosis(composite, at, context);
      if (code !== null && !kept.has(code)) kept.set(code, position);
    }
  }
  return [...kept].map(([code, at]) => ({ code, position: at }));
}

function judgeDiagnosis(composite: DiagnosisComposite, at: Located, context: Context): string | null {
  const { settings, remarks, options, span } = context;
  const field = `HI${String(composite.element).padStart(2, '0')}`;
  const { qualifier, malformed, text } = composite;
  if (malformed && (!settings.lenient || qualifier === '' || composite.code === '')) {
    const message = 'qualifier and code are not one composite with the declared separator';
    remarks.error(at, field, 'composite_malformed', message, text);
    return null;
  }
  if (malformed) {
    remarks.warning(at, field, 'composite_malformed', 'read although the composite is malformed', text);
  }
  if (NOT_FINAL.has(qualifier) && !settings.includeNonFinalDiagnoses) return null;
  if (!FINAL.has(qualifier) && !NOT_FINAL.has(qualifier)) {
    const message = 'ICD-9-CM diagnoses belong to no model in use';
    remarks.warning(at, field, 'icd9_not_mapped', message, composite.code);
    return null;
  }
  const code = undotted(composite.code);
  if (!isIcd10Form(code)) {
    remarks.error(at, field, 'diagnosis_invalid', 'not an ICD-10-CM code by its form', composite.code);
    return null;
  }
  const validity = options.lookups.icd10?.(code, span.to) ?? 'billable';
  if (validity === 'header') {
    const message = 'not billable, more characters are needed';
    remarks.warning(at, field, 'diagnosis_unknown', message, composite.code);
  } else if (validity === 'unknown') {
    const message = 'in no ICD-10-CM edition of the date of service';
    remarks.warning(at, field, 'diagnosis_unknown', message, composite.code);
  }
  return code;
}
