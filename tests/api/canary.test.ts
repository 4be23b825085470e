import { beforeAll, expect, test } from 'vitest';
import { ACCESS, type OperationId, type Role } from '../../src/api/roles.ts';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

/** Values that no line of ours may hold: the plan's id, the words of notes and answers, a rare code, a birth date. */
const CANARIES = [
  'ZZ-CANARY-MEMBER-88461',
  'ZZ-CANARY-NOTE',
  'ZZ-CANARY-COMMENT',
  'ZZ-CANARY-ANSWER',
  'ZZ-CANARY-REASON',
  'E75.22',
  'E7522',
  '1931-07-19',
] as const;
const [MEMBER, NOTE, COMMENT, ANSWER, REASON, CODE, , BIRTH] = CANARIES;
const LOCATOR = { documentId: 'note-1', versionHash: 'sha256:aa', section: 'assessment', quote: NOTE };

describePostgres('values of people, planted and looked for everywhere', () => {
  const stored = storedApp();
  const keys = new Map<Role, string>();
  const errors: string[] = [];
  const addresses: string[] = [];
  let calls = 0;

  const call = async (
    role: Role,
    method: 'GET' | 'POST',
    url: string,
    payload?: object,
    version?: number,
  ) => {
    const answer = await stored.call(keys.get(role) ?? '', {
      method,
      url,
      headers: version === undefined ? {} : { 'if-match': `"${version}"` },
      ...(payload ? { payload } : {}),
    });
    calls += 1;
    addresses.push(String(answer.headers.link ?? ''), String(answer.headers.location ?? ''));
    if (answer.statusCode >= 400) errors.push(answer.body);
    return answer;
  };

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    const roles: readonly Role[] = ['coder', 'lead', 'auditor', 'analyst', 'submitter', 'admin'];
    for (const role of roles) keys.set(role, await stored.key(tenantId, role));
    keys.set('provider', await stored.key(tenantId, 'provider', { npi: '1234567893' }));
    const person = { ...history(MEMBER), birthDate: BIRTH };
    person.encounters = person.encounters.map((one) => ({
      ...one,
      diagnoses: [...one.diagnoses, { code: CODE }],
    }));
    await stored.load(tenantId, [person]);
  });

  test('the whole day is driven, with every step that can fail', async () => {
    const found = (await call('coder', 'POST', '/v1/members/lookup', { memberId: MEMBER })).json();
    const memberKey = found.memberKey ?? found.items?.[0]?.memberKey ?? '';
    for (const part of ['', '/history', '/raf', '/gaps', '/timeline']) {
      await call('lead', 'GET', `/v1/members/${memberKey}${part}`);
    }
    await call('lead', 'POST', '/v1/members/lookup', { memberId: `${MEMBER}-unknown` });
    const list = (await call('lead', 'GET', '/v1/worklists/prospective?kind=recapture&limit=1')).json();
    const [gap] = list.items;
    const move = (body: object, version: number) =>
      call('coder', 'POST', `/v1/gaps/${gap.gapId}/transitions`, body, version);
    const add = {
      to: 'captured',
      reason: 'add_supported',
      code: 'I50.22',
      encounterId: 'E3',
      meat: ['assessed'],
      locator: LOCATOR,
      comment: COMMENT,
    };
    await move({ ...add, locator: { ...LOCATOR, quote: NOTE.repeat(40) } }, gap.version);
    await move({ ...add, code: CODE }, gap.version);
    await move({ ...add, encounterId: NOTE }, gap.version);
    await move({ to: 'dismissed', reason: NOTE }, gap.version);
    await move({ to: 'dismissed', reason: 'override_unspecified', overrideReason: REASON }, gap.version);
    await move(add, gap.version + 7);
    const query = (await call('coder', 'POST', '/v1/queries', { gapId: gap.gapId, send: true })).json();
    await call('coder', 'POST', '/v1/queries', {
      gapId: gap.gapId,
      edit: { question: `${NOTE} please document` },
    });
    await call(
      'provider',
      'POST',
      `/v1/queries/${query.queryId}/answer`,
      { kind: 'nothing', text: ANSWER },
      1,
    );
    await call(
      'provider',
      'POST',
      `/v1/queries/${query.queryId}/answer`,
      { kind: query.content?.options?.[0]?.kind ?? 'other', text: ANSWER, credentials: 'MD' },
      query.version,
    );
    const now = (await call('coder', 'GET', `/v1/gaps/${gap.gapId}`)).json();
    await move(add, now.version);
    await call('lead', 'POST', '/v1/submissions/release', {});
    await call('lead', 'GET', `/v1/submissions?gapId=${gap.gapId}`);
    await call('auditor', 'POST', '/v1/audit-packets', {
      memberKey,
      hcc: gap.hcc,
      paymentYear: gap.paymentYear,
    });
    await call('analyst', 'POST', '/v1/analyses', { ...history(MEMBER), birthDate: BIRTH, surprise: NOTE });
    await call('analyst', 'POST', '/v1/analyses', { ...history(MEMBER), birthDate: BIRTH });
    await call('analyst', 'POST', '/v1/raf/score', { id: MEMBER, diagnoses: [CODE], paymentYear: 1900 });
    await call('admin', 'POST', `/v1/members/${memberKey}/erasure`, { rule: 'expired', reason: REASON });
    const cut = await stored.app().inject({
      method: 'POST',
      url: '/v1/analyses',
      headers: { 'x-api-key': keys.get('analyst') ?? '', 'content-type': 'application/json' },
      payload: `{"memberId":"${MEMBER}","birthDate":"${BIRTH}`,
    });
    errors.push(cut.body);
    await stored.app().inject({
      url: `/v1/members/${encodeURIComponent(MEMBER)}`,
      headers: { 'x-api-key': keys.get('lead') ?? '' },
    });
    expect(calls).toBeGreaterThan(25);
    expect(errors.length).toBeGreaterThan(8);
  }, 120_000);

  test('every route answers a body full of marked values', async () => {
    const document = (await stored.app().inject({ url: '/openapi.json' })).json();
    for (const [pattern, methods] of Object.entries<Record<string, { operationId: OperationId }>>(
      document.paths,
    )) {
      if (!pattern.startsWith('/v1/') || !('post' in methods)) continue;
      const { operationId } = methods.post ?? { operationId: 'analyze' };
      if (operationId === 'createBatch') continue;
      const allowed: readonly Role[] = ACCESS[operationId];
      const url = pattern
        .replace(/\{list\}/, 'prospective')
        .replace(/\{\w+\}/g, '00000000-0000-4000-8000-0000000000ab');
      const body = { memberId: MEMBER, birthDate: BIRTH, code: CODE, note: NOTE, comment: COMMENT };
      // A validation problem may say back to the sender the value at fault (security L-1), and nothing else.
      const answer = await call(allowed[0] ?? 'admin', 'POST', url, body, 1);
      const said = answer.statusCode === 400 ? errors.pop() : undefined;
      if (said) {
        const { errors: items = [], ...rest } = JSON.parse(said);
        errors.push(
          JSON.stringify(rest),
          ...items.map(
            ({ pointer, message }: { pointer: string; message: string }) => `${pointer} ${message}`,
          ),
        );
      }
    }
  }, 120_000);

  test('no marked value is in a log line, a metric, an error, an address or a queue row', async () => {
    const metrics = (await stored.app().inject({ url: '/metrics' })).body;
    const { rows: items } = await stored.scratch.admin.query<{ all: string | null }>(
      `select string_agg(to_jsonb(w)::text, E'\\n') as all from work_items w`,
    );
    const { rows: log } = await stored.scratch.admin.query<{ all: string | null }>(
      `select string_agg(to_jsonb(a)::text, E'\\n') as all from audit_log a`,
    );
    const places = {
      log: stored.log.join('\n'),
      metrics,
      errors: errors
        .map((body) => {
          try {
            const { errors: named, current: _current, ...rest } = JSON.parse(body);
            const items = (named ?? []).map(
              (item: { pointer: string; message: string }) => `${item.pointer} ${item.message}`,
            );
            return JSON.stringify(rest) + items.join('\n');
          } catch {
            return body;
          }
        })
        .join('\n'),
      addresses: addresses.join('\n'),
      queue: items[0]?.all ?? '',
      audit: log[0]?.all ?? '',
    };
    expect(places.log.length).toBeGreaterThan(1000);
    expect(places.audit.length).toBeGreaterThan(1000);
    const leaks = Object.entries(places).flatMap(([place, text]) =>
      CANARIES.filter((canary) => text.includes(canary)).map((canary) => {
        const at = text.indexOf(canary);
        return `${place}: ${text.slice(Math.max(0, at - 150), at + 60)}`;
      }),
    );
    expect(leaks).toEqual([]);
  });
});
