import type { PersistenceClass } from '../engine/gaps/tables.ts';
import type { HierarchyGraph } from '../engine/hierarchies.ts';
import { rateOf } from './rates.ts';

/** HCCs of members in two consecutive years, in one model, with how many members have exactly these. */
export interface HccPair {
  readonly segment: string;
  readonly before: readonly string[];
  readonly now: readonly string[];
  readonly members: number;
}

export interface RecaptureFacts {
  readonly hierarchy: HierarchyGraph;
  readonly classOf: (hcc: string) => PersistenceClass | null;
  readonly acuteBase: ReadonlyMap<string, readonly string[]>;
  /** Coefficient of an HCC in a segment; undefined when the segment has none. */
  readonly coefficient: (segment: string, hcc: string) => number | undefined;
}

type Closure = 'same' | 'higher' | 'equivalent' | 'lower' | 'open';

/** The HCC to recapture for one of last year's: the chronic base of an acute-on-chronic one, none for an acute one. */
function baseOf(hcc: string, facts: RecaptureFacts): string | null {
  const kind = facts.classOf(hcc);
  if (kind === 'acute') return null;
  if (kind !== 'acute_on_chronic') return hcc;
  return facts.acuteBase.get(hcc)?.[0] ?? hcc;
}

/** HCCs to recapture for those of a year before: acute ones left out, an acute-on-chronic one by its base. */
export function recaptureBases(before: readonly string[], facts: RecaptureFacts): ReadonlySet<string> {
  return new Set(before.map((hcc) => baseOf(hcc, facts)).filter((base) => base !== null));
}

/** Closure of a pair (gap taxonomy, section 2): "higher" means dominates, "lower" compares coefficients. */
export function closureOf(
  hcc: string,
  now: readonly string[],
  segment: string,
  facts: RecaptureFacts,
): Closure {
  const { hierarchy, coefficient } = facts;
  if (now.includes(hcc)) return 'same';
  if (now.some((other) => hierarchy.dominators(hcc).has(other))) return 'higher';
  const family = hierarchy.family(hcc);
  const mine = coefficient(segment, hcc);
  const kin = now.filter((other) => family.has(other));
  if (kin.some((other) => coefficient(segment, other) === mine)) return 'equivalent';
  return kin.length > 0 ? 'lower' : 'open';
}

/**
 * Recapture from the captured HCCs of two years: pairs (member, HCC) of the year before whose class permits it, and
 * how many are closed. Plain counts `closed_lower` as closed, strict does not; adjusted leaves out the pairs that
 * people closed clinically. All three stand together (KPIs, section 2).
 */
export function recaptureRates(pairs: readonly HccPair[], facts: RecaptureFacts, clinicallyClosed: number) {
  const counts: Record<Closure, number> = { same: 0, higher: 0, equivalent: 0, lower: 0, open: 0 };
  let weightAll = 0;
  let weightClosed = 0;
  let acute = 0;
  for (const { segment, before, now, members } of pairs) {
    const bases = new Set<string>();
    for (const hcc of before) {
      const base = baseOf(hcc, facts);
      if (base === null) acute += members;
      else bases.add(base);
    }
    for (const hcc of bases) {
      const closure = closureOf(hcc, now, segment, facts);
      counts[closure] += members;
      const weight = (facts.coefficient(segment, hcc) ?? 0) * members;
      weightAll += weight;
      if (closure !== 'open') weightClosed += weight;
    }
  }
  const strict = counts.same + counts.higher + counts.equivalent;
  const plain = strict + counts.lower;
  const all = plain + counts.open;
  const excluded = Math.min(clinicallyClosed, counts.open);
  return {
    strict: rateOf(strict, all),
    plain: rateOf(plain, all),
    adjusted: rateOf(plain, all - excluded),
    weighted: rateOf(thousandths(weightClosed), thousandths(weightAll)),
    closures: counts,
    excluded: { acute, clinicallyClosed: excluded },
  };
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
