import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { isoInstant, json, rowOf, rowsOf } from './rows.ts';

/** A release as listed; its files are read apart. */
export interface Release {
  readonly releaseId: string;
  /** ISA13 of its file; counts up by one for each release of the tenant. */
  readonly controlNumber: number;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly totals: Readonly<Record<string, unknown>>;
  /** Submissions of the release by what became of them. */
  readonly states: Readonly<Record<string, number>>;
}

const RELEASE = sql`r.id as "releaseId", r.control_number as "controlNumber", r.created_by as "createdBy",
  ${isoInstant(sql`r.created_at`)} as "createdAt", r.totals,
  coalesce((select jsonb_object_agg(t.status, t.count) from (
    select s.status, count(*)::int as count from submissions s where s.release_id = r.id group by s.status) t),
    '{}'::jsonb) as states`;

/** The control number of the next release. Releases of a tenant take turns until the transaction ends. */
export async function nextControlNumber(tx: TenantTx): Promise<number> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended('release ' || current_setting('app.tenant'), 0))`,
  );
  const row = await rowOf<{ next: number }>(
    tx,
    sql`select coalesce(max(control_number), 0) + 1 as next from submission_releases`,
  );
  return row?.next ?? 1;
}

/** Names the claim of the file in which each submission stands. */
export async function setClaimIds(
  tx: TenantTx,
  claims: readonly { readonly submissionId: string; readonly claimId: string }[],
): Promise<void> {
  await tx.execute(sql`update submissions s set claim_id = c."claimId"
    from jsonb_to_recordset(${json(claims)}) as c("submissionId" uuid, "claimId" text) where s.id = c."submissionId"`);
}

/** Keeps a release with its files; they are never written again. */
export async function keepRelease(
  tx: TenantTx,
  release: Pick<Release, 'releaseId' | 'controlNumber' | 'createdBy' | 'createdAt' | 'totals'> & {
    readonly csv: string;
    readonly x12: string;
  },
): Promise<void> {
  await tx.execute(sql`
    insert into submission_releases (id, control_number, created_by, created_at, totals, csv, x12)
    values (${release.releaseId}::uuid, ${release.controlNumber}, ${release.createdBy},
      ${release.createdAt}::timestamptz, ${json(release.totals)}, ${release.csv}, ${release.x12})`);
}

export function listReleases(
  tx: TenantTx,
  page: { readonly limit: number; readonly before: number | null },
): Promise<readonly Release[]> {
  return rowsOf<Release>(
    tx,
    sql`select ${RELEASE} from submission_releases r
        where ${page.before === null ? sql`true` : sql`r.control_number < ${page.before}`}
        order by r.control_number desc limit ${page.limit}`,
  );
}

/** A release's files exactly as first written. */
export function releaseFiles(
  tx: TenantTx,
  releaseId: string,
): Promise<
  { readonly csv: string; readonly x12: string; readonly memberKeys: readonly string[] } | undefined
> {
  return rowOf(
    tx,
    sql`select r.csv, r.x12, array(select distinct s.member_id::text from submissions s where s.release_id = r.id
          order by 1) as "memberKeys"
        from submission_releases r where r.id = ${releaseId}::uuid`,
  );
}

/**
 * Takes what the receiver answered into the submissions: a 277CA names the claim of our file, a MAO-004 the ICN that
 * the 277CA gave it. A rejection or a disallowed record outweighs an acceptance, and may come after it. A repeat
 * changes nothing.
 */
export async function settleReturns(
  tx: TenantTx,
): Promise<{ readonly accepted: number; readonly rejected: number }> {
  const rows = await rowsOf<{ status: string; count: number }>(
    tx,
    sql`with answers as (
          select s.id, bool_or(e.acceptance = 'rejected' or e.mao004 = 'disallowed') as rejected,
            bool_or(e.acceptance = 'accepted' or e.mao004 = 'allowed') as accepted,
            jsonb_build_object('source', 'returns', 'codes', (
              select coalesce(jsonb_agg(distinct code), '[]'::jsonb) from encounter_statuses x
              cross join lateral unnest(x.reasons) as code where x.member_id = s.member_id and x.encounter_id = s.claim_id
            ), 'icn', max(nullif(e.icn, ''))) as response
          from submissions s
          join encounter_statuses e on e.member_id = s.member_id and (e.encounter_id = s.claim_id or e.icn in (
            select x.icn from encounter_statuses x
            where x.member_id = s.member_id and x.encounter_id = s.claim_id and x.icn <> ''))
          where s.status in ('released', 'accepted') and s.claim_id is not null
          group by s.id, s.member_id, s.claim_id
        ), moved as (
          update submissions s set status = case when a.rejected then 'rejected' else 'accepted' end,
            response = a.response, version = s.version + 1
          from answers a where a.id = s.id and (a.rejected or (a.accepted and s.status = 'released'))
          returning s.status
        )
        select status, count(*)::int as count from moved group by status`,
  );
  const count = (status: string) => rows.find((row) => row.status === status)?.count ?? 0;
  return { accepted: count('accepted'), rejected: count('rejected') };
}
