import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

describePostgres('an unspecified code where the record says more', () => {
  const stored = storedApp();
  const keys = { coder: '', lead: '' };
  let gap = { gapId: '', version: 0 };

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    keys.coder = await stored.key(tenantId, 'coder');
    keys.lead = await stored.key(tenantId, 'lead');
    const person = history('Q-1');
    // Diabetes last year; this year a kidney disease stage 3a and no diabetes yet: E11.9 would hide the link.
    person.encounters = person.encounters.map((one) => ({
      ...one,
      diagnoses: one.from.startsWith('2026') ? [{ code: 'N18.31' }] : [{ code: 'E11.9' }],
    }));
    await stored.load(tenantId, [person]);
    const { items } = (
      await stored.call(keys.lead, { url: '/v1/worklists/prospective?kind=recapture' })
    ).json();
    gap = items.find(({ hcc }: { hcc: string }) => ['36', '37', '38'].includes(hcc));
  });

  const add = (more: object = {}) =>
    stored.call(keys.coder, {
      method: 'POST',
      url: `/v1/gaps/${gap.gapId}/transitions`,
      headers: { 'if-match': `"${gap.version}"` },
      payload: {
        to: 'captured',
        reason: 'add_supported',
        code: 'E11.9',
        encounterId: 'E3',
        meat: ['assessed'],
        locator: { documentId: 'note-1', versionHash: 'sha256:aa', page: 1 },
        ...more,
      },
    });

  test('is refused with the better code and its evidence; nothing is written', async () => {
    const answer = await add();
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      type: '/problems/override-required',
      better: [{ code: 'E11.22', evidence: [{ code: 'N18.31', date: '2026-05-05', encounterId: 'E3' }] }],
    });
    expect(answer.json().detail).toContain('E11.22');
    expect((await stored.call(keys.lead, { url: '/v1/submissions' })).json().items).toEqual([]);
  });

  test('is kept with a reason, which stays with the submission and in the events', async () => {
    const overrideReason = 'the note says that the kidney disease is of hypertension';
    expect((await add({ overrideReason })).statusCode).toBe(200);
    const { items } = (await stored.call(keys.lead, { url: '/v1/submissions' })).json();
    expect(items).toMatchObject([{ code: 'E11.9', evidence: { overrideReason } }]);
    const events = (await stored.call(keys.lead, { url: `/v1/gaps/${gap.gapId}/events` })).json().items;
    expect(events.at(-1)).toMatchObject({ reason: 'add_supported', detail: { overrideReason } });
  });
});
