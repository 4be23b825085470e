import { createHash } from 'node:crypto';
import type { TenantTx } from '../store/database.ts';
import { type StoredGap, transitionGap } from '../store/gaps.ts';
import { listSubmissions, moveSubmission } from '../store/reviews.ts';
import {
  countDrawn,
  createSecondReview,
  type DrawnBy,
  decideSecondReview,
  getSecondReview,
  type SecondReview,
} from '../store/second-reviews.ts';
import type { Reason } from './transitions.ts';

/** Which decisions of coders a second person looks at (clinical quality, and compliance C-8). */
export interface SecondReviewPolicy {
  /** Coders of whom every decision is drawn, whatever their experience. */
  readonly coders: readonly string[];
  /** A coder is new until this many decisions were drawn: all of them are. */
  readonly newDecisions: number;
  /** Share of the other decisions, 0 to 1. */
  readonly rate: number;
  /** Names the draw, so that it can be repeated and shown to be honest. */
  readonly seed: string;
}

/** Decisions, as opposed to steps on the way: what a second person can agree or disagree with. */
const DECISIONS: ReadonlySet<Reason> = new Set<Reason>([
  'add_supported',
  'reject_not_documented',
  'reject_no_meat',
  'override_unspecified',
  'mark_supported',
  'mark_supported_elsewhere',
  'mark_unsupported',
]);

/** True for a decision of a coder; leads are reviewed by the approval of what they send. */
export function isReviewable(reason: Reason | null, role: string): boolean {
  return role === 'coder' && reason !== null && DECISIONS.has(reason);
}

const DRAW_BITS = 48;

/**
 * A number in [0, 1) that the seed, the gap and its version decide: the first 48 bits of a SHA-256. Whoever knows
 * the seed can repeat the draw; nobody can steer it by choosing when to decide.
 */
export function drawOf(seed: string, gapId: string, gapVersion: number): number {
  const digest = createHash('sha256').update(`${seed}\n${gapId}\n${gapVersion}`).digest();
  return digest.readUIntBE(0, DRAW_BITS / 8) / 2 ** DRAW_BITS;
}

/** Whether, and on which ground, a decision is drawn; `before` counts the coder's decisions drawn so far as new. */
export function drawDecision(
  policy: SecondReviewPolicy,
  decision: {
    readonly coder: string;
    readonly gapId: string;
    readonly gapVersion: number;
    readonly before: number;
  },
): DrawnBy | null {
  if (policy.coders.includes(decision.coder)) return 'named';
  if (decision.before < policy.newDecisions) return 'new_coder';
  return drawOf(policy.seed, decision.gapId, decision.gapVersion) < policy.rate ? 'sample' : null;
}

/** Draws a decision just written and, if it is drawn, opens its second review in the same transaction. */
export async function noteDecision(
  tx: TenantTx,
  policy: SecondReviewPolicy,
  decision: {
    readonly gap: StoredGap;
    readonly reason: Reason | null;
    readonly coder: string;
    readonly at: string;
  },
): Promise<void> {
  const { gap, reason, coder, at } = decision;
  const before = policy.newDecisions > 0 ? await countDrawn(tx, coder, 'new_coder') : 0;
  const drawnBy = drawDecision(policy, { coder, gapId: gap.gapId, gapVersion: gap.version, before });
  if (drawnBy === null) return;
  await createSecondReview(tx, {
    gapId: gap.gapId,
    memberKey: gap.memberKey,
    gapVersion: gap.version,
    toStatus: gap.workflowStatus,
    reason,
    coder,
    decidedAt: at,
    drawnBy,
  });
}

export type VerdictOutcome =
  | { readonly ok: true; readonly review: SecondReview }
  | { readonly ok: false; readonly reason: 'not-found' }
  | { readonly ok: false; readonly reason: 'same-person' }
  | {
      readonly ok: false;
      readonly reason: 'version-conflict' | 'not-allowed';
      readonly review: SecondReview;
    };

export interface Verdict {
  readonly reviewId: string;
  readonly version: number;
  /** `agree`, `disagree`: the second person; `uphold`, `overturn`: the third one, after a disagreement. */
  readonly verdict: 'agree' | 'disagree' | 'uphold' | 'overturn';
  readonly comment: string | null;
  readonly actor: string;
  readonly role: string;
  readonly at: string;
}

/**
 * Takes the word of the second person, or of the third when the first two disagree. Nobody judges an own decision or
 * twice. An overturned decision is undone: the gap is open again for another decision, and what it would have sent
 * goes back. A finding that a diagnosis is unsupported stays under its clock (C-2): its gap stays in review, to be
 * closed by support that is named, or by the delete.
 */
export async function giveVerdict(tx: TenantTx, given: Verdict): Promise<VerdictOutcome> {
  const review = await getSecondReview(tx, given.reviewId);
  if (!review) return { ok: false, reason: 'not-found' };
  const third = given.verdict === 'uphold' || given.verdict === 'overturn';
  if (review.coder === given.actor || (third && review.reviewer === given.actor)) {
    return { ok: false, reason: 'same-person' };
  }
  if (review.state !== (third ? 'disagreed' : 'waiting')) return { ok: false, reason: 'not-allowed', review };
  const state = (
    { agree: 'agreed', disagree: 'disagreed', uphold: 'upheld', overturn: 'overturned' } as const
  )[given.verdict];
  const decided = await decideSecondReview(tx, { ...given, state });
  if (!decided) return { ok: false, reason: 'version-conflict', review };
  if (state === 'overturned') await overturn(tx, decided, given);
  return { ok: true, review: decided };
}

async function overturn(tx: TenantTx, review: SecondReview, by: Verdict): Promise<void> {
  const waiting = await listSubmissions(tx, { gapId: review.gapId }, { limit: 1000, after: null });
  for (const { submissionId, version, status, coder } of waiting) {
    if (coder !== review.coder || (status !== 'pending' && status !== 'approved')) continue;
    await moveSubmission(tx, {
      submissionId,
      version,
      to: 'returned',
      actor: by.actor,
      at: by.at,
      response: { reason: 'overturned', secondReviewId: review.reviewId },
    });
  }
  // A gap that moved on meanwhile has a newer decision; that one stands.
  await transitionGap(tx, {
    gapId: review.gapId,
    version: review.gapVersion,
    to: review.reason === 'mark_unsupported' ? 'in_review' : 'open',
    actor: by.actor,
    role: by.role,
    reason: 'overturned',
    at: by.at,
    detail: { secondReviewId: review.reviewId, comment: by.comment },
  });
}
