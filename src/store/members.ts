import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { json, rowOf, rowsOf, textArray, uuidArray } from './rows.ts';

export interface Member {
  /** Our own opaque key. */
  readonly memberKey: string;
  /** The plan's id; for bodies only, never for paths or logs. */
  readonly externalId: string;
  readonly birthDate: string | null;
  readonly sex: 'F' | 'M' | null;
  readonly deathDate: string | null;
  readonly pcpNpi: string | null;
  readonly mergedInto: string | null;
  readonly quarantinedAt: string | null;
}

const COLUMNS = sql`id as "memberKey", external_id as "externalId", birth_date::text as "birthDate", sex,
  death_date::text as "deathDate", pcp_npi as "pcpNpi", merged_into as "mergedInto",
  quarantined_at as "quarantinedAt"`;

/** A member by our key; undefined when this tenant has none of that key. */
export function getMember(tx: TenantTx, memberKey: string): Promise<Member | undefined> {
  return rowOf<Member>(tx, sql`select ${COLUMNS} from members where id = ${memberKey}::uuid`);
}

/** Members by the plan's ids; those not known are absent. Merged members are given as they are stored. */
export function findMembersByExternalId(
  tx: TenantTx,
  externalIds: readonly string[],
): Promise<readonly Member[]> {
  return rowsOf<Member>(
    tx,
    sql`select ${COLUMNS} from members where external_id = any(${textArray(externalIds)}) order by external_id`,
  );
}

/** Our key → the plan's id, for answers that name members in bodies. */
export async function externalIdsOf(
  tx: TenantTx,
  memberKeys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await rowsOf<{ id: string; external_id: string }>(
    tx,
    sql`select id, external_id from members where id = any(${uuidArray([...new Set(memberKeys)])})`,
  );
  return new Map(rows.map((row) => [row.id, row.external_id]));
}

/** Which of these plan ids have a member with demographics: what `knownMembers` of the intake asks. */
export async function knownMembers(
  tx: TenantTx,
  externalIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ external_id: string }>(
    tx,
    sql`select external_id from members where external_id = any(${textArray(externalIds)}) and birth_date is not null`,
  );
  return new Set(rows.map((row) => row.external_id));
}

/** Which of these encounters, as plan member id TAB encounter id, are stored: what `knownEncounters` asks. */
export async function knownEncounters(tx: TenantTx, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const pairs = keys.map((key) => {
    const tab = key.indexOf('\t');
    return { m: key.slice(0, tab), e: key.slice(tab + 1) };
  });
  const rows = await rowsOf<{ m: string; e: string }>(
    tx,
    sql`select r.m, r.e from jsonb_to_recordset(${json(pairs)}) as r(m text, e text)
        join members on members.external_id = r.m
        join encounters on encounters.member_id = members.id and encounters.encounter_id = r.e`,
  );
  return new Set(rows.map((row) => `${row.m}\t${row.e}`));
}

/**
 * Says that `from` and `into` are one person: `from`'s records are read as `into`'s from now on and both are to be
 * analysed again. Nothing is moved, so that {@link unmergeMember} undoes it whole. False when either is unknown,
 * they are the same, or `into` is itself merged.
 */
export async function mergeMembers(
  tx: TenantTx,
  merge: { readonly from: string; readonly into: string },
): Promise<boolean> {
  const row = await rowOf<{ id: string }>(
    tx,
    sql`update members set merged_into = ${merge.into}::uuid
        where id = ${merge.from}::uuid and id <> ${merge.into}::uuid and merged_into is null
          and not exists (select from members other where other.merged_into = ${merge.from}::uuid)
          and exists (select from members target where target.id = ${merge.into}::uuid and target.merged_into is null)
        returning id`,
  );
  return row !== undefined;
}

/** Undoes a merge. False when the member is not merged. */
export async function unmergeMember(tx: TenantTx, memberKey: string): Promise<boolean> {
  const row = await rowOf<{ id: string }>(
    tx,
    sql`update members set merged_into = null where id = ${memberKey}::uuid and merged_into is not null returning id`,
  );
  return row !== undefined;
}

/** Tables whose rows hang on a member, with the name their record type has in a file's report. */
const MEMBER_TABLES = [
  'coverage_periods',
  'encounters',
  'service_lines',
  'diagnoses',
  'conditions',
  'observations',
  'medications',
  'procedures',
  'appointments',
  'encounter_statuses',
  'paid_raf',
] as const;

/** A stored row that names a member who never arrived. */
export interface UnknownMemberRow {
  readonly file: string;
  readonly row: number;
  readonly value: string;
}

/**
 * Ends a batch's open questions: rows that it brought for members who never got demographics are removed and
 * returned, each once, so that intake reports them as `unknown_member`. Call it after the last record.
 */
export async function rejectUnknownMembers(
  tx: TenantTx,
  batchId: string,
): Promise<readonly UnknownMemberRow[]> {
  const found = new Map<string, UnknownMemberRow>();
  for (const table of MEMBER_TABLES) {
    const rows = await rowsOf<UnknownMemberRow>(
      tx,
      sql`delete from ${sql.identifier(table)} t using members m
          where m.birth_date is null and m.id = t.member_id and t.batch_id = ${batchId}::uuid
            and exists (select from batch_members b where b.batch_id = ${batchId}::uuid and b.member_id = m.id)
          returning t.source_file as file, t.source_row as row, m.external_id as value`,
    );
    for (const row of rows) found.set(`${row.file}\n${row.row}`, row);
  }
  await tx.execute(sql`
    delete from batch_members b using members m
    where b.batch_id = ${batchId}::uuid and m.id = b.member_id and m.birth_date is null`);
  return [...found.values()].sort((a, b) => a.file.localeCompare(b.file) || a.row - b.row);
}

/** What an analysis asks about a member before it loads the history. */
export interface MemberForAnalysis {
  readonly memberKey: string;
  readonly pcpNpi: string | null;
  readonly mergedInto: string | null;
  /** It has demographics, stands for itself, and is not set aside. */
  readonly isAnalysable: boolean;
}

export async function membersForAnalysis(
  tx: TenantTx,
  memberKeys: readonly string[],
): Promise<ReadonlyMap<string, MemberForAnalysis>> {
  const rows = await rowsOf<MemberForAnalysis>(
    tx,
    sql`select id as "memberKey", pcp_npi as "pcpNpi", merged_into as "mergedInto",
          birth_date is not null and sex is not null and merged_into is null and quarantined_at is null as "isAnalysable"
        from members where id = any(${uuidArray(memberKeys)})`,
  );
  return new Map(rows.map((row) => [row.memberKey, row]));
}
