import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { json, rowOf } from './rows.ts';

/** What analyses are made with: the day, and a fingerprint of each mapping package. */
export interface AnalysisBasis {
  readonly asOf: string;
  readonly packages: Readonly<Record<string, string>>;
}

const BASIS = sql`select as_of::text as "asOf", packages from analysis_basis`;

/** The basis last noted; undefined when none was. The row stays locked, so that one process makes the new analyses. */
export async function lockAnalysisBasis(tx: TenantTx): Promise<AnalysisBasis | undefined> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended('basis ' || current_setting('app.tenant'), 0))`,
  );
  return rowOf<AnalysisBasis>(tx, BASIS);
}

/** The basis last noted, without a lock; undefined when none was. */
export function findAnalysisBasis(tx: TenantTx): Promise<AnalysisBasis | undefined> {
  return rowOf<AnalysisBasis>(tx, BASIS);
}

export async function noteAnalysisBasis(tx: TenantTx, basis: AnalysisBasis): Promise<void> {
  await tx.execute(sql`
    insert into analysis_basis (as_of, packages) values (${basis.asOf}::date, ${json(basis.packages)})
    on conflict (tenant_id) do update set (as_of, packages, updated_at) = (excluded.as_of, excluded.packages, now())`);
}
