import { sql } from 'drizzle-orm';
import type { Analysis } from '../engine/analysis-contract.ts';
import type { ScoreResult } from '../engine/score-contract.ts';
import type { TenantTx } from './database.ts';
import type { PaidRaf } from './records.ts';
import { rowsOf, textArray } from './rows.ts';
import { type PackedScores, unpackScores } from './score-packing.ts';

/** What CMS paid for a member and month, with what there is to compare it to. */
export interface PaidMonth {
  /** Our key of the person: of a merged member the one he is merged into. */
  readonly memberKey: string;
  /** `YYYY-MM`. */
  readonly paymentMonth: string;
  readonly paid: PaidRaf;
  /** The newest model output of the payment year for each model that was reported. */
  readonly modelOutput: readonly { readonly model: string; readonly hccs: readonly string[] }[];
  /** Our score of the payment year; null when there is none. */
  readonly current: ScoreResult | null;
  readonly coverage: {
    readonly dualStatus: string | null;
    readonly institutional: boolean;
    readonly originalEntitlement: string | null;
    readonly hospice: boolean;
  } | null;
}

/**
 * Months of a payment year that CMS paid, rows without an adjustment reason only, of several runs the newest; in the
 * order of member and month.
 */
export async function listPaidMonths(
  tx: TenantTx,
  ask: {
    readonly paymentYear: number;
    readonly contracts: readonly string[] | null;
    readonly after: { readonly memberKey: string; readonly paymentMonth: string } | null;
    readonly limit: number;
  },
): Promise<readonly PaidMonth[]> {
  const contracts =
    ask.contracts === null ? sql`true` : sql`p.contract_id = any(${textArray(ask.contracts)})`;
  const after =
    ask.after === null
      ? sql`true`
      : sql`(p.member_id, p.payment_month) > (${ask.after.memberKey}::uuid, ${ask.after.paymentMonth})`;
  const rows = await rowsOf<StoredMonth>(
    tx,
    sql`with person as (
          select p.*, coalesce(m.merged_into, m.id) as root from paid_raf p join members m on m.id = p.member_id
          where p.payment_year = ${ask.paymentYear}
        ), months as (
          select distinct on (p.member_id, p.payment_month) p.root, p.member_id, p.payment_month, p.paid
          from (select root, root as member_id, payment_month, contract_id, paid from person where report = 'mmr') p
          where p.paid ->> 'adjustmentReason' is null and p.paid ->> 'rafA' is not null and ${contracts} and ${after}
          order by p.member_id, p.payment_month, p.paid ->> 'runDate' desc nulls last
          limit ${ask.limit}
        )
        select p.root as "memberKey", p.payment_month as "paymentMonth", p.paid,
          coalesce((select jsonb_agg(jsonb_build_object('model', o.model, 'hccs', o.paid -> 'hccs') order by o.model)
            from (select distinct on (r.model) r.model, r.paid from person r
                  where r.report = 'mor' and r.root = p.root and r.model is not null
                  order by r.model, r.paid ->> 'runDate' desc nulls last) o), '[]') as "modelOutput",
          (select s.detail from raf_scores s where s.member_id = p.root and not s.part
            and s.payment_year = ${ask.paymentYear} limit 1) as scores,
          (select jsonb_build_object('dualStatus', c.dual_status, 'institutional', c.institutional,
              'originalEntitlement', c.original_entitlement, 'hospice', c.hospice)
            from coverage_periods c join members m on m.id = c.member_id
            where coalesce(m.merged_into, m.id) = p.root and c.from_date <= (p.payment_month || '-01')::date
              and coalesce(c.to_date, 'infinity') >= (p.payment_month || '-01')::date
            order by c.from_date desc limit 1) as coverage
        from months p order by p.root, p.payment_month`,
  );
  return rows.map(({ scores, ...month }) => ({
    ...month,
    current: scores === null ? null : unpackScores(scores).current,
  }));
}

type StoredMonth = Omit<PaidMonth, 'current'> & { readonly scores: PackedScores | Analysis['raf'] | null };
