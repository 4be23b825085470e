import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { undotted } from '../../engine/icd10.ts';
import { getGap, listGapEvents, type StoredGap, WORKFLOW_STATUSES } from '../../store/gaps.ts';
import { type MoveOutcome, moveGap } from '../../worklists/move-gap.ts';
import { mayView, scopeOf } from '../../worklists/scope.ts';
import { undoLast } from '../../worklists/undo.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, type ProblemItem, problems } from '../problems.ts';
import { gapEvent, shownEvent, storedGap, transitionBody } from '../schemas/gap.ts';
import { secondReviewPolicy } from '../settings.ts';
import { inTenant, showGaps, tenantCalendar } from '../tenant.ts';
import { versionOf } from '../version.ts';

const tags = ['gaps'];
const params = z.object({ gapId: z.string().min(1).max(100) });
const bulkStep = transitionBody.extend({
  gapId: z.string().min(1).max(100),
  version: z.int().min(1).describe('the version acted on'),
});

/** A field that the step lacks, or one whose value a rule refuses. */
function fieldAtFault(step: z.output<typeof bulkStep>, field: string, message: string): ProblemItem {
  const sent: unknown = Reflect.get(step, field);
  const lacking = sent === undefined || sent === null || (Array.isArray(sent) && sent.length === 0);
  if (lacking)
    return { pointer: `/${field}`, code: 'required', message: `${field} is required for this step` };
  const shown = typeof sent === 'string' && field !== 'comment' ? { value: sent } : {};
  return { pointer: `/${field}`, code: 'refused', message, ...shown };
}

/** Thrown inside the transaction, so that whatever the refused step wrote is rolled back. */
class Refused extends Error {
  readonly outcome: Exclude<MoveOutcome, { ok: true }>;
  constructor(outcome: Exclude<MoveOutcome, { ok: true }>) {
    super(outcome.problem);
    this.outcome = outcome;
  }
}

