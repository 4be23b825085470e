import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { yearOf } from '../../engine/dates.ts';
import type { Population } from '../../store/analytics.ts';
import type { ApiDeps } from '../deps.ts';
import { callerOf } from '../plugins/auth.ts';
import { today } from '../tenant.ts';

/** Query parameters that say whom a report is about. */
export const population = {
  paymentYear: z.coerce
    .number()
    .int()
    .min(2000)
    .max(2100)
    .optional()
    .describe('default: the one that services of today feed'),
  contract: z.string().min(1).max(64).optional(),
};
export const rate = z
  .object({
    numerator: z.number(),
    denominator: z.number(),
    rate: z.number().nullable(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    smallSample: z.boolean(),
  })
  .meta({ id: 'Rate', description: 'With its 95 % Wilson interval; under 30 `smallSample` is true' });

/** The population asked for, narrowed to the contracts that the caller's key allows. */
export function populationOf(
  deps: ApiDeps,
  request: FastifyRequest,
  query: { readonly paymentYear?: number | undefined; readonly contract?: string | undefined },
): Population {
  const { contracts } = callerOf(request);
  const asked = query.contract === undefined ? contracts : [query.contract];
  return {
    paymentYear: query.paymentYear ?? yearOf(today(deps)) + 1,
    contracts: contracts === null ? asked : (asked ?? []).filter((one) => contracts.includes(one)),
  };
}
