import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { noteFeeds } from './feeds.ts';
import { applyLinks, type MergeChange, type UnresolvedRow } from './member-links.ts';
import {
  CONDITIONS,
  DIAGNOSES,
  ENCOUNTERS,
  MEMBER_ALIASES,
  RECORD_TABLES,
  type RecordTable,
  SERVICE_LINES,
} from './record-tables.ts';
import { applyChangedConditions, applyDeletions } from './resource-deletions.ts';
import { rowOf, rowsOf } from './rows.ts';
import { STAGED_IDS, STAGED_LINKS, STAGED_MEMBERS, type Stage, stageOf } from './staging.ts';
import { keepLastHistories, removeOutdated, statedBy } from './whole-members.ts';

export interface MergeOutcome {
  /** Rows inserted, changed or removed; 0 when everything was stored already. */
  readonly changedRows: number;
  /** Members whose stored data changed: what has to be analysed again. */
  readonly touchedMembers: number;
  /** Rows that were not merged, each once. */
  readonly unresolved: readonly UnresolvedRow[];
  /** Members who stand for another person than before; to be audited. */
  readonly merges: readonly MergeChange[];
}

/**
 * Merges a stage into the tenant's records, each table in one statement, and notes the members touched in
 * `batch_members`. Semantics are those of {@link upsertRecords}, over the batch as a whole: of rows with one key the
 * last holds, rows stored already are left alone, and an encounter that the batch states complete loses the lines and
 * diagnoses that the batch does not state. A member id finds the member of that id, else the one member it is an
 * alias of; rows of nobody known are handed back and nothing is made of them.
 */
export async function mergeStage(tx: TenantTx, batchId: string, stage: Stage): Promise<MergeOutcome> {
  await setPlans(tx, stage);
  const staged = RECORD_TABLES.filter((table) => stage.has(table));
  // Only the joins go by statistics, and they are on the member's number.
  const names = [STAGED_IDS, STAGED_MEMBERS, STAGED_LINKS, ...staged.map(stageOf)].map(
    (name) => `${name} (m)`,
  );
  await tx.execute(sql.raw(`analyze ${names.join(', ')}`));
  await tx.execute(sql`create temporary table stage_touched (member_id uuid) on commit drop`);
  await resolveMembers(tx, batchId, stage);
  if (stage.statesWhole) await keepLastHistories(tx, stage);
  let changedRows = stage.has('members') ? await updateMembers(tx, batchId) : 0;
  const links = { links: stage.has('links'), aliases: stage.has(MEMBER_ALIASES) || stage.has('members') };
  const { refused, changes } =
    links.links || links.aliases ? await applyLinks(tx, batchId, links) : { refused: [], changes: [] };
  changedRows += changes.length;
  await leaveOutUnknown(tx);
  const unresolved = await takeUnresolved(tx, [
    ...staged.map(stageOf),
    ...(stage.has('members') ? [STAGED_MEMBERS] : []),
  ]);
  if (stage.has(ENCOUNTERS)) changedRows += await removeReplaced(tx, stage);
  if (stage.statesWhole) changedRows += await removeOutdated(tx, stage);
  if (stage.has('deletions')) changedRows += await applyDeletions(tx, batchId);
  if (stage.has(CONDITIONS)) changedRows += await applyChangedConditions(tx);
  for (const table of staged) changedRows += await mergeTable(tx, { table, batchId, stage });
  if (await noteFeeds(tx, batchId, stage.feeds)) {
    await tx.execute(
      sql`insert into stage_touched select id from members where batch_id <> ${batchId}::uuid`,
    );
  }
  const touched = await rowOf<{ members: number }>(
    tx,
    sql`with touched as (
          insert into batch_members (batch_id, member_id)
          select distinct ${batchId}::uuid, member_id from stage_touched order by 2 on conflict do nothing
          returning member_id
        ), cured as (
          update members set quarantined_at = null
          where quarantined_at is not null and id in (select member_id from stage_touched)
        )
        select count(*)::int as members from touched`,
  );
  await resetPlans(tx);
  return {
    changedRows,
    touchedMembers: touched?.members ?? 0,
    unresolved: [...unresolved, ...refused],
    merges: changes,
  };
}

/** Staged records up to which rows are looked up one by one; above, whole tables are joined. */
const SMALL_STAGE = 20_000;

/**
 * Takes the choice between looking up and joining from the planner, which goes by statistics that a table just filled
 * does not have yet: a nested loop over a million rows would take hours. Sorting on disk and compiling statements cost
 * more than they bring.
 */
