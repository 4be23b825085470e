import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { ACCESS, type OperationId } from '../roles.ts';
import { SERVICE_VERSION } from '../version.ts';
import { withMaskedFields } from './masked-schemas.ts';

const TAGS: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'raf', description: 'Scores and what gaps are worth; nothing is stored' },
  { name: 'analyses', description: 'Gap analysis of a member history; nothing is stored' },
  { name: 'reference', description: 'Models, HCCs, codes, rules, calendar' },
  { name: 'batches', description: 'Extracts in, with every refused record and its reason' },
  { name: 'members', description: 'Stored members by our own opaque key' },
  { name: 'worklists', description: "The coder's day" },
  { name: 'gaps', description: 'One gap: evidence, events, transitions' },
  { name: 'queries', description: 'Compliant questions to providers' },
  { name: 'submissions', description: 'Approved adds and deletes' },
  { name: 'analytics', description: 'RAF and programme reports, adds beside deletes' },
  { name: 'administration', description: 'Keys, settings, audit log' },
  { name: 'operations', description: 'Health and metrics' },
];

/** OpenAPI 3.1 at `/openapi.json`, its explorer at `/docs`. Register before any route. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'HCC gap analysis',
        version: SERVICE_VERSION,
        description:
          'Encounter-anchored, two-way risk adjustment gaps. Estimates are not payment; no coding advice.',
      },
      tags: [...TAGS],
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key or an OIDC token' },
        },
      },
      security: [{ apiKey: [] }, { bearer: [] }],
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input);
      const operationId = schema?.operationId;
      if (!schema || operationId === undefined || !Object.hasOwn(ACCESS, operationId)) return { schema, url };
      // Own keys of ACCESS are operation ids, as just checked.
      const roles = ACCESS[operationId as OperationId];
      return { schema: { ...schema, description: describe(schema.description, roles) }, url };
    },
    transformObject: (input) => withMaskedFields(jsonSchemaTransformObject(input)),
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: false });
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(app.swagger())),
  );
}

function describe(text: string | undefined, roles: readonly string[]): string {
  const who = `Roles: ${roles.join(', ')}.`;
  return text ? `${text}\n\n${who}` : who;
}
