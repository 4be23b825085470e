import { z } from 'zod';
import type { RunRow } from '../engine/calendar.ts';
import { isIsoDate } from '../engine/dates.ts';
import type { PaymentOverride } from '../engine/payment-overrides.ts';
import type { RuleSelection } from '../engine/suspects/evaluate.ts';
import type { CalendarOverride } from '../reference/calendar.ts';
import { parseRuleFile } from '../reference/suspect-rules.ts';
import { overrideInForce, overrideInput } from './payment-overrides.ts';
import { DEFAULT_PRIORITY_WEIGHTS, type PriorityWeights, weightFault } from './priority.ts';

const weight = z.int().min(0).max(100_000);
const ruleId = z.string().min(1).max(200);
const runs = ['initial', 'mid_year', 'final'] as const satisfies readonly RunRow['run'][];

/** Fields of a tenant's settings that change what its analyses find or how their findings are ordered. */
export const policyFields = {
  priorityWeights: z
    .strictObject({
      complianceFirst: weight,
      impact: weight.describe('points for one RAF point'),
      deadline: weight,
      confidence: weight,
      visitSoon: weight,
      findingAge: weight,
    })
    .superRefine((weights, context) => {
      const fault = weightFault(weights);
      if (fault !== null) {
        context.addIssue({ code: 'custom', path: ['complianceFirst'], message: fault });
      }
    })
    .describe('points that each part of the order of a worklist is worth at most'),
  enabledRules: z.array(ruleId).max(500).describe('suspect rules turned on that are off by default'),
  disabledRules: z.array(ruleId).max(500).describe('suspect rules turned off that are on by default'),
  ownRules: z
    .array(z.record(z.string(), z.unknown()))
    .max(200)
    .describe("the tenant's own suspect rules, in the format of the rule library; same id: takes its place"),
  rulePpvFloor: z
    .number()
    .min(0)
    .max(1)
    .describe('a suspect rule whose measured positive predictive value is below this is to be retired'),
  calendarOverrides: z
    .array(
      z.strictObject({
        paymentYear: z.int().min(2000).max(2100),
        run: z.enum(runs),
        deadline: z.iso.date().refine(isIsoDate, 'not a date of the calendar'),
      }),
    )
    .max(100)
    .refine(
      (rows) => new Set(rows.map(({ paymentYear, run }) => `${paymentYear} ${run}`)).size === rows.length,
      'a run of a payment year is overridden twice',
    )
    .describe('submission deadlines set by the operator in place of the calendar loaded'),
  paymentOverrides: z
    .array(overrideInput)
    .max(100)
    .describe('payment parameters set in place of those loaded; every answer that uses one says so'),
} as const;

export const POLICY_DEFAULTS = {
  priorityWeights: DEFAULT_PRIORITY_WEIGHTS,
  enabledRules: [],
  disabledRules: [],
  ownRules: [],
  rulePpvFloor: 0.2,
  calendarOverrides: [],
  paymentOverrides: [],
} as const;

/** What an analysis of a tenant's members follows. */
export interface TenantPolicy {
  readonly weights: PriorityWeights;
  readonly suspecting: RuleSelection;
  readonly calendarOverrides: readonly CalendarOverride[];
  readonly paymentOverrides: readonly PaymentOverride[];
}

/** The last policies that were asked for, by the text of their settings. */
const policies = new Map<string, TenantPolicy>();
const POLICIES_KEPT = 50;

/**
 * Policy out of stored settings. What an older version stored and cannot be read now is its default; own rules were
 * checked against the value sets when they were set. The same settings give the same object, so that what is worked
 * out of a policy once (the rules in force, and what they need) serves every chunk of a night.
 */
export function policyOf(stored: Readonly<Record<string, unknown>> | undefined): TenantPolicy {
  const key = JSON.stringify(stored ?? {});
  const known = policies.get(key);
  if (known !== undefined) return known;
  const policy = readPolicy(stored);
  if (policies.size >= POLICIES_KEPT) policies.clear();
  policies.set(key, policy);
  return policy;
}

function readPolicy(stored: Readonly<Record<string, unknown>> | undefined): TenantPolicy {
  const own = read(policyFields.ownRules, stored?.ownRules, []);
  const extra = own.length > 0 ? parseRuleFile({ rules: own }) : null;
  return {
    weights: read(policyFields.priorityWeights, stored?.priorityWeights, DEFAULT_PRIORITY_WEIGHTS),
    suspecting: {
      enabledRules: {
        ...switches(read(policyFields.enabledRules, stored?.enabledRules, []), true),
        ...switches(read(policyFields.disabledRules, stored?.disabledRules, []), false),
      },
      extraRules: extra?.ok ? extra.rules : [],
    },
    calendarOverrides: read(policyFields.calendarOverrides, stored?.calendarOverrides, []),
    paymentOverrides: read(z.array(overrideInForce), stored?.paymentOverrides, []),
  };
}

function read<T>(schema: z.ZodType<T>, value: unknown, fallback: T): T {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : fallback;
}

function switches(ids: readonly string[], on: boolean): Record<string, boolean> {
  return Object.fromEntries(ids.map((id) => [id, on]));
}

/** True when a change of settings asks for every member to be analysed again. */
export function policyChanged(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): boolean {
  return ANALYSED.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

const ANALYSED = [
  'priorityWeights',
  'enabledRules',
  'disabledRules',
  'ownRules',
  'calendarOverrides',
  'paymentOverrides',
] as const satisfies readonly (keyof typeof policyFields)[];
