import { sql } from 'drizzle-orm';
import type { SystemTx, TenantTx } from './database.ts';
import { json, rowOf, rowsOf, uuidArray } from './rows.ts';

/** What a work item is for; each kind has one handler (jobs/). */
export type WorkKind = 'intake' | 'analysis' | 'webhook';

/** Ids and dates only: no PHI. */
export type WorkPayload = Readonly<Record<string, unknown>>;

export interface WorkItem {
  readonly id: string;
  readonly tenantId: string;
  readonly batchId: string | null;
  readonly kind: WorkKind;
  readonly payload: WorkPayload;
  /** Attempts so far, the running one included. */
  readonly attempts: number;
  /** How often its holder's lease ran out: the process died or hung. */
  readonly deaths: number;
  /** The member that was being worked on at the last death, when the item ran one member at a time. */
  readonly currentMember: string | null;
}

const COLUMNS = sql`w.id, w.tenant_id as "tenantId", w.batch_id as "batchId", w.kind, w.payload, w.attempts, w.deaths,
  w.current_member as "currentMember"`;

/** Adds items to the outbox, in the transaction that makes them necessary. Returns their ids in order. */
export async function addWorkItems(
  tx: TenantTx,
  items: readonly {
    readonly kind: WorkKind;
    readonly batchId: string | null;
    readonly payload: WorkPayload;
  }[],
): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`insert into work_items (kind, batch_id, payload)
        select r.kind, r."batchId", r.payload
        from jsonb_to_recordset(${json(items)}) as r(kind text, "batchId" uuid, payload jsonb)
        returning id`,
  );
  return rows.map((row) => row.id);
}

/**
 * Makes the analysis items of a batch from the members it touched, `chunkSize` members each, moves the batch to
 * `analyzing` and sets its totals; a batch that touched nobody is `completed` at once. Payload: `{ memberKeys, asOf, paymentYears }`, the last null for all years open on `asOf`.
 */
export async function addBatchAnalysis(
  tx: TenantTx,
  batch: {
    readonly batchId: string;
    readonly asOf: string;
    readonly chunkSize?: number;
    readonly paymentYears?: readonly number[] | null;
  },
): Promise<{ readonly items: number; readonly members: number }> {
  const counts = await rowOf<{ items: number; members: number }>(
    tx,
    sql`with touched as (
          select distinct unnest(array[m.id, coalesce(m.merged_into, m.id)]) as member_id from batch_members b
          join members m on m.id = b.member_id where b.batch_id = ${batch.batchId}::uuid
        ), numbered as (
          select member_id, (row_number() over (order by member_id) - 1) / ${batch.chunkSize ?? ANALYSIS_CHUNK}::int as chunk
          from touched
        ), made as (
          insert into work_items (kind, batch_id, payload)
          select 'analysis', ${batch.batchId}::uuid,
            jsonb_build_object('memberKeys', jsonb_agg(member_id order by member_id), 'asOf', ${batch.asOf}::text,
              'paymentYears', ${json(batch.paymentYears ?? null)})
          from numbered group by chunk
          returning jsonb_array_length(payload -> 'memberKeys') as members
        )
        select count(*)::int as items, coalesce(sum(members), 0)::int as members from made`,
  );
  const { items, members } = counts ?? { items: 0, members: 0 };
  await tx.execute(sql`
    update batches set items_total = ${items}, members_total = ${members}, read_at = now(),
      state = case when ${items}::int = 0 then 'completed' else 'analyzing' end,
      finished_at = case when ${items}::int = 0 then now() end
    where id = ${batch.batchId}::uuid`);
  return { items, members };
}

/** Members an analysis item carries. */
export const ANALYSIS_CHUNK = 200;

/**
 * Makes analysis items for the members of a tenant (no batch): all of them, or those ever covered by one of the
 * programs. Returns how many items.
 */
