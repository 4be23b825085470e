import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

/** The stroke of the third visit, coded once more a month later. */
function strokeTwice(memberId: string) {
  const made = history(memberId);
  const [, , stroke] = made.encounters;
  if (!stroke) throw new Error('the third visit codes a stroke');
  const lines = stroke.lines.map((line) => ({ ...line, date: '2026-06-02' }));
  return {
    ...made,
    encounters: [...made.encounters, { ...stroke, encounterId: 'E4', from: '2026-06-02', lines }],
  };
}

describePostgres('an unsupported mark of a review starts the clock of its delete (compliance C-2)', () => {
  const stored = storedApp();
  let coder = '';
  let lead = '';
  let once = '';
  let twice = '';
  let settled = '';

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    coder = await stored.key(tenantId, 'coder');
    lead = await stored.key(tenantId, 'lead');
    const members = await stored.load(tenantId, [
      history('M-ONCE'),
      strokeTwice('M-TWICE'),
      strokeTwice('M-SETTLED'),
    ]);
    once = members.get('M-ONCE') ?? '';
    twice = members.get('M-TWICE') ?? '';
    settled = members.get('M-SETTLED') ?? '';
  });

  const post = (key: string, url: string, payload: object) =>
    stored.call(key, { method: 'POST', url, payload });
  const mark = async (memberKey: string, encounterId: string, hcc: string, how = 'unsupported') => {
    const marks = [{ model: 'cms-hcc-v28', hcc, mark: how, reason: 'read twice, not there' }];
    const answer = await post(coder, '/v1/reviews', { memberKey, encounterId, marks });
    expect(answer.statusCode).toBe(200);
    return answer.json().unsupported;
  };
  const strokeOf = async (memberKey: string) => {
    const url = `/v1/worklists/retrospective?kind=over_coding&hcc=249&member=${memberKey}`;
    return (await stored.call(coder, { url })).json().items[0];
  };

  test('the only record of the year: the delete candidate moves, with its pending delete', async () => {
    const before = await strokeOf(once);
    expect(before).toMatchObject({ workflowStatus: 'open', identifiedAt: null });
    const found = await mark(once, 'E3', '249');
    expect(found).toEqual([
      {
        model: 'cms-hcc-v28',
        hcc: '249',
        encounterIds: ['E3'],
        identifiedAt: '2026-11-23',
        dueAt: '2028-03-31',
        gapId: before.gapId,
      },
    ]);
    expect(await strokeOf(once)).toMatchObject({
      workflowStatus: 'in_review',
      workflowReason: 'mark_unsupported',
      identifiedAt: expect.stringMatching(/^2026-11-23T/),
      workingDeadline: '2028-03-31',
    });
    const deletes = (await stored.call(lead, { url: `/v1/submissions?status=pending` })).json().items;
    expect(deletes).toMatchObject([
      { action: 'delete', code: 'I63.9', encounterId: 'E3', gapId: before.gapId },
    ]);
    // Marked once more: nothing is done twice.
    await mark(once, 'E3', '249');
    expect((await strokeOf(once)).version).toBe(before.version + 1);
  });

  test('of two records the first mark starts nothing, and the second does', async () => {
    expect(await mark(twice, 'E3', '249')).toEqual([]);
    expect(await strokeOf(twice)).toMatchObject({ workflowStatus: 'open', identifiedAt: null });
    expect((await mark(twice, 'E4', '249'))[0]).toMatchObject({ encounterIds: ['E3', 'E4'] });
    expect(await strokeOf(twice)).toMatchObject({ workflowStatus: 'in_review' });
  });

  test('support in another record of the year settles it', async () => {
    expect(await mark(settled, 'E4', '249', 'supported')).toEqual([]);
    expect(await mark(settled, 'E3', '249')).toEqual([]);
    expect(await strokeOf(settled)).toMatchObject({ workflowStatus: 'open', identifiedAt: null });
  });

  test('an HCC that no analysis doubted shows its deadline all the same, also when it is looked up', async () => {
    const [found] = await mark(once, 'E3', '38');
    expect(found).toMatchObject({ hcc: '38', gapId: null, dueAt: '2028-03-31' });
    const review = await post(lead, '/v1/reviews/lookup', { memberKey: once, encounterId: 'E3' });
    expect(review.json().unsupported.map(({ hcc }: { hcc: string }) => hcc)).toEqual(['38', '249']);
  });
});
