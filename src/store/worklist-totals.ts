import { sql } from 'drizzle-orm';
import type { GapDirection } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import { rowsOf } from './rows.ts';
import { conditions, type WorklistFilter } from './worklists.ts';

/** What the gaps of one direction come to. `standalone` sums are no forecast: a member's gaps overlap. */
export interface DirectionTotal {
  readonly direction: GapDirection;
  readonly gaps: number;
  readonly members: number;
  /** Gaps without a figure: new enrollees, ESRD, or a parameter that is not established. */
  readonly withoutImpact: number;
  /** Signed sums, in RAF points. */
  readonly standalone: number;
  readonly payment: number;
}

/** The directions beside one another and their signed sum: a total is never of adds alone (compliance C-1). */
export function bothWays(byDirection: readonly DirectionTotal[]) {
  const net = (of: 'standalone' | 'payment') =>
    byDirection.reduce((sum, row) => sum + Math.round(row[of] * 1000), 0) / 1000;
  return {
    byDirection: [...byDirection],
    net: { standalone: net('standalone'), payment: net('payment') },
  };
}

/** Totals by direction of what the filter finds; deletes stand beside adds, signed. */
export function totalWorklist(tx: TenantTx, filter: WorklistFilter): Promise<readonly DirectionTotal[]> {
  return rowsOf<DirectionTotal>(
    tx,
    sql`select g.direction, count(*)::int as gaps, count(distinct g.member_id)::int as members,
          count(*) filter (where g.impact_standalone is null)::int as "withoutImpact",
          round(coalesce(sum(g.impact_standalone), 0)::numeric, 3)::float8 as standalone,
          round(coalesce(sum(g.impact_payment), 0)::numeric, 3)::float8 as payment
        from gaps g where ${conditions(filter)} group by g.direction order by g.direction`,
  );
}
