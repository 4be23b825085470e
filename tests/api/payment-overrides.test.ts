import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

const OVERRIDE = {
  paymentYear: 2027,
  model: 'cms-hcc-v28',
  group: 'aged_disabled',
  parameter: 'normalization',
  value: 1.05,
};
const REQUEST = {
  id: 'base',
  model: 'cms-hcc-v28',
  paymentYear: 2027,
  member: { sex: 'F', age: 77, originalEntitlement: '0', dualStatus: '00' },
  diagnoses: ['E11.9', 'I50.32'],
};
const SAID =
  'normalization factor 1.050 in place of 1.079: overridden by key:analyst-of-figures on 2026-11-23: trial of the actuary';

describePostgres('overrides of payment parameters', () => {
  const stored = storedApp();
  let admin = '';
  let analyst = '';
  let stranger = '';
  let tenantId = '';

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    admin = await stored.key(tenantId, 'admin');
    analyst = await stored.key(tenantId, 'analyst');
    stranger = await stored.key(await stored.scratch.tenant(), 'analyst');
  });

  const put = (version: number, paymentOverrides: readonly object[], reason = 'trial of the actuary') =>
    stored.call(admin, {
      method: 'PUT',
      url: '/v1/settings',
      headers: { 'if-match': `"${version}"` },
      payload: { settings: { paymentOverrides }, reason },
    });
  const score = async (key: string, body: object = REQUEST) =>
    (await stored.call(key, { method: 'POST', url: '/v1/raf/score', payload: body })).json();

  test('one that is about no parameter is refused with its place', async () => {
    const answer = await put(0, [OVERRIDE, { ...OVERRIDE, paymentYear: 2019 }]);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toMatchObject([
      { pointer: '/settings/paymentOverrides/1', code: 'unknown_parameter' },
    ]);
    expect((await put(0, [{ ...OVERRIDE, value: 1.0501 }])).statusCode).toBe(400);
    expect((await put(0, [{ ...OVERRIDE, value: 0 }])).statusCode).toBe(400);
  });

  test('counts for its tenant alone, and the answer says who, when and why', async () => {
    const row = (await put(0, [OVERRIDE])).json();
    const [inForce] = row.settings.paymentOverrides;
    expect(inForce).toMatchObject({ value: 1.05, why: 'trial of the actuary', on: '2026-11-23' });
    const said = SAID.replace('key:analyst-of-figures', inForce.by);
    const mine = await score(analyst);
    expect(mine.payment).toMatchObject({ normalization: 1.05, score: 0.988 });
    expect(mine.provenance.some((mark: string) => mark.endsWith(said))).toBe(true);
    const theirs = await score(stranger);
    expect(theirs.payment).toMatchObject({ normalization: 1.079, score: 0.962 });
    expect(theirs.provenance.join()).not.toContain('overridden');
    const lines = await stored.call(analyst, {
      method: 'POST',
      url: '/v1/raf/score',
      headers: { 'content-type': 'application/x-ndjson' },
      payload: `${JSON.stringify(REQUEST)}\n${JSON.stringify(REQUEST)}\n`,
    });
    for (const line of lines.body.trim().split('\n')) expect(JSON.parse(line)).toEqual(mine);
    const blend = await stored.call(analyst, {
      method: 'POST',
      url: '/v1/raf/blend',
      payload: { paymentYear: 2027, raw: { 'cms-hcc-v28': 1.103 } },
    });
    expect(blend.json().score).toBe(0.988);
    expect(blend.json().parts[0].status).toContain(said);
  });

  test('an unchanged one keeps who set it when the settings change again', async () => {
    const again = (
      await put(1, [OVERRIDE, { ...OVERRIDE, parameter: 'codingAdjustment', value: 0.06 }], 'more')
    ).json();
    expect(again.settings.paymentOverrides).toMatchObject([
      { parameter: 'normalization', why: 'trial of the actuary' },
      { parameter: 'codingAdjustment', why: 'more' },
    ]);
    expect((await score(analyst)).payment.score).toBe(0.987);
  });

  test('stored analyses are paid by it', async () => {
    const keys = await stored.load(tenantId, [history('M-1')]);
    expect(keys.size).toBe(1);
    const raf = (await stored.call(analyst, { url: `/v1/members/${keys.get('M-1')}/raf` })).json();
    expect(JSON.stringify(raf)).toContain('in place of 1.079: overridden by');
  });

  test('an explanation ends in the figures that the list shows', async () => {
    const keys = await stored.load(tenantId, [history('M-2')]);
    const { items } = (
      await stored.call(analyst, { url: `/v1/worklists/prospective?member=${keys.get('M-2')}&hcc=226` })
    ).json();
    const [gap] = items;
    const told = (await stored.call(analyst, { url: `/v1/gaps/${gap.gapId}/explanation` })).json();
    expect(told.scoreChain.difference.payment).toBe(gap.impact.payment);
    expect(told.scoreChain.provenance.join()).toContain('in place of 1.079: overridden by');
  });
});
