import { z } from 'zod';
import { rateOf } from '../../analytics/rates.ts';
import { directionStates, hccPrevalence, submissionCounts, topDrivers } from '../../store/analytics.ts';
import { WORKFLOW_STATUSES } from '../../store/gaps.ts';
import { bothWays, totalWorklist } from '../../store/worklist-totals.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { sentAsCsv } from '../report-csv.ts';
import { population, populationOf, rate } from '../schemas/population.ts';
import { worklistTotals } from '../schemas/worklist.ts';
import { inTenant } from '../tenant.ts';
import { registerExpectedPrevalence } from './expected-prevalence.ts';
import { registerPopulationCompare } from './population-compare.ts';
import { registerRafAnalytics } from './raf-analytics.ts';
import { labelOf, registerRecapture } from './recapture.ts';

const tags = ['analytics'];
const produces = ['application/json', 'text/csv'];
const directions = z.enum(['add', 'refine', 'link', 'question', 'delete']);
/** Reports on a population: RAF, prevalence, drivers, recapture; adds always beside deletes (compliance C-1). */
export function registerAnalytics(v1: Api, deps: ApiDeps): void {
  registerRafAnalytics(v1, deps);
  registerExpectedPrevalence(v1, deps);
  registerPopulationCompare(v1, deps);

  v1.get(
    '/analytics/prevalence',
    {
      schema: {
        operationId: 'getPrevalence',
        tags,
        summary:
          "Share of members with each HCC, and the plan's own year before: low and high both ask for a look",
        produces,
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                model: z.string(),
                hcc: z.string(),
                label: z.string(),
                prevalence: rate,
                before: rate.nullable(),
                ratio: z.number().nullable().describe('to the year before'),
              }),
            ),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const of = populationOf(deps, request, request.query);
      const rows = await inTenant(deps, request, (tx) => hccPrevalence(tx, of));
      const items = rows.map(({ model, hcc, members, scored, membersBefore, scoredBefore }) => {
        const prevalence = rateOf(members, scored);
        const before = scoredBefore === null ? null : rateOf(membersBefore ?? 0, scoredBefore);
        const ratio =
          before?.rate && prevalence.rate !== null
            ? Math.round((prevalence.rate / before.rate) * 1000) / 1000
            : null;
        return { model, hcc, label: labelOf(deps.reference, model, hcc), prevalence, before, ratio };
      });
      const table = items.map(({ prevalence, before, ...rest }) => ({
        ...rest,
        members: prevalence.numerator,
        scored: prevalence.denominator,
        rate: prevalence.rate,
        low: prevalence.low,
        high: prevalence.high,
        rateBefore: before?.rate ?? null,
      }));
      const columns = [
        'model',
        'hcc',
        'label',
        'members',
        'scored',
        'rate',
        'low',
        'high',
        'rateBefore',
        'ratio',
      ] as const;
      if (await sentAsCsv(deps, request, reply, { name: 'prevalence', columns, rows: table })) return reply;
      return { paymentYear: of.paymentYear, items };
    },
  );

  v1.get(
    '/analytics/drivers',
    {
      schema: {
        operationId: 'getDrivers',
        tags,
        summary: 'HCCs whose open gaps move most; deletes rank by the same absolute measure as adds',
        produces,
        querystring: z.strictObject({
          ...population,
          limit: z.coerce.number().int().min(1).max(500).default(20),
        }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                model: z.string(),
                hcc: z.string(),
                label: z.string(),
                direction: directions,
                gaps: z.int(),
                members: z.int(),
                standalone: z.number(),
                payment: z.number(),
              }),
            ),
            totals: worklistTotals.describe(
              'of all open gaps of the population, both directions, whatever `limit`',
            ),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const of = populationOf(deps, request, request.query);
      const { items, totals } = await inTenant(deps, request, async (tx) => ({
        items: await topDrivers(tx, of, request.query.limit),
        totals: bothWays(
          await totalWorklist(tx, {
            paymentYear: of.paymentYear,
            ...(of.contracts === null ? {} : { contracts: of.contracts }),
          }),
        ),
      }));
      const columns = [
        'model',
        'hcc',
        'label',
        'direction',
        'gaps',
        'members',
        'standalone',
        'payment',
      ] as const;
      if (await sentAsCsv(deps, request, reply, { name: 'drivers', columns, rows: items })) return reply;
      return { paymentYear: of.paymentYear, items, totals };
    },
  );

  v1.get(
    '/analytics/adds-and-deletes',
    {
      schema: {
        operationId: 'getAddsAndDeletes',
        tags,
        summary: 'What was found and decided in both directions, side by side',
        produces,
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                direction: directions,
                workflowStatus: z.enum(WORKFLOW_STATUSES),
                reason: z.string().nullable(),
                gaps: z.int(),
                standalone: z.number(),
              }),
            ),
            submissions: z.array(
              z.object({ action: z.enum(['add', 'delete']), status: z.string(), count: z.int() }),
            ),
            deletesPerAdd: z.number().nullable(),
            oneSided: z.boolean().describe('200 adds and more without a single delete: an alert'),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const of = populationOf(deps, request, request.query);
      const { items, submissions } = await inTenant(deps, request, async (tx) => ({
        items: await directionStates(tx, of),
        submissions: await submissionCounts(tx, of),
      }));
      const columns = ['direction', 'workflowStatus', 'reason', 'gaps', 'standalone'] as const;
      if (await sentAsCsv(deps, request, reply, { name: 'adds-and-deletes', columns, rows: items }))
        return reply;
      const total = (action: string) =>
        submissions.reduce((sum, row) => sum + (row.action === action ? row.count : 0), 0);
      const [adds, deletes] = [total('add'), total('delete')];
      return {
        paymentYear: of.paymentYear,
        items,
        submissions,
        deletesPerAdd: adds === 0 ? null : Math.round((deletes / adds) * 1000) / 1000,
        oneSided: adds >= 200 && deletes === 0,
      };
    },
  );

  registerRecapture(v1, deps);
}
