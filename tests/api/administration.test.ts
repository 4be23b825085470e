import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { storedApp } from './support/stored.ts';

describePostgres('keys and settings', () => {
  const stored = storedApp();
  let tenantId = '';
  let admin = '';
  let stranger = '';

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant('Invented Plan');
    admin = await stored.key(tenantId, 'admin');
    stranger = await stored.key(await stored.scratch.tenant(), 'admin');
  });

  const create = (payload: object, headers: Record<string, string> = {}) =>
    stored.call(admin, { method: 'POST', url: '/v1/keys', headers, payload });
  const works = async (key: string) =>
    (await stored.call(key, { url: '/v1/reference/models' })).statusCode === 200;

  test('a key is shown once and only its hash is kept', async () => {
    const answer = await create({ name: 'coder of the day', role: 'coder' });
    expect(answer.statusCode).toBe(201);
    const { key, keyId, expiresAt } = answer.json();
    expect(key).toMatch(/^hccgap_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(expiresAt).toBe('2027-02-21T12:00:00.000Z');
    expect(await works(key)).toBe(true);
    const list = await stored.call(admin, { url: '/v1/keys' });
    expect(list.body).toContain(keyId);
    const secret = key.split('_').slice(2).join('_');
    expect(list.body).not.toContain(secret);
    const { rows } = await stored.scratch.admin.query('select * from api_keys where id = $1', [keyId]);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test('a repeat with the same Idempotency-Key makes no second key and does not show the first again', async () => {
    const body = { name: 'once', role: 'auditor' };
    const first = await create(body, { 'idempotency-key': 'key-once' });
    const again = await create(body, { 'idempotency-key': 'key-once' });
    expect(again.json()).toEqual({ ...first.json(), key: null });
    const { rows } = await stored.scratch.admin.query('select body from idempotency_keys');
    expect(JSON.stringify(rows)).not.toContain(first.json().key);
  });

  test('a revoked key ends at once, a rotated one is replaced with the same limits', async () => {
    const made = (await create({ name: 'p', role: 'provider', npi: '1234567893', contracts: ['H1'] })).json();
    const rotated = await stored.call(admin, { method: 'POST', url: `/v1/keys/${made.keyId}/rotate` });
    expect(rotated.statusCode).toBe(201);
    expect(rotated.json()).toMatchObject({ role: 'provider', npi: '1234567893', contracts: ['H1'] });
    const url = '/v1/worklists/prospective';
    expect((await stored.call(made.key, { url })).statusCode).toBe(401);
    expect((await stored.call(rotated.json().key, { url })).statusCode).toBe(200);
    const twice = await stored.call(admin, { method: 'POST', url: `/v1/keys/${made.keyId}/rotate` });
    expect(twice.statusCode).toBe(409);
    const revoked = await stored.call(admin, {
      method: 'POST',
      url: `/v1/keys/${rotated.json().keyId}/revoke`,
    });
    expect(revoked.json().revokedAt).toBe('2026-11-23T12:00:00.000Z');
    expect((await stored.call(rotated.json().key, { url })).statusCode).toBe(401);
  });

  test('a provider key names an NPI; other tenants cannot touch the key', async () => {
    const bad = await create({ name: 'p', role: 'provider' });
    expect(bad.statusCode).toBe(400);
    expect(bad.json().errors[0].pointer).toBe('/npi');
    const { keyId, key } = (await create({ name: 'mine', role: 'coder' })).json();
    for (const action of ['revoke', 'rotate']) {
      const answer = await stored.call(stranger, { method: 'POST', url: `/v1/keys/${keyId}/${action}` });
      expect(answer.statusCode).toBe(404);
    }
    expect(await works(key)).toBe(true);
  });

  test('settings change by version, with who, when and why', async () => {
    const put = (version: number, settings: object) =>
      stored.call(admin, {
        method: 'PUT',
        url: '/v1/settings',
        headers: { 'if-match': `"${version}"` },
        payload: { settings, reason: 'agreed with compliance' },
      });
    const before = (await stored.call(admin, { url: '/v1/settings' })).json();
    expect(before).toMatchObject({ version: 0, settings: { coderSeesRaf: false, claimHours: 8 } });
    expect((await put(0, { coderSeesRaf: true })).json()).toMatchObject({ version: 1 });
    expect((await put(0, { claimHours: 4 })).statusCode).toBe(409);
    expect((await put(1, { claimHours: 4 })).json().settings).toMatchObject({
      coderSeesRaf: true,
      claimHours: 4,
    });
    expect((await put(2, { surprise: 1 })).statusCode).toBe(400);
    const after = (await stored.call(admin, { url: '/v1/settings' })).json();
    expect(after.history.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    const coder = await stored.key(tenantId, 'coder');
    const score = await stored.call(coder, {
      method: 'POST',
      url: '/v1/raf/score',
      payload: { model: 'cms-hcc-v28', paymentYear: 2026, member: { sex: 'F', age: 70 }, diagnoses: [] },
    });
    expect(score.json().rawScore).toBeGreaterThan(0);
  });

  test('the tenant is named; readiness checks the database', async () => {
    expect((await stored.call(admin, { url: '/v1/tenants/current' })).json()).toMatchObject({
      name: 'Invented Plan',
    });
    const ready = await stored.app().inject({ url: '/readyz' });
    expect(ready.json()).toEqual({ status: 'ok', checks: { database: 'ok' } });
  });
});
