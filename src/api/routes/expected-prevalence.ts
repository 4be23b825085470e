import { z } from 'zod';
import { expectedPrevalence, RATIO_LIMITS } from '../../analytics/expected-prevalence.ts';
import { stratumCounts } from '../../store/raf-analytics.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { ProblemError, problems } from '../problems.ts';
import { sentAsCsv } from '../report-csv.ts';
import { population, populationOf } from '../schemas/population.ts';
import { inTenant } from '../tenant.ts';
import { labelOf } from './recapture.ts';

const row = z
  .object({
    model: z.string(),
    hcc: z.string(),
    label: z.string(),
    numerator: z.number().describe('members coded with the HCC, in strata that the reference has'),
    denominator: z.number(),
    rate: z.number().nullable(),
    expected: z.number().describe("members that the reference's rates would give"),
    expectedRate: z.number().nullable(),
    ratio: z.number().nullable().describe('coded / expected, with a 95 % interval'),
    low: z.number().nullable(),
    high: z.number().nullable(),
    smallSample: z.boolean(),
    flag: z
      .enum(['low', 'high'])
      .nullable()
      .describe('low: possible under-capture; high: possible over-coding'),
    uncovered: z.number().describe('members in strata without anyone of the reference'),
  })
  .meta({ id: 'ExpectedPrevalence' });
const COLUMNS = Object.keys(row.shape) as (keyof z.output<typeof row>)[];

/** Coded prevalence of each HCC against what a reference population would have, standardised. */
export function registerExpectedPrevalence(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/analytics/prevalence/expected',
    {
      schema: {
        operationId: 'getExpectedPrevalence',
        tags: ['analytics'],
        summary: 'Coded against expected prevalence of each HCC, standardised by age band, sex and segment',
        description: `Indirect standardisation on a population of your own: no national figures are built in. A ratio outside ${RATIO_LIMITS.low} to ${RATIO_LIMITS.high} (a policy) among 30 members and more is flagged in both directions alike: it asks for an audit and opens no gap.`,
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...population,
          reference: z
            .enum(['year_before', 'peers'])
            .default('year_before')
            .describe('the same contracts a payment year earlier, or all other contracts of the same year'),
        }),
        response: {
          200: z.object({ paymentYear: z.int(), reference: z.string(), items: z.array(row) }),
          ...problems(406, 422),
        },
      },
    },
    async (request, reply) => {
      const { reference, contract } = request.query;
      const of = populationOf(deps, request, request.query);
      if (reference === 'peers' && contract === undefined) {
        throw new ProblemError('unprocessable', 'peers are the other contracts: name a contract', {
          errors: [{ pointer: '/contract', code: 'required', message: 'this field is required' }],
        });
      }
      // A key that is limited to contracts compares within them.
      const all = populationOf(deps, request, { paymentYear: of.paymentYear });
      const base =
        reference === 'peers'
          ? { ...all, without: of.contracts ?? [] }
          : { ...of, paymentYear: of.paymentYear - 1, without: [] };
      const { mine, theirs } = await inTenant(deps, request, async (tx) => ({
        mine: await stratumCounts(tx, { ...of, without: [] }),
        theirs: await stratumCounts(tx, base),
      }));
      const items = expectedPrevalence(mine, theirs).map((found) => ({
        ...found,
        label: labelOf(deps.reference, found.model, found.hcc),
      }));
      const table = { name: 'expected-prevalence', columns: COLUMNS, rows: items };
      if (await sentAsCsv(deps, request, reply, table)) return reply;
      return { paymentYear: of.paymentYear, reference, items };
    },
  );
}
