import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describePostgres, scratchDatabase, until } from '../integration/services.ts';

const root = path.resolve(import.meta.dirname, '../..');
const PROGRAM = ['--import', 'tsx', 'src/cli/main.ts'];
const WAIT_MS = 60_000;

describePostgres('an extract over HTTP, API and workers as processes of their own', () => {
  const scratch = scratchDatabase();
  const running: ChildProcess[] = [];
  const dataDir = mkdtempSync(path.join(tmpdir(), 'hccgap-e2e-'));
  let base = '';
  let keys: Record<string, string> = {};

  function start(env: NodeJS.ProcessEnv, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [...PROGRAM, ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.push(child);
    return child;
  }

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    const env = {
      ...process.env,
      DATABASE_URL: scratch.url,
      // The queue's PostgreSQL backend: a database of our own keeps other test files' workers out.
      REDIS_URL: '',
      DATA_DIR: dataDir,
      PORT: String(port),
      LOG_LEVEL: 'error',
    };
    for (const role of ['submitter', 'coder', 'lead', 'analyst', 'provider']) {
      const args = [...PROGRAM, 'keys', 'create', '-t', 'e2e', '-r', role, '--npi', '1999000015'];
      const printed = execFileSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
      keys = { ...keys, [role]: (JSON.parse(printed) as { key: string }).key };
    }
    start(env, 'serve', '--no-worker');
    start(env, 'worker');
    start(env, 'worker');
    await until(
      () =>
        fetch(`${base}/readyz`).then(
          (answer) => answer.ok,
          () => false,
        ),
      'the API',
      WAIT_MS,
    );
  }, 2 * WAIT_MS);

  afterAll(async () => {
    for (const child of running) child.kill('SIGTERM');
    await Promise.all(
      running.map((child) =>
        child.exitCode === null ? new Promise((done) => child.once('exit', done)) : null,
      ),
    );
    rmSync(dataDir, { recursive: true, force: true });
  }, WAIT_MS);

  async function call<T>(role: string, route: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${base}${route}`, {
      ...init,
      headers: { 'x-api-key': keys[role] ?? '', ...init.headers },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${route}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  interface Batch {
    batchId: string;
    state: string;
    repeated?: boolean;
    counts: { received: number; accepted: number; rejected: number };
    progress: { membersTotal: number; membersDone: number };
  }

  async function send(): Promise<Batch> {
    const form = new FormData();
    for (const name of [
      'members',
      'encounters',
      'diagnoses',
      'conditions',
      'labs',
      'medications',
      'appointments',
    ]) {
      const file = path.join(root, 'seeds', 'extract', `${name}.csv`);
      form.append('files', new Blob([readFileSync(file)]), `${name}.csv`);
    }
    return call<Batch>('submitter', '/v1/batches?asOf=2026-11-23', { method: 'POST', body: form });
  }

  test(
    'file in, worklists out; the same again is the same batch',
    async () => {
      const sent = await send();
      const batch = await until(
        async () => {
          const now = await call<Batch>('submitter', `/v1/batches/${sent.batchId}`);
          return now.state === 'completed' && now;
        },
        'the batch',
        WAIT_MS,
      );
      expect(batch.counts.received).toBe(batch.counts.accepted + batch.counts.rejected);
      expect(batch.counts.rejected).toBeGreaterThan(0);
      expect(batch.progress.membersDone).toBe(batch.progress.membersTotal);
      for (const list of ['prospective', 'retrospective']) {
        const page = await call<{ items: { list: string; explanation: string; evidence: unknown[] }[] }>(
          'coder',
          `/v1/worklists/${list}?limit=10`,
        );
        expect(page.items).toHaveLength(10);
        for (const item of page.items) {
          expect(item.list).toBe(list);
          expect(item.explanation).not.toBe('');
          expect(item.evidence.length).toBeGreaterThan(0);
        }
      }
      const again = await send();
      expect(again).toMatchObject({ batchId: sent.batchId, repeated: true });
    },
    2 * WAIT_MS,
  );

  test('a provider sees questions, and neither RAF nor HCCs nor codes to choose from', async () => {
    const { items } = await call<{ items: Record<string, unknown>[] }>(
      'provider',
      '/v1/worklists/prospective?limit=5',
    );
    expect(items.length).toBeGreaterThan(0);
    for (const item of items) {
      for (const field of ['hcc', 'hccLabel', 'impact', 'candidateCodes', 'confidence', 'priority']) {
        expect(item).not.toHaveProperty(field);
      }
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
