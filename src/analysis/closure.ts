import type { Analysis, Gap, NotGap } from '../engine/analysis-contract.ts';
import type { ScoreResult } from '../engine/score-contract.ts';
import type { WorkflowStatus } from '../store/gaps.ts';

/** What the engine does with a gap that an analysis no longer finds, and why. */
export interface Closure {
  readonly status: Extract<WorkflowStatus, 'captured' | 'superseded' | 'withdrawn' | 'expired'>;
  readonly reason: string;
}

/** Reasons of `notGaps` that say where a gap went; every other one means that its evidence no longer holds. */
const BY_REASON: Readonly<Record<string, Closure['status']>> = {
  closed_same: 'captured',
  closed_equivalent: 'captured',
  closed_higher: 'superseded',
  year_closed: 'expired',
};

/**
 * Why a gap is gone: captured by a later eligible claim, superseded by a higher HCC of its hierarchy, expired with
 * its payment year, or withdrawn because its evidence was voided or no longer holds. Read from the same analysis
 * that no longer has the gap, so that the reason can be rebuilt by hand.
 */
export function closureOf(gap: Gap, analysis: Analysis): Closure {
  if (gap.direction === 'delete') return closureOfDelete(gap, analysis);
  const score = scoreOf(gap, analysis);
  const stated = statedReason(gap, analysis.notGaps);
  if (score !== null) {
    const capturedCode = gap.direction !== 'refine' || hasCandidate(gap, score);
    if (capturedCode && score.hccs.includes(gap.hcc))
      return { status: 'captured', reason: 'eligible_record' };
    const dropped = score.dropped.find((item) => item.hcc === gap.hcc);
    if (capturedCode && dropped !== undefined) {
      return { status: 'superseded', reason: `hcc_${dropped.droppedBy}_captured` };
    }
  }
  if (stated !== undefined) return { status: BY_REASON[stated.reason] ?? 'withdrawn', reason: stated.reason };
  if (isClosed(analysis)) return { status: 'expired', reason: 'year_closed' };
  return { status: 'withdrawn', reason: 'evidence_gone' };
}

/** A doubtful diagnosis that is no longer found: the submission was deleted or voided, or the doubt is answered. */
function closureOfDelete(gap: Gap, analysis: Analysis): Closure {
  const score = scoreOf(gap, analysis);
  const stillSubmitted = score?.hccsBeforeHierarchy.includes(gap.hcc) === true;
  return { status: 'withdrawn', reason: stillSubmitted ? 'test_no_longer_hit' : 'no_longer_submitted' };
}

function isClosed(analysis: Analysis): boolean {
  return analysis.yearState === 'delete_only' || analysis.yearState === 'delete_by_report';
}

/** The current score in the gap's own model: in a blend, the part. */
function scoreOf(gap: Gap, analysis: Analysis): ScoreResult | null {
  const { current } = analysis.raf;
  return current?.models?.find((part) => part.model === gap.model) ?? current;
}

function hasCandidate(gap: Gap, score: ScoreResult): boolean {
  const codes = new Set(gap.candidateCodes.map((candidate) => undotted(candidate.code)));
  return score.factors.some((factor) => factor.diagnoses?.some((code) => codes.has(undotted(code))) === true);
}

/** The statement about the gap's own codes where there is one, else about its HCC. */
function statedReason(gap: Gap, notGaps: readonly NotGap[]): NotGap | undefined {
  const codes = new Set(
    [...gap.candidateCodes, ...gap.evidence].flatMap(({ code }) => (code === null ? [] : [undotted(code)])),
  );
  const sameHcc = notGaps.filter((notGap) => notGap.hcc === gap.hcc);
  return sameHcc.find((notGap) => codes.has(undotted(notGap.code))) ?? sameHcc[0];
}

function undotted(code: string): string {
  return code.replace('.', '');
}
