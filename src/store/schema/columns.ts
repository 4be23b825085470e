import { sql } from 'drizzle-orm';
import { integer, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/**
 * The tenant of the running transaction, or null when there is none. After `SET LOCAL` has ended, PostgreSQL leaves
 * the empty string behind instead of null: both mean "no tenant", and then no row is visible and none can be written.
 */
export const CURRENT_TENANT = sql`nullif(current_setting('app.tenant', true), '')::uuid`;

/** Owner of the row. Filled from the transaction's tenant, so that no statement can name another one by mistake. */
export const tenantId = () => uuid().notNull().default(CURRENT_TENANT);

export const instant = () => timestamp({ withTimezone: true, mode: 'string' });
export const createdAt = () => instant().notNull().defaultNow();

/** Where a row was read: kept on every row of a member history, so that each finding leads back to its source line. */
export const provenance = {
  batchId: uuid().notNull(),
  sourceFile: text().notNull(),
  sourceRow: integer().notNull(),
};
