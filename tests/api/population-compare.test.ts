import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

const SIDES = 'yearA=2025&modelA=cms-hcc-v24&yearB=2027&modelB=cms-hcc-v28';

describePostgres('the population under two models', () => {
  const stored = storedApp();
  let analyst = '';
  let limited = '';
  let keys: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    analyst = await stored.key(tenantId, 'analyst');
    limited = await stored.key(tenantId, 'analyst', { contracts: ['H0009'] });
    const unknown = { ...history('M-3'), coverage: [{ ...history().coverage[0], program: 'aca' }] };
    keys = await stored.load(tenantId, [history('M-1'), history('M-2'), unknown]);
  });

  const get = (key: string, url: string, accept = 'application/json') =>
    stored.call(key, { url: `/v1/analytics/${url}`, headers: { accept } });

  test('what moved adds up to the difference of the means; a refused member is counted', async () => {
    const answer = await get(analyst, `compare?${SIDES}`);
    expect(answer.statusCode).toBe(200);
    const { members, meanRaw, reasons, factors, refused, smallSample, provenance } = answer.json();
    expect([members, smallSample]).toEqual([2, true]);
    const sum = (rows: readonly { difference: number }[]) =>
      rows.reduce((total, { difference }) => total + Math.round(difference * 1000), 0);
    expect(sum(reasons)).toBe(Math.round(meanRaw.difference * 2000));
    expect(sum(factors)).toBe(sum(reasons));
    expect(meanRaw.b - meanRaw.a).toBeCloseTo(meanRaw.difference, 9);
    expect(refused).toMatchObject([{ side: 'a', members: 1 }]);
    expect(provenance.a).toContainEqual(expect.stringContaining('payment parameters MA cms-hcc-v24'));
    expect(provenance.b).toContain(
      'cms-hcc-v28 mapping 2027: initial mapping, ends with the FY2026 code set',
    );
  });

  test('member by member the same figures, a page at a time', async () => {
    const first = (await get(analyst, `compare/members?${SIDES}&limit=2`)).json();
    expect(first.items).toHaveLength(2);
    const second = (await get(analyst, `compare/members?${SIDES}&limit=2&cursor=${first.next}`)).json();
    expect(second.next).toBeNull();
    const items = [...first.items, ...second.items];
    expect(items.map(({ memberKey }) => memberKey).sort()).toEqual([...keys.values()].sort());
    const whole = items.filter(({ refused }) => refused === null);
    expect(whole).toHaveLength(2);
    expect(whole[0]).toMatchObject({
      modelA: 'cms-hcc-v24',
      modelB: 'cms-hcc-v28',
      segmentA: 'CNA',
      segmentB: 'CNA',
    });
    const score = await stored.call(analyst, {
      method: 'POST',
      url: '/v1/raf/score',
      payload: {
        model: 'cms-hcc-v28',
        paymentYear: 2027,
        member: { sex: 'F', birthDate: '1948-03-02', originalEntitlement: '0', dualStatus: '00' },
        diagnoses: ['E11.9', 'I63.9', 'F32.A'],
      },
    });
    expect(whole[0].rawB).toBe(score.json().rawScore);
  });

  test('as CSV, and only of the contracts that a key may see', async () => {
    const csv = await get(analyst, `compare?${SIDES}`, 'text/csv');
    expect(csv.body.startsWith('variable,reason,members,difference,mean')).toBe(true);
    const rows = await get(analyst, `compare/members?${SIDES}&limit=1`, 'text/csv');
    expect(rows.body.startsWith('memberKey,contractId,modelA')).toBe(true);
    expect(rows.headers.link).toContain('rel="next"');
    expect((await get(limited, `compare?${SIDES}`)).json()).toMatchObject({ members: 0, refused: [] });
  });
});
