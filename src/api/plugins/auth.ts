import type { FastifyInstance, FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import type { AccessStore, ApiDeps, OidcOptions, Principal } from '../deps.ts';
import { matches, parseKey } from '../keys.ts';
import { ProblemError } from '../problems.ts';
import { ROLES, type Role } from '../roles.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every `/v1` request before its handler runs. */
    principal: Principal | null;
  }
}

/** Signature algorithms accepted of an identity provider; `none` and every HMAC are not among them. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 60;

function refuse(cause?: unknown): ProblemError {
  // One wording for unknown, expired and revoked: the answer must not say which keys exist.
  return new ProblemError('unauthenticated', 'a valid API key or bearer token is required', {
    headers: { 'www-authenticate': 'Bearer realm="hccgap"' },
    cause,
  });
}

function credentialOf(request: FastifyRequest): string {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header.trim();
  const [scheme, token, ...rest] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() === 'bearer' && token && rest.length === 0) return token;
  throw refuse();
}

function isRole(text: unknown): text is Role {
  return ROLES.some((role) => role === text);
}

async function fromKey(
  key: { readonly prefix: string; readonly secret: string },
  access: AccessStore,
  now: Date,
): Promise<Principal> {
  const stored = await access.findKey(key.prefix);
  // An unknown prefix costs the same comparison as a known one.
  const same = matches(key.secret, stored?.secretHash ?? '0'.repeat(64));
  if (!stored || !same || stored.revokedAt !== null) throw refuse();
  if (stored.expiresAt !== null && stored.expiresAt <= now) throw refuse();
  if (!isRole(stored.role)) throw refuse();
  const { tenantId, role, keyId, npi, contracts } = stored;
  return { tenantId, subject: `key:${keyId}`, role, keyId, npi, contracts };
}

/** RFC 8176: the methods by which the person proved who they are. */
function usedOneOf(wanted: readonly string[], amr: unknown): boolean {
  return Array.isArray(amr) && amr.some((method) => wanted.includes(String(method)));
}

async function fromToken(token: string, oidc: OidcOptions, now: Date): Promise<Principal> {
  const verified = await jwtVerify(token, oidc.keys, {
    issuer: oidc.issuer,
    audience: oidc.audience,
    algorithms: ALGORITHMS,
    requiredClaims: ['exp', 'sub', oidc.tenantClaim, oidc.roleClaim],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: now,
  }).catch((cause: unknown) => {
    throw refuse(cause);
  });
  const { payload } = verified;
  if (oidc.mfaMethods && !usedOneOf(oidc.mfaMethods, payload.amr)) throw refuse();
  const tenantId = payload[oidc.tenantClaim];
  const role = payload[oidc.roleClaim];
  const npi = payload.npi;
  if (typeof tenantId !== 'string' || !UUID.test(tenantId) || !isRole(role) || !payload.sub) throw refuse();
  return {
    tenantId,
    subject: `user:${payload.sub}`,
    role,
    keyId: null,
    npi: typeof npi === 'string' ? npi : null,
    contracts: null,
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Finds out who calls and for which tenant, before the body is read; refuses with 401. */
export function registerAuthentication(v1: FastifyInstance, deps: ApiDeps): void {
  v1.decorateRequest('principal', null);
  v1.addHook('onRequest', async (request) => {
    const credential = credentialOf(request);
    const key = parseKey(credential);
    const now = deps.now();
    if (key) request.principal = await fromKey(key, deps.access, now);
    else if (deps.oidc) request.principal = await fromToken(credential, deps.oidc, now);
    else throw refuse();
  });
}

/** The caller of a `/v1` request. */
export function callerOf(request: FastifyRequest): Principal {
  if (!request.principal) throw refuse();
  return request.principal;
}
