import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Fault {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly value?: unknown;
}

describePostgres('a refusal names the place, the value and the reason', () => {
  const stored = storedApp();
  let coder = '';
  let submitter = '';
  let gap = { gapId: '', version: 0 };

  beforeAll(async () => {
    const tenantId = await stored.scratch.tenant();
    coder = await stored.key(tenantId, 'coder');
    submitter = await stored.key(tenantId, 'submitter');
    await stored.load(tenantId, [history('M-1')]);
    const list = await stored.call(coder, { url: '/v1/worklists/prospective?kind=recapture' });
    gap = list.json().items[0];
  });

  const move = (payload: object, headers: Record<string, string> = {}) =>
    stored.call(coder, {
      method: 'POST',
      url: `/v1/gaps/${gap.gapId}/transitions`,
      headers: { 'if-match': `"${gap.version}"`, ...headers },
      payload,
    });
  const faults = (answer: { json(): { errors: readonly Fault[] } }) => answer.json().errors;

  test('a capture without anything lacks its reason and its evidence (compliance C-3)', async () => {
    const answer = await move({ to: 'captured' });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      type: '/problems/evidence-required',
      detail: 'moving to captured needs a reason; there are: add_supported',
    });
    expect(faults(answer).map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/reason', 'required'],
      ['/encounterId', 'required'],
      ['/locator', 'required'],
      ['/meat', 'required'],
    ]);
  });

  test('what is missing is required, what is wrong is refused and shown', async () => {
    const evidence = {
      meat: ['assessed'],
      locator: { documentId: 'note-1', versionHash: 'sha256:aa', page: 1 },
    };
    const half = await move({ to: 'captured', reason: 'add_supported', ...evidence });
    expect(half.json().detail).toBe('the step needs encounterId');
    expect(faults(half)).toEqual([
      { pointer: '/encounterId', code: 'required', message: 'encounterId is required for this step' },
    ]);
    const stray = await move({
      to: 'captured',
      reason: 'add_supported',
      encounterId: 'E-NONE',
      code: 'I50.22',
      ...evidence,
    });
    expect(faults(stray)).toEqual([
      {
        pointer: '/encounterId',
        code: 'refused',
        message: 'the encounter is not one of this member',
        value: 'E-NONE',
      },
    ]);
    const reason = await move({ to: 'dismissed', reason: 'mark_unsupported' });
    expect(faults(reason)[0]).toMatchObject({
      pointer: '/reason',
      code: 'refused',
      value: 'mark_unsupported',
    });
    expect(reason.json().detail).toContain('there are: reject_not_documented, reject_no_meat');
  });

  test('one wrong name of a list shows the list', async () => {
    const answer = await stored.call(coder, { url: '/v1/worklists/prospective?kind=recapture,foo' });
    expect(faults(answer)[0]).toMatchObject({ pointer: '/query/kind/1', value: 'recapture,foo' });
  });

  test('a content type that is not read is shown; multipart without a boundary is the sender’s fault', async () => {
    const xml = await stored.call(coder, {
      method: 'POST',
      url: '/v1/raf/score',
      headers: { 'content-type': 'application/xml' },
      payload: '<a/>',
    });
    expect(xml.statusCode).toBe(415);
    expect(faults(xml)[0]).toMatchObject({ pointer: '/header/content-type', value: 'application/xml' });
    const parts = await stored.call(submitter, {
      method: 'POST',
      url: '/v1/batches',
      headers: { 'content-type': 'multipart/form-data' },
      payload: 'x',
    });
    expect(parts.statusCode).toBe(400);
    expect(parts.json()).toMatchObject({ type: '/problems/malformed-body' });
  });

  test('a body that is no JSON says where it stops being so, and repeats nothing of it', async () => {
    const broken = await stored.call(coder, {
      method: 'POST',
      url: '/v1/raf/score',
      headers: { 'content-type': 'application/json' },
      payload: '{\n  "id": "Doe, Jane",\n  "age": 7x\n}',
    });
    expect(broken.statusCode).toBe(400);
    expect(broken.json().detail).toBe('the body is not JSON: unexpected text at line 3, column 11');
    expect(faults(broken)[0]).toMatchObject({ pointer: '', code: 'bad_json' });
    expect(broken.body).not.toContain('Jane');
  });

  test('a repeat by Idempotency-Key bears the version too; events and CSV show what was found, codes dotted', async () => {
    const csv = await stored.call(coder, {
      url: '/v1/worklists/prospective?kind=recapture',
      headers: { accept: 'text/csv' },
    });
    expect(csv.body).toContain('I50.22 2025-09-10 E2 claim|I50.22 2025-03-04 E1 claim');
    const key = { 'idempotency-key': 'take-1' };
    const first = await move({ to: 'in_review' }, key);
    const again = await move({ to: 'in_review' }, key);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect([again.headers.etag, again.json()]).toEqual([first.headers.etag, first.json()]);
    gap = first.json();
    const taken = await move({ to: 'dismissed', reason: 'reject_no_meat', code: 'i5022' });
    expect(taken.statusCode).toBe(200);
    const { items } = (await stored.call(coder, { url: `/v1/gaps/${gap.gapId}/events` })).json();
    expect(items.at(-1).detail).toMatchObject({ code: 'I50.22' });
  });
});
