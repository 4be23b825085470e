import { z } from 'zod';
import { ANSWER_KINDS } from '../../engine/queries/query.ts';
import type { ProviderQuery as StoredQuery } from '../../store/reviews.ts';
import { type Late, queryOutcome } from '../../worklists/query-outcome.ts';

export const QUERY_STATUSES = ['draft', 'sent', 'answered', 'withdrawn'] as const;
const OUTCOMES = ['agreed', 'disagreed', 'undetermined', 'no_response'] as const;

/** An answer offered. */
export const option = z.object({
  kind: z.enum(ANSWER_KINDS),
  text: z.string().max(500),
  indicators: z.array(z.int().min(0)),
});

export const words = z.string().trim().min(1).max(2000);

/** What a person asks for: a gap, and words in place of those drafted. */
export const newQuery = z
  .strictObject({
    gapId: z.string().min(1).max(100),
    send: z.boolean().default(false),
    edit: z
      .strictObject({
        title: words.nullish(),
        opening: words.optional(),
        question: words.optional(),
        options: z.array(option).max(20).optional(),
      })
      .nullish(),
  })
  .meta({ id: 'NewQuery' });

const content = z.object({
  templateId: z.string(),
  templateVersion: z.string(),
  type: z.enum(['open_ended', 'multiple_choice', 'yes_no']),
  timing: z.enum(['prospective', 'concurrent', 'retrospective']),
  title: z.string().nullable(),
  opening: z.string(),
  question: z.string(),
  indicators: z.array(
    z.object({
      type: z.string(),
      label: z.string(),
      value: z.union([z.number(), z.string()]).nullable(),
      unit: z.string().nullable(),
      date: z.string(),
      sourceRef: z.string(),
      encounterId: z.string().nullable(),
    }),
  ),
  options: z.array(option),
  encounterId: z.string().nullable(),
  dateOfService: z.string().nullable(),
  documentedRef: z.object({ encounterId: z.string(), locator: z.string() }).nullable(),
  priorOnly: z.boolean(),
  defaultAnswer: z.null(),
  text: z.string().describe('as it is read'),
});

/** A query as answers show it. */
export const queryRow = z
  .object({
    queryId: z.string(),
    gapId: z.string(),
    memberKey: z.string(),
    providerNpi: z.string().nullable(),
    status: z.enum(QUERY_STATUSES),
    type: z.string(),
    content,
    contentSha256: z.string(),
    createdBy: z.string(),
    createdAt: z.string(),
    sentAt: z.string().nullable(),
    answer: z.object({ kind: z.enum(ANSWER_KINDS), text: z.string(), credentials: z.string() }).nullable(),
    answeredBy: z.string().nullable(),
    answeredAt: z.string().nullable(),
    outcome: z
      .enum(OUTCOMES)
      .nullable()
      .describe('what the answer came to; no_response: none within the days of the policy, and still open'),
    reminders: z.int(),
    remindedAt: z.string().nullable(),
    version: z.int(),
  })
  .meta({ id: 'Query', description: 'A question about documentation; no code, HCC, RAF or money in it' });

export type QueryRow = z.output<typeof queryRow>;

/** A stored query as shown: without the gap's HCC (CQ-13), with what its answer came to. */
export function shownQuery({ model: _model, hcc: _hcc, ...row }: StoredQuery, late: Late): QueryRow {
  // Content and answer were written by this file in exactly this shape.
  const answer = row.answer as QueryRow['answer'];
  const outcome = queryOutcome(
    { status: row.status, sentAt: row.sentAt, answer: answer?.kind ?? null },
    late,
  );
  return { ...row, content: row.content, answer, outcome } as QueryRow;
}
