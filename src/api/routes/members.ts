import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { yearOf } from '../../engine/dates.ts';
import { scoreHistoryMonths } from '../../engine/eligible-diagnoses.ts';
import { MODEL_IDS } from '../../engine/score-contract.ts';
import { memberHistorySchema } from '../../intake/json/history.ts';
import type { TenantTx } from '../../store/database.ts';
import { listMemberEvents, listMemberGaps, WORKFLOW_STATUSES } from '../../store/gaps.ts';
import { loadHistories } from '../../store/histories.ts';
import { findMembersByExternalId, getMember, type Member } from '../../store/members.ts';
import { listRafHistory, listRafScores } from '../../store/raf-scores.ts';
import { mayView, scopeOf } from '../../worklists/scope.ts';
import type { Api } from '../api.ts';
import { engineRefusal } from '../calculations.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps, Principal } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { gapEvent, storedGap } from '../schemas/gap.ts';
import { memberMonths, scoreResult } from '../schemas/score.ts';
import { inTenant, showGaps, tenantReference, today } from '../tenant.ts';
import { timelineYear, timelineYears } from '../timeline.ts';

const tags = ['members'];
const params = z.object({ memberKey: z.uuid() });
const paymentYear = z.coerce.number().int().min(2000).max(2100).optional();

const memberSchema = z
  .object({
    memberKey: z.string().describe('our own key, for paths'),
    memberId: z.string().describe("the plan's id, in bodies only"),
    birthDate: z.string().nullable(),
    sex: z.enum(['F', 'M']).nullable(),
    deathDate: z.string().nullable(),
    pcpNpi: z.string().nullable(),
    mergedInto: z.string().nullable(),
    quarantined: z.boolean().describe('its analysis failed twice and waits for new records'),
    links: z.object({ history: z.string(), raf: z.string(), gaps: z.string(), timeline: z.string() }),
  })
  .meta({ id: 'Member' });

function shown(member: Member) {
  const { memberKey, externalId, quarantinedAt, ...rest } = member;
  const self = `/v1/members/${memberKey}`;
  return {
    ...rest,
    memberKey,
    memberId: externalId,
    quarantined: quarantinedAt !== null,
    links: {
      history: `${self}/history`,
      raf: `${self}/raf`,
      gaps: `${self}/gaps`,
      timeline: `${self}/timeline`,
    },
  };
}

const rafRow = z
  .object({
    paymentYear: z.int(),
    model: z.string(),
    part: z.boolean().describe("one model's part of a blend"),
    blendWeight: z.number().nullable(),
    segment: z.string(),
    contractId: z.string().nullable(),
    planId: z.string().nullable(),
    asOf: z.string(),
    hccs: z.array(z.string()),
    raf: z
      .object({
        rawCurrent: z.number(),
        paymentCurrent: z.number().nullable(),
        rawIfClosed: z.number(),
        paymentIfClosed: z.number().nullable(),
        current: scoreResult.nullable(),
        ifAllClosed: scoreResult.nullable(),
      })
      .describe('current, and if all open gaps closed, deletes included'),
    updatedAt: z.string(),
  })
  .meta({ id: 'MemberRaf' });

const rafPoint = z.object({
  paymentYear: z.int(),
  model: z.string(),
  part: z.boolean(),
  asOf: z.string(),
  at: z.string(),
  raf: z.object({
    rawCurrent: z.number(),
    paymentCurrent: z.number().nullable(),
    rawIfClosed: z.number(),
    paymentIfClosed: z.number().nullable(),
  }),
});

/** A key limited to contracts knows their members only; a provider its own patients and those it is asked about. */
async function mayKnow(tx: TenantTx, caller: Principal, member: Member): Promise<boolean> {
  const { memberKey, mergedInto, pcpNpi } = member;
  const { contracts, npi, role } = caller;
  if (contracts !== null) {
    const [history] = await loadHistories(tx, [mergedInto ?? memberKey]);
    if (!history?.coverage.some(({ contractId }) => contracts.includes(contractId ?? ''))) return false;
  }
  if (role !== 'provider' || (npi !== null && pcpNpi === npi)) return true;
  const scope = scopeOf(caller);
  return (await listMemberGaps(tx, mergedInto ?? memberKey)).some((gap) => mayView(scope, gap));
}

