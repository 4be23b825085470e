import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { undotted } from '../../engine/icd10.ts';
import { getGap, listGapEvents, type StoredGap } from '../../store/gaps.ts';
import { type MoveOutcome, moveGap } from '../../worklists/move-gap.ts';
import { mayView, scopeOf } from '../../worklists/scope.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { gapEvent, storedGap, transitionBody } from '../schemas/gap.ts';
import { inTenant, showGaps } from '../tenant.ts';
import { versionOf } from '../version.ts';

const tags = ['gaps'];
const params = z.object({ gapId: z.string().min(1).max(100) });

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
      return { items };
    },
  );

  v1.post(
    '/gaps/:gapId/transitions',
    {
      schema: {
        operationId: 'moveGap',
        tags,
        summary: 'Move a gap: claim, release, query, capture, dismiss, reopen',
        description:
          'If-Match carries the version acted on; when someone was faster the answer is 409 with the newer state. An add needs encounterId, locator and meat[] (422 without). The legal steps are in docs/api.md.',
        params,
        body: transitionBody,
        response: { 200: storedGap, ...problems(404, 409, 422, 428) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const version = versionOf(request);
      const { to, reason, comment, encounterId, code, meat, locator, overrideReason } = request.body;
      const move = {
        gapId: request.params.gapId,
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
      };
      request.touched.resourceId = move.gapId;
      try {
        const gap = await inTenant(deps, request, async (tx) => {
          const outcome = await moveGap(tx, deps.reference, move);
          if (!outcome.ok) throw new Refused(outcome);
          return outcome.gap;
        });
        touch(request, [gap.memberKey]);
        reply.header('etag', `"${gap.version}"`);
        return await show(request, gap);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const { outcome } = error;
        if (outcome.problem === 'not-found') throw notFound('gap');
        if (outcome.problem === 'version-conflict') {
          throw new ProblemError('version-conflict', 'someone else changed this gap first', {
            extensions: { current: await show(request, outcome.current) },
          });
        }
        throw new ProblemError(
          outcome.problem === 'validation' ? 'unprocessable' : outcome.problem,
          outcome.message,
          {
            errors: outcome.fields.map((field) => ({
              pointer: `/${field}`,
              code: outcome.problem === 'validation' ? 'refused' : 'required',
              message: outcome.message,
            })),
          },
        );
      }
    },
  );
}
