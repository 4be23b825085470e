import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import type { WorkflowStatus } from './gaps.ts';
import { isoInstant, rowOf, rowsOf } from './rows.ts';

export type DrawnBy = 'named' | 'new_coder' | 'sample';
export const SECOND_REVIEW_STATES = [
  'waiting',
  'agreed',
  'disagreed',
  'upheld',
  'overturned',
  'undone',
] as const;
export type SecondReviewState = (typeof SECOND_REVIEW_STATES)[number];

/** A decision drawn for a second look. */
export interface SecondReview {
  readonly reviewId: string;
  readonly gapId: string;
  readonly memberKey: string;
  /** Version of the gap that the decision made. */
  readonly gapVersion: number;
  readonly toStatus: WorkflowStatus;
  readonly reason: string | null;
  readonly coder: string;
  readonly decidedAt: string;
  readonly drawnBy: DrawnBy;
  readonly state: SecondReviewState;
  readonly reviewer: string | null;
  readonly reviewedAt: string | null;
  readonly reviewerComment: string | null;
  readonly third: string | null;
  readonly thirdAt: string | null;
  readonly thirdComment: string | null;
  readonly version: number;
}

const REVIEW = sql`r.id as "reviewId", r.gap_id as "gapId", r.member_id as "memberKey", r.gap_version as "gapVersion",
  r.to_status as "toStatus", r.reason, r.coder, ${isoInstant(sql`r.decided_at`)} as "decidedAt", r.drawn_by as "drawnBy",
  r.state, r.reviewer, ${isoInstant(sql`r.reviewed_at`)} as "reviewedAt", r.reviewer_comment as "reviewerComment",
  r.third, ${isoInstant(sql`r.third_at`)} as "thirdAt", r.third_comment as "thirdComment", r.version`;

export async function createSecondReview(
  tx: TenantTx,
  drawn: Pick<
    SecondReview,
    'gapId' | 'memberKey' | 'gapVersion' | 'toStatus' | 'reason' | 'coder' | 'decidedAt' | 'drawnBy'
  >,
): Promise<void> {
  await tx.execute(sql`
    insert into second_reviews (gap_id, member_id, gap_version, to_status, reason, coder, decided_at, drawn_by)
    values (${drawn.gapId}, ${drawn.memberKey}::uuid, ${drawn.gapVersion}, ${drawn.toStatus}, ${drawn.reason},
      ${drawn.coder}, ${drawn.decidedAt}::timestamptz, ${drawn.drawnBy})`);
}

/** How many of a coder's decisions were drawn on one ground so far; those undone do not count. */
export async function countDrawn(tx: TenantTx, coder: string, drawnBy: DrawnBy): Promise<number> {
  const row = await rowOf<{ count: number }>(
    tx,
    sql`select count(*)::int as count from second_reviews r
        where r.coder = ${coder} and r.drawn_by = ${drawnBy} and r.state <> 'undone'`,
  );
  return row?.count ?? 0;
}

export function getSecondReview(tx: TenantTx, reviewId: string): Promise<SecondReview | undefined> {
  return rowOf<SecondReview>(tx, sql`select ${REVIEW} from second_reviews r where r.id = ${reviewId}::uuid`);
}

/** Second reviews, oldest decision first: what waits longest is seen first. */
export function listSecondReviews(
  tx: TenantTx,
  filter: { readonly state?: SecondReviewState; readonly gapId?: string; readonly coder?: string },
  page: {
    readonly limit: number;
    readonly after: { readonly decidedAt: string; readonly id: string } | null;
  },
): Promise<readonly SecondReview[]> {
  const { after } = page;
  return rowsOf<SecondReview>(
    tx,
    sql`select ${REVIEW} from second_reviews r
        where ${filter.state === undefined ? sql`true` : sql`r.state = ${filter.state}`}
          and ${filter.gapId === undefined ? sql`true` : sql`r.gap_id = ${filter.gapId}`}
          and ${filter.coder === undefined ? sql`true` : sql`r.coder = ${filter.coder}`}
          and ${
            after === null
              ? sql`true`
              : sql`(date_trunc('milliseconds', r.decided_at), r.id) > (${after.decidedAt}::timestamptz, ${after.id}::uuid)`
          }
        order by date_trunc('milliseconds', r.decided_at), r.id limit ${page.limit}`,
  );
}

/** Writes a verdict in one conditional update; undefined when the review is of another version by now. */
export function decideSecondReview(
  tx: TenantTx,
  given: {
    readonly reviewId: string;
    readonly version: number;
    readonly state: 'agreed' | 'disagreed' | 'upheld' | 'overturned';
    readonly comment: string | null;
    readonly actor: string;
    readonly at: string;
  },
): Promise<SecondReview | undefined> {
  const said =
    given.state === 'agreed' || given.state === 'disagreed'
      ? sql`reviewer = ${given.actor}, reviewed_at = ${given.at}::timestamptz, reviewer_comment = ${given.comment}`
      : sql`third = ${given.actor}, third_at = ${given.at}::timestamptz, third_comment = ${given.comment}`;
  return rowOf<SecondReview>(
    tx,
    sql`update second_reviews r set state = ${given.state}, version = r.version + 1, ${said}
        where r.id = ${given.reviewId}::uuid and r.version = ${given.version} returning ${REVIEW}`,
  );
}

/** Ends the review of a decision that was undone before anybody looked at it. */
export async function dropSecondReview(tx: TenantTx, gapId: string, gapVersion: number): Promise<void> {
  await tx.execute(sql`update second_reviews set state = 'undone', version = version + 1
    where gap_id = ${gapId} and gap_version = ${gapVersion} and state = 'waiting'`);
}

/** Gaps of these that have a decision nobody settled yet: waiting for the second person, or for the third. */
export async function unsettledGaps(tx: TenantTx, gapIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (gapIds.length === 0) return new Set();
  const rows = await rowsOf<{ gap_id: string }>(
    tx,
    sql`select distinct gap_id from second_reviews where gap_id = any(${sql.param([...gapIds])}::text[])
        and state in ('waiting', 'disagreed')`,
  );
  return new Set(rows.map((row) => row.gap_id));
}
