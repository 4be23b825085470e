import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiDeps } from '../deps.ts';
import { type FieldMask, MaskedAnswer, maskOf } from '../masks.ts';
import { ProblemError } from '../problems.ts';
import { ACCESS, mayCall } from '../roles.ts';
import type { TenantSettings } from '../settings.ts';
import { SUBSTANCE_USE, seesSubstanceUse, withoutSubstanceUse } from '../substance-use.ts';
import { callerOf } from './auth.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the answer shows of whom; the route fills it in, the audit hook writes it down. */
    touched: Touched;
    fieldMask: FieldMask | null;
    /** The tenant's settings in force. */
    settings: TenantSettings;
    /** The role has no right to substance use records (42 CFR part 2). */
    hidesSubstanceUse: boolean;
  }
  interface FastifyContextConfig {
    /** `none`: a calculation on data in the request, or a read without data of people; not in the audit log. */
    audit?: 'none';
    /**
     * `route`: settled by the route, because the body is a stream; `none`: a calculation, nothing is written;
     * `secret`: the answer's `key` is not kept, so a repeat gets null there.
     */
    idempotency?: 'route' | 'none' | 'secret';
  }
}

export interface Touched {
  memberKeys: string[];
  rows: number | null;
  resourceId: string | null;
  done: boolean;
}

function operationOf(request: FastifyRequest): string {
  const schema = request.routeOptions.schema as { readonly operationId?: string } | undefined;
  return schema?.operationId ?? '';
}

const PURPOSE_LENGTH = 100;

function purposeOf(request: FastifyRequest): string | null {
  const header = request.headers['x-purpose'];
  return typeof header === 'string' && header !== '' ? header.slice(0, PURPOSE_LENGTH) : null;
}

/**
 * Stored records of people, as opposed to calculations on what the request itself brought, reference tables, and
 * reports on populations.
 */
function speaksOfPeople(request: FastifyRequest): boolean {
  const schema = request.routeOptions.schema as { readonly tags?: readonly string[] } | undefined;
  const calculated = request.routeOptions.config.audit === 'none' || operationOf(request) === 'analyze';
  return !calculated && schema?.tags?.includes('analytics') !== true;
}

/** Notes which members an answer shows; keys are our own opaque ones. */
export function touch(request: FastifyRequest, memberKeys: readonly string[], rows?: number): void {
  request.touched.memberKeys.push(...memberKeys);
  if (rows !== undefined) request.touched.rows = (request.touched.rows ?? 0) + rows;
}

/**
 * Writes the audit event of a request. Streams call it themselves before their first row, with the counts known
 * then; every other answer is written by the hook. A failing write fails the request (security U-1).
 */
export async function writeAudit(request: FastifyRequest, reply: FastifyReply, deps: ApiDeps): Promise<void> {
  const { principal, touched } = request;
  if (!principal || touched.done) return;
  const status = reply.statusCode;
  // A refused attempt is written down even where the route itself shows no one's data.
  if (request.routeOptions.config.audit === 'none' && status !== 403) return;
  touched.done = true;
  await deps.access.recordAccess({
    at: deps.now(),
    tenantId: principal.tenantId,
    actor: principal.subject,
    role: principal.role,
    action: operationOf(request) || request.method,
    resource: request.routeOptions.url ?? 'unknown',
    resourceId: touched.resourceId,
    outcome: status < 400 ? 'ok' : status < 500 ? 'refused' : 'failed',
    status,
    purpose: purposeOf(request),
    rows: touched.rows,
    memberKeys: [...new Set(touched.memberKeys)],
    requestId: request.id,
    address: request.ip,
  });
}

/** Role table, field masks and the audit log, each applied to every `/v1` route in one place. */
export function registerAccess(v1: FastifyInstance, deps: ApiDeps): void {
  v1.decorateRequest('fieldMask', null);
  // Filled in by the first hook below, before anything reads it.
  v1.decorateRequest('hidesSubstanceUse', true);
  v1.decorateRequest('touched');
  v1.decorateRequest('settings');
  v1.addHook('onRequest', async (request) => {
    request.touched = { memberKeys: [], rows: null, resourceId: null, done: false };
  });
  v1.addHook('onRoute', (route) => {
    const { operationId } = (route.schema ?? {}) as { readonly operationId?: string };
    if (operationId === undefined || !Object.hasOwn(ACCESS, operationId)) {
      throw new Error(`route ${String(route.method)} ${route.url} has no entry in the role table`);
    }
  });
  v1.addHook('onRequest', async (request) => {
    const caller = callerOf(request);
    // Refused before anything of the tenant is read; the refusal itself goes to the audit log.
    if (!mayCall(caller.role, operationOf(request))) {
      throw new ProblemError('forbidden', `the role ${caller.role} may not do this`);
    }
    request.settings = await deps.access.settings(caller.tenantId);
    if (request.settings.purposeRequired && speaksOfPeople(request) && purposeOf(request) === null) {
      throw new ProblemError('validation', 'say in X-Purpose why data of people are read', {
        errors: [
          { pointer: '/header/x-purpose', code: 'required', message: 'the tenant asks for a purpose' },
        ],
      });
    }
    request.hidesSubstanceUse = !seesSubstanceUse(caller.role, request.settings);
    request.principal = { ...caller, hiddenHccs: request.hidesSubstanceUse ? SUBSTANCE_USE : null };
    request.fieldMask = maskOf(caller.role, request.settings);
  });
  v1.addHook('preSerialization', async (request, _reply, payload) => {
    const shown =
      request.hidesSubstanceUse && speaksOfPeople(request) ? withoutSubstanceUse(payload) : payload;
    return request.fieldMask === null ? shown : new MaskedAnswer(shown, request.fieldMask);
  });
  v1.addHook('onSend', async (request, reply) => {
    if (request.principal) await writeAudit(request, reply, deps);
  });
}
