import { sql } from 'drizzle-orm';
import type { Analysis } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import { rafParts } from './raf-parts.ts';
import { isoInstant, json, rowsOf, uuidArray } from './rows.ts';
import { type PackedScores, packScores, unpackScores } from './score-packing.ts';

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

/** A stored score without its explanation: what tells whether a new one differs. */
type Figures = Pick<
  RafScore,
  | 'memberKey'
  | 'paymentYear'
  | 'part'
  | 'model'
  | 'rawCurrent'
  | 'paymentCurrent'
  | 'rawIfClosed'
  | 'paymentIfClosed'
>;

const keyOf = (score: Figures) => `${score.memberKey} ${score.paymentYear} ${score.part} ${score.model}`;
const figuresOf = (score: Figures) =>
  JSON.stringify([score.rawCurrent, score.paymentCurrent, score.rawIfClosed, score.paymentIfClosed]);

/**
 * Replaces the scores of the members and years in `scores` (a member may change models) and appends to the history
 * those whose figures differ from what was stored. The members must be locked.
 */
export async function saveRafScores(tx: TenantTx, runId: string, scores: readonly RafScore[]): Promise<void> {
  if (scores.length === 0) return;
  const stored = await storedFigures(tx, scores);
  await removeOthers(tx, stored, scores);
  const before = new Map(stored.map((score) => [keyOf(score), figuresOf(score)]));
  await appendHistory(
    tx,
    runId,
    scores.filter((score) => before.get(keyOf(score)) !== figuresOf(score)),
  );
  const rows = scores.map((score) => ({ ...score, detail: score.detail && packScores(score.detail) }));
  // An explanation that stays the same is left where it lies: large values are not written again each night.
  await tx.execute(sql`
    insert into raf_scores as s (member_id, payment_year, part, model, blend_weight, segment, contract_id, plan_id,
      as_of, raw_current, payment_current, raw_if_closed, payment_if_closed, hccs, detail, run_id)
    select r."memberKey", r."paymentYear", r.part, r.model, r."blendWeight", r.segment, r."contractId", r."planId",
      r."asOf", r."rawCurrent", r."paymentCurrent", r."rawIfClosed", r."paymentIfClosed", r.hccs,
      nullif(r.detail, 'null'::jsonb), ${runId}::uuid
    from jsonb_to_recordset(${json(rows)}) as r("memberKey" uuid, "paymentYear" integer, part boolean, model text,
      "blendWeight" double precision, segment text, "contractId" text, "planId" text, "asOf" date,
      "rawCurrent" double precision, "paymentCurrent" double precision, "rawIfClosed" double precision,
      "paymentIfClosed" double precision, hccs text[], detail jsonb)
    order by r."memberKey", r."paymentYear", r.part, r.model
    on conflict (tenant_id, member_id, payment_year, part, model) do update set
      (blend_weight, segment, contract_id, plan_id, as_of, raw_current, payment_current, raw_if_closed,
       payment_if_closed, hccs, detail, run_id, updated_at)
      = (excluded.blend_weight, excluded.segment, excluded.contract_id, excluded.plan_id, excluded.as_of,
         excluded.raw_current, excluded.payment_current, excluded.raw_if_closed, excluded.payment_if_closed,
         excluded.hccs, case when s.detail = excluded.detail then s.detail else excluded.detail end,
         excluded.run_id, now())`);
}

/** Removes the scores of a member who has none any more: merged into another, or in a plan that no model scores. */
export async function removeRafScores(
  tx: TenantTx,
  gone: readonly { readonly memberKey: string; readonly paymentYear: number }[],
): Promise<void> {
  if (gone.length === 0) return;
  await tx.execute(sql`
    delete from raf_scores s using jsonb_to_recordset(${json(gone)}) as r("memberKey" uuid, "paymentYear" integer)
    where s.member_id = r."memberKey" and s.payment_year = r."paymentYear"`);
}

function storedFigures(tx: TenantTx, scores: readonly RafScore[]): Promise<readonly Figures[]> {
  const members = [...new Set(scores.map((score) => score.memberKey))];
  return rowsOf<Figures>(
    tx,
    sql`select member_id as "memberKey", payment_year as "paymentYear", part, model, raw_current as "rawCurrent",
          payment_current as "paymentCurrent", raw_if_closed as "rawIfClosed", payment_if_closed as "paymentIfClosed"
        from unnest(${uuidArray(members)}) as k(id) cross join lateral (
          select * from raf_scores where raf_scores.member_id = k.id offset 0) s`,
  );
}

/** Removes scores of the same members and years by models that no longer apply. */
async function removeOthers(
  tx: TenantTx,
  stored: readonly Figures[],
  scores: readonly RafScore[],
): Promise<void> {
  const kept = new Set(scores.map(keyOf));
  const years = new Set(scores.map((score) => `${score.memberKey} ${score.paymentYear}`));
  const gone = stored.filter(
    (score) => years.has(`${score.memberKey} ${score.paymentYear}`) && !kept.has(keyOf(score)),
  );
  if (gone.length === 0) return;
  await tx.execute(sql`
    delete from raf_scores s using jsonb_to_recordset(${json(gone)})
      as r("memberKey" uuid, "paymentYear" integer, part boolean, model text)
    where s.member_id = r."memberKey" and s.payment_year = r."paymentYear" and s.part = r.part and s.model = r.model`);
}

async function appendHistory(tx: TenantTx, runId: string, scores: readonly RafScore[]): Promise<void> {
  if (scores.length === 0) return;
  const rows = scores.map(({ detail, hccs: _hccs, ...row }) => ({
    ...row,
    parts: detail?.current ? rafParts(detail.current) : null,
  }));
  await tx.execute(sql`
    insert into raf_score_history (member_id, payment_year, part, model, as_of, raw_current, payment_current,
      raw_if_closed, payment_if_closed, parts, run_id)
    select r."memberKey", r."paymentYear", r.part, r.model, r."asOf", r."rawCurrent", r."paymentCurrent",
      r."rawIfClosed", r."paymentIfClosed", nullif(r.parts, 'null'::jsonb), ${runId}::uuid
    from jsonb_to_recordset(${json(rows)}) as r("memberKey" uuid, "paymentYear" integer, part boolean, model text,
      "asOf" date, "rawCurrent" double precision, "paymentCurrent" double precision, "rawIfClosed" double precision,
      "paymentIfClosed" double precision, parts jsonb)
    order by r."memberKey", r."paymentYear", r.part, r.model
    on conflict do nothing`);
}

/** The latest scores of a member, latest payment year first, wholes before their parts. */
export async function listRafScores(
  tx: TenantTx,
  memberKey: string,
  paymentYear: number | null = null,
): Promise<readonly (RafScore & { readonly updatedAt: string })[]> {
  const rows = await rowsOf<StoredScore>(
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
  return rows.map((row) => ({ ...row, detail: row.detail && unpackScores(row.detail) }));
}

type StoredScore = Omit<RafScore, 'detail'> & {
  readonly updatedAt: string;
  readonly detail: PackedScores | Analysis['raf'] | null;
};

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
