import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { rateOf } from '../../analytics/rates.ts';
import { type HccPair, recaptureRates } from '../../analytics/recapture.ts';
import { yearOf } from '../../engine/dates.ts';
import type { CompiledModel } from '../../engine/model.ts';
import { toDecimal } from '../../engine/thousandths.ts';
import {
  clinicallyClosed,
  DIMENSIONS,
  directionStates,
  hccPrevalence,
  hccYears,
  type Population,
  rafDistribution,
  rafTrend,
  submissionCounts,
  topDrivers,
} from '../../store/analytics.ts';
import { WORKFLOW_STATUSES } from '../../store/gaps.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { problems } from '../problems.ts';
import { inTenant, today } from '../tenant.ts';

const tags = ['analytics'];
const produces = ['application/json', 'text/csv'];
const population = {
  paymentYear: z.coerce
    .number()
    .int()
    .min(2000)
    .max(2100)
    .optional()
    .describe('default: the one that services of today feed'),
  contract: z.string().min(1).max(64).optional(),
};
const directions = z.enum(['add', 'refine', 'link', 'question', 'delete']);
const rate = z
  .object({
    numerator: z.number(),
    denominator: z.number(),
    rate: z.number().nullable(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    smallSample: z.boolean(),
  })
  .meta({ id: 'Rate', description: 'With its 95 % Wilson interval; under 30 `smallSample` is true' });

interface PopulationQuery {
  readonly paymentYear?: number | undefined;
  readonly contract?: string | undefined;
}

/** Reports on a population: RAF, prevalence, drivers, recapture; adds always beside deletes (compliance C-1). */
export function registerAnalytics(v1: Api, deps: ApiDeps): void {
  const populationOf = (request: FastifyRequest, query: PopulationQuery): Population => {
    const { contracts } = callerOf(request);
    const asked = query.contract === undefined ? contracts : [query.contract];
    return {
      paymentYear: query.paymentYear ?? yearOf(today(deps)) + 1,
      contracts: contracts === null ? asked : (asked ?? []).filter((one) => contracts.includes(one)),
    };
  };
  /** The rows as JSON beside `rest`, or as CSV when Accept asks for it. */
  const csv = async <T extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    table: {
      readonly name: string;
      readonly columns: readonly (keyof T & string)[];
      readonly rows: readonly T[];
    },
  ): Promise<boolean> => {
    request.touched.rows = table.rows.length;
    if (representation(request, ['json', 'csv']) === 'json') return false;
    await writeAudit(request, reply, deps);
    const rows = table.rows.map((row) => ({ ...row }) as Record<string, unknown>);
    sendCsvFile(reply, table.name, csvTable(table.columns, rows));
    return true;
  };

  v1.get(
    '/analytics/raf',
    {
      schema: {
        operationId: 'getRafAnalytics',
        tags,
        summary:
          'RAF distribution by contract, provider, segment or model; groups in the order of their names',
        produces,
        querystring: z.strictObject({ ...population, by: z.enum(DIMENSIONS).default('none') }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            by: z.enum(DIMENSIONS),
            items: z.array(
              z.object({
                group: z.string(),
                members: z.int(),
                meanRaw: z.number(),
                meanPayment: z.number().nullable(),
                p10: z.number(),
                p50: z.number(),
                p90: z.number(),
                meanRawIfClosed: z.number(),
                meanPaymentIfClosed: z.number().nullable(),
              }),
            ),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const { by } = request.query;
      const of = populationOf(request, request.query);
      const items = await inTenant(deps, request, (tx) => rafDistribution(tx, of, by));
      const columns = [
        'group',
        'members',
        'meanRaw',
        'meanPayment',
        'p10',
        'p50',
        'p90',
        'meanRawIfClosed',
        'meanPaymentIfClosed',
      ] as const;
      if (await csv(request, reply, { name: 'raf', columns, rows: items })) return reply;
      return { paymentYear: of.paymentYear, by, items };
    },
  );

  v1.get(
    '/analytics/raf/trend',
    {
      schema: {
        operationId: 'getRafTrend',
        tags,
        summary: 'Mean RAF at each month end, on one factor set',
        produces,
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                month: z.string(),
                members: z.int(),
                meanRaw: z.number(),
                meanPayment: z.number().nullable(),
              }),
            ),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const of = populationOf(request, request.query);
      const items = await inTenant(deps, request, (tx) => rafTrend(tx, of));
      const columns = ['month', 'members', 'meanRaw', 'meanPayment'] as const;
      if (await csv(request, reply, { name: 'raf-trend', columns, rows: items })) return reply;
      return { paymentYear: of.paymentYear, items };
    },
  );

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
      const of = populationOf(request, request.query);
      const rows = await inTenant(deps, request, (tx) => hccPrevalence(tx, of));
      const items = rows.map(({ model, hcc, members, scored, membersBefore, scoredBefore }) => {
        const prevalence = rateOf(members, scored);
        const before = scoredBefore === null ? null : rateOf(membersBefore ?? 0, scoredBefore);
        const ratio =
          before?.rate && prevalence.rate !== null
            ? Math.round((prevalence.rate / before.rate) * 1000) / 1000
            : null;
        return { model, hcc, label: labelOf(deps, model, hcc), prevalence, before, ratio };
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
      if (await csv(request, reply, { name: 'prevalence', columns, rows: table })) return reply;
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
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const of = populationOf(request, request.query);
      const items = await inTenant(deps, request, (tx) => topDrivers(tx, of, request.query.limit));
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
      if (await csv(request, reply, { name: 'drivers', columns, rows: items })) return reply;
      return { paymentYear: of.paymentYear, items };
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
      const of = populationOf(request, request.query);
      const { items, submissions } = await inTenant(deps, request, async (tx) => ({
        items: await directionStates(tx, of),
        submissions: await submissionCounts(tx, of),
      }));
      const columns = ['direction', 'workflowStatus', 'reason', 'gaps', 'standalone'] as const;
      if (await csv(request, reply, { name: 'adds-and-deletes', columns, rows: items })) return reply;
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

  registerRecapture(v1, deps, populationOf);
}

function labelOf(deps: ApiDeps, model: string, hcc: string): string {
  return modelOf(deps, model)?.labels.get(hcc) ?? '';
}

function modelOf(deps: ApiDeps, id: string): CompiledModel | undefined {
  return [...deps.reference.models.values()].find((model) => model.id === id);
}

function registerRecapture(
  v1: Api,
  deps: ApiDeps,
  populationOf: (request: FastifyRequest, query: PopulationQuery) => Population,
): void {
  v1.get(
    '/analytics/recapture',
    {
      schema: {
        operationId: 'getRecapture',
        tags,
        summary: 'Recapture rate: strict, plain, adjusted and weighted together',
        description:
          'Pairs of member and HCC captured for the payment year before, by the same model, whose class permits recapture. New enrollees and ESRD members are left out. 85 % is a trade habit, no CMS figure; above 95 % deserves an audit.',
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                model: z.string(),
                strict: rate,
                plain: rate,
                adjusted: rate,
                weighted: rate,
                closures: z.object({
                  same: z.int(),
                  higher: z.int(),
                  equivalent: z.int(),
                  lower: z.int(),
                  open: z.int(),
                }),
                excluded: z.object({ acute: z.int(), clinicallyClosed: z.int() }),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(request, request.query);
      const { rows, closed } = await inTenant(deps, request, async (tx) => ({
        rows: await hccYears(tx, of),
        closed: await clinicallyClosed(tx, of),
      }));
      const models = new Map<string, HccPair[]>();
      for (const { model, ...pair } of rows) models.set(model, [...(models.get(model) ?? []), pair]);
      const items = [...models].flatMap(([id, pairs]) => {
        const model = modelOf(deps, id);
        if (!model) return [];
        const { gaps } = deps.reference;
        const tables = model.sets.find((set) => set.paymentYears.includes(of.paymentYear))?.tables;
        const facts = {
          hierarchy: model.hierarchy,
          classOf: (hcc: string) => gaps.persistence.get(hcc)?.class ?? null,
          acuteBase: gaps.acuteOnChronic.get(model.id) ?? new Map<string, readonly string[]>(),
          coefficient: (segment: string, hcc: string) => {
            const value = tables?.get(segment)?.get(`${model.hccPrefix}${hcc}`);
            return value === undefined ? undefined : toDecimal(value);
          },
        };
        return [{ model: id, ...recaptureRates(pairs, facts, closed) }];
      });
      return { paymentYear: of.paymentYear, items };
    },
  );
}
