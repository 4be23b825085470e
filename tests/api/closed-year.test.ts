import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { TODAY } from './support/app.ts';
import { ADD_SUPPORTED, history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

const FINAL = { paymentYear: 2027, run: 'final', deadline: '2028-01-10' };

describePostgres('a payment year takes adds until its final deadline, by the calendar of the tenant', () => {
  const clock = { at: new Date(`${TODAY}T12:00:00Z`) };
  const stored = storedApp({ now: () => clock.at });
  const { get, post } = stored;
  const keys = { lead: '', approver: '', admin: '', analyst: '' };
  let gaps: readonly { readonly gapId: string; readonly version: number; readonly memberKey: string }[] = [];

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    for (const name of ['lead', 'approver', 'admin', 'analyst'] as const) {
      keys[name] = await stored.key(tenantId, name === 'approver' ? 'lead' : name);
    }
    await stored.load(
      tenantId,
      ['Y-1', 'Y-2'].map((memberId) => ({
        ...history(memberId),
        encounters: history().encounters.map((one) => ({ ...one, icn: `ICN${memberId}${one.encounterId}` })),
      })),
    );
    gaps = (await get(keys.lead, '/v1/worklists/prospective?kind=recapture')).items;
  });

  const setFinal = async (calendarOverrides: readonly object[]) => {
    const { version } = await get(keys.admin, '/v1/settings');
    const answer = await stored.call(keys.admin, {
      method: 'PUT',
      url: '/v1/settings',
      headers: { 'if-match': `"${version}"` },
      payload: { settings: { calendarOverrides }, reason: 'a memo moved it' },
    });
    expect(answer.statusCode).toBe(200);
  };
  const add = (place: number) => {
    const gap = gaps[place];
    if (!gap) throw new Error('heart failure of last year is a recapture gap');
    return post(keys.lead, `/v1/gaps/${gap.gapId}/transitions`, ADD_SUPPORTED, gap.version);
  };

  test('an add decided before the deadline and released after it is held', async () => {
    clock.at = new Date('2028-01-20T12:00:00Z');
    expect((await add(0)).statusCode).toBe(200);
    const { submitted } = (
      await post(keys.lead, '/v1/reviews/lookup', { memberKey: gaps[0]?.memberKey, encounterId: 'E3' })
    ).json();
    const marks = submitted.map(({ model, hcc }: { model: string; hcc: string }) => ({
      model,
      hcc,
      mark: 'supported',
    }));
    await post(keys.lead, '/v1/reviews', { memberKey: gaps[0]?.memberKey, encounterId: 'E3', marks });
    const [pending] = (await get(keys.lead, '/v1/submissions?status=pending')).items;
    const { submissionId, version } = pending;
    expect(
      (await post(keys.approver, `/v1/submissions/${submissionId}/approve`, undefined, version)).statusCode,
    ).toBe(200);
    await setFinal([FINAL]);
    const held = (await post(keys.approver, '/v1/submissions/release', {})).json();
    expect(held).toMatchObject({ releaseId: null, held: [{ submissionId, reason: 'year_closed' }] });
  });

  test('an add after the deadline is refused with the year, its deadline and what it still takes', async () => {
    const refused = await add(1);
    expect(refused.statusCode).toBe(422);
    expect(refused.json().detail).toBe(
      'payment year 2027 took adds until 2028-01-10; what was submitted wrongly can still be deleted',
    );
  });

  test('an analysis of a history sent along goes by the same calendar', async () => {
    const url = '/v1/analyses?paymentYear=2027&asOf=2028-01-20';
    const answer = async () => (await post(keys.analyst, url, history('Y-3'))).json();
    expect((await answer()).yearState).toBe('delete_only');
    await setFinal([]);
    expect((await answer()).yearState).toBe('retrospective_open');
  });

  test('with the calendar as loaded the year is open, and what was held leaves', async () => {
    expect((await add(1)).statusCode).toBe(200);
    const released = (await post(keys.approver, '/v1/submissions/release', { action: 'add' })).json();
    expect(released.controlTotals).toMatchObject({ records: 1, adds: 1 });
    expect(released.held).toEqual([]);
  });
});
