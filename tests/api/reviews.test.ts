import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

const LOCATOR = { documentId: 'note-1', versionHash: 'sha256:aa', section: 'assessment' };

describePostgres('queries, submissions and two-way reviews', () => {
  const stored = storedApp();
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

  const get = async (key: string, url: string) => (await stored.call(key, { url })).json();
  const post = (key: string, url: string, payload?: object, version?: number) =>
    stored.call(key, {
      method: 'POST',
      url,
      headers: version === undefined ? {} : { 'if-match': `"${version}"` },
      ...(payload ? { payload } : {}),
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
    const codes = answer.json().errors.map(({ code }: { code: string }) => code);
    expect(codes).toContain('CQ-1');
    expect(codes).toContain('CQ-5');
  });

  test('the provider asked answers verbatim; another one does not see the query', async () => {
    const [query] = (await get(keys.provider, '/v1/queries')).items;
    expect((await get(keys.foreign, '/v1/queries')).items).toEqual([]);
    const url = `/v1/queries/${query.queryId}`;
    expect((await stored.call(keys.foreign, { url })).statusCode).toBe(404);
    const [kind] = query.content.options.map((option: { kind: string }) => option.kind);
    const body = { kind: kind ?? 'other', text: 'Stable, seen today.', credentials: 'MD' };
    expect((await post(keys.provider, `${url}/answer`, body)).statusCode).toBe(428);
    const answered = await post(keys.provider, `${url}/answer`, body, query.version);
    expect(answered.statusCode).toBe(200);
    expect(answered.json()).toMatchObject({ status: 'answered', answer: body });
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
