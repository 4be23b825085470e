import { type SQL, sql } from 'drizzle-orm';
import type { Confidence, GapKind, GapList, UnspecifiedFlag } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import { addGapEvents, GAP_COLUMNS, type StoredGap, WORKFLOW_STATUSES, type WorkflowStatus } from './gaps.ts';
import { rowsOf, textArray, uuidArray } from './rows.ts';

/** All conditions given must hold; an array means "one of". */
export interface WorklistFilter {
  readonly list?: GapList;
  readonly paymentYear?: number;
  readonly kinds?: readonly GapKind[];
  readonly hccs?: readonly string[];
  readonly model?: string;
  readonly confidence?: readonly Confidence[];
  readonly providerNpis?: readonly string[];
  readonly contracts?: readonly string[];
  readonly memberKeys?: readonly string[];
  /** null: nobody's. */
  readonly assignee?: string | null;
  /** To be acted on at or before this date. */
  readonly dueBy?: string;
  readonly appointmentFrom?: string;
  readonly appointmentTo?: string;
  /** Left out, as `model hcc`. */
  readonly hiddenHccs?: ReadonlySet<string>;
  /** Default: what is being worked on (open, in_review, queried). */
  readonly statuses?: readonly WorkflowStatus[];
}

export interface WorklistCursor {
  readonly priority: number;
  readonly gapId: string;
}

/** A page by priority, highest first, then by gap id; `after` is the last gap of the page before. */
export function worklistPage(
  tx: TenantTx,
  filter: WorklistFilter,
  page: { readonly limit: number; readonly after: WorklistCursor | null },
): Promise<readonly StoredGap[]> {
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from gaps g where ${conditions(filter)} and ${after(page.after)}
        order by g.priority desc nulls last, g.gap_id limit ${page.limit}`,
  );
}

/** Position in a list by a date; gaps without one come last. */
export interface DatedCursor {
  readonly date: string | null;
  readonly gapId: string;
}

/** A page by due date or next appointment, earliest first, then by gap id. Not served by an index: filter first. */
export function worklistPageByDate(
  tx: TenantTx,
  filter: WorklistFilter,
  page: {
    readonly by: 'dueBy' | 'appointment';
    readonly limit: number;
    readonly after: DatedCursor | null;
  },
): Promise<readonly StoredGap[]> {
  const column = page.by === 'dueBy' ? sql`g.act_by` : sql`g.next_appointment`;
  const place = sql`coalesce(${column}, 'infinity'::date)`;
  const later =
    page.after === null
      ? sql`true`
      : sql`(${place}, g.gap_id) > (coalesce(${page.after.date}::date, 'infinity'::date), ${page.after.gapId})`;
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from gaps g where ${conditions(filter)} and ${later}
        order by ${place}, g.gap_id limit ${page.limit}`,
  );
}

export interface WorklistCount {
  readonly kind: GapKind;
  readonly workflowStatus: WorkflowStatus;
  readonly confidence: Confidence;
  readonly count: number;
}

/** How many gaps the filter finds, by kind, status and confidence. */
export function countWorklist(tx: TenantTx, filter: WorklistFilter): Promise<readonly WorklistCount[]> {
  return rowsOf<WorklistCount>(
    tx,
    sql`select g.kind, g.workflow_status as "workflowStatus", g.confidence, count(*)::int as count from gaps g
        where ${conditions(filter)} group by 1, 2, 3 order by 1, 2, 3`,
  );
}

export interface Claim {
  readonly filter: WorklistFilter;
  readonly count: number;
  readonly assignee: string;
  readonly role: string;
  /** ISO instants: now, and when an untouched claim falls back to the list. */
  readonly at: string;
  readonly until: string;
}

/**
 * Takes the next gaps of a list for one person: open ones that are nobody's or assigned to that person, and those
 * whose claim ran out untouched. Two people who claim at once get different gaps.
 */
export async function claimGaps(tx: TenantTx, claim: Claim): Promise<readonly StoredGap[]> {
  const { statuses: _statuses, assignee: _assignee, ...filter } = claim.filter;
  const claimed = await rowsOf<StoredGap & { readonly fromStatus: WorkflowStatus }>(
    tx,
    sql`with next as materialized (
          select g.gap_id, g.workflow_status from gaps g
          where ${conditions(filter)} and g.workflow_status in ('open', 'in_review')
            and ((g.workflow_status = 'open' and (g.assignee is null or g.assignee = ${claim.assignee}))
              or (g.workflow_status = 'in_review' and g.claim_expires_at < ${claim.at}::timestamptz))
          order by g.priority desc nulls last, g.gap_id limit ${claim.count} for update of g skip locked
        )
        update gaps g set workflow_status = 'in_review', assignee = ${claim.assignee}, version = g.version + 1,
          claim_expires_at = ${claim.until}::timestamptz, updated_at = ${claim.at}::timestamptz
        from next where g.gap_id = next.gap_id
        returning ${GAP_COLUMNS}, next.workflow_status as "fromStatus"`,
  );
  await addGapEvents(
    tx,
    claimed.map((gap) => ({
      ...eventOf(gap, claim.at),
      type: 'claimed',
      fromStatus: gap.fromStatus,
      actor: claim.assignee,
      role: claim.role,
    })),
  );
  return claimed
    .map(({ fromStatus: _from, ...gap }) => gap)
    .sort((a, b) => b.priority - a.priority || (a.gapId < b.gapId ? -1 : 1));
}

