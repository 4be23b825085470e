import { beforeAll, describe, expect, test } from 'vitest';
import { applyRetention, retentionLimit, retentionPolicyOf } from '../../src/analysis/retention.ts';
import { isSubstanceUseCode, withoutSubstanceUse } from '../../src/api/substance-use.ts';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

describe('what speaks of substance use', () => {
  test('is told by code, and by the HCC of its own model', () => {
    expect(['F10.20', 'F1120', 'F16.10', 'F19.259'].every(isSubstanceUseCode)).toBe(true);
    expect(['F17.210', 'F20.9', 'E11.9'].some(isSubstanceUseCode)).toBe(false);
    const answer = {
      model: 'cms-hcc-v28',
      hccs: ['37', '137'],
      factors: [{ variable: 'HCC137' }, { variable: 'HCC37' }],
      diagnoses: ['F10.20', 'E11.9'],
      // In V24 the number means a kidney disease.
      other: { model: 'cms-hcc-v24', hccs: ['137', '55'], gaps: [{ hcc: '137' }, { hcc: '55' }] },
    };
    expect(withoutSubstanceUse(answer)).toEqual({
      model: 'cms-hcc-v28',
      hccs: ['37'],
      factors: [{ variable: 'HCC37' }],
      diagnoses: ['E11.9'],
      other: { model: 'cms-hcc-v24', hccs: ['137'], gaps: [{ hcc: '137' }] },
    });
  });
});

describe('the retention policy', () => {
  test('is never below ten years, whatever was stored', () => {
    expect(retentionPolicyOf({ retainDecisionYears: 3, retainIntakeDays: 30 })).toEqual({
      decisionYears: 10,
      intakeDays: 30,
    });
    expect(retentionPolicyOf(undefined)).toEqual({ decisionYears: 10, intakeDays: 90 });
    expect(retentionLimit('2028-02-29', { decisionYears: 11, intakeDays: 1 })).toBe('2017-02-28');
  });
});

