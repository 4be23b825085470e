import { z } from 'zod';
import { rateOf } from '../../analytics/rates.ts';
import { type HccPair, type RecaptureFacts, recaptureRates } from '../../analytics/recapture.ts';
import type { CompiledModel } from '../../engine/model.ts';
import type { ReferenceData } from '../../engine/reference-data.ts';
import { toDecimal } from '../../engine/thousandths.ts';
import { clinicallyClosed, hccYears, visitOpportunity } from '../../store/analytics.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { population, populationOf, rate } from '../schemas/population.ts';
import { inTenant, today } from '../tenant.ts';

/** Days ahead in which a visit is an opportunity (KPIs, section 2). */
const VISIT_DAYS = 60;

/** Label of a payment HCC; empty for one that the model does not have. */
export function labelOf(reference: ReferenceData, model: string, hcc: string): string {
  return modelOf(reference, model)?.labels.get(hcc) ?? '';
}

/** The model of an id, of those loaded. */
export function modelOf(reference: ReferenceData, id: string): CompiledModel | undefined {
  return [...reference.models.values()].find((model) => model.id === id);
}

/** What recapture reads of a model and the gap tables, for a payment year. */
export function factsOf({ gaps }: ReferenceData, model: CompiledModel, paymentYear: number): RecaptureFacts {
  const tables = model.sets.find((set) => set.paymentYears.includes(paymentYear))?.tables;
  return {
    hierarchy: model.hierarchy,
    classOf: (hcc) => gaps.persistence.get(hcc)?.class ?? null,
    acuteBase: gaps.acuteOnChronic.get(model.id) ?? new Map<string, readonly string[]>(),
    coefficient: (segment, hcc) => {
      const value = tables?.get(segment)?.get(`${model.hccPrefix}${hcc}`);
      return value === undefined ? undefined : toDecimal(value);
    },
  };
}

/** Recapture of the population, by model. */
export function registerRecapture(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/analytics/recapture',
    {
      schema: {
        operationId: 'getRecapture',
        tags: ['analytics'],
        summary: 'Recapture rate: strict, plain, adjusted and weighted together',
        description:
          'Pairs of member and HCC captured for the payment year before, by the same model, whose class permits recapture. New enrollees and ESRD members are left out. 85 % is a trade habit, no CMS figure; above 95 % deserves an audit.',
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            visitOpportunity: rate.describe(
              `open pairs whose member has an appointment in the next ${VISIT_DAYS} days, of all open pairs`,
            ),
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
      const of = populationOf(deps, request, request.query);
      const { rows, closed, visits } = await inTenant(deps, request, async (tx) => ({
        rows: await hccYears(tx, of),
        closed: await clinicallyClosed(tx, of),
        visits: await visitOpportunity(tx, of, { today: today(deps), days: VISIT_DAYS }),
      }));
      const models = new Map<string, HccPair[]>();
      for (const { model, ...pair } of rows) models.set(model, [...(models.get(model) ?? []), pair]);
      const items = [...models].flatMap(([id, pairs]) => {
        const model = modelOf(deps.reference, id);
        if (!model) return [];
        const facts = factsOf(deps.reference, model, of.paymentYear);
        return [{ model: id, ...recaptureRates(pairs, facts, closed) }];
      });
      return {
        paymentYear: of.paymentYear,
        visitOpportunity: rateOf(visits.withVisit, visits.open),
        items,
      };
    },
  );
}
