import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { ADD_SUPPORTED, history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

describePostgres('programme reports', () => {
  const stored = storedApp();
  const { get, post } = stored;
  const keys = { coder: '', lead: '', provider: '', foreign: '', analyst: '' };

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    for (const role of ['coder', 'lead', 'analyst'] as const) keys[role] = await stored.key(tenantId, role);
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    keys.foreign = await stored.key(tenantId, 'provider', { npi: '9999999999' });
    const people = Array.from({ length: 12 }, (_, index) => history(`K-${index}`));
    // Two of them had their heart failure assessed this year: closed by a service in May.
    for (const person of people.slice(0, 2)) {
      person.encounters = person.encounters.map((one) =>
        one.encounterId === 'E3' ? { ...one, diagnoses: [...one.diagnoses, { code: 'I50.22' }] } : one,
      );
    }
    await stored.load(tenantId, people);
    await stored.scratch.admin.query('select 1');
    const { items } = await get(keys.lead, '/v1/worklists/prospective?kind=recapture');
    const decide = async (index: number, body: object) => {
      const { gapId, version } = items[index];
      await post(keys.coder, `/v1/gaps/${gapId}/transitions`, body, version);
      const [review] = (await get(keys.lead, `/v1/second-reviews?gapId=${gapId}`)).items;
      await post(
        keys.lead,
        `/v1/second-reviews/${review.reviewId}/verdict`,
        { verdict: 'agree' },
        review.version,
      );
    };
    await decide(0, ADD_SUPPORTED);
    await decide(1, ADD_SUPPORTED);
    await decide(2, { to: 'dismissed', reason: 'reject_not_documented' });
    const query = (await post(keys.coder, '/v1/queries', { gapId: items[3].gapId, send: true })).json();
    const kind =
      query.content.options.find((one: { kind: string }) => one.kind === 'present')?.kind ?? 'other';
    await post(
      keys.provider,
      `/v1/queries/${query.queryId}/answer`,
      { kind, text: 'Stable.', credentials: 'MD' },
      query.version,
    );
    await post(keys.coder, '/v1/queries', { gapId: items[4].gapId, send: true });
  });

  test('coders: what they decided and how much of it stood, with the reference lines', async () => {
    const report = await get(keys.lead, '/v1/analytics/coders');
    expect(report.referenceLines).toEqual({ sensitivity: 0.85, accuracy: 0.95 });
    expect(report.items).toMatchObject([
      {
        gaps: 3,
        adds: 2,
        refusals: 1,
        activeDays: 1,
        gapsPerDay: 3,
        accuracy: { numerator: 3, denominator: 3, smallSample: true },
      },
    ]);
    const hidden = await get(keys.lead, '/v1/analytics/coders?deidentified=true');
    expect(hidden.items).toMatchObject([{ coder: null, gaps: null, accuracy: null, gapsPerDay: null }]);
  });

  test('queries: volume, response, agreement, turnaround', async () => {
    const report = await get(keys.analyst, '/v1/analytics/queries?by=provider');
    expect(report.items).toMatchObject([
      {
        group: '1234567893',
        sent: 2,
        response: { numerator: 1, denominator: 2 },
        open: 1,
        noResponse: 0,
        medianHours: 0,
        leadingSuspected: false,
      },
    ]);
    const open = (await get(keys.coder, '/v1/queries?status=sent')).items[0];
    expect(open).toMatchObject({ outcome: null, reminders: 0 });
    expect((await post(keys.coder, `/v1/queries/${open.queryId}/remind`)).statusCode).toBe(409);
  });

  test('recapture year to date: nothing until the service of May, nothing received until August', async () => {
    const larger = await stored.scratch.tenant();
    const analyst = await stored.key(larger, 'analyst');
    const people = Array.from({ length: 212 }, (_, index) => history(`R-${index}`));
    for (const person of people.slice(0, 2)) person.encounters[2]?.diagnoses.push({ code: 'I50.22' });
    await stored.load(larger, people);
    await stored.scratch.admin.query(`update batches set created_at = '2026-08-15T10:00:00Z'`);
    const { items } = await get(analyst, '/v1/analytics/recapture/curve');
    const [v28] = items;
    // All of the population, however many pages it takes.
    expect(v28).toMatchObject({ model: 'cms-hcc-v28', members: 212 });
    const at = (until: string) => v28.points.find((point: { until: string }) => point.until === until);
    // Each member has diabetes, coded again in May, and heart failure: two pairs.
    expect(at('2026-04-30').closed).toMatchObject({ numerator: 0, denominator: 424 });
    expect(at('2026-05-31').closed).toMatchObject({ numerator: 214, denominator: 424 });
    expect(v28.points.at(-1)).toMatchObject({ until: '2026-11-23', closed: { numerator: 214 } });
    // The claims of May came in August: by receipt the pairs close then.
    expect(at('2026-07-31').closedByReceipt).toMatchObject({ numerator: 0, denominator: 424 });
    expect(at('2026-08-31').closedByReceipt).toMatchObject({ numerator: 214, denominator: 424 });
  });

  test('recapture says how many open pairs a visit of the next 60 days could answer', async () => {
    const tenant = await stored.scratch.tenant();
    const analyst = await stored.key(tenant, 'analyst');
    const people = ['2026-12-04', '2027-01-22', '2027-01-23', '2026-11-22'].map((date, index) => ({
      ...history(`V-${index}`),
      appointments: [{ date, provider: { npi: '1234567893' } }],
    }));
    await stored.load(tenant, people);
    // The sixtieth day counts, the one after it and the past do not.
    expect((await get(analyst, '/v1/analytics/recapture')).visitOpportunity).toMatchObject({
      numerator: 2,
      denominator: 4,
      rate: 0.5,
      smallSample: true,
    });
  });

  test('coding patterns: a provider sees its own line, the lead all, the analyst none', async () => {
    const url = '/v1/analytics/coding-patterns';
    const [own] = (await get(keys.provider, url)).items;
    expect(own).toMatchObject({ npi: '1234567893', specialty: '11', peers: null });
    expect((await get(keys.foreign, url)).items).toEqual([]);
    expect((await get(keys.lead, url)).items).toHaveLength(1);
    expect((await stored.call(keys.analyst, { url })).statusCode).toBe(403);
  });

  test('backlog and review yield show adds and deletes beside one another', async () => {
    const { items } = await get(keys.analyst, '/v1/analytics/backlog');
    const directions = new Set(items.map(({ direction }: { direction: string }) => direction));
    expect(directions).toContain('delete');
    expect(directions).toContain('add');
    const yielded = await get(keys.analyst, '/v1/analytics/review-yield');
    expect(yielded).toMatchObject({
      adds: 2,
      deletes: 0,
      deletesPerAdd: 0,
      oneSided: false,
      linkRate: { numerator: 0, denominator: 2 },
    });
  });

  test('the Safe Harbor export holds nothing that names a person or a day', async () => {
    const answer = await stored.call(keys.analyst, {
      url: '/v1/analytics/deidentified',
      headers: { accept: 'text/csv' },
    });
    const [header, ...rows] = answer.body.trim().split('\r\n');
    expect(header).toBe('age,sex,paymentYear,model,segment,rawScore,hccs');
    expect(rows).toHaveLength(12);
    expect(answer.body).not.toMatch(/K-\d|1948|\d{4}-\d{2}-\d{2}|H0001|1234567893/);
    expect(rows[0]).toMatch(/^78,F,2027,cms-hcc-v28,CNA,/);
    const small = await stored.call(keys.analyst, { url: '/v1/analytics/deidentified?limit=5' });
    expect(small.statusCode).toBe(422);
  });
});
