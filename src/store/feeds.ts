import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import type { Feed } from './records.ts';
import { rowsOf, textArray } from './rows.ts';

/** `tenant_feeds` holds the name of one row of the feed. */
const STORED = { observations: 'observation', medications: 'medication', procedures: 'procedure' } as const;

/**
 * Says that the tenant sends a feed, even if it holds no row. True when one of them is new: then tests that could not
 * be made of anybody can be made of everybody.
 */
export async function noteFeeds(tx: TenantTx, batchId: string, feeds: ReadonlySet<Feed>): Promise<boolean> {
  if (feeds.size === 0) return false;
  const names = [...feeds].map((feed) => STORED[feed]);
  const fresh = await rowsOf(
    tx,
    sql`insert into tenant_feeds (feed, batch_id)
        select feed, ${batchId}::uuid from unnest(${textArray(names)}) as feed on conflict do nothing returning feed`,
  );
  return fresh.length > 0;
}

/** Tells which feeds a person has: those of the tenant, and those that the histories of the person carry. */
export async function feedsOf(
  tx: TenantTx,
): Promise<(feed: Feed, person: readonly { readonly feeds: readonly string[] | null }[]) => boolean> {
  const sent = new Set(
    (await rowsOf<{ feed: string }>(tx, sql`select feed from tenant_feeds`)).map((row) => row.feed),
  );
  return (feed, person) =>
    sent.has(STORED[feed]) || person.some(({ feeds }) => feeds?.includes(feed) === true);
}
