import { compareHccs } from './model.ts';
import type { Thousandths } from './thousandths.ts';

/** Of a candidate: what orders a sequential allocation. */
export interface CandidateOrder {
  readonly id: string;
  readonly hcc: string | null;
  readonly confidence?: 'high' | 'medium' | 'low' | null;
}

/** Most candidates for exact Shapley values: 256 scorings (raf arithmetic, section 5). */
const EXACT_LIMIT = 8;

/** Raw and payment score of a set of candidates, in thousandths; the empty set is the baseline. */
export interface Value {
  readonly raw: Thousandths;
  readonly payment: Thousandths | null;
}
export type Valuation = (chosen: ReadonlySet<number>) => Value;

interface GapWorth {
  readonly id: string;
  readonly standalone: Value;
  readonly incremental: Value;
  /** In thousandths, not rounded. */
  readonly shapley: { readonly raw: number; readonly payment: number | null };
}

export interface ImpactWorth {
  readonly baseline: Value;
  readonly joint: Value;
  readonly gaps: readonly GapWorth[];
  readonly method: 'exact' | 'sequential';
}

/** Standalone, last-in, shared and joint worth of candidates under a valuation, in thousandths. */
export function impactOf(candidates: readonly CandidateOrder[], valuation: Valuation): ImpactWorth {
  const known = new Map<string, Value>();
  const value = (chosen: readonly number[]): Value => {
    const key = chosen.join();
    const before = known.get(key);
    if (before) return before;
    const computed = valuation(new Set(chosen));
    known.set(key, computed);
    return computed;
  };
  const all = candidates.map((_, index) => index);
  const baseline = value([]);
  const full = value(all);
  const standalone = all.map((index) => minus(value([index]), baseline));
  const exact = candidates.length <= EXACT_LIMIT;
  const shares = exact
    ? shapley(candidates.length, value)
    : sequential(sequentialOrder(candidates, standalone), value);
  return {
    baseline,
    joint: minus(full, baseline),
    gaps: candidates.map(({ id }, index) => ({
      id,
      standalone: standalone[index] ?? { raw: 0, payment: null },
      incremental: minus(full, value(all.filter((other) => other !== index))),
      shapley: shares[index] ?? { raw: 0, payment: null },
    })),
    method: exact ? 'exact' : 'sequential',
  };
}

function minus(a: Value, b: Value): Value {
  return {
    raw: a.raw - b.raw,
    payment: a.payment === null || b.payment === null ? null : a.payment - b.payment,
  };
}

/**
 * Exact Shapley values: each candidate's marginal change, averaged over all orders. Sums are integers until the one
 * division by n!, so shares add up to the joint change.
 */
function shapley(count: number, value: (chosen: readonly number[]) => Value): GapWorth['shapley'][] {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  const totals = Array.from({ length: count }, () => ({ raw: 0, payment: 0 as number | null }));
  for (let subset = 0; subset < 1 << count; subset++) {
    const members = Array.from({ length: count }, (_, index) => index).filter(
      (index) => subset & (1 << index),
    );
    const without = value(members);
    const weight = factorial(members.length) * factorial(count - members.length - 1);
    for (let index = 0; index < count; index++) {
      if (subset & (1 << index)) continue;
      const change = minus(value([...members, index].sort((a, b) => a - b)), without);
      const total = totals[index];
      if (!total) continue;
      total.raw += weight * change.raw;
      total.payment =
        total.payment === null || change.payment === null ? null : total.payment + weight * change.payment;
    }
  }
  const orders = factorial(count);
  return totals.map(({ raw, payment }) => ({
    raw: raw / orders,
    payment: payment === null ? null : payment / orders,
  }));
}

/** Above eight candidates: one order's marginal changes, which add up to the joint change. */
function sequential(
  order: readonly number[],
  value: (chosen: readonly number[]) => Value,
): GapWorth['shapley'][] {
  const shares: GapWorth['shapley'][] = [];
  let chosen: number[] = [];
  let before = value(chosen);
  for (const index of order) {
    chosen = [...chosen, index].sort((a, b) => a - b);
    const after = value(chosen);
    shares[index] = minus(after, before);
    before = after;
  }
  return shares;
}

const CONFIDENCE: Readonly<Record<string, number>> = { high: 0, medium: 1, low: 2 };

/** Highest confidence first, then standalone impact, then HCC number, then id: deterministic (section 5). */
function sequentialOrder(candidates: readonly CandidateOrder[], standalone: readonly Value[]): number[] {
  const rank = (index: number): number => CONFIDENCE[candidates[index]?.confidence ?? 'low'] ?? 2;
  const worth = (index: number): number => standalone[index]?.payment ?? standalone[index]?.raw ?? 0;
  return candidates
    .map((_, index) => index)
    .sort((a, b) => {
      const one = candidates[a];
      const other = candidates[b];
      return (
        rank(a) - rank(b) ||
        worth(b) - worth(a) ||
        compareHccs(one?.hcc ?? '999', other?.hcc ?? '999') ||
        ((one?.id ?? '') < (other?.id ?? '') ? -1 : 1)
      );
    });
}
