import type { IsoDate } from '../dates.ts';
import type { Feed, SuspectEvent } from './events.ts';

/** One record that made an expression true: as received, and as the rule read it. */
export interface SuspectEvidence {
  readonly type: SuspectEvent['type'] | 'derived';
  /** Code as received; for a drug its matching ingredient when the feed sent no code; for a formula its name. */
  readonly code: string | null;
  readonly valueSet: string;
  readonly date: IsoDate;
  readonly value: number | string | null;
  readonly unit: string | null;
  readonly comparator: string | null;
  /** In the canonical unit of the value set; null for what is not a measurement. */
  readonly convertedValue: number | null;
  readonly canonicalUnit: string | null;
  readonly ingredients: readonly string[];
  readonly source: string | null;
  readonly encounterId: string | null;
  /** A claim diagnosis: whether its record counts for risk adjustment; null for all else. */
  readonly eligible: boolean | null;
}

/** A record that a rule would have read and cannot use; reported so that the feed can be mended. */
export interface DataIssue {
  readonly code: string | null;
  readonly valueSet: string;
  readonly date: IsoDate;
  readonly reason: string;
}

/** Three-valued: `unknown` when a feed that could decide does not exist. */
export type Truth =
  | { readonly state: 'true'; readonly evidence: readonly SuspectEvidence[] }
  | { readonly state: 'false' }
  | { readonly state: 'unknown'; readonly missing: readonly Feed[] };

export const FALSE: Truth = { state: 'false' };

/** True only if every part is; false as soon as one is; unknown otherwise. */
export function allOf(parts: readonly Truth[]): Truth {
  if (parts.some((part) => part.state === 'false')) return FALSE;
  const missing = missingOf(parts);
  if (missing.length > 0) return { state: 'unknown', missing };
  return { state: 'true', evidence: evidenceOf(parts) };
}

/** Not lazy: every true branch adds its evidence, so that the reviewer sees all of it. */
export function anyOf(parts: readonly Truth[]): Truth {
  if (parts.some((part) => part.state === 'true')) return { state: 'true', evidence: evidenceOf(parts) };
  const missing = missingOf(parts);
  return missing.length > 0 ? { state: 'unknown', missing } : FALSE;
}

function missingOf(parts: readonly Truth[]): Feed[] {
  return [...new Set(parts.flatMap((part) => (part.state === 'unknown' ? part.missing : [])))].sort();
}

function evidenceOf(parts: readonly Truth[]): SuspectEvidence[] {
  return distinctEvidence(parts.flatMap((part) => (part.state === 'true' ? part.evidence : [])));
}

/** Without repetition, by date, then code: independent of the order in which records arrived. */
export function distinctEvidence(items: readonly SuspectEvidence[]): SuspectEvidence[] {
  const byKey = new Map(items.map((item) => [JSON.stringify(Object.values(item)), item]));
  return [...byKey]
    .sort(([keyA, a], [keyB, b]) => compareText(a.date + keyA, b.date + keyB))
    .map(([, item]) => item);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
