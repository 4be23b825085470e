import { z } from 'zod';
import { SMALL_SAMPLE } from '../../analytics/rates.ts';
import { COHORTS, DIMENSIONS, rafDistribution, rafTrend } from '../../store/raf-analytics.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { sentAsCsv } from '../report-csv.ts';
import { population, populationOf } from '../schemas/population.ts';
import { inTenant } from '../tenant.ts';

const tags = ['analytics'];
const produces = ['application/json', 'text/csv'];
const mean = z.number().nullable();
const members = z.int().describe('what the raw means are over');
const paid = z.int().describe('members with a payment score: what its mean is over');
const smallSample = z.boolean().describe('fewer than 30 members');

const distribution = z
  .object({
    group: z.string(),
    members,
    paid,
    smallSample,
    meanRaw: z.number(),
    meanPayment: mean,
    demographic: z.number(),
    hcc: z.number().describe('disease'),
    interaction: z.number(),
    count: z.number(),
    other: z.number(),
    p10: z.number(),
    p50: z.number(),
    p90: z.number(),
    meanRawIfClosed: z.number(),
    meanPaymentIfClosed: mean,
  })
  .meta({ id: 'RafGroup', description: 'Means of the parts add up to the mean raw score but for rounding' });

const point = z
  .object({
    group: z.string(),
    month: z.string(),
    members,
    paid,
    smallSample,
    meanRaw: z.number(),
    meanPayment: mean,
    demographic: mean,
    hcc: mean,
    interaction: mean,
    count: mean,
    other: mean,
  })
  .meta({ id: 'RafMonth', description: 'Parts are null in a month of which they were not kept' });

const COLUMNS = Object.keys(distribution.shape) as (keyof z.output<typeof distribution>)[];
const POINT_COLUMNS = Object.keys(point.shape) as (keyof z.output<typeof point>)[];

/** RAF of a population by group, and its course by month, split into demographic and disease parts. */
export function registerRafAnalytics(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/analytics/raf',
    {
      schema: {
        operationId: 'getRafAnalytics',
        tags,
        summary:
          'RAF distribution by contract, plan, provider, segment or model, with its demographic and disease parts',
        produces,
        querystring: z.strictObject({ ...population, by: z.enum(DIMENSIONS).default('none') }),
        response: {
          200: z.object({ paymentYear: z.int(), by: z.enum(DIMENSIONS), items: z.array(distribution) }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const { by } = request.query;
      const of = populationOf(deps, request, request.query);
      const rows = await inTenant(deps, request, (tx) => rafDistribution(tx, of, by));
      const items = rows.map((row) => ({ ...row, smallSample: row.members < SMALL_SAMPLE }));
      const table = { name: 'raf', columns: COLUMNS, rows: items };
      if (await sentAsCsv(deps, request, reply, table)) return reply;
      return { paymentYear: of.paymentYear, by, items };
    },
  );

  v1.get(
    '/analytics/raf/trend',
    {
      schema: {
        operationId: 'getRafTrend',
        tags,
        summary: 'Mean RAF at each month end by group, on the factor set of the payment year',
        produces,
        querystring: z.strictObject({
          ...population,
          by: z.enum(DIMENSIONS).default('none'),
          cohort: z
            .enum(COHORTS)
            .default('all')
            .describe('same: only members scored by the end of the first month'),
        }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            by: z.enum(DIMENSIONS),
            cohort: z.enum(COHORTS),
            items: z.array(point),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const { by, cohort } = request.query;
      const of = populationOf(deps, request, request.query);
      const rows = await inTenant(deps, request, (tx) => rafTrend(tx, of, { by, cohort }));
      const items = rows.map((row) => ({ ...row, smallSample: row.members < SMALL_SAMPLE }));
      const table = { name: 'raf-trend', columns: POINT_COLUMNS, rows: items };
      if (await sentAsCsv(deps, request, reply, table)) return reply;
      return { paymentYear: of.paymentYear, by, cohort, items };
    },
  );
}
