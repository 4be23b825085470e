import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { createdAt, instant, tenantId } from './columns.ts';

/** A coder's decision that was drawn for a second look, and what the second and the third person said. */
export const secondReviews = pgTable(
  'second_reviews',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    gapId: text().notNull(),
    memberId: uuid().notNull(),
    /** Version of the gap that the decision made. */
    gapVersion: integer().notNull(),
    toStatus: text().notNull(),
    reason: text(),
    coder: text().notNull(),
    decidedAt: instant().notNull(),
    /** named, new_coder, sample */
    drawnBy: text().notNull(),
    /** waiting, agreed, disagreed, upheld, overturned, undone */
    state: text().notNull().default('waiting'),
    reviewer: text(),
    reviewedAt: instant(),
    reviewerComment: text(),
    third: text(),
    thirdAt: instant(),
    thirdComment: text(),
    version: integer().notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    unique('second_reviews_once').on(t.tenantId, t.gapId, t.gapVersion),
    index('second_reviews_list').on(t.tenantId, t.state, t.decidedAt, t.id),
    index('second_reviews_coder').on(t.tenantId, t.coder, t.decidedAt),
  ],
);

/**
 * Every step of a submission, a query and a second review, as a trigger of the database writes it. Append-only: the
 * service's role can neither change nor remove one.
 */
export const workflowSteps = pgTable(
  'workflow_steps',
  {
    tenantId: tenantId(),
    id: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    /** submissions, queries, second_reviews */
    subject: text().notNull(),
    subjectId: uuid().notNull(),
    gapId: text().notNull(),
    memberId: uuid().notNull(),
    /** Version of the subject after the step. */
    version: integer().notNull(),
    fromStatus: text(),
    toStatus: text().notNull(),
    /** Who the transaction is of; `service` where no person acts. */
    actor: text().notNull(),
    at: instant().notNull().defaultNow(),
    /** The columns that the step set, as they are after it. */
    changed: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('workflow_steps_gap').on(t.tenantId, t.gapId, t.id),
    index('workflow_steps_member').on(t.tenantId, t.memberId),
  ],
);

/** A filter of a list that a person keeps; shared ones are seen by everyone of the tenant. */
export const savedFilters = pgTable(
  'saved_filters',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    owner: text().notNull(),
    name: text().notNull(),
    list: text().notNull(),
    filters: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    shared: boolean().notNull().default(false),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    unique('saved_filters_name').on(t.tenantId, t.owner, t.list, t.name),
  ],
);

/** A release with its files, kept as they were handed out: asking again gives the same bytes. Append-only. */
export const submissionReleases = pgTable(
  'submission_releases',
  {
    tenantId: tenantId(),
    id: uuid().notNull(),
    controlNumber: integer().notNull(),
    createdBy: text().notNull(),
    createdAt: createdAt(),
    totals: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    csv: text().notNull(),
    x12: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    unique('submission_releases_control').on(t.tenantId, t.controlNumber),
  ],
);

/** Reminders of queries without an answer. Append-only. */
export const queryReminders = pgTable(
  'query_reminders',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    queryId: uuid().notNull(),
    memberId: uuid().notNull(),
    actor: text().notNull(),
    at: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('query_reminders_query').on(t.tenantId, t.queryId),
  ],
);

/** A hold keeps a member's records, or all of the tenant's (no member), whatever the retention policy says. */
export const legalHolds = pgTable(
  'legal_holds',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    memberKey: uuid(),
    reason: text().notNull(),
    placedBy: text().notNull(),
    placedAt: createdAt(),
    liftedBy: text(),
    liftedAt: instant(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** What was destroyed, when, by whom and under which rule: the certificate. Append-only; no clinical content. */
export const erasures = pgTable(
  'erasures',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    memberKey: uuid().notNull(),
    rule: text().notNull(),
    reason: text().notNull(),
    erasedBy: text().notNull(),
    rows: integer().notNull(),
    at: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);
