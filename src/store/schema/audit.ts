import { bigint, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { createdAt, tenantId } from './columns.ts';

/**
 * Who did what to which member's data. Append-only by permission; each row's hash covers the row and the hash before
 * it, so that a changed, removed or slipped-in row shows. `seq`, `prevHash` and `hash` are set by a trigger.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    tenantId: tenantId(),
    seq: bigint({ mode: 'number' }).notNull().default(0),
    at: createdAt(),
    actor: text().notNull(),
    role: text(),
    action: text().notNull(),
    resource: text().notNull(),
    resourceId: text(),
    memberIds: text().array().notNull().default([]),
    purpose: text(),
    outcome: text().notNull(),
    requestId: text(),
    sourceAddress: text(),
    detail: jsonb().$type<Readonly<Record<string, unknown>>>(),
    prevHash: text().notNull().default(''),
    hash: text().notNull().default(''),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.seq] }),
    index('audit_log_members').using('gin', t.memberIds),
    index('audit_log_at').on(t.tenantId, t.at),
  ],
);

/** Head of a tenant's chain; only the trigger writes it. */
export const auditHeads = pgTable('audit_heads', {
  tenantId: tenantId().primaryKey(),
  seq: bigint({ mode: 'number' }).notNull(),
  hash: text().notNull(),
});
