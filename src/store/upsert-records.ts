import { sql } from 'drizzle-orm';
import { lockTenantIntake } from './batches.ts';
import type { TenantTx } from './database.ts';
import type { UnresolvedRow } from './member-links.ts';
import { mergeStage } from './merge-stage.ts';
import type { CanonicalRecord } from './records.ts';
import { rowsOf } from './rows.ts';
import { dropStage, openStage } from './staging.ts';

export { noteFeeds } from './feeds.ts';

/** Most records of one call; an extract goes through a stage of its own (intake/read-batch.ts). */
export const UPSERT_CHUNK = 5_000;

export interface UpsertResult {
  /** Our keys of the members whose stored data changed. */
  readonly touched: readonly string[];
  /** Rows inserted, changed or removed; 0 when everything was stored already. */
  readonly changedRows: number;
  /** Rows that were not taken, because no member of their id is known. */
  readonly unresolved: readonly UnresolvedRow[];
}

/**
 * Writes a few canonical records of a batch, at most {@link UPSERT_CHUNK}, the way an extract is written, and notes
 * the members touched in `batch_members`. Semantics (store/records.ts):
 * - records with the same key: the last one holds; a member's null fields leave what is stored;
 * - the same records again change nothing and touch nobody;
 * - a `complete` encounter's lines and diagnoses that are not in this call are removed;
 * - a record whose member is neither stored nor brought by this call is not taken and handed back.
 */
export async function upsertRecords(
  tx: TenantTx,
  batchId: string,
  records: readonly CanonicalRecord[],
): Promise<UpsertResult> {
  if (records.length > UPSERT_CHUNK) throw new RangeError(`at most ${UPSERT_CHUNK} records a call`);
  const stage = await openStage(tx);
  for (const record of records) stage.add(record);
  await stage.finish();
  await lockTenantIntake(tx);
  const { changedRows, unresolved } = await mergeStage(tx, batchId, stage);
  const touched = await rowsOf<{ member_id: string }>(tx, sql`select distinct member_id from stage_touched`);
  await dropStage(tx);
  return { touched: touched.map((row) => row.member_id), changedRows, unresolved };
}
