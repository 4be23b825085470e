import { type SQL, sql } from 'drizzle-orm';
import type { Population } from './analytics.ts';
import type { TenantTx } from './database.ts';
import { rowOf, rowsOf, textArray, uuidArray } from './rows.ts';

const gapsOf = ({ paymentYear, contracts }: Population): SQL =>
  sql`g.payment_year = ${paymentYear} and ${contracts === null ? sql`true` : sql`g.contract_id = any(${textArray(contracts)})`}`;

export interface CoderWork {
  readonly coder: string;
  /** Gaps decided, each once. */
  readonly gaps: number;
  readonly adds: number;
  readonly refusals: number;
  readonly supported: number;
  readonly unsupported: number;
  readonly activeDays: number;
  readonly addsRight: number;
  readonly addsWrong: number;
  readonly refusalsRight: number;
  readonly refusalsWrong: number;
  readonly supportRight: number;
  readonly supportWrong: number;
  readonly waiting: number;
}

const REFUSALS = sql`('reject_not_documented', 'reject_no_meat', 'override_unspecified')`;
const SUPPORTED = sql`('mark_supported', 'mark_supported_elsewhere')`;
const SUPPORT = sql`('mark_supported', 'mark_supported_elsewhere', 'mark_unsupported')`;
const RIGHT = sql`r.state in ('agreed', 'upheld')`;
const WRONG = sql`r.state = 'overturned'`;

/** Decisions of coders and what second reviewers made of them; a decision undone by its coder is not one. */
export function coderWork(tx: TenantTx, population: Population): Promise<readonly CoderWork[]> {
  return rowsOf<CoderWork>(
    tx,
    sql`with decided as (
          select e.actor as coder, e.gap_id, e.reason, e.at from gap_events e join gaps g on g.gap_id = e.gap_id
          where ${gapsOf(population)} and e.type = 'transition' and e.role = 'coder'
            and (e.reason = 'add_supported' or e.reason in ${REFUSALS} or e.reason in ${SUPPORT})
            and not exists (select from gap_events u where u.gap_id = e.gap_id and u.reason = 'undo'
              and (u.detail ->> 'undoes')::bigint = e.id)
        ), work as (
          select coder, count(distinct gap_id)::int as gaps,
            count(*) filter (where reason = 'add_supported')::int as adds,
            count(*) filter (where reason in ${REFUSALS})::int as refusals,
            count(*) filter (where reason in ${SUPPORTED})::int as supported,
            count(*) filter (where reason = 'mark_unsupported')::int as unsupported,
            count(distinct at::date)::int as days
          from decided group by coder
        ), quality as (
          select r.coder,
            count(*) filter (where r.reason = 'add_supported' and ${RIGHT})::int as adds_right,
            count(*) filter (where r.reason = 'add_supported' and ${WRONG})::int as adds_wrong,
            count(*) filter (where r.reason in ${REFUSALS} and ${RIGHT})::int as refusals_right,
            count(*) filter (where r.reason in ${REFUSALS} and ${WRONG})::int as refusals_wrong,
            count(*) filter (where r.reason in ${SUPPORT} and ${RIGHT})::int as support_right,
            count(*) filter (where r.reason in ${SUPPORT} and ${WRONG})::int as support_wrong,
            count(*) filter (where r.state in ('waiting', 'disagreed'))::int as waiting
          from second_reviews r join gaps g on g.gap_id = r.gap_id where ${gapsOf(population)} group by r.coder
        )
        select w.coder, w.gaps, w.adds, w.refusals, w.supported, w.unsupported, w.days as "activeDays",
          coalesce(q.adds_right, 0) as "addsRight", coalesce(q.adds_wrong, 0) as "addsWrong",
          coalesce(q.refusals_right, 0) as "refusalsRight", coalesce(q.refusals_wrong, 0) as "refusalsWrong",
          coalesce(q.support_right, 0) as "supportRight", coalesce(q.support_wrong, 0) as "supportWrong",
          coalesce(q.waiting, 0) as waiting
        from work w left join quality q using (coder) order by w.coder`,
  );
}

