import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { unpackPart } from './priority-parts.ts';
import { rowsOf, textArray, uuidArray } from './rows.ts';
import { unpackScores } from './score-packing.ts';

type Row = Readonly<Record<string, unknown>>;

/** What is on record about one HCC of one member for one payment year, table by table, as stored. */
export interface PacketRows {
  readonly gaps: readonly Row[];
  readonly evidence: readonly Row[];
  readonly events: readonly Row[];
  readonly queries: readonly Row[];
  /** Every step of the submissions, queries and second reviews, as the database noted it. */
  readonly steps: readonly Row[];
  readonly reminders: readonly Row[];
  readonly submissions: readonly Row[];
  readonly secondReviews: readonly Row[];
  readonly marks: readonly Row[];
  readonly scores: readonly Row[];
}

/** Rows of a table as JSON objects without the tenant, in a stable order. */
async function rowsAsJson(tx: TenantTx, table: string, where: SQL, order: SQL): Promise<readonly Row[]> {
  const rows = await rowsOf<{ row: Row }>(
    tx,
    sql`select to_jsonb(t) - 'tenant_id' as row from ${sql.identifier(table)} t where ${where} order by ${order}`,
  );
  return rows.map(({ row }) => row);
}

export async function packetRows(
  tx: TenantTx,
  about: { readonly memberKey: string; readonly hcc: string; readonly paymentYear: number },
): Promise<PacketRows> {
  const { memberKey, hcc, paymentYear } = about;
  const member = sql`t.member_id = ${memberKey}::uuid`;
  const stored = await rowsAsJson(
    tx,
    'gaps',
    sql`${member} and t.hcc = ${hcc} and t.payment_year = ${paymentYear}`,
    sql`t.gap_id`,
  );
  const ids = textArray(stored.map(({ gap_id: id }) => String(id)));
  const ofGaps = sql`t.gap_id = any(${ids})`;
  const year = sql`make_date(${paymentYear - 1}, 1, 1) and make_date(${paymentYear - 1}, 12, 31)`;
  return {
    gaps: stored.map((row) => ({
      ...row,
      // Written by writeGaps and by nobody else.
      priority_parts: (row.priority_parts as Parameters<typeof unpackPart>[0][]).map(unpackPart),
    })),
    evidence: await rowsAsJson(tx, 'gap_evidence', ofGaps, sql`t.gap_id, t.evidence_key`),
    events: await rowsAsJson(tx, 'gap_events', ofGaps, sql`t.id`),
    queries: await rowsAsJson(tx, 'queries', ofGaps, sql`t.created_at, t.id`),
    reminders: await rowsAsJson(
      tx,
      'query_reminders',
      sql`t.query_id in (select q.id from queries q where q.gap_id = any(${ids}))`,
      sql`t.at, t.id`,
    ),
    submissions: await rowsAsJson(tx, 'submissions', ofGaps, sql`t.created_at, t.id`),
    secondReviews: await rowsAsJson(tx, 'second_reviews', ofGaps, sql`t.decided_at, t.id`),
    steps: await rowsAsJson(tx, 'workflow_steps', ofGaps, sql`t.id`),
    marks: await rowsAsJson(
      tx,
      'review_marks',
      sql`${member} and t.hcc = ${hcc} and exists (select from encounters e where e.member_id = t.member_id
        and e.encounter_id = t.encounter_id and e.to_date between ${year})`,
      sql`t.at, t.id`,
    ),
    scores: unpackedScores(
      await rowsAsJson(
        tx,
        'raf_scores',
        sql`${member} and t.payment_year = ${paymentYear}`,
        sql`t.part, t.model`,
      ),
    ),
  };
}

/** Score results with every field named, for who reads the packet without this program. */
function unpackedScores(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) => {
    // Written by saveRafScores and by nobody else.
    const detail = row.detail as Parameters<typeof unpackScores>[0] | null;
    return detail === null ? row : { ...row, detail: unpackScores(detail) };
  });
}

/**
 * An enrollee sample in the manner of RADV: of the members who have at least one captured HCC for the payment year,
 * those whose SHA-256 of `seed member-key` is lowest. Whoever has the seed and the keys can draw it again.
 */
export async function sampleEnrollees(
  tx: TenantTx,
  draw: {
    readonly paymentYear: number;
    readonly seed: string;
    readonly size: number;
    readonly contracts: readonly string[] | null;
  },
): Promise<{
  readonly population: number;
  readonly members: readonly { readonly memberKey: string; readonly hccs: readonly string[] }[];
}> {
  const only = draw.contracts === null ? sql`true` : sql`s.contract_id = any(${textArray(draw.contracts)})`;
  const enrolled = sql`select s.member_id, array_agg(distinct h.hcc order by h.hcc) as hccs
    from raf_scores s cross join lateral unnest(s.hccs) as h(hcc)
    where s.payment_year = ${draw.paymentYear} and not s.part and ${only} group by s.member_id`;
  const [total] = await rowsOf<{ count: number }>(
    tx,
    sql`select count(*)::int as count from (${enrolled}) population`,
  );
  const members = await rowsOf<{ memberKey: string; hccs: readonly string[] }>(
    tx,
    sql`select p.member_id as "memberKey", p.hccs from (${enrolled}) p
        order by sha256(convert_to(${draw.seed} || ' ' || p.member_id::text, 'UTF8')) limit ${draw.size}`,
  );
  return { population: total?.count ?? 0, members };
}

/** Contracts that members are scored under, to hold a caller to its own. */
export async function contractsOf(tx: TenantTx, memberKeys: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ contract: string }>(
    tx,
    sql`select distinct coalesce(contract_id, '') as contract from raf_scores
        where member_id = any(${uuidArray(memberKeys)})`,
  );
  return new Set(rows.map(({ contract }) => contract));
}
