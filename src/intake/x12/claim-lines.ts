import type { IsoDate } from '../../engine/dates.ts';
import type { ServiceLine } from '../../engine/history.ts';
import { spanOf } from './claim-dates.ts';
import type { ClaimDraft, LineDraft, Located } from './claim-draft.ts';
import type { Remarks } from './claim-remarks.ts';
import { procedureComposite } from './composites.ts';
import type { X12Settings } from './settings.ts';
import type { Separators } from './tokenizer.ts';
import { type DateSpan, isProcedureForm } from './values.ts';

export interface JudgedLine {
  readonly number: number;
  readonly line: ServiceLine;
  readonly placeOfService: string | null;
  /** NDCs given with the line (loop 2410), 11 digits. */
  readonly drugs: readonly string[];
}

interface Context {
  readonly separators: Separators;
  readonly settings: X12Settings;
  readonly remarks: Remarks;
}

/** The service lines of a claim and their date spans; a line without a service is remarked on and left out. */
export function judgeLines(
  draft: ClaimDraft,
  context: Context,
): { readonly lines: readonly JudgedLine[]; readonly spans: readonly DateSpan[] } {
  const lines: JudgedLine[] = [];
  const spans: DateSpan[] = [];
  const taken = new Set<number>();
  let free = 1;
  for (const each of draft.lines) {
    if (each.service === null) {
      const message = 'a line has neither SV1 nor SV2';
      context.remarks.warning(draft.claim, 'LX', 'line_without_service', message);
      continue;
    }
    let span: DateSpan | null = null;
    for (const at of each.dates) {
      if (at.elements[1] === '472') span = spanOf(at, context.remarks) ?? span;
    }
    if (span) spans.push(span);
    while (taken.has(free)) free += 1;
    const number = taken.has(each.number) ? free : each.number;
    taken.add(number);
    lines.push(judgeLine(each, each.service, { ...context, number, date: span?.to ?? null }));
  }
  return { lines, spans };
}

function judgeLine(
  line: LineDraft,
  service: Located,
  context: Context & { readonly number: number; readonly date: IsoDate | null },
): JudgedLine {
  const professional = service.elements[0] === 'SV1';
  if (professional) checkPointers(service, context);
  const pos = professional ? (service.elements[5] ?? '').trim() : '';
  const { procedure, modifiers } = judgeProcedure(service, professional, context);
  return {
    number: context.number,
    line: { procedure, modifiers, date: context.date },
    placeOfService: /^\d{2}$/.test(pos) ? pos : null,
    drugs: line.drugs
      .map((at) => (at.elements[3] ?? '').replace(/[^0-9]/g, ''))
      .filter((ndc) => ndc.length === 11),
  };
}

function judgeProcedure(
  service: Located,
  professional: boolean,
  { separators, settings, remarks }: Context,
): { readonly procedure: string | null; readonly modifiers: readonly string[] } {
  const field = professional ? 'SV101' : 'SV202';
  const given = service.elements[professional ? 1 : 2] ?? '';
  const composite = procedureComposite(given, separators);
  if (composite === null) return { procedure: null, modifiers: [] };
  if (composite.malformed) {
    const message = 'the procedure composite uses an undeclared separator';
    if (!settings.lenient) {
      remarks.error(service, field, 'composite_malformed', message, given);
      return { procedure: null, modifiers: [] };
    }
    remarks.warning(service, field, 'composite_malformed', message, given);
  }
  const { qualifier, code, modifiers } = composite;
  if (qualifier !== 'HC') {
    const message = 'the procedure is not given as a CPT or HCPCS code';
    remarks.warning(service, field, 'procedure_not_hcpcs', message, given);
    return { procedure: null, modifiers };
  }
  if (!isProcedureForm(code)) {
    remarks.error(service, field, 'procedure_invalid', 'not a CPT or HCPCS code by its form', code);
    return { procedure: null, modifiers };
  }
  return { procedure: code, modifiers };
}

/** SV107 points at most four times into the diagnoses of the claim; more, or non-numbers, are remarked on. */
function checkPointers(service: Located, { separators, remarks }: Context): void {
  const text = service.elements[7] ?? '';
  if (text === '') return;
  const pointers = text.split(separators.component);
  if (pointers.length > 4 || pointers.some((pointer) => !/^(1[0-2]|[1-9])$/.test(pointer))) {
    const message = 'a line points to at most four of twelve diagnoses, by number';
    remarks.warning(service, 'SV107', 'pointer_out_of_range', message, text);
  }
}
