import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createBatch } from '../../src/store/batches.ts';
import { withTenant } from '../../src/store/database.ts';
import { upsertRecords } from '../../src/store/upsert-records.ts';
import { describePostgres } from '../integration/services.ts';
import { TODAY } from './support/app.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Card {
  readonly hccs?: readonly string[];
  readonly priority?: number;
  readonly items: readonly { readonly gapId: string; readonly kind: string; readonly hcc?: string }[];
}
interface Item {
  readonly memberId: string;
  readonly visitDate: string;
  readonly visits: readonly { readonly date: string }[];
  readonly cards: readonly Card[];
}

describePostgres('visits and the timeline', () => {
  const stored = storedApp();
  let tenantId = '';
  const keys = { lead: '', coder: '', provider: '', stranger: '' };
  let members: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    keys.lead = await stored.key(tenantId, 'lead');
    keys.coder = await stored.key(tenantId, 'coder');
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    keys.stranger = await stored.key(await stored.scratch.tenant(), 'lead');
    const kidneys = history('M-1');
    members = await stored.load(tenantId, [
      {
        ...kidneys,
        encounters: kidneys.encounters.map((visit) =>
          visit.encounterId === 'E3'
            ? { ...visit, diagnoses: [{ code: 'E11.9' }, { code: 'I63.9' }, { code: 'N18.9' }] }
            : visit.encounterId === 'E2'
              ? { ...visit, diagnoses: [...visit.diagnoses, { code: 'N18.4' }] }
              : visit,
        ),
        conditions: [
          {
            code: 'N18.31',
            source: 'note',
            encounterId: 'E3',
            recorded: '2026-05-05',
            clinicalStatus: 'active',
            verification: 'confirmed',
            meat: ['assessed'],
            signed: true,
          },
        ],
      },
      { ...history('M-2'), appointments: [{ date: '2027-02-01', provider: { npi: '1234567893' } }] },
      { ...history('M-3'), appointments: [] },
    ]);
  });

  const visits = async (key: string, query = '') => {
    const answer = await stored.call(key, { url: `/v1/worklists/visits${query}` });
    expect(answer.statusCode).toBe(200);
    return answer.json() as { items: Item[]; next: string | null; from: string; to: string };
  };
  /** What a new batch says about a member's appointment. */
  const appointment = async (memberId: string, key: string, date: string) => {
    await withTenant(stored.scratch.db, tenantId, async (tx) => {
      const { batch } = await createBatch(tx, {
        format: 'csv',
        asOf: TODAY,
        createdBy: 'test',
        idempotencyKey: randomUUID(),
        contentSha256: null,
        spool: null,
      });
      await upsertRecords(tx, batch.batchId, [
        {
          kind: 'appointment',
          memberId,
          key,
          source: { file: 'appointments.csv', row: 2 },
          appointment: { date, provider: { npi: '1234567893', specialty: null } },
        },
      ]);
    });
    await stored.analyze(tenantId, [...members.values()]);
  };

  test('who comes in the next days, by date, with one card a family and every reason on it', async () => {
    const page = await visits(keys.lead);
    expect([page.from, page.to]).toEqual(['2026-11-23', '2027-01-22']);
    expect(page.items.map(({ memberId, visitDate }) => [memberId, visitDate])).toEqual([
      ['M-1', '2026-12-04'],
    ]);
    const cards = page.items[0]?.cards ?? [];
    const kidney = cards.filter(({ hccs }) =>
      hccs?.some((hcc) => ['326', '327', '328', '329'].includes(hcc)),
    );
    expect(kidney).toHaveLength(1);
    const ids = cards.flatMap(({ items }) => items.map(({ gapId }) => gapId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(cards.some(({ items }) => items.some(({ kind }) => kind === 'over_coding'))).toBe(true);
    expect(cards.map(({ priority }) => priority)).toEqual(
      cards.map(({ priority }) => priority).toSorted((a, b) => (b ?? 0) - (a ?? 0)),
    );
    const longer = await visits(keys.lead, '?days=120');
    expect(longer.items.map(({ memberId }) => memberId)).toEqual(['M-1', 'M-2']);
    const first = await visits(keys.lead, '?days=120&limit=1');
    const second = await visits(keys.lead, `?days=120&limit=1&cursor=${first.next}`);
    expect([first, second].flatMap(({ items }) => items.map(({ memberId }) => memberId))).toEqual([
      'M-1',
      'M-2',
    ]);
    expect(second.next).toBeNull();
    expect((await visits(keys.stranger)).items).toEqual([]);
  });

  test('a provider sees questions only, without codes, HCCs or RAF', async () => {
    const page = await visits(keys.provider);
    expect(page.items).toHaveLength(1);
    const text = JSON.stringify(page);
    expect(text).not.toMatch(/"(hccs?|priority|candidateCodes|confidence|impact|model|orderReasons)"/);
    expect(text).not.toContain('over_coding');
  });

  test('CSV has a row a card; a coder without RAF gets no priority', async () => {
    const csv = async (key: string) =>
      (await stored.call(key, { url: '/v1/worklists/visits', headers: { accept: 'text/csv' } })).body.split(
        '\r\n',
      );
    const [head, first] = await csv(keys.lead);
    expect(head).toBe(
      'visitDate,visitProviders,memberKey,memberId,paymentYear,model,hccs,kinds,directions,gapIds,candidateCodes,priority,orderReasons',
    );
    expect(first).toMatch(/^2026-12-04,1234567893,/);
    expect((await csv(keys.coder))[0]).not.toContain('priority');
    expect((await csv(keys.provider))[0]).toBe(
      'visitDate,visitProviders,memberKey,memberId,paymentYear,kinds,directions,gapIds',
    );
  });

  test('a visit that moves by a new batch moves the member and re-orders the gaps', async () => {
    const visitPoints = async () => {
      const answer = await stored.call(keys.lead, {
        url: `/v1/worklists/prospective?member=${members.get('M-3')}`,
      });
      const [gap] = answer.json().items;
      const part = gap.priorityParts.find(({ name }: { name: string }) => name === 'visitSoon');
      return { date: gap.nextAppointment, points: part.points };
    };
    const dateOf = async () =>
      (await visits(keys.lead, '?days=120')).items.find(({ memberId }) => memberId === 'M-3')?.visitDate;
    expect(await dateOf()).toBeUndefined();
    await appointment('M-3', 'A-1', '2026-11-30');
    expect(await dateOf()).toBe('2026-11-30');
    expect(await visitPoints()).toEqual({ date: '2026-11-30', points: 18 });
    await appointment('M-3', 'A-1', '2027-01-15');
    expect(await dateOf()).toBe('2027-01-15');
    expect((await visits(keys.lead)).items.map(({ memberId }) => memberId)).toEqual(['M-1', 'M-3']);
    expect(await visitPoints()).toEqual({ date: '2027-01-15', points: 2 });
  });

  test('the timeline says what captured each HCC, what a model lost, and what is open', async () => {
    const answer = await stored.call(keys.lead, { url: `/v1/members/${members.get('M-1')}/timeline` });
    expect(answer.statusCode).toBe(200);
    const { years, items } = answer.json();
    expect(items.length).toBeGreaterThan(0);
    expect(years.map(({ paymentYear }: { paymentYear: number }) => paymentYear)).toEqual([2026, 2027]);
    const [before, now] = years;
    const heart = before.models[0].hccs.find(({ hcc }: { hcc: string }) => hcc === '226');
    expect(heart).toMatchObject({
      droppedBy: null,
      capturedBy: [
        { encounterId: 'E1', date: '2025-03-04', code: 'I50.22', source: 'claim' },
        { encounterId: 'E2', date: '2025-09-10', code: 'I50.22' },
      ],
    });
    expect(now.models[0].hccs.map(({ hcc }: { hcc: string }) => hcc)).toEqual(['38', '249']);
    expect(
      now.gaps.some(({ kind, hcc }: { kind: string; hcc: string }) => kind === 'recapture' && hcc === '226'),
    ).toBe(true);
    expect(now.gaps.some(({ direction }: { direction: string }) => direction === 'delete')).toBe(true);
  });
});
