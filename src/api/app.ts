import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';

import type { Api, ZodRoutes } from './api.ts';
import type { ApiDeps } from './deps.ts';
import { registerAccess } from './plugins/access.ts';
import { registerAuthentication } from './plugins/auth.ts';
import { registerErrors } from './plugins/errors.ts';
import { registerIdempotency } from './plugins/idempotency.ts';
import { registerJsonBodies } from './plugins/json-body.ts';
import { registerLimits, registerRateLimit } from './plugins/limits.ts';
import { registerObservability } from './plugins/observability.ts';
import { registerOpenApi } from './plugins/openapi.ts';
import { registerRepresentations } from './plugins/representations.ts';
import { ProblemError } from './problems.ts';
import { registerAdministration } from './routes/administration.ts';
import { registerAnalyses } from './routes/analyses.ts';
import { registerAnalytics } from './routes/analytics.ts';
import { registerAuditPackets } from './routes/audit-packets.ts';
import { registerBatches } from './routes/batches.ts';
import { registerCalendar } from './routes/calendar.ts';
import { registerExplanation } from './routes/explanation.ts';
import { registerGaps } from './routes/gaps.ts';
import { registerLinks } from './routes/links.ts';
import { registerMembers } from './routes/members.ts';
import { registerPaid } from './routes/paid.ts';
import { registerProgramme } from './routes/programme.ts';
import { registerQueries } from './routes/queries.ts';
import { registerRaf } from './routes/raf.ts';
import { registerReference } from './routes/reference.ts';
import { registerRetention } from './routes/retention.ts';
import { registerSavedFilters } from './routes/saved-filters.ts';
import { registerSecondReviews } from './routes/second-reviews.ts';
import { registerSubmissions } from './routes/submissions.ts';
import { registerUnspecified } from './routes/unspecified.ts';
import { registerVisits } from './routes/visits.ts';
import { registerWorklists } from './routes/worklists.ts';
import { serializerCompiler } from './serializer.ts';
import { validatorCompiler } from './validation.ts';

/**
 * Builds the HTTP side of the service; `listen` or `inject` is the caller's. Hooks of `/v1` run in this order:
 * who calls, may that role, in which form, how often, is the request well-formed, was it answered before; and outwards: the
 * role's field mask, the kept answer, the audit log.
 */
export async function buildApp(deps: ApiDeps): Promise<FastifyInstance> {
  const app = Fastify({
    // A pino logger is a Fastify logger; only its generic parameters differ.
    loggerInstance: deps.logger as FastifyBaseLogger,
    // The framework's own lines hold the address; ours (plugins/observability.ts) hold the route pattern.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: deps.limits.bodyBytes,
    trustProxy: deps.limits.trustProxy,
    exposeHeadRoutes: true,
  }).withTypeProvider<ZodRoutes>();
  app.removeContentTypeParser('text/plain');
  registerJsonBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  registerErrors(app);
  await registerOpenApi(app);
  await registerLimits(app, deps.limits);
  registerObservability(app, deps);
  await app.register(
    async (v1) => {
      if (deps.limits.requireTls === true) refusePlainRequests(v1);
      registerAuthentication(v1, deps);
      registerAccess(v1, deps);
      registerRepresentations(v1);
      await registerRateLimit(v1, deps.limits);
      registerIdempotency(v1, deps);
      registerRoutes(v1.withTypeProvider<ZodRoutes>(), deps);
    },
    { prefix: '/v1' },
  );
  return app;
}

/** A plain request has shown its credential on the way: it is refused before anything is looked up. */
function refusePlainRequests(v1: FastifyInstance): void {
  v1.addHook('onRequest', async (request) => {
    if (request.protocol !== 'https') throw new ProblemError('forbidden', 'requests are taken by https only');
  });
}

function registerRoutes(v1: Api, deps: ApiDeps): void {
  registerReference(v1, deps);
  registerRaf(v1, deps);
  registerAnalyses(v1, deps);
  registerBatches(v1, deps);
  registerMembers(v1, deps);
  registerWorklists(v1, deps);
  registerUnspecified(v1, deps);
  registerVisits(v1, deps);
  registerGaps(v1, deps);
  registerExplanation(v1, deps);
  registerLinks(v1, deps);
  registerSavedFilters(v1, deps);
  registerSecondReviews(v1, deps);
  registerQueries(v1, deps);
  registerSubmissions(v1, deps);
  registerAuditPackets(v1, deps);
  registerAnalytics(v1, deps);
  registerProgramme(v1, deps);
  registerPaid(v1, deps);
  registerCalendar(v1, deps);
  registerAdministration(v1, deps);
  registerRetention(v1, deps);
}
