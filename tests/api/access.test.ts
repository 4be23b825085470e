import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import type { ROLES } from '../../src/api/roles.ts';
import { TENANT_A } from './support/access.ts';
import { TEST_LIMITS, type TestApp, TODAY, testApp } from './support/app.ts';

const apps: TestApp[] = [];

async function start(...args: Parameters<typeof testApp>): Promise<TestApp> {
  const made = await testApp(...args);
  apps.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ app }) => app.close()));
});

const MODELS = '/v1/reference/models';

describe('API keys', () => {
  test('a request without a credential is 401 as a problem', async () => {
    const { app } = await start();
    const answer = await app.inject({ url: MODELS });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="hccgap"');
    expect(answer.json()).toMatchObject({ type: '/problems/unauthenticated', status: 401 });
    expect(answer.json().instance).toBe(`urn:uuid:${answer.headers['x-request-id']}`);
  });

  test('a key is taken from X-API-Key and from Authorization alike', async () => {
    const { app, access } = await start();
    const key = access.key('coder');
    const header = await app.inject({ url: MODELS, headers: { 'x-api-key': key } });
    const bearer = await app.inject({ url: MODELS, headers: { authorization: `Bearer ${key}` } });
    expect([header.statusCode, bearer.statusCode]).toEqual([200, 200]);
  });

  test('unknown, wrong, expired and revoked keys are refused in the same words', async () => {
    const { app, access } = await start();
    const good = access.key('coder');
    const keys = [
      `hccgap_${'0'.repeat(12)}_${'A'.repeat(43)}`,
      `${good.slice(0, -4)}AAAA`,
      access.key('coder', { expiresAt: new Date(`${TODAY}T12:00:00Z`) }),
      access.key('coder', { revokedAt: new Date('2026-01-01T00:00:00Z') }),
      'not a key',
    ];
    for (const key of keys) {
      const answer = await app.inject({ url: MODELS, headers: { 'x-api-key': key } });
      expect(answer.statusCode).toBe(401);
      expect(answer.json().detail).toBe('a valid API key or bearer token is required');
    }
  });

  test('a role without the right is 403, and the refusal is in the audit log', async () => {
    const { app, access } = await start();
    const answer = await app.inject({ url: MODELS, headers: { 'x-api-key': access.key('provider') } });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ type: '/problems/forbidden' });
    expect(access.events).toEqual([
      expect.objectContaining({ action: 'listModels', role: 'provider', outcome: 'refused', status: 403 }),
    ]);
  });

  test('where TLS is required a plain request is refused, before its credential is looked at', async () => {
    const { app, access } = await testApp({
      limits: { ...TEST_LIMITS, trustProxy: true, requireTls: true },
    });
    const call = (headers: Record<string, string>) => app.inject({ url: MODELS, headers });
    const key = { 'x-api-key': access.key('analyst') };
    for (const plain of [{}, key, { ...key, 'x-forwarded-proto': 'http' }]) {
      expect((await call(plain)).json()).toMatchObject({ type: '/problems/forbidden' });
    }
    expect((await call({ ...key, 'x-forwarded-proto': 'https' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
    await app.close();
  });

  test('where the tenant asks for a purpose, data of people are not read without one', async () => {
    const { app, access } = await start();
    access.purposeRequired = true;
    const key = { 'x-api-key': access.key('lead') };
    const call = (url: string, headers: Record<string, string>) => app.inject({ url, headers });
    for (const url of ['/v1/worklists/prospective', '/v1/queries']) {
      const bare = await call(url, key);
      expect(bare.statusCode).toBe(400);
      expect(bare.json().errors).toMatchObject([{ pointer: '/header/x-purpose', code: 'required' }]);
      // The database of this test is away: what passes the door gets that far.
      expect((await call(url, { ...key, 'x-purpose': 'payment' })).statusCode).toBe(503);
    }
    expect((await call(MODELS, key)).statusCode).toBe(200);
  });

  test('a request whose audit event cannot be written fails', async () => {
    const { app, access } = await start();
    access.auditFails = true;
    const answer = await app.inject({ url: MODELS, headers: { 'x-api-key': access.key('provider') } });
    expect(answer.statusCode).toBe(500);
  });
});

describe('bearer tokens', () => {
  const issuer = 'https://id.example.test';
  const audience = 'hccgap';

  async function issuerOf() {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] });
    const now = Date.parse(`${TODAY}T12:00:00Z`) / 1000;
    const claims = { tenant: TENANT_A, role: 'coder', sub: 'ana' };
    const sign = (change: Record<string, unknown> = {}, key: Parameters<SignJWT['sign']>[0] = privateKey) =>
      new SignJWT({ iss: issuer, aud: audience, exp: now + 60, ...claims, ...change })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .sign(key);
    return { sign, now, oidc: { issuer, audience, tenantClaim: 'tenant', roleClaim: 'role', keys } };
  }

  test('a token of the issuer names tenant, role and person', async () => {
    const { sign, oidc } = await issuerOf();
    const { app } = await start({ oidc });
    const answer = await app.inject({ url: MODELS, headers: { authorization: `Bearer ${await sign()}` } });
    expect(answer.statusCode).toBe(200);
  });

  test('wrong issuer, audience, role, tenant, subject, signature or time is 401', async () => {
    const { sign, oidc, now } = await issuerOf();
    const { app } = await start({ oidc });
    const stranger = await generateKeyPair('ES256');
    const unsigned = [
      { alg: 'none' },
      { iss: issuer, aud: audience, exp: now + 60, sub: 'ana', role: 'admin' },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const tokens = [
      await sign({ iss: 'https://elsewhere.example.test' }),
      await sign({ aud: 'another' }),
      await sign({ role: 'superuser' }),
      await sign({ tenant: 'not-a-uuid' }),
      await sign({ sub: undefined }),
      await sign({ exp: now - 120 }),
      await sign({ exp: undefined }),
      await sign({}, stranger.privateKey),
      `${unsigned}.`,
    ];
    for (const token of tokens) {
      const answer = await app.inject({ url: MODELS, headers: { authorization: `Bearer ${token}` } });
      expect(answer.statusCode).toBe(401);
    }
  });
});

