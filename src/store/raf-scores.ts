import { sql } from 'drizzle-orm';
import type { Analysis } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import { isoInstant, json, rowsOf } from './rows.ts';

/** One score: of a member, payment year and model; `part` marks one model's part of a blend. */
export interface RafScore {
  readonly memberKey: string;
  readonly paymentYear: number;
  readonly part: boolean;
  readonly model: string;
  readonly blendWeight: number | null;
  readonly segment: string;
  readonly contractId: string | null;
  readonly planId: string | null;
  readonly asOf: string;
  readonly rawCurrent: number;
  readonly paymentCurrent: number | null;
  readonly rawIfClosed: number;
  readonly paymentIfClosed: number | null;
  readonly hccs: readonly string[];
  /** Both score results whole; null for parts, which are inside the whole one's. */
  readonly detail: Analysis['raf'] | null;
}

/**
 * Replaces the scores of the members and years in `scores` (a member may change models) and appends to the history
 * those that differ from what was stored.
 */
export async function saveRafScores(tx: TenantTx, runId: string, scores: readonly RafScore[]): Promise<void> {
  if (scores.length === 0) return;
  const shape = sql.raw(`r("memberKey" uuid, "paymentYear" integer, part boolean, model text,
    "blendWeight" double precision, segment text, "contractId" text, "planId" text, "asOf" date,
    "rawCurrent" double precision, "paymentCurrent" double precision, "rawIfClosed" double precision,
    "paymentIfClosed" double precision, hccs text[], detail jsonb)`);
  const rows = json(scores);
  await tx.execute(sql`
    insert into raf_score_history (member_id, payment_year, part, model, as_of, raw_current, payment_current,
      raw_if_closed, payment_if_closed, run_id)
    select r."memberKey", r."paymentYear", r.part, r.model, r."asOf", r."rawCurrent", r."paymentCurrent",
      r."rawIfClosed", r."paymentIfClosed", ${runId}::uuid
    from jsonb_to_recordset(${rows}) as ${shape}
    left join raf_scores s on s.member_id = r."memberKey" and s.payment_year = r."paymentYear" and s.part = r.part
      and s.model = r.model
    where (s.raw_current, s.payment_current, s.raw_if_closed, s.payment_if_closed) is distinct from
      (r."rawCurrent", r."paymentCurrent", r."rawIfClosed", r."paymentIfClosed")
    on conflict do nothing`);
  await tx.execute(sql`
    delete from raf_scores s using (select distinct r."memberKey", r."paymentYear"
        from jsonb_to_recordset(${rows}) as ${shape}) old
    where s.member_id = old."memberKey" and s.payment_year = old."paymentYear"
      and not exists (select from jsonb_to_recordset(${rows}) as ${shape} where r."memberKey" = s.member_id
        and r."paymentYear" = s.payment_year and r.part = s.part and r.model = s.model)`);
  await tx.execute(sql`
    insert into raf_scores (member_id, payment_year, part, model, blend_weight, segment, contract_id, plan_id, as_of,
      raw_current, payment_current, raw_if_closed, payment_if_closed, hccs, detail, run_id)
    select r."memberKey", r."paymentYear", r.part, r.model, r."blendWeight", r.segment, r."contractId", r."planId",
      r."asOf", r."rawCurrent", r."paymentCurrent", r."rawIfClosed", r."paymentIfClosed", r.hccs,
      nullif(r.detail, 'null'::jsonb), ${runId}::uuid
    from jsonb_to_recordset(${rows}) as ${shape}
    order by r."memberKey", r."paymentYear", r.part, r.model
    on conflict (tenant_id, member_id, payment_year, part, model) do update set
      (blend_weight, segment, contract_id, plan_id, as_of, raw_current, payment_current, raw_if_closed,
       payment_if_closed, hccs, detail, run_id, updated_at)
      = (excluded.blend_weight, excluded.segment, excluded.contract_id, excluded.plan_id, excluded.as_of,
         excluded.raw_current, excluded.payment_current, excluded.raw_if_closed, excluded.payment_if_closed,
         excluded.hccs, excluded.detail, excluded.run_id, now())`);
}

/** The latest scores of a member, latest payment year first, wholes before their parts. */
export function listRafScores(
  tx: TenantTx,
  memberKey: string,
  paymentYear: number | null = null,
): Promise<readonly (RafScore & { readonly updatedAt: string })[]> {
  return rowsOf(
    tx,
    sql`select s.member_id as "memberKey", s.payment_year as "paymentYear", s.part, s.model,
          s.blend_weight as "blendWeight", s.segment, s.contract_id as "contractId", s.plan_id as "planId",
          s.as_of::text as "asOf", s.raw_current as "rawCurrent", s.payment_current as "paymentCurrent",
          s.raw_if_closed as "rawIfClosed", s.payment_if_closed as "paymentIfClosed", s.hccs, s.detail,
          ${isoInstant(sql`s.updated_at`)} as "updatedAt"
        from raf_scores s where s.member_id = ${memberKey}::uuid
          and ${paymentYear === null ? sql`true` : sql`s.payment_year = ${paymentYear}`}
        order by s.payment_year desc, s.part, s.model`,
  );
}

export interface RafPoint {
  readonly paymentYear: number;
  readonly model: string;
  readonly part: boolean;
  readonly asOf: string;
  readonly rawCurrent: number;
  readonly paymentCurrent: number | null;
  readonly rawIfClosed: number;
  readonly paymentIfClosed: number | null;
  readonly at: string;
}

/** A member's RAF over time: one point for each change, oldest first. */
export function listRafHistory(tx: TenantTx, memberKey: string): Promise<readonly RafPoint[]> {
  return rowsOf<RafPoint>(
    tx,
    sql`select h.payment_year as "paymentYear", h.model, h.part, h.as_of::text as "asOf",
          h.raw_current as "rawCurrent", h.payment_current as "paymentCurrent", h.raw_if_closed as "rawIfClosed",
          h.payment_if_closed as "paymentIfClosed", ${isoInstant(sql`h.created_at`)} as at
        from raf_score_history h where h.member_id = ${memberKey}::uuid
        order by h.created_at, h.payment_year, h.part, h.model`,
  );
}
