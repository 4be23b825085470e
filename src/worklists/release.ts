import { createHash } from 'node:crypto';
import { type Calendar, takesAdds } from '../engine/calendar.ts';
import { yearOf } from '../engine/dates.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import { listSubmissions, moveSubmission, type Submission, sentAlready, sentKey } from '../store/reviews.ts';
import { unsettledGaps } from '../store/second-reviews.ts';
import { encounterReview } from './review.ts';

/** First service year whose chart review adds must name the encounter they link to (payment year 2027). */
const LINK_MANDATORY_FROM = '2026-01-01';
const MOST = 10_000;

export const HOLD_REASONS = [
  'link_pending_icn',
  'review_incomplete',
  'second_review_open',
  'sent_already',
  'same_person',
  'year_closed',
] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export interface Release {
  readonly released: readonly Submission[];
  readonly held: readonly { readonly submissionId: string; readonly reason: HoldReason }[];
}

/** Counts by which the receiver checks that a file is whole. */
export interface ControlTotals {
  readonly records: number;
  readonly adds: number;
  readonly deletes: number;
  readonly members: number;
  /** SHA-256 over the sorted `submissionId action code encounterId dos` lines. */
  readonly sha256: string;
}

/**
 * Releases what is approved: by someone other than each coder (C-8), an add of 2026 and later only with the ICN that
 * it links to, only from an encounter whose submitted HCCs were all reviewed (C-1), and only until the final deadline
 * of its payment year; nothing whose second review is open, and nothing that was sent before, of whatever gap. The rest
 * is held, with why.
 */
export async function releaseApproved(
  tx: TenantTx,
  reference: ReferenceData,
  by: {
    readonly actor: string;
    readonly at: string;
    /** With the tenant's own deadlines. */
    readonly calendar: Calendar;
    readonly releaseId: string;
    readonly action: 'add' | 'delete' | null;
  },
): Promise<Release> {
  const approved = await listSubmissions(
    tx,
    { status: 'approved', ...(by.action === null ? {} : { action: by.action }) },
    { limit: MOST, after: null },
  );
  const unsettled = await unsettledGaps(
    tx,
    approved.map(({ gapId }) => gapId),
  );
  const sent = await sentAlready(tx, approved);
  const released: Submission[] = [];
  const held: { submissionId: string; reason: HoldReason }[] = [];
  for (const submission of approved) {
    const { submissionId, version } = submission;
    const line = sentKey(submission);
    const reason = unsettled.has(submission.gapId)
      ? 'second_review_open'
      : sent.has(line)
        ? 'sent_already'
        : await holdReason(tx, reference, { submission, calendar: by.calendar, asOf: by.at.slice(0, 10) });
    if (reason !== null) {
      held.push({ submissionId, reason });
      continue;
    }
    const { actor, at, releaseId } = by;
    const moved = await moveSubmission(tx, { submissionId, version, to: 'released', actor, at, releaseId });
    if (moved.ok) {
      released.push(moved.submission);
      sent.add(line);
    } else if (moved.reason === 'same-person') held.push({ submissionId, reason: 'same_person' });
  }
  return { released, held };
}

async function holdReason(
  tx: TenantTx,
  reference: ReferenceData,
  {
    submission,
    calendar,
    asOf,
  }: { readonly submission: Submission; readonly calendar: Calendar; readonly asOf: string },
): Promise<HoldReason | null> {
  if (submission.action === 'delete') return null;
  if (!takesAdds(calendar, yearOf(submission.dos) + 1, asOf)) return 'year_closed';
  if (submission.dos >= LINK_MANDATORY_FROM && submission.icn === null) return 'link_pending_icn';
  const review = await encounterReview(tx, reference, { ...submission, asOf });
  return review?.complete === true ? null : 'review_incomplete';
}

/** Control totals of a set of submissions. */
export function controlTotals(submissions: readonly Submission[]): ControlTotals {
  const lines = submissions
    .map((row) => [row.submissionId, row.action, row.code, row.encounterId, row.dos].join(' '))
    .sort();
  return {
    records: submissions.length,
    adds: submissions.filter(({ action }) => action === 'add').length,
    deletes: submissions.filter(({ action }) => action === 'delete').length,
    members: new Set(submissions.map(({ memberKey }) => memberKey)).size,
    sha256: createHash('sha256').update(lines.join('\n')).digest('hex'),
  };
}