export async function addNightlyAnalysis(
  tx: TenantTx,
  run: {
    readonly asOf: string;
    readonly chunkSize?: number;
    readonly programs?: readonly string[] | null;
  },
): Promise<number> {
  const programs = run.programs ?? null;
  const covered =
    programs === null
      ? sql`true`
      : sql`exists (select from coverage_periods c where c.member_id = members.id
              and c.program = any(${sql.param([...programs])}::text[]))`;
  const row = await rowOf<{ items: number }>(
    tx,
    sql`with numbered as (
          select id, (row_number() over (order by id) - 1) / ${run.chunkSize ?? ANALYSIS_CHUNK}::int as chunk
          from members where birth_date is not null and merged_into is null and quarantined_at is null and ${covered}
        ), made as (
          insert into work_items (kind, payload)
          select 'analysis', jsonb_build_object('memberKeys', jsonb_agg(id order by id), 'asOf', ${run.asOf}::text)
          from numbered group by chunk returning 1
        )
        select count(*)::int as items from made`,
  );
  return row?.items ?? 0;
}

/**
 * Items to hand to the queue: ready and due but not handed over lately, or leased by a holder whose lease ran out.
 * Marks them as handed over. The database's clock decides, so the clocks of the workers do not matter.
 */
export function takeDueItems(
  tx: SystemTx,
  options: { readonly limit: number; readonly repeatAfterMs: number; readonly kind?: WorkKind },
): Promise<readonly { readonly id: string; readonly kind: WorkKind }[]> {
  const repeat = sql`(w.enqueued_at is null or w.enqueued_at < now() - make_interval(secs => ${options.repeatAfterMs / 1000}))`;
  return rowsOf(
    tx,
    sql`update work_items w set enqueued_at = now()
        where w.id in (
          select w.id from work_items w
          where ((w.state = 'ready' and w.available_at <= now()) or (w.state = 'leased' and w.lease_expires_at < now()))
            and ${repeat} and ${options.kind === undefined ? sql`true` : sql`w.kind = ${options.kind}`}
          order by w.available_at limit ${options.limit} for update skip locked
        )
        returning w.id, w.kind`,
  );
}

/** Gives items back to the next sweep: the queue could not take them. */
export async function returnDueItems(tx: SystemTx, ids: readonly string[]): Promise<void> {
  await tx.execute(
    sql`update work_items set enqueued_at = null where id = any(${uuidArray(ids)}) and state <> 'done'`,
  );
}

export type Lease =
  | { readonly ok: true; readonly item: WorkItem }
  /** Somebody else holds it, it is done, waits for its next try, or does not exist. */
  | { readonly ok: false };

/** Takes an item for `owner` if it is free. A lease that ran out counts as a death of its holder. */
export async function leaseWorkItem(
  tx: SystemTx,
  lease: { readonly id: string; readonly owner: string; readonly leaseMs: number },
): Promise<Lease> {
  const item = await rowOf<WorkItem>(
    tx,
    sql`update work_items w set state = 'leased', lease_owner = ${lease.owner}, attempts = w.attempts + 1,
          deaths = w.deaths + case when w.state = 'leased' then 1 else 0 end,
          lease_expires_at = now() + make_interval(secs => ${lease.leaseMs / 1000})
        where w.id = ${lease.id}::uuid
          and ((w.state = 'ready' and w.available_at <= now()) or (w.state = 'leased' and w.lease_expires_at < now()))
        returning ${COLUMNS}`,
  );
  return item === undefined ? { ok: false } : { ok: true, item };
}

/** Extends a lease; false when it is no longer the owner's, who must then stop. */
export async function renewLease(
  tx: SystemTx,
  lease: { readonly id: string; readonly owner: string; readonly leaseMs: number },
): Promise<boolean> {
  const row = await rowOf<{ id: string }>(
    tx,
    sql`update work_items w set lease_expires_at = now() + make_interval(secs => ${lease.leaseMs / 1000})
        where w.id = ${lease.id}::uuid and w.state = 'leased' and w.lease_owner = ${lease.owner} returning w.id`,
  );
  return row !== undefined;
}

/** Notes which member comes next, so that a death can be laid at its door. */
export async function noteCurrentMember(
  tx: SystemTx,
  note: { readonly id: string; readonly owner: string; readonly memberKey: string | null },
): Promise<void> {
  await tx.execute(sql`update work_items set current_member = ${note.memberKey}::uuid
    where id = ${note.id}::uuid and lease_owner = ${note.owner} and state = 'leased'`);
}