describe('tokens that try harder', () => {
  const issuer = 'https://id.example.test';
  const audience = 'hccgap';
  const now = Date.parse(`${TODAY}T12:00:00Z`) / 1000;
  const claims = { iss: issuer, aud: audience, exp: now + 60, sub: 'ana', tenant: TENANT_A, role: 'coder' };

  test('an algorithm, key or kind of token that was not agreed is 401', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
    const keys = createLocalJWKSet({ keys: [jwk] });
    const oidc = { issuer, audience, tenantClaim: 'tenant', roleClaim: 'role', keys };
    const { app } = await start({ oidc });
    const send = async (authorization: string) =>
      (await app.inject({ url: MODELS, headers: { authorization } })).statusCode;
    const sign = (payload: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(privateKey);
    // The public key as the secret of an HMAC: the classic confusion of algorithms.
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(new TextEncoder().encode(JSON.stringify(jwk)));
    const good = await sign(claims);
    const [head = '', body = '', signature = ''] = good.split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, role: 'admin' })).toString('base64url');
    const refused = [
      confused,
      await sign({ ...claims, nbf: now + 600 }),
      await sign(claims, { kid: 'another' }),
      await sign({ ...claims, aud: ['another', 'third'] }),
      await sign({ ...claims, role: ['coder'] }),
      await sign({ ...claims, role: undefined }),
      await sign({ ...claims, tenant: undefined }),
      await sign({ ...claims, sub: '' }),
      `${head}.${forged}.${signature}`,
      `${head}.${body}.`,
      `${head}.${body}`,
      `${good}.${signature}`,
    ];
    for (const token of refused) expect(await send(`Bearer ${token}`)).toBe(401);
    expect(await send(`Basic ${good}`)).toBe(401);
    expect(await send(`Bearer ${good} ${good}`)).toBe(401);
    expect(await send(`Bearer ${good}`)).toBe(200);
  });

  test('where a second factor is asked for, a token that does not say so is 401', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] });
    const oidc = { issuer, audience, tenantClaim: 'tenant', roleClaim: 'role', keys, mfaMethods: ['mfa'] };
    const { app } = await start({ oidc });
    const send = async (amr: unknown) => {
      const token = await new SignJWT({ ...claims, ...(amr === undefined ? {} : { amr }) })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .sign(privateKey);
      return (await app.inject({ url: MODELS, headers: { authorization: `Bearer ${token}` } })).statusCode;
    };
    expect(await send(undefined)).toBe(401);
    expect(await send('mfa')).toBe(401);
    expect(await send(['pwd'])).toBe(401);
    expect(await send(['pwd', 'mfa'])).toBe(200);
  });

  test('without an identity provider no token opens anything', async () => {
    const { app } = await start();
    const answer = await app.inject({ url: MODELS, headers: { authorization: 'Bearer a.b.c' } });
    expect(answer.statusCode).toBe(401);
  });
});

