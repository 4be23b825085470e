import type { Confidence, Evidence } from '../analysis-contract.ts';
import type { Submission } from '../captured.ts';
import type { AnalysisContext } from './context.ts';
import type { CodePattern } from './tables.ts';

/** Submitted diagnoses that a test doubts, and why. A hit means "review", never "wrong". */
export interface Hit {
  /** OIGnn, Xnn and contradiction codes of the taxonomy. */
  readonly reasons: readonly string[];
  readonly submissions: readonly Submission[];
  /** Contradicting records beside the diagnoses themselves. */
  readonly evidence: readonly Evidence[];
  readonly note: string;
  readonly confidence: Confidence;
  /**
   * Codes of which one at most is right: when an HCC rests on more than one of the groups, it stands whichever is
   * struck out.
   */
  readonly alternatives?: readonly (readonly Submission[])[];
}

/** A test that lacks a feed or a list: never a pass, never a gap. */
export interface Blocked {
  readonly test: string;
  readonly submissions: readonly Submission[];
  readonly missing: readonly string[];
}

export interface TestOutcome {
  readonly hits: readonly Hit[];
  readonly blocked: readonly Blocked[];
}

export const PASSED: TestOutcome = { hits: [], blocked: [] };

export function hit(parts: Pick<Hit, 'reasons' | 'submissions' | 'note'> & Partial<Hit>): TestOutcome {
  return { hits: [{ evidence: [], confidence: 'high', ...parts }], blocked: [] };
}

export function blockedBy(
  test: string,
  submissions: readonly Submission[],
  missing: readonly string[],
): TestOutcome {
  return { hits: [], blocked: [{ test, submissions, missing }] };
}

export function allOutcomes(outcomes: readonly TestOutcome[]): TestOutcome {
  return {
    hits: outcomes.flatMap((outcome) => outcome.hits),
    blocked: outcomes.flatMap((outcome) => outcome.blocked),
  };
}

export function matchesAny(patterns: readonly CodePattern[], code: string): boolean {
  return patterns.some((pattern) => pattern.matches(code));
}

/** Eligible, valid diagnoses of D: what the tests doubt. */
export function eligibleOfYear(context: AnalysisContext): readonly Submission[] {
  return (context.submissions.get(context.dosYear) ?? []).filter(
    ({ valid, record }) => valid && record.verdict.eligible,
  );
}
