import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import type { ApiLimits } from '../deps.ts';
import { ProblemError } from '../problems.ts';

const SHED_ABOVE_DELAY_MS = 2000;
const MAX_HEAP_BYTES = 1.5 * 1024 ** 3;

/** Security headers, shedding under pressure and a limit of requests; the first two hold for every address. */
export async function registerLimits(app: FastifyInstance, limits: ApiLimits): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // The API explorer sets inline styles; no script may be inline.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    hsts: { maxAge: 31_536_000, includeSubDomains: true },
  });
  await app.register(underPressure, {
    maxEventLoopDelay: limits.shedAboveDelayMs ?? SHED_ABOVE_DELAY_MS,
    maxHeapUsedBytes: MAX_HEAP_BYTES,
    retryAfter: 10,
    exposeStatusRoute: false,
    pressureHandler: (request) => {
      // Liveness must still answer, or the process is killed for being busy.
      if (request.url === '/healthz' || request.url === '/metrics') return;
      throw new ProblemError('unavailable', 'the process is under pressure', {
        headers: { 'retry-after': '10' },
      });
    },
  });
}

/** Requests a caller may make in a minute, counted by key (or by address before it is known who calls). */
export async function registerRateLimit(v1: FastifyInstance, limits: ApiLimits): Promise<void> {
  await v1.register(rateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: '1 minute',
    hook: 'preValidation',
    keyGenerator: (request) => request.principal?.subject ?? request.ip,
    errorResponseBuilder: (_request, context) =>
      new ProblemError('rate-limited', `at most ${context.max} requests a minute`, {
        headers: { 'retry-after': String(Math.ceil(context.ttl / 1000)) },
      }),
  });
}
