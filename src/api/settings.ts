import { z } from 'zod';
import { POLICY_DEFAULTS, policyFields } from '../analysis/tenant-policy.ts';

const text = z.string().min(1).max(200);

const fields = {
  coderSeesRaf: z.boolean().describe('coders see RAF values'),
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
  ...policyFields,
};

/** What a tenant's administrator may set. An unset field has its default; unknown fields are refused. */
export const settingsSchema = z
  .strictObject({
    coderSeesRaf: fields.coderSeesRaf.default(false),
    claimHours: fields.claimHours.default(8),
    queryWindowDays: fields.queryWindowDays.default(30),
    secondReviewCoders: fields.secondReviewCoders.default([]),
    priorityWeights: fields.priorityWeights.default({ ...POLICY_DEFAULTS.priorityWeights }),
    enabledRules: fields.enabledRules.default([]),
    disabledRules: fields.disabledRules.default([]),
    ownRules: fields.ownRules.default([]),
    rulePpvFloor: fields.rulePpvFloor.default(POLICY_DEFAULTS.rulePpvFloor),
    calendarOverrides: fields.calendarOverrides.default([]),
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
