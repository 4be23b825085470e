import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPES, ProblemError, type ProblemItem, type ProblemName, problemBody } from '../problems.ts';
import { methodsAt, noteAddresses } from './methods.ts';

/** Framework failures by their code; anything else without a status below 500 is a fault of ours. */
const BY_CODE: Readonly<Record<string, ProblemName>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-body',
  FST_REQ_FILE_TOO_LARGE: 'payload-too-large',
  FST_FILES_LIMIT: 'payload-too-large',
  FST_PARTS_LIMIT: 'payload-too-large',
  FST_UNDER_PRESSURE: 'unavailable',
  ENOSPC: 'insufficient-storage',
  EDQUOT: 'insufficient-storage',
  // PostgreSQL: disk_full
  '53100': 'insufficient-storage',
};

const BY_STATUS: Readonly<Record<number, ProblemName>> = {
  400: 'malformed-body',
  404: 'not-found',
  406: 'not-acceptable',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
  429: 'rate-limited',
  503: 'unavailable',
};

/** Connection failures of the drivers: the dependency is away, the request may be repeated. */
const OUTAGE_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', '57P01', '57P03', '53300']);

interface Classified {
  readonly problem: ProblemName;
  readonly detail: string;
  readonly errors?: readonly ProblemItem[];
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string') return code;
  return codeOf(Reflect.get(error, 'cause'));
}

function classify(error: FastifyError | ProblemError): Classified {
  if (error instanceof ProblemError) {
    return {
      problem: error.problem,
      detail: error.message,
      ...(error.errors ? { errors: error.errors } : {}),
      extensions: error.extensions,
      headers: error.headers,
    };
  }
  const code = codeOf(error);
  const known = code === undefined ? undefined : BY_CODE[code];
  const problem = known ?? (code !== undefined && OUTAGE_CODES.has(code) ? 'unavailable' : undefined);
  if (problem) return withRetry({ problem, detail: PROBLEM_TYPES[problem].when });
  const byStatus = error.statusCode === undefined ? undefined : BY_STATUS[error.statusCode];
  // The framework's own words may quote the body or the address: only our words leave.
  if (byStatus) return withRetry({ problem: byStatus, detail: PROBLEM_TYPES[byStatus].when });
  return { problem: 'internal', detail: 'the request failed; nothing more can be said here' };
}

function withRetry(found: Classified): Classified {
  return found.problem === 'unavailable' ? { ...found, headers: { 'retry-after': '5' } } : found;
}

/** Names and frames of an error: its message and the driver's details may hold data of a person. */
function safeError(error: unknown): Record<string, unknown> {
  const thrown = error instanceof Error ? error : new Error('not an Error');
  return {
    name: thrown.name,
    code: codeOf(error),
    frames: (thrown.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 12)
      .map((line) => line.trim()),
    ...(thrown.cause === undefined ? {} : { cause: safeError(thrown.cause) }),
  };
}

const TYPE_LENGTH = 64;

function typeSent(request: FastifyRequest): ProblemItem {
  const value = request.headers['content-type']?.slice(0, TYPE_LENGTH) ?? null;
  const message = 'none of the content types of this address; /openapi.json lists them';
  return { pointer: '/header/content-type', code: 'unsupported', message, value };
}

/** Turns a failure into its problem response; the only place that does so. */
export function sendProblem(
  error: FastifyError | ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const found = classify(error);
  const { status } = PROBLEM_TYPES[found.problem];
  if (status >= 500) request.log.error({ err: safeError(error) }, 'request failed');
  const body = problemBody(found.problem, found.detail, request.id, {
    errors: found.errors ?? (found.problem === 'unsupported-media-type' ? [typeSent(request)] : undefined),
    ...(found.extensions ? { extensions: found.extensions } : {}),
  });
  return reply
    .status(status)
    .headers({ ...found.headers })
    .type('application/problem+json')
    .send(body);
}

/** Error and not-found handlers of the whole application. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | ProblemError>(sendProblem);
  const addresses = noteAddresses(app);
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(addresses, request);
    if (methods.length === 0) {
      return sendProblem(new ProblemError('not-found', 'there is no such address'), request, reply);
    }
    const allow = methods.join(', ');
    if (request.method === 'OPTIONS') return reply.status(204).header('allow', allow).send();
    const refusal = new ProblemError('method-not-allowed', `served at this address: ${allow}`, {
      headers: { allow },
    });
    return sendProblem(refusal, request, reply);
  });
  app.get('/problems/:name', { schema: { hide: true } }, async (request) => {
    const { name } = request.params as { readonly name: string };
    const types: Readonly<Record<string, (typeof PROBLEM_TYPES)[ProblemName]>> = PROBLEM_TYPES;
    const entry = types[name];
    if (!entry) throw new ProblemError('not-found', 'there is no such problem type');
    return { type: `/problems/${name}`, ...entry };
  });
}
