import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { rowsOf, textArray } from './rows.ts';

/**
 * Our keys of the members who stand for themselves and were ever covered by one of the contracts (null: all), a page
 * at a time in the order of the keys.
 */
export async function memberKeysAfter(
  tx: TenantTx,
  page: {
    readonly after: string | null;
    readonly limit: number;
    readonly contracts: readonly string[] | null;
  },
): Promise<readonly string[]> {
  const { after, limit, contracts } = page;
  const covered =
    contracts === null
      ? sql`true`
      : sql`exists (select from coverage_periods c where c.member_id = m.id
          and c.contract_id = any(${textArray(contracts)}))`;
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select m.id from members m where m.merged_into is null and ${covered}
          and ${after === null ? sql`true` : sql`m.id > ${after}::uuid`}
        order by m.id limit ${limit}`,
  );
  return rows.map(({ id }) => id);
}
