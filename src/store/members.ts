import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { json, rowOf, rowsOf, textArray, uuidArray } from './rows.ts';

export { mergeMembers, unmergeMember } from './member-links.ts';

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

/**
 * Which of these ids have a member with demographics, as the plan's id or as one member's alias: what `knownMembers`
 * of the intake asks. A member merged into another is as known as that one.
 */
export async function knownMembers(tx: TenantTx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select m.external_id as id from members m left join members root on root.id = m.merged_into
        where m.external_id = any(${textArray(ids)}) and coalesce(m.birth_date, root.birth_date) is not null
        union
        select a.alias from member_aliases a join members m on m.id = a.member_id
          left join members root on root.id = m.merged_into
        where a.alias = any(${textArray(ids)}) group by a.alias
        having count(distinct coalesce(root.id, m.id)) = 1
          and bool_or(coalesce(m.birth_date, root.birth_date) is not null)`,
  );
  return new Set(rows.map((row) => row.id));
}

/** Which of these encounters, as member id TAB encounter id, are stored: what `knownEncounters` asks. */
export async function knownEncounters(tx: TenantTx, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const pairs = keys.map((key) => {
    const tab = key.indexOf('\t');
    return { m: key.slice(0, tab), e: key.slice(tab + 1) };
  });
  const rows = await rowsOf<{ m: string; e: string }>(
    tx,
    sql`with asked as (select r.m, r.e from jsonb_to_recordset(${json(pairs)}) as r(m text, e text)),
        named as (
          select a.m, a.e, m.id, m.merged_into from asked a join members m on m.external_id = a.m
          union
          select a.m, a.e, m.id, m.merged_into from asked a join member_aliases l on l.alias = a.m
            join members m on m.id = l.member_id
        )
        select distinct n.m, n.e from named n
        join encounters on encounters.member_id in (n.id, n.merged_into) and encounters.encounter_id = n.e`,
  );
  return new Set(rows.map((row) => `${row.m}\t${row.e}`));
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
    sql`select m.* from unnest(${uuidArray(memberKeys)}) as k(id) cross join lateral (
          select id as "memberKey", pcp_npi as "pcpNpi", merged_into as "mergedInto",
            merged_into is null and quarantined_at is null and (birth_date is not null and sex is not null
              or exists (select from members o where o.merged_into = members.id and o.birth_date is not null))
              as "isAnalysable"
          from members where members.id = k.id limit 1) m`,
  );
  return new Map(rows.map((row) => [row.memberKey, row]));
}