export const QUERY_GROUPS = ['none', 'coder', 'template', 'provider'] as const;
export type QueryGroup = (typeof QUERY_GROUPS)[number];

export interface QueryVolume {
  readonly group: string;
  readonly sent: number;
  readonly answered: number;
  readonly inWindow: number;
  /** Answered with a documented condition, or yes. */
  readonly agreed: number;
  readonly disagreed: number;
  readonly undetermined: number;
  /** Unanswered past the tenant's days. */
  readonly noResponse: number;
  readonly open: number;
  readonly medianHours: number | null;
  readonly p90Hours: number | null;
  readonly reminders: number;
}

const GROUPS: Readonly<Record<QueryGroup, SQL>> = {
  none: sql`'all'`,
  coder: sql`q.created_by`,
  template: sql`coalesce(q.content ->> 'templateId', '')`,
  provider: sql`coalesce(q.provider_npi, '')`,
};

/** Queries by what became of them. */
export function queryVolume(
  tx: TenantTx,
  population: Population,
  by: { readonly group: QueryGroup; readonly answerDays: number; readonly now: string },
): Promise<readonly QueryVolume[]> {
  const answered = sql`q.status = 'answered'`;
  const kind = sql`q.answer ->> 'kind'`;
  const hours = sql`extract(epoch from q.answered_at - q.sent_at) / 3600`;
  const window = sql`make_interval(days => ${by.answerDays})`;
  const late = sql`q.sent_at < ${by.now}::timestamptz - ${window}`;
  const percentile = (share: number) =>
    sql`round((percentile_cont(${share}) within group (order by ${hours}) filter (where ${answered}))::numeric, 1)::float8`;
  return rowsOf<QueryVolume>(
    tx,
    sql`select ${GROUPS[by.group]} as "group", count(*)::int as sent,
          count(*) filter (where ${answered})::int as answered,
          count(*) filter (where ${answered} and q.answered_at <= q.sent_at + ${window})::int as "inWindow",
          count(*) filter (where ${answered} and ${kind} in ('condition', 'present', 'yes'))::int as agreed,
          count(*) filter (where ${answered} and ${kind} in
            ('resolved', 'in_remission', 'history_of', 'never_had', 'not_clinically_significant', 'no'))::int as disagreed,
          count(*) filter (where ${answered} and ${kind} in ('unable_to_determine', 'other'))::int as undetermined,
          count(*) filter (where q.status = 'sent' and ${late})::int as "noResponse",
          count(*) filter (where q.status = 'sent' and not ${late})::int as open,
          ${percentile(0.5)} as "medianHours", ${percentile(0.9)} as "p90Hours",
          coalesce(sum((select count(*) from query_reminders m where m.query_id = q.id)), 0)::int as reminders
        from queries q join gaps g on g.gap_id = q.gap_id
        where ${gapsOf(population)} and q.sent_at is not null and q.status <> 'withdrawn' group by 1 order by 1`,
  );
}

export interface BacklogRow {
  readonly list: string;
  readonly kind: string;
  readonly direction: string;
  readonly workflowStatus: string;
  readonly gaps: number;
  readonly medianDays: number;
  readonly p90Days: number;
  readonly oldestDays: number;
  readonly overdue: number;
  readonly reopened: number;
}

