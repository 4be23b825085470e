import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import type { FileReport, IntakeFinding } from './records.ts';
import { isoInstant, json, rowOf, rowsOf } from './rows.ts';

export type BatchState = 'received' | 'reading' | 'analyzing' | 'completed' | 'failed' | 'cancelled';

export interface NewBatch {
  readonly format: string;
  readonly asOf: string;
  readonly createdBy: string;
  /** Same key, same batch: the sender's Idempotency-Key, or null for none. */
  readonly idempotencyKey: string | null;
  readonly contentSha256: string | null;
  /** Where the received files lie; names and places only. */
  readonly spool: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly bytesTotal?: number;
}

export interface Batch {
  readonly batchId: string;
  readonly state: BatchState;
  readonly format: string;
  readonly asOf: string;
  readonly idempotencyKey: string | null;
  readonly contentSha256: string | null;
  readonly spool: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  readonly createdBy: string;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicates: number;
  readonly warnings: number;
  readonly bytesTotal: number;
  readonly bytesRead: number;
  readonly membersTotal: number;
  readonly membersDone: number;
  readonly membersFailed: number;
  readonly itemsTotal: number;
  readonly itemsDone: number;
  readonly itemsFailed: number;
  readonly gapsOpened: number;
  readonly gapsClosed: number;
  readonly error: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly readAt: string | null;
  readonly finishedAt: string | null;
}

const number = (column: string): SQL => sql`${sql.identifier(column)}::float8`;
const COLUMNS = sql`id as "batchId", state, format, as_of::text as "asOf", idempotency_key as "idempotencyKey",
  content_sha256 as "contentSha256", spool, options, created_by as "createdBy",
  ${number('received')} as received, ${number('accepted')} as accepted, ${number('rejected')} as rejected,
  ${number('duplicates')} as duplicates, ${number('warnings')} as warnings,
  ${number('bytes_total')} as "bytesTotal", ${number('bytes_read')} as "bytesRead",
  ${number('members_total')} as "membersTotal", ${number('members_done')} as "membersDone",
  ${number('members_failed')} as "membersFailed", ${number('items_total')} as "itemsTotal",
  ${number('items_done')} as "itemsDone", ${number('items_failed')} as "itemsFailed",
  ${number('gaps_opened')} as "gapsOpened", ${number('gaps_closed')} as "gapsClosed", error,
  ${isoInstant(sql`created_at`)} as "createdAt", ${isoInstant(sql`started_at`)} as "startedAt",
  ${isoInstant(sql`read_at`)} as "readAt", ${isoInstant(sql`finished_at`)} as "finishedAt"`;

export type BatchReceipt =
  | { readonly ok: true; readonly created: boolean; readonly batch: Batch }
  /** The key was used before for other content. */
  | { readonly ok: false; readonly reason: 'key-reused'; readonly batch: Batch };

/**
 * Records a received batch. With an idempotency key, the second sender of the same content gets the first one's
 * batch (`created` false), also when both send at the same moment; other content under the same key is refused.
 */
export async function createBatch(tx: TenantTx, batch: NewBatch): Promise<BatchReceipt> {
  const created = await rowOf<Batch>(
    tx,
    sql`insert into batches (format, as_of, created_by, idempotency_key, content_sha256, spool, options, bytes_total)
        values (${batch.format}, ${batch.asOf}::date, ${batch.createdBy}, ${batch.idempotencyKey},
          ${batch.contentSha256}, ${json(batch.spool ?? null)}, ${json(batch.options ?? {})}, ${batch.bytesTotal ?? 0})
        on conflict (tenant_id, idempotency_key) do nothing returning ${COLUMNS}`,
  );
  if (created !== undefined) return { ok: true, created: true, batch: created };
  const known = await rowOf<Batch>(
    tx,
    sql`select ${COLUMNS} from batches where idempotency_key = ${batch.idempotencyKey}`,
  );
  if (known === undefined) throw new Error('a batch was neither made nor found');
  return known.contentSha256 === batch.contentSha256
    ? { ok: true, created: false, batch: known }
    : { ok: false, reason: 'key-reused', batch: known };
}

export function getBatch(tx: TenantTx, batchId: string): Promise<Batch | undefined> {
  return rowOf<Batch>(tx, sql`select ${COLUMNS} from batches where id = ${batchId}::uuid`);
}

/** The latest batch of the same content, if any was received and not cancelled or failed. */
export function findBatchByContent(tx: TenantTx, contentSha256: string): Promise<Batch | undefined> {
  return rowOf<Batch>(
    tx,
    sql`select ${COLUMNS} from batches where content_sha256 = ${contentSha256}
        and state not in ('cancelled', 'failed') order by created_at desc limit 1`,
  );
}

