import { z } from 'zod';
import { yearOf } from '../../engine/dates.ts';
import { yearStateOf } from '../../worklists/year-states.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { yearStateRow } from '../schemas/worklist.ts';
import { today } from '../tenant.ts';

/** Payment years shown around a date: six that take deletes, the open ones and the next. */
const YEARS_BACK = 6;
const YEARS_AHEAD = 2;

const config = { audit: 'none' } as const;

/** Submission calendar and the suspect rules in force: facts, no data of people. */
export function registerCalendar(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/calendar',
    {
      config,
      schema: {
        operationId: 'getCalendar',
        tags: ['reference'],
        summary: 'State of each payment year on a date, and the submission runs',
        querystring: z.strictObject({ asOf: z.iso.date().optional() }),
        response: {
          200: z.object({
            asOf: z.string(),
            years: z.array(yearStateRow),
            runs: z.array(
              z.object({
                paymentYear: z.int(),
                run: z.enum(['initial', 'mid_year', 'final']),
                dosFrom: z.string(),
                dosTo: z.string(),
                deadline: z.string().describe('20:00 Eastern on that day'),
                status: z
                  .enum(['relayed', 'derived', 'unverified', 'operator'])
                  .describe(
                    'relayed: read in a memo; derived: by the rule; unverified: by the rule, no memo seen',
                  ),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { asOf = today(deps) } = request.query;
      const { calendar } = deps.reference;
      const first = yearOf(asOf) - YEARS_BACK;
      const years = Array.from({ length: YEARS_BACK + YEARS_AHEAD + 1 }, (_unused, index) => first + index);
      return { asOf, years: years.map((year) => yearStateOf(calendar, year, asOf)), runs: calendar.runs };
    },
  );

  v1.get(
    '/reference/suspecting-rules',
    {
      config,
      schema: {
        operationId: 'listSuspectRules',
        tags: ['reference'],
        summary: 'Suspect rules: version, targets, tier and its reason, sources, caution',
        response: {
          200: z.object({
            library: z.object({ version: z.string(), dated: z.string(), reviewStatus: z.string() }),
            items: z.array(
              z.object({
                id: z.string(),
                version: z.string(),
                status: z.string(),
                defaultEnabled: z.boolean(),
                sensitivity: z.string().nullable(),
                title: z.string(),
                kind: z.string(),
                targets: z.record(z.string(), z.array(z.object({ hcc: z.string(), label: z.string() }))),
                tier: z.string(),
                tierReason: z.string(),
                references: z.array(
                  z.object({ title: z.string(), url: z.string().nullable(), reRead: z.boolean() }),
                ),
                complianceCaution: z.string(),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async () => ({ library: deps.reference.suspecting.library, items: deps.reference.suspecting.rules }),
  );
}