describePostgres('doors that lock', () => {
  const stored = storedApp();
  const keys = { coder: '', lead: '', admin: '', auditor: '', analyst: '', provider: '' };
  let tenantId = '';
  let members: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    for (const role of ['coder', 'lead', 'admin', 'auditor', 'analyst'] as const) {
      keys[role] = await stored.key(tenantId, role);
    }
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    const drinker = history('S-1');
    drinker.encounters = drinker.encounters.map((one) =>
      one.from.startsWith('2025') ? { ...one, diagnoses: [{ code: 'F10.20' }, ...one.diagnoses] } : one,
    );
    const old = history('OLD-1');
    old.coverage = old.coverage.map((period) => ({
      ...period,
      from: '2012-01-01',
      to: '2013-12-31',
    })) as never;
    old.encounters = old.encounters.slice(0, 1).map((one) => ({
      ...one,
      from: '2013-03-04',
      lines: [{ procedure: '99214', modifiers: [], date: '2013-03-04' }],
    }));
    old.appointments = [];
    const held = { ...old, memberId: 'OLD-2' };
    members = await stored.load(tenantId, [drinker, old, held, history('NEW-1')]);
  });

  const get = async (key: string, url: string) => (await stored.call(key, { url })).json();
  const post = (key: string, url: string, payload: object) =>
    stored.call(key, { method: 'POST', url, payload });

  test('substance use records are found by roles with the right, and by nobody else', async () => {
    const memberKey = members.get('S-1') ?? '';
    const list = async (key: string): Promise<string[]> =>
      (await get(key, `/v1/worklists/prospective?member=${memberKey}`)).items.map(
        ({ gapId }: { gapId: string }) => gapId,
      );
    const seen = await get(keys.coder, `/v1/worklists/prospective?member=${memberKey}`);
    const [gap] = seen.items.filter(({ hcc }: { hcc: string }) => hcc === '139' || hcc === '137');
    expect(gap).toBeDefined();
    expect(await list(keys.analyst)).not.toContain(gap.gapId);
    expect(await list(keys.provider)).not.toContain(gap.gapId);
    expect((await stored.call(keys.analyst, { url: `/v1/gaps/${gap.gapId}` })).statusCode).toBe(404);
    expect((await stored.call(keys.coder, { url: `/v1/gaps/${gap.gapId}` })).statusCode).toBe(200);
    for (const part of ['history', 'raf', 'gaps', 'timeline']) {
      const shown = await stored.call(keys.analyst, { url: `/v1/members/${memberKey}/${part}` });
      expect(shown.statusCode).toBe(200);
      expect(shown.body).not.toMatch(/F10\.?20/);
    }
    expect((await stored.call(keys.coder, { url: `/v1/members/${memberKey}/history` })).body).toMatch(
      /F10\.?20/,
    );

    const { version } = await get(keys.admin, '/v1/settings');
    const granted = await stored.call(keys.admin, {
      method: 'PUT',
      url: '/v1/settings',
      headers: { 'if-match': `"${version}"` },
      payload: { settings: { substanceUseRoles: ['analyst', 'lead'] }, reason: 'consent on file' },
    });
    expect(granted.statusCode).toBe(200);
    expect(await list(keys.analyst)).toContain(gap.gapId);
    expect(await list(keys.coder)).not.toContain(gap.gapId);
    const claimed = (
      await post(keys.coder, `/v1/worklists/prospective/claim?member=${memberKey}`, { count: 100 })
    ).json();
    expect(claimed.items.map(({ gapId }: { gapId: string }) => gapId)).not.toContain(gap.gapId);
  });

  test('records past their time go by the clock; a legal hold beats every expiry; the log stays whole', async () => {
    const held = members.get('OLD-2') ?? '';
    const gone = members.get('OLD-1') ?? '';
    const hold = (await post(keys.admin, '/v1/legal-holds', { memberKey: held, reason: 'case 17' })).json();
    const run = () =>
      applyRetention({ db: stored.scratch.db, tenantId, now: new Date('2026-11-24T05:00:00Z') });
    expect(await run()).toMatchObject({ members: 1 });
    expect(await run()).toMatchObject({ members: 0 });
    expect((await stored.call(keys.analyst, { url: `/v1/members/${gone}` })).statusCode).toBe(404);
    expect((await stored.call(keys.analyst, { url: `/v1/members/${held}` })).statusCode).toBe(200);
    expect((await get(keys.auditor, '/v1/erasures')).items).toMatchObject([
      { memberKey: gone, rule: 'expired', erasedBy: 'clock' },
    ]);
    const left = await stored.scratch.admin.query('select 1 from diagnoses where member_id = $1', [gone]);
    expect(left.rowCount).toBe(0);
    const erase = (key: string, memberKey: string, rule: string) =>
      post(key, `/v1/members/${memberKey}/erasure`, { rule, reason: 'test' });
    expect((await erase(keys.admin, held, 'expired')).statusCode).toBe(409);
    expect((await erase(keys.lead, held, 'expired')).statusCode).toBe(403);
    expect(
      (await stored.call(keys.admin, { method: 'POST', url: `/v1/legal-holds/${hold.holdId}/lift` }))
        .statusCode,
    ).toBe(200);
    expect((await erase(keys.admin, held, 'expired')).json()).toMatchObject({ memberKey: held });
    const recent = members.get('NEW-1') ?? '';
    expect((await erase(keys.admin, recent, 'expired')).statusCode).toBe(409);
    expect((await erase(keys.admin, recent, 'not_ours')).statusCode).toBe(200);
    expect(await get(keys.auditor, '/v1/audit/verify')).toMatchObject({ ok: true });
  });

  test('the database itself refuses to erase under a hold', async () => {
    const memberKey = members.get('S-1') ?? '';
    await post(keys.admin, '/v1/legal-holds', { reason: 'everything' });
    const client = await stored.scratch.admin.connect();
    try {
      await client.query('begin');
      await client.query(
        `select set_config('role', 'hccgap_app', true), set_config('app.tenant', $1, true)`,
        [tenantId],
      );
      await expect(client.query('select erase_member($1)', [memberKey])).rejects.toThrow(/legal hold/);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
