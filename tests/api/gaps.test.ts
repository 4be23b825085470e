import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Listed {
  readonly gapId: string;
  readonly kind: string;
  readonly hcc: string;
  readonly memberKey: string;
  readonly memberId: string;
  readonly version: number;
  readonly workflowStatus: string;
  readonly assignee: string | null;
}

const LOCATOR = { documentId: 'note-1', versionHash: 'sha256:aa', page: 2, quote: 'heart failure, stable' };

describePostgres('worklists and gaps', () => {
  const stored = storedApp();
  const keys = { coder: '', other: '', lead: '', provider: '', stranger: '', auditor: '' };
  let tenantId = '';
  let members: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    const elsewhere = await stored.scratch.tenant();
    keys.coder = await stored.key(tenantId, 'coder');
    keys.other = await stored.key(tenantId, 'coder');
    keys.lead = await stored.key(tenantId, 'lead');
    keys.auditor = await stored.key(tenantId, 'auditor');
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    keys.stranger = await stored.key(elsewhere, 'lead');
    members = await stored.load(tenantId, [history('M-1'), history('M-2')]);
  });

  const list = async (key: string, query = '', name = 'prospective') => {
    const answer = await stored.call(key, { url: `/v1/worklists/${name}${query}` });
    expect(answer.statusCode).toBe(200);
    return answer.json() as { items: Listed[]; next: string | null } & Record<string, unknown>;
  };
  const one = async (kind: string, name = 'prospective', member = 'M-1'): Promise<Listed> => {
    const { items } = await list(keys.lead, `?kind=${kind}&member=${members.get(member)}&limit=50`, name);
    const [found] = items;
    if (!found) throw new Error(`no ${kind} gap`);
    return found;
  };
  const move = (key: string, gapId: string, version: number | null, payload: object) =>
    stored.call(key, {
      method: 'POST',
      url: `/v1/gaps/${gapId}/transitions`,
      headers: version === null ? {} : { 'if-match': `"${version}"` },
      payload,
    });

  test('a gap read again is 304 while it is the same, and its ETag is good for a decision', async () => {
    const { gapId, version } = await one('recapture', 'prospective', 'M-2');
    const url = `/v1/gaps/${gapId}`;
    const first = await stored.call(keys.lead, { url });
    const etag = String(first.headers.etag);
    expect(etag).toMatch(new RegExp(`^"${version}-[0-9a-f]{16}"$`));
    const again = (tags: string, key = keys.lead) =>
      stored.call(key, { url, headers: { 'if-none-match': tags } });
    for (const tags of [etag, `W/${etag}`, `"1-0", ${etag}`, '*']) {
      const same = await again(tags);
      expect([same.statusCode, same.body, same.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await again(`"${version}"`)).statusCode).toBe(200);
    // Another role sees another answer.
    expect((await again(etag, keys.provider)).statusCode).toBe(200);
    const step = await stored.call(keys.lead, {
      method: 'POST',
      url: `${url}/transitions`,
      headers: { 'if-match': etag },
      payload: { to: 'in_review' },
    });
    expect([step.statusCode, step.headers.etag]).toEqual([200, `"${version + 1}"`]);
    expect((await again(etag)).statusCode).toBe(200);
    await move(keys.lead, gapId, version + 1, { to: 'open' });
  });

  test('a page holds gaps with both statuses, the year state and our own member keys', async () => {
    const page = await list(keys.lead, '?kind=recapture&paymentYear=2027');
    expect(page.items.map(({ memberId }) => memberId).sort()).toEqual(['M-1', 'M-2']);
    // Nobody has touched the gap of the first member; the two are equal in priority, so either may lead.
    expect(page.items.find(({ memberId }) => memberId === 'M-1')).toMatchObject({
      hcc: '226',
      status: 'open',
      workflowStatus: 'open',
      version: 1,
      contractId: 'H0001',
      nextAppointment: '2026-12-04',
    });
    expect(page.yearStates).toEqual([
      {
        paymentYear: 2027,
        dosYear: 2026,
        yearState: 'prospective_open',
        finalDeadline: '2028-01-31',
        daysLeft: 38,
      },
    ]);
  });

  test('pages follow one another without gaps or repeats', async () => {
    const whole = await list(keys.lead, '?limit=100');
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: Listed[]; next: string | null } = await list(
        keys.lead,
        `?limit=1${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...page.items.map(({ gapId }) => gapId));
      cursor = page.next;
    } while (cursor !== null);
    expect(seen).toEqual(whole.items.map(({ gapId }) => gapId));
    expect(seen.length).toBeGreaterThan(1);
  });

  test.each(['dueBy', 'appointment'])(
    'pages by %s are in order, and a cursor keeps to its order',
    async (sort) => {
      const whole = await list(keys.lead, `?sort=${sort}&limit=100`);
      const first = await list(keys.lead, `?sort=${sort}&limit=1`);
      const second = await list(keys.lead, `?sort=${sort}&limit=1&cursor=${first.next}`);
      expect([...first.items, ...second.items].map(({ gapId }) => gapId)).toEqual(
        whole.items.slice(0, 2).map(({ gapId }) => gapId),
      );
      const mixed = await stored.call(keys.lead, { url: `/v1/worklists/prospective?cursor=${first.next}` });
      expect(mixed.statusCode).toBe(400);
    },
  );

  test('totals are signed and show deletes although only adds are filtered', async () => {
    const page = await list(keys.lead, '?kind=documented_not_coded&totals=true', 'retrospective');
    expect(page.items).toEqual([]);
    const { byDirection, net } = page.totals as {
      byDirection: { direction: string; gaps: number; standalone: number }[];
      net: { standalone: number };
    };
    const deletes = byDirection.find(({ direction }) => direction === 'delete');
    expect(deletes?.gaps).toBe(2);
    expect(deletes?.standalone).toBeLessThan(0);
    expect(net.standalone).toBe(
      byDirection.reduce((sum, row) => sum + Math.round(row.standalone * 1000), 0) / 1000,
    );
  });

  test('CSV is asked for by Accept; a cursor of another list is refused', async () => {
    const csv = await stored.call(keys.lead, {
      url: '/v1/worklists/prospective?limit=1',
      headers: { accept: 'text/csv' },
    });
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.body.split('\r\n')[0]).toContain('gapId,memberKey,memberId,paymentYear');
    expect(csv.headers.link).toMatch(/rel="next"$/);
    const coder = await stored.call(keys.coder, {
      url: '/v1/worklists/prospective',
      headers: { accept: 'text/csv' },
    });
    expect(coder.body.split('\r\n')[0]).not.toContain('impact');
    const next = (await list(keys.lead, '?limit=1')).next;
    const wrong = await stored.call(keys.lead, { url: `/v1/worklists/retrospective?cursor=${next}` });
    expect(wrong.json().type).toBe('/problems/bad-cursor');
    const picture = await stored.call(keys.lead, {
      url: '/v1/worklists/prospective',
      headers: { accept: 'image/png' },
    });
    expect(picture.statusCode).toBe(406);
  });

  test('the provider sees its own patients, without codes, HCCs, tiers or RAF; no deletes', async () => {
    const page = await list(keys.provider);
    expect(page.items.length).toBeGreaterThan(0);
    const text = JSON.stringify(page);
    expect(text).not.toMatch(/"(hcc|hccLabel|candidateCodes|confidence|impact|priority|explanation)"/);
    const foreign = await stored.key(tenantId, 'provider', { npi: '9999999999' });
    expect((await list(foreign)).items).toEqual([]);
    for (const [key, status, found] of [
      [keys.provider, 200, 1],
      [foreign, 404, 0],
    ] as const) {
      const gaps = await stored.call(key, { url: `/v1/members/${members.get('M-1')}/gaps` });
      expect(gaps.statusCode).toBe(status);
      const lookup = await stored.call(key, {
        method: 'POST',
        url: '/v1/members/lookup',
        payload: { memberIds: ['M-1'] },
      });
      expect(lookup.json().items).toHaveLength(found);
    }
    const { gapId } = await one('over_coding', 'retrospective');
    expect((await stored.call(keys.provider, { url: `/v1/gaps/${gapId}` })).statusCode).toBe(404);
    const retrospective = await stored.call(keys.provider, { url: '/v1/worklists/retrospective' });
    expect(retrospective.statusCode).toBe(403);
  });

  test('a key limited to other contracts finds nothing', async () => {
    const limited = await stored.key(tenantId, 'coder', { contracts: ['H9999'] });
    expect((await list(limited)).items).toEqual([]);
    const { gapId, memberKey } = await one('recapture');
    expect((await stored.call(limited, { url: `/v1/gaps/${gapId}` })).statusCode).toBe(404);
    expect((await stored.call(limited, { url: `/v1/members/${memberKey}` })).statusCode).toBe(404);
  });

  test('two coders who claim at once get different gaps', async () => {
    const claim = (key: string) =>
      stored.call(key, {
        method: 'POST',
        url: '/v1/worklists/prospective/claim?kind=recapture',
        payload: { count: 1 },
      });
    const [first, second] = await Promise.all([claim(keys.coder), claim(keys.other)]);
    const ids = [first, second].flatMap((answer) =>
      (answer.json().items as Listed[]).map(({ gapId }) => gapId),
    );
    expect(new Set(ids).size).toBe(2);
    expect(first.json().until).toBe('2026-11-23T20:00:00.000Z');
    const mine = await list(keys.coder, '?assignee=me');
    expect(mine.items).toHaveLength(1);
    const empty = await claim(keys.coder);
    expect(empty.json().items).toEqual([]);
  });

  test('a gap has its version as ETag; a move needs it, and an old one is 409 with the newer state', async () => {
    const { gapId } = await one('recapture', 'prospective', 'M-2');
    const got = await stored.call(keys.coder, { url: `/v1/gaps/${gapId}` });
    const { version } = got.json() as Listed;
    expect(got.headers.etag).toMatch(new RegExp(`^"${version}-[0-9a-f]{16}"$`));
    const without = await move(keys.coder, gapId, null, { to: 'open' });
    expect(without.statusCode).toBe(428);
    const moved = await move(keys.coder, gapId, version, { to: 'open' });
    expect(moved.statusCode).toBe(200);
    expect(moved.json()).toMatchObject({ workflowStatus: 'open', version: version + 1, assignee: null });
    const late = await move(keys.other, gapId, version, { to: 'in_review' });
    expect(late.statusCode).toBe(409);
    expect(late.json()).toMatchObject({
      type: '/problems/version-conflict',
      current: { gapId, version: version + 1, workflowStatus: 'open' },
    });
    expect(late.json().current.impact).toBeUndefined();
  });

  test('an add without encounter, locator or MEAT is 422; with them it waits for submission', async () => {
    const { gapId, version } = await one('recapture', 'prospective', 'M-2');
    const add = {
      to: 'captured',
      reason: 'add_supported',
      code: 'I50.22',
      meat: ['assessed'],
      locator: LOCATOR,
    };
    const bare = await move(keys.coder, gapId, version, { ...add, locator: null, meat: [] });
    expect(bare.statusCode).toBe(422);
    expect(bare.json()).toMatchObject({ type: '/problems/evidence-required' });
    expect(bare.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/encounterId',
      '/locator',
      '/meat',
    ]);
    const foreign = await move(keys.coder, gapId, version, { ...add, encounterId: 'E-none' });
    expect(foreign.statusCode).toBe(422);
    const lastYear = await move(keys.coder, gapId, version, { ...add, encounterId: 'E1' });
    expect(lastYear.statusCode).toBe(422);
    expect(lastYear.json().detail).toBe('the encounter is not of the service year 2026');
    const longQuote = { ...LOCATOR, quote: 'x'.repeat(201) };
    expect((await move(keys.coder, gapId, version, { ...add, locator: longQuote })).statusCode).toBe(400);
    const done = await move(keys.coder, gapId, version, { ...add, encounterId: 'E3' });
    expect(done.statusCode).toBe(200);
    expect(done.json()).toMatchObject({ workflowStatus: 'captured', workflowReason: 'add_supported' });
    const { rows } = await stored.scratch.admin.query(
      'select action, code, encounter_id, status from submissions where gap_id = $1',
      [gapId],
    );
    expect(rows).toEqual([{ action: 'add', code: 'I5022', encounter_id: 'E3', status: 'pending' }]);
    const events = await stored.call(keys.auditor, { url: `/v1/gaps/${gapId}/events` });
    expect(events.json().items.at(-1)).toMatchObject({
      type: 'transition',
      toStatus: 'captured',
      reason: 'add_supported',
      role: 'coder',
      detail: { encounterId: 'E3', code: 'I50.22', meat: ['assessed'], locator: LOCATOR },
    });
  });

  test('an unsupported finding starts the clock and is approved by someone else', async () => {
    const { gapId, version } = await one('over_coding', 'retrospective');
    const found = await move(keys.lead, gapId, version, {
      to: 'in_review',
      reason: 'mark_unsupported',
      comment: 'no stroke in any note of the year',
    });
    expect(found.statusCode).toBe(200);
    expect(found.json()).toMatchObject({ workflowStatus: 'in_review', workingDeadline: '2028-03-31' });
    const own = await move(keys.lead, gapId, version + 1, { to: 'captured', reason: 'approve_delete' });
    expect(own.statusCode).toBe(403);
    const secondLead = await stored.key(tenantId, 'lead');
    const approved = await move(secondLead, gapId, version + 1, { to: 'captured', reason: 'approve_delete' });
    expect(approved.statusCode).toBe(200);
    const { rows } = await stored.scratch.admin.query(
      'select action, code, status from submissions where gap_id = $1',
      [gapId],
    );
    expect(rows).toEqual([{ action: 'delete', code: 'I639', status: 'approved' }]);
  });

  test('an unspecified code with detail on record is kept only with a reason (409 without)', async () => {
    const detailed = {
      ...history('M-5'),
      conditions: [
        {
          code: 'F32.1',
          source: 'note',
          encounterId: 'E3',
          recorded: '2026-05-05',
          clinicalStatus: 'active',
          verification: 'confirmed',
          meat: ['assessed'],
          signed: true,
        },
      ],
    };
    members = await stored.load(tenantId, [detailed]);
    const { gapId, version } = await one('specificity', 'retrospective', 'M-5');
    const keep = { to: 'captured', reason: 'add_supported', code: 'F32.A', encounterId: 'E3' };
    const asAdd = await move(keys.coder, gapId, version, { ...keep, meat: ['assessed'], locator: LOCATOR });
    const override = { to: 'dismissed', reason: 'override_unspecified' };
    const bare = await move(keys.coder, gapId, version, override);
    for (const answer of [asAdd, bare]) {
      expect(answer.statusCode).toBe(409);
      expect(answer.json().type).toBe('/problems/override-required');
    }
    const done = await move(keys.coder, gapId, version, {
      ...override,
      overrideReason: 'severity not stated',
    });
    expect(done.json()).toMatchObject({ workflowStatus: 'dismissed' });
    const { items } = (await stored.call(keys.lead, { url: `/v1/gaps/${gapId}/events` })).json();
    expect(items.at(-1).detail.overrideReason).toBe('severity not stated');
  });

  test('a move that the table does not have is 409; a role without the right is 403', async () => {
    const { gapId, version } = await one('recapture', 'prospective', 'M-1');
    const wrong = await move(keys.coder, gapId, version, { to: 'captured', reason: 'approve_delete' });
    expect(wrong.statusCode).toBe(403);
    expect((await move(keys.auditor, gapId, version, { to: 'open' })).statusCode).toBe(403);
    const illegal = await move(keys.coder, gapId, version, {
      to: 'dismissed',
      reason: 'mark_supported',
      encounterId: 'E3',
      meat: ['assessed'],
      locator: LOCATOR,
    });
    expect(illegal.statusCode).toBe(409);
    expect(illegal.json().type).toBe('/problems/illegal-transition');
  });

  test('the same Idempotency-Key gives the same answer once more; another body is refused', async () => {
    const { gapId, version } = await one('recapture', 'prospective', 'M-1');
    const send = (payload: object) =>
      stored.call(keys.coder, {
        method: 'POST',
        url: `/v1/gaps/${gapId}/transitions`,
        headers: { 'if-match': `"${version}"`, 'idempotency-key': 'move-1' },
        payload,
      });
    const body = { to: 'open', reason: 'defer', comment: 'waits for the note' };
    const first = await send(body);
    const again = await send(body);
    expect([first.statusCode, again.statusCode]).toEqual([200, 200]);
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    const other = await send({ ...body, comment: 'other words' });
    expect(other.statusCode).toBe(422);
    expect(other.json().type).toBe('/problems/idempotency-mismatch');
  });

  test("another tenant's gaps, members and batches do not exist", async () => {
    const { gapId, memberKey, version } = await one('recapture');
    const nowhere = '00000000-0000-4000-8000-00000000dead';
    for (const path of [`/v1/gaps/${gapId}`, `/v1/gaps/${gapId}/events`]) {
      const answer = await stored.call(keys.stranger, { url: path });
      expect(answer.statusCode).toBe(404);
      const missing = await stored.call(keys.stranger, { url: path.replace(gapId, 'g-none') });
      expect({ ...missing.json(), instance: '' }).toEqual({ ...answer.json(), instance: '' });
    }
    for (const end of ['', '/history', '/raf', '/gaps', '/timeline']) {
      const answer = await stored.call(keys.stranger, { url: `/v1/members/${memberKey}${end}` });
      const missing = await stored.call(keys.stranger, { url: `/v1/members/${nowhere}${end}` });
      expect([answer.statusCode, missing.statusCode]).toEqual([404, 404]);
      expect({ ...missing.json(), instance: '' }).toEqual({ ...answer.json(), instance: '' });
    }
    expect((await move(keys.stranger, gapId, version, { to: 'in_review' })).statusCode).toBe(404);
    expect((await list(keys.stranger)).items).toEqual([]);
    const found = await stored.call(keys.stranger, {
      method: 'POST',
      url: '/v1/members/lookup',
      payload: { memberIds: ['M-1'] },
    });
    expect(found.json()).toEqual({ items: [] });
  });

  test('a member has history, scores with every factor, gaps and a timeline', async () => {
    const found = await stored.call(keys.lead, {
      method: 'POST',
      url: '/v1/members/lookup',
      payload: { memberIds: ['M-1', 'M-none'] },
    });
    expect(found.json().items).toEqual([{ memberId: 'M-1', memberKey: members.get('M-1') }]);
    const base = `/v1/members/${members.get('M-1')}`;
    const get = async (end: string) => (await stored.call(keys.lead, { url: base + end })).json();
    expect(await get('')).toMatchObject({ memberId: 'M-1', sex: 'F', quarantined: false });
    expect((await get('/history')).encounters).toHaveLength(3);
    const raf = await get('/raf?paymentYear=2027');
    expect(raf.items[0]).toMatchObject({ paymentYear: 2027, model: 'cms-hcc-v28', segment: 'CNA' });
    expect(raf.items[0].raf.current.factors.length).toBeGreaterThan(1);
    expect((await get('/gaps?paymentYear=2027')).items.length).toBeGreaterThan(1);
    expect((await get('/timeline')).items.length).toBeGreaterThan(1);
    const coder = await stored.call(keys.coder, { url: `${base}/raf` });
    expect(coder.json().items[0].raf).toBeUndefined();
  });

  test('every read and write of people is in the audit log, whose chain holds', async () => {
    const actions = new Set<string>();
    for (const memberKey of members.values()) {
      const log = await stored.call(keys.auditor, { url: `/v1/audit?memberKey=${memberKey}&limit=500` });
      for (const { action } of log.json().items as { action: string }[]) actions.add(action);
    }
    for (const action of [
      'getWorklist',
      'getGap',
      'moveGap',
      'claimGaps',
      'getMemberHistory',
      'lookUpMember',
    ]) {
      expect(actions).toContain(action);
    }
    const verified = await stored.call(keys.auditor, { url: '/v1/audit/verify' });
    expect(verified.json()).toMatchObject({ ok: true, broken: null });
    expect((await stored.call(keys.coder, { url: '/v1/audit' })).statusCode).toBe(403);
  });

  test('no log line names a member of the plan', () => {
    const text = stored.log.join('');
    expect(text).not.toContain('M-1');
    expect(text).not.toContain('1948-03-02');
    expect(text).not.toContain('heart failure, stable');
  });
});
