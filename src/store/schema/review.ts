import { date, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant, tenantId } from './columns.ts';

/** A query to a provider, reproducible as sent; the answer is kept verbatim. */
export const queries = pgTable(
  'queries',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    gapId: text().notNull(),
    memberId: uuid().notNull(),
    providerNpi: text(),
    /** draft, sent, answered, withdrawn */
    status: text().notNull().default('draft'),
    type: text().notNull(),
    /** Stem, options and indicators exactly as shown. */
    content: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    contentSha256: text().notNull(),
    createdBy: text().notNull(),
    createdAt: createdAt(),
    sentAt: instant(),
    answer: jsonb().$type<Readonly<Record<string, unknown>>>(),
    answeredBy: text(),
    answeredAt: instant(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('queries_gap').on(t.tenantId, t.gapId),
    index('queries_list').on(t.tenantId, t.status, t.createdAt, t.id),
  ],
);

/** One diagnosis to be added or deleted. The approver differs from the coder (checked by the table). */
export const submissions = pgTable(
  'submissions',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    gapId: text().notNull(),
    memberId: uuid().notNull(),
    /** add, delete */
    action: text().notNull(),
    code: text().notNull(),
    encounterId: text().notNull(),
    icn: text(),
    dos: date({ mode: 'string' }).notNull(),
    providerNpi: text(),
    /** pending, approved, returned, released, accepted, rejected */
    status: text().notNull().default('pending'),
    /** MEAT elements, locators, score before and after, rule and model versions at decision time. */
    evidence: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    coder: text().notNull(),
    /** CLM01 of the exported claim: what a 277CA names in its answer. */
    claimId: text(),
    approver: text(),
    approvedAt: instant(),
    releaseId: uuid(),
    releasedAt: instant(),
    response: jsonb().$type<Readonly<Record<string, unknown>>>(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('submissions_gap').on(t.tenantId, t.gapId),
    index('submissions_list').on(t.tenantId, t.status, t.createdAt, t.id),
    index('submissions_claim').on(t.tenantId, t.claimId),
  ],
);

/** Two-way review: the mark that each submitted HCC of a reviewed encounter got. Append-only; the latest counts. */
export const reviewMarks = pgTable(
  'review_marks',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    memberId: uuid().notNull(),
    encounterId: text().notNull(),
    model: text().notNull(),
    hcc: text().notNull(),
    /** supported, unsupported, not_reviewed */
    mark: text().notNull(),
    reason: text(),
    supportedBy: text(),
    actor: text().notNull(),
    at: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('review_marks_encounter').on(t.tenantId, t.memberId, t.encounterId),
  ],
);
