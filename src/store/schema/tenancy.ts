import { index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant, tenantId } from './columns.ts';

/** A plan or provider group. Its own row is the only thing that tenants have in common. */
export const tenants = pgTable('tenants', {
  id: uuid().primaryKey().defaultRandom(),
  name: text().notNull().unique(),
  createdAt: createdAt(),
});

/** API keys: only a hash is kept; the prefix finds the row, the hash decides. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey().defaultRandom(),
    tenantId: tenantId(),
    name: text().notNull(),
    role: text().notNull(),
    prefix: text().notNull(),
    hash: text().notNull(),
    /** Provider role: the NPI whose patients it may see. */
    npi: text(),
    /** Contracts the key is limited to; null: all. */
    contracts: text().array(),
    createdBy: text().notNull(),
    createdAt: createdAt(),
    expiresAt: instant(),
    revokedAt: instant(),
    revokedBy: text(),
    lastUsedAt: instant(),
  },
  (t) => [uniqueIndex('api_keys_prefix').on(t.prefix), index('api_keys_tenant').on(t.tenantId, t.createdAt)],
);

/** Settings by version: a change appends a row that says who, when and why; the highest version is in force. */
export const tenantSettings = pgTable(
  'tenant_settings',
  {
    tenantId: tenantId(),
    version: integer().notNull(),
    settings: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    changedBy: text().notNull(),
    changedAt: createdAt(),
    reason: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.version] })],
);

/** Which optional feeds a tenant sends: decides "no such feed" (null) against "feed there and empty" ([]). */
export const tenantFeeds = pgTable(
  'tenant_feeds',
  { tenantId: tenantId(), feed: text().notNull(), batchId: uuid().notNull(), createdAt: createdAt() },
  (t) => [primaryKey({ columns: [t.tenantId, t.feed] })],
);

/** Answers to writes already done, by Idempotency-Key: a repeat gets the first answer. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: tenantId(),
    key: text().notNull(),
    operation: text().notNull(),
    requestHash: text().notNull(),
    status: integer(),
    contentType: text(),
    body: text(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.key] }), index('idempotency_keys_age').on(t.createdAt)],
);
