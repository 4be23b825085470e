import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Analysis, Gap, UnspecifiedFlag } from '../../engine/analysis-contract.ts';
import type { ChosenLink } from '../gaps.ts';
import type { PackedPart, PriorityPart } from '../priority-parts.ts';
import type { RafParts } from '../raf-parts.ts';
import type { PackedScores } from '../score-packing.ts';
import { createdAt, instant, tenantId } from './columns.ts';

/** Written as in the worklist's statements, word for word: the planner must see that the one implies the other. */
const ACTIVE = sql`workflow_status in ('open', 'in_review', 'queried')`;

/** Scores of the latest analysis, one row a member, payment year and model; a blend's parts stand beside the whole. */
export const rafScores = pgTable(
  'raf_scores',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    paymentYear: integer().notNull(),
    /** True for one model's part of a blend. */
    part: boolean().notNull(),
    model: text().notNull(),
    blendWeight: doublePrecision(),
    segment: text().notNull(),
    contractId: text(),
    planId: text(),
    asOf: date({ mode: 'string' }).notNull(),
    rawCurrent: doublePrecision().notNull(),
    paymentCurrent: doublePrecision(),
    rawIfClosed: doublePrecision().notNull(),
    paymentIfClosed: doublePrecision(),
    hccs: text().array().notNull(),
    /** Both score results, packed, for the explanation (score-packing.ts). */
    detail: jsonb().$type<PackedScores | Analysis['raf']>(),
    runId: uuid().notNull(),
    updatedAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.paymentYear, t.part, t.model] }),
    index('raf_scores_population').on(t.tenantId, t.paymentYear, t.part, t.contractId),
  ],
);

/** Appended when a score differs from the one before: the member's RAF over time. */
export const rafScoreHistory = pgTable(
  'raf_score_history',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    paymentYear: integer().notNull(),
    part: boolean().notNull(),
    model: text().notNull(),
    asOf: date({ mode: 'string' }).notNull(),
    rawCurrent: doublePrecision().notNull(),
    paymentCurrent: doublePrecision(),
    rawIfClosed: doublePrecision().notNull(),
    paymentIfClosed: doublePrecision(),
    /** Raw score by kind of factor (demographic, hcc, interaction, count, other); null for a part of a blend. */
    parts: jsonb().$type<RafParts>(),
    runId: uuid().notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.paymentYear, t.part, t.model, t.runId] })],
);

/**
 * A gap: what the engine says (`engineStatus`, `detail` and the columns copied from it) beside what people decided
 * (`workflowStatus`). The two never overwrite one another.
 */
export const gaps = pgTable(
  'gaps',
  {
    tenantId: tenantId(),
    gapId: text().notNull(),
    memberId: uuid().notNull(),
    paymentYear: integer().notNull(),
    dosYear: integer().notNull(),
    kind: text().notNull(),
    subKind: text(),
    model: text().notNull(),
    hcc: text().notNull(),
    list: text().notNull(),
    direction: text().notNull(),
    engineStatus: text().notNull(),
    confidence: text().notNull(),
    impactStandalone: doublePrecision(),
    impactPayment: doublePrecision(),
    /** Whole number, higher first; see analysis/priority.ts. */
    priority: bigint({ mode: 'number' }).notNull(),
    /** What the priority is the sum of, packed (priority-parts.ts). */
    priorityParts: jsonb().$type<readonly (PackedPart | PriorityPart)[]>().notNull().default([]),
    /** The encounter that a person chose to link an add to. */
    chosenLink: jsonb().$type<ChosenLink>(),
    actBy: date({ mode: 'string' }),
    actWho: text().notNull(),
    providerNpi: text(),
    contractId: text(),
    nextAppointment: date({ mode: 'string' }),
    detail: jsonb().$type<Gap>().notNull(),
    /** False once an analysis no longer finds it. */
    present: boolean().notNull().default(true),
    /** open, in_review, queried, captured, dismissed, expired, superseded, withdrawn */
    workflowStatus: text().notNull().default('open'),
    workflowReason: text(),
    /** person or engine: an engine's closing may be undone by the engine, a person's may not. */
    decidedBy: text(),
    decidedAt: instant(),
    assignee: text(),
    claimExpiresAt: instant(),
    /** Over-coding: when a reviewer found it unsupported; starts the clock of calendar section 3. */
    identifiedAt: instant(),
    version: integer().notNull().default(1),
    runId: uuid().notNull(),
    createdAt: createdAt(),
    updatedAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.gapId] }),
    index('gaps_member').on(t.tenantId, t.memberId, t.paymentYear),
    // Worklists show what is being worked on, by priority: partial indexes keep them as small as the open work.
    index('gaps_worklist').on(t.tenantId, t.list, t.priority.desc(), t.gapId).where(ACTIVE),
    index('gaps_provider').on(t.tenantId, t.providerNpi, t.list, t.priority.desc(), t.gapId).where(ACTIVE),
    index('gaps_assignee').on(t.tenantId, t.assignee, t.priority.desc(), t.gapId).where(ACTIVE),
    index('gaps_hcc').on(t.tenantId, t.hcc, t.list, t.priority.desc(), t.gapId).where(ACTIVE),
    index('gaps_kind').on(t.tenantId, t.kind, t.list, t.priority.desc(), t.gapId).where(ACTIVE),
  ],
);

/** Evidence items ever seen for a gap: what is new since a decision, and which encounters a gap stands on. */
export const gapEvidence = pgTable(
  'gap_evidence',
  {
    tenantId: tenantId(),
    gapId: text().notNull(),
    evidenceKey: text().notNull(),
    memberId: uuid().notNull(),
    type: text().notNull(),
    code: text(),
    date: date({ mode: 'string' }),
    encounterId: text(),
    source: text(),
    eligible: boolean(),
    firstSeenAt: createdAt(),
    /** Set when the latest analysis no longer shows the item. */
    goneAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.gapId, t.evidenceKey] }),
    index('gap_evidence_encounter').on(t.tenantId, t.memberId, t.encounterId),
  ],
);

/** What happened to a gap, in order. Append-only. */
export const gapEvents = pgTable(
  'gap_events',
  {
    tenantId: tenantId(),
    gapId: text().notNull(),
    id: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    memberId: uuid().notNull(),
    /** Version of the gap after the event. */
    version: integer().notNull(),
    type: text().notNull(),
    fromStatus: text(),
    toStatus: text(),
    actor: text().notNull(),
    role: text(),
    reason: text(),
    detail: jsonb().$type<Readonly<Record<string, unknown>>>(),
    at: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.gapId, t.id] }),
    index('gap_events_member').on(t.tenantId, t.memberId, t.id),
  ],
);

/** Unspecified diagnoses of the DOS year that weigh less than a more specific sibling. */
export const unspecifiedFindings = pgTable(
  'unspecified_findings',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    paymentYear: integer().notNull(),
    code: text().notNull(),
    weight: text().notNull(),
    hcc: text(),
    evidence: text().notNull(),
    providerNpi: text(),
    contractId: text(),
    gapId: text(),
    detail: jsonb().$type<UnspecifiedFlag>().notNull(),
    runId: uuid().notNull(),
    updatedAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.paymentYear, t.code] }),
    index('unspecified_findings_list').on(t.tenantId, t.paymentYear, t.code, t.memberId),
    index('unspecified_findings_provider').on(t.tenantId, t.providerNpi, t.paymentYear),
  ],
);
