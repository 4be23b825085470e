import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

/** Version of the interface, as /openapi.json names it. */
export const SERVICE_VERSION = '1.0.0';

/** The version in `"7"`, `7`, `W/"7"` or a read's ETag `"7-<digest>"` of If-Match; 428 when it is missing, since a decision must say what it saw. */
export function versionOf(request: FastifyRequest): number {
  const header = request.headers['if-match'];
  if (header === undefined) {
    throw new ProblemError('precondition-required', 'send the version you saw in If-Match');
  }
  const match = /^(?:W\/)?"?(\d{1,9})(?:-[0-9a-f]{16})?"?$/.exec(header.trim());
  if (match?.[1] === undefined) {
    throw new ProblemError('validation', 'If-Match is a version number', {
      errors: [{ pointer: '/header/if-match', code: 'invalid_format', message: 'not a version' }],
    });
  }
  return Number(match[1]);
}
