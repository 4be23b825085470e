/** What became of a suspect. Deferred and unanswered ones are counted by the caller and shown beside. */
export interface SuspectDecision {
  readonly ruleId: string;
  /** `dismissed` by a coder for the year; `refuted` by a provider: assessed, not present. */
  readonly outcome: 'confirmed' | 'refuted' | 'dismissed';
}

/** Yield of one rule (KPI: suspect yield). */
export interface RuleYield {
  readonly ruleId: string;
  readonly confirmed: number;
  readonly refuted: number;
  readonly dismissed: number;
  /** Confirmed of those that a provider assessed; null when none was. */
  readonly ppv: number | null;
  /** 95 % Wilson interval of the PPV. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Fewer than 30 assessed. */
  readonly smallSample: boolean;
  /** Below the policy's floor on a sample that is not small: the rule is to be retired or tightened. */
  readonly retire: boolean;
}

const SMALL_SAMPLE = 30;
/** Two-sided 95 % normal quantile. */
const Z = 1.959963984540054;

/**
 * Positive predictive value by rule: confirmed / (confirmed + refuted), with its interval. Dismissals are shown beside
 * it, for they are a reviewer's work and no statement about the person. `floor` is the tenant's policy, 0 to 1.
 */
export function ruleYields(decisions: readonly SuspectDecision[], floor: number): readonly RuleYield[] {
  const counts = new Map<string, OutcomeCounts>();
  for (const { ruleId, outcome } of decisions) {
    const count = counts.get(ruleId) ?? NO_OUTCOMES;
    counts.set(ruleId, { ...count, [outcome]: count[outcome] + 1 });
  }
  return yieldsOf(counts, floor);
}

/** How many suspects of a rule came out which way. */
export type OutcomeCounts = Readonly<Record<SuspectDecision['outcome'], number>>;
export const NO_OUTCOMES: OutcomeCounts = { confirmed: 0, refuted: 0, dismissed: 0 };

/** {@link ruleYields} of outcomes that are counted already, by rule id. */
export function yieldsOf(counts: ReadonlyMap<string, OutcomeCounts>, floor: number): readonly RuleYield[] {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([ruleId, count]) => {
      const assessed = count.confirmed + count.refuted;
      const ppv = assessed === 0 ? null : count.confirmed / assessed;
      const smallSample = assessed < SMALL_SAMPLE;
      return {
        ruleId,
        ...count,
        ppv,
        interval: wilsonInterval(count.confirmed, assessed),
        smallSample,
        retire: ppv !== null && !smallSample && ppv < floor,
      };
    });
}

/** 95 % Wilson score interval of a proportion; null without observations. */
export function wilsonInterval(
  successes: number,
  trials: number,
): { readonly low: number; readonly high: number } | null {
  if (trials === 0) return null;
  const p = successes / trials;
  const z2 = Z * Z;
  const middle = p + z2 / (2 * trials);
  const spread = Z * Math.sqrt((p * (1 - p) + z2 / (4 * trials)) / trials);
  const scale = 1 + z2 / trials;
  return {
    low: Math.max(0, (middle - spread) / scale),
    high: Math.min(1, (middle + spread) / scale),
  };
}
