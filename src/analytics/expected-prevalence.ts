import type { StratumCount } from '../store/raf-analytics.ts';
import { SMALL_SAMPLE, Z } from './rates.ts';

/** Coded against expected members with an HCC. */
export interface ExpectedPrevalence {
  readonly model: string;
  readonly hcc: string;
  /** Members coded with the HCC, of those in strata that the reference has. */
  readonly numerator: number;
  readonly denominator: number;
  readonly rate: number | null;
  /** Members that the reference's rates would give, two decimals. */
  readonly expected: number;
  readonly expectedRate: number | null;
  /** numerator / expected with its 95 % interval; null where nobody is expected. */
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly smallSample: boolean;
  /** `low` may be under-capture, `high` over-coding: both ask for an audit, neither opens a gap. */
  readonly flag: 'low' | 'high' | null;
  /** Members in strata without anyone of the reference: in neither figure. */
  readonly uncovered: number;
}

/** Ratios outside these limits are flagged (a policy, no figure of CMS). */
export const RATIO_LIMITS = { low: 0.7, high: 1.5 } as const;

const stratumOf = ({ model, segment, sex, ageBand }: StratumCount): string =>
  `${model} ${segment} ${sex} ${ageBand}`;

interface Stratum {
  readonly model: string;
  members: number;
  readonly hccs: Map<string, number>;
}

function strata(counts: readonly StratumCount[]): ReadonlyMap<string, Stratum> {
  const found = new Map<string, Stratum>();
  for (const count of counts) {
    const key = stratumOf(count);
    const stratum = found.get(key) ?? { model: count.model, members: 0, hccs: new Map<string, number>() };
    found.set(key, stratum);
    if (count.hcc === null) stratum.members += count.members;
    else stratum.hccs.set(count.hcc, (stratum.hccs.get(count.hcc) ?? 0) + count.members);
  }
  return found;
}

/**
 * Indirect standardisation by age band, sex and segment (KPIs, section 3): what the reference population's own rates
 * would give in the strata of this one, HCC by HCC. Strata that the reference does not have are left out of both
 * figures and counted. By model, then by HCC in numeric order.
 */
export function expectedPrevalence(
  population: readonly StratumCount[],
  reference: readonly StratumCount[],
): readonly ExpectedPrevalence[] {
  const rates = strata(reference);
  const sums = new Map<string, { observed: number; expected: number }>();
  const covered = new Map<string, number>();
  const uncovered = new Map<string, number>();
  const add = (model: string, hcc: string, observed: number, expected: number): void => {
    const key = `${model} ${hcc}`;
    const sum = sums.get(key) ?? { observed: 0, expected: 0 };
    sums.set(key, { observed: sum.observed + observed, expected: sum.expected + expected });
  };
  for (const [key, { model, members, hccs }] of strata(population)) {
    const base = rates.get(key);
    const into = base === undefined || base.members === 0 ? uncovered : covered;
    into.set(model, (into.get(model) ?? 0) + members);
    if (base === undefined || base.members === 0) continue;
    for (const [hcc, count] of hccs) add(model, hcc, count, 0);
    for (const [hcc, count] of base.hccs) add(model, hcc, 0, (members * count) / base.members);
  }
  return [...sums]
    .map(([key, { observed, expected }]): ExpectedPrevalence => {
      const [model = '', hcc = ''] = key.split(' ');
      const denominator = covered.get(model) ?? 0;
      const interval = ratioOf(observed, expected);
      const smallSample = denominator < SMALL_SAMPLE;
      return {
        model,
        hcc,
        numerator: observed,
        denominator,
        rate: denominator === 0 ? null : rounded(observed / denominator, 4),
        expected: rounded(expected, 2),
        expectedRate: denominator === 0 ? null : rounded(expected / denominator, 4),
        ...interval,
        smallSample,
        flag: smallSample ? null : flagOf(interval.ratio),
        uncovered: uncovered.get(model) ?? 0,
      };
    })
    .sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : Number(a.hcc) - Number(b.hcc)));
}

function flagOf(ratio: number | null): 'low' | 'high' | null {
  if (ratio === null) return null;
  return ratio < RATIO_LIMITS.low ? 'low' : ratio > RATIO_LIMITS.high ? 'high' : null;
}

/**
 * Observed / expected with its 95 % interval by Byar's approximation to the exact Poisson limits (Breslow and Day,
 * 1987): the expected figure is taken as known. Three places.
 */
export function ratioOf(
  observed: number,
  expected: number,
): { readonly ratio: number | null; readonly low: number | null; readonly high: number | null } {
  if (expected <= 0) return { ratio: null, low: null, high: null };
  const limit = (count: number, sign: 1 | -1): number =>
    count === 0 ? 0 : (count * (1 - 1 / (9 * count) + (sign * Z) / (3 * Math.sqrt(count))) ** 3) / expected;
  return {
    ratio: rounded(observed / expected, 3),
    low: rounded(Math.max(0, limit(observed, -1)), 3),
    high: rounded(limit(observed + 1, 1), 3),
  };
}

function rounded(value: number, places: number): number {
  const scale = 10 ** places;
  return Math.round(value * scale) / scale;
}