/** Batches, latest first; `after` is the last one of the page before. */
export function listBatches(
  tx: TenantTx,
  page: {
    readonly limit: number;
    readonly after: { readonly createdAt: string; readonly batchId: string } | null;
    readonly state?: BatchState;
  },
): Promise<readonly Batch[]> {
  return rowsOf<Batch>(
    tx,
    sql`select ${COLUMNS} from batches b
        where ${page.state === undefined ? sql`true` : sql`state = ${page.state}`}
          and ${
            page.after === null
              ? sql`true`
              : sql`(date_trunc('milliseconds', b.created_at), b.id)
                    < (${page.after.createdAt}::timestamptz, ${page.after.batchId}::uuid)`
          }
        order by date_trunc('milliseconds', b.created_at) desc, b.id desc limit ${page.limit}`,
  );
}

/**
 * Moves a batch from one of `from` to `to` in one conditional update. False when it is in another state, e.g. was
 * cancelled meanwhile.
 */
export async function moveBatch(
  tx: TenantTx,
  move: {
    readonly batchId: string;
    readonly from: readonly BatchState[];
    readonly to: BatchState;
    readonly error?: string;
  },
): Promise<boolean> {
  const from = sql.join(
    move.from.map((state) => sql`${state}`),
    sql`, `,
  );
  const row = await rowOf<{ id: string }>(
    tx,
    sql`update batches set state = ${move.to}, error = ${move.error ?? null},
          started_at = case when ${move.to} = 'reading' then now() else started_at end,
          read_at = case when ${move.to} = 'analyzing' then now() else read_at end,
          finished_at = case when ${move.to} in ('completed', 'failed', 'cancelled') then now() end
        where id = ${move.batchId}::uuid and state in (${from}) returning id`,
  );
  return row !== undefined;
}

/** How far the reading has come. Call it in a transaction of its own, so that it shows while the reading runs. */
export async function noteReadingProgress(
  tx: TenantTx,
  batchId: string,
  progress: { readonly bytesRead: number; readonly bytesTotal: number },
): Promise<void> {
  await tx.execute(sql`update batches set bytes_read = ${progress.bytesRead}, bytes_total = ${progress.bytesTotal}
    where id = ${batchId}::uuid`);
}

/**
 * Stores the reports of a batch's files and sets the batch's counts to their sums. Replaces what an earlier, broken
 * attempt left. Throws (check `nothing_dropped`) when received is not accepted + rejected.
 */
export async function saveFileReports(
  tx: TenantTx,
  batchId: string,
  reports: readonly FileReport[],
): Promise<void> {
  await tx.execute(sql`delete from batch_files where batch_id = ${batchId}::uuid`);
  await tx.execute(sql`
    insert into batch_files (batch_id, file, record_type, format, received, accepted, rejected, duplicates, codes,
      failed, heading)
    select ${batchId}::uuid, r.file, r."recordType", min(r.format), sum(r.received), sum(r.accepted), sum(r.rejected),
      sum(r.duplicates), coalesce((array_agg(r.codes) filter (where r.codes is not null))[1], '{}'),
      coalesce(bool_or(r.failed), false), min(r.heading)
    from jsonb_to_recordset(${json(reports)}) as r(file text, "recordType" text, format text, received bigint,
      accepted bigint, rejected bigint, duplicates bigint, codes jsonb, failed boolean, heading text)
    group by r.file, r."recordType"`);
  await tx.execute(sql`
    update batches b set (received, accepted, rejected, duplicates) = (
      select coalesce(sum(f.received), 0), coalesce(sum(f.accepted), 0), coalesce(sum(f.rejected), 0),
        coalesce(sum(f.duplicates), 0) from batch_files f where f.batch_id = ${batchId}::uuid)
    where b.id = ${batchId}::uuid`);
}

export function listFileReports(tx: TenantTx, batchId: string): Promise<readonly FileReport[]> {
  return rowsOf<FileReport>(
    tx,
    sql`select file, record_type as "recordType", format, received::float8 as received, accepted::float8 as accepted,
          rejected::float8 as rejected, duplicates::float8 as duplicates, codes, failed, heading
        from batch_files where batch_id = ${batchId}::uuid order by file, record_type`,
  );
}

