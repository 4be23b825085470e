import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import type { RafParts } from './raf-parts.ts';
import { rowsOf, textArray } from './rows.ts';

/** Which members and scores a report is about. */
export interface Population {
  readonly paymentYear: number;
  readonly contracts: readonly string[] | null;
}

export const DIMENSIONS = ['none', 'contract', 'plan', 'provider', 'segment', 'model'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

function dimension(by: Dimension): SQL {
  switch (by) {
    case 'none':
      return sql`'all'`;
    case 'contract':
      return sql`coalesce(s.contract_id, '')`;
    case 'plan':
      return sql`coalesce(s.contract_id, '') || '-' || coalesce(s.plan_id, '')`;
    case 'provider':
      return sql`coalesce(m.pcp_npi, '')`;
    case 'segment':
      return sql`s.segment`;
    case 'model':
      return sql`s.model`;
  }
}

/** Condition of the whole scores (no parts of a blend) of a population; `s` is raf_scores. */
function whole({ paymentYear, contracts }: Population): SQL {
  const only = contracts === null ? sql`true` : sql`s.contract_id = any(${textArray(contracts)})`;
  return sql`s.payment_year = ${paymentYear} and not s.part and ${only}`;
}

/** Whole scores of the population, one a member and model, each with its member. */
export function scored(population: Population): SQL {
  return sql`raf_scores s join members m on m.id = s.member_id where ${whole(population)}`;
}

export interface RafDistribution extends RafParts {
  readonly group: string;
  readonly members: number;
  readonly meanRaw: number;
  /** null when nobody of the group has a payment score. */
  readonly meanPayment: number | null;
  /** Members who have one: what the mean is over. */
  readonly paid: number;
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly meanRawIfClosed: number;
  readonly meanPaymentIfClosed: number | null;
}

const mean = (column: SQL): SQL => sql`round(avg(${column})::numeric, 3)::float8`;
const meanOr0 = (column: SQL): SQL => sql`round(coalesce(avg(${column}), 0)::numeric, 3)::float8`;

/**
 * Scores by contract, plan, provider (PCP), segment or model, in the order of the groups' names. The means of the parts
 * (demographic, disease, interactions, payment HCC count) add up to the mean raw score but for their rounding.
 */
export function rafDistribution(
  tx: TenantTx,
  population: Population,
  by: Dimension,
): Promise<readonly RafDistribution[]> {
  const percentile = (share: number) =>
    sql`round((percentile_cont(${share}) within group (order by raw_current))::numeric, 3)::float8`;
  // A packed factor is a list, one that an older version stored whole an object.
  const part = (kind: string) =>
    sql`coalesce(sum(coalesce(f ->> 'value', f ->> 2)::numeric) filter (where coalesce(f ->> 'kind', f ->> 1) = ${kind}), 0)`;
  return rowsOf<RafDistribution>(
    tx,
    sql`with scores as (
          select ${dimension(by)} as "group", s.raw_current, s.payment_current, s.raw_if_closed, s.payment_if_closed,
            parts.*
          from raf_scores s join members m on m.id = s.member_id left join lateral (
            select ${part('demographic')} as demographic, ${part('hcc')} as hcc,
              ${part('interaction')} as interaction, ${part('count')} as count
            from jsonb_array_elements(s.detail -> 'current' -> 'factors') f
          ) parts on true
          where ${whole(population)}
        )
        select "group", count(*)::int as members, ${mean(sql`raw_current`)} as "meanRaw",
          ${mean(sql`payment_current`)} as "meanPayment", count(payment_current)::int as paid,
          ${meanOr0(sql`demographic`)} as demographic, ${meanOr0(sql`hcc`)} as hcc,
          ${meanOr0(sql`interaction`)} as interaction, ${meanOr0(sql`count`)} as count,
          ${meanOr0(sql`raw_current::numeric - demographic - hcc - interaction - count`)} as other,
          ${percentile(0.1)} as p10, ${percentile(0.5)} as p50, ${percentile(0.9)} as p90,
          ${mean(sql`raw_if_closed`)} as "meanRawIfClosed", ${mean(sql`payment_if_closed`)} as "meanPaymentIfClosed"
        from scores group by 1 order by 1`,
  );
}

export const COHORTS = ['all', 'same'] as const;
export type Cohort = (typeof COHORTS)[number];

export interface RafTrendPoint {
  readonly group: string;
  readonly month: string;
  readonly members: number;
  readonly meanRaw: number;
  readonly meanPayment: number | null;
  readonly paid: number;
  /** Means of the parts; null in a month of which a member's parts were not kept. */
  readonly demographic: number | null;
  readonly hcc: number | null;
  readonly interaction: number | null;
  readonly count: number | null;
  readonly other: number | null;
}

/**
 * Mean score at each month's end by group, on the factor set of the payment year: of every member scored by then, or
 * (`same`) only of those scored by the end of the first month. The latest score counts; groups are those of today.
 */
export function rafTrend(
  tx: TenantTx,
  population: Population,
  { by, cohort }: { readonly by: Dimension; readonly cohort: Cohort },
): Promise<readonly RafTrendPoint[]> {
  const part = (name: string) =>
    sql`case when bool_and(parts is not null) then ${mean(sql`(parts ->> ${name}::text)::numeric`)} end`;
  const only =
    cohort === 'all' ? sql`true` : sql`first_of < (select min(month) + interval '1 month' from months)`;
  return rowsOf<RafTrendPoint>(
    tx,
    sql`with points as (
          select h.member_id, ${dimension(by)} as "group", h.as_of, h.created_at, h.raw_current, h.payment_current,
            h.parts, min(h.as_of) over (partition by h.member_id) as first_of
          from raf_score_history h join raf_scores s on s.member_id = h.member_id and s.payment_year = h.payment_year
            and not s.part join members m on m.id = s.member_id
          where not h.part and ${whole(population)}
        ), months as (
          select generate_series(date_trunc('month', min(as_of)), date_trunc('month', max(as_of)), '1 month') as month
          from points
        ), latest as (
          select distinct on (months.month, points.member_id) months.month, points.*
          from months join points on points.as_of < months.month + interval '1 month'
          where ${only}
          order by months.month, points.member_id, points.as_of desc, points.created_at desc
        )
        select "group", to_char(month, 'YYYY-MM') as month, count(*)::int as members, ${mean(sql`raw_current`)} as "meanRaw",
          ${mean(sql`payment_current`)} as "meanPayment", count(payment_current)::int as paid,
          ${part('demographic')} as demographic, ${part('hcc')} as hcc, ${part('interaction')} as interaction,
          ${part('count')} as count, ${part('other')} as other
        from latest group by "group", latest.month order by "group", latest.month`,
  );
}

/** Members of one stratum: age band, sex and segment in one model; with `hcc`, those who have it. */
export interface StratumCount {
  readonly model: string;
  readonly segment: string;
  readonly sex: string;
  readonly ageBand: string;
  /** null: all members of the stratum. */
  readonly hcc: string | null;
  readonly members: number;
}

/** A population less the members of some contracts. */
export interface ReferencePopulation extends Population {
  /** Left out: a peer group does not hold those compared with it. */
  readonly without: readonly string[];
}

/**
 * Members with each HCC, and all members, by model, segment, sex and age band (on 1 February of the payment year; the
 * bands of the models' age and sex cells for continuing enrollees).
 */
export function stratumCounts(tx: TenantTx, of: ReferencePopulation): Promise<readonly StratumCount[]> {
  const peers =
    of.without.length === 0 ? sql`true` : sql`coalesce(s.contract_id, '') <> all(${textArray(of.without)})`;
  return rowsOf<StratumCount>(
    tx,
    sql`with person as (
          select s.model, s.segment, m.sex, s.hccs,
            (array['0_34','35_44','45_54','55_59','60_64','65_69','70_74','75_79','80_84','85_89','90_94','95_GT'])[1 +
              width_bucket(extract(year from age(make_date(s.payment_year, 2, 1), m.birth_date))::float8,
                array[35, 45, 55, 60, 65, 70, 75, 80, 85, 90, 95]::float8[])] as "ageBand"
          from ${scored(of)} and ${peers} and m.sex is not null and m.birth_date is not null
        )
        select model, segment, sex, "ageBand", null::text as hcc, count(*)::int as members
          from person group by 1, 2, 3, 4
        union all
        select model, segment, sex, "ageBand", h.hcc, count(*)::int
          from person cross join lateral unnest(hccs) as h(hcc) group by 1, 2, 3, 4, 5
        order by 1, 2, 3, 4, 5`,
  );
}
