import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

function review(encounterId: string, from: string, more: object = {}) {
  return {
    encounterId,
    from,
    setting: 'professional',
    source: 'chart_review',
    provider: { npi: '1234567893', specialty: '11' },
    diagnoses: [{ code: 'I48.0' }],
    ...more,
  };
}

function withReview(memberId: string, reviews: readonly object[], coverage: object = {}) {
  const base = history(memberId);
  return {
    ...base,
    coverage: base.coverage.map((period) => ({ ...period, ...coverage })),
    encounters: [
      ...base.encounters.map((visit) =>
        visit.encounterId === 'E3' ? { ...visit, icn: 'ICN-3' } : { ...visit, icn: null },
      ),
      {
        ...base.encounters[2],
        encounterId: 'E4',
        from: '2026-08-01',
        lines: [{ procedure: '99214', modifiers: [], date: '2026-08-01' }],
        diagnoses: [{ code: 'E11.9' }],
      },
      {
        ...base.encounters[2],
        encounterId: 'E5',
        from: '2026-05-05',
        lines: [{ procedure: '80053', modifiers: [], date: '2026-05-05' }],
      },
      ...reviews,
    ],
  };
}

describePostgres('encounter linkage', () => {
  const stored = storedApp();
  let tenantId = '';
  const keys = { coder: '', lead: '', provider: '', stranger: '', limited: '' };
  let members: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    keys.coder = await stored.key(tenantId, 'coder');
    keys.lead = await stored.key(tenantId, 'lead');
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    keys.limited = await stored.key(tenantId, 'lead', { contracts: ['H9999'] });
    keys.stranger = await stored.key(await stored.scratch.tenant(), 'lead');
    members = await stored.load(tenantId, [
      withReview('M-1', [review('R1', '2026-05-05'), review('R0', '2025-05-05')]),
      withReview('M-2', [review('R1', '2026-05-05')], { switcher: true }),
      withReview('M-3', [review('R1', '2026-05-05', { linkedEncounterId: 'E3' })]),
    ]);
  });

  const unlinked = async () => {
    const answer = await stored.call(keys.lead, {
      url: `/v1/worklists/prospective?kind=coded_not_eligible&hcc=238&member=${members.get('M-1')}`,
    });
    const [gap] = answer.json().items;
    expect(gap.reasons).toContain('UNLINKED_CRR');
    return gap as { gapId: string; version: number };
  };
  const candidates = async (gapId: string) => {
    const answer = await stored.call(keys.coder, { url: `/v1/gaps/${gapId}/link-candidates` });
    expect(answer.statusCode).toBe(200);
    return answer.json();
  };
  const link = (key: string, gapId: string, version: number, payload: object) =>
    stored.call(key, {
      method: 'POST',
      url: `/v1/gaps/${gapId}/link`,
      headers: { 'if-match': `"${version}"` },
      payload,
    });

  test('candidates are the eligible claims of the year, best first, each with why', async () => {
    const { gapId } = await unlinked();
    const told = await candidates(gapId);
    expect(told).toMatchObject({ needsLink: true, codes: ['I48.0'], dosYear: 2026, dos: '2026-05-05' });
    expect(told.items.map(({ encounterId }: { encounterId: string }) => encounterId)).toEqual(['E3', 'E4']);
    expect(told.items[0]).toMatchObject({
      place: 1,
      sameDay: true,
      sameProvider: true,
      status: 'linked',
      icn: 'ICN-3',
    });
    expect(told.items[1]).toMatchObject({ daysApart: 88, status: 'link_pending_icn' });
    expect(told.chosen).toBeNull();
  });

  test('a person chooses; the choice is an event, survives an analysis, and can be taken back', async () => {
    const { gapId, version } = await unlinked();
    const lab = await link(keys.coder, gapId, version, { encounterId: 'E5' });
    expect(lab.statusCode).toBe(422);
    expect(lab.json().errors[0].pointer).toBe('/encounterId');
    expect((await link(keys.provider, gapId, version, { encounterId: 'E3' })).statusCode).toBe(403);
    expect((await link(keys.stranger, gapId, version, { encounterId: 'E3' })).statusCode).toBe(404);
    const chosen = await link(keys.coder, gapId, version, { encounterId: 'E3', comment: 'note read' });
    expect(chosen.statusCode).toBe(200);
    expect(chosen.json()).toMatchObject({
      version: version + 1,
      workflowStatus: 'open',
      chosenLink: { encounterId: 'E3', icn: 'ICN-3', dos: '2026-05-05', status: 'linked' },
    });
    expect((await link(keys.coder, gapId, version, { encounterId: 'E4' })).statusCode).toBe(409);
    await stored.analyze(tenantId, [...members.values()]);
    expect(await candidates(gapId)).toMatchObject({
      chosen: { encounterId: 'E3' },
      chosenStillEligible: true,
    });
    const events = await stored.call(keys.lead, { url: `/v1/gaps/${gapId}/events` });
    expect(events.json().items.at(-1)).toMatchObject({
      type: 'linked',
      role: 'coder',
      detail: { encounterId: 'E3', before: null, place: 1, candidates: 2, comment: 'note read' },
    });
    const back = await link(keys.coder, gapId, version + 1, { encounterId: null });
    expect(back.json().chosenLink).toBeNull();
  });

  test('a question has no link to choose', async () => {
    const answer = await stored.call(keys.lead, {
      url: `/v1/worklists/retrospective?kind=over_coding&member=${members.get('M-1')}`,
    });
    const [gap] = answer.json().items;
    expect(await candidates(gap.gapId)).toMatchObject({ needsLink: false, items: [] });
    expect((await link(keys.coder, gap.gapId, gap.version, { encounterId: 'E3' })).statusCode).toBe(409);
  });

  test('the population: linked, linkable, not linkable; with and without the switcher exception', async () => {
    const get = async (key: string, query: string) =>
      (await stored.call(key, { url: `/v1/analytics/chart-review-linkage${query}` })).json();
    const byYear = await get(keys.lead, '');
    expect(byYear.dosYears).toEqual([2024, 2025, 2026]);
    const year = (group: string) => byYear.items.find((row: { group: string }) => row.group === group);
    expect(year('2026')).toMatchObject({
      reviews: 3,
      findings: 3,
      states: { linked: 1, linkable_same_day: 2, no_eligible_encounter: 0 },
      counting: 2,
      countingWithoutException: 1,
    });
    // Services of 2025 still count unlinked (CRR-4).
    expect(year('2025')).toMatchObject({ findings: 1, counting: 1, countingWithoutException: 1 });
    for (const row of byYear.items) {
      const states: number[] = Object.values(row.states);
      expect(states.reduce((sum, count) => sum + count, 0)).toBe(row.findings);
    }
    const byContract = await get(keys.lead, '?by=contract&dosYear=2026');
    expect(byContract.items).toMatchObject([{ group: 'H0001', findings: 3 }]);
    const byProvider = await get(keys.lead, '?by=provider&dosYear=2026');
    expect(byProvider.items).toMatchObject([{ group: '1234567893', findings: 3 }]);
    expect((await get(keys.limited, '')).items).toEqual([]);
    expect((await get(keys.stranger, '')).items).toEqual([]);
    const csv = await stored.call(keys.lead, {
      url: '/v1/analytics/chart-review-linkage?dosYear=2026',
      headers: { accept: 'text/csv' },
    });
    expect(csv.body.split('\r\n').slice(0, 2)).toEqual([
      'group,reviews,findings,linked,linkable_documented,linkable_same_day,linkable_other_day,linked_record_unknown,linked_record_void,linked_record_not_eligible,no_eligible_encounter,counting,countingWithoutException',
      '2026,3,3,1,0,2,0,0,0,0,0,2,1',
    ]);
    expect((await stored.call(keys.coder, { url: '/v1/analytics/chart-review-linkage' })).statusCode).toBe(
      403,
    );
  });
});
