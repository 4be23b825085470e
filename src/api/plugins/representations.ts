import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { representation } from '../negotiate.ts';

interface Media {
  readonly produces?: readonly string[];
  readonly consumes?: readonly string[];
}

const DIGEST_LENGTH = 16;

/**
 * What an answer is sent as, for every route in one place. A route that names no media type of its own answers JSON
 * (a stream of lines where it takes one): Accept that has neither is 406. An answer with a version gets an ETag of
 * version and content, and If-None-Match with it is 304 (RFC 9110, 13.1.2): a gap's worth may move within a version.
 */
export function registerRepresentations(v1: FastifyInstance): void {
  v1.addHook('onRequest', async (request) => {
    const { produces, consumes } = (request.routeOptions.schema ?? {}) as Media;
    if (produces !== undefined) return;
    representation(request, consumes?.includes('application/x-ndjson') ? ['json', 'ndjson'] : ['json']);
  });
  v1.addHook('onSend', async (request, reply, payload) => {
    const version = reply.getHeader('etag');
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads || reply.statusCode !== 200 || version === undefined || typeof payload !== 'string')
      return payload;
    const digest = createHash('sha256').update(payload).digest('hex').slice(0, DIGEST_LENGTH);
    const etag = `"${String(version).replaceAll('"', '')}-${digest}"`;
    reply.header('etag', etag);
    if (!isKnown(request, etag)) return payload;
    reply.status(304).removeHeader('content-type');
    return '';
  });
}

function isKnown(request: FastifyRequest, etag: string): boolean {
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  return known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}
