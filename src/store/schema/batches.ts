import {
  bigint,
  boolean,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { createdAt, instant, tenantId } from './columns.ts';

const count = () => bigint({ mode: 'number' }).notNull().default(0);

/** One extract as received: received = accepted + rejected, always; duplicates are among the accepted. */
export const batches = pgTable(
  'batches',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    /** received, reading, analyzing, completed, failed, cancelled */
    state: text().notNull().default('received'),
    format: text().notNull(),
    idempotencyKey: text(),
    contentSha256: text(),
    /** Names and places of the spooled files; no content. */
    spool: jsonb().$type<unknown>(),
    /** When the spooled files were removed (retention of raw intake). */
    spoolDroppedAt: instant(),
    options: jsonb().$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    asOf: date({ mode: 'string' }).notNull(),
    createdBy: text().notNull(),
    received: count(),
    accepted: count(),
    rejected: count(),
    duplicates: count(),
    warnings: count(),
    bytesTotal: count(),
    bytesRead: count(),
    membersTotal: count(),
    membersDone: count(),
    membersFailed: count(),
    itemsTotal: count(),
    itemsDone: count(),
    itemsFailed: count(),
    gapsOpened: count(),
    gapsClosed: count(),
    error: text(),
    createdAt: createdAt(),
    startedAt: instant(),
    readAt: instant(),
    finishedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex('batches_idempotency').on(t.tenantId, t.idempotencyKey),
    index('batches_sha256').on(t.tenantId, t.contentSha256),
    index('batches_recent').on(t.tenantId, t.createdAt, t.id),
  ],
);

export const batchFiles = pgTable(
  'batch_files',
  {
    tenantId: tenantId(),
    batchId: uuid().notNull(),
    file: text().notNull(),
    recordType: text().notNull(),
    format: text().notNull(),
    received: count(),
    accepted: count(),
    rejected: count(),
    duplicates: count(),
    /** Findings of the file by code, listed or not. */
    codes: jsonb().$type<Readonly<Record<string, number>>>().notNull().default({}),
    /** The file could not be read to its end. */
    failed: boolean().notNull().default(false),
    /** What a mended file begins with: the header row of a flat file. No data of people. */
    heading: text(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.batchId, t.file, t.recordType] })],
);

/** Findings of the reading, errors and warnings. `value` and `raw` are PHI: returned to the sender, never logged. */
export const batchRejects = pgTable(
  'batch_rejects',
  {
    tenantId: tenantId(),
    batchId: uuid().notNull(),
    seq: integer().notNull(),
    file: text().notNull(),
    row: integer(),
    field: text(),
    code: text().notNull(),
    severity: text().notNull(),
    message: text().notNull(),
    value: text(),
    raw: text(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.batchId, t.seq] })],
);

/** Members that a batch changed: what has to be analysed again. */
export const batchMembers = pgTable(
  'batch_members',
  { tenantId: tenantId(), batchId: uuid().notNull(), memberId: uuid().notNull() },
  (t) => [primaryKey({ columns: [t.tenantId, t.batchId, t.memberId] })],
);

/** The outbox: written in the transaction that makes the work necessary; the queue only carries its ids. */
export const workItems = pgTable(
  'work_items',
  {
    id: uuid().primaryKey().defaultRandom(),
    tenantId: tenantId(),
    batchId: uuid(),
    kind: text().notNull(),
    /** ready, leased, done, failed, quarantined, cancelled */
    state: text().notNull().default('ready'),
    /** Ids only. */
    payload: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    attempts: integer().notNull().default(0),
    /** Times that a holder's lease ran out: its process died. */
    deaths: integer().notNull().default(0),
    leaseOwner: text(),
    leaseExpiresAt: instant(),
    /** The member being worked on while the item runs one member at a time after a death. */
    currentMember: uuid(),
    availableAt: createdAt(),
    enqueuedAt: instant(),
    lastError: text(),
    createdAt: createdAt(),
    finishedAt: instant(),
  },
  (t) => [
    index('work_items_due').on(t.state, t.availableAt),
    index('work_items_batch').on(t.tenantId, t.batchId, t.state),
  ],
);

/** Members whose analysis failed and was left out; the rest of the batch went on. No PHI in the error. */
export const memberFailures = pgTable(
  'member_failures',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    workItemId: uuid().notNull(),
    batchId: uuid(),
    /** error, quarantined */
    kind: text().notNull(),
    error: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.workItemId] }),
    index('member_failures_batch').on(t.tenantId, t.batchId),
  ],
);

/** What a tenant's analyses were last made with: the day, and a fingerprint of every mapping package. */
export const analysisBasis = pgTable('analysis_basis', {
  tenantId: tenantId().primaryKey(),
  asOf: date({ mode: 'string' }).notNull(),
  packages: jsonb().$type<Readonly<Record<string, string>>>().notNull(),
  updatedAt: createdAt(),
});