/** One gap: finding, explanation, events, transitions. */
export function registerGaps(v1: Api, deps: ApiDeps): void {
  const load = async (request: FastifyRequest, gapId: string): Promise<StoredGap> => {
    const gap = await inTenant(deps, request, (tx) => getGap(tx, gapId));
    if (!gap || !mayView(scopeOf(callerOf(request)), gap)) throw notFound('gap');
    request.touched.resourceId = gapId;
    touch(request, [gap.memberKey]);
    return gap;
  };
  const show = async (request: FastifyRequest, gap: StoredGap) => {
    const [shown] = await inTenant(deps, request, (tx) => showGaps(deps, tx, [gap]));
    if (!shown) throw notFound('gap');
    return shown;
  };

  v1.get(
    '/gaps/:gapId',
    {
      schema: {
        operationId: 'getGap',
        tags,
        summary: 'A gap with its evidence and explanation; its version is the ETag',
        params,
        response: { 200: storedGap, ...problems(404) },
      },
    },
    async (request, reply) => {
      const gap = await load(request, request.params.gapId);
      reply.header('etag', `"${gap.version}"`);
      return show(request, gap);
    },
  );

  v1.get(
    '/gaps/:gapId/events',
    {
      schema: {
        operationId: 'getGapEvents',
        tags,
        summary: 'What happened to a gap, in order',
        params,
        response: { 200: z.object({ items: z.array(gapEvent) }), ...problems(404) },
      },
    },
    async (request) => {
      const gap = await load(request, request.params.gapId);
      const items = await inTenant(deps, request, (tx) => listGapEvents(tx, gap.gapId));
      return { items: items.map(shownEvent) };
    },
  );

  const moved = async (request: FastifyRequest, step: z.output<typeof bulkStep>) => {
    const caller = callerOf(request);
    const { gapId, version, to, reason, comment, encounterId, code, meat, locator, overrideReason } = step;
    const move = {
      gapId,
      version,
      request: {
        to,
        reason: reason ?? null,
        comment: comment ?? null,
        encounterId: encounterId ?? null,
        code: code ? undotted(code) : null,
        meat: meat ?? [],
        locator: locator ?? null,
        overrideReason: overrideReason ?? null,
      },
      actor: caller.subject,
      role: caller.role,
      scope: scopeOf(caller),
      at: deps.now().toISOString(),
      secondReview: secondReviewPolicy(request.settings),
    };
    try {
      const gap = await inTenant(deps, request, async (tx) => {
        const outcome = await moveGap(tx, deps.reference, {
          ...move,
          calendar: await tenantCalendar(deps, tx),
        });
        if (!outcome.ok) throw new Refused(outcome);
        return outcome.gap;
      });
      touch(request, [gap.memberKey]);
      return await show(request, gap);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { outcome } = error;
      if (outcome.problem === 'not-found') throw notFound('gap');
      if (outcome.problem === 'version-conflict') throw await changedFirst(request, outcome.current);
      throw new ProblemError(
        outcome.problem === 'validation' ? 'unprocessable' : outcome.problem,
        outcome.message,
        {
          errors: outcome.fields.map((field) => fieldAtFault(step, field, outcome.message)),
          ...(outcome.better ? { extensions: { better: outcome.better } } : {}),
        },
      );
    }
  };
  const changedFirst = async (request: FastifyRequest, current: StoredGap) =>
    new ProblemError('version-conflict', 'someone else changed this gap first', {
      extensions: { current: await show(request, current) },
    });

  v1.post(
    '/gaps/:gapId/transitions',
    {
      schema: {
        operationId: 'moveGap',
        tags,
        summary: 'Move a gap: claim, release, query, capture, dismiss, reopen',
        description:
          'If-Match carries the version acted on; when someone was faster the answer is 409 with the newer state. An add needs encounterId, locator and meat[] (422 without). A code for which the record holds more detail is refused with 409: `better` names the codes and their evidence; overrideReason keeps it. The legal steps are in docs/api.md.',
        params,
        body: transitionBody,
        response: { 200: storedGap, ...problems(404, 409, 422, 428) },
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const { gapId } = request.params;
      request.touched.resourceId = gapId;
      const gap = await moved(request, { ...request.body, gapId, version });
      reply.header('etag', `"${gap.version}"`);
      return gap;
    },
  );

  v1.post(
    '/gaps/transitions',
    {
      schema: {
        operationId: 'moveGaps',
        tags,
        summary: 'Move many gaps, each for itself: what one is refused does not stop the others',
        body: z.strictObject({ items: z.array(bulkStep).min(1).max(200) }),
        response: {
          200: z.object({
            items: z.array(
              z.object({
                gapId: z.string(),
                status: z.int().describe('as the single request would answer'),
                version: z.int().nullable(),
                workflowStatus: z.enum(WORKFLOW_STATUSES).nullable(),
                problem: z.string().nullable(),
                detail: z.string().nullable(),
              }),
            ),
            counts: z.object({ moved: z.int(), refused: z.int() }),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const items = [];
      for (const step of request.body.items) {
        const { gapId } = step;
        try {
          const { version, workflowStatus } = await moved(request, step);
          items.push({ gapId, status: 200, version, workflowStatus, problem: null, detail: null });
        } catch (error) {
          if (!(error instanceof ProblemError)) throw error;
          const { statusCode: status, problem, message: detail } = error;
          items.push({ gapId, status, version: null, workflowStatus: null, problem, detail });
        }
      }
      const count = items.filter(({ status }) => status === 200).length;
      request.touched.rows = items.length;
      return { items, counts: { moved: count, refused: items.length - count } };
    },
  );

  v1.post(
    '/gaps/:gapId/undo',
    {
      schema: {
        operationId: 'undoGap',
        tags,
        summary: "Take back one's own last step, while nobody built on it; both steps stay on record",
        params,
        response: { 200: storedGap, ...problems(404, 409, 428) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const version = versionOf(request);
      const { gapId } = request.params;
      request.touched.resourceId = gapId;
      const outcome = await inTenant(deps, request, (tx) =>
        undoLast(tx, {
          gapId,
          version,
          actor: caller.subject,
          role: caller.role,
          scope: scopeOf(caller),
          at: deps.now().toISOString(),
          withinHours: request.settings.undoHours,
        }),
      );
      if (!outcome.ok) {
        if (outcome.problem === 'not-found') throw notFound('gap');
        if (outcome.problem === 'version-conflict') throw await changedFirst(request, outcome.current);
        throw new ProblemError('illegal-transition', outcome.message);
      }
      touch(request, [outcome.gap.memberKey]);
      reply.header('etag', `"${outcome.gap.version}"`);
      return show(request, outcome.gap);
    },
  );
}
