import { z } from 'zod';
import { MODEL_IDS } from '../../engine/score-contract.ts';

const factor = z
  .object({
    variable: z.string().describe("CMS's variable name without segment prefix"),
    kind: z.enum(['demographic', 'hcc', 'interaction', 'count', 'divisor', 'rxc', 'group', 'other']),
    value: z.number(),
    diagnoses: z.array(z.string()).optional(),
  })
  .meta({ id: 'Factor' });

const payment = z
  .object({
    normalization: z.number(),
    codingAdjustment: z.number().nullable(),
    score: z.number(),
    steps: z.array(z.object({ step: z.string(), formula: z.string(), value: z.number() })),
  })
  .meta({
    id: 'PaymentScore',
    description: 'Raw score to payment score, step by step, rounded in the stated order',
  });

const scoreShape = {
  id: z.string().nullable(),
  model: z.enum(MODEL_IDS),
  paymentYear: z.int(),
  segment: z.string(),
  hccsBeforeHierarchy: z.array(z.string()),
  hccs: z.array(z.string()),
  dropped: z.array(z.object({ hcc: z.string(), droppedBy: z.string() })),
  paymentHccCount: z.int(),
  factors: z.array(factor).describe('they sum to rawScore exactly as shown'),
  rawScore: z.number(),
  payment: payment.nullable(),
  csrAdjusted: z
    .object({ indicator: z.string(), factor: z.number(), score: z.number() })
    .optional()
    .describe('HHS-HCC with a CSR indicator: the raw score times its factor'),
  unmapped: z.array(z.string()).describe('valid, and in no HCC of this model'),
  pending: z.array(z.string()).describe('valid by a newer code set than the mapping covers: never zero'),
  invalid: z.array(z.object({ code: z.string(), reason: z.string() })),
  assumptions: z.array(z.string()).describe('what was defaulted'),
  provenance: z.array(z.string()).describe('single-source, unverified, proposed or overridden tables used'),
};

export const scoreResult = z
  .object({
    ...scoreShape,
    models: z.array(z.object({ ...scoreShape, blendWeight: z.number() })).optional(),
  })
  .meta({ id: 'Score', description: 'A risk score with every factor behind it' });

export const memberMonths = z
  .object({
    memberId: z.string(),
    paymentYear: z.int(),
    months: z
      .array(
        z.object({
          month: z.string(),
          notPaid: z.enum(['not_enrolled_on_the_1st', 'deceased', 'hospice']).nullable(),
          model: z.enum(MODEL_IDS).nullable(),
          segment: z.string().nullable(),
          rawScore: z.number().nullable(),
          payment: z.number().nullable(),
          changes: z.array(z.string()).describe('against the last paid month'),
        }),
      )
      .describe('twelve, by the status on the first of each'),
    memberMonths: z.int().describe('paid months'),
    statuses: z
      .array(z.object({ months: z.array(z.string()), score: scoreResult }))
      .describe('months with one status, with their score and every factor'),
    rawScore: z.number().nullable().describe('mean over the paid months'),
    payment: z.number().nullable(),
    assumptions: z.array(z.string()),
  })
  .meta({ id: 'MemberMonths', description: 'The score of a payment year from those of its months' });

/** In place of an answer: the item that could not be served; the others go on. */
export const lineError = z
  .object({
    id: z.string().nullable(),
    line: z.int().describe('1-based place in the list or stream'),
    error: z.object({
      code: z.string(),
      message: z.string(),
      errors: z
        .array(
          z.object({
            pointer: z.string(),
            code: z.string(),
            message: z.string(),
            value: z.unknown().optional(),
          }),
        )
        .optional(),
    }),
  })
  .meta({ id: 'LineError' });

const amounts = z.object({ raw: z.number(), payment: z.number().nullable() });

export const impactResult = z
  .object({
    id: z.string().nullable(),
    baseline: amounts.describe('a score; all others are changes of score'),
    joint: amounts.describe('all candidates together'),
    gaps: z.array(z.object({ id: z.string(), standalone: amounts, incremental: amounts, shapley: amounts })),
    method: z.enum(['exact', 'sequential']),
    dollars: z
      .object({
        currency: z.literal('USD'),
        baseRateCents: z.int(),
        months: z.int(),
        jointCents: z.int(),
        gaps: z.array(
          z.object({
            id: z.string(),
            standaloneCents: z.int(),
            incrementalCents: z.int(),
            shapleyCents: z.int(),
          }),
        ),
        label: z.string(),
      })
      .nullable()
      .describe('null unless a base rate is given'),
    assumptions: z.array(z.string()),
    provenance: scoreShape.provenance,
  })
  .meta({ id: 'Impact', description: 'What gaps are worth, by rescoring' });

export const comparison = z
  .object({
    id: z.string().nullable(),
    a: scoreResult,
    b: scoreResult,
    difference: z.object({ raw: z.number(), payment: z.number().nullable() }).describe('b less a'),
    factors: z.array(
      z.object({
        variable: z.string(),
        kind: z.string(),
        a: z.number().nullable(),
        b: z.number().nullable(),
        difference: z.number(),
        reason: z.string(),
        why: z.string(),
      }),
    ),
    payment: z.array(z.object({ part: z.string(), difference: z.number(), why: z.string() })),
  })
  .meta({ id: 'Comparison', description: 'What moved between two scores of one member, factor by factor' });
