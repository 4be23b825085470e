import { beforeAll, describe, expect, test } from 'vitest';
import { rateOf } from '../../src/analytics/rates.ts';
import { closureOf, recaptureRates } from '../../src/analytics/recapture.ts';
import { hierarchyGraph } from '../../src/engine/hierarchies.ts';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

describe('rates', () => {
  test('carry their Wilson interval and say when the sample is small', () => {
    expect(rateOf(85, 100)).toEqual({
      numerator: 85,
      denominator: 100,
      rate: 0.85,
      low: 0.7672,
      high: 0.9069,
      smallSample: false,
    });
    expect(rateOf(0, 10)).toMatchObject({ rate: 0, low: 0, high: 0.2775, smallSample: true });
    expect(rateOf(0, 0)).toMatchObject({ rate: null, low: null, high: null });
  });
});

describe('recapture', () => {
  const coefficients: Readonly<Record<string, number>> = {
    '36': 0.2,
    '37': 0.2,
    '38': 0.1,
    '226': 0.3,
    '224': 0.4,
  };
  const facts = {
    hierarchy: hierarchyGraph([
      { hcc: '36', drops: '37' },
      { hcc: '36', drops: '38' },
      { hcc: '37', drops: '38' },
      { hcc: '224', drops: '226' },
    ]),
    classOf: (hcc: string) =>
      hcc === '228'
        ? ('acute' as const)
        : hcc === '224'
          ? ('acute_on_chronic' as const)
          : ('chronic' as const),
    acuteBase: new Map([['224', ['226']]]),
    coefficient: (_segment: string, hcc: string) => coefficients[hcc],
  };
  const pair = (before: string[], now: string[], members = 1) => ({ segment: 'CNA', before, now, members });

  test('higher means dominates; equal and lower compare coefficients', () => {
    expect(closureOf('38', ['38'], 'CNA', facts)).toBe('same');
    expect(closureOf('38', ['36'], 'CNA', facts)).toBe('higher');
    expect(closureOf('36', ['37'], 'CNA', facts)).toBe('equivalent');
    expect(closureOf('36', ['38'], 'CNA', facts)).toBe('lower');
    expect(closureOf('36', ['226'], 'CNA', facts)).toBe('open');
  });

  test('acute HCCs are never asked again, acute-on-chronic ones as their base', () => {
    const rates = recaptureRates([pair(['228', '224'], ['226'], 4), pair(['226'], [], 6)], facts, 2);
    expect(rates.closures).toEqual({ same: 4, higher: 0, equivalent: 0, lower: 0, open: 6 });
    expect(rates.plain).toMatchObject({ numerator: 4, denominator: 10 });
    expect(rates.adjusted).toMatchObject({ numerator: 4, denominator: 8 });
    expect(rates.weighted).toMatchObject({ numerator: 1.2, denominator: 3 });
    expect(rates.excluded).toEqual({ acute: 4, clinicallyClosed: 2 });
  });

  test('strict leaves out what was closed lower', () => {
    const { strict, plain } = recaptureRates([pair(['36'], ['38']), pair(['38'], ['38'])], facts, 0);
    expect([strict.numerator, plain.numerator, plain.denominator]).toEqual([1, 2, 2]);
  });
});

describePostgres('analytics', () => {
  const stored = storedApp();
  let analyst = '';
  let limited = '';
  let stranger = '';
  let coder = '';

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    analyst = await stored.key(tenantId, 'analyst');
    limited = await stored.key(tenantId, 'analyst', { contracts: ['H9999'] });
    coder = await stored.key(tenantId, 'coder');
    stranger = await stored.key(await stored.scratch.tenant(), 'analyst');
    await stored.load(tenantId, [history('M-1'), history('M-2'), history('M-3')]);
  });

  const get = async (key: string, url: string) => {
    const answer = await stored.call(key, { url: `/v1/analytics/${url}` });
    expect([url, answer.statusCode]).toEqual([url, 200]);
    return answer.json();
  };

  test('RAF by contract and segment; another tenant and other contracts see nothing', async () => {
    const byContract = await get(analyst, 'raf?paymentYear=2027&by=contract');
    expect(byContract.items).toHaveLength(1);
    expect(byContract.items[0]).toMatchObject({ group: 'H0001', members: 3 });
    expect(byContract.items[0].p50).toBe(byContract.items[0].meanRaw);
    expect((await get(analyst, 'raf?by=segment')).items[0].group).toBe('CNA');
    expect((await get(stranger, 'raf')).items).toEqual([]);
    expect((await get(limited, 'raf')).items).toEqual([]);
    expect((await get(limited, 'drivers?contract=H0001')).items).toEqual([]);
    expect((await stored.call(coder, { url: '/v1/analytics/raf' })).statusCode).toBe(403);
  });

  test('the trend has a point a month', async () => {
    expect((await get(analyst, 'raf/trend')).items).toMatchObject([{ month: '2026-11', members: 3 }]);
  });

  test('prevalence stands beside the year before', async () => {
    const { items } = await get(analyst, 'prevalence?paymentYear=2027');
    const diabetes = items.find(({ hcc }: { hcc: string }) => hcc === '38');
    expect(diabetes.prevalence).toMatchObject({ numerator: 3, denominator: 3, rate: 1, smallSample: true });
    expect(diabetes.ratio).toBe(1);
    const stroke = items.find(({ hcc }: { hcc: string }) => hcc === '249');
    expect(stroke.before).toMatchObject({ numerator: 0, denominator: 3 });
    expect(stroke.ratio).toBeNull();
  });

  test('drivers and states show adds and deletes by the same measure', async () => {
    const { items } = await get(analyst, 'drivers?paymentYear=2027');
    const directions = new Set(items.map(({ direction }: { direction: string }) => direction));
    expect(directions.has('add') && directions.has('delete')).toBe(true);
    const sizes = items.map(({ standalone }: { standalone: number }) => Math.abs(standalone));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    const both = await get(analyst, 'adds-and-deletes?paymentYear=2027');
    expect(both).toMatchObject({ submissions: [], deletesPerAdd: null, oneSided: false });
    expect(both.items.some(({ direction }: { direction: string }) => direction === 'delete')).toBe(true);
  });

  test('recapture counts pairs of last year: diabetes is closed, heart failure is open', async () => {
    const { items } = await get(analyst, 'recapture?paymentYear=2027');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      model: 'cms-hcc-v28',
      plain: { numerator: 3, denominator: 6, rate: 0.5 },
      closures: { same: 3, higher: 0, equivalent: 0, lower: 0, open: 3 },
    });
  });

  test('reports come as CSV by Accept', async () => {
    for (const [url, first] of [
      ['raf?by=contract', 'group,members,paid'],
      ['raf/trend', 'group,month,members'],
      ['prevalence', 'model,hcc,label'],
      ['drivers', 'model,hcc,label,direction'],
      ['adds-and-deletes', 'direction,workflowStatus'],
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
