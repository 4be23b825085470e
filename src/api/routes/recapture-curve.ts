import { z } from 'zod';
import { firstCaptures, type RecaptureCurve, recaptureCurve } from '../../analytics/recapture-curve.ts';
import { undotted } from '../../engine/icd10.ts';
import type { TenantTx } from '../../store/database.ts';
import { loadHistories } from '../../store/histories.ts';
import { type CurveMemberRow, curveMembers, diagnosisReceipts } from '../../store/programme.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { population, populationOf, rate } from '../schemas/population.ts';
import { inTenant, today } from '../tenant.ts';
import { factsOf, modelOf } from './recapture.ts';

/** Members whose histories are held at once. */
const PAGE = 200;

/** The year-to-date curve of recapture. */
export function registerRecaptureCurve(v1: Api, deps: ApiDeps): void {
  /** Adds the members of a page to the curve of their model. */
  const addPage = async (
    tx: TenantTx,
    page: readonly CurveMemberRow[],
    about: {
      readonly curves: Map<string, RecaptureCurve>;
      readonly paymentYear: number;
      readonly asOf: string;
    },
  ): Promise<void> => {
    const { curves, paymentYear, asOf } = about;
    const dosYear = paymentYear - 1;
    const keys = [...new Set(page.map(({ memberKey }) => memberKey))];
    const histories = new Map((await loadHistories(tx, keys)).map((one) => [one.memberId, one]));
    const receipts = new Map(
      (await diagnosisReceipts(tx, keys, dosYear)).map(({ memberKey, encounterId, code, received }) => [
        JSON.stringify([memberKey, encounterId, undotted(code)]),
        received,
      ]),
    );
    for (const { memberKey, model: id, segment, before } of page) {
      const history = histories.get(memberKey);
      const model = modelOf(deps.reference, id);
      if (!history || !model) continue;
      const first = firstCaptures(deps.reference, history, {
        model,
        paymentYear,
        asOf,
        receivedOn: (encounterId, code) =>
          receipts.get(JSON.stringify([memberKey, encounterId, code])) ?? null,
      });
      const curve =
        curves.get(id) ?? recaptureCurve(factsOf(deps.reference, model, paymentYear), { dosYear, asOf });
      curves.set(id, curve);
      curve.add({ segment, before, first });
    }
  };

  v1.get(
    '/analytics/recapture/curve',
    {
      schema: {
        operationId: 'getRecaptureCurve',
        tags: ['analytics'],
        summary: 'Recapture year to date: pairs closed up to each month end, by service and by receipt',
        description:
          'Of the whole population, worked out from the histories. `closed` goes by date of service and `closedByReceipt` by the day the record came: claims of the last 90 days are incomplete, and the distance of the two shows it.',
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            asOf: z.string(),
            items: z.array(
              z.object({
                model: z.string(),
                members: z.int(),
                points: z.array(z.object({ until: z.string(), closed: rate, closedByReceipt: rate })),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const { paymentYear } = of;
      const asOf = today(deps);
      const curves = new Map<string, RecaptureCurve>();
      let after: CurveMemberRow | null = null;
      do {
        const last: CurveMemberRow | null = after;
        // A transaction a page: none stays open for as long as a population takes.
        after = await inTenant(deps, request, async (tx) => {
          const page = await curveMembers(tx, of, { after: last, limit: PAGE });
          await addPage(tx, page, { curves, paymentYear, asOf });
          return page.length < PAGE ? null : (page.at(-1) ?? null);
        });
      } while (after !== null);
      request.touched.rows = curves.size;
      const items = [...curves].map(([model, curve]) => ({
        model,
        members: curve.members(),
        points: [...curve.points()],
      }));
      return { paymentYear, asOf, items };
    },
  );
}
