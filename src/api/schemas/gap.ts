import { z } from 'zod';
import { dotted } from '../../engine/icd10.ts';
import { type GapEvent, type StoredGap, WORKFLOW_STATUSES } from '../../store/gaps.ts';
import { PRIORITY_PARTS, unpackPart } from '../../store/priority-parts.ts';
import { HUMAN_TARGETS, REASONS } from '../../worklists/transitions.ts';
import { gap, unspecifiedFlag } from './analysis.ts';

export const priorityPart = z
  .object({
    name: z.enum(PRIORITY_PARTS),
    value: z.number(),
    weight: z.number(),
    points: z.number().describe('value times weight, rounded'),
    why: z.string(),
  })
  .meta({
    id: 'PriorityPart',
    description: 'Why the gap stands where it does; the points add up to `priority`',
  });

export const storedGap = gap
  .extend({
    memberKey: z.string().describe('our own key of the member, for paths'),
    memberId: z.string().nullable().describe("the plan's id, in bodies only"),
    paymentYear: z.int(),
    workflowStatus: z
      .enum(WORKFLOW_STATUSES)
      .describe('what people made of it; `status` is what the engine says'),
    workflowReason: z.string().nullable(),
    decidedBy: z.enum(['person', 'engine']).nullable(),
    decidedAt: z.string().nullable(),
    assignee: z.string().nullable(),
    claimExpiresAt: z.string().nullable(),
    identifiedAt: z.string().nullable().describe('when a reviewer found it unsupported'),
    workingDeadline: z
      .string()
      .nullable()
      .describe('working deadline of the overpayment clock, once identified; not legal advice'),
    version: z.int().describe('send it back in If-Match'),
    priority: z.number().describe('higher first: the sum of the points of `priorityParts`'),
    priorityParts: z.array(priorityPart),
    orderReasons: z.array(z.string()).describe('the parts that count, in words and without figures'),
    chosenLink: z
      .object({
        encounterId: z.string(),
        icn: z.string().nullable(),
        dos: z.string(),
        providerNpi: z.string().nullable(),
        status: z.enum(['linked', 'link_pending_icn']),
        chosenBy: z.string(),
        chosenAt: z.string(),
      })
      .nullable()
      .describe('the encounter that a person chose for this add to be linked to'),
    providerNpi: z.string().nullable(),
    contractId: z.string().nullable(),
    nextAppointment: z.string().nullable(),
    clinicalReview: z.string().describe('clinical review status of the rules and classes behind it'),
    present: z.boolean().describe('false once an analysis no longer finds it'),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'StoredGap' });

/** A stored gap as answers show it: the engine's finding and the people's side beside one another. */
export function shownGap(
  { gap: finding, ...row }: StoredGap,
  more: {
    readonly memberId: string | null;
    readonly workingDeadline: string | null;
    readonly clinicalReview: string;
  },
) {
  const priorityParts = row.priorityParts.map(unpackPart);
  const orderReasons = priorityParts
    .filter(({ value }) => value > 0)
    .map(({ name, why }) => `${name}: ${why}`);
  return { ...finding, ...row, ...more, priorityParts, orderReasons };
}

export const gapEvent = z
  .object({
    eventId: z.number(),
    gapId: z.string(),
    version: z.int(),
    type: z.string(),
    fromStatus: z.enum(WORKFLOW_STATUSES).nullable(),
    toStatus: z.enum(WORKFLOW_STATUSES).nullable(),
    actor: z.string(),
    role: z.string().nullable(),
    reason: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable(),
    at: z.string(),
  })
  .meta({ id: 'GapEvent', description: 'Append-only: who, when, why, and what it stood on' });

/** A stored event as answers show it: the code that a step named is dotted there as everywhere. */
export function shownEvent(event: GapEvent): GapEvent {
  const code = event.detail?.code;
  return typeof code === 'string' ? { ...event, detail: { ...event.detail, code: dotted(code) } } : event;
}

const shortText = z.string().trim().min(1).max(200);

export const locatorSchema = z
  .strictObject({
    documentId: shortText,
    versionHash: shortText,
    page: z.int().min(1).max(100_000).optional(),
    section: shortText.optional(),
    quote: z.string().max(200).optional(),
  })
  .refine(({ page, section }) => page !== undefined || section !== undefined, {
    path: ['page'],
    message: 'page or section is required',
  })
  .meta({ id: 'Locator', description: 'Where in which version of a document the support stands' });

export const transitionBody = z
  .strictObject({
    to: z.enum(HUMAN_TARGETS),
    reason: z.enum(REASONS).nullish(),
    comment: z.string().trim().min(1).max(2000).nullish(),
    encounterId: z.string().min(1).max(128).nullish(),
    code: z.string().min(3).max(10).nullish(),
    meat: z
      .array(z.enum(['monitored', 'evaluated', 'assessed', 'treated']))
      .max(4)
      .nullish(),
    locator: locatorSchema.nullish(),
    overrideReason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .nullish()
      .describe('why an unspecified code is kept although more detail is on record'),
  })
  .meta({
    id: 'Transition',
    example: {
      to: 'captured',
      reason: 'add_supported',
      encounterId: 'E1',
      code: 'I50.22',
      meat: ['assessed'],
      locator: {
        documentId: 'note-17',
        versionHash: 'sha256:ab12',
        page: 2,
        quote: 'chronic systolic HF, stable',
      },
    },
  });

export const unspecifiedItem = unspecifiedFlag
  .extend({
    memberKey: z.string(),
    memberId: z.string().nullable(),
    paymentYear: z.int(),
    contractId: z.string().nullable(),
  })
  .meta({ id: 'UnspecifiedItem' });
