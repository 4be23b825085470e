import { z } from 'zod';
import { policyFields } from '../../analysis/tenant-policy.ts';
import { GAP_KINDS } from '../../engine/analysis-contract.ts';
import type { CompiledModel } from '../../engine/model.ts';
import { MODEL_IDS, type ModelId } from '../../engine/score-contract.ts';
import { WORKFLOW_STATUSES } from '../../store/gaps.ts';
import type { ProblemItem } from '../problems.ts';
import { yearStates } from './analysis.ts';

function listOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(names)).min(1));
}

const texts = z
  .string()
  .max(4000)
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(z.string().min(1).max(64)).min(1).max(200));

const date = z.iso.date().optional();

/** Filters of the gap worklists; a comma-separated value means "one of". */
export const worklistFilters = {
  paymentYear: z.coerce.number().int().min(2000).max(2100).optional(),
  kind: listOf(GAP_KINDS).optional(),
  hcc: texts.optional(),
  model: z.enum(MODEL_IDS).optional(),
  confidence: listOf(['high', 'medium', 'low']).optional(),
  provider: texts.optional().describe('NPIs'),
  contract: texts.optional(),
  member: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.uuid()).min(1).max(200))
    .optional()
    .describe('our own member keys'),
  assignee: z.string().max(200).optional().describe('`me`, `none`, or who'),
  dueBy: date,
  appointmentFrom: date,
  appointmentTo: date,
  status: listOf(WORKFLOW_STATUSES).optional().describe('default: open, in_review, queried'),
};

/** Models whose HCCs gaps can be about. */
const GAP_MODELS: readonly ModelId[] = ['cms-hcc-v22', 'cms-hcc-v24', 'cms-hcc-v28'];

/** What a filter names that cannot be: an HCC of no model in question, dates in the wrong order. */
export function filterFaults(
  {
    hcc = [],
    model,
    appointmentFrom: from,
    appointmentTo: to,
  }: {
    readonly hcc?: readonly string[] | undefined;
    readonly model?: ModelId | undefined;
    readonly appointmentFrom?: string | undefined;
    readonly appointmentTo?: string | undefined;
  },
  models: { get(id: ModelId): CompiledModel | undefined },
): readonly ProblemItem[] {
  const asked = model === undefined ? GAP_MODELS : [model];
  const unknown = hcc.filter((one) => !asked.some((id) => models.get(id)?.labels.has(one)));
  return [
    ...unknown.map((value) => ({
      pointer: '/query/hcc',
      code: 'unknown_hcc',
      message: `no payment HCC of ${asked.join(', ')}; HCCs are bare numbers, as "37"`,
      value,
    })),
    ...(from !== undefined && to !== undefined && from > to
      ? [
          {
            pointer: '/query/appointmentTo',
            code: 'dates_reversed',
            message: `before appointmentFrom, ${from}`,
            value: to,
          },
        ]
      : []),
  ];
}

export const yearStateRow = z
  .object({
    paymentYear: z.int(),
    dosYear: z.int(),
    yearState: z.enum(yearStates),
    finalDeadline: z.string(),
    daysLeft: z.int().nullable().describe('to the end of the service year, then to the final deadline'),
  })
  .meta({ id: 'YearState' });

export const priorityWeights = policyFields.priorityWeights
  .optional()
  .describe('weights of the parts of `priority`, from the settings in force');

export const worklistTotals = z
  .object({
    byDirection: z.array(
      z.object({
        direction: z.enum(['add', 'refine', 'link', 'question', 'delete']),
        gaps: z.int(),
        members: z.int(),
        withoutImpact: z.int(),
        standalone: z.number(),
        payment: z.number(),
      }),
    ),
    net: z
      .object({ standalone: z.number(), payment: z.number() })
      .describe('adds and deletes together, signed; standalone values overlap, so this is no forecast'),
  })
  .meta({ id: 'WorklistTotals' });

export const worklistCounts = z.array(
  z.object({
    kind: z.enum(GAP_KINDS),
    workflowStatus: z.enum(WORKFLOW_STATUSES),
    confidence: z.enum(['high', 'medium', 'low']),
    count: z.int(),
  }),
);
