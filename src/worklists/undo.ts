import type { TenantTx } from '../store/database.ts';
import { getGap, listGapEvents, type StoredGap, transitionGap } from '../store/gaps.ts';
import { listSubmissions, moveSubmission } from '../store/reviews.ts';
import { dropSecondReview, listSecondReviews } from '../store/second-reviews.ts';
import { mayView, type Scope } from './scope.ts';

export type UndoOutcome =
  | { readonly ok: true; readonly gap: StoredGap }
  | { readonly ok: false; readonly problem: 'not-found' }
  | { readonly ok: false; readonly problem: 'version-conflict'; readonly current: StoredGap }
  | { readonly ok: false; readonly problem: 'refused'; readonly message: string };

const no = (message: string): UndoOutcome => ({ ok: false, problem: 'refused', message });

/**
 * Takes a person's own last step back, as a step of its own: nothing is removed from the record. Only the person who
 * made it, within the tenant's hours, while nobody built on it: no second look, no approval, no query sent. A finding
 * that a diagnosis is unsupported is never taken back (C-2).
 */
export async function undoLast(
  tx: TenantTx,
  undo: {
    readonly gapId: string;
    readonly version: number;
    readonly actor: string;
    readonly role: string;
    readonly scope: Scope;
    readonly at: string;
    readonly withinHours: number;
  },
): Promise<UndoOutcome> {
  const gap = await getGap(tx, undo.gapId);
  if (!gap || !mayView(undo.scope, gap)) return { ok: false, problem: 'not-found' };
  if (gap.version !== undo.version) return { ok: false, problem: 'version-conflict', current: gap };
  const last = (await listGapEvents(tx, gap.gapId)).at(-1);
  if (last?.type !== 'transition' || last.version !== gap.version || last.actor !== undo.actor) {
    return no('only your own last step can be undone, and only while nothing came after it');
  }
  if (last.reason === 'undo') return no('an undo is not undone: decide anew');
  if (gap.identifiedAt !== null) return no('an unsupported finding is never put back (C-2)');
  if (last.toStatus === 'queried' || last.reason === 'answer_query')
    return no('a query that was sent stands');
  const hours = (Date.parse(undo.at) - Date.parse(last.at)) / 3_600_000;
  if (hours > undo.withinHours) return no(`a step can be undone for ${undo.withinHours} hours`);
  const reviews = await listSecondReviews(tx, { gapId: gap.gapId }, { limit: 1000, after: null });
  if (reviews.some(({ gapVersion, state }) => gapVersion === gap.version && state !== 'waiting')) {
    return no('a second person looked at the decision already');
  }
  const sent = await listSubmissions(tx, { gapId: gap.gapId }, { limit: 1000, after: null });
  const mine = sent.filter(({ createdAt, coder }) => createdAt === last.at && coder === undo.actor);
  if (mine.some(({ status }) => status !== 'pending')) return no('what it sends was approved already');
  for (const { submissionId, version } of mine) {
    const { actor, at } = undo;
    await moveSubmission(tx, {
      submissionId,
      version,
      to: 'returned',
      actor,
      at,
      response: { reason: 'undone' },
    });
  }
  await dropSecondReview(tx, gap.gapId, gap.version);
  const moved = await transitionGap(tx, {
    gapId: gap.gapId,
    version: gap.version,
    to: last.fromStatus ?? 'open',
    actor: undo.actor,
    role: undo.role,
    reason: 'undo',
    at: undo.at,
    detail: { undoes: last.eventId, undoneReason: last.reason },
    undoes: true,
  });
  if (moved.ok) return { ok: true, gap: moved.gap };
  if (moved.reason === 'not-found') return { ok: false, problem: 'not-found' };
  return { ok: false, problem: 'version-conflict', current: moved.gap };
}