/** Gives gaps that are being worked on to a person, or to nobody; the others are left alone. Returns those changed. */
export async function assignGaps(
  tx: TenantTx,
  assignment: {
    readonly gapIds: readonly string[];
    readonly assignee: string | null;
    readonly actor: string;
    readonly role: string;
    readonly at: string;
  },
): Promise<readonly StoredGap[]> {
  const changed = await rowsOf<StoredGap>(
    tx,
    sql`update gaps g set assignee = ${assignment.assignee}, claim_expires_at = null, version = g.version + 1,
          updated_at = ${assignment.at}::timestamptz
        where g.gap_id = any(${textArray(assignment.gapIds)}) and ${statusCondition(undefined)}
          and g.assignee is distinct from ${assignment.assignee}
        returning ${GAP_COLUMNS}`,
  );
  await addGapEvents(
    tx,
    changed.map((gap) => ({
      ...eventOf(gap, assignment.at),
      type: 'assigned',
      fromStatus: gap.workflowStatus,
      actor: assignment.actor,
      role: assignment.role,
      detail: { assignee: assignment.assignee },
    })),
  );
  return changed;
}

function eventOf(gap: StoredGap, at: string) {
  return {
    gapId: gap.gapId,
    memberKey: gap.memberKey,
    version: gap.version,
    toStatus: gap.workflowStatus,
    reason: null,
    detail: null,
    at,
  };
}

export interface UnspecifiedItem {
  readonly memberKey: string;
  readonly paymentYear: number;
  readonly contractId: string | null;
  readonly finding: UnspecifiedFlag;
}

export interface UnspecifiedCursor {
  readonly paymentYear: number;
  readonly code: string;
  readonly memberKey: string;
}

/** The unspecified worklist, by payment year, code and member. */
export function unspecifiedPage(
  tx: TenantTx,
  filter: {
    readonly paymentYear?: number;
    readonly providerNpis?: readonly string[];
    readonly contracts?: readonly string[];
    readonly evidence?: 'recorded' | 'none';
    readonly weight?: readonly ('zero' | 'reduced' | 'equal')[];
    readonly memberKeys?: readonly string[];
  },
  page: { readonly limit: number; readonly after: UnspecifiedCursor | null },
): Promise<readonly UnspecifiedItem[]> {
  return rowsOf<UnspecifiedItem>(
    tx,
    sql`select u.member_id as "memberKey", u.payment_year as "paymentYear", u.contract_id as "contractId",
          u.detail as finding
        from unspecified_findings u
        where ${all([
          filter.paymentYear === undefined ? null : sql`u.payment_year = ${filter.paymentYear}`,
          oneOf(sql`u.provider_npi`, filter.providerNpis),
          oneOf(sql`u.contract_id`, filter.contracts),
          oneOf(sql`u.weight`, filter.weight),
          filter.evidence === undefined ? null : sql`u.evidence = ${filter.evidence}`,
          filter.memberKeys === undefined ? null : sql`u.member_id = any(${uuidArray(filter.memberKeys)})`,
          page.after === null
            ? null
            : sql`(u.payment_year, u.code, u.member_id)
                  > (${page.after.paymentYear}, ${page.after.code}, ${page.after.memberKey}::uuid)`,
        ])}
        order by u.payment_year, u.code, u.member_id limit ${page.limit}`,
  );
}

function after(cursor: WorklistCursor | null): SQL {
  if (cursor === null) return sql`true`;
  return sql`g.priority <= ${cursor.priority} and (g.priority < ${cursor.priority} or g.gap_id > ${cursor.gapId})`;
}

/** The filter as a condition on `gaps g`. */
export function conditions(filter: WorklistFilter): SQL {
  return all([
    statusCondition(filter.statuses),
    filter.list === undefined ? null : sql`g.list = ${filter.list}`,
    filter.paymentYear === undefined ? null : sql`g.payment_year = ${filter.paymentYear}`,
    oneOf(sql`g.kind`, filter.kinds),
    oneOf(sql`g.hcc`, filter.hccs),
    filter.model === undefined ? null : sql`g.model = ${filter.model}`,
    filter.hiddenHccs === undefined
      ? null
      : sql`(g.model || ' ' || g.hcc) <> all(${textArray([...filter.hiddenHccs])})`,
    oneOf(sql`g.confidence`, filter.confidence),
    oneOf(sql`g.provider_npi`, filter.providerNpis),
    oneOf(sql`g.contract_id`, filter.contracts),
    filter.memberKeys === undefined ? null : sql`g.member_id = any(${uuidArray(filter.memberKeys)})`,
    filter.assignee === undefined
      ? null
      : filter.assignee === null
        ? sql`g.assignee is null`
        : sql`g.assignee = ${filter.assignee}`,
    filter.dueBy === undefined ? null : sql`g.act_by <= ${filter.dueBy}::date`,
    filter.appointmentFrom === undefined ? null : sql`g.next_appointment >= ${filter.appointmentFrom}::date`,
    filter.appointmentTo === undefined ? null : sql`g.next_appointment <= ${filter.appointmentTo}::date`,
  ]);
}

/** In literal words, so that the planner sees that it implies the condition of the partial indexes. */
function statusCondition(statuses: readonly WorkflowStatus[] | undefined): SQL {
  const wanted = statuses ?? ['open', 'in_review', 'queried'];
  const known = WORKFLOW_STATUSES.filter((status) => wanted.includes(status));
  if (known.length === 0) return sql`false`;
  return sql`g.workflow_status in (${sql.raw(known.map((status) => `'${status}'`).join(', '))})`;
}

/** One value is an equality, which keeps an index's order; several are not. */
function oneOf(column: SQL, values: readonly string[] | undefined): SQL | null {
  if (values === undefined) return null;
  const [first, ...rest] = values;
  if (first !== undefined && rest.length === 0) return sql`${column} = ${first}`;
  return sql`${column} = any(${textArray(values)})`;
}

function all(parts: readonly (SQL | null)[]): SQL {
  const given = parts.filter((part) => part !== null);
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `);
}
