import { sql } from 'drizzle-orm';
import {
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Esrd } from '../../engine/history.ts';
import type { PaidRaf } from '../records.ts';
import { createdAt, instant, provenance, tenantId } from './columns.ts';

/**
 * A member. `id` is our own opaque key, safe in paths and logs; `externalId` is the plan's and appears in bodies only.
 * A member named by a record before the member's own record has arrived has no birth date yet.
 */
export const members = pgTable(
  'members',
  {
    tenantId: tenantId(),
    id: uuid().notNull().defaultRandom(),
    externalId: text().notNull(),
    birthDate: date({ mode: 'string' }),
    sex: text(),
    deathDate: date({ mode: 'string' }),
    pcpNpi: text(),
    /** Clinical feeds that the member's own history carries, even when they are empty; null: no history was sent. */
    feeds: text().array(),
    /** Another member that this one was merged into (same person, two plan ids). */
    mergedInto: uuid(),
    /** Set when analysing this member killed a process twice; cleared by new records of the member. */
    quarantinedAt: instant(),
    createdAt: createdAt(),
    ...provenance,
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex('members_external_id').on(t.tenantId, t.externalId),
    index('members_pcp').on(t.tenantId, t.pcpNpi),
    index('members_merged_into').on(t.tenantId, t.mergedInto).where(sql`merged_into is not null`),
  ],
);

export const coveragePeriods = pgTable(
  'coverage_periods',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    program: text().notNull(),
    /** '' for none: part of the key. */
    contractId: text().notNull(),
    planId: text().notNull(),
    fromDate: date({ mode: 'string' }).notNull(),
    toDate: date({ mode: 'string' }),
    originalEntitlement: text(),
    currentEntitlement: text(),
    dualStatus: text(),
    institutional: boolean().notNull(),
    newEnrollee: boolean().notNull(),
    snp: text().notNull(),
    lowIncome: boolean().notNull(),
    partD: text().notNull(),
    esrd: jsonb().$type<Esrd>(),
    hospice: boolean().notNull(),
    switcher: boolean().notNull(),
    metal: text(),
    csr: text(),
    enrollmentMonths: smallint(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.contractId, t.planId, t.fromDate] })],
);

export const encounters = pgTable(
  'encounters',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    encounterId: text().notNull(),
    fromDate: date({ mode: 'string' }).notNull(),
    toDate: date({ mode: 'string' }).notNull(),
    setting: text().notNull(),
    billType: text(),
    modality: text().notNull(),
    source: text().notNull(),
    linkedEncounterId: text(),
    claimStatus: text().notNull(),
    replacesEncounterId: text(),
    icn: text(),
    acceptance: text(),
    mao004: text('mao004'),
    crrAction: text(),
    placeOfService: text(),
    hra: boolean().notNull(),
    signed: boolean(),
    hasProvider: boolean().notNull(),
    providerNpi: text(),
    providerSpecialty: text(),
    ...provenance,
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.encounterId] }),
    // The linkage figures read the chart reviews of a few service years, a small part of the records.
    index('encounters_chart_review').on(t.tenantId, t.toDate).where(sql`source = 'chart_review'`),
  ],
);

export const serviceLines = pgTable(
  'service_lines',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    encounterId: text().notNull(),
    lineNumber: integer().notNull(),
    procedure: text(),
    modifiers: text().array().notNull(),
    serviceDate: date({ mode: 'string' }),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.encounterId, t.lineNumber] })],
);

export const diagnoses = pgTable(
  'diagnoses',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    encounterId: text().notNull(),
    code: text().notNull(),
    position: smallint(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.encounterId, t.code] })],
);

/** Rows of a clinical feed are keyed by the source's own row id, or by a hash of their content. */
const clinical = { tenantId: tenantId(), memberId: uuid().notNull(), key: text().notNull() };

export const conditions = pgTable(
  'conditions',
  {
    ...clinical,
    conditionId: text(),
    code: text().notNull(),
    system: text().notNull(),
    source: text().notNull(),
    encounterId: text(),
    recorded: date({ mode: 'string' }),
    clinicalStatus: text(),
    verification: text(),
    context: text(),
    meat: text().array(),
    signed: boolean(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.key] })],
);

