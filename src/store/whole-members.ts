import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { HISTORY_TABLES, RECORD_TABLES } from './record-tables.ts';
import { rowOf } from './rows.ts';
import { STAGED_IDS, STAGED_MEMBERS, type Stage, stageOf } from './staging.ts';

/** True of a row (`of`: its alias) that a file of this format stated last. */
export function statedBy(of: string, format: 'json-history' | 'fhir'): SQL {
  const row = sql.raw(of);
  return sql`exists (select from batch_files f
    where f.batch_id = ${row}.batch_id and f.file = ${row}.source_file and f.format = ${format})`;
}

/**
 * Lists the members that the batch states whole (`stage_whole`) and forgets what earlier histories of theirs in the
 * same batch said: the last one holds. Runs before anything of the stage is merged.
 */
export async function keepLastHistories(tx: TenantTx, stage: Stage): Promise<void> {
  await tx.execute(sql`
    create temporary table stage_whole on commit drop as
    select i.member_id, max(s.ord) as ord, count(*) as statements
    from ${sql.raw(STAGED_MEMBERS)} s join ${sql.raw(STAGED_IDS)} i on i.m = s.m
    where s.whole and i.member_id is not null group by i.member_id`);
  await tx.execute(sql`analyze stage_whole (member_id)`);
  const repeated = await rowOf<{ any: boolean }>(
    tx,
    sql`select exists (select from stage_whole where statements > 1) as any`,
  );
  if (repeated?.any !== true) return;
  const staged = [STAGED_MEMBERS, ...RECORD_TABLES.filter((table) => stage.has(table)).map(stageOf)];
  for (const table of staged) {
    await tx.execute(sql`
      delete from ${sql.raw(table)} s using ${sql.raw(STAGED_IDS)} i, stage_whole w
      where w.statements > 1 and i.m = s.m and w.member_id = i.member_id and s.ord < w.ord`);
  }
}

/**
 * Takes from the members of `stage_whole` what their earlier histories said and this one does not, so that what is
 * stored is the last history. What other sources said of them stays. Gives the rows removed.
 */
export async function removeOutdated(tx: TenantTx, stage: Stage): Promise<number> {
  let removed = 0;
  for (const table of HISTORY_TABLES) {
    const keys = Object.keys(table.key).map((name) => sql.raw(`s."${name}" = t."${name}"`));
    // A value that outlasts a later null is let go of here: of a history, null is a statement too.
    const kept = [...table.keepsStored].map((name) =>
      sql.raw(`(t."${name}" is null or s."${name}" is not null)`),
    );
    const stated = stage.has(table)
      ? sql`and not exists (select from ${sql.raw(stageOf(table))} s join ${sql.raw(STAGED_IDS)} i on i.m = s.m
          where i.member_id = t.member_id and ${sql.join([...keys, ...kept], sql` and `)})`
      : sql``;
    const row = await rowOf<{ changed: number }>(
      tx,
      sql`with gone as (
            delete from ${sql.raw(table.table)} t using stage_whole w
            where t.member_id = w.member_id and ${statedBy('t', 'json-history')} ${stated}
            returning t.member_id
          ), noted as (insert into stage_touched select distinct member_id from gone)
          select count(*)::int as changed from gone`,
    );
    removed += row?.changed ?? 0;
  }
  return removed;
}
