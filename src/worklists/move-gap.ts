import type { Calendar } from '../engine/calendar.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import { getGap, type StoredGap, transitionGap } from '../store/gaps.ts';
import { listReviewMarks, listSubmissions, moveSubmission } from '../store/reviews.ts';
import { mayView, type Scope } from './scope.ts';
import { isReviewable, noteDecision, type SecondReviewPolicy } from './second-review.ts';
import type { BetterCode } from './specificity-edit.ts';
import { submitAdd, submitDeletes } from './submit.ts';
import { judgeTransition, type TransitionRequest } from './transitions.ts';

export interface GapMove {
  readonly gapId: string;
  /** The version that the person saw. */
  readonly version: number;
  readonly request: TransitionRequest;
  readonly actor: string;
  readonly role: string;
  readonly scope: Scope;
  /** With the tenant's own deadlines: a closed payment year takes no add. */
  readonly calendar: Calendar;
  /** ISO instant. */
  readonly at: string;
  /** Which decisions a second person looks at; absent: none. */
  readonly secondReview?: SecondReviewPolicy;
}

export type MoveOutcome =
  | { readonly ok: true; readonly gap: StoredGap }
  | { readonly ok: false; readonly problem: 'not-found' }
  | { readonly ok: false; readonly problem: 'version-conflict'; readonly current: StoredGap }
  | {
      readonly ok: false;
      readonly problem:
        | 'illegal-transition'
        | 'override-required'
        | 'forbidden'
        | 'evidence-required'
        | 'validation'
        | 'unprocessable';
      readonly message: string;
      /** Fields at fault, as JSON pointers without the slash. */
      readonly fields: readonly string[];
      /** More specific codes that the record supports, with what supports each. */
      readonly better?: readonly BetterCode[];
    };

/**
 * Moves a gap for a person: the table of transitions decides whether, the store's conditional update whether nobody
 * was faster, and what follows (a submission, its approval) is written in the same transaction.
 */
export async function moveGap(tx: TenantTx, reference: ReferenceData, move: GapMove): Promise<MoveOutcome> {
  const before = await getGap(tx, move.gapId);
  if (!before || !mayView(move.scope, before)) return { ok: false, problem: 'not-found' };
  if (before.version !== move.version) return { ok: false, problem: 'version-conflict', current: before };
  const judged = judgeTransition(
    {
      kind: before.gap.kind,
      direction: before.gap.direction,
      workflowStatus: before.workflowStatus,
      identifiedAt: before.identifiedAt,
    },
    move.request,
    move.role,
  );
  if (!judged.ok) {
    return { ok: false, problem: judged.problem, message: judged.message, fields: judged.missing };
  }
  const effect = await applyEffect(tx, reference, { before, move, effect: judged.effect });
  if (effect !== null) return effect;
  const { comment, encounterId, code, meat, locator, overrideReason, reason } = move.request;
  const result = await transitionGap(tx, {
    gapId: move.gapId,
    version: move.version,
    to: judged.to,
    actor: move.actor,
    role: move.role,
    reason,
    at: move.at,
    detail: { comment, encounterId, code, meat, locator, overrideReason },
    unsupported: judged.effect === 'submit_delete',
  });
  if (result.ok) {
    if (move.secondReview && isReviewable(reason, move.role)) {
      await noteDecision(tx, move.secondReview, { gap: result.gap, reason, coder: move.actor, at: move.at });
    }
    return { ok: true, gap: result.gap };
  }
  // A race lost after the check above; the caller's transaction must roll the effect back.
  if (result.reason === 'not-found') return { ok: false, problem: 'not-found' };
  if (result.reason === 'version-conflict')
    return { ok: false, problem: 'version-conflict', current: result.gap };
  return {
    ok: false,
    problem: 'illegal-transition',
    message: `a gap that is ${result.gap.workflowStatus} cannot become ${judged.to}`,
    fields: [],
  };
}

async function applyEffect(
  tx: TenantTx,
  reference: ReferenceData,
  {
    before,
    move,
    effect,
  }: {
    readonly before: StoredGap;
    readonly move: GapMove;
    readonly effect: string | null;
  },
): Promise<Exclude<MoveOutcome, { ok: true }> | null> {
  switch (effect) {
    case 'submit_add':
      return submitAdd(tx, reference, { gap: before, ...move });
    case 'submit_delete':
      return submitDeletes(tx, reference, { gap: before, ...move });
    case 'approve_delete':
      return approveDeletes(tx, move);
    default:
      return move.request.reason === 'mark_supported_elsewhere' ? unsupportedThere(tx, before, move) : null;
  }
}

/** Support cannot be found in a record that was itself found wanting; who read it again marks it so first (C-2). */
async function unsupportedThere(
  tx: TenantTx,
  { memberKey, gap }: StoredGap,
  { request: { encounterId } }: GapMove,
): Promise<Exclude<MoveOutcome, { ok: true }> | null> {
  if (encounterId === null) return null;
  const marks = await listReviewMarks(tx, { memberKey, encounterId });
  const mark = marks.find(({ model, hcc }) => model === gap.model && hcc === gap.hcc)?.mark;
  if (mark !== 'unsupported') return null;
  return {
    ok: false,
    problem: 'validation',
    message: `HCC ${gap.hcc} was found unsupported in ${encounterId}: if that was wrong, mark it supported in a review first`,
    fields: ['encounterId'],
  };
}

async function approveDeletes(
  tx: TenantTx,
  move: GapMove,
): Promise<Exclude<MoveOutcome, { ok: true }> | null> {
  const pending = await listSubmissions(
    tx,
    { gapId: move.gapId, action: 'delete', status: 'pending' },
    { limit: 1000, after: null },
  );
  if (pending.length === 0) {
    return {
      ok: false,
      problem: 'illegal-transition',
      message: 'nobody has found this diagnosis unsupported yet',
      fields: [],
    };
  }
  for (const { submissionId, version } of pending) {
    const moved = await moveSubmission(tx, {
      submissionId,
      version,
      to: 'approved',
      actor: move.actor,
      at: move.at,
    });
    if (!moved.ok) {
      return {
        ok: false,
        problem: moved.reason === 'same-person' ? 'forbidden' : 'illegal-transition',
        message:
          moved.reason === 'same-person'
            ? 'the delete is approved by someone other than the coder who found it (C-8)'
            : 'the delete was decided meanwhile',
        fields: [],
      };
    }
  }
  return null;
}
