import { z } from 'zod';
import { MODEL_IDS } from '../../engine/score-contract.ts';
import { memberHistorySchema } from '../../intake/json/history.ts';
import { impactRequestSchema, scoreRequestSchema } from '../../intake/json/requests.ts';
import type { Api } from '../api.ts';
import { blendAnswer } from '../blend.ts';
import { acceptNdjson, serveBulk } from '../bulk.ts';
import {
  compareJudge,
  engineRefusal,
  impactJudge,
  monthsJudge,
  monthsOptions,
  quickScore,
  scoreJudge,
} from '../calculations.ts';
import type { ApiDeps } from '../deps.ts';
import { ProblemError, problems } from '../problems.ts';
import { comparison, impactResult, lineError, memberMonths, scoreResult } from '../schemas/score.ts';
import { tenantReference, today } from '../tenant.ts';
import { validatedByRoute } from '../validation.ts';

const tags = ['raf'];
/** Calculations on what the request holds; of the tenant only its payment overrides are read, nothing is kept. */
const config = { audit: 'none', idempotency: 'none' } as const;
const consumes = ['application/json', 'application/x-ndjson'];
const BULK =
  'One object, a list, or NDJSON (answered as NDJSON, streamed). In a list or stream a bad item is answered in its place and the others go on.';

const rawByModel = z.partialRecord(z.enum(MODEL_IDS), z.number().min(0).max(1000));

const blendRequest = z
  .strictObject({
    paymentYear: z.int().min(2000).max(2100),
    program: z.enum(['ma', 'pace']).default('ma'),
    esrd: z.enum(['dialysis', 'transplant', 'graft']).nullable().default(null),
    raw: rawByModel.describe('raw score of each model in force, three decimals'),
  })
  .meta({
    id: 'BlendRequest',
    example: { paymentYear: 2025, raw: { 'cms-hcc-v28': 1.103, 'cms-hcc-v24': 1.008 } },
  });

const blendResult = z
  .object({
    paymentYear: z.int(),
    program: z.string(),
    parts: z.array(
      z.object({
        model: z.string(),
        rawScore: z.number(),
        blendWeight: z.number(),
        payment: z.object({
          normalization: z.number(),
          codingAdjustment: z.number().nullable(),
          score: z.number(),
          steps: z.array(z.object({ step: z.string(), formula: z.string(), value: z.number() })),
        }),
        status: z.string(),
      }),
    ),
    score: z.number(),
    steps: z.array(z.object({ step: z.string(), formula: z.string(), value: z.number() })),
  })
  .meta({ id: 'Blend' });

/** Scores and what gaps are worth; stateless. */
export function registerRaf(parent: Api, deps: ApiDeps): void {
  parent.register(async (v1: Api) => registerCalculators(v1, deps));
}

function registerCalculators(v1: Api, deps: ApiDeps): void {
  const lineBytes = deps.limits.bodyBytes;
  acceptNdjson(v1);

  v1.post(
    '/raf/score',
    {
      config,
      schema: {
        operationId: 'scoreRaf',
        tags,
        summary: 'Risk score with every factor behind it',
        description: BULK,
        consumes,
        body: validatedByRoute(z.union([scoreRequestSchema, z.array(scoreRequestSchema)])),
        response: {
          200: z.union([scoreResult, z.array(z.union([scoreResult, lineError]))]),
          ...problems(413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const reference = await tenantReference(deps, request);
      serveBulk(request, reply, {
        judge: scoreJudge(reference),
        quick: quickScore(reference),
        lineBytes,
      });
      return reply;
    },
  );

  v1.post(
    '/raf/impact',
    {
      config,
      schema: {
        operationId: 'impactRaf',
        tags,
        summary: 'What gaps are worth, by rescoring: alone, last in, shared, and all together',
        description: BULK,
        consumes,
        body: validatedByRoute(z.union([impactRequestSchema, z.array(impactRequestSchema)])),
        response: {
          200: z.union([impactResult, z.array(z.union([impactResult, lineError]))]),
          ...problems(413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const judge = impactJudge(await tenantReference(deps, request));
      serveBulk(request, reply, { judge, lineBytes });
      return reply;
    },
  );

  const compareBody = z.strictObject({
    id: z.string().optional(),
    a: scoreRequestSchema,
    b: scoreRequestSchema,
  });
  v1.post(
    '/raf/compare',
    {
      config,
      schema: {
        operationId: 'compareRaf',
        tags,
        summary: 'The same member under two models, years or statuses: what moved and why',
        description: BULK,
        consumes,
        body: validatedByRoute(z.union([compareBody, z.array(compareBody)])),
        response: {
          200: z.union([comparison, z.array(z.union([comparison, lineError]))]),
          ...problems(413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const judge = compareJudge(await tenantReference(deps, request));
      serveBulk(request, reply, { judge, lineBytes });
      return reply;
    },
  );

  const monthsBody = monthsOptions.extend({ history: memberHistorySchema });
  v1.post(
    '/raf/member-months',
    {
      config,
      schema: {
        operationId: 'scoreMemberMonths',
        tags,
        summary: 'A payment year month by month: segments that change, and the month-weighted score',
        description: BULK,
        consumes,
        body: validatedByRoute(z.union([monthsBody, z.array(monthsBody)])),
        response: {
          200: z.union([memberMonths, z.array(z.union([memberMonths, lineError]))]),
          ...problems(413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const judge = monthsJudge(await tenantReference(deps, request), today(deps));
      serveBulk(request, reply, { judge, lineBytes });
      return reply;
    },
  );

  v1.post(
    '/raf/blend',
    {
      config,
      schema: {
        operationId: 'blendRaf',
        tags,
        summary: 'Payment score from the raw scores of the models in force, step by step',
        body: blendRequest,
        response: { 200: blendResult, ...problems(413, 415, 422) },
      },
    },
    async (request) => {
      const answer = blendAnswer(await tenantReference(deps, request), request.body);
      if (answer.ok) return answer.value;
      const { problem, message, errors } = engineRefusal(answer.error);
      throw new ProblemError(problem, message, errors ? { errors } : {});
    },
  );
}
