import { createHmac } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { refreshAnalyses } from '../../src/analysis/refresh.ts';
import { type InboxOptions, sweepInbox } from '../../src/intake/inbox.ts';
import { readBatch } from '../../src/intake/read-batch.ts';
import { dropOldSpools } from '../../src/intake/spool-retention.ts';
import { webhookHandler } from '../../src/intake/webhook.ts';
import { SILENT } from '../../src/jobs/log.ts';
import { runItem } from '../../src/jobs/run-item.ts';
import { getBatch } from '../../src/store/batches.ts';
import { withTenant } from '../../src/store/database.ts';
import { addWorkItems } from '../../src/store/work-items.ts';
import { reference } from '../api/support/app.ts';
import { describePostgres, scratchDatabase } from './services.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const HEADER =
  'member_id,birth_date,sex,contract_id,enrollment_start_date,original_reason_entitlement_code,dual_status_code';
const row = (id: string) => `${id},1948-03-02,F,H9901,2024-01-01,0,00`;
const text = (...ids: string[]) => `${[HEADER, ...ids.map(row)].join('\n')}\n`;

describePostgres('the night', () => {
  const scratch = scratchDatabase();
  const root = mkdtempSync(path.join(os.tmpdir(), 'hccgap-night-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let inboxes = 0;

  async function setUp(quietMs: number | null = 60_000) {
    inboxes += 1;
    const dir = path.join(root, `inbox-${inboxes}`);
    const spoolDir = path.join(root, `spool-${inboxes}`);
    mkdirSync(dir);
    const tenantId = await scratch.tenant();
    const options: InboxOptions = {
      dir,
      tenantId,
      limitBytes: 1e9,
      quietMs,
      reception: {
        database: scratch.db,
        spoolDir,
        now: () => NOW,
        batches: {
          enqueue: async (tx, batchId) => {
            await addWorkItems(tx, [{ kind: 'intake', batchId, payload: {} }]);
          },
          nudge: () => undefined,
        },
      },
    };
    const read = (batchId: string) =>
      readBatch({
        db: scratch.db,
        tenantId,
        batchId,
        reference: reference(),
        spoolDir,
        checkpoint: () => undefined,
        finish: async () => undefined,
      });
    const batches = async () => {
      const { rows } = await scratch.admin.query<{ id: string; state: string }>(
        'select id, state from batches where tenant_id = $1 order by created_at',
        [tenantId],
      );
      return rows;
    };
    /** Ends a batch as its last analysis item would. */
    const end = (batchId: string) =>
      scratch.admin.query(
        `update batches set state = 'completed', finished_at = '2026-11-23T12:30:00Z' where id = $1`,
        [batchId],
      );
    return { dir, spoolDir, tenantId, options, read, batches, end };
  }

  test('an extract is taken when its marker is there or when it has been quiet, once, and its outcome lies beside it', async () => {
    const { dir, options, read, batches, end } = await setUp();
    writeFileSync(path.join(dir, 'still-coming.csv'), text('A'));
    writeFileSync(path.join(dir, 'half.csv.part'), text('A'));
    utimesSync(path.join(dir, 'still-coming.csv'), NOW, NOW);
    expect(await sweepInbox(options)).toEqual({ taken: 0, ended: 0, failed: 0 });

    mkdirSync(path.join(dir, 'extract'));
    writeFileSync(path.join(dir, 'extract', 'members.csv'), text('A', 'B'));
    writeFileSync(path.join(dir, 'extract.done'), '');
    const quiet = new Date(NOW.getTime() - 61_000);
    utimesSync(path.join(dir, 'still-coming.csv'), quiet, quiet);
    expect(await sweepInbox(options)).toEqual({ taken: 2, ended: 0, failed: 0 });
    expect(await sweepInbox(options)).toEqual({ taken: 0, ended: 0, failed: 0 });
    const made = await batches();
    expect(made).toHaveLength(2);
    expect(
      readdirSync(dir)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual(['archive', 'half.csv.part']);

    for (const { id } of made) {
      await read(id);
      await end(id);
    }
    expect(await sweepInbox(options)).toEqual({ taken: 0, ended: 2, failed: 0 });
    const outcomes = made.map(({ id }) =>
      JSON.parse(readFileSync(path.join(dir, 'archive', id, 'outcome.json'), 'utf8')),
    );
    expect(outcomes.map(({ repeated, state, counts }) => [repeated, state, counts.accepted]).sort()).toEqual([
      [false, 'completed', 1],
      [false, 'completed', 2],
    ]);
  });

  test('the same content again is the same batch and says so; two sweeps at once take it once', async () => {
    const { dir, options, batches } = await setUp();
    writeFileSync(path.join(dir, 'a.csv'), text('A'));
    writeFileSync(path.join(dir, 'a.csv.done'), '');
    const both = await Promise.all([sweepInbox(options), sweepInbox(options)]);
    expect(both.reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
    expect(await batches()).toHaveLength(1);
    writeFileSync(path.join(dir, 'b.csv'), text('A'));
    writeFileSync(path.join(dir, 'b.csv.done'), '');
    expect((await sweepInbox(options)).taken).toBe(1);
    const [batch, ...more] = await batches();
    expect(more).toEqual([]);
    const repeats = readdirSync(path.join(dir, 'archive')).map(
      (folder) =>
        JSON.parse(readFileSync(path.join(dir, 'archive', folder, 'outcome.json'), 'utf8')) as object,
    );
    expect(repeats.at(-1)).toMatchObject({ batchId: batch?.id, repeated: true });
  });

  test('a process that dies between claiming and receiving leaves the extract to the next sweep', async () => {
    const { dir, options, batches } = await setUp();
    mkdirSync(path.join(dir, '.claimed'), { recursive: true });
    writeFileSync(path.join(dir, '.claimed', 'a.csv'), text('A'));
    expect((await sweepInbox(options)).taken).toBe(1);
    expect(await batches()).toHaveLength(1);
  });

  test('the end of a batch is told once it is taken: signed, counts only, tried again until then', async () => {
    const { dir, options, tenantId, read, batches, end } = await setUp();
    writeFileSync(path.join(dir, 'SMITH-JANE.csv'), text('ZZ-CANARY'));
    writeFileSync(path.join(dir, 'SMITH-JANE.csv.done'), '');
    await sweepInbox(options);
    const [batch] = await batches();
    const batchId = batch?.id ?? '';
    await read(batchId);
    await end(batchId);
    const { rows } = await scratch.admin.query<{ id: string }>(
      `select id from work_items where batch_id = $1 and kind = 'webhook'`,
      [batchId],
    );
    expect(rows).toHaveLength(1);
    const calls: { body: string; signature: string }[] = [];
    let status = 503;
    const handler = webhookHandler({
      webhook: { url: 'https://ops.example/hook', secret: 'made-up-secret' },
      now: () => NOW,
      send: async (_url, init) => {
        const headers = new Headers(init?.headers);
        calls.push({ body: String(init?.body), signature: headers.get('x-hccgap-signature') ?? '' });
        return new Response(null, { status });
      },
    });
    const run = async () => {
      await scratch.admin.query(`update work_items set available_at = now() where id = $1`, [rows[0]?.id]);
      await runItem(rows[0]?.id ?? '', {
        db: scratch.db,
        handlers: { webhook: handler },
        log: SILENT,
        leaseMs: 60_000,
        maxAttempts: 5,
        backoffMs: 1,
        closing: () => false,
      });
      const found = await scratch.admin.query(
        'select state, attempts, last_error from work_items where id = $1',
        [rows[0]?.id],
      );
      return found.rows[0];
    };
    expect(await run()).toEqual({ state: 'ready', attempts: 1, last_error: 'the receiver answered 503' });
    status = 204;
    expect(await run()).toMatchObject({ state: 'done', attempts: 2 });
    await run();
    expect(calls).toHaveLength(2);
    const [, second] = calls;
    const [timestamp, signature] = (second?.signature ?? '').split(',');
    const signed = `${timestamp?.slice(2)}.${second?.body}`;
    expect(signature).toBe(`v1=${createHmac('sha256', 'made-up-secret').update(signed).digest('hex')}`);
    expect(timestamp).toBe(`t=${NOW.getTime() / 1000}`);
    expect(JSON.parse(second?.body ?? '')).toMatchObject({
      id: rows[0]?.id,
      event: 'batch.ended',
      batchId,
      state: 'completed',
      counts: { received: 1, accepted: 1, rejected: 0 },
    });
    expect(second?.body).not.toMatch(/CANARY|SMITH/);
    expect(await withTenant(scratch.db, tenantId, (tx) => getBatch(tx, batchId))).toMatchObject({
      membersFailed: 0,
    });
  });

  test('members are analysed again when the day moves on or a package changed that can touch them, once', async () => {
    const { dir, options, tenantId, read, batches } = await setUp();
    writeFileSync(path.join(dir, 'a.csv'), text('A', 'B'));
    writeFileSync(path.join(dir, 'a.csv.done'), '');
    await sweepInbox(options);
    await read((await batches())[0]?.id ?? '');
    const refresh = (asOf: string, packages: Record<string, string>, keepsDay = false) =>
      refreshAnalyses({ db: scratch.db, tenantId, basis: { asOf, packages }, keepsDay });
    const first = { 'cms-hcc-v28': '1', 'hhs-hcc-v08': '1' };
    expect(await refresh('2026-11-23', first)).toBe(1);
    expect(await refresh('2026-11-23', first)).toBe(0);
    expect(
      await Promise.all([refresh('2026-11-24', first), refresh('2026-11-24', first)]).then((all) =>
        all.sort(),
      ),
    ).toEqual([0, 1]);
    // Nobody is in an ACA plan.
    expect(await refresh('2026-11-24', { ...first, 'hhs-hcc-v08': '2' })).toBe(0);
    expect(await refresh('2026-11-25', { 'cms-hcc-v28': '2', 'hhs-hcc-v08': '2' }, true)).toBe(1);
    expect(await refresh('2026-11-25', { 'cms-hcc-v28': '2', 'hhs-hcc-v08': '2' }, true)).toBe(0);
    const { rows } = await scratch.admin.query<{ payload: { asOf: string } }>(
      `select payload from work_items where tenant_id = $1 and kind = 'analysis' and batch_id is null order by created_at desc limit 1`,
      [tenantId],
    );
    expect(rows[0]?.payload.asOf).toBe('2026-11-24');
  });

  test('raw intake past its time is removed, unless there is a legal hold', async () => {
    const { dir, spoolDir, options, tenantId, read, batches, end } = await setUp();
    writeFileSync(path.join(dir, 'a.csv'), text('A'));
    writeFileSync(path.join(dir, 'a.csv.done'), '');
    await sweepInbox(options);
    const batchId = (await batches())[0]?.id ?? '';
    await read(batchId);
    await end(batchId);
    const spooled = () => readdirSync(path.join(spoolDir, tenantId));
    const drop = (now: string) => dropOldSpools({ db: scratch.db, spoolDir, tenantId, now: new Date(now) });
    expect(await drop('2027-02-20T00:00:00Z')).toBe(0);
    await scratch.admin.query(
      `insert into legal_holds (tenant_id, reason, placed_by) values ($1, 'made-up case', 'test')`,
      [tenantId],
    );
    expect(await drop('2027-03-20T00:00:00Z')).toBe(0);
    expect(spooled()).toHaveLength(1);
    await scratch.admin.query('update legal_holds set lifted_at = now() where tenant_id = $1', [tenantId]);
    expect(await drop('2027-03-20T00:00:00Z')).toBe(1);
    expect(spooled()).toEqual([]);
    expect(await drop('2027-03-20T00:00:00Z')).toBe(0);
    expect(existsSync(spoolDir)).toBe(true);
  });
});