/** Puts an item back, to be tried again after `delayMs`. `counts` false takes the attempt back (a shutdown). */
export async function returnWorkItem(
  tx: SystemTx,
  given: {
    readonly id: string;
    readonly owner: string;
    readonly delayMs: number;
    readonly error: string | null;
    readonly counts: boolean;
  },
): Promise<void> {
  await tx.execute(sql`
    update work_items set state = 'ready', lease_owner = null, lease_expires_at = null, enqueued_at = null,
      available_at = now() + make_interval(secs => ${given.delayMs / 1000}),
      last_error = coalesce(${given.error}, last_error),
      attempts = attempts - case when ${given.counts} then 0 else 1 end
    where id = ${given.id}::uuid and lease_owner = ${given.owner} and state = 'leased'`);
}

/** Raised when the lease went to somebody else: the transaction's effects must not stand. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export interface ItemOutcome {
  readonly membersDone: number;
  readonly membersFailed: number;
  readonly gapsOpened: number;
  readonly gapsClosed: number;
}

/**
 * Marks an item done in the transaction of its effects. Call it last: for an analysis it also moves the batch's
 * progress on, whose row then stays locked until the commit, and completes the batch with its last item. Throws
 * {@link LeaseLostError} when the item is no longer the owner's, which rolls the effects back.
 */
export async function completeWorkItem(
  tx: TenantTx,
  done: { readonly item: WorkItem; readonly owner: string; readonly outcome: ItemOutcome },
): Promise<void> {
  await finishItem(tx, { ...done, state: 'done', error: null });
  if (done.item.kind === 'analysis' && done.item.batchId !== null) {
    await moveBatchOn(tx, done.item.batchId, { items_done: 1 }, done.outcome);
  }
}

/**
 * Ends an item that cannot be done: it keeps failing, or killed its process twice with nobody to blame. The batch
 * goes on without its members, who are counted as failed; a batch that cannot be read has failed.
 */
export async function abandonWorkItem(
  tx: TenantTx,
  given: {
    readonly item: WorkItem;
    readonly owner: string;
    readonly state: 'failed' | 'quarantined';
    readonly error: string;
  },
): Promise<void> {
  await finishItem(tx, given);
  const { item } = given;
  if (item.batchId === null || item.kind === 'webhook') return;
  if (item.kind === 'intake') {
    await tx.execute(sql`update batches set state = 'failed', error = ${given.error}, finished_at = now()
      where id = ${item.batchId}::uuid and state in ('received', 'reading')`);
    return;
  }
  const members = memberKeysOf(item.payload);
  await recordMemberFailures(tx, item, members, {
    kind: given.state === 'failed' ? 'error' : 'quarantined',
    error: given.error,
  });
  await moveBatchOn(
    tx,
    item.batchId,
    { items_failed: 1 },
    { membersDone: 0, membersFailed: members.length, gapsOpened: 0, gapsClosed: 0 },
  );
}

async function finishItem(
  tx: TenantTx,
  given: {
    readonly item: WorkItem;
    readonly owner: string;
    readonly state: 'done' | 'failed' | 'quarantined';
    readonly error: string | null;
  },
): Promise<void> {
  const row = await rowOf<{ id: string }>(
    tx,
    sql`update work_items set state = ${given.state}, finished_at = now(), lease_owner = null, lease_expires_at = null,
          current_member = null, last_error = coalesce(${given.error}, last_error)
        where id = ${given.item.id}::uuid and state = 'leased' and lease_owner = ${given.owner} returning id`,
  );
  if (row === undefined) throw new LeaseLostError('the work item is held by another worker');
}

