import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history, LOCATOR } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

describePostgres('queries, submissions and two-way reviews', () => {
  const stored = storedApp();
  const { get, post } = stored;
  const keys = { coder: '', lead: '', otherLead: '', provider: '', foreign: '', submitter: '' };
  let tenantId = '';
  let member = '';
  let recapture = { gapId: '', version: 0 };

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    keys.coder = await stored.key(tenantId, 'coder');
    keys.lead = await stored.key(tenantId, 'lead');
    keys.otherLead = await stored.key(tenantId, 'lead');
    keys.submitter = await stored.key(tenantId, 'submitter');
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    keys.foreign = await stored.key(tenantId, 'provider', { npi: '9999999999' });
    const withIcn = { ...history('M-1') };
    withIcn.encounters = withIcn.encounters.map((encounter) => ({
      ...encounter,
      icn: `ICN-${encounter.encounterId}`,
    }));
    const members = await stored.load(tenantId, [withIcn]);
    member = members.get('M-1') ?? '';
    const page = await get(keys.lead, '/v1/worklists/prospective?kind=recapture');
    recapture = page.items[0];
  });

  test('a question is drafted from the record, linted, sent, and moves its gap', async () => {
    const answer = await post(keys.coder, '/v1/queries', { gapId: recapture.gapId, send: true });
    expect(answer.statusCode).toBe(201);
    const query = answer.json();
    expect(query).toMatchObject({ status: 'sent', providerNpi: '1234567893' });
    expect(query.content.text).toMatch(/\?/);
    expect(JSON.stringify(query.content)).not.toMatch(/HCC|RAF|I50/);
    expect(await get(keys.lead, `/v1/gaps/${recapture.gapId}`)).toMatchObject({ workflowStatus: 'queried' });
  });

  test('an edit that leads or speaks of money is refused, with the rule and the place', async () => {
    const answer = await post(keys.coder, '/v1/queries', {
      gapId: recapture.gapId,
      edit: { question: 'Please document heart failure to improve the risk score' },
    });
    expect(answer.statusCode).toBe(422);
    const { errors } = answer.json();
    const codes = errors.map(({ code }: { code: string }) => code);
    expect(codes).toContain('CQ-1');
    expect(codes).toContain('CQ-5');
    const of = (rule: string) => errors.find(({ code }: { code: string }) => code === rule);
    expect(of('CQ-5')).toMatchObject({
      pointer: '/edit/question',
      value: [{ words: 'risk score', start: 45, end: 55 }],
    });
    expect(of('CQ-3').value).toEqual([{ words: 'heart failure', start: 16, end: 29 }]);
  });

  test('a gap has one open query: a second is refused, names the first, and waits until that one ended', async () => {
    const [first] = (await get(keys.coder, `/v1/queries?gapId=${recapture.gapId}`)).items;
    for (const body of [{ gapId: recapture.gapId }, { gapId: recapture.gapId, send: true }]) {
      const second = await post(keys.lead, '/v1/queries', body);
      expect(second.statusCode).toBe(409);
      expect(second.json()).toMatchObject({
        type: '/problems/conflict',
        openQuery: { queryId: first.queryId, status: 'sent', version: first.version },
      });
    }
    expect((await get(keys.coder, `/v1/queries?gapId=${recapture.gapId}`)).items).toHaveLength(1);
    const gone = await post(keys.coder, `/v1/queries/${first.queryId}/withdraw`, undefined, first.version);
    expect(gone.json()).toMatchObject({ status: 'withdrawn', version: first.version + 1 });
    expect(gone.headers.etag).toBe(`"${first.version + 1}"`);
    expect(await get(keys.lead, `/v1/gaps/${recapture.gapId}`)).toMatchObject({
      workflowStatus: 'in_review',
    });
    const both = await Promise.all(
      [keys.coder, keys.lead].map((key) => post(key, '/v1/queries', { gapId: recapture.gapId })),
    );
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409]);
    const draft = both.find(({ statusCode }) => statusCode === 201)?.json();
    const url = `/v1/queries/${draft.queryId}/send`;
    expect((await post(keys.coder, url)).statusCode).toBe(428);
    const stale = await post(keys.coder, url, undefined, 7);
    expect(stale.json()).toMatchObject({
      type: '/problems/version-conflict',
      current: { queryId: draft.queryId, status: 'draft', version: 1 },
    });
    const sent = await post(keys.coder, url, undefined, 1);
    expect(sent.headers.etag).toBe('"2"');
    const again = await post(keys.coder, url, undefined, 2);
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({
      type: '/problems/conflict',
      current: { status: 'sent', version: 2 },
    });
  });

  test('the provider asked answers verbatim; another one does not see the query', async () => {
    const [query] = (await get(keys.provider, '/v1/queries?status=sent')).items;
    expect((await get(keys.foreign, '/v1/queries')).items).toEqual([]);
    const url = `/v1/queries/${query.queryId}`;
    expect((await stored.call(keys.foreign, { url })).statusCode).toBe(404);
    const [kind] = query.content.options.map((option: { kind: string }) => option.kind);
    const body = { kind: kind ?? 'other', text: 'Stable, seen today.', credentials: 'MD' };
    expect((await post(keys.provider, `${url}/answer`, body)).statusCode).toBe(428);
    const answered = await post(keys.provider, `${url}/answer`, body, query.version);
    expect(answered.statusCode).toBe(200);
    expect(answered.json()).toMatchObject({ status: 'answered', answer: body });
    expect(answered.headers.etag).toBe(`"${query.version + 1}"`);
    const late = await post(keys.provider, `${url}/answer`, body, query.version);
    expect(late.json()).toMatchObject({
      type: '/problems/version-conflict',
      current: { status: 'answered', version: query.version + 1 },
    });
    expect(late.body).not.toMatch(/HCC|RAF|I50/);
    expect((await post(keys.provider, `${url}/answer`, body, query.version + 1)).statusCode).toBe(409);
    expect((await post(keys.coder, `${url}/withdraw`, undefined, query.version + 1)).statusCode).toBe(409);
    expect(await get(keys.lead, `/v1/gaps/${recapture.gapId}`)).toMatchObject({
      workflowStatus: 'in_review',
    });
  });

  test('an add is approved by someone else, held until the encounter is reviewed both ways, then released', async () => {
    const { version } = await get(keys.coder, `/v1/gaps/${recapture.gapId}`);
    const add = await post(
      keys.lead,
      `/v1/gaps/${recapture.gapId}/transitions`,
      {
        to: 'captured',
        reason: 'add_supported',
        code: 'I50.22',
        encounterId: 'E3',
        meat: ['assessed', 'treated'],
        locator: LOCATOR,
      },
      version,
    );
    expect(add.statusCode).toBe(200);
    const [pending] = (await get(keys.lead, '/v1/submissions?status=pending')).items;
    expect(pending).toMatchObject({ action: 'add', code: 'I50.22', icn: 'ICN-E3', memberId: 'M-1' });
    expect(pending.evidence).toMatchObject({ locator: LOCATOR, meat: ['assessed', 'treated'], hcc: '226' });

    const url = `/v1/submissions/${pending.submissionId}`;
    expect((await post(keys.lead, `${url}/approve`, undefined, pending.version)).statusCode).toBe(403);
    const approved = await post(keys.otherLead, `${url}/approve`, undefined, pending.version);
    expect(approved.json()).toMatchObject({ status: 'approved' });

    const release = () => post(keys.otherLead, '/v1/submissions/release', {});
    expect((await release()).json()).toMatchObject({
      controlTotals: { records: 0 },
      held: [{ submissionId: pending.submissionId, reason: 'review_incomplete' }],
    });

    const review = (
      await post(keys.coder, '/v1/reviews/lookup', { memberKey: member, encounterId: 'E3' })
    ).json();
    expect(review.complete).toBe(false);
    expect(review.submitted.map(({ hcc }: { hcc: string }) => hcc)).toEqual(['38', '249']);
    const marks = [
      { model: 'cms-hcc-v28', hcc: '38', mark: 'supported' },
      { model: 'cms-hcc-v28', hcc: '249', mark: 'not_reviewed' },
    ];
    const bare = await post(keys.coder, '/v1/reviews', { memberKey: member, encounterId: 'E3', marks });
    expect(bare.statusCode).toBe(400);
    marks[1] = { ...marks[1], reason: 'page missing' } as (typeof marks)[0];
    const marked = await post(keys.coder, '/v1/reviews', { memberKey: member, encounterId: 'E3', marks });
    expect(marked.json().complete).toBe(true);
    const stray = await post(keys.coder, '/v1/reviews', {
      memberKey: member,
      encounterId: 'E3',
      marks: [{ model: 'cms-hcc-v28', hcc: '1', mark: 'supported' }],
    });
    expect(stray.statusCode).toBe(422);

    const released = (await release()).json();
    expect(released).toMatchObject({
      controlTotals: { records: 1, adds: 1, deletes: 0, members: 1 },
      held: [],
    });
    const csv = await stored.call(keys.submitter, {
      url: `/v1/submissions?releaseId=${released.releaseId}`,
      headers: { accept: 'text/csv' },
    });
    expect(csv.headers['x-control-totals']).toBe('records=1, adds=1, deletes=0, members=1');
    expect(csv.headers['x-control-sha256']).toBe(released.controlTotals.sha256);
    expect(csv.body.trim().split('\r\n')).toHaveLength(2);
    const done = await post(
      keys.submitter,
      `${url}/response`,
      { outcome: 'accepted' },
      approved.json().version + 1,
    );
    expect(done.json()).toMatchObject({ status: 'accepted' });
  });
});