/** Stored members by our own key; the look-up from a plan's id is a POST (security L-2). */
export function registerMembers(v1: Api, deps: ApiDeps): void {
  /** The member, if the caller may know of it; else it does not exist for the caller. */
  const find = async (tx: TenantTx, request: FastifyRequest, memberKey: string): Promise<Member> => {
    const member = await getMember(tx, memberKey);
    if (!member || !(await mayKnow(tx, callerOf(request), member))) throw notFound('member');
    request.touched.resourceId = memberKey;
    touch(request, [memberKey]);
    return member;
  };

  v1.post(
    '/members/lookup',
    {
      config: { idempotency: 'none' },
      schema: {
        operationId: 'lookUpMember',
        tags,
        summary: "Our keys of members by the plan's ids; unknown ids are left out",
        body: z.strictObject({ memberIds: z.array(z.string().min(1).max(128)).min(1).max(1000) }),
        response: {
          200: z.object({ items: z.array(z.object({ memberId: z.string(), memberKey: z.string() })) }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const found = await inTenant(deps, request, async (tx) => {
        const members: Member[] = [];
        for (const member of await findMembersByExternalId(tx, request.body.memberIds)) {
          if (await mayKnow(tx, callerOf(request), member)) members.push(member);
        }
        return members;
      });
      touch(
        request,
        found.map(({ memberKey }) => memberKey),
        found.length,
      );
      return {
        items: found.map(({ externalId, memberKey, mergedInto }) => ({
          memberId: externalId,
          memberKey: mergedInto ?? memberKey,
        })),
      };
    },
  );

  v1.get(
    '/members/:memberKey',
    {
      schema: {
        operationId: 'getMember',
        tags,
        summary: 'A member',
        params,
        response: { 200: memberSchema, ...problems(404) },
      },
    },
    (request) =>
      inTenant(deps, request, async (tx) => shown(await find(tx, request, request.params.memberKey))),
  );

  v1.get(
    '/members/:memberKey/history',
    {
      schema: {
        operationId: 'getMemberHistory',
        tags,
        summary: 'Everything an analysis reads about the member, in the shape of its request',
        params,
        response: {
          200: z.looseObject({}).describe(memberHistorySchema.description ?? ''),
          ...problems(404),
        },
      },
    },
    (request) =>
      inTenant(deps, request, async (tx) => {
        const member = await find(tx, request, request.params.memberKey);
        const [history] = await loadHistories(tx, [member.mergedInto ?? member.memberKey]);
        if (!history) throw notFound('history of this member');
        return { ...history, memberId: member.externalId };
      }),
  );

  v1.get(
    '/members/:memberKey/raf',
    {
      schema: {
        operationId: 'getMemberRaf',
        tags,
        summary:
          'Scores of the latest analysis by payment year and model, with every factor, and their course',
        params,
        querystring: z.strictObject({ paymentYear }),
        response: {
          200: z.object({ items: z.array(rafRow), course: z.array(rafPoint) }),
          ...problems(404),
        },
      },
    },
    (request) =>
      inTenant(deps, request, async (tx) => {
        const { memberKey } = await find(tx, request, request.params.memberKey);
        const scores = await listRafScores(tx, memberKey, request.query.paymentYear ?? null);
        const course = await listRafHistory(tx, memberKey);
        return {
          items: scores.map(({ memberKey: _key, detail, ...row }) => {
            const { rawCurrent, paymentCurrent, rawIfClosed, paymentIfClosed, ...rest } = row;
            return {
              ...rest,
              raf: {
                rawCurrent,
                paymentCurrent,
                rawIfClosed,
                paymentIfClosed,
                current: detail?.current ?? null,
                ifAllClosed: detail?.ifAllClosed ?? null,
              },
            };
          }),
          course: course
            .filter((point) => (request.query.paymentYear ?? point.paymentYear) === point.paymentYear)
            .map(({ rawCurrent, paymentCurrent, rawIfClosed, paymentIfClosed, ...rest }) => ({
              ...rest,
              raf: { rawCurrent, paymentCurrent, rawIfClosed, paymentIfClosed },
            })),
        };
      }),
  );

  v1.get(
    '/members/:memberKey/raf/months',
    {
      schema: {
        operationId: 'getMemberMonths',
        tags,
        summary: 'A payment year of the member month by month, from the stored history',
        params,
        querystring: z.strictObject({
          paymentYear,
          model: z.enum(MODEL_IDS).optional().describe('default: the models in force'),
          asOf: z.iso.date().optional().describe('default: today'),
        }),
        response: { 200: memberMonths, ...problems(404, 422) },
      },
    },
    async (request) => {
      const { asOf = today(deps), model = null } = request.query;
      const { paymentYear: year = yearOf(asOf) + 1 } = request.query;
      const reference = await tenantReference(deps, request);
      return inTenant(deps, request, async (tx) => {
        const member = await find(tx, request, request.params.memberKey);
        const [history] = await loadHistories(tx, [member.mergedInto ?? member.memberKey]);
        if (!history) throw notFound('history');
        const answer = scoreHistoryMonths(reference, history, { paymentYear: year, asOf, model });
        if (answer.ok) return { ...answer.value, memberId: member.externalId };
        const { problem, message, errors } = engineRefusal(answer.error);
        throw new ProblemError(problem, message, errors ? { errors } : {});
      });
    },
  );

  v1.get(
    '/members/:memberKey/gaps',
    {
      schema: {
        operationId: 'getMemberGaps',
        tags,
        summary: "A member's gaps, latest payment year first; closed ones too unless `status` says otherwise",
        params,
        querystring: z.strictObject({ paymentYear, status: z.enum(WORKFLOW_STATUSES).optional() }),
        response: { 200: z.object({ items: z.array(storedGap) }), ...problems(404) },
      },
    },
    (request) =>
      inTenant(deps, request, async (tx) => {
        const scope = scopeOf(callerOf(request));
        const { memberKey } = await find(tx, request, request.params.memberKey);
        const { paymentYear: year, status } = request.query;
        const gaps = (await listMemberGaps(tx, memberKey)).filter(
          (gap) =>
            mayView(scope, gap) &&
            (year === undefined || gap.paymentYear === year) &&
            (status === undefined || gap.workflowStatus === status),
        );
        touch(request, [], gaps.length);
        return { items: await showGaps(deps, tx, gaps) };
      }),
  );

  v1.get(
    '/members/:memberKey/timeline',
    {
      schema: {
        operationId: 'getMemberTimeline',
        tags,
        summary: "A member's HCCs by year and model with what captured each, gaps, and what happened to them",
        description:
          '`years` (oldest first, on the first page only): what captured each HCC, what a hierarchy drops, which codes were lost to a change of model, open and closed gaps, and what is no gap and why. `items` are the events of the gaps, latest first.',
        params,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(gapEvent).extend({ years: z.array(timelineYear) }), ...problems(404) },
      },
    },
    (request) =>
      inTenant(deps, request, async (tx) => {
        const { memberKey, mergedInto } = await find(tx, request, request.params.memberKey);
        const { limit, cursor } = request.query;
        const [before] = decodeCursor('timeline', cursor) ?? [];
        const rows = await listMemberEvents(tx, memberKey, {
          before: typeof before === 'number' ? before : null,
          limit: limit + 1,
        });
        const items = rows.slice(0, limit);
        const last = rows.length > limit ? items.at(-1) : undefined;
        touch(request, [], items.length);
        const years =
          cursor === undefined ? await timelineYears(deps, tx, request, mergedInto ?? memberKey) : [];
        return { items, next: last ? encodeCursor('timeline', [last.eventId]) : null, years };
      }),
  );
}
