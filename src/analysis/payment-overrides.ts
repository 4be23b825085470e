import { z } from 'zod';
import { OVERRIDABLE, type PaymentOverride } from '../engine/payment-overrides.ts';
import { MODEL_IDS } from '../engine/score-contract.ts';

const scope = {
  paymentYear: z.int().min(2000).max(2100),
  program: z.enum(['ma', 'pace']).default('ma'),
  model: z.enum(MODEL_IDS),
  set: z.string().min(1).max(64).nullable().default(null).describe('a Part D calibration; null: any'),
  partD: z.enum(['none', 'mapd', 'pdp', 'pace']).nullable().default(null),
  group: z
    .enum(['aged_disabled', 'dialysis_transplant', 'graft', 'all'])
    .nullable()
    .default(null)
    .describe('null: every payment group'),
  parameter: z.enum(OVERRIDABLE),
  value: z
    .number()
    .min(0)
    .max(10)
    .refine(
      (value) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-6,
      'has more than three decimals',
    ),
} as const;
const why = z.string().trim().min(1).max(500);

function fits({ parameter, value }: { readonly parameter: string; readonly value: number }): boolean {
  return parameter === 'normalization' ? value > 0 : value <= 1;
}
const misfit = 'a normalization factor is more than 0; an adjustment or weight is at most 1';

/** An override as an administrator gives it; `why` is the reason of the change where it is left out. */
export const overrideInput = z
  .strictObject({ ...scope, why: why.optional() })
  .refine(fits, misfit)
  .meta({ id: 'PaymentOverrideChange' });

/** An override in force, with who set it and when. */
export const overrideInForce = z
  .strictObject({ ...scope, why, by: z.string().min(1).max(200), on: z.iso.date() })
  .refine(fits, misfit)
  .meta({ id: 'PaymentOverride' });

/** Overrides as they come in force: one that stood before keeps who set it, when and why. */
export function stampOverrides(
  given: readonly z.output<typeof overrideInput>[],
  change: {
    readonly before: readonly PaymentOverride[];
    readonly by: string;
    readonly on: string;
    readonly reason: string;
  },
): readonly PaymentOverride[] {
  const { before, by, on, reason } = change;
  return given.map(({ why: stated, ...rest }) => {
    const same = before.find(
      (old) =>
        (stated === undefined || stated === old.why) &&
        Object.entries(rest).every(([name, value]) => Reflect.get(old, name) === value),
    );
    return same ?? { ...rest, why: stated ?? reason, by, on };
  });
}
