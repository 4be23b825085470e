import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { textArray } from './rows.ts';

/** Says that a feed (`observation`, `medication`, `procedure`) is there, even if it holds no row. */
export async function noteFeeds(tx: TenantTx, batchId: string, feeds: ReadonlySet<string>): Promise<void> {
  if (feeds.size === 0) return;
  await tx.execute(sql`
    insert into tenant_feeds (feed, batch_id) select feed, ${batchId}::uuid from unnest(${textArray([...feeds])}) as feed
    on conflict do nothing`);
}