export const observations = pgTable(
  'observations',
  {
    ...clinical,
    code: text().notNull(),
    system: text().notNull(),
    date: date({ mode: 'string' }).notNull(),
    value: doublePrecision(),
    unit: text(),
    comparator: text(),
    text: text(),
    interpretation: text(),
    status: text(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.key] })],
);

export const medications = pgTable(
  'medications',
  {
    ...clinical,
    code: text(),
    system: text(),
    ingredient: text(),
    route: text(),
    date: date({ mode: 'string' }).notNull(),
    daysSupply: doublePrecision(),
    source: text().notNull(),
    setting: text(),
    status: text(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.key] })],
);

export const procedures = pgTable(
  'procedures',
  {
    ...clinical,
    code: text().notNull(),
    system: text().notNull(),
    date: date({ mode: 'string' }).notNull(),
    status: text(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.key] })],
);

export const appointments = pgTable(
  'appointments',
  {
    ...clinical,
    date: date({ mode: 'string' }).notNull(),
    hasProvider: boolean().notNull(),
    providerNpi: text(),
    providerSpecialty: text(),
    ...provenance,
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.key] }),
    // The list before a visit asks who comes in the next days.
    index('appointments_date').on(t.tenantId, t.date),
  ],
);

/**
 * What a payer or CMS answered about an encounter (277CA, MAO-004). Kept apart and applied when a history is loaded,
 * so that it makes no difference whether the answer or the encounter came first. '' stands for "not named" in the key.
 */
export const encounterStatuses = pgTable(
  'encounter_statuses',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    encounterId: text().notNull(),
    icn: text().notNull(),
    acceptance: text(),
    mao004: text('mao004'),
    reasons: text().array().notNull(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.encounterId, t.icn] })],
);

/** What CMS paid (MMR months) or set (MOR runs), to reconcile our scores with. Decimals inside stay text. */
export const paidRaf = pgTable(
  'paid_raf',
  {
    ...clinical,
    report: text().notNull(),
    contractId: text(),
    paymentYear: smallint(),
    paymentMonth: text(),
    model: text(),
    paid: jsonb().$type<PaidRaf>().notNull(),
    ...provenance,
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.key] }),
    index('paid_raf_month').on(t.tenantId, t.report, t.paymentYear, t.paymentMonth),
  ],
);

/**
 * Other numbers a member is known by (the MBI), so that CMS's returns find their member. A person's MBI may change:
 * every one that was ever sent stays. Plain under row-level security, as the plan's own id beside it is.
 */
export const memberAliases = pgTable(
  'member_aliases',
  { tenantId: tenantId(), memberId: uuid().notNull(), alias: text().notNull(), ...provenance },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.alias] }),
    index('member_aliases_alias').on(t.tenantId, t.alias),
  ],
);

/**
 * Links as stated: this member is the same person as another. `members.merged_into` is worked out of all of them, so
 * that chains come out the same in whichever order their links arrived, and taking one back restores the rest.
 */
export const memberLinks = pgTable(
  'member_links',
  { tenantId: tenantId(), memberId: uuid().notNull(), intoMember: uuid().notNull(), ...provenance },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId] }),
    index('member_links_into').on(t.tenantId, t.intoMember),
  ],
);

/**
 * Which resource of a FHIR server states a claim now: the claim is known by its number, and a deletion names the
 * resource (`ExplanationOfBenefit/id`).
 */
export const claimResources = pgTable(
  'claim_resources',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    claimId: text().notNull(),
    resource: text().notNull(),
    ...provenance,
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.memberId, t.claimId] }),
    index('claim_resources_resource').on(t.tenantId, t.resource),
  ],
);

/** Visits that a claim bills: what was documented at the visit is then a note of the claim's record. */
export const visitClaims = pgTable(
  'visit_claims',
  {
    tenantId: tenantId(),
    memberId: uuid().notNull(),
    /** The visit, an encounter of source `ehr`. */
    encounterId: text().notNull(),
    claimId: text().notNull(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.memberId, t.encounterId] })],
);

/** Resources that a FHIR server has deleted, so that one that arrives after its deletion does not count. */
export const resourceDeletions = pgTable(
  'resource_deletions',
  {
    tenantId: tenantId(),
    /** `Type/id`. */
    resource: text().notNull(),
    /** Versions after it stand again; null: when is not known, and none does. */
    deletedAt: instant(),
    ...provenance,
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.resource] })],
);