async function setPlans(tx: TenantTx, stage: Stage): Promise<void> {
  const small = stage.records <= SMALL_STAGE;
  await tx.execute(sql`select set_config('work_mem', '128MB', true), set_config('jit', 'off', true),
    set_config('enable_nestloop', ${small ? 'on' : 'off'}, true),
    set_config('enable_seqscan', ${small ? 'off' : 'on'}, true),
    set_config('enable_hashjoin', ${small ? 'off' : 'on'}, true),
    set_config('enable_mergejoin', ${small ? 'off' : 'on'}, true)`);
}

/** What comes after the merge in its transaction is planned as ever. */
async function resetPlans(tx: TenantTx): Promise<void> {
  await tx.execute(sql`select set_config(name, reset_val, true) from pg_settings
    where name in ('work_mem', 'jit', 'enable_nestloop', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin')`);
}

/**
 * Fills `stage_ids.member_id`. A member record makes its member; a link makes both, because a crosswalk may come
 * before the members it speaks of. An id that is nobody's own is looked for among the aliases, stored and staged.
 */
async function resolveMembers(tx: TenantTx, batchId: string, stage: Stage): Promise<void> {
  const ids = sql.raw(STAGED_IDS);
  await tx.execute(sql`alter table ${ids} add column member_id uuid, add column reason text`);
  await tx.execute(
    sql`update ${ids} i set member_id = m.id from members m where m.external_id = i.external_id`,
  );
  await resolveAliases(tx);
  const makers = [
    ...(stage.has('members')
      ? [
          sql`select s.m, s.source_file, s.source_row, s.ord from ${sql.raw(STAGED_MEMBERS)} s where s.birth_date is not null`,
        ]
      : []),
    ...(stage.has('links')
      ? [
          sql`select s.m, s.source_file, s.source_row, s.ord from ${sql.raw(STAGED_LINKS)} s`,
          sql`select s.into_m, s.source_file, s.source_row, s.ord from ${sql.raw(STAGED_LINKS)} s`,
        ]
      : []),
  ];
  if (makers.length > 0) {
    const making = sql.join(makers, sql` union all `);
    await tx.execute(sql`
      insert into members (external_id, batch_id, source_file, source_row)
      select distinct on (i.external_id) i.external_id, ${batchId}::uuid, s.source_file, s.source_row
      from (${making}) s join ${ids} i on i.m = s.m
      where i.member_id is null and i.reason is null order by i.external_id, s.ord
      on conflict (tenant_id, external_id) do nothing`);
    await tx.execute(sql`
      update ${ids} i set member_id = m.id from members m
      where i.member_id is null and i.reason is null and m.external_id = i.external_id`);
  }
  if (stage.has(MEMBER_ALIASES)) {
    await tx.execute(sql`
      insert into member_aliases (member_id, alias, batch_id, source_file, source_row)
      select distinct on (i.member_id, s.alias) i.member_id, s.alias, ${batchId}::uuid, s.source_file, s.source_row
      from ${sql.raw(stageOf(MEMBER_ALIASES))} s join ${ids} i on i.m = s.m where i.member_id is not null
      order by i.member_id, s.alias, s.ord on conflict do nothing`);
    await resolveAliases(tx);
  }
}

/** A member without demographics, both himself and as whom he is merged into, is nobody yet. */
async function leaveOutUnknown(tx: TenantTx): Promise<void> {
  const ids = sql.raw(STAGED_IDS);
  await tx.execute(sql`
    update ${ids} i set member_id = null, reason = 'unknown_member'
    from members m left join members root on root.id = m.merged_into
    where m.id = i.member_id and coalesce(m.birth_date, root.birth_date) is null`);
  await tx.execute(
    sql`update ${ids} set reason = 'unknown_member' where member_id is null and reason is null`,
  );
  await tx.execute(sql.raw(`create index on ${STAGED_IDS} (m)`));
  await tx.execute(sql.raw(`analyze ${STAGED_IDS} (m, member_id)`));
}

/** An alias of several members who are not one person names nobody. */
async function resolveAliases(tx: TenantTx): Promise<void> {
  const ids = sql.raw(STAGED_IDS);
  await tx.execute(sql`
    update ${ids} i set member_id = case when found.persons = 1 then found.member_id end,
      reason = case when found.persons > 1 then 'member_ambiguous' end
    from (
      select a.alias, min(m.id::text)::uuid as member_id, count(distinct coalesce(m.merged_into, m.id)) as persons
      from member_aliases a join members m on m.id = a.member_id
      where a.alias in (select external_id from ${ids} where member_id is null) group by a.alias
    ) found
    where i.member_id is null and found.alias = i.external_id`);
}

