import { type SQL, sql } from 'drizzle-orm';
import type { Gap } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import type { PackedPart, PriorityPart } from './priority-parts.ts';
import { isoInstant, json, rowOf, rowsOf } from './rows.ts';

export const WORKFLOW_STATUSES = [
  'open',
  'in_review',
  'queried',
  'captured',
  'dismissed',
  'expired',
  'superseded',
  'withdrawn',
] as const;
export type WorkflowStatus = (typeof WORKFLOW_STATUSES)[number];
/** Being worked on: what worklists show unless asked for more. */
export const ACTIVE_STATUSES = ['open', 'in_review', 'queried'] as const;

/** Moves that a person may make. The engine's own (expired, superseded, withdrawn, captured) are in analysis/. */
export const TRANSITIONS: Readonly<Record<WorkflowStatus, readonly WorkflowStatus[]>> = {
  // A step that keeps the status (deferred, found unsupported) still makes a version and an event.
  open: ['open', 'in_review', 'queried', 'captured', 'dismissed'],
  in_review: ['open', 'in_review', 'queried', 'captured', 'dismissed'],
  queried: ['open', 'in_review', 'captured', 'dismissed'],
  captured: ['open'],
  dismissed: ['open'],
  expired: ['open'],
  superseded: ['open'],
  withdrawn: ['open'],
};

/** The encounter that a person chose for an add to be linked to; never guessed. */
export interface ChosenLink {
  readonly encounterId: string;
  readonly icn: string | null;
  readonly dos: string;
  readonly providerNpi: string | null;
  readonly status: 'linked' | 'link_pending_icn';
  readonly chosenBy: string;
  readonly chosenAt: string;
}

/** A gap as stored: the engine's finding in `gap`, the people's side beside it. */
export interface StoredGap {
  readonly gapId: string;
  readonly memberKey: string;
  readonly paymentYear: number;
  readonly workflowStatus: WorkflowStatus;
  readonly workflowReason: string | null;
  /** Who decided last: a person's decision is never undone by the engine but with new evidence. */
  readonly decidedBy: 'person' | 'engine' | null;
  readonly decidedAt: string | null;
  readonly assignee: string | null;
  readonly claimExpiresAt: string | null;
  readonly identifiedAt: string | null;
  readonly version: number;
  readonly priority: number;
  readonly priorityParts: readonly (PackedPart | PriorityPart)[];
  readonly chosenLink: ChosenLink | null;
  readonly providerNpi: string | null;
  readonly contractId: string | null;
  readonly nextAppointment: string | null;
  /** False once an analysis no longer finds it. */
  readonly present: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly gap: Gap;
}

export const GAP_COLUMNS = sql`g.gap_id as "gapId", g.member_id as "memberKey", g.payment_year as "paymentYear",
  g.workflow_status as "workflowStatus", g.workflow_reason as "workflowReason", g.decided_by as "decidedBy",
  ${isoInstant(sql`g.decided_at`)} as "decidedAt", g.assignee,
  ${isoInstant(sql`g.claim_expires_at`)} as "claimExpiresAt", ${isoInstant(sql`g.identified_at`)} as "identifiedAt",
  g.version, g.priority::float8 as priority, g.priority_parts as "priorityParts", g.chosen_link as "chosenLink", g.provider_npi as "providerNpi", g.contract_id as "contractId",
  g.next_appointment::text as "nextAppointment", g.present, ${isoInstant(sql`g.created_at`)} as "createdAt",
  ${isoInstant(sql`g.updated_at`)} as "updatedAt", g.detail as gap`;

export function getGap(tx: TenantTx, gapId: string): Promise<StoredGap | undefined> {
  return rowOf<StoredGap>(tx, sql`select ${GAP_COLUMNS} from gaps g where g.gap_id = ${gapId}`);
}

/** Holds a gap until the transaction ends, so that what is decided beside it is decided once. */
export async function lockGap(tx: TenantTx, gapId: string): Promise<void> {
  await tx.execute(sql`select from gaps where gap_id = ${gapId} for update`);
}

