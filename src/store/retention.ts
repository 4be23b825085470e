import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { isoInstant, rowOf, rowsOf } from './rows.ts';

export interface LegalHold {
  readonly holdId: string;
  /** null: everything of the tenant. */
  readonly memberKey: string | null;
  readonly reason: string;
  readonly placedBy: string;
  readonly placedAt: string;
  readonly liftedBy: string | null;
  readonly liftedAt: string | null;
}

const HOLD = sql`h.id as "holdId", h.member_key as "memberKey", h.reason, h.placed_by as "placedBy",
  ${isoInstant(sql`h.placed_at`)} as "placedAt", h.lifted_by as "liftedBy", ${isoInstant(sql`h.lifted_at`)} as "liftedAt"`;

export async function placeHold(
  tx: TenantTx,
  hold: Pick<LegalHold, 'memberKey' | 'reason' | 'placedBy' | 'placedAt'>,
): Promise<LegalHold> {
  const row = await rowOf<LegalHold>(
    tx,
    sql`insert into legal_holds as h (member_key, reason, placed_by, placed_at)
        values (${hold.memberKey}::uuid, ${hold.reason}, ${hold.placedBy}, ${hold.placedAt}::timestamptz)
        returning ${HOLD}`,
  );
  if (row === undefined) throw new Error('the hold was not stored');
  return row;
}

/** Holds, latest first, lifted ones too. */
export function listHolds(tx: TenantTx): Promise<readonly LegalHold[]> {
  return rowsOf<LegalHold>(
    tx,
    sql`select ${HOLD} from legal_holds h order by h.placed_at desc, h.id limit 1000`,
  );
}

/** Lifts a hold; undefined when there is none of that id in force. */
export function liftHold(
  tx: TenantTx,
  lift: { readonly holdId: string; readonly by: string; readonly at: string },
): Promise<LegalHold | undefined> {
  return rowOf<LegalHold>(
    tx,
    sql`update legal_holds h set lifted_by = ${lift.by}, lifted_at = ${lift.at}::timestamptz
        where h.id = ${lift.holdId}::uuid and h.lifted_at is null returning ${HOLD}`,
  );
}

/** What decides whether a person's records may go: holds, the last day they are about, and what was sent on them. */
export interface RetentionState {
  readonly held: boolean;
  /** Last day of a service, of coverage or of a decision; open-ended coverage counts as today. */
  readonly lastDay: string | null;
  readonly sent: boolean;
}

const LAST_DAY = (today: string) => sql`greatest(
  (select max(e.to_date) from encounters e where e.member_id = any(p.ids)),
  (select max(coalesce(c.to_date, ${today}::date)) from coverage_periods c where c.member_id = any(p.ids)),
  (select max(v.at)::date from gap_events v where v.member_id = any(p.ids) and v.type = 'transition'))`;
const PERSON = sql`(select m.id, array(select o.id from members o where o.id = m.id or o.merged_into = m.id) as ids
  from members m where m.merged_into is null) p`;
const HELD = sql`exists (select from legal_holds h where h.lifted_at is null
  and (h.member_key is null or h.member_key = any(p.ids)))`;

/** The state of a member; undefined when there is none of that key. */
export function retentionState(
  tx: TenantTx,
  memberKey: string,
  today: string,
): Promise<RetentionState | undefined> {
  return rowOf<RetentionState>(
    tx,
    sql`select ${HELD} as held, (${LAST_DAY(today)})::text as "lastDay",
          exists (select from submissions s where s.member_id = any(p.ids) and s.status in ('released', 'accepted'))
            as sent
        from ${PERSON} where p.id = ${memberKey}::uuid`,
  );
}

/** Members of whom nothing is younger than `before` and whom no hold keeps. */
export async function expiredMembers(
  tx: TenantTx,
  window: { readonly before: string; readonly today: string; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select p.id from ${PERSON} where (${LAST_DAY(window.today)}) < ${window.before}::date and not ${HELD}
        order by p.id limit ${window.limit}`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Destroys a person's records and keeps the certificate. The database refuses under a hold; 0 rows: no such member.
 */
export async function eraseMember(
  tx: TenantTx,
  erasure: {
    readonly memberKey: string;
    readonly rule: string;
    readonly reason: string;
    readonly by: string;
    readonly at: string;
  },
): Promise<number> {
  const gone = await rowOf<{ rows: number }>(
    tx,
    sql`select erase_member(${erasure.memberKey}::uuid) as rows`,
  );
  const rows = gone?.rows ?? 0;
  if (rows > 0) {
    await tx.execute(sql`
      insert into erasures (member_key, rule, reason, erased_by, rows, at)
      values (${erasure.memberKey}::uuid, ${erasure.rule}, ${erasure.reason}, ${erasure.by}, ${rows},
        ${erasure.at}::timestamptz)`);
  }
  return rows;
}

export interface Erasure {
  readonly erasureId: string;
  readonly memberKey: string;
  readonly rule: string;
  readonly reason: string;
  readonly erasedBy: string;
  readonly rows: number;
  readonly at: string;
}

/** Certificates of destruction, latest first. */
export function listErasures(tx: TenantTx): Promise<readonly Erasure[]> {
  return rowsOf<Erasure>(
    tx,
    sql`select id as "erasureId", member_key as "memberKey", rule, reason, erased_by as "erasedBy", rows,
          ${isoInstant(sql`at`)} as at from erasures order by erasures.at desc, id limit 1000`,
  );
}

/** Removes rejected records as sent, of batches received before an instant, and kept answers of writes older than one. */
export async function dropShortLived(
  tx: TenantTx,
  before: { readonly rejects: string; readonly answers: string },
): Promise<{ readonly rejects: number; readonly answers: number }> {
  const rejects = await rowOf<{ count: number }>(
    tx,
    sql`with gone as (delete from batch_rejects r using batches b
          where b.id = r.batch_id and b.created_at < ${before.rejects}::timestamptz returning 1)
        select count(*)::int as count from gone`,
  );
  const answers = await rowOf<{ count: number }>(
    tx,
    sql`with gone as (delete from idempotency_keys k where k.created_at < ${before.answers}::timestamptz returning 1)
        select count(*)::int as count from gone`,
  );
  return { rejects: rejects?.count ?? 0, answers: answers?.count ?? 0 };
}
