import { beforeAll, describe, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { TODAY } from './support/app.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';
import { unzip } from './support/unzip.ts';

const LOCATOR = { documentId: 'note-9', versionHash: 'sha256:ab', section: 'assessment' };

type Made = ReturnType<typeof history>;
type Visit = Made['encounters'][number];

function visitOf(made: Made, encounterId: string): Visit {
  const found = made.encounters.find((one) => one.encounterId === encounterId);
  if (!found) throw new Error(`the history has ${encounterId}`);
  return found;
}

/** The member's third visit once more, on another day. */
function again(made: Made, encounterId: string, from: string, codes?: readonly string[]): Made {
  const visit = visitOf(made, 'E3');
  const lines = visit.lines.map((line) => ({ ...line, date: from }));
  const diagnoses = codes?.map((code) => ({ code })) ?? visit.diagnoses;
  return { ...made, encounters: [...made.encounters, { ...visit, encounterId, from, lines, diagnoses }] };
}

/** The stroke of the third visit, coded once more a month later. */
const strokeTwice = (memberId: string) => again(history(memberId), 'E4', '2026-06-02');

interface Found {
  readonly model: string;
  readonly hcc: string;
  readonly gapId: string | null;
}

describePostgres('an unsupported mark of a review starts the clock of its delete (compliance C-2)', () => {
  const clock = { at: new Date(`${TODAY}T12:00:00Z`) };
  const stored = storedApp({ now: () => clock.at });
  const keys = { coder: '', lead: '', auditor: '' };
  let tenantId = '';
  let members: ReadonlyMap<string, string> = new Map();
  const member = (name: string): string => members.get(name) ?? '';

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    for (const role of ['coder', 'lead', 'auditor'] as const) keys[role] = await stored.key(tenantId, role);
    members = await stored.load(tenantId, [
      history('M-ONCE'),
      strokeTwice('M-TWICE'),
      strokeTwice('M-SETTLED'),
      history('M-QUIET'),
      history('M-CLEARED'),
      history('M-ELSEWHERE'),
      strokeTwice('M-LATER'),
      strokeTwice('M-RACE'),
      again(history('M-CLOSED'), 'E0', '2024-04-04', ['E11.9']),
      strokeTwice('M-WALK'),
      history('M-VOID'),
    ]);
  });

  const tick = () => {
    clock.at = new Date(clock.at.getTime() + 60_000);
  };
  const get = async (url: string, key = keys.coder) => (await stored.call(key, { url })).json();
  const post = (key: string, url: string, payload: object, version?: number) => {
    tick();
    const headers = version === undefined ? {} : { 'if-match': `"${version}"` };
    return stored.call(key, { method: 'POST', url, payload, headers });
  };
  const marked = (memberKey: string, encounterId: string, marks: readonly object[]) =>
    post(keys.coder, '/v1/reviews', { memberKey, encounterId, marks });
  const mark = async (
    memberKey: string,
    encounterId: string,
    hcc: string,
    how = 'unsupported',
  ): Promise<Found[]> => {
    const reason = 'read twice, not there';
    const answer = await marked(memberKey, encounterId, [{ model: 'cms-hcc-v28', hcc, mark: how, reason }]);
    expect(answer.statusCode).toBe(200);
    return answer.json().unsupported;
  };
  const listed = async (memberKey: string, hcc: string, more = '') =>
    (await get(`/v1/worklists/retrospective?kind=over_coding&hcc=${hcc}&member=${memberKey}${more}`)).items;
  const taskOf = async (memberKey: string, hcc: string) => (await listed(memberKey, hcc))[0];
  const deletesOf = async (gapId: string) =>
    (await get('/v1/submissions?action=delete&limit=100')).items
      .filter((row: { gapId: string }) => row.gapId === gapId)
      .map(({ code, encounterId, status }: Record<string, string>) => `${code} ${encounterId} ${status}`)
      .sort();

  test('the only record of the year: the delete candidate moves, with its pending delete', async () => {
    const once = member('M-ONCE');
    const before = await taskOf(once, '249');
    expect(before).toMatchObject({ workflowStatus: 'open', identifiedAt: null });
    const found = await mark(once, 'E3', '249');
    expect(found).toEqual([
      {
        model: 'cms-hcc-v28',
        hcc: '249',
        paymentYear: 2027,
        encounterIds: ['E3'],
        identifiedAt: '2026-11-23',
        dueAt: '2028-03-31',
        gapId: before.gapId,
      },
    ]);
    const moved = await taskOf(once, '249');
    expect(moved).toMatchObject({
      workflowStatus: 'in_review',
      workflowReason: 'mark_unsupported',
      identifiedAt: expect.stringMatching(/^2026-11-23T/),
      workingDeadline: '2028-03-31',
      reasons: [...before.reasons, 'REVIEWER_UNSUPPORTED'],
    });
    expect(await deletesOf(before.gapId)).toEqual(['I63.9 E3 pending']);
    // Marked once more: nothing is done twice.
    await mark(once, 'E3', '249');
    expect((await taskOf(once, '249')).version).toBe(moved.version);
    expect(await deletesOf(before.gapId)).toEqual(['I63.9 E3 pending']);
  });

  test('of two records the first mark starts nothing, and the second does', async () => {
    const twice = member('M-TWICE');
    expect(await mark(twice, 'E3', '249')).toEqual([]);
    expect(await taskOf(twice, '249')).toMatchObject({ workflowStatus: 'open', identifiedAt: null });
    expect((await mark(twice, 'E4', '249'))[0]).toMatchObject({ encounterIds: ['E3', 'E4'] });
    expect(await taskOf(twice, '249')).toMatchObject({ workflowStatus: 'in_review' });
  });

  test('two reviewers who finish a walk at once start one clock', async () => {
    const race = member('M-RACE');
    const found = await Promise.all([mark(race, 'E3', '38'), mark(race, 'E4', '38')]);
    expect(found.map((list) => list.length).sort()).toEqual([0, 1]);
    const [task, ...others] = await listed(race, '38');
    expect(others).toEqual([]);
    expect(await deletesOf(task.gapId)).toEqual(['E11.9 E3 pending', 'E11.9 E4 pending']);
  });

  test('support in another record of the year settles it', async () => {
    const settled = member('M-SETTLED');
    expect(await mark(settled, 'E4', '249', 'supported')).toEqual([]);
    expect(await mark(settled, 'E3', '249')).toEqual([]);
    expect(await taskOf(settled, '249')).toMatchObject({ workflowStatus: 'open', identifiedAt: null });
  });

  describe('an HCC that no analysis doubted', () => {
    test('gets its delete task: on the list, signed, with the clock and a pending delete', async () => {
      const quiet = member('M-QUIET');
      expect(await listed(quiet, '38')).toEqual([]);
      const [found] = await mark(quiet, 'E3', '38');
      const task = await taskOf(quiet, '38');
      expect(found).toMatchObject({ hcc: '38', gapId: task.gapId, dueAt: '2028-03-31' });
      expect(task).toMatchObject({
        kind: 'over_coding',
        direction: 'delete',
        list: 'retrospective',
        reasons: ['REVIEWER_UNSUPPORTED'],
        ruleId: 'over_coding.reviewer_unsupported',
        workflowStatus: 'in_review',
        identifiedAt: expect.stringMatching(/^2026-11-23T/),
        workingDeadline: '2028-03-31',
        confidence: 'high',
        evidence: [{ code: 'E11.9', date: '2026-05-05', encounterId: 'E3', eligible: true }],
      });
      expect(task.explanation).toContain('a reviewer found no support there, last on 2026-11-23');
      expect(await deletesOf(task.gapId)).toEqual(['E11.9 E3 pending']);
      // A coder is not shown RAF; the lead sees a negative worth, which the signed totals count.
      const url = `/v1/worklists/retrospective?kind=over_coding&member=${quiet}&totals=true`;
      const page = await get(url, keys.lead);
      const shown = page.items.find(({ hcc }: { hcc: string }) => hcc === '38');
      expect(shown.impact).toMatchObject({ standalone: -0.166, payment: -0.144 });
      const review = await post(keys.lead, '/v1/reviews/lookup', { memberKey: quiet, encounterId: 'E3' });
      expect(review.json().unsupported.map(({ gapId }: Found) => gapId)).toEqual([task.gapId]);
    });

    test('outlives every analysis that finds no doubt, and is not undone', async () => {
      const quiet = member('M-QUIET');
      const before = await taskOf(quiet, '38');
      await stored.analyze(tenantId, [quiet]);
      await stored.analyze(tenantId, [quiet]);
      expect(await taskOf(quiet, '38')).toMatchObject({
        version: before.version,
        workflowStatus: 'in_review',
        identifiedAt: before.identifiedAt,
        reasons: ['REVIEWER_UNSUPPORTED'],
      });
      const undone = await post(keys.coder, `/v1/gaps/${before.gapId}/undo`, {}, before.version);
      expect(undone.statusCode).toBe(409);
      const steps = [
        { to: 'open', reason: 'defer', comment: 'later' },
        { to: 'dismissed', reason: 'close_with_reason', comment: 'no' },
      ];
      for (const step of steps) {
        const refused = await post(keys.lead, `/v1/gaps/${before.gapId}/transitions`, step, before.version);
        expect(refused.statusCode).toBe(409);
      }
    });

    test('explains itself: rule, codes, and factors that add up to its worth', async () => {
      const task = await taskOf(member('M-QUIET'), '38');
      const told = await get(`/v1/gaps/${task.gapId}/explanation`, keys.lead);
      expect(told.ruleApplied.words).toContain('A reviewer opened every record');
      expect(told.codeChain.codes).toMatchObject([{ code: 'E11.9', role: 'in_question', hccs: ['38'] }]);
      expect(told.scoreChain.difference).toEqual({ raw: -0.166, payment: -0.144 });
      expect(told.evidence).toMatchObject([{ from: { file: 'test.ndjson' }, verdict: { eligible: true } }]);
    });

    test('is approved by another person, released and kept in the audit packet', async () => {
      const task = await taskOf(member('M-QUIET'), '38');
      const url = `/v1/gaps/${task.gapId}/transitions`;
      const approve = { to: 'captured', reason: 'approve_delete' };
      expect((await post(keys.coder, url, approve, task.version)).statusCode).toBe(403);
      expect((await post(keys.lead, url, approve, task.version)).json()).toMatchObject({
        workflowStatus: 'captured',
      });
      expect(await deletesOf(task.gapId)).toEqual(['E11.9 E3 approved']);
      await stored.analyze(tenantId, [member('M-QUIET')]);
      expect(await get(`/v1/gaps/${task.gapId}`)).toMatchObject({ workflowStatus: 'captured' });
      // The decision of a new coder is looked at a second time before anything leaves.
      const [second] = (await get(`/v1/second-reviews?gapId=${task.gapId}`, keys.lead)).items;
      const agreed = await post(
        keys.lead,
        `/v1/second-reviews/${second.reviewId}/verdict`,
        { verdict: 'agree' },
        second.version,
      );
      expect(agreed.statusCode).toBe(200);
      const released = (await post(keys.lead, '/v1/submissions/release', { action: 'delete' })).json();
      expect(released).toMatchObject({ controlTotals: { records: 1, adds: 0, deletes: 1 }, held: [] });
      const sent = { url: `/v1/submissions/releases/${released.releaseId}/file?format=csv` };
      expect((await stored.call(keys.lead, sent)).body).toMatch(/delete.*E11\.?9/);
      const subject = { memberKey: member('M-QUIET'), hcc: '38', paymentYear: 2027 };
      const packet = await unzip((await post(keys.auditor, '/v1/audit-packets', subject)).rawPayload);
      const gaps = [...packet].filter(([, text]) => text.toString().includes(task.gapId));
      expect(gaps.some(([, text]) => text.toString().includes('REVIEWER_UNSUPPORTED'))).toBe(true);
      expect(gaps.some(([, text]) => text.toString().includes('approve_delete'))).toBe(true);
    });
  });

  test('a doubt that is answered by a later record does not stop the clock of what was found', async () => {
    const cleared = member('M-CLEARED');
    const [found] = await mark(cleared, 'E3', '249');
    const before = await taskOf(cleared, '249');
    const made = again(history('M-CLEARED'), 'E9', '2026-05-05', ['I63.9']);
    const stay = { ...visitOf(made, 'E9'), setting: 'inpatient', billType: '111', lines: [] };
    await stored.load(tenantId, [
      { ...made, encounters: [...made.encounters.filter(({ encounterId }) => encounterId !== 'E9'), stay] },
    ]);
    const after = await taskOf(cleared, '249');
    expect(after).toMatchObject({
      gapId: found?.gapId,
      workflowStatus: 'in_review',
      identifiedAt: before.identifiedAt,
      reasons: ['REVIEWER_UNSUPPORTED'],
    });
    // The stay was not read yet: it may support the HCC, so nothing is said to be lost, and no delete names it.
    expect((await get(`/v1/gaps/${after.gapId}`, keys.lead)).impact).toMatchObject({ standalone: 0 });
    expect(after.explanation).toContain('other diagnoses support the HCC');
    expect(await deletesOf(after.gapId)).toEqual(['I63.9 E3 pending']);
    expect((await mark(cleared, 'E9', '249'))[0]).toMatchObject({ encounterIds: ['E3', 'E9'] });
    expect(await deletesOf(after.gapId)).toEqual(['I63.9 E3 pending', 'I63.9 E9 pending']);
    expect((await get(`/v1/gaps/${after.gapId}`, keys.lead)).impact.standalone).toBeLessThan(0);
  });

  test('support found elsewhere ends it; found unsupported once more, it runs again', async () => {
    const elsewhere = member('M-ELSEWHERE');
    await mark(elsewhere, 'E3', '38');
    const task = await taskOf(elsewhere, '38');
    const body = {
      to: 'dismissed',
      reason: 'mark_supported_elsewhere',
      encounterId: 'E3',
      meat: ['assessed'],
      locator: LOCATOR,
    };
    const url = `/v1/gaps/${task.gapId}/transitions`;
    const wanting = await post(keys.coder, url, body, task.version);
    expect([wanting.statusCode, wanting.json().errors[0].pointer]).toEqual([422, '/encounterId']);
    expect(wanting.json().detail).toContain('was found unsupported in E3');
    expect(await mark(elsewhere, 'E3', '38', 'supported')).toEqual([]);
    expect((await post(keys.coder, url, body, task.version)).statusCode).toBe(200);
    await stored.analyze(tenantId, [elsewhere]);
    expect(await listed(elsewhere, '38')).toEqual([]);
    const lookup = await post(keys.lead, '/v1/reviews/lookup', { memberKey: elsewhere, encounterId: 'E3' });
    expect(lookup.json().unsupported).toEqual([]);
    // Another HCC of the encounter is marked: what was settled stays settled.
    expect((await mark(elsewhere, 'E3', '249')).map(({ hcc }) => hcc)).toEqual(['249']);
    expect(await listed(elsewhere, '38')).toEqual([]);
    expect((await mark(elsewhere, 'E3', '38')).map(({ hcc }) => hcc)).toEqual(['38', '249']);
    expect(await taskOf(elsewhere, '38')).toMatchObject({
      gapId: task.gapId,
      workflowStatus: 'in_review',
      identifiedAt: task.identifiedAt,
    });
  });

  test('a later analysis that doubts the same HCC adds its reason to the one task', async () => {
    const later = member('M-LATER');
    const clean = await taskOf(later, '38');
    expect(clean).toBeUndefined();
    await mark(later, 'E3', '38');
    await mark(later, 'E4', '38');
    const made = strokeTwice('M-LATER');
    const type1 = { ...visitOf(made, 'E4'), diagnoses: [{ code: 'E10.9' }, { code: 'E11.9' }] };
    const kept = made.encounters.filter(({ encounterId }) => encounterId !== 'E4');
    await stored.load(tenantId, [{ ...made, encounters: [...kept, type1] }]);
    const tasks = await listed(later, '38');
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({
      workflowStatus: 'in_review',
      reasons: ['EXCLUSIVE_CODES', 'REVIEWER_UNSUPPORTED'],
    });
  });

  test('a year that is closed to adds takes it too, in every model of its blend', async () => {
    const closed = member('M-CLOSED');
    const { submitted } = (
      await post(keys.coder, '/v1/reviews/lookup', { memberKey: closed, encounterId: 'E0' })
    ).json();
    const found = await marked(
      closed,
      'E0',
      submitted.map(({ model, hcc }: Found) => ({ model, hcc, mark: 'unsupported' })),
    );
    const models = found.json().unsupported.map(({ model }: Found) => model);
    expect(models.sort()).toEqual(['cms-hcc-v24', 'cms-hcc-v28']);
    const url = `/v1/worklists/retrospective?paymentYear=2025&member=${closed}`;
    const page = await get(url);
    expect(page.items).toHaveLength(2);
    expect(page.yearStates).toMatchObject([{ paymentYear: 2025, yearState: 'delete_only' }]);
    for (const task of page.items) {
      expect(task).toMatchObject({
        reasons: ['REVIEWER_UNSUPPORTED'],
        workflowStatus: 'in_review',
        act: { by: null },
        workingDeadline: '2027-01-22',
      });
      expect(await deletesOf(task.gapId)).toEqual(['E11.9 E0 pending']);
    }
    await stored.analyze(tenantId, [closed]);
    expect((await get(url)).items).toHaveLength(2);
  });

  test('a record that is voided takes its task with it', async () => {
    const key = member('M-VOID');
    await mark(key, 'E3', '38');
    const task = await taskOf(key, '38');
    const made = history('M-VOID');
    const voided = {
      ...visitOf(made, 'E3'),
      encounterId: 'E3V',
      claimStatus: 'void',
      replacesEncounterId: 'E3',
    };
    await stored.load(tenantId, [{ ...made, encounters: [...made.encounters, voided] }]);
    expect(await get(`/v1/gaps/${task.gapId}`)).toMatchObject({
      workflowStatus: 'withdrawn',
      workflowReason: 'no_longer_submitted',
    });
  });

  test('a gap moved from the list needs the whole walk too', async () => {
    const walk = member('M-WALK');
    // Single and recurrent depression exclude each other on one day: the gap shows that day, not the other record.
    const made = strokeTwice('M-WALK');
    const one = { ...visitOf(made, 'E3'), diagnoses: [{ code: 'F32.1' }] };
    const both = { ...visitOf(made, 'E4'), diagnoses: [{ code: 'F32.1' }, { code: 'F33.1' }] };
    await stored.load(tenantId, [{ ...made, encounters: [one, both] }]);
    const task = await taskOf(walk, '155');
    expect(task.evidence.map(({ encounterId }: { encounterId: string }) => encounterId)).toEqual([
      'E4',
      'E4',
    ]);
    const url = `/v1/gaps/${task.gapId}/transitions`;
    const step = { to: 'in_review', reason: 'mark_unsupported', comment: 'neither episode is in the note' };
    const refused = await post(keys.coder, url, step, task.version);
    expect(refused.statusCode).toBe(422);
    expect(refused.json().detail).toContain('HCC 155 is also submitted by E3');
    expect(await deletesOf(task.gapId)).toEqual([]);
    await mark(walk, 'E3', '155');
    const moved = await post(keys.coder, url, step, task.version);
    expect(moved.json()).toMatchObject({ workflowStatus: 'in_review', identifiedAt: expect.any(String) });
    expect(await deletesOf(task.gapId)).toEqual(['F32.1 E3 pending', 'F32.1 E4 pending', 'F33.1 E4 pending']);
  });

  test('marks that cannot stand are refused with place, reason and value', async () => {
    const twice = member('M-TWICE');
    const refusal = async (given: object) => {
      const answer = await marked(twice, 'E3', [{ model: 'cms-hcc-v28', hcc: '38', ...given }]);
      return { status: answer.statusCode, error: answer.json().errors[0] };
    };
    expect(await refusal({ mark: 'supported', supportedBy: 'E99' })).toMatchObject({
      status: 422,
      error: { pointer: '/marks/0/supportedBy', code: 'unknown_encounter', value: 'E99' },
    });
    expect(await refusal({ mark: 'supported', supportedBy: 'E1' })).toMatchObject({ status: 422 });
    expect(await refusal({ mark: 'supported', supportedBy: 'E3' })).toMatchObject({ status: 422 });
    expect(await refusal({ mark: 'unsupported', supportedBy: 'E4' })).toMatchObject({ status: 400 });
    expect(await refusal({ hcc: '226', mark: 'supported' })).toMatchObject({
      status: 422,
      error: { pointer: '/marks/0/hcc', code: 'not_submitted', value: 'cms-hcc-v28 226' },
    });
    const split = await marked(member('M-CLOSED'), 'E0', [
      { model: 'cms-hcc-v24', hcc: '19', mark: 'unsupported' },
      { model: 'cms-hcc-v28', hcc: '38', mark: 'supported' },
    ]);
    expect(split.statusCode).toBe(422);
    expect(split.json().errors[0]).toMatchObject({ pointer: '/marks/1/mark', code: 'contradictory' });
  });
});
