import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { analysisHandler } from '../../src/analysis/analysis-handler.ts';
import { openDispatcher } from '../../src/jobs/dispatcher.ts';
import { type ItemHandlers, PermanentError } from '../../src/jobs/run-item.ts';
import { startWorkers, type Workers, type WorkersOptions } from '../../src/jobs/workers.ts';
import { createBatch, getBatch } from '../../src/store/batches.ts';
import { withTenant } from '../../src/store/database.ts';
import { findMembersByExternalId, getMember } from '../../src/store/members.ts';
import { upsertRecords } from '../../src/store/upsert-records.ts';
import { addBatchAnalysis, addWorkItems, listMemberFailures } from '../../src/store/work-items.ts';
import { person } from './invented-records.ts';
import { madeUpAnalysis, RULE_CALENDAR } from './made-up-analysis.ts';
import { describePostgres, hasRedis, scratchDatabase, scratchRedis, until } from './services.ts';

const AS_OF = '2026-11-23';
/** Tests that start processes wait for them on a busy machine too. */
const PROCESSES = { timeout: 120_000 };
const redisIsThere = await hasRedis();
const analysis = analysisHandler({
  analyze: madeUpAnalysis,
  calendar: RULE_CALENDAR,
  now: () => new Date('2026-11-23T10:00:00Z'),
});
const NOTHING = { membersDone: 0, membersFailed: 0, gapsOpened: 0, gapsClosed: 0 };