/** All gaps of a member, closed ones too, latest payment year first, by priority. */
export function listMemberGaps(tx: TenantTx, memberKey: string): Promise<readonly StoredGap[]> {
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from gaps g where g.member_id = ${memberKey}::uuid
        order by g.payment_year desc, g.priority desc, g.gap_id`,
  );
}

export interface GapEvent {
  readonly eventId: number;
  readonly gapId: string;
  readonly version: number;
  /** opened, evidence_changed, closed, reopened, no_longer_found, claimed, assigned, transition */
  readonly type: string;
  readonly fromStatus: WorkflowStatus | null;
  readonly toStatus: WorkflowStatus | null;
  readonly actor: string;
  readonly role: string | null;
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
  readonly at: string;
}

const EVENT_COLUMNS = sql`e.id::float8 as "eventId", e.gap_id as "gapId", e.version, e.type,
  e.from_status as "fromStatus", e.to_status as "toStatus", e.actor, e.role, e.reason, e.detail,
  ${isoInstant(sql`e.at`)} as at`;

export function listGapEvents(tx: TenantTx, gapId: string): Promise<readonly GapEvent[]> {
  return rowsOf<GapEvent>(
    tx,
    sql`select ${EVENT_COLUMNS} from gap_events e where e.gap_id = ${gapId} order by e.id`,
  );
}

/** What happened to a member's gaps, latest first. */
export function listMemberEvents(
  tx: TenantTx,
  memberKey: string,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly GapEvent[]> {
  return rowsOf<GapEvent>(
    tx,
    sql`select ${EVENT_COLUMNS} from gap_events e where e.member_id = ${memberKey}::uuid
          and ${page.before === null ? sql`true` : sql`e.id < ${page.before}`}
        order by e.id desc limit ${page.limit}`,
  );
}

export interface GapTransition {
  readonly gapId: string;
  /** The version that the person acted on. */
  readonly version: number;
  readonly to: WorkflowStatus;
  readonly actor: string;
  readonly role: string;
  readonly reason: string | null;
  /** ISO instant. */
  readonly at: string;
  /** Kept with the event: action, meat, locator and the like. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** A reviewer found a submitted diagnosis unsupported: starts the overpayment clock, once. */
  readonly unsupported?: boolean;
  /** Takes the last step back: any status may be returned to. */
  readonly undoes?: boolean;
}

export type TransitionResult =
  | { readonly ok: true; readonly gap: StoredGap }
  | { readonly ok: false; readonly reason: 'not-found' }
  | { readonly ok: false; readonly reason: 'version-conflict' | 'not-allowed'; readonly gap: StoredGap };

/** Moves a gap for a person, in one conditional update, and records the event. */
export async function transitionGap(tx: TenantTx, move: GapTransition): Promise<TransitionResult> {
  const from =
    move.undoes === true
      ? WORKFLOW_STATUSES
      : WORKFLOW_STATUSES.filter((status) => TRANSITIONS[status].includes(move.to));
  const before = await getGap(tx, move.gapId);
  if (before === undefined) return { ok: false, reason: 'not-found' };
  const after = await rowOf<StoredGap>(
    tx,
    sql`update gaps g set workflow_status = ${move.to}, workflow_reason = ${move.reason}, decided_by = 'person',
          decided_at = ${move.at}::timestamptz, version = g.version + 1, updated_at = ${move.at}::timestamptz,
          assignee = case when ${move.to} = 'open' then null
                          when g.assignee is null and ${move.to} in ('in_review', 'queried') then ${move.actor}
                          else g.assignee end,
          claim_expires_at = null,
          identified_at = case when ${move.unsupported === true} then coalesce(g.identified_at, ${move.at}::timestamptz)
                               else g.identified_at end
        where g.gap_id = ${move.gapId} and g.version = ${move.version} and g.workflow_status in (${list(from)})
        returning ${GAP_COLUMNS}`,
  );
  if (after === undefined) {
    const current = (await getGap(tx, move.gapId)) ?? before;
    const reason = current.version === move.version ? 'not-allowed' : 'version-conflict';
    return { ok: false, reason, gap: current };
  }
  await addGapEvents(tx, [
    {
      gapId: after.gapId,
      memberKey: after.memberKey,
      version: after.version,
      type: 'transition',
      fromStatus: before.workflowStatus,
      toStatus: after.workflowStatus,
      actor: move.actor,
      role: move.role,
      reason: move.reason,
      detail: move.detail ?? null,
      at: move.at,
    },
  ]);
  return { ok: true, gap: after };
}

export type NewGapEvent = Omit<GapEvent, 'eventId'> & { readonly memberKey: string };

/** Appends events, in order. */
export async function addGapEvents(tx: TenantTx, events: readonly NewGapEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.execute(sql`
    insert into gap_events (gap_id, member_id, version, type, from_status, to_status, actor, role, reason, detail, at)
    select r."gapId", r."memberKey", r.version, r.type, r."fromStatus", r."toStatus", r.actor, r.role, r.reason,
      nullif(r.detail, 'null'::jsonb), r.at
    from rows from (jsonb_to_recordset(${json(events)}) as ("gapId" text, "memberKey" uuid, version integer, type text,
      "fromStatus" text, "toStatus" text, actor text, role text, reason text, detail jsonb, at timestamptz))
      with ordinality as r("gapId", "memberKey", version, type, "fromStatus", "toStatus", actor, role, reason, detail,
        at, position)
    order by r.position`);
}

function list(values: readonly string[]): SQL {
  return sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  );
}
