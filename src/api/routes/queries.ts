import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { QueryFinding } from '../../engine/queries/findings.ts';
import { ANSWER_KINDS } from '../../engine/queries/query.ts';
import type { TenantTx } from '../../store/database.ts';
import { getGap, lockGap, type WorkflowStatus } from '../../store/gaps.ts';
import {
  answerQuery,
  createQuery,
  getQuery,
  listQueries,
  openQueryOf,
  remindQuery,
  type ProviderQuery as StoredQuery,
  sendQuery,
  withdrawQuery,
} from '../../store/reviews.ts';
import { lintStored, prepareQuery } from '../../worklists/ask.ts';
import { moveGap } from '../../worklists/move-gap.ts';
import { type Late, reminderRefusal } from '../../worklists/query-outcome.ts';
import { mayView, scopeOf } from '../../worklists/scope.ts';
import type { Reason, TransitionRequest } from '../../worklists/transitions.ts';
import type { Api } from '../api.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, type ProblemItem, problems } from '../problems.ts';
import { newQuery, QUERY_STATUSES, type QueryRow, queryRow, shownQuery, words } from '../schemas/query.ts';
import { inTenant, tenantCalendar, today } from '../tenant.ts';
import { versionOf } from '../version.ts';

const tags = ['queries'];
const params = z.object({ queryId: z.uuid() });
/**
 * What the linter refuses, at its place in the request: the words and their offsets are those of the text sent.
 * A text that the service drafted quotes the record and is not said back.
 */
function refusedPlace({ rule, pointer, message, places }: QueryFinding, edit: object): ProblemItem {
  const [, field = ''] = pointer.split('/');
  if (!Object.hasOwn(edit, field)) return { pointer: '/gapId', code: rule, message };
  return {
    pointer: `/edit${pointer}`,
    code: rule,
    message,
    ...(places.length > 0 ? { value: places } : {}),
  };
}

function nobodyToAsk(): ProblemError {
  return new ProblemError('unprocessable', 'no provider is known for this gap: nobody could answer');
}

/** One question at a time: a second one beside it would press for the answer. */
function alreadyOpen({ queryId, status, version }: StoredQuery): ProblemError {
  return new ProblemError('conflict', 'a query of this gap is open: answer it or withdraw it first', {
    errors: [
      { pointer: '/gapId', code: 'query_open', message: `the open query is ${status}`, value: queryId },
    ],
    extensions: { openQuery: { queryId, status, version } },
  });
}

