import { z } from 'zod';
import { overrideInForce } from '../analysis/payment-overrides.ts';
import { POLICY_DEFAULTS, policyFields } from '../analysis/tenant-policy.ts';
import { parserSettingsFields } from '../intake/parser-settings.ts';
import type { SecondReviewPolicy } from '../worklists/second-review.ts';
import { ROLES } from './roles.ts';

const text = z.string().min(1).max(200);

const fields = {
  coderSeesRaf: z.boolean().describe('coders see RAF values'),
  purposeRequired: z.boolean().describe('data of people are read only with a purpose (X-Purpose)'),
  claimHours: z.int().min(1).max(240).describe('hours after which an untouched claim falls back'),
  queryWindowDays: z
    .int()
    .min(0)
    .max(365)
    .describe('days after the service within which a retrospective query may be sent'),
  secondReviewCoders: z
    .array(text)
    .max(1000)
    .describe('coders whose every decision a second reviewer confirms'),
  secondReviewNewDecisions: z
    .int()
    .min(0)
    .max(10_000)
    .describe('a coder is new until this many decisions were drawn: a second reviewer confirms each'),
  secondReviewRate: z
    .number()
    .min(0)
    .max(1)
    .describe('share of all other decisions of coders that is drawn for a second reviewer'),
  secondReviewSeed: text.describe('names the draw, so that it can be repeated'),
  undoHours: z.int().min(0).max(168).describe('hours within which a person may undo an own last step'),
  queryAnswerDays: z
    .int()
    .min(1)
    .max(365)
    .describe('days after which a query without an answer counts as no response'),
  substanceUseRoles: z
    .array(z.enum(ROLES))
    .max(ROLES.length)
    .describe('roles that may see substance use disorder records (42 CFR part 2); others find none'),
  submitterId: z
    .string()
    .regex(/^[A-Z0-9 ]{2,15}$/)
    .describe('sender id of the chart review files (ISA06, GS02, NM1*41)'),
  receiverId: z
    .string()
    .regex(/^[A-Z0-9 ]{2,15}$/)
    .describe('receiver id of the chart review files (ISA08, GS03, NM1*40)'),
  submissionUsage: z.enum(['T', 'P']).describe('ISA15: test or production'),
  retainDecisionYears: z
    .int()
    .min(10)
    .max(100)
    .describe("years that a member's records are kept after the last service or coverage; MA: at least 10"),
  retainIntakeDays: z.int().min(1).max(3660).describe('days that rejected records as sent are kept'),
  ...policyFields,
  ...parserSettingsFields,
};

/** What a tenant's administrator may set. An unset field has its default; unknown fields are refused. */
export const settingsSchema = z
  .strictObject({
    coderSeesRaf: fields.coderSeesRaf.default(false),
    purposeRequired: fields.purposeRequired.default(false),
    claimHours: fields.claimHours.default(8),
    queryWindowDays: fields.queryWindowDays.default(30),
    secondReviewCoders: fields.secondReviewCoders.default([]),
    secondReviewNewDecisions: fields.secondReviewNewDecisions.default(50),
    secondReviewRate: fields.secondReviewRate.default(0.05),
    secondReviewSeed: fields.secondReviewSeed.default('second-review'),
    undoHours: fields.undoHours.default(24),
    queryAnswerDays: fields.queryAnswerDays.default(14),
    substanceUseRoles: fields.substanceUseRoles.default(['coder', 'lead', 'auditor']),
    submitterId: fields.submitterId.default('SUBMITTER'),
    receiverId: fields.receiverId.default('RECEIVER'),
    submissionUsage: fields.submissionUsage.default('T'),
    retainDecisionYears: fields.retainDecisionYears.default(10),
    retainIntakeDays: fields.retainIntakeDays.default(90),
    priorityWeights: fields.priorityWeights.default({ ...POLICY_DEFAULTS.priorityWeights }),
    enabledRules: fields.enabledRules.default([]),
    disabledRules: fields.disabledRules.default([]),
    ownRules: fields.ownRules.default([]),
    rulePpvFloor: fields.rulePpvFloor.default(POLICY_DEFAULTS.rulePpvFloor),
    calendarOverrides: fields.calendarOverrides.default([]),
    paymentOverrides: z.array(overrideInForce).default([]),
    memberIdSystems: fields.memberIdSystems.default([]),
    includeNonFinalDiagnoses: fields.includeNonFinalDiagnoses.default(false),
    lenientX12: fields.lenientX12.default(false),
    enrollmentRules: fields.enrollmentRules.default([]),
  })
  .meta({ id: 'Settings' });

/** A change: what it does not name stays as it is. */
export const settingsChange = z.strictObject(fields).partial().meta({ id: 'SettingsChange' });

export type TenantSettings = z.output<typeof settingsSchema>;

/** Stored settings with defaults filled in; what an older version stored and is unknown now is passed over. */
export function readSettings(stored: Readonly<Record<string, unknown>> | undefined): TenantSettings {
  const known = Object.fromEntries(
    Object.entries(stored ?? {}).filter(([name]) => Object.hasOwn(settingsSchema.shape, name)),
  );
  return settingsSchema.parse(known);
}

/** Which decisions of coders are looked at again. */
export function secondReviewPolicy(settings: TenantSettings): SecondReviewPolicy {
  return {
    coders: settings.secondReviewCoders,
    newDecisions: settings.secondReviewNewDecisions,
    rate: settings.secondReviewRate,
    seed: settings.secondReviewSeed,
  };
}
