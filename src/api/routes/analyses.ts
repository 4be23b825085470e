import { z } from 'zod';
import { policyOf } from '../../analysis/tenant-policy.ts';
import { DEFAULT_LOOKBACK_YEARS, GAP_KINDS, type GapKind } from '../../engine/analysis-contract.ts';
import { yearOf } from '../../engine/dates.ts';
import { memberHistorySchema } from '../../intake/json/history.ts';
import { withOverrides } from '../../reference/calendar.ts';
import type { Api } from '../api.ts';
import { acceptNdjson, serveBulk } from '../bulk.ts';
import { analysisJudge } from '../calculations.ts';
import type { ApiDeps } from '../deps.ts';
import { callerOf } from '../plugins/auth.ts';
import { problems } from '../problems.ts';
import { analysis } from '../schemas/analysis.ts';
import { lineError } from '../schemas/score.ts';
import { today } from '../tenant.ts';
import { validatedByRoute } from '../validation.ts';

function isKind(text: string): text is GapKind {
  return GAP_KINDS.some((kind) => kind === text);
}

/** `a,b` of a query string as gap kinds. */
export const kindList = z.string().transform((text, context): GapKind[] => {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !isKind(name));
  if (unknown.length > 0) {
    context.addIssue({ code: 'custom', message: `kinds are ${GAP_KINDS.join(', ')}`, input: text });
  }
  return names.filter(isKind);
});

const options = z.strictObject({
  paymentYear: z.coerce
    .number()
    .int()
    .min(2000)
    .max(2100)
    .optional()
    .describe('default: the one that services of `asOf` feed'),
  asOf: z.iso.date().optional().describe('default: today'),
  kinds: kindList.optional().describe('narrows `gaps` of this one answer, e.g. recapture,over_coding'),
  lookbackYears: z.coerce.number().int().min(1).max(5).default(DEFAULT_LOOKBACK_YEARS),
});

/** Gap analysis of a member history that comes with the request; nothing is stored. */
export function registerAnalyses(v1: Api, deps: ApiDeps): void {
  v1.register(async (scope: Api) => {
    acceptNdjson(scope);
    scope.post(
      '/analyses',
      {
        config: { idempotency: 'none' },
        schema: {
          operationId: 'analyze',
          tags: ['analyses'],
          summary: 'Gap analysis of a member history, in both directions; nothing is stored',
          description:
            'One history, a list, or NDJSON (answered as NDJSON, streamed). In a list or stream a bad item is answered in its place. To the provider role codes offered, tiers, HCC numbers, RAF and money are left out.',
          consumes: ['application/json', 'application/x-ndjson'],
          querystring: options,
          body: validatedByRoute(z.union([memberHistorySchema, z.array(memberHistorySchema)])),
          response: {
            200: z.union([analysis, z.array(z.union([analysis, lineError]))]),
            ...problems(413, 415, 422),
          },
        },
      },
      async (request, reply) => {
        const { asOf = today(deps), kinds = null, lookbackYears } = request.query;
        const { paymentYear = yearOf(asOf) + 1 } = request.query;
        if (Array.isArray(request.body)) request.touched.rows = request.body.length;
        const policy = policyOf(await deps.access.settings(callerOf(request).tenantId));
        const judge = analysisJudge(deps.reference, {
          paymentYear,
          asOf,
          kinds,
          lookbackYears,
          calendar: withOverrides(deps.reference.calendar, policy.calendarOverrides),
          suspecting: policy.suspecting,
          paymentOverrides: policy.paymentOverrides,
        });
        serveBulk(request, reply, { judge, lineBytes: deps.limits.bodyBytes });
        return reply;
      },
    );
  });
}
