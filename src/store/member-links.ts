import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { rowOf, rowsOf } from './rows.ts';

/** A staged row that names a member who is not known, or cannot be told from another, or a link in a circle. */
export interface UnresolvedRow {
  readonly file: string;
  readonly row: number;
  readonly value: string;
  readonly reason: 'unknown_member' | 'member_ambiguous' | 'link_circular';
}

/** A member who stands for another person than before, or for himself again. */
export interface MergeChange {
  readonly memberKey: string;
  readonly mergedInto: string | null;
}

/** Provenance of a link that a person made and no file. */
const BY_HAND = '00000000-0000-0000-0000-000000000000';

/**
 * Says that `from` and `into` are one person: `from`'s records are read as `into`'s from now on and both are to be
 * analysed again. Nothing is moved, so that {@link unmergeMember} undoes it whole. False when either is unknown,
 * `from` is linked already, or the link would close a circle.
 */
export async function mergeMembers(
  tx: TenantTx,
  merge: { readonly from: string; readonly into: string },
): Promise<boolean> {
  const made = await rowOf<{ member_id: string }>(
    tx,
    sql`insert into member_links (member_id, into_member, batch_id, source_file, source_row)
        select f.id, i.id, ${BY_HAND}::uuid, '', 0 from members f, members i
        where f.id = ${merge.from}::uuid and i.id = ${merge.into}::uuid and f.id <> i.id
        on conflict do nothing returning member_id`,
  );
  if (made === undefined) return false;
  const circular = await circularLinks(tx);
  if (circular.some((row) => row.memberKey === merge.from)) {
    await tx.execute(sql`delete from member_links where member_id = ${merge.from}::uuid`);
    return false;
  }
  await workOutMerges(tx);
  return true;
}

/** Undoes a link of this member. False when it has none. */
export async function unmergeMember(tx: TenantTx, memberKey: string): Promise<boolean> {
  const gone = await rowOf<{ member_id: string }>(
    tx,
    sql`delete from member_links where member_id = ${memberKey}::uuid returning member_id`,
  );
  if (gone === undefined) return false;
  await workOutMerges(tx);
  return true;
}

/**
 * Applies the staged rows of a crosswalk, the last one of each member, and the links that follow from aliases: a
 * member under the very number that is another one's alias (claims under the MBI, the plan's file later) is that
 * person, unless birth date or sex contradict. Members whose person changed, and both persons, are noted as touched.
 */
export async function applyLinks(
  tx: TenantTx,
  batchId: string,
  staged: { readonly links: boolean; readonly aliases: boolean },
): Promise<{ readonly refused: readonly UnresolvedRow[]; readonly changes: readonly MergeChange[] }> {
  if (staged.links) {
    await tx.execute(sql`
      create temporary table stage_last_links on commit drop as
      select distinct on (i.member_id) i.member_id, i.external_id, o.member_id as into_member, l.source_file, l.source_row
      from stage_links l join stage_ids i on i.m = l.m left join stage_ids o on o.m = l.into_m
      order by i.member_id, l.ord desc`);
    await tx.execute(sql`delete from member_links t using stage_last_links l
      where t.member_id = l.member_id and l.into_member is null`);
    await tx.execute(sql`
      insert into member_links (member_id, into_member, batch_id, source_file, source_row)
      select member_id, into_member, ${batchId}::uuid, source_file, source_row from stage_last_links
      where into_member is not null and into_member <> member_id
      on conflict (tenant_id, member_id) do update set (into_member, batch_id, source_file, source_row)
        = (excluded.into_member, excluded.batch_id, excluded.source_file, excluded.source_row)
      where member_links.into_member <> excluded.into_member`);
  }
  if (staged.aliases) {
    await tx.execute(sql`
      insert into member_links (member_id, into_member, batch_id, source_file, source_row)
      select m.id, min(p.id::text)::uuid, ${batchId}::uuid, min(a.source_file), min(a.source_row)
      from member_aliases a join members m on m.external_id = a.alias join members p on p.id = a.member_id
      where p.id <> m.id and ${batchId}::uuid in (a.batch_id, m.batch_id)
        and coalesce(m.birth_date = p.birth_date, true) and coalesce(m.sex = p.sex, true)
      group by m.id having count(distinct coalesce(p.merged_into, p.id)) = 1
      on conflict do nothing`);
  }
  const circular = await circularLinks(tx);
  const refused: UnresolvedRow[] = [];
  for (const { memberKey, externalId, linkBatch, file, row } of circular) {
    if (linkBatch !== batchId) continue;
    await tx.execute(sql`delete from member_links where member_id = ${memberKey}::uuid`);
    refused.push({ file, row, value: externalId, reason: 'link_circular' });
  }
  const changes = await workOutMerges(tx);
  if (changes.length > 0) {
    const people = changes.flatMap(({ memberKey, mergedInto, before }) => [memberKey, mergedInto, before]);
    await tx.execute(sql`insert into stage_touched
      select distinct p from unnest(${sql.param(people.filter((key) => key !== null))}::uuid[]) p`);
  }
  return { refused, changes };
}

const WALK = sql`
  with recursive walk as (
    select l.member_id as start, l.into_member as node, array[l.member_id] as path from member_links l
    union all
    select w.start, l.into_member, w.path || l.member_id from walk w join member_links l on l.member_id = w.node
    where not l.member_id = any(w.path)
  )`;

function circularLinks(tx: TenantTx): Promise<
  readonly {
    readonly memberKey: string;
    readonly externalId: string;
    readonly linkBatch: string;
    readonly file: string;
    readonly row: number;
  }[]
> {
  return rowsOf(
    tx,
    sql`${WALK}
      select l.member_id as "memberKey", m.external_id as "externalId", l.batch_id as "linkBatch",
        l.source_file as file, l.source_row as row
      from member_links l join members m on m.id = l.member_id
      where exists (select from walk w where w.start = l.member_id and w.node = l.member_id)`,
  );
}

/** Sets `members.merged_into` to the person at the end of each member's links; returns what changed. */
function workOutMerges(tx: TenantTx): Promise<readonly (MergeChange & { readonly before: string | null })[]> {
  return rowsOf(
    tx,
    sql`${WALK}, roots as (
        select w.start, w.node from walk w where not exists (select from member_links l where l.member_id = w.node)
      ), wanted as (
        select m.id, m.merged_into as before, r.node as root from members m left join roots r on r.start = m.id
        where m.merged_into is not null or r.node is not null
      )
      update members m set merged_into = w.root from wanted w
      where w.id = m.id and m.merged_into is distinct from w.root
      returning m.id as "memberKey", w.root as "mergedInto", w.before as before`,
  );
}
