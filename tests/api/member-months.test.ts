import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { type TestApp, testApp } from './support/app.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

/** Non-dual to June, full dual from July on; diabetes coded in the year of service. */
function movedMember(memberId: string) {
  const [period] = history().coverage;
  return {
    ...history(memberId),
    coverage: [
      { ...period, from: '2025-01-01', to: '2027-06-30', dualStatus: '00' },
      { ...period, from: '2027-07-01', to: null, dualStatus: '02' },
    ],
  };
}

describe('POST /v1/raf/member-months', () => {
  let made: TestApp;
  beforeAll(async () => {
    made = await testApp();
  });
  afterAll(() => made.app.close());
  const post = (payload: object, role: 'analyst' | 'coder' = 'analyst') =>
    made.app.inject({
      method: 'POST',
      url: '/v1/raf/member-months',
      headers: { 'x-api-key': made.access.key(role) },
      payload,
    });

  test('each month has its segment, and the year is their mean', async () => {
    const answer = await post({ history: movedMember('M-1'), paymentYear: 2027, model: 'cms-hcc-v28' });
    expect(answer.statusCode).toBe(200);
    const year = answer.json();
    const segments = year.months.map(({ segment }: { segment: string }) => segment);
    expect(segments).toEqual([...Array(6).fill('CNA'), ...Array(6).fill('CFA')]);
    expect(year.months[6].changes).toEqual(['dualStatus 00 -> 02']);
    expect(year.memberMonths).toBe(12);
    const [first, second] = year.statuses;
    // 2026 services: diabetes counts in an office visit; a stroke coded there counts too.
    expect(first.score.hccs).toEqual(second.score.hccs);
    const mean = (Math.round(first.score.rawScore * 1000) + Math.round(second.score.rawScore * 1000)) / 2;
    expect(year.rawScore).toBe(Math.round(mean) / 1000);
  });

  test('faults are named with their places; a coder sees no figures', async () => {
    const bad = await post({ history: { memberId: 'M' }, paymentYear: '2027', surprise: 1 });
    expect(bad.statusCode).toBe(400);
    const pointers = bad.json().errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/paymentYear', '/surprise', '/history/birthDate']));
    const hidden = await post({ history: movedMember('M-1'), paymentYear: 2027 }, 'coder');
    expect(hidden.statusCode).toBe(200);
    expect(hidden.body).not.toContain('rawScore');
  });
});

describePostgres('months of a stored member', () => {
  const stored = storedApp();

  test('are those of its history; a year without parameters is refused', async () => {
    const tenantId = await stored.scratch.tenant();
    const analyst = await stored.key(tenantId, 'analyst');
    const keys = await stored.load(tenantId, [movedMember('M-1')]);
    const url = `/v1/members/${keys.get('M-1')}/raf/months`;
    const answer = await stored.call(analyst, { url: `${url}?paymentYear=2027` });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ memberId: 'M-1', memberMonths: 12 });
    expect(answer.json().months.map(({ segment }: { segment: string }) => segment)).toContain('CFA');
    expect((await stored.call(analyst, { url: `${url}?paymentYear=2035` })).statusCode).toBe(422);
    const stranger = await stored.key(await stored.scratch.tenant(), 'analyst');
    expect((await stored.call(stranger, { url })).statusCode).toBe(404);
  });
});
