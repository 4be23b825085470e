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
  return candidates.length <= EXACT_LIMIT ? exact(candidates, valuation) : sequential(candidates, valuation);
}

function minus(a: Value, b: Value): Value {
  return {
    raw: a.raw - b.raw,
    payment: a.payment === null || b.payment === null ? null : a.payment - b.payment,
  };
}

/**
 * Exact Shapley values: each candidate's marginal change, averaged over all orders. A subset is a bit mask and is
 * valued once. Sums are integers until the one division by n!, so shares add up to the joint change.
 */
function exact(candidates: readonly CandidateOrder[], valuation: Valuation): ImpactWorth {
  const count = candidates.length;
  const full = (1 << count) - 1;
  const values = Array.from({ length: full + 1 }, (_, mask) => valuation(membersOf(mask, count)));
  const value = (mask: number): Value => values[mask] ?? { raw: 0, payment: null };
  const baseline = value(0);
  const gaps = candidates.map(({ id }, index): GapWorth => {
    const bit = 1 << index;
    let raw = 0;
    let payment: number | null = 0;
    for (let mask = 0; mask <= full; mask++) {
      if (mask & bit) continue;
      const [before, after] = [value(mask), value(mask | bit)];
      const size = bitCount(mask);
      const weight = (FACTORIALS[size] ?? 1) * (FACTORIALS[count - size - 1] ?? 1);
      raw += weight * (after.raw - before.raw);
      payment =
        payment === null || after.payment === null || before.payment === null
          ? null
          : payment + weight * (after.payment - before.payment);
    }
    const orders = FACTORIALS[count] ?? 1;
    return {
      id,
      standalone: minus(value(bit), baseline),
      incremental: minus(value(full), value(full ^ bit)),
      shapley: { raw: raw / orders, payment: payment === null ? null : payment / orders },
    };
  });
  return { baseline, joint: minus(value(full), baseline), gaps, method: 'exact' };
}

const FACTORIALS: readonly number[] = [1, 1, 2, 6, 24, 120, 720, 5040, 40_320];

function membersOf(mask: number, count: number): ReadonlySet<number> {
  const members = new Set<number>();
  for (let index = 0; index < count; index++) if (mask & (1 << index)) members.add(index);
  return members;
}

function bitCount(mask: number): number {
  let bits = 0;
  for (let left = mask; left !== 0; left &= left - 1) bits++;
  return bits;
}

/** Above eight candidates: one order's marginal changes, which add up to the joint change. */
function sequential(candidates: readonly CandidateOrder[], valuation: Valuation): ImpactWorth {
  const all = candidates.map((_, index) => index);
  const baseline = valuation(new Set());
  const full = valuation(new Set(all));
  const standalone = all.map((index) => minus(valuation(new Set([index])), baseline));
  const shares: Value[] = [];
  const chosen = new Set<number>();
  let before = baseline;
  for (const index of sequentialOrder(candidates, standalone)) {
    chosen.add(index);
    const after = valuation(new Set(chosen));
    shares[index] = minus(after, before);
    before = after;
  }
  return {
    baseline,
    joint: minus(full, baseline),
    gaps: candidates.map(({ id }, index) => ({
      id,
      standalone: standalone[index] ?? { raw: 0, payment: null },
      incremental: minus(full, valuation(new Set(all.filter((other) => other !== index)))),
      shapley: shares[index] ?? { raw: 0, payment: null },
    })),
    method: 'sequential',
  };
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
