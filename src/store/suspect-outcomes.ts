import { sql } from 'drizzle-orm';
import type { OutcomeCounts } from '../engine/suspects/ppv.ts';
import { NO_OUTCOMES } from '../engine/suspects/ppv.ts';
import type { TenantTx } from './database.ts';
import { rowsOf } from './rows.ts';

/**
 * What became of clinical suspects, by rule: confirmed by an eligible record or by the provider's word, refuted by the
 * provider (assessed and not present, never had), or dismissed for another reason. Every rule that fired for a suspect
 * counts its outcome, not only the one that leads. The last such event of a gap counts; one that was reopened
 * afterwards has no outcome.
 */
export async function suspectOutcomes(tx: TenantTx): Promise<ReadonlyMap<string, OutcomeCounts>> {
  const rows = await rowsOf<{ ruleId: string; outcome: keyof OutcomeCounts; count: number }>(
    tx,
    sql`with last as (
          select distinct on (e.gap_id) case when g.detail -> 'reasons' = '[]'
              then jsonb_build_array(g.detail -> 'ruleId') else g.detail -> 'reasons' end as rules, case
              when e.to_status = 'captured' or e.reason = 'assess_present' then 'confirmed'
              when e.reason in ('assess_not_present', 'never_had') then 'refuted'
              when e.to_status = 'dismissed' then 'dismissed'
            end as outcome
          from gaps g join gap_events e on e.gap_id = g.gap_id
          where g.kind = 'clinical_suspect'
            and (e.to_status in ('captured', 'dismissed') or e.reason = 'assess_present' or e.type = 'reopened'
              or e.reason = 'reopen')
          order by e.gap_id, e.id desc
        )
        select rule as "ruleId", outcome, count(*)::int as count
        from last cross join lateral jsonb_array_elements_text(rules) as rule
        where outcome is not null group by 1, 2`,
  );
  const counts = new Map<string, OutcomeCounts>();
  for (const { ruleId, outcome, count } of rows) {
    counts.set(ruleId, { ...(counts.get(ruleId) ?? NO_OUTCOMES), [outcome]: count });
  }
  return counts;
}
