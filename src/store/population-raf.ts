import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { rowsOf } from './rows.ts';

/** The RAF of a tenant's members in one payment year; each member's figures come from one joint rescoring. */
export interface PopulationRaf {
  readonly paymentYear: number;
  readonly members: number;
  /** Mean payment RAF as captured so far; null when no member has one. */
  readonly paymentCurrent: number | null;
  /** Mean payment RAF if every open gap closed, adds and deletes alike. */
  readonly paymentIfClosed: number | null;
  readonly rawCurrent: number;
  readonly rawIfClosed: number;
}

/** Population RAF by payment year, oldest first: means over members, rounded to three places at the end. */
export function populationRaf(tx: TenantTx): Promise<readonly PopulationRaf[]> {
  return rowsOf<PopulationRaf>(
    tx,
    sql`select payment_year as "paymentYear", count(*)::int as members,
          round(avg(payment_current)::numeric, 3)::float8 as "paymentCurrent",
          round(avg(payment_if_closed)::numeric, 3)::float8 as "paymentIfClosed",
          round(avg(raw_current)::numeric, 3)::float8 as "rawCurrent",
          round(avg(raw_if_closed)::numeric, 3)::float8 as "rawIfClosed"
        from raf_scores where not part group by payment_year order by payment_year`,
  );
}
