import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type PaidReconciliation, reconcilePaid } from '../../analytics/reconcile-paid.ts';
import { listPaidMonths } from '../../store/paid-raf.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { problems } from '../problems.ts';
import { population, populationOf } from '../schemas/population.ts';
import { inTenant } from '../tenant.ts';

const item = z
  .object({
    memberKey: z.string(),
    paymentMonth: z.string(),
    contractId: z.string().nullable(),
    paidRaf: z.number(),
    ourRaf: z.number().nullable(),
    difference: z.number().nullable().describe('paid minus ours'),
    agrees: z.boolean().describe('to within 0.0005'),
    differences: z.array(
      z.object({
        kind: z.string(),
        model: z.string().nullable(),
        hcc: z.string().nullable(),
        paid: z.string().nullable(),
        ours: z.string().nullable(),
        value: z.number().nullable().describe('part of the difference, in payment RAF'),
      }),
    ),
    missing: z.array(z.string()),
  })
  .meta({ id: 'PaidReconciliation' });

const COLUMNS = [
  'memberKey',
  'paymentMonth',
  'contractId',
  'paidRaf',
  'ourRaf',
  'difference',
  'kind',
  'model',
  'hcc',
  'paid',
  'ours',
  'value',
] as const;
const PAGE = 500;

/** What CMS paid (MMR) against what we score, each difference explained by factor. */
export function registerPaid(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/analytics/paid-reconciliation',
    {
      schema: {
        operationId: 'getPaidReconciliation',
        tags: ['analytics'],
        summary: 'Our RAF against the paid one by member and month, differences explained by factor',
        description:
          'Rows of the monthly membership report without an adjustment reason. CSV: one line for each part of a difference.',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...pageQuery,
          ...population,
          all: z.stringbool().default(false).describe('months that agree too'),
        }),
        response: { 200: pageOf(item), ...problems(406) },
      },
    },
    async (request, reply) => {
      const { limit, cursor, all } = request.query;
      const form = representation(request, ['json', 'csv']);
      const [memberKey, paymentMonth] = decodeCursor('paid', cursor) ?? [];
      const start =
        typeof memberKey === 'string' && typeof paymentMonth === 'string'
          ? { memberKey, paymentMonth }
          : null;
      const wanted = form === 'csv' ? Number.POSITIVE_INFINITY : limit + 1;
      const found = await collect(request, deps, { start, wanted, all });
      const items = form === 'csv' ? found : found.slice(0, limit);
      touch(request, [...new Set(items.map((one) => one.memberKey))], items.length);
      if (form === 'csv') {
        await writeAudit(request, reply, deps);
        return sendCsvFile(reply, 'paid-reconciliation', csvTable([...COLUMNS], items.flatMap(linesOf)));
      }
      const last = found.length > limit ? items.at(-1) : undefined;
      return {
        items: items.map((one) => ({
          ...one,
          differences: one.differences.map((part) => ({ ...part })),
          missing: [...one.missing],
        })),
        next: last ? encodeCursor('paid', [last.memberKey, last.paymentMonth]) : null,
      };
    },
  );
}

async function collect(
  request: FastifyRequest<{
    Querystring: { readonly paymentYear?: number | undefined; readonly contract?: string | undefined };
  }>,
  deps: ApiDeps,
  ask: {
    readonly start: { readonly memberKey: string; readonly paymentMonth: string } | null;
    readonly wanted: number;
    readonly all: boolean;
  },
): Promise<readonly PaidReconciliation[]> {
  const { paymentYear, contracts } = populationOf(deps, request, request.query);
  const found: PaidReconciliation[] = [];
  let after = ask.start;
  while (found.length < ask.wanted) {
    const from = after;
    const months = await inTenant(deps, request, (tx) =>
      listPaidMonths(tx, { paymentYear, contracts, after: from, limit: PAGE }),
    );
    for (const month of months) {
      const one = reconcilePaid(deps.reference, month);
      if (ask.all || !one.agrees) found.push(one);
    }
    const last = months.at(-1);
    if (last === undefined || months.length < PAGE) break;
    after = last;
  }
  return found;
}

function linesOf(one: PaidReconciliation): readonly Readonly<Record<string, unknown>>[] {
  const { differences, missing: _missing, agrees: _agrees, ...of } = one;
  return differences.length === 0 ? [of] : differences.map((part) => ({ ...of, ...part }));
}