/** Questions to providers: drafted from the record, linted, kept as sent, answered verbatim. */
export function registerQueries(v1: Api, deps: ApiDeps): void {
  /** The query, if the caller may see it: a provider its own ones, once they were sent. */
  const find = async (tx: TenantTx, request: FastifyRequest, queryId: string): Promise<StoredQuery> => {
    const caller = callerOf(request);
    const query = await getQuery(tx, queryId);
    const hidden =
      caller.role === 'provider' && (query?.providerNpi !== caller.npi || query?.status === 'draft');
    const unseen = caller.hiddenHccs?.has(`${query?.model} ${query?.hcc}`) === true;
    if (!query || hidden || unseen) throw notFound('query');
    request.touched.resourceId = queryId;
    touch(request, [query.memberKey]);
    return query;
  };

  /** Moves the gap of a query along with it; a gap that people have closed meanwhile stays closed. */
  const follow = async (
    tx: TenantTx,
    request: FastifyRequest,
    step: {
      readonly gapId: string;
      readonly to: TransitionRequest['to'];
      readonly reason: Reason | null;
      /** Only a gap in this state moves. */
      readonly from?: WorkflowStatus;
    },
  ): Promise<void> => {
    const gap = await getGap(tx, step.gapId);
    if (!gap || (step.from !== undefined && gap.workflowStatus !== step.from)) return;
    const caller = callerOf(request);
    await moveGap(tx, deps.reference, {
      gapId: step.gapId,
      version: gap.version,
      request: {
        to: step.to,
        reason: step.reason,
        comment: null,
        encounterId: null,
        code: null,
        meat: [],
        locator: null,
        overrideReason: null,
      },
      actor: caller.subject,
      role: caller.role,
      scope: scopeOf(caller),
      calendar: await tenantCalendar(deps, tx),
      at: deps.now().toISOString(),
    });
  };

  /** A draft is judged again when it is sent: somebody must be asked, and the window may have closed (CQ-8). */
  const mustBeSendable = async (tx: TenantTx, request: FastifyRequest, query: StoredQuery): Promise<void> => {
    const gap = await getGap(tx, query.gapId);
    if (query.providerNpi === null || !gap) throw nobodyToAsk();
    const findings = lintStored(deps.reference, gap, {
      query: query.content,
      asOf: today(deps),
      windowDays: request.settings.queryWindowDays,
    });
    if (findings.length === 0) return;
    throw new ProblemError('unprocessable', 'the draft is no longer compliant: withdraw it', {
      errors: findings.map(({ rule, pointer, message }) => ({
        pointer: `/content${pointer}`,
        code: rule,
        message,
      })),
    });
  };

  const lateOf = (request: FastifyRequest): Late => ({
    now: deps.now(),
    answerDays: request.settings.queryAnswerDays,
  });

  v1.post(
    '/queries',
    {
      schema: {
        operationId: 'createQuery',
        tags,
        summary:
          "Draft a gap's question, edit it, and send it; the query linter refuses what is not compliant",
        body: newQuery,
        response: { 201: queryRow, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { gapId, send, edit } = request.body;
      const row = await inTenant(deps, request, async (tx) => {
        const gap = await getGap(tx, gapId);
        if (!gap || !mayView(scopeOf(caller), gap)) throw notFound('gap');
        if (send && gap.providerNpi === null) {
          throw nobodyToAsk();
        }
        const asked = prepareQuery(deps.reference, gap, {
          asOf: today(deps),
          windowDays: request.settings.queryWindowDays,
          edit: edit ?? null,
        });
        if (!asked.ok) {
          throw new ProblemError('unprocessable', `no compliant question: ${asked.reason}`, {
            errors: asked.findings.map((found) => refusedPlace(found, edit ?? {})),
          });
        }
        await lockGap(tx, gapId);
        const open = await openQueryOf(tx, gapId);
        if (open) throw alreadyOpen(open);
        const created = await createQuery(tx, {
          gapId,
          memberKey: gap.memberKey,
          providerNpi: gap.providerNpi,
          type: asked.query.type,
          content: { ...asked.query, text: asked.text },
          contentSha256: asked.sha256,
          createdBy: caller.subject,
          createdAt: deps.now().toISOString(),
          status: send ? 'sent' : 'draft',
        });
        if (send) await follow(tx, request, { gapId, to: 'queried', reason: 'open_query' });
        return created;
      });
      request.touched.resourceId = row.queryId;
      touch(request, [row.memberKey]);
      reply.status(201);
      return shown(request, reply, row);
    },
  );

  v1.get(
    '/queries',
    {
      schema: {
        operationId: 'listQueries',
        tags,
        summary: 'Queries, latest first; a provider sees its own, once sent',
        querystring: z.strictObject({
          ...pageQuery,
          status: z.enum(QUERY_STATUSES).optional(),
          gapId: z.string().max(100).optional(),
        }),
        response: { 200: pageOf(queryRow), ...problems() },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { limit, cursor, status, gapId } = request.query;
      const [createdAt, id] = decodeCursor('queries', cursor) ?? [];
      const own = caller.role === 'provider' ? { providerNpi: caller.npi ?? '' } : {};
      const rows = await inTenant(deps, request, (tx) =>
        listQueries(
          tx,
          { ...own, ...(status ? { status } : {}), ...(gapId ? { gapId } : {}) },
          {
            limit: limit + 1,
            after: typeof createdAt === 'string' && typeof id === 'string' ? { createdAt, id } : null,
          },
        ),
      );
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const items = page.filter(
        (row) =>
          (caller.role !== 'provider' || row.status !== 'draft') &&
          caller.hiddenHccs?.has(`${row.model} ${row.hcc}`) !== true,
      );
      touch(
        request,
        items.map(({ memberKey }) => memberKey),
        items.length,
      );
      return {
        items: items.map((row) => shownQuery(row, lateOf(request))),
        next: last ? encodeCursor('queries', [last.createdAt, last.queryId]) : null,
      };
    },
  );

  v1.get(
    '/queries/:queryId',
    {
      schema: {
        operationId: 'getQuery',
        tags,
        summary: 'A query as sent, with its answer',
        params,
        response: { 200: queryRow, ...problems(404) },
      },
    },
    async (request, reply) => {
      const row = await inTenant(deps, request, (tx) => find(tx, request, request.params.queryId));
      return shown(request, reply, row);
    },
  );

  /** A query as it is now, its version the ETag. */
  const shown = (request: FastifyRequest, reply: FastifyReply, row: StoredQuery): QueryRow => {
    reply.header('etag', `"${row.version}"`);
    return shownQuery(row, lateOf(request));
  };
  /** Why a step could not be taken, with the query as it is now. */
  const refused = async (
    tx: TenantTx,
    request: FastifyRequest,
    step: { readonly queryId: string; readonly version: number },
  ): Promise<ProblemError> => {
    const current = await find(tx, request, step.queryId);
    const extensions = { current: shownQuery(current, lateOf(request)) };
    return current.version === step.version
      ? new ProblemError('conflict', `the query is ${current.status}`, { extensions })
      : new ProblemError('version-conflict', 'someone else changed this query first', { extensions });
  };
  const changes = { params, response: { 200: queryRow, ...problems(404, 409, 428) } };

  v1.post(
    '/queries/:queryId/send',
    {
      schema: {
        operationId: 'sendQuery',
        tags,
        summary: 'Send a draft; it cannot be changed afterwards',
        description: 'The draft passes the linter again: it may have waited past the window of its visit.',
        ...changes,
        response: { ...changes.response, ...problems(422) },
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      return inTenant(deps, request, async (tx) => {
        const query = await find(tx, request, request.params.queryId);
        const { queryId, gapId } = query;
        if (query.status === 'draft') await mustBeSendable(tx, request, query);
        const row = await sendQuery(tx, { queryId, version, at: deps.now().toISOString() });
        if (!row) throw await refused(tx, request, { queryId, version });
        await follow(tx, request, { gapId, to: 'queried', reason: 'open_query' });
        return shown(request, reply, row);
      });
    },
  );

  v1.post(
    '/queries/:queryId/remind',
    {
      schema: {
        operationId: 'remindQuery',
        tags,
        summary: 'Remind of a query without an answer: the same words again, at most one a week',
        params,
        response: { 200: queryRow, ...problems(404, 409) },
      },
    },
    async (request, reply) =>
      inTenant(deps, request, async (tx) => {
        const query = await find(tx, request, request.params.queryId);
        const refusal = reminderRefusal(query, deps.now());
        if (refusal !== null) {
          const extensions = { current: shownQuery(query, lateOf(request)) };
          throw new ProblemError('conflict', refusal, { extensions });
        }
        const { queryId, memberKey } = query;
        const actor = callerOf(request).subject;
        await remindQuery(tx, { queryId, memberKey, actor, at: deps.now().toISOString() });
        return shown(request, reply, await find(tx, request, queryId));
      }),
  );

  v1.post(
    '/queries/:queryId/withdraw',
    {
      schema: {
        operationId: 'withdrawQuery',
        tags,
        summary: 'Take back a query without an answer; its gap goes back to the coder',
        ...changes,
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      return inTenant(deps, request, async (tx) => {
        const { queryId, gapId } = await find(tx, request, request.params.queryId);
        const row = await withdrawQuery(tx, { queryId, version });
        if (!row) throw await refused(tx, request, { queryId, version });
        await follow(tx, request, { gapId, to: 'in_review', reason: null, from: 'queried' });
        return shown(request, reply, row);
      });
    },
  );

  v1.post(
    '/queries/:queryId/answer',
    {
      schema: {
        operationId: 'answerQuery',
        tags,
        summary: 'Answer a query; kept verbatim, and no source to code from by itself (CQ-10)',
        body: z.strictObject({
          kind: z.enum(ANSWER_KINDS),
          text: words,
          credentials: z.string().trim().min(1).max(100),
        }),
        ...changes,
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const caller = callerOf(request);
      return inTenant(deps, request, async (tx) => {
        const query = await find(tx, request, request.params.queryId);
        const offered = shownQuery(query, lateOf(request)).content.options.map(({ kind }) => kind);
        if (offered.length > 0 && !offered.includes(request.body.kind)) {
          throw new ProblemError('unprocessable', 'the query does not offer this answer', {
            errors: [{ pointer: '/kind', code: 'not_offered', message: `offered: ${offered.join(', ')}` }],
          });
        }
        const row = await answerQuery(tx, {
          queryId: query.queryId,
          version,
          answer: request.body,
          answeredBy: caller.subject,
          at: deps.now().toISOString(),
        });
        if (!row) throw await refused(tx, request, { queryId: query.queryId, version });
        await follow(tx, request, { gapId: query.gapId, to: 'in_review', reason: 'answer_query' });
        return shown(request, reply, row);
      });
    },
  );
}
