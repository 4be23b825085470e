import { z } from 'zod';
import { type ComparedMember, compareMember, populationTotals } from '../../analytics/compare-population.ts';
import { MODEL_IDS } from '../../engine/score-contract.ts';
import { loadHistories } from '../../store/histories.ts';
import { memberKeysAfter } from '../../store/population-members.ts';
import type { Api } from '../api.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { problems } from '../problems.ts';
import { sentAsCsv } from '../report-csv.ts';
import { populationOf } from '../schemas/population.ts';
import { inTenant, tenantReference, today } from '../tenant.ts';

const year = z.coerce.number().int().min(2000).max(2100);
const model = z.enum(MODEL_IDS).optional();
const sides = {
  yearA: year,
  modelA: model.describe('default: the models in force for the payment year'),
  yearB: year,
  modelB: model,
  servicesOf: year
    .optional()
    .describe('year of the services whose diagnoses both sides score; default: the year before yearB'),
  asOf: z.iso.date().optional().describe('default: today'),
  contract: z.string().min(1).max(64).optional(),
};
const mean = z.number().nullable();
const movement = z.object({
  variable: z.string().nullable(),
  reason: z.string(),
  members: z.int(),
  difference: z.number().describe('sum of the raw differences, b less a'),
  mean: z.number().describe('over all members compared'),
});
const compared = z
  .object({
    members: z.int(),
    smallSample: z.boolean(),
    meanRaw: z.object({ a: mean, b: mean, difference: mean }),
    meanPayment: z.object({ members: z.int(), a: mean, b: mean, difference: mean }),
    reasons: z.array(movement),
    factors: z.array(movement),
    refused: z.array(
      z.object({ side: z.enum(['a', 'b']), code: z.string(), members: z.int(), example: z.string() }),
    ),
    provenance: z
      .object({ a: z.array(z.string()), b: z.array(z.string()) })
      .describe('single-source, unverified, proposed or overridden tables used on either side'),
  })
  .meta({ id: 'PopulationComparison' });
const memberRow = z.object({
  memberKey: z.string(),
  contractId: z.string().nullable(),
  modelA: z.string().nullable(),
  modelB: z.string().nullable(),
  segmentA: z.string().nullable(),
  segmentB: z.string().nullable(),
  rawA: mean,
  rawB: mean,
  rawDifference: mean,
  paymentA: mean,
  paymentB: mean,
  paymentDifference: mean,
  refused: z.string().nullable(),
});
const MOVEMENT_COLUMNS = ['variable', 'reason', 'members', 'difference', 'mean'] as const;
const MEMBER_COLUMNS = Object.keys(memberRow.shape) as (keyof z.output<typeof memberRow>)[];
/** Members whose histories are loaded at a time. */
const CHUNK = 200;

interface Sides {
  readonly yearA: number;
  readonly modelA?: (typeof MODEL_IDS)[number] | undefined;
  readonly yearB: number;
  readonly modelB?: (typeof MODEL_IDS)[number] | undefined;
  readonly servicesOf?: number | undefined;
  readonly asOf?: string | undefined;
  readonly contract?: string | undefined;
}

/** The stored population under two models or payment years: what moved and why, together and member by member. */
export function registerPopulationCompare(v1: Api, deps: ApiDeps): void {
  /** Compares members in the order of our keys, until `wanted` or all. */
  async function* comparedMembers(
    request: Parameters<typeof populationOf>[1],
    query: Sides,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): AsyncGenerator<ComparedMember> {
    const { contracts } = populationOf(deps, request, query);
    const reference = await tenantReference(deps, request);
    const options = {
      a: { model: query.modelA ?? null, paymentYear: query.yearA },
      b: { model: query.modelB ?? null, paymentYear: query.yearB },
      servicesOf: query.servicesOf ?? query.yearB - 1,
      asOf: query.asOf ?? today(deps),
    };
    let last = after;
    for (let left = limit; left > 0; ) {
      const from = last;
      const { keys, histories } = await inTenant(deps, request, async (tx) => {
        const page = await memberKeysAfter(tx, { after: from, limit: Math.min(CHUNK, left), contracts });
        return { keys: page, histories: await loadHistories(tx, page) };
      });
      for (const history of histories) yield compareMember(reference, history, options);
      last = keys.at(-1) ?? null;
      left -= keys.length;
      if (keys.length === 0 || last === null) return;
    }
  }

  v1.get(
    '/analytics/compare',
    {
      schema: {
        operationId: 'comparePopulation',
        tags: ['analytics'],
        summary: 'The population under two models or payment years: what moved, by reason and by factor',
        description:
          'The same diagnoses on both sides, those of one service year that count as of a day. Members that a side refuses are counted with the reason. CSV: one line for each factor and reason.',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject(sides),
        response: { 200: compared, ...problems(406) },
      },
    },
    async (request, reply) => {
      const totals = populationTotals();
      const everyone = { after: null, limit: Number.POSITIVE_INFINITY };
      for await (const member of comparedMembers(request, request.query, everyone)) totals.add(member);
      const answer = totals.total();
      const table = { name: 'compare', columns: MOVEMENT_COLUMNS, rows: answer.factors };
      if (await sentAsCsv(deps, request, reply, table)) return reply;
      return {
        ...answer,
        reasons: [...answer.reasons],
        factors: [...answer.factors],
        refused: [...answer.refused],
        provenance: { a: [...answer.provenance.a], b: [...answer.provenance.b] },
      };
    },
  );

  v1.get(
    '/analytics/compare/members',
    {
      schema: {
        operationId: 'comparePopulationMembers',
        tags: ['analytics'],
        summary: 'The population under two models or payment years, member by member',
        description: 'CSV pages carry the next one in Link.',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...sides,
          limit: z.coerce.number().int().min(1).max(10_000).default(100).describe('members of a page'),
          cursor: z.string().max(1000).optional().describe('`next` of the page before'),
        }),
        response: {
          200: z.object({ items: z.array(memberRow), next: z.string().nullable() }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query;
      const [start] = decodeCursor('compare', cursor) ?? [];
      const after = typeof start === 'string' ? start : null;
      const items: z.output<typeof memberRow>[] = [];
      for await (const one of comparedMembers(request, request.query, { after, limit }))
        items.push(rowOf(one));
      touch(
        request,
        items.map(({ memberKey }) => memberKey),
        items.length,
      );
      const last = items.length >= limit ? items.at(-1) : undefined;
      const next = last ? encodeCursor('compare', [last.memberKey]) : null;
      if (next !== null) {
        const [path = '', search = ''] = request.url.split('?');
        const following = new URLSearchParams(search);
        following.set('cursor', next);
        reply.header('link', `<${path}?${following}>; rel="next"`);
      }
      const table = { name: 'compare-members', columns: MEMBER_COLUMNS, rows: items };
      if (await sentAsCsv(deps, request, reply, table)) return reply;
      return { items, next };
    },
  );
}

function rowOf({ memberKey, contractId, comparison, refused }: ComparedMember): z.output<typeof memberRow> {
  const { a = null, b = null, difference = null } = comparison ?? {};
  return {
    memberKey,
    contractId,
    modelA: a?.model ?? null,
    modelB: b?.model ?? null,
    segmentA: a?.segment ?? null,
    segmentB: b?.segment ?? null,
    rawA: a?.rawScore ?? null,
    rawB: b?.rawScore ?? null,
    rawDifference: difference?.raw ?? null,
    paymentA: a?.payment?.score ?? null,
    paymentB: b?.payment?.score ?? null,
    paymentDifference: difference?.payment ?? null,
    refused: refused === null ? null : `${refused.side}: ${refused.message}`,
  };
}
