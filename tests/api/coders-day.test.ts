import { beforeAll, expect, test } from 'vitest';
import { drawDecision, drawOf } from '../../src/worklists/second-review.ts';
import { describePostgres } from '../integration/services.ts';
import { ADD_SUPPORTED, history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

test('the draw of second reviews is repeatable, follows its rate and puts new and named coders first', () => {
  const policy = { coders: ['named'], newDecisions: 2, rate: 0.25, seed: 'spring' };
  const decide = (coder: string, before: number, gapId = 'g') =>
    drawDecision(policy, { coder, gapId, gapVersion: 3, before });
  expect(decide('named', 99)).toBe('named');
  expect(decide('someone', 1)).toBe('new_coder');
  const drawn = Array.from({ length: 4000 }, (_, index) => decide('someone', 2, `gap-${index}`));
  expect(drawn).toEqual(Array.from({ length: 4000 }, (_, index) => decide('someone', 2, `gap-${index}`)));
  expect(new Set(drawn)).toEqual(new Set(['sample', null]));
  const share = drawn.filter((one) => one === 'sample').length / drawn.length;
  expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
  expect(drawOf('spring', 'g', 1)).not.toBe(drawOf('autumn', 'g', 1));
});

describePostgres("the coder's day", () => {
  const stored = storedApp();
  const { get, post } = stored;
  const keys = { coder: '', newer: '', lead: '', third: '', admin: '' };
  let tenantId = '';

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    keys.coder = await stored.key(tenantId, 'coder');
    keys.newer = await stored.key(tenantId, 'coder');
    keys.lead = await stored.key(tenantId, 'lead');
    keys.third = await stored.key(tenantId, 'lead');
    keys.admin = await stored.key(tenantId, 'admin');
    await stored.load(
      tenantId,
      Array.from({ length: 6 }, (_, index) => ({
        ...history(`D-${index}`),
        encounters: history().encounters.map((encounter) => ({
          ...encounter,
          icn: `ICN-${index}-${encounter.encounterId}`,
        })),
      })),
    );
  });

  const claim = async (key: string) =>
    (await post(key, '/v1/worklists/prospective/claim?kind=recapture', { count: 1 })).json().items[0];
  const dismiss = (key: string, gap: { gapId: string; version: number }) =>
    post(
      key,
      `/v1/gaps/${gap.gapId}/transitions`,
      { to: 'dismissed', reason: 'reject_not_documented' },
      gap.version,
    );
  const add = (key: string, gap: { gapId: string; version: number }) =>
    post(key, `/v1/gaps/${gap.gapId}/transitions`, ADD_SUPPORTED, gap.version);
  const reviewOf = async (gapId: string) => {
    const { items } = await get(keys.lead, `/v1/second-reviews?gapId=${gapId}`);
    return items
      .sort((a: { gapVersion: number }, b: { gapVersion: number }) => a.gapVersion - b.gapVersion)
      .at(-1);
  };
  const verdict = (key: string, review: { reviewId: string; version: number }, body: object) =>
    post(key, `/v1/second-reviews/${review.reviewId}/verdict`, body, review.version);

  test("a new coder's decision waits for a second person, a disagreement for a third; the coder is neither", async () => {
    const gap = await claim(keys.coder);
    expect((await dismiss(keys.coder, gap)).statusCode).toBe(200);
    const waiting = await reviewOf(gap.gapId);
    expect(waiting).toMatchObject({
      state: 'waiting',
      drawnBy: 'new_coder',
      decision: 'reject_not_documented',
    });
    expect((await verdict(keys.coder, waiting, { verdict: 'agree' })).statusCode).toBe(403);
    expect((await verdict(keys.lead, waiting, { verdict: 'overturn', comment: 'no' })).statusCode).toBe(409);
    expect((await verdict(keys.lead, waiting, { verdict: 'disagree' })).statusCode).toBe(400);
    const disagreed = await verdict(keys.lead, waiting, {
      verdict: 'disagree',
      comment: 'page 2 documents it',
    });
    expect(disagreed.json()).toMatchObject({ state: 'disagreed' });
    const again = disagreed.json();
    expect((await verdict(keys.lead, again, { verdict: 'overturn', comment: 'mine' })).statusCode).toBe(403);
    const settled = await verdict(keys.third, again, { verdict: 'overturn', comment: 'documented' });
    expect(settled.json()).toMatchObject({ state: 'overturned' });
    expect(await get(keys.coder, `/v1/gaps/${gap.gapId}`)).toMatchObject({ workflowStatus: 'open' });
    const { items } = await get(keys.coder, `/v1/gaps/${gap.gapId}/events`);
    expect(items.at(-1)).toMatchObject({ type: 'transition', reason: 'overturned' });
  });

  test('what a drawn decision would send is held until the second person agrees; overturned it goes back', async () => {
    const gap = await claim(keys.newer);
    expect((await add(keys.newer, gap)).statusCode).toBe(200);
    const [pending] = (await get(keys.lead, `/v1/submissions?gapId=${gap.gapId}`)).items;
    const approved = await post(
      keys.lead,
      `/v1/submissions/${pending.submissionId}/approve`,
      undefined,
      pending.version,
    );
    expect(approved.statusCode).toBe(200);
    const marks = (
      await post(keys.lead, '/v1/reviews/lookup', { memberKey: gap.memberKey, encounterId: 'E3' })
    ).json();
    await post(keys.coder, '/v1/reviews', {
      memberKey: gap.memberKey,
      encounterId: 'E3',
      marks: marks.submitted.map(({ model, hcc }: { model: string; hcc: string }) => ({
        model,
        hcc,
        mark: 'supported',
      })),
    });
    const release = async () => (await post(keys.lead, '/v1/submissions/release', {})).json();
    expect((await release()).held).toEqual([
      { submissionId: pending.submissionId, reason: 'second_review_open' },
    ]);
    const review = await reviewOf(gap.gapId);
    expect((await verdict(keys.lead, review, { verdict: 'agree' })).json()).toMatchObject({
      state: 'agreed',
    });
    expect(await release()).toMatchObject({ held: [], controlTotals: { records: 1, adds: 1 } });
    expect(await release()).toMatchObject({ held: [], controlTotals: { records: 0 } });
  });

  test('an own last step is undone while nobody built on it; both steps stay on record', async () => {
    const gap = await claim(keys.coder);
    const captured = (await add(keys.coder, gap)).json();
    const undo = (key: string, version: number) =>
      post(key, `/v1/gaps/${gap.gapId}/undo`, undefined, version);
    expect((await undo(keys.newer, captured.version)).statusCode).toBe(409);
    expect((await undo(keys.coder, captured.version - 1)).json()).toMatchObject({
      type: '/problems/version-conflict',
    });
    const back = await undo(keys.coder, captured.version);
    expect(back.json()).toMatchObject({ workflowStatus: 'in_review', workflowReason: 'undo' });
    expect((await get(keys.lead, `/v1/submissions?gapId=${gap.gapId}`)).items).toMatchObject([
      { status: 'returned', response: { reason: 'undone' } },
    ]);
    expect(await reviewOf(gap.gapId)).toMatchObject({ state: 'undone' });
    expect((await undo(keys.coder, back.json().version)).statusCode).toBe(409);

    const dismissed = (await dismiss(keys.coder, { gapId: gap.gapId, version: back.json().version })).json();
    await verdict(keys.lead, await reviewOf(gap.gapId), { verdict: 'agree' });
    expect((await undo(keys.coder, dismissed.version)).statusCode).toBe(409);
  });

  test('many gaps are moved at once, each with its own outcome', async () => {
    const { items } = (await post(keys.coder, '/v1/worklists/prospective/claim', { count: 2 })).json();
    const [first, second] = items;
    const answer = await post(keys.coder, '/v1/gaps/transitions', {
      items: [
        { gapId: first.gapId, version: first.version, to: 'open', reason: 'defer', comment: 'later' },
        { gapId: second.gapId, version: second.version + 5, to: 'open' },
        { gapId: 'none', version: 1, to: 'open' },
        { gapId: first.gapId, version: first.version, to: 'open', reason: 'defer', comment: 'again' },
      ],
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().items.map(({ status }: { status: number }) => status)).toEqual([200, 409, 404, 409]);
    expect(answer.json().counts).toEqual({ moved: 1, refused: 3 });
  });

  test('filters are kept by name, shared or not, and nobody removes those of others', async () => {
    const body = { name: 'mine', list: 'prospective', filters: { kind: 'recapture', confidence: 'high' } };
    const saved = await post(keys.coder, '/v1/saved-filters', body);
    expect(saved.statusCode).toBe(201);
    expect(saved.json()).toMatchObject({ query: 'kind=recapture&confidence=high', shared: false });
    expect((await get(keys.newer, '/v1/saved-filters')).items).toEqual([]);
    expect(
      (await stored.call(keys.coder, { url: `/v1/worklists/prospective?${saved.json().query}` })).statusCode,
    ).toBe(200);
    // The service applies it, and what is given beside it overrides it.
    const list = '/v1/worklists/prospective';
    const done = { name: 'done', list: 'prospective', filters: { status: 'captured', kind: 'recapture' } };
    const { filterId } = (await post(keys.coder, '/v1/saved-filters', done)).json();
    const ids = async (query: string): Promise<string[]> =>
      (await get(keys.coder, `${list}?${query}`)).items.map(({ gapId }: { gapId: string }) => gapId);
    const captured = await ids('status=captured');
    expect(captured.length).toBeGreaterThan(0);
    expect(await ids(`filter=${filterId}`)).toEqual(captured);
    expect(await ids('limit=100')).not.toEqual(captured);
    expect(await ids(`filter=${filterId}&status=open`)).toEqual(await ids('status=open'));
    expect(await ids(`filter=${filterId}&hcc=38`)).toEqual([]);
    for (const [key, name] of [
      [keys.newer, 'prospective'],
      [keys.coder, 'retrospective'],
    ] as const) {
      const answer = await stored.call(key, { url: `/v1/worklists/${name}?filter=${filterId}` });
      expect(answer.statusCode).toBe(404);
    }
    // A claim takes open gaps: by the same filter of another HCC there is none, and without it there would be.
    await post(keys.coder, '/v1/saved-filters', { ...done, filters: { hcc: '38' } });
    const claimed = await post(keys.coder, `${list}/claim?filter=${filterId}`, { count: 1 });
    expect(claimed.json().items).toEqual([]);
    expect(await ids('status=open')).not.toEqual([]);
    await stored.call(keys.coder, { method: 'DELETE', url: `/v1/saved-filters/${filterId}` });
    await post(keys.coder, '/v1/saved-filters', { ...body, shared: true });
    expect((await get(keys.newer, '/v1/saved-filters')).items).toHaveLength(1);
    const url = `/v1/saved-filters/${saved.json().filterId}`;
    expect((await stored.call(keys.newer, { method: 'DELETE', url })).statusCode).toBe(404);
    expect((await stored.call(keys.coder, { method: 'DELETE', url })).statusCode).toBe(200);
    const wrong = await post(keys.coder, '/v1/saved-filters', { ...body, filters: { nonsense: 'x' } });
    expect(wrong.statusCode).toBe(400);
  });

  test('a dismissal holds through the next analysis and yields to new evidence of its kind, with the reason', async () => {
    const gap = await claim(keys.coder);
    await dismiss(keys.coder, gap);
    const memberId = gap.memberId;
    await stored.load(tenantId, [history(memberId)]);
    expect(await get(keys.coder, `/v1/gaps/${gap.gapId}`)).toMatchObject({ workflowStatus: 'dismissed' });
    const more = history(memberId);
    const [past] = more.encounters;
    if (!past) throw new Error('the history has encounters');
    const [line] = past.lines;
    more.encounters.push({
      ...past,
      encounterId: 'E9',
      from: '2025-11-02',
      lines: [{ procedure: line?.procedure ?? '99214', modifiers: [], date: '2025-11-02' }],
    });
    await stored.load(tenantId, [more]);
    expect(await get(keys.coder, `/v1/gaps/${gap.gapId}`)).toMatchObject({ workflowStatus: 'open' });
    const { items } = await get(keys.coder, `/v1/gaps/${gap.gapId}/events`);
    expect(items.at(-1)).toMatchObject({ type: 'reopened', reason: 'new_evidence: diagnosis of 2025-11-02' });
  });
});
