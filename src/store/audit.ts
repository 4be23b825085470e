import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { isoInstant, json, rowOf, rowsOf } from './rows.ts';

export interface AuditEvent {
  /** ISO instant. */
  readonly at: string;
  readonly actor: string;
  readonly role: string | null;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string | null;
  /** Our own keys of the members whose data were touched. */
  readonly memberKeys: readonly string[];
  readonly purpose: string | null;
  readonly outcome: string;
  readonly requestId: string | null;
  readonly sourceAddress: string | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
}

export interface AuditEntry extends AuditEvent {
  readonly seq: number;
  readonly hash: string;
}

/**
 * Appends events to the tenant's chain, in order. The head of the chain is locked until the transaction ends, so
 * make this the last thing a transaction does.
 */
export async function appendAudit(tx: TenantTx, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.execute(sql`
    insert into audit_log (at, actor, role, action, resource, resource_id, member_ids, purpose, outcome, request_id,
      source_address, detail)
    select r.at, r.actor, r.role, r.action, r.resource, r."resourceId", r."memberKeys", r.purpose, r.outcome,
      r."requestId", r."sourceAddress", nullif(r.detail, 'null'::jsonb)
    from jsonb_to_recordset(${json(events)}) as r(at timestamptz, actor text, role text, action text, resource text,
      "resourceId" text, "memberKeys" text[], purpose text, outcome text, "requestId" text, "sourceAddress" text,
      detail jsonb)`);
}

/** The log, latest first, optionally of one member (who saw this person's data) or actor. */
export function listAudit(
  tx: TenantTx,
  filter: {
    readonly before: number | null;
    readonly limit: number;
    readonly memberKey?: string;
    readonly actor?: string;
    readonly action?: string;
  },
): Promise<readonly AuditEntry[]> {
  return rowsOf<AuditEntry>(
    tx,
    sql`select seq::float8 as seq, ${isoInstant(sql`at`)} as at, actor, role, action, resource,
          resource_id as "resourceId", member_ids as "memberKeys", purpose, outcome, request_id as "requestId",
          source_address as "sourceAddress", detail, hash
        from audit_log a
        where ${filter.before === null ? sql`true` : sql`a.seq < ${filter.before}`}
          and ${filter.memberKey === undefined ? sql`true` : sql`a.member_ids @> array[${filter.memberKey}]::text[]`}
          and ${filter.actor === undefined ? sql`true` : sql`a.actor = ${filter.actor}`}
          and ${filter.action === undefined ? sql`true` : sql`a.action = ${filter.action}`}
        order by a.seq desc limit ${filter.limit}`,
  );
}

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number }
  /** The first entry that does not fit: changed, missing before it, or cut off at the end. */
  | {
      readonly ok: false;
      readonly entries: number;
      readonly seq: number;
      readonly reason: 'changed' | 'missing' | 'cut-off';
    };

/** Works the tenant's whole chain out again and compares. */
export async function verifyAudit(tx: TenantTx): Promise<AuditVerdict> {
  const total = await rowOf<{
    entries: number;
    last: number;
    hash: string;
    head_seq: number;
    head_hash: string;
  }>(
    tx,
    sql`select (select count(*)::int from audit_log) as entries,
          coalesce((select max(seq) from audit_log), 0)::float8 as last,
          coalesce((select hash from audit_log order by seq desc limit 1), '') as hash,
          coalesce((select seq from audit_heads), 0)::float8 as head_seq,
          coalesce((select hash from audit_heads), '') as head_hash`,
  );
  if (total === undefined) throw new Error('the audit log cannot be read');
  const broken = await rowOf<{ seq: number; reason: 'changed' | 'missing' }>(
    tx,
    sql`select seq::float8 as seq, case when seq <> expected then 'missing' else 'changed' end as reason from (
          select a.seq, row_number() over (order by a.seq) as expected,
            a.hash = audit_row_hash(a) and a.prev_hash = coalesce(lag(a.hash) over (order by a.seq), '') as fits
          from audit_log a
        ) chain where seq <> expected or not fits order by seq limit 1`,
  );
  const { entries } = total;
  if (broken !== undefined) return { ok: false, entries, ...broken };
  if (total.last !== total.head_seq || total.hash !== total.head_hash) {
    return { ok: false, entries, seq: total.last, reason: 'cut-off' };
  }
  return { ok: true, entries };
}