describe('operations', () => {
  test('liveness answers without a key; readiness names what is away', async () => {
    const away = async () => {
      throw new Error('refused');
    };
    const { app } = await start({ readiness: { database: async () => undefined, queue: away } });
    expect((await app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok', checks: {} });
    const ready = await app.inject({ url: '/readyz' });
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toEqual({ status: 'unavailable', checks: { database: 'ok', queue: 'failed' } });
  });

  test('metrics are labelled by route pattern, not by address', async () => {
    const { app, access } = await start();
    await app.inject({ url: '/v1/reference/codes/E11.9', headers: { 'x-api-key': access.key('coder') } });
    const { body } = await app.inject({ url: '/metrics' });
    expect(body).toContain('route="/v1/reference/codes/:code"');
    expect(body).not.toContain('E11.9');
  });

  test('security headers are on every answer', async () => {
    const { app } = await start();
    const { headers } = await app.inject({ url: '/healthz' });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  test('more requests than the limit are 429 with Retry-After, counted by key', async () => {
    const { app, access } = await start({
      limits: { ...TEST_LIMITS, bodyBytes: 1000, requestsPerMinute: 2 },
    });
    const one = access.key('coder');
    const other = access.key('coder');
    const statuses: number[] = [];
    for (const key of [one, one, one, other]) {
      statuses.push((await app.inject({ url: MODELS, headers: { 'x-api-key': key } })).statusCode);
    }
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  test('the OpenAPI document is served, and so is its explorer', async () => {
    const { app } = await start();
    expect((await app.inject({ url: '/openapi.json' })).json().openapi).toBe('3.1.0');
    expect((await app.inject({ url: '/docs/' })).statusCode).toBe(200);
  });
});

describe('reference', () => {
  async function get(url: string, role: (typeof ROLES)[number] = 'coder') {
    const { app, access } = await start();
    return app.inject({ url, headers: { 'x-api-key': access.key(role) } });
  }

  test('a code says in which HCC it is and why', async () => {
    const answer = await get('/v1/reference/codes/i5022?model=cms-hcc-v28&paymentYear=2026');
    expect(answer.statusCode).toBe(200);
    const body = answer.json();
    expect(body).toMatchObject({ code: 'I50.22', billable: true, date: TODAY });
    expect(body.models).toHaveLength(1);
    expect(body.models[0]).toMatchObject({ status: 'mapped', paymentYear: 2026, dosYear: 2025 });
    expect(body.models[0].hccs.map(({ hcc }: { hcc: string }) => hcc)).toEqual(['226']);
  });

  test('a valid code in no HCC says so', async () => {
    const body = (await get('/v1/reference/codes/Z00.00?model=cms-hcc-v28&paymentYear=2026')).json();
    expect(body.models[0]).toMatchObject({
      status: 'unmapped',
      hccs: [],
      why: 'Z00.00 is valid and in no payment HCC of cms-hcc-v28',
    });
  });

  test('an HCC shows its coefficient by segment and its place in the hierarchy', async () => {
    const body = (await get('/v1/reference/hccs/cms-hcc-v28/37?paymentYear=2026', 'analyst')).json();
    expect(body.droppedBy).toEqual(['35', '36']);
    expect(body.drops).toEqual(['38']);
    expect(body.coefficients).toContainEqual(expect.objectContaining({ segment: 'CNA', value: 0.166 }));
  });

  test('the coder does not see coefficients', async () => {
    const body = (await get('/v1/reference/hccs/cms-hcc-v28/37?paymentYear=2026')).json();
    expect(body.coefficients).toBeUndefined();
    expect(body.hcc).toBe('37');
  });

  test('unknown model, HCC and code are 404; a year without mapping is 422 with the years held', async () => {
    expect((await get('/v1/reference/models/cms-hcc-v99/hccs')).statusCode).toBe(404);
    expect((await get('/v1/reference/hccs/cms-hcc-v28/9999')).statusCode).toBe(404);
    expect((await get('/v1/reference/codes/Q9999')).statusCode).toBe(404);
    const year = await get('/v1/reference/models/cms-hcc-v28/hccs?paymentYear=2050');
    expect(year.statusCode).toBe(422);
    expect(year.json().errors[0]).toMatchObject({ pointer: '/query/paymentYear', code: 'missing_mapping' });
  });

  test('an unknown query parameter is refused with a pointer to it', async () => {
    const answer = await get('/v1/reference/models/cms-hcc-v28/hccs?payment_year=2026');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors).toEqual([
      { pointer: '/query/payment_year', code: 'unknown_field', message: 'there is no such field' },
    ]);
  });
});
