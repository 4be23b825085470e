import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TEST_LIMITS, type TestApp, testApp } from './support/app.ts';

let made: TestApp;
beforeAll(async () => {
  made = await testApp();
});
afterAll(() => made.app.close());

const WOMAN = { sex: 'F', age: 77, originalEntitlement: '0', dualStatus: '00' };
/** Worked example of the arithmetic: V28, payment year 2027, community, non-dual, aged. */
const BASE = {
  id: 'base',
  model: 'cms-hcc-v28',
  paymentYear: 2027,
  member: WOMAN,
  diagnoses: ['E11.9', 'I50.32'],
};

function post(url: string, body: unknown, headers: Record<string, string> = {}, role = 'analyst' as const) {
  return made.app.inject({
    method: 'POST',
    url,
    headers: { 'x-api-key': made.access.key(role), 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('POST /v1/raf/score', () => {
  test('a score lists every factor, and they sum to it', async () => {
    const answer = await post('/v1/raf/score', BASE);
    expect(answer.statusCode).toBe(200);
    const score = answer.json();
    expect(score).toMatchObject({ id: 'base', segment: 'CNA', rawScore: 1.103, hccs: ['38', '226'] });
    expect(score.payment).toMatchObject({ normalization: 1.079, codingAdjustment: 0.059, score: 0.962 });
    const sum = score.factors.reduce(
      (total: number, { value }: { value: number }) => total + value * 1000,
      0,
    );
    expect(Math.round(sum)).toBe(1103);
  });

  test('a list answers in order, a bad item in its place', async () => {
    const answer = await post('/v1/raf/score', [
      BASE,
      { ...BASE, id: 'bad', member: {} },
      { ...BASE, id: 'c' },
    ]);
    const [first, second, third] = answer.json();
    expect(answer.statusCode).toBe(200);
    expect([first.id, first.rawScore, third.id, third.rawScore]).toEqual(['base', 1.103, 'c', 1.103]);
    expect(second).toMatchObject({ id: 'bad', line: 2, error: { code: 'validation' } });
    expect(second.error.errors.map(({ pointer }: { pointer: string }) => pointer)).toContain('/member/sex');
  });

  test('NDJSON is answered as NDJSON, line by line, bad lines in place', async () => {
    const lines = [
      JSON.stringify(BASE),
      '{not json',
      '',
      JSON.stringify({ ...BASE, id: 'd', model: 'none' }),
    ];
    const answer = await post('/v1/raf/score', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const answers = answer.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers).toHaveLength(3);
    expect(answers[0].rawScore).toBe(1.103);
    expect(answers[1]).toEqual({
      id: null,
      line: 2,
      error: { code: 'malformed-body', message: 'the line is not JSON: unexpected text at character 2' },
    });
    expect(answers[2]).toMatchObject({ id: 'd', line: 4, error: { code: 'validation' } });
  });

  test('a stream gives the very answers of a list', async () => {
    const requests = [
      BASE,
      { ...BASE, id: 'none', model: null },
      { ...BASE, id: 'rx', model: 'rxhcc-v08', paymentYear: 2026 },
    ];
    const list = (await post('/v1/raf/score', requests)).json();
    const stream = await post('/v1/raf/score', requests.map((one) => JSON.stringify(one)).join('\n'), {
      'content-type': 'application/x-ndjson',
    });
    expect(
      stream.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(list);
  });

  test('a single bad object is a problem with pointers; an unknown field is refused', async () => {
    const answer = await post('/v1/raf/score', { ...BASE, surprise: 1 });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json().errors).toEqual([
      { pointer: '/surprise', code: 'unknown_field', message: 'this field is not known' },
    ]);
  });

  test('a payment year without parameters is 422, never a guess', async () => {
    const answer = await post('/v1/raf/score', { ...BASE, paymentYear: 2028 });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0]).toMatchObject({ pointer: '/paymentYear', code: 'missing_mapping' });
  });

  test('text that is not JSON is 400, another content type 415, a body over the limit 413', async () => {
    expect((await post('/v1/raf/score', '{')).json().type).toBe('/problems/malformed-body');
    expect((await post('/v1/raf/score', 'x', { 'content-type': 'text/plain' })).statusCode).toBe(415);
    const small = await testApp({
      limits: { ...TEST_LIMITS, bodyBytes: 100, requestsPerMinute: 100 },
    });
    const large = await small.app.inject({
      method: 'POST',
      url: '/v1/raf/score',
      headers: { 'x-api-key': small.access.key('analyst') },
      payload: BASE,
    });
    expect(large.statusCode).toBe(413);
    expect(large.json().type).toBe('/problems/payload-too-large');
    await small.app.close();
  });

  test('a coder sees HCCs without weights until the tenant lets coders see RAF', async () => {
    const send = () =>
      made.app.inject({
        method: 'POST',
        url: '/v1/raf/score',
        headers: { 'x-api-key': made.access.key('coder') },
        payload: [BASE],
      });
    made.access.coderSeesRaf = false;
    const [hidden] = (await send()).json();
    expect(hidden.hccs).toEqual(['38', '226']);
    expect(Object.keys(hidden)).not.toContain('rawScore');
    expect(JSON.stringify(hidden)).not.toContain('1.103');
    made.access.coderSeesRaf = true;
    expect((await send()).json()[0].rawScore).toBe(1.103);
    made.access.coderSeesRaf = false;
  });
});

describe('POST /v1/raf/impact', () => {
  test('gaps are valued by rescoring', async () => {
    const answer = await post('/v1/raf/impact', {
      ...BASE,
      candidates: [
        { id: 'G1', diagnoses: ['E11.22'] },
        { id: 'G2', diagnoses: ['J44.9'] },
        { id: 'G3', diagnoses: ['N18.31'] },
        { id: 'G4', diagnoses: ['I48.20'] },
      ],
    });
    expect(answer.statusCode).toBe(200);
    const impact = answer.json();
    expect(impact).toMatchObject({
      baseline: { raw: 1.103, payment: 0.962 },
      joint: { raw: 1.126, payment: 0.982 },
      method: 'exact',
      dollars: null,
    });
    expect(impact.provenance).toContain(
      'cms-hcc-v28 mapping 2027: initial mapping, ends with the FY2026 code set',
    );
    expect(
      impact.gaps.map(({ standalone }: { standalone: { payment: number } }) => standalone.payment),
    ).toEqual([0, 0.346, 0.264, 0.328]);
  });
});

describe('POST /v1/raf/blend', () => {
  test('the worked example of 2025: weighted, added and rounded once', async () => {
    const answer = await post('/v1/raf/blend', {
      paymentYear: 2025,
      raw: { 'cms-hcc-v28': 2.229, 'cms-hcc-v24': 2.315 },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().score).toBe(1.968);
  });

  test('a model in force without a raw score is refused', async () => {
    const answer = await post('/v1/raf/blend', { paymentYear: 2025, raw: { 'cms-hcc-v28': 2.229 } });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe('/raw/cms-hcc-v24');
  });
});