async function takeUnresolved(tx: TenantTx, tables: readonly string[]): Promise<readonly UnresolvedRow[]> {
  const open = await rowOf<{ any: boolean }>(
    tx,
    sql.raw(`select exists (select from ${STAGED_IDS} where member_id is null) as any`),
  );
  if (open?.any !== true || tables.length === 0) return [];
  const parts = tables.map((table) =>
    sql.raw(`select s.source_file, s.source_row, i.external_id, i.reason from ${table} s join ${STAGED_IDS} i on i.m = s.m
      where i.member_id is null`),
  );
  return rowsOf<UnresolvedRow>(
    tx,
    sql`select distinct on (source_file, source_row) source_file as file, source_row as row, external_id as value, reason
        from (${sql.join(parts, sql` union all `)}) r order by source_file, source_row, external_id`,
  );
}

/** A field that no row of the batch states leaves what is stored; of several rows the last that states it holds. */
async function updateMembers(tx: TenantTx, batchId: string): Promise<number> {
  const last = (column: string) =>
    sql.raw(`(array_agg(s.${column} order by s.ord desc) filter (where s.${column} is not null))[1]`);
  const death = sql`case when r.whole and r.death_date is null and ${statedBy('m', 'json-history')} then null
    else coalesce(r.death_date, m.death_date) end`;
  const feeds = sql`case when r.whole then string_to_array(r.feeds, ',') else m.feeds end`;
  const row = await rowOf<{ changed: number }>(
    tx,
    sql`with r as (
          select i.member_id, ${last('birth_date')} as birth_date, ${last('sex')} as sex,
            ${last('death_date')} as death_date, ${last('pcp_npi')} as pcp_npi, bool_or(s.whole) as whole,
            max(s.feeds) as feeds,
            (array_agg(s.source_file order by s.ord desc))[1] as file,
            (array_agg(s.source_row order by s.ord desc))[1] as row
          from ${sql.raw(STAGED_MEMBERS)} s join ${sql.raw(STAGED_IDS)} i on i.m = s.m
          where i.member_id is not null group by i.member_id
        ), changed as (
          update members m set
            birth_date = coalesce(r.birth_date, m.birth_date), sex = coalesce(r.sex, m.sex),
            death_date = ${death}, pcp_npi = coalesce(r.pcp_npi, m.pcp_npi), feeds = ${feeds},
            batch_id = ${batchId}::uuid, source_file = r.file, source_row = r.row
          from r where m.id = r.member_id
            and (m.birth_date, m.sex, m.death_date, m.pcp_npi, m.feeds) is distinct from
              (coalesce(r.birth_date, m.birth_date), coalesce(r.sex, m.sex),
               ${death}, coalesce(r.pcp_npi, m.pcp_npi), ${feeds})
          returning m.id
        ), noted as (insert into stage_touched select id from changed)
        select count(*)::int as changed from changed`,
  );
  return row?.changed ?? 0;
}

/**
 * Takes from encounters that the batch states complete what it does not state of them: stored lines and diagnoses,
 * and those of an earlier statement of the same encounter within the batch. Runs before the new rows are merged.
 */
async function removeReplaced(tx: TenantTx, stage: Stage): Promise<number> {
  await tx.execute(sql`
    create temporary table stage_complete on commit drop as
    select i.member_id, s.encounter_id, max(s.ord) as ord, count(*) as statements
    from ${sql.raw(stageOf(ENCOUNTERS))} s join ${sql.raw(STAGED_IDS)} i on i.m = s.m
    where s.complete and i.member_id is not null group by i.member_id, s.encounter_id`);
  await tx.execute(sql`analyze stage_complete (member_id)`);
  let removed = 0;
  for (const table of [DIAGNOSES, SERVICE_LINES]) {
    const last = Object.keys(table.key).at(-1) ?? '';
    if (stage.has(table)) {
      await tx.execute(sql`
        delete from ${sql.raw(stageOf(table))} s using ${sql.raw(STAGED_IDS)} i, stage_complete c
        where c.statements > 1 and i.m = s.m and c.member_id = i.member_id and c.encounter_id = s.encounter_id
          and s.ord < c.ord`);
    }
    const stored = await rowOf<{ any: boolean }>(
      tx,
      sql`select exists (select from ${sql.raw(table.table)}) as any`,
    );
    if (stored?.any !== true) continue;
    const row = await rowOf<{ changed: number }>(
      tx,
      sql`with gone as (
            delete from ${sql.raw(table.table)} t using stage_complete c
            where t.member_id = c.member_id and t.encounter_id = c.encounter_id
              and not exists (select from ${sql.raw(stageOf(table))} s join ${sql.raw(STAGED_IDS)} i on i.m = s.m
                where i.member_id = t.member_id and s.encounter_id = t.encounter_id
                  and s.${sql.raw(last)} = t.${sql.raw(last)})
            returning t.member_id
          ), noted as (insert into stage_touched select distinct member_id from gone)
          select count(*)::int as changed from gone`,
    );
    removed += row?.changed ?? 0;
  }
  return removed;
}

