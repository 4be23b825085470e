import type { Evidence } from '../analysis-contract.ts';
import type { IsoDate } from '../dates.ts';
import type { Medication } from '../history.ts';
import { ingredientsOfName, resolveDrug } from '../suspects/drugs.ts';
import { type DatedCondition, isPresent } from './conditions.ts';
import type { AnalysisContext, ModelPart } from './context.ts';

/** Orders and events that did not happen. */
const NOT_DONE = new Set([
  'entered-in-error',
  'not-done',
  'cancelled',
  'not-taken',
  'stopped-before-start',
  'draft',
]);

/**
 * Cancer treatment in D or the 12 months before (1 January D-1 to `asOf`): radiation or antineoplastic procedure or
 * drug, Z51.0, Z51.1x, Z79.81x (gap taxonomy, section 7). An operation clears the test only through a reviewer, for no
 * list of operations is at hand. Empty: none found.
 */
export function treatmentEvidence(context: AnalysisContext): readonly Evidence[] {
  const { cancerTreatment } = context.reference.gaps;
  const from: IsoDate = `${context.dosYear - 1}-01-01`;
  const inWindow = (date: IsoDate): boolean => date >= from && date <= context.asOf;
  const found: Evidence[] = [];
  for (const { encounter, withdrawn, verdict, codes } of context.records) {
    if (withdrawn || !inWindow(encounter.to)) continue;
    const base = { encounterId: encounter.encounterId, source: encounter.source, eligible: verdict.eligible };
    for (const { procedure, date } of encounter.lines) {
      if (procedure !== null && isTreatment(context, procedure)) {
        found.push({ type: 'procedure', code: procedure, date: date ?? encounter.to, ...base });
      }
    }
    for (const code of codes) {
      if (cancerTreatment.diagnosisPatterns.some((pattern) => pattern.matches(code))) {
        found.push({ type: 'diagnosis', code, date: encounter.to, ...base });
      }
    }
  }
  for (const { code, date, status } of context.history.procedures ?? []) {
    if (!inWindow(date) || (status !== null && NOT_DONE.has(status)) || !isTreatment(context, code)) continue;
    found.push({ type: 'procedure', code, date, encounterId: null, source: null, eligible: null });
  }
  for (const medication of context.history.medications ?? []) {
    const { date, status, source } = medication;
    if (!inWindow(date) || (status !== null && NOT_DONE.has(status)) || !isCancerDrug(context, medication))
      continue;
    found.push({
      type: 'medication',
      code: medication.code ?? medication.ingredient,
      date,
      encounterId: null,
      source,
      eligible: null,
    });
  }
  return found.sort(newestFirst);
}

/** A note of the window that states active disease of the HCC; the cancer code on a claim is not evidence. */
export function activeDiseaseNote(
  context: AnalysisContext,
  part: ModelPart,
  conditions: readonly DatedCondition[],
  hcc: string,
): Evidence | null {
  const note = conditions.find(
    ({ condition, code, date }) =>
      condition.source === 'note' &&
      condition.signed !== false &&
      condition.clinicalStatus !== null &&
      isPresent(condition) &&
      date >= `${context.dosYear - 1}-01-01` &&
      part.pastHccsOf(code).includes(hcc),
  );
  if (!note) return null;
  const { condition, code, date, record } = note;
  const encounterId = condition.encounterId;
  return {
    type: 'condition',
    code,
    date,
    encounterId,
    source: 'note',
    eligible: record?.verdict.eligible ?? null,
  };
}

function isTreatment(context: AnalysisContext, procedure: string): boolean {
  const code = procedure.trim().toUpperCase();
  return (
    code.length === 5 &&
    context.reference.gaps.cancerTreatment.procedureRanges.some(({ from, to }) => code >= from && code <= to)
  );
}

/** By product code where the tables know it, else by ingredient name. */
export function isCancerDrug(context: AnalysisContext, medication: Medication): boolean {
  const { drugs } = context.reference.gaps.cancerTreatment;
  const tables = context.reference.suspecting.drugs;
  const { code, system, ingredient } = medication;
  if (ingredient !== null) {
    const plain = ingredient.trim().toLowerCase();
    if (drugs.has(plain)) return true;
    if (ingredientsOfName(tables, plain).some((name) => drugs.has(name))) return true;
  }
  if (code === null || (system !== 'rxnorm' && system !== 'ndc')) return false;
  const resolved = resolveDrug(tables, { codings: [{ system, code }], name: null, route: null });
  return resolved.ok && resolved.ingredients.some((name) => drugs.has(name.toLowerCase()));
}

function newestFirst(a: Evidence, b: Evidence): number {
  const [dateA, dateB] = [a.date ?? '', b.date ?? ''];
  if (dateA !== dateB) return dateA > dateB ? -1 : 1;
  const key = (item: Evidence): string => `${item.type} ${item.code} ${item.encounterId}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