async function moveBatchOn(
  tx: TenantTx,
  batchId: string,
  items: { readonly items_done?: number; readonly items_failed?: number },
  outcome: ItemOutcome,
): Promise<void> {
  const done = items.items_done ?? 0;
  const failed = items.items_failed ?? 0;
  const isLast = sql`state = 'analyzing' and items_done + items_failed + ${done + failed}::int >= items_total`;
  await tx.execute(sql`
    update batches set items_done = items_done + ${done}, items_failed = items_failed + ${failed},
      members_done = members_done + ${outcome.membersDone}, members_failed = members_failed + ${outcome.membersFailed},
      gaps_opened = gaps_opened + ${outcome.gapsOpened}, gaps_closed = gaps_closed + ${outcome.gapsClosed},
      state = case when ${isLast} then 'completed' else state end,
      finished_at = case when ${isLast} then now() else finished_at end
    where id = ${batchId}::uuid`);
}

/** Cancels what is left of a batch. Items being worked on end by themselves. False when it had ended already. */
export async function cancelBatch(tx: TenantTx, batchId: string): Promise<boolean> {
  const row = await rowOf<{ id: string }>(
    tx,
    sql`update batches set state = 'cancelled', finished_at = now()
        where id = ${batchId}::uuid and state in ('received', 'reading', 'analyzing') returning id`,
  );
  if (row === undefined) return false;
  await tx.execute(sql`update work_items set state = 'cancelled', finished_at = now()
    where batch_id = ${batchId}::uuid and state = 'ready' and kind <> 'webhook'`);
  return true;
}

/** Notes members whose analysis failed; the error names a rule or a fault, never a person. */
export async function recordMemberFailures(
  tx: TenantTx,
  item: WorkItem,
  memberKeys: readonly string[],
  failure: { readonly kind: 'error' | 'quarantined'; readonly error: string },
): Promise<void> {
  if (memberKeys.length === 0) return;
  await tx.execute(sql`
    insert into member_failures (member_id, work_item_id, batch_id, kind, error)
    select m, ${item.id}::uuid, ${item.batchId}::uuid, ${failure.kind}, ${failure.error}
    from unnest(${uuidArray(memberKeys)}) as m
    on conflict (tenant_id, member_id, work_item_id) do update set (kind, error) = (excluded.kind, excluded.error)`);
}

/**
 * Sets a member aside that killed its process twice: it is left out of analyses until new records of it arrive. The
 * item's count of deaths falls back to one, so that a second such member in it is found the same way.
 */
export async function quarantineMember(
  tx: TenantTx,
  given: { readonly item: WorkItem; readonly memberKey: string },
): Promise<void> {
  await tx.execute(sql`update members set quarantined_at = now() where id = ${given.memberKey}::uuid`);
  await tx.execute(
    sql`update work_items set deaths = 1, current_member = null where id = ${given.item.id}::uuid`,
  );
  await recordMemberFailures(tx, given.item, [given.memberKey], {
    kind: 'quarantined',
    error: 'the analysis of this member ended its process twice',
  });
}

export interface MemberFailure {
  readonly memberKey: string;
  readonly kind: 'error' | 'quarantined';
  readonly error: string;
}

/** Members that a batch's analysis left out, and why. */
export function listMemberFailures(tx: TenantTx, batchId: string): Promise<readonly MemberFailure[]> {
  return rowsOf<MemberFailure>(
    tx,
    sql`select f.member_id as "memberKey", f.kind, f.error from member_failures f where f.batch_id = ${batchId}::uuid
        order by f.member_id`,
  );
}

/** Which of these members are set aside. */
export async function quarantinedMembers(
  tx: TenantTx,
  memberKeys: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select id from members where id = any(${uuidArray(memberKeys)}) and quarantined_at is not null`,
  );
  return new Set(rows.map((row) => row.id));
}

/** Items by state, for metrics. */
export function countWorkItems(
  tx: SystemTx,
): Promise<readonly { readonly kind: string; readonly state: string; readonly count: number }[]> {
  return rowsOf(
    tx,
    sql`select kind, state, count(*)::int as count from work_items where state in ('ready', 'leased', 'failed',
        'quarantined') group by kind, state order by kind, state`,
  );
}

/** The members of an analysis item. */
export function memberKeysOf(payload: WorkPayload): readonly string[] {
  const keys = payload.memberKeys;
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
}
