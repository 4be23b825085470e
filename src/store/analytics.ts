import { type SQL, sql } from 'drizzle-orm';
import type { GapDirection } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import type { WorkflowStatus } from './gaps.ts';
import { type Population, scored } from './raf-analytics.ts';
import { rowsOf, textArray } from './rows.ts';

export type { Population } from './raf-analytics.ts';

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

export interface VisitOpportunity {
  /** Open recapture gaps. */
  readonly open: number;
  /** Those whose member has an appointment in the days ahead. */
  readonly withVisit: number;
}

/** Open recapture gaps, and how many of them a visit of the next `days` days could answer (KPIs, section 2). */
export async function visitOpportunity(
  tx: TenantTx,
  population: Population,
  ahead: { readonly today: string; readonly days: number },
): Promise<VisitOpportunity> {
  const visit = sql`exists (select from appointments a where a.member_id = g.member_id
    and a.date between ${ahead.today}::date and ${ahead.today}::date + ${ahead.days}::int)`;
  const [row] = await rowsOf<VisitOpportunity>(
    tx,
    sql`select count(*)::int as open, count(*) filter (where ${visit})::int as "withVisit"
        from ${gapsOf(population)} and g.kind = 'recapture' and g.workflow_status in ('open', 'in_review', 'queried')`,
  );
  return row ?? { open: 0, withVisit: 0 };
}
