import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StoredAnswer } from '../../store/idempotency.ts';
import type { AccessStore, ApiDeps } from '../deps.ts';
import { ProblemError } from '../problems.ts';
import { callerOf } from './auth.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Key claimed by this request, whose answer is to be kept. */
    claimedKey: string | null;
  }
}

const KEY = /^[\x21-\x7e]{1,128}$/;

/** The request's Idempotency-Key, or null; a malformed one is refused. */
export function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new ProblemError('validation', 'Idempotency-Key is 1 to 128 printable characters', {
      errors: [{ pointer: '/header/idempotency-key', code: 'invalid_format', message: 'not a key' }],
    });
  }
  return key;
}

/** What makes two requests the same: caller, method, address and body. Only its hash is kept. */
export function fingerprint(request: FastifyRequest, body: unknown): string {
  return createHash('sha256')
    .update(`${callerOf(request).subject}\n${request.method} ${request.url}\n`)
    .update(JSON.stringify(body ?? null))
    .digest('hex');
}

/** Claims a key; the stored answer of the first request when it is done. Throws 409 or 422 as the key's state asks. */
export async function claimKey(
  request: FastifyRequest,
  access: AccessStore,
  claim: { readonly key: string; readonly fingerprint: string; readonly operation: string },
) {
  const { tenantId } = callerOf(request);
  const found = await access.claimIdempotencyKey({ tenantId, ...claim });
  switch (found.state) {
    case 'new':
      request.claimedKey = claim.key;
      return null;
    case 'running':
      throw new ProblemError('idempotency-in-progress', 'the first request with this key is still running', {
        headers: { 'retry-after': '1' },
      });
    case 'mismatch':
      throw new ProblemError('idempotency-mismatch', 'the key was used for another request');
    case 'done':
      return found.answer;
  }
}

/** Sends the first request's answer again, marked as such. */
export function replay(reply: FastifyReply, answer: StoredAnswer): FastifyReply {
  const version = versionIn(answer);
  if (version !== null) reply.header('etag', `"${version}"`);
  return reply
    .status(answer.status)
    .header('idempotency-replayed', 'true')
    .type(answer.contentType)
    .send(answer.body);
}

/** The version that the first answer bore as its ETag too; null when it was of nothing with versions. */
function versionIn({ status, contentType, body }: StoredAnswer): number | null {
  if (status >= 300 || !contentType.startsWith('application/json')) return null;
  const parsed: unknown = JSON.parse(body);
  const version: unknown =
    typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : undefined;
  return typeof version === 'number' ? version : null;
}

/**
 * Writes with an Idempotency-Key are done once: a repeat gets the first answer, marked `idempotency-replayed`.
 * Answers of 500 and above are not kept, so that a repeat tries again.
 */
export function registerIdempotency(v1: FastifyInstance, deps: ApiDeps): void {
  v1.decorateRequest('claimedKey', null);
  v1.addHook('preHandler', async (request, reply) => {
    const { idempotency } = request.routeOptions.config;
    if (request.method === 'GET' || idempotency === 'route' || idempotency === 'none') return;
    const key = idempotencyKeyOf(request);
    if (key === null) return;
    const answer = await claimKey(request, deps.access, {
      key,
      fingerprint: fingerprint(request, request.body),
      operation: request.routeOptions.url ?? '',
    });
    if (answer === null) return;
    return replay(reply, answer);
  });
  v1.addHook('onSend', async (request, reply, payload) => {
    const key = request.claimedKey;
    if (key === null) return payload;
    request.claimedKey = null;
    const { tenantId } = callerOf(request);
    const kept = reply.statusCode < 500 && typeof payload === 'string';
    await deps.access.finishIdempotencyKey(
      tenantId,
      key,
      kept
        ? {
            status: reply.statusCode,
            contentType: String(reply.getHeader('content-type') ?? 'application/json'),
            body: request.routeOptions.config.idempotency === 'secret' ? withoutKey(payload) : payload,
          }
        : null,
    );
    return payload;
  });
}

function withoutKey(body: string): string {
  return JSON.stringify({ ...(JSON.parse(body) as object), key: null });
}
