import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { moveBatch, saveFileReports, saveFindings } from '../../src/store/batches.ts';
import { withTenant } from '../../src/store/database.ts';
import { describePostgres } from '../integration/services.ts';
import { TEST_LIMITS } from './support/app.ts';
import { storedApp } from './support/stored.ts';

describePostgres('batches', () => {
  const stored = storedApp({ limits: { ...TEST_LIMITS, batchBytes: 100_000 } });
  let tenantId = '';
  let sender = '';
  let stranger = '';

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    sender = await stored.key(tenantId, 'submitter');
    stranger = await stored.key(await stored.scratch.tenant(), 'submitter');
  });

  const send = (payload: string | Buffer, headers: Record<string, string> = {}, query = '', key = sender) =>
    stored.call(key, {
      method: 'POST',
      url: `/v1/batches${query}`,
      headers: { 'content-type': 'application/octet-stream', ...headers },
      payload,
    });
  const items = async (batchId: string) =>
    (
      await stored.scratch.admin.query(
        `select kind, state from work_items where batch_id = $1 and kind <> 'webhook'`,
        [batchId],
      )
    ).rows;

  test('an extract of any content type is spooled whole, with its work item in one transaction', async () => {
    const before = stored.nudges();
    const answer = await send('member_id,birth_date\nM-1,1950-01-01\n', {
      'content-type': 'text/csv',
      'x-filename': 'members.csv',
    });
    expect(answer.statusCode).toBe(202);
    const body = answer.json();
    expect(answer.headers.location).toBe(`/v1/batches/${body.batchId}`);
    expect(body).toMatchObject({ state: 'received', repeated: false, asOf: '2026-11-23' });
    expect(await items(body.batchId)).toEqual([{ kind: 'intake', state: 'ready' }]);
    expect(stored.nudges()).toBe(before + 1);
    const { rows } = await stored.scratch.admin.query('select spool from batches where id = $1', [
      body.batchId,
    ]);
    const { folder, files } = rows[0].spool;
    expect(files).toMatchObject([{ name: 'members.csv', bytes: 36 }]);
    expect(readFileSync(path.join(stored.spoolDir, folder, files[0].path), 'utf8')).toContain('M-1,1950');
  });

  test('the same content gives the same batch and says so; its second spool is removed', async () => {
    const first = (await send('content one')).json();
    const again = await send('content one', { 'content-type': 'application/json' });
    expect(again.statusCode).toBe(200);
    expect(again.json()).toMatchObject({ batchId: first.batchId, repeated: true });
    expect(await items(first.batchId)).toHaveLength(1);
    const { rows } = await stored.scratch.admin.query(
      'select count(*)::int as n from batches where tenant_id = $1',
      [tenantId],
    );
    expect(readdirSync(path.join(stored.spoolDir, tenantId))).toHaveLength(rows[0].n);
  });

  test('two senders of the same content at once get one batch', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((key) => send('content at once', { 'idempotency-key': `once-${key}` })),
    );
    expect(new Set(answers.map((answer) => answer.json().batchId)).size).toBe(1);
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 200, 200, 202]);
  });

  test('an Idempotency-Key repeats its answer, and is refused for other content', async () => {
    const first = await send('content two', { 'idempotency-key': 'k-1' });
    const again = await send('content two', { 'idempotency-key': 'k-1' });
    expect(again.statusCode).toBe(202);
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    const other = await send('content three', { 'idempotency-key': 'k-1' });
    expect(other.statusCode).toBe(422);
  });

  test('another tenant that sends the same content gets its own batch', async () => {
    const mine = (await send('shared content')).json();
    const theirs = (await send('shared content', {}, '', stranger)).json();
    expect(theirs.batchId).not.toBe(mine.batchId);
    expect((await stored.call(stranger, { url: `/v1/batches/${mine.batchId}` })).statusCode).toBe(404);
    expect((await stored.call(stranger, { url: `/v1/batches/${mine.batchId}/rejects` })).statusCode).toBe(
      404,
    );
    const cancel = await stored.call(stranger, { method: 'POST', url: `/v1/batches/${mine.batchId}/cancel` });
    expect(cancel.statusCode).toBe(404);
  });

  test('multipart files make one batch', async () => {
    const boundary = 'xxBOUNDARYxx';
    const part = (name: string, text: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/csv\r\n\r\n${text}\r\n`;
    const answer = await send(`${part('a.csv', 'one')}${part('b.csv', 'two')}--${boundary}--\r\n`, {
      'content-type': `multipart/form-data; boundary=${boundary}`,
    });
    expect(answer.statusCode).toBe(202);
    const { rows } = await stored.scratch.admin.query('select spool from batches where id = $1', [
      answer.json().batchId,
    ]);
    expect(rows[0].spool.files.map(({ name }: { name: string }) => name)).toEqual(['a.csv', 'b.csv']);
  });

  test('a multipart file over the limit is refused whole, never cut; a badly encoded name is taken as it is', async () => {
    const boundary = 'xxBOUNDARYxx';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n`;
    const answer = await send(`${head}${'x'.repeat(100_001)}\r\n--${boundary}--\r\n`, {
      'content-type': `multipart/form-data; boundary=${boundary}`,
    });
    expect(answer.statusCode).toBe(413);
    const named = await send('content with an odd name', { 'x-filename': '100%.csv' });
    expect(named.statusCode).toBe(202);
  });

  test('an extract over the limit is 413 and an empty one 400; nothing is left of either', async () => {
    const count = () => readdirSync(path.join(stored.spoolDir, tenantId)).length;
    const before = count();
    const large = await send(Buffer.alloc(100_001, 'x'));
    expect(large.statusCode).toBe(413);
    const empty = await send('');
    expect(empty.statusCode).toBe(400);
    expect(count()).toBe(before);
    expect((await send('x', {}, '?format=pdf')).statusCode).toBe(400);
  });

  test('a batch shows counts, files and findings; its rejects come as JSON, NDJSON and safe CSV', async () => {
    const { batchId } = (await send('content with faults')).json();
    await withTenant(stored.scratch.db, tenantId, async (tx) => {
      await moveBatch(tx, { batchId, from: ['received'], to: 'reading' });
      await saveFileReports(tx, batchId, [
        {
          file: 'members.csv',
          format: 'csv',
          recordType: 'member',
          received: 3,
          accepted: 1,
          rejected: 2,
          duplicates: 0,
        },
      ]);
      const finding = { file: 'members.csv', field: 'birth_date', severity: 'error' as const };
      await saveFindings(
        tx,
        batchId,
        [
          { ...finding, row: 2, code: 'bad_date', message: 'not a date', value: '=1+1', raw: 'M-1,=1+1' },
          { ...finding, row: 3, code: 'bad_date', message: 'not a date', value: '-', raw: 'M-2,"-"' },
          { ...finding, row: 4, code: 'odd', severity: 'warning', message: 'odd', value: null, raw: null },
        ],
        0,
      );
    });
    const report = (await stored.call(sender, { url: `/v1/batches/${batchId}` })).json();
    expect(report.counts).toEqual({ received: 3, accepted: 1, rejected: 2, duplicates: 0, warnings: 1 });
    expect(report.findings).toContainEqual({ code: 'bad_date', severity: 'error', count: 2 });
    const url = `/v1/batches/${batchId}/rejects`;
    const page = (await stored.call(sender, { url: `${url}?limit=2&severity=error` })).json();
    expect(page.items.map(({ row }: { row: number }) => row)).toEqual([2, 3]);
    expect(page.next).toBeNull();
    const first = (await stored.call(sender, { url: `${url}?limit=1` })).json();
    const second = (await stored.call(sender, { url: `${url}?limit=1&cursor=${first.next}` })).json();
    expect(second.items[0].row).toBe(3);
    const ndjson = await stored.call(sender, { url, headers: { accept: 'application/x-ndjson' } });
    expect(ndjson.body.trim().split('\n')).toHaveLength(3);
    const csv = await stored.call(sender, { url, headers: { accept: 'text/csv' } });
    expect(csv.body.split('\r\n').slice(0, 3)).toEqual([
      'file,row,field,code,severity,message,value,raw',
      `members.csv,2,birth_date,bad_date,error,not a date,'=1+1,"M-1,=1+1"`,
      `members.csv,3,birth_date,bad_date,error,not a date,'-,"M-2,""-"""`,
    ]);
    const { rows } = await stored.scratch.admin.query(
      `select detail from audit_log where action = 'getBatchRejects' and resource_id = $1 order by seq desc limit 1`,
      [batchId],
    );
    expect(rows[0].detail).toMatchObject({ rows: 3 });
  });

  test('a batch can be cancelled once; one that ended cannot; a cancelled one can be sent again', async () => {
    const { batchId } = (await send('to be cancelled')).json();
    const cancel = () => stored.call(sender, { method: 'POST', url: `/v1/batches/${batchId}/cancel` });
    expect((await cancel()).json().state).toBe('cancelled');
    expect((await cancel()).statusCode).toBe(200);
    expect(await items(batchId)).toEqual([{ kind: 'intake', state: 'cancelled' }]);
    const again = await send('to be cancelled');
    expect(again.statusCode).toBe(202);
    expect(again.json().batchId).not.toBe(batchId);
    const done = again.json().batchId;
    await withTenant(stored.scratch.db, tenantId, (tx) =>
      moveBatch(tx, { batchId: done, from: ['received'], to: 'completed' }),
    );
    const late = await stored.call(sender, { method: 'POST', url: `/v1/batches/${done}/cancel` });
    expect(late.statusCode).toBe(409);
  });

  test('batches are listed latest first, page by page, each once', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await stored.call(sender, {
        url: `/v1/batches?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`,
      });
      const page = answer.json() as { items: { batchId: string }[]; next: string | null };
      seen.push(...page.items.map(({ batchId }) => batchId));
      cursor = page.next;
    } while (cursor !== null);
    const { rows } = await stored.scratch.admin.query(
      'select count(*)::int as n from batches where tenant_id = $1',
      [tenantId],
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe(rows[0].n);
  });
});
