import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { rowOfRecord } from './record-rows.ts';
import {
  DIAGNOSES,
  ENCOUNTERS,
  type RecordTable,
  SERVICE_LINES,
  type StoredRow,
  upsertRows,
} from './record-tables.ts';
import type { CanonicalRecord, EncounterRecord, MemberRecord } from './records.ts';
import { json, rowsOf, textArray, uuidArray } from './rows.ts';

/** Most records of one call. Larger statements gain nothing and hold memory. */
export const UPSERT_CHUNK = 5_000;

export interface UpsertResult {
  /** Our keys of the members whose stored data changed. */
  readonly touched: readonly string[];
  /** Rows inserted, changed or removed; 0 when everything was stored already. */
  readonly changedRows: number;
}

const FEEDS: ReadonlySet<string> = new Set(['observation', 'medication', 'procedure']);

/**
 * Writes canonical records of a batch, at most {@link UPSERT_CHUNK} a call, and notes the members touched in
 * `batch_members`. Semantics (store/records.ts):
 * - records with the same key: the last one holds; a member's null fields leave what is stored;
 * - the same records again change nothing and touch nobody;
 * - a `complete` encounter's lines and diagnoses of earlier batches that are not in this call are removed. Its header
 *   must therefore come before, or in the same call as, its lines and diagnoses;
 * - a record whose member is not known yet makes a member without demographics, to be filled by a later record or
 *   refused at the end of the batch (members.ts, `rejectUnknownMembers`).
 */
export async function upsertRecords(
  tx: TenantTx,
  batchId: string,
  records: readonly CanonicalRecord[],
): Promise<UpsertResult> {
  if (records.length > UPSERT_CHUNK) throw new RangeError(`at most ${UPSERT_CHUNK} records a call`);
  const memberKeys = await ensureMembers(tx, batchId, records);
  const touched = new Set<string>();
  let changedRows = 0;
  const count = (outcome: { readonly changed: number; readonly members: readonly string[] }) => {
    changedRows += outcome.changed;
    for (const member of outcome.members) touched.add(member);
  };

  count(await updateMembers(tx, batchId, records));
  const rows = rowsByTable(records, memberKeys);
  count(await upsertRows(tx, ENCOUNTERS, batchId, [...(rows.get(ENCOUNTERS)?.values() ?? [])]));
  count(await removeReplacedChildren(tx, batchId, completeEncounters(records, memberKeys), rows));
  for (const [table, byKey] of rows) {
    if (table !== ENCOUNTERS) count(await upsertRows(tx, table, batchId, [...byKey.values()]));
  }
  await noteFeeds(
    tx,
    batchId,
    new Set(records.map((record) => record.kind).filter((kind) => FEEDS.has(kind))),
  );
  const members = [...touched];
  await noteTouched(tx, batchId, members);
  return { touched: members, changedRows };
}

/** Says that a feed (`observation`, `medication`, `procedure`) is there, even if it holds no row. */
export async function noteFeeds(tx: TenantTx, batchId: string, feeds: ReadonlySet<string>): Promise<void> {
  if (feeds.size === 0) return;
  await tx.execute(sql`
    insert into tenant_feeds (feed, batch_id) select feed, ${batchId}::uuid from unnest(${textArray([...feeds])}) as feed
    on conflict do nothing`);
}

async function noteTouched(tx: TenantTx, batchId: string, members: readonly string[]): Promise<void> {
  if (members.length === 0) return;
  await tx.execute(sql`
    insert into batch_members (batch_id, member_id)
    select ${batchId}::uuid, m from unnest(${uuidArray(members)}) as m order by m on conflict do nothing`);
  // New records may have cured what made the analysis fail: the member gets another chance.
  await tx.execute(sql`
    update members set quarantined_at = null where id = any(${uuidArray(members)}) and quarantined_at is not null`);
}

async function ensureMembers(
  tx: TenantTx,
  batchId: string,
  records: readonly CanonicalRecord[],
): Promise<ReadonlyMap<string, string>> {
  const firstSource = new Map<string, CanonicalRecord['source']>();
  for (const record of records) {
    if (!firstSource.has(record.memberId)) firstSource.set(record.memberId, record.source);
  }
  const keys = new Map<string, string>();
  const read = async (externalIds: readonly string[]) => {
    const found = await rowsOf<{ id: string; external_id: string }>(
      tx,
      sql`select id, external_id from members where external_id = any(${textArray(externalIds)})`,
    );
    for (const row of found) keys.set(row.external_id, row.id);
  };
  await read([...firstSource.keys()]);
  const missing = [...firstSource].filter(([externalId]) => !keys.has(externalId));
  if (missing.length > 0) {
    const rows = missing.map(([external_id, source]) => ({
      external_id,
      file: source.file,
      row: source.row,
    }));
    await tx.execute(sql`
      insert into members (external_id, batch_id, source_file, source_row)
      select r.external_id, ${batchId}::uuid, r.file, r.row
      from jsonb_to_recordset(${json(rows)}) as r(external_id text, file text, row integer)
      order by r.external_id on conflict (tenant_id, external_id) do nothing`);
    await read(missing.map(([externalId]) => externalId));
  }
  return keys;
}

