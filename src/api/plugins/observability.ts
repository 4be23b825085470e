import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';

const health = z
  .object({ status: z.enum(['ok', 'unavailable']), checks: z.record(z.string(), z.enum(['ok', 'failed'])) })
  .meta({ id: 'Health' });

const CHECK_LIMIT_MS = 2000;

async function passes(check: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_LIMIT_MS);
  });
  try {
    await Promise.race([check(), limit]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * One log line a request, by route pattern: addresses and bodies may name a person and never reach the log
 * (security L-1). Metrics carry the same labels.
 */
export function registerObservability(app: FastifyInstance, deps: ApiDeps): void {
  const registry = deps.metrics ?? new Registry();
  if (!deps.metrics) collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests by route pattern, method and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const { method } = request;
    const status = reply.statusCode;
    durations.observe({ method, route, status }, reply.elapsedTime / 1000);
    request.log.info(
      {
        method,
        route,
        status,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        tenantId: request.principal?.tenantId,
        actor: request.principal?.subject,
      },
      'request',
    );
  });
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getLiveness',
        tags: ['operations'],
        summary: 'The process is alive',
        security: [],
        response: { 200: health },
      },
    },
    async () => ({ status: 'ok' as const, checks: {} }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['operations'],
        summary: 'The service can serve: database and queue answer',
        security: [],
        response: { 200: health, 503: health },
      },
    },
    async (_request, reply) => {
      const found = await Promise.all(
        Object.entries(deps.readiness).map(async ([name, check]) => [name, await passes(check)] as const),
      );
      const ready = found.every(([, ok]) => ok);
      return reply.status(ready ? 200 : 503).send({
        status: ready ? 'ok' : 'unavailable',
        checks: Object.fromEntries(found.map(([name, ok]) => [name, ok ? 'ok' : 'failed'])),
      });
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['operations'],
        summary: 'Prometheus metrics; no label names a person',
        security: [],
      },
    },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
}
