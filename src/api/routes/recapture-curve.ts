import { z } from 'zod';
import { type CurveMember, firstCaptures, recaptureCurve } from '../../analytics/recapture-curve.ts';
import { loadHistories } from '../../store/histories.ts';
import { curveMembers } from '../../store/programme.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { population, populationOf, rate } from '../schemas/population.ts';
import { inTenant, today } from '../tenant.ts';
import { factsOf, modelOf } from './recapture.ts';

const CHUNK = 200;

/** The year-to-date curve of recapture. */
export function registerRecaptureCurve(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/analytics/recapture/curve',
    {
      schema: {
        operationId: 'getRecaptureCurve',
        tags: ['analytics'],
        summary: 'Recapture year to date: pairs closed by an eligible service up to each month end',
        description:
          'Worked out from the histories by date of service. Claims of the last 90 days are incomplete. A population larger than `limit` is drawn by a fixed hash, and `sampled` says so; the interval is that of the draw.',
        querystring: z.strictObject({
          ...population,
          limit: z.coerce.number().int().min(1).max(20_000).default(2000).describe('members read at most'),
        }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            asOf: z.string(),
            items: z.array(
              z.object({
                model: z.string(),
                members: z.int(),
                population: z.int(),
                sampled: z.boolean(),
                points: z.array(z.object({ until: z.string(), closed: rate })),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const asOf = today(deps);
      const members = new Map<string, CurveMember[]>();
      const total = await inTenant(deps, request, async (tx) => {
        const drawn = await curveMembers(tx, of, request.query.limit);
        for (let from = 0; from < drawn.length; from += CHUNK) {
          const chunk = drawn.slice(from, from + CHUNK);
          const keys = [...new Set(chunk.map(({ memberKey }) => memberKey))];
          const histories = new Map((await loadHistories(tx, keys)).map((one) => [one.memberId, one]));
          for (const { memberKey, model: id, segment, before } of chunk) {
            const history = histories.get(memberKey);
            const model = modelOf(deps.reference, id);
            if (!history || !model) continue;
            const first = firstCaptures(deps.reference, history, {
              model,
              paymentYear: of.paymentYear,
              asOf,
            });
            members.set(id, [...(members.get(id) ?? []), { segment, before, first }]);
          }
        }
        return drawn[0]?.total ?? 0;
      });
      const items = [...members].flatMap(([id, own]) => {
        const model = modelOf(deps.reference, id);
        if (!model) return [];
        return [
          {
            model: id,
            members: own.length,
            population: total,
            sampled: total > request.query.limit,
            points: [
              ...recaptureCurve(own, factsOf(deps.reference, model, of.paymentYear), {
                dosYear: of.paymentYear - 1,
                asOf,
              }),
            ],
          },
        ];
      });
      request.touched.rows = items.length;
      return { paymentYear: of.paymentYear, asOf, items };
    },
  );
}
