import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

/** A member of another contract, a man, without the diabetes of this year. */
function other(memberId: string) {
  const whole = history(memberId);
  return {
    ...whole,
    sex: 'M',
    coverage: whole.coverage.map((period) => ({ ...period, contractId: 'H0002', planId: '007' })),
    encounters: whole.encounters.slice(0, 2),
  };
}

describePostgres("the plan analyst's reports", () => {
  const stored = storedApp();
  let analyst = '';
  let limited = '';

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    analyst = await stored.key(tenantId, 'analyst');
    limited = await stored.key(tenantId, 'analyst', { contracts: ['H0002'] });
    await stored.load(tenantId, [history('M-1'), history('M-2'), other('M-3')]);
  });

  const get = async (key: string, url: string) => {
    const answer = await stored.call(key, { url: `/v1/analytics/${url}` });
    expect([url, answer.statusCode]).toEqual([url, 200]);
    return answer.json();
  };

  test('RAF by plan, with demographic and disease parts that add up', async () => {
    const { items } = await get(analyst, 'raf?paymentYear=2027&by=plan');
    expect(items.map(({ group, members }: { group: string; members: number }) => [group, members])).toEqual([
      ['H0001-001', 2],
      ['H0002-007', 1],
    ]);
    for (const row of items) {
      const sum = row.demographic + row.hcc + row.interaction + row.count + row.other;
      expect(sum).toBeCloseTo(row.meanRaw, 9);
      expect(row.smallSample).toBe(true);
      expect(row.paid).toBe(row.members);
    }
    expect(items[0].hcc).toBeGreaterThan(0);
    expect(items[1].hcc).toBe(0);
  });

  test('the trend by contract has the parts of each month; a limited key sees its own', async () => {
    const { items, cohort } = await get(analyst, 'raf/trend?paymentYear=2027&by=contract&cohort=same');
    expect(cohort).toBe('same');
    expect(items).toMatchObject([
      { group: 'H0001', month: '2026-11', members: 2 },
      { group: 'H0002', month: '2026-11', members: 1, hcc: 0 },
    ]);
    const [first] = items;
    const sum = first.demographic + first.hcc + first.interaction + first.count + first.other;
    expect(sum).toBeCloseTo(first.meanRaw, 9);
    const mine = await get(limited, 'raf/trend?paymentYear=2027&by=contract');
    expect(mine.items.map(({ group }: { group: string }) => group)).toEqual(['H0002']);
  });

  test('prevalence stands beside what the year before would give', async () => {
    const { items } = await get(analyst, 'prevalence/expected?paymentYear=2027');
    const diabetes = items.find(({ hcc }: { hcc: string }) => hcc === '38');
    expect(diabetes).toMatchObject({
      model: 'cms-hcc-v28',
      numerator: 2,
      denominator: 3,
      smallSample: true,
      flag: null,
    });
    expect(diabetes.expected).toBe(3);
    expect(diabetes.ratio).toBe(0.667);
    expect(diabetes.label).not.toBe('');
  });

  test('peers are the other contracts, and need one to be compared', async () => {
    const url = '/v1/analytics/prevalence/expected?paymentYear=2027&reference=peers';
    expect((await stored.call(analyst, { url })).statusCode).toBe(422);
    const { items } = await get(
      analyst,
      'prevalence/expected?paymentYear=2027&reference=peers&contract=H0001',
    );
    // The only peer is a man: no stratum in common.
    expect(items).toEqual([]);
  });

  test('each comes as CSV', async () => {
    for (const [url, first] of [
      ['raf?by=plan', 'group,members,paid,smallSample,meanRaw,meanPayment,demographic,hcc'],
      ['raf/trend?by=segment', 'group,month,members'],
      ['prevalence/expected', 'model,hcc,label,numerator,denominator'],
    ] as const) {
      const answer = await stored.call(analyst, {
        url: `/v1/analytics/${url}`,
        headers: { accept: 'text/csv' },
      });
      expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
      expect(answer.body.startsWith(first)).toBe(true);
    }
  });
});