/** Appends findings in the order given; `firstSeq` is the number of findings stored before. */
export async function saveFindings(
  tx: TenantTx,
  batchId: string,
  findings: readonly IntakeFinding[],
  firstSeq: number,
): Promise<void> {
  if (findings.length === 0) return;
  const rows = findings.map((finding, index) => ({ ...finding, seq: firstSeq + index }));
  await tx.execute(sql`
    insert into batch_rejects (batch_id, seq, file, row, field, code, severity, message, value, raw)
    select ${batchId}::uuid, r.seq, r.file, r.row, r.field, r.code, r.severity, r.message, r.value, r.raw
    from jsonb_to_recordset(${json(rows)}) as r(seq integer, file text, row integer, field text, code text,
      severity text, message text, value text, raw text)`);
  await tx.execute(sql`update batches set warnings = warnings
      + ${findings.filter((finding) => finding.severity === 'warning').length} where id = ${batchId}::uuid`);
}

export type StoredFinding = IntakeFinding & { readonly seq: number };

/** Findings in order; `afterSeq` -1 for the first page. */
export function listFindings(
  tx: TenantTx,
  batchId: string,
  page: { readonly afterSeq: number; readonly limit: number; readonly severity?: 'error' | 'warning' },
): Promise<readonly StoredFinding[]> {
  return rowsOf<StoredFinding>(
    tx,
    sql`select seq, file, row, field, code, severity, message, value, raw from batch_rejects
        where batch_id = ${batchId}::uuid and seq > ${page.afterSeq}
          and ${page.severity === undefined ? sql`true` : sql`severity = ${page.severity}`}
        order by seq limit ${page.limit}`,
  );
}

/** Files of a batch that have rejected records as sent, and how many of them. */
export async function filesWithRejects(
  tx: TenantTx,
  batchId: string,
): Promise<{ readonly files: readonly string[]; readonly records: number }> {
  const rows = await rowsOf<{ file: string; records: number }>(
    tx,
    sql`select file, count(distinct row)::int as records from batch_rejects
        where batch_id = ${batchId}::uuid and severity = 'error' and raw is not null group by file order by file`,
  );
  return { files: rows.map(({ file }) => file), records: rows.reduce((sum, row) => sum + row.records, 0) };
}

/** How many findings of each code and severity a batch has. */
export function countFindings(
  tx: TenantTx,
  batchId: string,
): Promise<readonly { readonly code: string; readonly severity: string; readonly count: number }[]> {
  return rowsOf(
    tx,
    sql`select code, severity, count(*)::int as count from batch_rejects where batch_id = ${batchId}::uuid
        group by code, severity order by code, severity`,
  );
}

/**
 * Lets one batch of a tenant write its records at a time, until the transaction ends. Batches of one tenant would
 * otherwise wait for one another's members in any order and lock each other out.
 */
export async function lockTenantIntake(tx: TenantTx): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended('intake ' || current_setting('app.tenant'), 0))`,
  );
}

/**
 * True when a batch that was received before this one has not been read yet. Of two rows with one key the one
 * received last holds, so batches of a tenant are read in the order of their receipt.
 */
export async function waitsForEarlier(tx: TenantTx, batchId: string): Promise<boolean> {
  const row = await rowOf<{ waits: boolean }>(
    tx,
    sql`select exists (select from batches other, batches own
          where own.id = ${batchId}::uuid and other.state in ('received', 'reading')
            and (other.created_at, other.id) < (own.created_at, own.id)
            and exists (select from work_items w where w.batch_id = other.id and w.kind = 'intake'
              and w.state in ('ready', 'leased'))) as waits`,
  );
  return row?.waits === true;
}

/** Forgets the findings of a batch, before it is read anew. */
export async function clearFindings(tx: TenantTx, batchId: string): Promise<void> {
  await tx.execute(sql`delete from batch_rejects where batch_id = ${batchId}::uuid`);
  await tx.execute(sql`update batches set warnings = 0 where id = ${batchId}::uuid`);
}

/** Says what is doubtful about a batch that went on all the same; no PHI. */
export async function noteBatchError(tx: TenantTx, batchId: string, error: string): Promise<void> {
  await tx.execute(sql`update batches set error = ${error} where id = ${batchId}::uuid`);
}

/** Batches that ended before an instant and whose files are still there; none while a legal hold is in force. */
export function spoolsToDrop(
  tx: TenantTx,
  endedBefore: string,
): Promise<readonly { readonly batchId: string; readonly spool: unknown }[]> {
  return rowsOf(
    tx,
    sql`select id as "batchId", spool from batches
        where finished_at < ${endedBefore}::timestamptz and spool_dropped_at is null and jsonb_typeof(spool) = 'object'
          and not exists (select from legal_holds where lifted_at is null)
        order by finished_at limit 1000`,
  );
}

export async function noteSpoolDropped(tx: TenantTx, batchId: string, at: string): Promise<void> {
  await tx.execute(sql`update batches set spool_dropped_at = ${at}::timestamptz where id = ${batchId}::uuid`);
}
