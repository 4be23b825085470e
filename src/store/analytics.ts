import { type SQL, sql } from 'drizzle-orm';
import type { GapDirection } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import type { WorkflowStatus } from './gaps.ts';
import { rowsOf, textArray } from './rows.ts';

/** Which members and scores a report is about. */
export interface Population {
  readonly paymentYear: number;
  readonly contracts: readonly string[] | null;
}
export const DIMENSIONS = ['none', 'contract', 'provider', 'segment', 'model'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

function dimension(by: Dimension): SQL {
  switch (by) {
    case 'none':
      return sql`'all'`;
    case 'contract':
      return sql`coalesce(s.contract_id, '')`;
    case 'provider':
      return sql`coalesce(m.pcp_npi, '')`;
    case 'segment':
      return sql`s.segment`;
    case 'model':
      return sql`s.model`;
  }
}

/** Whole scores of the population, one a member and model, each with its member. */
function scored({ paymentYear, contracts }: Population): SQL {
  const only = contracts === null ? sql`true` : sql`s.contract_id = any(${textArray(contracts)})`;
  return sql`raf_scores s join members m on m.id = s.member_id
    where s.payment_year = ${paymentYear} and not s.part and ${only}`;
}

export interface RafDistribution {
  readonly group: string;
  readonly members: number;
  readonly meanRaw: number;
  readonly meanPayment: number | null;
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly meanRawIfClosed: number;
  readonly meanPaymentIfClosed: number | null;
}

/** Scores by contract, provider (PCP), segment or model, in the order of the groups' names. */
export function rafDistribution(
  tx: TenantTx,
  population: Population,
  by: Dimension,
): Promise<readonly RafDistribution[]> {
  const mean = (column: string) => sql`round(avg(s.${sql.identifier(column)})::numeric, 3)::float8`;
  const percentile = (share: number) =>
    sql`round((percentile_cont(${share}) within group (order by s.raw_current))::numeric, 3)::float8`;
  return rowsOf<RafDistribution>(
    tx,
    sql`select ${dimension(by)} as "group", count(*)::int as members, ${mean('raw_current')} as "meanRaw",
          ${mean('payment_current')} as "meanPayment", ${percentile(0.1)} as p10, ${percentile(0.5)} as p50,
          ${percentile(0.9)} as p90, ${mean('raw_if_closed')} as "meanRawIfClosed",
          ${mean('payment_if_closed')} as "meanPaymentIfClosed"
        from ${scored(population)} group by 1 order by 1`,
  );
}

export interface RafTrendPoint {
  readonly month: string;
  readonly members: number;
  readonly meanRaw: number;
  readonly meanPayment: number | null;
}

/** Mean score at each month's end, of every member scored by then: the latest score counts. */
export function rafTrend(tx: TenantTx, population: Population): Promise<readonly RafTrendPoint[]> {
  return rowsOf<RafTrendPoint>(
    tx,
    sql`with points as (
          select h.member_id, h.as_of, h.created_at, h.raw_current, h.payment_current from raf_score_history h
          where h.payment_year = ${population.paymentYear} and not h.part
            and exists (select from ${scored(population)} and s.member_id = h.member_id)
        ), months as (
          select generate_series(date_trunc('month', min(as_of)), date_trunc('month', max(as_of)), '1 month') as month
          from points
        ), latest as (
          select distinct on (months.month, points.member_id) months.month, points.raw_current, points.payment_current
          from months join points on points.as_of < months.month + interval '1 month'
          order by months.month, points.member_id, points.as_of desc, points.created_at desc
        )
        select to_char(month, 'YYYY-MM') as month, count(*)::int as members,
          round(avg(raw_current)::numeric, 3)::float8 as "meanRaw",
          round(avg(payment_current)::numeric, 3)::float8 as "meanPayment"
        from latest group by latest.month order by latest.month`,
  );
}

export interface HccPrevalence {
  readonly model: string;
  readonly hcc: string;
  readonly members: number;
  readonly scored: number;
  /** The same of the payment year before; null when nobody was scored then. */
  readonly membersBefore: number | null;
  readonly scoredBefore: number | null;
}

/** Members with each HCC, beside the year before: the plan's own reference. */
export function hccPrevalence(tx: TenantTx, population: Population): Promise<readonly HccPrevalence[]> {
  const counted = (of: Population) => sql`
    select t.model, h.hcc, count(*)::int as members, t.total::int as total from (
      select s.member_id, s.model, s.hccs, count(*) over (partition by s.model) as total from ${scored(of)}
    ) t cross join lateral unnest(t.hccs) as h(hcc) group by t.model, h.hcc, t.total`;
  const before = { ...population, paymentYear: population.paymentYear - 1 };
  return rowsOf<HccPrevalence>(
    tx,
    sql`with now as (${counted(population)}), past as (${counted(before)})
        select now.model, now.hcc, now.members, now.total as scored, past.members as "membersBefore",
          coalesce(past.total, (select max(p.total) from past p where p.model = now.model)) as "scoredBefore"
        from now left join past using (model, hcc) order by now.model, now.members desc, now.hcc`,
  );
}

export interface Driver {
  readonly model: string;
  readonly hcc: string;
  readonly label: string;
  readonly direction: GapDirection;
  readonly gaps: number;
  readonly members: number;
  readonly standalone: number;
  readonly payment: number;
}

function gapsOf({ paymentYear, contracts }: Population): SQL {
  const only = contracts === null ? sql`true` : sql`g.contract_id = any(${textArray(contracts)})`;
  return sql`gaps g where g.payment_year = ${paymentYear} and ${only}`;
}

/** HCCs whose open gaps move most, adds and deletes by the same measure: the absolute sum. */
export function topDrivers(tx: TenantTx, population: Population, limit: number): Promise<readonly Driver[]> {
  return rowsOf<Driver>(
    tx,
    sql`select g.model, g.hcc, max(g.detail ->> 'hccLabel') as label, g.direction, count(*)::int as gaps,
          count(distinct g.member_id)::int as members,
          round(coalesce(sum(g.impact_standalone), 0)::numeric, 3)::float8 as standalone,
          round(coalesce(sum(g.impact_payment), 0)::numeric, 3)::float8 as payment
        from ${gapsOf(population)} and g.workflow_status in ('open', 'in_review', 'queried')
        group by g.model, g.hcc, g.direction
        order by abs(coalesce(sum(g.impact_standalone), 0)) desc, g.model, g.hcc, g.direction limit ${limit}`,
  );
}

export interface DirectionState {
  readonly direction: GapDirection;
  readonly workflowStatus: WorkflowStatus;
  readonly reason: string | null;
  readonly gaps: number;
  readonly standalone: number;
}

/** Gaps of every state by direction and reason. */
export function directionStates(tx: TenantTx, population: Population): Promise<readonly DirectionState[]> {
  return rowsOf<DirectionState>(
    tx,
    sql`select g.direction, g.workflow_status as "workflowStatus", g.workflow_reason as reason, count(*)::int as gaps,
          round(coalesce(sum(g.impact_standalone), 0)::numeric, 3)::float8 as standalone
        from ${gapsOf(population)} group by 1, 2, 3 order by 1, 2, 3`,
  );
}

export interface SubmissionCount {
  readonly action: 'add' | 'delete';
  readonly status: string;
  readonly count: number;
}

/** Submissions for the payment year that their services feed, by action and status. */
export function submissionCounts(tx: TenantTx, population: Population): Promise<readonly SubmissionCount[]> {
  const dosYear = population.paymentYear - 1;
  return rowsOf<SubmissionCount>(
    tx,
    sql`select s.action, s.status, count(*)::int as count from submissions s
        where s.dos between make_date(${dosYear}, 1, 1) and make_date(${dosYear}, 12, 31)
        group by 1, 2 order by 1, 2`,
  );
}

export interface HccYears {
  readonly model: string;
  readonly segment: string;
  readonly before: readonly string[];
  readonly now: readonly string[];
  readonly members: number;
}

/** Members scored by one model in two consecutive payment years, grouped by what they had and have. */
export function hccYears(tx: TenantTx, population: Population): Promise<readonly HccYears[]> {
  return rowsOf<HccYears>(
    tx,
    sql`select s.model, s.segment, past.hccs as before, s.hccs as now, count(*)::int as members
        from raf_scores past, ${scored(population)} and s.model like 'cms-hcc-%' and s.segment not like '%NE'
          and past.member_id = s.member_id and past.model = s.model and past.payment_year = s.payment_year - 1
          and not past.part
        group by s.model, s.segment, past.hccs, s.hccs order by 1, 2, 3, 4`,
  );
}

/** Recapture gaps that people closed clinically: resolved, never had, assessed and not present. */
export async function clinicallyClosed(tx: TenantTx, population: Population): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(
    tx,
    sql`select count(*)::int as count from ${gapsOf(population)} and g.kind = 'recapture'
          and g.workflow_status = 'dismissed' and g.workflow_reason in ('resolved', 'never_had', 'assess_not_present')`,
  );
  return row?.count ?? 0;
}