/**
 * Inserts what is new and changes what differs; a row stored word for word is not touched, its provenance included.
 * The difference is worked out first. Nobody else writes records of the tenant meanwhile (`lockTenantIntake`), so that
 * new rows need no look-out for conflicts, which costs as much as the writing.
 */
async function mergeTable(
  tx: TenantTx,
  { table, batchId, stage }: { readonly table: RecordTable; readonly batchId: string; readonly stage: Stage },
): Promise<number> {
  const keys = Object.keys(table.key);
  const values = Object.keys(table.values);
  if (values.length === 0) return 0;
  const list = (names: readonly string[], of = '') => names.map((name) => `${of}"${name}"`).join(', ');
  await tx.execute(
    sql`create temporary table stage_delta on commit drop as ${differences(table, { keys, values, stage })}`,
  );
  const inserted = await tx.execute(sql`
    insert into ${sql.raw(table.table)} (tenant_id, member_id, ${sql.raw(list([...keys, ...values]))}, batch_id, source_file, source_row)
    select current_setting('app.tenant')::uuid, member_id, ${sql.raw(list([...keys, ...values]))}, ${batchId}::uuid,
      source_file, source_row
    from stage_delta where not known`);
  const match = keys.map((name) => `t."${name}" = d."${name}"`).join(' and ');
  const updated = await tx.execute(sql`
    update ${sql.raw(table.table)} t set (${sql.raw(list(values))}, batch_id, source_file, source_row)
      = (${sql.raw(list(values, 'd.'))}, ${batchId}::uuid, d.source_file, d.source_row)
    from stage_delta d where d.known and t.member_id = d.member_id and ${sql.raw(match)}`);
  await tx.execute(sql`insert into stage_touched select distinct member_id from stage_delta`);
  await tx.execute(sql`drop table stage_delta`);
  return (inserted.rowCount ?? 0) + (updated.rowCount ?? 0);
}

/** The staged rows that are not stored word for word, the last of each key; `known` when the key is stored. */
function differences(
  table: RecordTable,
  given: {
    readonly keys: readonly string[];
    readonly values: readonly string[];
    readonly stage: Stage;
  },
): SQL {
  const { keys, values, stage } = given;
  const list = (names: readonly string[], of = '') => names.map((name) => `${of}"${name}"`).join(', ');
  // Byte order sorts several times faster than a language's, and any order will do.
  const byKey = keys
    .map((name) => (table.key[name] === 'text' ? `s."${name}" collate "C"` : `s."${name}"`))
    .join(', ');
  const keeps = stage.keepsStated(table);
  // The last stated value, whichever later row left it open: the order number is put before it to find it.
  const kept = (name: string) =>
    `substr(max(case when s."${name}" is not null then lpad(s.ord::text, 10, '0') || s."${name}" end) over (partition by i.member_id, ${byKey}), 11) as "${name}"`;
  const selected = values.map((name) => (keeps && table.keepsStored.has(name) ? kept(name) : `s."${name}"`));
  const wanted = values.map((name) =>
    table.keepsStored.has(name) ? `coalesce(r."${name}", t."${name}")` : `r."${name}"`,
  );
  const named = values.map((name, index) => `${wanted[index]} as "${name}"`);
  const match = keys.map((name) => `t."${name}" = r."${name}"`).join(' and ');
  // Only names from the constants of the tables are put into the text.
  return sql`
    select r.member_id, ${sql.raw(list(keys, 'r.'))}, ${sql.raw(named.join(', '))}, r.source_file, r.source_row,
      t.member_id is not null as known
    from (
      select distinct on (i.member_id, ${sql.raw(byKey)}) i.member_id, ${sql.raw(list(keys, 's.'))},
        ${sql.raw(selected.join(', '))}, s.source_file, s.source_row
      from ${sql.raw(stageOf(table))} s join ${sql.raw(STAGED_IDS)} i on i.m = s.m
      where i.member_id is not null order by i.member_id, ${sql.raw(byKey)}, s.ord desc
    ) r left join ${sql.raw(table.table)} t on t.member_id = r.member_id and ${sql.raw(match)}
    where t.member_id is null or (${sql.raw(list(values, 't.'))}) is distinct from (${sql.raw(wanted.join(', '))})`;
}