async function updateMembers(tx: TenantTx, batchId: string, records: readonly CanonicalRecord[]) {
  const merged = new Map<string, MemberRecord>();
  for (const record of records) {
    if (record.kind !== 'member') continue;
    const before = merged.get(record.memberId);
    merged.set(record.memberId, {
      ...record,
      birthDate: record.birthDate ?? before?.birthDate ?? null,
      sex: record.sex ?? before?.sex ?? null,
      deathDate: record.deathDate ?? before?.deathDate ?? null,
      pcpNpi: record.pcpNpi ?? before?.pcpNpi ?? null,
    });
  }
  if (merged.size === 0) return { changed: 0, members: [] };
  const rows = [...merged.values()].map((record) => ({
    external_id: record.memberId,
    birth_date: record.birthDate,
    sex: record.sex,
    death_date: record.deathDate,
    pcp_npi: record.pcpNpi,
    file: record.source.file,
    row: record.source.row,
  }));
  const changed = await rowsOf<{ id: string }>(
    tx,
    sql`
    update members m set
      birth_date = coalesce(r.birth_date, m.birth_date), sex = coalesce(r.sex, m.sex),
      death_date = coalesce(r.death_date, m.death_date), pcp_npi = coalesce(r.pcp_npi, m.pcp_npi),
      batch_id = ${batchId}::uuid, source_file = r.file, source_row = r.row
    from jsonb_to_recordset(${json(rows)})
      as r(external_id text, birth_date date, sex text, death_date date, pcp_npi text, file text, row integer)
    where m.external_id = r.external_id
      and (m.birth_date, m.sex, m.death_date, m.pcp_npi) is distinct from
        (coalesce(r.birth_date, m.birth_date), coalesce(r.sex, m.sex),
         coalesce(r.death_date, m.death_date), coalesce(r.pcp_npi, m.pcp_npi))
    returning m.id`,
  );
  return { changed: changed.length, members: changed.map((row) => row.id) };
}

type RowsByTable = ReadonlyMap<RecordTable, ReadonlyMap<string, StoredRow>>;

function rowsByTable(
  records: readonly CanonicalRecord[],
  memberKeys: ReadonlyMap<string, string>,
): RowsByTable {
  const tables = new Map<RecordTable, Map<string, StoredRow>>();
  for (const record of records) {
    if (record.kind === 'member') continue;
    const { table, row } = rowOfRecord(record);
    const member = keyOf(memberKeys, record.memberId);
    const rows = tables.get(table) ?? new Map<string, StoredRow>();
    tables.set(table, rows);
    const key = JSON.stringify([member, ...Object.keys(table.key).map((name) => row[name])]);
    const before = rows.get(key);
    const kept = Object.fromEntries(
      [...table.keepsStored].map((name) => [name, row[name] ?? before?.[name] ?? null]),
    );
    rows.set(key, {
      ...row,
      ...kept,
      member_id: member,
      source_file: record.source.file,
      source_row: record.source.row,
    });
  }
  return tables;
}

function keyOf(memberKeys: ReadonlyMap<string, string>, externalId: string): string {
  const key = memberKeys.get(externalId);
  if (key === undefined) throw new Error('a member was neither found nor made');
  return key;
}

interface EncounterKey {
  readonly member_id: string;
  readonly encounter_id: string;
}

function completeEncounters(
  records: readonly CanonicalRecord[],
  memberKeys: ReadonlyMap<string, string>,
): readonly EncounterKey[] {
  return records
    .filter((record): record is EncounterRecord => record.kind === 'encounter' && record.complete)
    .map((record) => ({
      member_id: keyOf(memberKeys, record.memberId),
      encounter_id: record.encounter.encounterId,
    }));
}

async function removeReplacedChildren(
  tx: TenantTx,
  batchId: string,
  encounters: readonly EncounterKey[],
  rows: RowsByTable,
) {
  if (encounters.length === 0) return { changed: 0, members: [] };
  const kept = (table: RecordTable) =>
    json(
      [...(rows.get(table)?.values() ?? [])].map((row) => ({
        m: row.member_id,
        e: row.encounter_id,
        k: row.code ?? row.line_number,
      })),
    );
  const complete = sql`jsonb_to_recordset(${json(encounters)}) as c(member_id uuid, encounter_id text)`;
  const removed = await rowsOf<{ member_id: string }>(
    tx,
    sql`
    with codes as (
      delete from diagnoses d using ${complete}
      where d.member_id = c.member_id and d.encounter_id = c.encounter_id and d.batch_id <> ${batchId}::uuid
        and not exists (select from jsonb_to_recordset(${kept(DIAGNOSES)}) as k(m uuid, e text, k text)
                        where k.m = d.member_id and k.e = d.encounter_id and k.k = d.code)
      returning d.member_id
    ), lines as (
      delete from service_lines l using ${complete}
      where l.member_id = c.member_id and l.encounter_id = c.encounter_id and l.batch_id <> ${batchId}::uuid
        and not exists (select from jsonb_to_recordset(${kept(SERVICE_LINES)}) as k(m uuid, e text, k integer)
                        where k.m = l.member_id and k.e = l.encounter_id and k.k = l.line_number)
      returning l.member_id
    )
    select member_id from codes union all select member_id from lines`,
  );
  return { changed: removed.length, members: removed.map((row) => row.member_id) };
}
