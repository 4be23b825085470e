import type { IsoDate } from './dates.ts';
import type { Encounter } from './history.ts';
import { undotted } from './icd10.ts';

/** What replacements, voids and deleting chart reviews leave of the records (eligibility, step 2; CRR-1 to CRR-3). */
export interface RecordVersions {
  /** Each encounter id once, in id order, with codes undotted and repeats merged. */
  readonly encounters: readonly Encounter[];
  readonly byId: ReadonlyMap<string, Encounter>;
  /** Void records, and what they or a replacement took out of force. */
  readonly withdrawn: ReadonlySet<string>;
  /** Codes that deleting chart reviews took off an encounter and off the chart reviews linked to it. */
  readonly deletedCodes: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Resolves the versions of the records dated up to `asOf`. Independent of order and repetition. */
export function resolveVersions(all: readonly Encounter[], asOf: IsoDate): RecordVersions {
  const byId = new Map<string, Encounter>();
  for (const sent of all) {
    if (sent.to > asOf) continue;
    const encounter = plainCodes(sent);
    const known = byId.get(encounter.encounterId);
    byId.set(encounter.encounterId, known === undefined ? encounter : merged(known, encounter));
  }
  const encounters = [...byId.values()].sort((a, b) => (a.encounterId < b.encounterId ? -1 : 1));
  const withdrawn = withdrawnIds(encounters);
  return { encounters, byId, withdrawn, deletedCodes: deletions(encounters, byId, withdrawn) };
}

/** A record whose only effect is on another one; it carries no diagnosis of its own. */
export function isVoid(encounter: Encounter): boolean {
  return encounter.claimStatus === 'void' || frequencyOf(encounter.billType) === '8';
}

/** A deleting chart review adds no diagnosis. */
export function isDeletingReview(encounter: Encounter): boolean {
  return encounter.source === 'chart_review' && encounter.crrAction === 'delete';
}

/** Frequency digit of a type of bill (`0131` or `131`); null when it has none. */
export function frequencyOf(billType: string | null): string | null {
  if (billType === null) return null;
  return plainBillType(billType)[2] ?? null;
}

/** Type of bill without the leading zero of the four-digit form. */
export function plainBillType(billType: string): string {
  const text = billType.trim().toUpperCase();
  return text.length === 4 && text.startsWith('0') ? text.slice(1) : text;
}

function plainCodes(encounter: Encounter): Encounter {
  const { diagnoses } = encounter;
  if (diagnoses.every(({ code }) => undotted(code) === code)) return encounter;
  return { ...encounter, diagnoses: diagnoses.map((row) => ({ ...row, code: undotted(row.code) })) };
}

/** Records with one encounter id are one record: the lines and diagnoses of all, under the strongest header. */
function merged(a: Encounter, b: Encounter): Encounter {
  if (a === b) return a;
  const header = headerRank(a) <= headerRank(b) ? a : b;
  return {
    ...header,
    lines: distinct([...a.lines, ...b.lines]),
    diagnoses: distinct([...a.diagnoses, ...b.diagnoses]),
  };
}

/** A void beats a replacement beats an original; then the later text, so that the choice does not hang on order. */
function headerRank(encounter: Encounter): string {
  const strength = isVoid(encounter) ? '0' : encounter.claimStatus === 'replacement' ? '1' : '2';
  const { lines: _lines, diagnoses: _diagnoses, ...header } = encounter;
  return strength + JSON.stringify(Object.entries(header).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function distinct<T>(rows: readonly T[]): T[] {
  const seen = new Map(rows.map((row) => [JSON.stringify(row), row]));
  return [...seen.keys()].sort().map((key) => seen.get(key) as T);
}

/**
 * A void or replacement takes its target out of force unless CMS rejected it or, for a void, a further void undid it
 * (CRR-3). A replacement that was itself replaced or voided has still replaced its target.
 */
function withdrawnIds(encounters: readonly Encounter[]): ReadonlySet<string> {
  const actions = encounters.filter(
    (record) =>
      record.replacesEncounterId !== null &&
      record.replacesEncounterId !== record.encounterId &&
      record.acceptance !== 'rejected' &&
      (isVoid(record) || record.claimStatus === 'replacement'),
  );
  const voidedVoids = new Set(actions.filter(isVoid).map((record) => record.replacesEncounterId));
  const withdrawn = new Set<string>();
  for (const record of encounters) if (isVoid(record)) withdrawn.add(record.encounterId);
  for (const action of actions) {
    if (isVoid(action) && voidedVoids.has(action.encounterId)) continue;
    if (action.replacesEncounterId !== null) withdrawn.add(action.replacesEncounterId);
  }
  return withdrawn;
}

function deletions(
  encounters: readonly Encounter[],
  byId: ReadonlyMap<string, Encounter>,
  withdrawn: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const byTarget = new Map<string, Set<string>>();
  for (const review of encounters) {
    const target = review.linkedEncounterId;
    // An unlinked chart review cannot delete (edit 00805), nor one that was voided or rejected.
    if (!isDeletingReview(review) || target === null || !byId.has(target)) continue;
    if (withdrawn.has(review.encounterId) || review.acceptance === 'rejected') continue;
    const codes = byTarget.get(target) ?? new Set<string>();
    for (const { code } of review.diagnoses) codes.add(code);
    byTarget.set(target, codes);
  }
  if (byTarget.size === 0) return byTarget;
  const byRecord = new Map<string, ReadonlySet<string>>(byTarget);
  for (const review of encounters) {
    if (review.source !== 'chart_review' || isDeletingReview(review) || review.linkedEncounterId === null)
      continue;
    const codes = byTarget.get(review.linkedEncounterId);
    if (codes) byRecord.set(review.encounterId, codes);
  }
  return byRecord;
}
