import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../src/api/roles.ts';
import { type TestApp, testApp } from './support/app.ts';
import { history, MARKED_MEMBER, MARKED_NOTE } from './support/histories.ts';

let made: TestApp;
beforeAll(async () => {
  made = await testApp();
});
afterAll(() => made.app.close());

function analyze(body: unknown, options: { role?: Role; query?: string; type?: string } = {}) {
  const {
    role = 'analyst',
    query = '?paymentYear=2027&asOf=2026-11-23',
    type = 'application/json',
  } = options;
  return made.app.inject({
    method: 'POST',
    url: `/v1/analyses${query}`,
    headers: { 'x-api-key': made.access.key(role), 'content-type': type },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Every key of a JSON value, at any depth. */
function keysOf(value: unknown): Set<string> {
  const keys = new Set<string>();
  const walk = (inner: unknown): void => {
    if (Array.isArray(inner)) for (const item of inner) walk(item);
    else if (typeof inner === 'object' && inner !== null) {
      for (const [key, item] of Object.entries(inner)) {
        keys.add(key);
        walk(item);
      }
    }
  };
  walk(value);
  return keys;
}

describe('POST /v1/analyses', () => {
  test('finds adds and deletes of a history, each with its evidence', async () => {
    const answer = await analyze(history());
    expect(answer.statusCode).toBe(200);
    const body = answer.json();
    expect(body).toMatchObject({
      memberId: MARKED_MEMBER,
      paymentYear: 2027,
      dosYear: 2026,
      yearState: 'prospective_open',
      clinicalReview: 'reviewed_by_software_author_not_certified',
    });
    const recapture = body.gaps.find(({ kind }: { kind: string }) => kind === 'recapture');
    expect(recapture).toMatchObject({
      hcc: '226',
      list: 'prospective',
      direction: 'add',
      confidence: 'high',
    });
    expect(recapture.impact.standalone).toBeGreaterThan(0);
    const stroke = body.gaps.find(({ kind }: { kind: string }) => kind === 'over_coding');
    expect(stroke).toMatchObject({ hcc: '249', direction: 'delete', list: 'retrospective' });
  });

  test('kinds narrow the gaps of the answer and nothing else', async () => {
    const all = (await analyze(history())).json();
    const some = (
      await analyze(history(), { query: '?paymentYear=2027&asOf=2026-11-23&kinds=recapture' })
    ).json();
    expect(some.gaps.map(({ kind }: { kind: string }) => kind)).toEqual(['recapture']);
    expect(some.raf).toEqual(all.raf);
    expect(some.encounters).toEqual(all.encounters);
  });

  test('asOf defaults to today, the payment year to the one that services of today feed', async () => {
    expect((await analyze(history(), { query: '' })).json()).toMatchObject({
      asOf: '2026-11-23',
      paymentYear: 2027,
    });
  });

  test.each(['?kinds=everything', '?lookbackYears=9', '?asOf=2026-02-30', '?surprise=1'])(
    '%s is 400',
    async (query) => {
      const answer = await analyze(history(), { query });
      expect(answer.statusCode).toBe(400);
      expect(answer.json().errors[0].pointer).toMatch(/^\/query\//);
    },
  );

  test('an unknown field is refused with a pointer to it, at any depth', async () => {
    const [first, ...rest] = history().encounters;
    const answer = await analyze({ ...history(), encounters: [{ ...first, mood: 'good' }, ...rest] });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors).toEqual([
      { pointer: '/encounters/0/mood', code: 'unknown_field', message: 'this field is not known' },
    ]);
  });

  test('NDJSON: answers in the order of the lines, a bad one in its place', async () => {
    const lines = [JSON.stringify(history('M-1')), '{"memberId":1}', JSON.stringify(history('M-3'))].join(
      '\n',
    );
    const answer = await analyze(lines, { type: 'application/x-ndjson' });
    const answers = answer.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map(({ memberId, line }) => memberId ?? line)).toEqual(['M-1', 2, 'M-3']);
    expect(answers[1].error.code).toBe('validation');
  });
});

describe('the provider', () => {
  const HIDDEN = [
    'candidateCodes',
    'siblings',
    'confidence',
    'hcc',
    'hccLabel',
    'hccs',
    'raf',
    'impact',
    'rawScore',
    'payment',
    'explanation',
    'model',
    'weight',
    'reasons',
    'flags',
  ];

  test('never sees codes offered, tiers, HCC numbers, RAF or money', async () => {
    for (const [body, type] of [
      [history(), 'application/json'],
      [[history()], 'application/json'],
      [JSON.stringify(history()), 'application/x-ndjson'],
    ] as const) {
      const answer = await analyze(body, { role: 'provider', type });
      expect(answer.statusCode).toBe(200);
      const keys = keysOf(JSON.parse(answer.body));
      expect(HIDDEN.filter((key) => keys.has(key))).toEqual([]);
      expect(keys.has('evidence')).toBe(true);
      expect(answer.body).not.toMatch(/HCC|RAF|dollar|\$/i);
    }
  });

  test('may not score, and may not read reference weights', async () => {
    for (const [method, url] of [
      ['POST', '/v1/raf/score'],
      ['POST', '/v1/raf/impact'],
      ['GET', '/v1/reference/hccs/cms-hcc-v28/37'],
    ] as const) {
      const answer = await made.app.inject({
        method,
        url,
        headers: { 'x-api-key': made.access.key('provider') },
      });
      expect(answer.statusCode).toBe(403);
    }
  });
});

describe('what is written down', () => {
  test('an analysis is in the audit log, with who, what, when, from where and why', async () => {
    made.access.events.length = 0;
    await made.app.inject({
      method: 'POST',
      url: '/v1/analyses',
      headers: { 'x-api-key': made.access.key('coder'), 'x-purpose': 'pre-visit review' },
      payload: [history('M-1'), history('M-2')],
    });
    expect(made.access.events).toEqual([
      expect.objectContaining({
        action: 'analyze',
        role: 'coder',
        outcome: 'ok',
        purpose: 'pre-visit review',
        rows: 2,
        address: '127.0.0.1',
      }),
    ]);
  });

  test('no log line holds a value of a person, whatever fails', async () => {
    made.log.length = 0;
    const marked = { ...history(), conditions: [{ code: 'I50.22', source: 'note', note: MARKED_NOTE }] };
    await analyze(history());
    await analyze(marked);
    await analyze(`${JSON.stringify(history())}\n{"memberId":"${MARKED_MEMBER}`, {
      type: 'application/x-ndjson',
    });
    await analyze(`{"memberId":"${MARKED_MEMBER}"`);
    await made.app.inject({
      url: `/v1/members/${MARKED_MEMBER}`,
      headers: { 'x-api-key': made.access.key('coder') },
    });
    await made.app.inject({ url: `/v1/nothing/${MARKED_MEMBER}?q=${MARKED_NOTE}` });
    expect(made.log.length).toBeGreaterThanOrEqual(6);
    const text = made.log.join('');
    for (const value of [MARKED_MEMBER, MARKED_NOTE, '1948-03-02', 'I50']) expect(text).not.toContain(value);
  });

  test('a problem does not repeat a member id', async () => {
    const answer = await analyze({ ...history(), memberId: `${MARKED_MEMBER}\u0001` });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toContain(MARKED_MEMBER);
  });
});