/** Age of what is open, in days since it was found. */
export function backlog(tx: TenantTx, population: Population, today: string): Promise<readonly BacklogRow[]> {
  const age = sql`(${today}::date - g.created_at::date)`;
  const percentile = (share: number) => sql`(percentile_disc(${share}) within group (order by ${age}))::int`;
  return rowsOf<BacklogRow>(
    tx,
    sql`select g.list, g.kind, g.direction, g.workflow_status as "workflowStatus", count(*)::int as gaps,
          ${percentile(0.5)} as "medianDays", ${percentile(0.9)} as "p90Days", max(${age})::int as "oldestDays",
          count(*) filter (where g.act_by < ${today}::date)::int as overdue,
          count(*) filter (where exists (select from gap_events e where e.gap_id = g.gap_id and e.type = 'reopened'))::int
            as reopened
        from gaps g where ${gapsOf(population)} and g.workflow_status in ('open', 'in_review', 'queried')
        group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
  );
}

export interface ReviewYield {
  readonly charts: number;
  readonly adds: number;
  readonly deletes: number;
  readonly unsupported: number;
  readonly supported: number;
  readonly notReviewed: number;
  readonly linkedAdds: number;
  /** Of released deletes: 90th percentile of days from the finding; null without one. */
  readonly deleteDaysP90: number | null;
  readonly deletesOver60Days: number;
}

/** What chart review of a service year gave, both ways. */
export async function reviewYield(tx: TenantTx, population: Population, today: string): Promise<ReviewYield> {
  const year = population.paymentYear - 1;
  const inYear = (column: SQL) =>
    sql`${column} between make_date(${year}, 1, 1) and make_date(${year}, 12, 31)`;
  const row = await rowOf<ReviewYield>(
    tx,
    sql`with marks as (
          select distinct on (m.member_id, m.encounter_id, m.model, m.hcc) m.member_id, m.encounter_id, m.mark
          from review_marks m join encounters e on e.member_id = m.member_id and e.encounter_id = m.encounter_id
          where ${inYear(sql`e.to_date`)} order by m.member_id, m.encounter_id, m.model, m.hcc, m.at desc
        ), sent as (
          select s.action, s.icn, s.status, g.identified_at, s.released_at from submissions s
          join gaps g on g.gap_id = s.gap_id
          where ${inYear(sql`s.dos`)} and ${gapsOf(population)} and s.status not in ('returned', 'rejected')
        )
        select (select count(distinct (member_id, encounter_id))::int from marks) as charts,
          (select count(*)::int from marks where mark = 'unsupported') as unsupported,
          (select count(*)::int from marks where mark = 'supported') as supported,
          (select count(*)::int from marks where mark = 'not_reviewed') as "notReviewed",
          count(*) filter (where action = 'add')::int as adds,
          count(*) filter (where action = 'delete')::int as deletes,
          count(*) filter (where action = 'add' and icn is not null)::int as "linkedAdds",
          (percentile_disc(0.9) within group (order by sent.released_at::date - sent.identified_at::date)
            filter (where action = 'delete' and sent.released_at is not null))::int as "deleteDaysP90",
          count(*) filter (where action = 'delete'
            and coalesce(sent.released_at::date, ${today}::date) - sent.identified_at::date > 60)::int as "deletesOver60Days"
        from sent`,
  );
  if (row === undefined) throw new Error('the review yield cannot be read');
  return row;
}

export interface ProviderCode {
  readonly npi: string;
  readonly specialty: string;
  readonly code: string;
  readonly members: number;
}

/** How many members each provider gave each code in a service year, on claims and chart reviews. */
export function providerCodes(tx: TenantTx, population: Population): Promise<readonly ProviderCode[]> {
  const year = population.paymentYear - 1;
  return rowsOf<ProviderCode>(
    tx,
    sql`select e.provider_npi as npi, coalesce(max(e.provider_specialty), '') as specialty, d.code,
          count(distinct d.member_id)::int as members
        from diagnoses d join encounters e on e.member_id = d.member_id and e.encounter_id = d.encounter_id
        where e.provider_npi is not null and e.source <> 'ehr' and e.claim_status <> 'void'
          and e.to_date between make_date(${year}, 1, 1) and make_date(${year}, 12, 31)
        group by e.provider_npi, d.code order by 1, 3`,
  );
}

/** Unspecified findings whose detail is on record, and those where it is not, by provider. */
export function providerFindings(
  tx: TenantTx,
  population: Population,
): Promise<readonly { readonly npi: string; readonly withDetail: number; readonly withoutDetail: number }[]> {
  return rowsOf(
    tx,
    sql`select u.provider_npi as npi, count(*) filter (where u.evidence = 'recorded')::int as "withDetail",
          count(*) filter (where u.evidence <> 'recorded')::int as "withoutDetail"
        from unspecified_findings u where u.payment_year = ${population.paymentYear} and u.provider_npi is not null
        group by u.provider_npi order by 1`,
  );
}

export interface DeidentifiedRow {
  readonly birthDate: string | null;
  readonly sex: string | null;
  readonly paymentYear: number;
  readonly model: string;
  readonly segment: string;
  readonly rawCurrent: number;
  readonly hccs: readonly string[];
}

/**
 * Scored members without identifiers, in an order that says nothing about them: by a hash under a salt of this one
 * call. The birth date is for the caller to turn into an age and drop.
 */
export function deidentifiedRows(
  tx: TenantTx,
  population: Population,
  page: { readonly salt: string; readonly limit: number },
): Promise<readonly DeidentifiedRow[]> {
  const only =
    population.contracts === null ? sql`true` : sql`s.contract_id = any(${textArray(population.contracts)})`;
  return rowsOf<DeidentifiedRow>(
    tx,
    sql`select m.birth_date::text as "birthDate", m.sex, s.payment_year as "paymentYear", s.model, s.segment,
          s.raw_current as "rawCurrent", s.hccs
        from raf_scores s join members m on m.id = s.member_id
        where s.payment_year = ${population.paymentYear} and not s.part and ${only}
        order by sha256(convert_to(${page.salt} || m.id::text, 'UTF8')) limit ${page.limit}`,
  );
}

export interface CurveMemberRow {
  readonly memberKey: string;
  readonly model: string;
  readonly segment: string;
  /** HCCs captured the year before. */
  readonly before: readonly string[];
}

/** Members of the year-to-date curve, scored by one model in both years, a page at a time by key and model. */
export function curveMembers(
  tx: TenantTx,
  population: Population,
  page: { readonly after: Pick<CurveMemberRow, 'memberKey' | 'model'> | null; readonly limit: number },
): Promise<readonly CurveMemberRow[]> {
  const only =
    population.contracts === null ? sql`true` : sql`s.contract_id = any(${textArray(population.contracts)})`;
  const { after, limit } = page;
  return rowsOf(
    tx,
    sql`select s.member_id as "memberKey", s.model, s.segment, past.hccs as before
        from raf_scores s join raf_scores past on past.member_id = s.member_id and past.model = s.model
          and past.payment_year = s.payment_year - 1 and not past.part
        where s.payment_year = ${population.paymentYear} and not s.part and ${only} and s.model like 'cms-hcc-%'
          and s.segment not like '%NE' and cardinality(past.hccs) > 0
          and ${after === null ? sql`true` : sql`(s.member_id, s.model) > (${after.memberKey}::uuid, ${after.model})`}
        order by s.member_id, s.model limit ${limit}`,
  );
}

export interface Receipt {
  readonly memberKey: string;
  readonly encounterId: string;
  readonly code: string;
  /** Day (UTC) of the batch that brought the diagnosis as it stands. */
  readonly received: string;
}

/** When the diagnoses of a service year of these members were received; those merged into them included. */
export function diagnosisReceipts(
  tx: TenantTx,
  memberKeys: readonly string[],
  dosYear: number,
): Promise<readonly Receipt[]> {
  return rowsOf<Receipt>(
    tx,
    sql`select coalesce(m.merged_into, m.id) as "memberKey", d.encounter_id as "encounterId", d.code,
          (b.created_at at time zone 'UTC')::date::text as received
        from members m join diagnoses d on d.member_id = m.id
          join encounters e on e.member_id = d.member_id and e.encounter_id = d.encounter_id
          join batches b on b.id = d.batch_id
        where (m.id = any(${uuidArray(memberKeys)}) or m.merged_into = any(${uuidArray(memberKeys)}))
          and e.to_date between make_date(${dosYear}, 1, 1) and make_date(${dosYear}, 12, 31)`,
  );
}
