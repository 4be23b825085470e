import type { IsoDate } from './dates.ts';
import type { Condition, MemberHistory } from './history.ts';
import { undotted } from './icd10.ts';
import type { RecordVersions } from './record-versions.ts';

/**
 * The history as it stood on `asOf`: what is dated later is left out of everything (gap taxonomy, section 0), repeats
 * are one, conditions are in a fixed order. Encounters come from the resolved record versions.
 */
export function historyAsOf(history: MemberHistory, asOf: IsoDate, versions: RecordVersions): MemberHistory {
  return {
    ...history,
    encounters: versions.encounters,
    conditions: conditionsAsOf(history.conditions, asOf),
    observations: upTo(history.observations, asOf),
    medications: upTo(history.medications, asOf),
    procedures: upTo(history.procedures, asOf),
  };
}

function upTo<T extends { readonly date: IsoDate }>(
  rows: readonly T[] | null,
  asOf: IsoDate,
): readonly T[] | null {
  if (rows === null || rows.every(({ date }) => date <= asOf)) return rows;
  return rows.filter(({ date }) => date <= asOf);
}

function conditionsAsOf(conditions: readonly Condition[], asOf: IsoDate): readonly Condition[] {
  if (conditions.length === 0) return conditions;
  const found = new Map<string, Condition>();
  for (const sent of conditions) {
    if (sent.recorded !== null && sent.recorded > asOf) continue;
    const condition = sent.system === 'icd10cm' ? { ...sent, code: undotted(sent.code) } : sent;
    found.set(keyOf(condition), condition);
  }
  return [...found.keys()].sort().map((key) => found.get(key) as Condition);
}

/** Date first, so that the order is by date; then every field. */
function keyOf(condition: Condition): string {
  const {
    recorded,
    code,
    source,
    encounterId,
    conditionId,
    clinicalStatus,
    verification,
    context,
    meat,
    signed,
  } = condition;
  const support = meat === null ? null : [...meat].sort().join();
  return JSON.stringify([
    recorded,
    code,
    condition.system,
    source,
    encounterId,
    conditionId,
    clinicalStatus,
    verification,
    context,
    support,
    signed,
  ]);
}
