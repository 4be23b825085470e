import { z } from 'zod';
import type { CompiledModel, ModelYear } from '../../engine/model.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { codeAnswer, hccAnswer, hccsAnswer, modelsAnswer, newestYear } from '../reference-answers.ts';

const paymentYear = z.coerce.number().int().min(2000).max(2100).optional();
const tags = ['reference'];
/** Facts about models hold no data of people. */
const config = { audit: 'none' } as const;

const modelRow = z
  .object({
    model: z.string(),
    title: z.string(),
    family: z.string(),
    paymentYears: z.array(z.int()),
    hccCount: z.int(),
    provenance: z.array(z.string()),
  })
  .meta({ id: 'Model' });

const hccRow = z.object({
  hcc: z.string(),
  label: z.string(),
  codes: z.int().describe('number of ICD-10-CM codes that map to it'),
  drops: z.array(z.string()),
  droppedBy: z.array(z.string()),
});

const hccDetail = z
  .object({
    model: z.string(),
    paymentYear: z.int(),
    hcc: z.string(),
    label: z.string(),
    drops: z.array(z.string()),
    droppedBy: z.array(z.string()),
    family: z.array(z.string()),
    hierarchyOrder: z.string(),
    coefficients: z.array(z.object({ set: z.string(), segment: z.string(), value: z.number() })),
    codes: z.array(z.string()),
    provenance: z.array(z.string()),
  })
  .meta({ id: 'Hcc' });

const codeDetail = z
  .object({
    code: z.string(),
    description: z.string().nullable(),
    date: z.string(),
    billable: z.boolean().describe('on `date`'),
    editions: z.array(
      z.object({
        from: z.string(),
        to: z.string().nullable(),
        billable: z.boolean(),
        description: z.string(),
      }),
    ),
    models: z.array(
      z.object({
        model: z.string(),
        paymentYear: z.int(),
        dosYear: z.int(),
        status: z.enum(['mapped', 'unmapped', 'pending', 'invalid', 'header', 'unknown']),
        hccs: z.array(z.object({ hcc: z.string(), label: z.string() })),
        edits: z.array(z.string()),
        why: z.string(),
      }),
    ),
  })
  .meta({ id: 'Code' });

/** Models, HCCs and codes, and why a code maps or not. */
export function registerReference(v1: Api, deps: ApiDeps): void {
  const { reference } = deps;
  const modelOf = (id: string): CompiledModel => {
    const model = [...reference.models.values()].find((candidate) => candidate.id === id);
    if (!model) throw notFound('model');
    return model;
  };
  const yearOf = (model: CompiledModel, asked: number | undefined): ModelYear => {
    const year = model.years.get(asked ?? newestYear(model));
    if (year) return year;
    throw new ProblemError('unprocessable', `${model.id} has no mapping for this payment year`, {
      errors: [
        {
          pointer: '/query/paymentYear',
          code: 'missing_mapping',
          message: `payment years held: ${model.paymentYears.join(', ')}`,
          value: asked,
        },
      ],
    });
  };

  v1.get(
    '/reference/models',
    {
      config,
      schema: {
        operationId: 'listModels',
        tags,
        summary: 'Models held, with their payment years',
        response: { 200: z.object({ items: z.array(modelRow) }), ...problems() },
      },
    },
    async () => ({ items: modelsAnswer(reference) }),
  );

  v1.get(
    '/reference/models/:model/hccs',
    {
      config,
      schema: {
        operationId: 'listHccs',
        tags,
        summary: 'Payment HCCs of a model in a payment year (default: the newest held)',
        params: z.object({ model: z.string() }),
        querystring: z.strictObject({ paymentYear }),
        response: {
          200: z.object({ model: z.string(), paymentYear: z.int(), items: z.array(hccRow) }),
          ...problems(404, 422),
        },
      },
    },
    async (request) => {
      const model = modelOf(request.params.model);
      const year = yearOf(model, request.query.paymentYear);
      return { model: model.id, paymentYear: year.paymentYear, items: hccsAnswer(model, year) };
    },
  );

  v1.get(
    '/reference/hccs/:model/:hcc',
    {
      config,
      schema: {
        operationId: 'getHcc',
        tags,
        summary: 'One HCC: hierarchy, coefficients by segment, codes',
        params: z.object({ model: z.string(), hcc: z.string() }),
        querystring: z.strictObject({ paymentYear }),
        response: { 200: hccDetail, ...problems(404, 422) },
      },
    },
    async (request) => {
      const model = modelOf(request.params.model);
      if (!model.labels.has(request.params.hcc)) throw notFound('HCC in this model');
      return hccAnswer(model, yearOf(model, request.query.paymentYear), request.params.hcc);
    },
  );

  v1.get(
    '/reference/codes/:code',
    {
      config,
      schema: {
        operationId: 'getCode',
        tags,
        summary: 'An ICD-10-CM code: its editions, and why it maps or not in each model',
        description: 'Dotted or not, any case. `date` (default today) decides `billable`.',
        params: z.object({ code: z.string().regex(/^[A-Za-z][0-9A-Za-z.]{1,8}$/, 'not shaped like a code') }),
        querystring: z.strictObject({
          date: z.iso.date().optional(),
          model: z.string().optional(),
          paymentYear,
        }),
        response: { 200: codeDetail, ...problems(404, 422) },
      },
    },
    async (request) => {
      const { date = deps.now().toISOString().slice(0, 10), model, paymentYear: year } = request.query;
      if (model !== undefined) yearOf(modelOf(model), year);
      const answer = codeAnswer(reference, request.params.code, { date, model, paymentYear: year });
      if (answer.editions.length === 0 && answer.models.every(({ status }) => status === 'unknown')) {
        throw notFound('ICD-10-CM code in the editions held');
      }
      return answer;
    },
  );
}