/** One suite over both backends: what jobs promise does not depend on where they travel. */
for (const backend of ['redis', 'postgres'] as const) {
  const suite = backend === 'redis' && !redisIsThere ? describePostgres.skip : describePostgres;
  suite(`jobs on ${backend}`, () => {
    const scratch = scratchDatabase();
    const redis = scratchRedis();
    const redisUrl = backend === 'redis' ? redis.url : null;
    const running: Workers[] = [];
    const children: ChildProcess[] = [];

    const start = async (handlers: ItemHandlers, extra: Partial<WorkersOptions> = {}) => {
      const workers = await startWorkers({
        db: scratch.db,
        databaseUrl: scratch.url,
        redisUrl,
        prefix: redis.prefix,
        concurrency: 2,
        leaseMs: 2_000,
        sweepMs: 100,
        repeatAfterMs: 1_000,
        backoffMs: 20,
        handlers,
        ...extra,
      });
      running.push(workers);
      return workers;
    };
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await Promise.all(running.splice(0).map((workers) => workers.close()));
    });

    /** A batch of so many people, read and waiting for its analysis. */
    const batchOf = async (people: number, options: { chunkSize?: number; killers?: number } = {}) => {
      const tenant = await scratch.tenant();
      const batchId = await withTenant(scratch.db, tenant, async (tx) => {
        const receipt = await createBatch(tx, {
          format: 'csv',
          asOf: AS_OF,
          createdBy: 'test',
          idempotencyKey: null,
          contentSha256: null,
          spool: null,
        });
        const { batchId: id } = receipt.batch;
        const records = Array.from({ length: people }, (_, n) =>
          person(`P-${n}`, n < (options.killers ?? 0) ? ['KILL'] : ['I5022', 'E119']),
        );
        await upsertRecords(tx, id, records.flat());
        await addBatchAnalysis(tx, { batchId: id, asOf: AS_OF, chunkSize: options.chunkSize ?? 5 });
        return id;
      });
      return { tenant, batchId };
    };
    const batch = (tenant: string, batchId: string) =>
      withTenant(scratch.db, tenant, async (tx) => {
        const found = await getBatch(tx, batchId);
        if (found === undefined) throw new Error('no such batch');
        return found;
      });
    const completed = (tenant: string, batchId: string) =>
      until(async () => {
        const found = await batch(tenant, batchId);
        return found.state === 'completed' && found;
      }, 'the batch to be completed');
    const gapsOf = async (tenant: string) => {
      const { rows } = await scratch.admin.query<{ n: number }>(
        'select count(*)::int as n from gaps where tenant_id = $1',
        [tenant],
      );
      return rows[0]?.n;
    };
    const spawnWorker = (env: Record<string, string> = {}) => {
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', path.join(import.meta.dirname, 'worker-process.ts')],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: {
            PATH: process.env.PATH ?? '',
            DATABASE_URL: scratch.url,
            PREFIX: redis.prefix,
            ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
            ...env,
          },
        },
      );
      children.push(child);
      const exited = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      const says = (word: string) =>
        new Promise<void>((resolve) => {
          child.stdout?.on('data', (chunk: Buffer) => {
            if (chunk.toString().includes(word)) resolve();
          });
        });
      return { child, exited, began: says('began') };
    };

    test('a batch is analysed to its end, with counts', async () => {
      const { tenant, batchId } = await batchOf(12);
      expect(await batch(tenant, batchId)).toMatchObject({
        state: 'analyzing',
        itemsTotal: 3,
        membersTotal: 12,
      });
      await start({ analysis });
      expect(await completed(tenant, batchId)).toMatchObject({
        itemsDone: 3,
        itemsFailed: 0,
        membersDone: 12,
        membersFailed: 0,
        gapsOpened: 24,
        gapsClosed: 0,
      });
      expect(await gapsOf(tenant)).toBe(24);
    });

    test('two workers share the items, each done once', async () => {
      const { tenant, batchId } = await batchOf(40, { chunkSize: 2 });
      const seen: string[] = [];
      const counting: ItemHandlers = {
        async analysis(item, context) {
          seen.push(item.id);
          await analysis(item, context);
        },
      };
      await Promise.all([start(counting), start(counting)]);
      await completed(tenant, batchId);
      expect(seen).toHaveLength(20);
      expect(new Set(seen).size).toBe(20);
    });

    test('what is handed over again and again is done once', async () => {
      const { tenant, batchId } = await batchOf(10, { chunkSize: 1 });
      const workers = await start({ analysis }, { repeatAfterMs: 0, sweepMs: 20 });
      await Promise.all(Array.from({ length: 5 }, () => workers.sweep()));
      expect(await completed(tenant, batchId)).toMatchObject({ itemsDone: 10, membersDone: 10 });
    });

    test('a failing item is tried again, then done', async () => {
      const { tenant, batchId } = await batchOf(1);
      let failures = 0;
      await start({
        async analysis(item, context) {
          failures += 1;
          if (failures < 3) throw new Error('made up');
          await analysis(item, context);
        },
      });
      await completed(tenant, batchId);
      expect(failures).toBe(3);
    });

    test('an item that keeps failing is given up, its members are counted, and the batch ends', async () => {
      const { tenant, batchId } = await batchOf(3);
      await start(
        { analysis: () => Promise.reject(new RangeError('PHI must not be here')) },
        { maxAttempts: 2 },
      );
      expect(await completed(tenant, batchId)).toMatchObject({
        itemsFailed: 1,
        membersDone: 0,
        membersFailed: 3,
      });
      const failures = await withTenant(scratch.db, tenant, (tx) => listMemberFailures(tx, batchId));
      expect(failures.map(({ kind, error }) => [kind, error])).toEqual([
        ['error', 'RangeError'],
        ['error', 'RangeError'],
        ['error', 'RangeError'],
      ]);
    });

    test('a batch that cannot be read has failed, with the reason', async () => {
      const tenant = await scratch.tenant();
      const batchId = await withTenant(scratch.db, tenant, async (tx) => {
        const receipt = await createBatch(tx, {
          format: 'csv',
          asOf: AS_OF,
          createdBy: 'test',
          idempotencyKey: null,
          contentSha256: null,
          spool: null,
        });
        await addWorkItems(tx, [{ kind: 'intake', batchId: receipt.batch.batchId, payload: {} }]);
        return receipt.batch.batchId;
      });
      await start({ intake: () => Promise.reject(new PermanentError('the extract is gone')) });
      const failed = await until(async () => {
        const found = await batch(tenant, batchId);
        return found.state === 'failed' && found;
      }, 'the batch to fail');
      expect(failed.error).toBe('the extract is gone');
    });

    test('a worker killed in the middle loses nothing but time', PROCESSES, async () => {
      const { tenant, batchId } = await batchOf(10);
      const slow = spawnWorker({ SLOW: '1' });
      await slow.began;
      slow.child.kill('SIGKILL');
      await slow.exited;
      await start({ analysis });
      expect(await completed(tenant, batchId)).toMatchObject({
        itemsDone: 2,
        membersDone: 10,
        membersFailed: 0,
      });
      expect(await gapsOf(tenant)).toBe(20);
    });

    test(
      'a member that ends its process twice is set aside; the rest of its chunk goes on',
      PROCESSES,
      async () => {
        const { tenant, batchId } = await batchOf(5, { killers: 1 });
        for (let deaths = 0; deaths < 2; deaths += 1) await spawnWorker().exited;
        spawnWorker();
        expect(await completed(tenant, batchId)).toMatchObject({
          itemsDone: 1,
          membersDone: 4,
          membersFailed: 1,
        });
        const [member] = await withTenant(scratch.db, tenant, (tx) => findMembersByExternalId(tx, ['P-0']));
        expect(member?.quarantinedAt).not.toBeNull();
        // New records of the member give it another chance.
        await withTenant(scratch.db, tenant, (tx) =>
          upsertRecords(tx, randomUUID(), person('P-0', ['I5022'])),
        );
        const cured = await withTenant(scratch.db, tenant, (tx) => getMember(tx, member?.memberKey ?? ''));
        expect(cured?.quarantinedAt).toBeNull();
      },
    );

    test('closing lets the item go back at its next checkpoint, the attempt not counted', async () => {
      const { tenant, batchId } = await batchOf(5);
      let begun: (value: unknown) => void = () => undefined;
      const began = new Promise((resolve) => {
        begun = resolve;
      });
      const workers = await start({
        async analysis(_item, context) {
          begun(null);
          await until(async () => {
            context.checkpoint();
            return false;
          }, 'the shutdown');
        },
      });
      await began;
      running.splice(running.indexOf(workers), 1);
      await workers.close();
      const { rows } = await scratch.admin.query(
        'select state, attempts from work_items where batch_id = $1',
        [batchId],
      );
      expect(rows).toEqual([{ state: 'ready', attempts: 0 }]);
      await start({ analysis });
      await completed(tenant, batchId);
    });

    test('a handler that forgets to complete its item has failed', async () => {
      const { batchId } = await batchOf(1);
      await start({ analysis: () => Promise.resolve() }, { maxAttempts: 1 });
      await until(async () => {
        const { rows } = await scratch.admin.query<{ state: string }>(
          'select state from work_items where batch_id = $1',
          [batchId],
        );
        return rows[0]?.state === 'failed';
      }, 'the item to fail');
    });

    test('effects of a worker that lost its lease do not stand', async () => {
      const { tenant, batchId } = await batchOf(1);
      let runs = 0;
      await start({
        async analysis(item, context) {
          runs += 1;
          if (runs > 1) return analysis(item, context);
          // Somebody else takes over while this one works on.
          await scratch.admin.query(
            `update work_items set lease_owner = $2, lease_expires_at = now() - interval '1 second' where id = $1`,
            [item.id, randomUUID()],
          );
          await withTenant(context.db, item.tenantId, async (tx) => {
            await upsertRecords(tx, randomUUID(), person('GHOST'));
            await context.complete(tx, NOTHING);
          });
        },
      });
      expect(await completed(tenant, batchId)).toMatchObject({ itemsDone: 1, membersDone: 1 });
      expect(await withTenant(scratch.db, tenant, (tx) => findMembersByExternalId(tx, ['GHOST']))).toEqual(
        [],
      );
    });

    test('every connection to the database cut in the middle of a batch loses nothing but time', async () => {
      const { tenant, batchId } = await batchOf(20, { chunkSize: 1 });
      let done = 0;
      await start({
        async analysis(item, context) {
          done += 1;
          if (done === 4) {
            await scratch.admin.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and application_name like 'hccgap%'`,
            );
          }
          await analysis(item, context);
        },
      });
      // This test's own look may be the one that is cut off.
      const found = await until(async () => {
        const seen = await batch(tenant, batchId).catch(() => null);
        return seen?.state === 'completed' && seen;
      }, 'the batch to be completed');
      expect(found).toMatchObject({ itemsDone: 20, membersDone: 20, membersFailed: 0 });
      expect(await gapsOf(tenant)).toBe(40);
    });

    test('work by the clock is run', async () => {
      let ticks = 0;
      await start(
        {},
        {
          clock: [
            {
              name: 'tick',
              cron: '* * * * * *',
              run: async () => {
                ticks += 1;
              },
            },
          ],
        },
      );
      await until(async () => ticks >= 2, 'two ticks');
    });

    if (backend === 'redis') {
      test('Redis emptied in the middle of a batch loses nothing but time', async () => {
        const { tenant, batchId } = await batchOf(30, { chunkSize: 1 });
        let done = 0;
        await start({
          async analysis(item, context) {
            await analysis(item, context);
            done += 1;
            if (done === 5) await redis.flush();
          },
        });
        expect(await completed(tenant, batchId)).toMatchObject({ itemsDone: 30, membersDone: 30 });
      });

      test('no word of PHI reaches Redis', async () => {
        const dispatcher = await openDispatcher({
          db: scratch.db,
          databaseUrl: scratch.url,
          redisUrl,
          prefix: redis.prefix,
        });
        // What the ends of earlier batches made necessary.
        await dispatcher.dispatchDue();
        const { tenant, batchId } = await batchOf(4, { chunkSize: 1 });
        expect(await dispatcher.dispatchDue()).toBe(4);
        const dump = await redis.dump();
        await dispatcher.close();
        expect(dump).toContain('hccgap-analysis');
        expect(dump).not.toMatch(/P-\d|I5022|1950-01-02/);
        await start({ analysis });
        await completed(tenant, batchId);
      });

      test('a sender meets a Redis that is away with patience, not with a hang', async () => {
        const { tenant, batchId } = await batchOf(1);
        const dispatcher = await openDispatcher({
          db: scratch.db,
          databaseUrl: scratch.url,
          redisUrl: 'redis://127.0.0.1:1',
          prefix: redis.prefix,
          enqueueTimeoutMs: 200,
        });
        expect(await dispatcher.dispatchDue()).toBe(0);
        await dispatcher.close();
        await start({ analysis });
        await completed(tenant, batchId);
      });
    }
  });
}
