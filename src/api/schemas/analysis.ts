import { z } from 'zod';
import { GAP_KINDS } from '../../engine/analysis-contract.ts';
import { MODEL_IDS } from '../../engine/score-contract.ts';
import { scoreResult } from './score.ts';

const isoDate = z.string().meta({ format: 'date' });
const nullableText = z.string().nullable();

export const evidence = z
  .object({
    type: z.enum(['diagnosis', 'condition', 'observation', 'medication', 'procedure', 'coverage']),
    code: nullableText,
    date: isoDate.nullable(),
    encounterId: nullableText,
    source: nullableText,
    eligible: z.boolean().nullable(),
    value: z.union([z.number(), z.string()]).nullable().optional(),
    unit: nullableText.optional(),
  })
  .meta({ id: 'Evidence' });

export const gap = z
  .object({
    gapId: z.string(),
    kind: z.enum(GAP_KINDS),
    status: z.enum(['open', 'closed_lower', 'closed_lower_inverted', 'no_anchor']),
    subKind: z.enum(['S0_unmapped', 'S1_lower', 'S2_equal', 'S3_down']).nullable(),
    reasons: z.array(z.string()),
    flags: z.array(z.string()),
    list: z.enum(['prospective', 'retrospective']),
    direction: z.enum(['add', 'refine', 'link', 'question', 'delete']),
    model: z.enum(MODEL_IDS),
    hcc: z.string(),
    hccLabel: z.string(),
    dosYear: z.int(),
    candidateCodes: z.array(z.object({ code: z.string(), description: z.string(), hcc: nullableText })),
    persistenceClass: nullableText,
    evidence: z.array(evidence),
    encounterLink: z
      .object({
        encounterId: z.string(),
        icn: nullableText,
        dos: isoDate,
        providerNpi: nullableText,
        status: z.enum(['linked', 'link_pending_icn', 'no_match']),
      })
      .nullable(),
    impact: z
      .object({
        standalone: z.number(),
        incremental: z.number(),
        shapley: z.number(),
        payment: z.number().nullable(),
      })
      .nullable()
      .describe('null for new enrollees and ESRD members'),
    confidence: z.enum(['high', 'medium', 'low']),
    ruleId: z.string(),
    act: z.object({ by: isoDate.nullable(), who: z.enum(['provider', 'coder', 'compliance']) }),
    explanation: z.string(),
  })
  .meta({ id: 'Gap', description: 'A question for a person; never a claim that a diagnosis is true' });

export const unspecifiedFlag = z
  .object({
    code: z.string(),
    description: z.string(),
    weight: z.enum(['zero', 'reduced', 'equal']),
    hcc: nullableText,
    siblings: z.array(z.object({ code: z.string(), hcc: nullableText })),
    encounterIds: z.array(z.string()),
    providerNpi: nullableText,
    evidence: z.enum(['recorded', 'none']),
    gapId: nullableText,
  })
  .meta({ id: 'Unspecified' });

export const yearStates = [
  'not_started',
  'prospective_open',
  'retrospective_open',
  'delete_only',
  'delete_by_report',
] as const;

export const analysis = z
  .object({
    memberId: z.string(),
    paymentYear: z.int(),
    dosYear: z.int(),
    asOf: isoDate,
    yearState: z.enum(yearStates),
    clinicalReview: z.string().describe('clinical review status of the rules and classes behind the gaps'),
    raf: z.object({ current: scoreResult.nullable(), ifAllClosed: scoreResult.nullable() }),
    gaps: z.array(gap),
    notGaps: z.array(
      z.object({ hcc: nullableText, code: z.string(), reason: z.string(), explanation: z.string() }),
    ),
    unspecified: z.array(unspecifiedFlag),
    notEvaluable: z.array(z.object({ test: z.string(), hcc: nullableText, missing: z.array(z.string()) })),
    encounters: z.array(
      z.object({
        encounterId: z.string(),
        eligible: z.boolean(),
        dosYear: z.int(),
        reasons: z.array(z.string()),
        flags: z.array(z.string()),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: 'Analysis', description: 'Gap analysis of one member history' });
