import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDatabase, pingDatabase, withSystem } from '../../src/store/database.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts';
import { EmbeddedError } from '../../src/store/embedded-binaries.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createTenant, listTenants } from '../../src/store/tenancy.ts';

/** Below a folder that every system user may enter: as root the server runs as the user postgres. */
const BASE = process.getuid?.() === 0 ? '/var/tmp' : (process.env.TMPDIR ?? '/tmp');
const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(BASE, 'hccgap-embedded-'));
  folders.push(made);
  await chmod(made, 0o755);
  return made;
}

afterAll(async () => {
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

async function tenantsOf(server: EmbeddedServer): Promise<readonly string[]> {
  const db = openDatabase({ url: server.url, max: 2 });
  try {
    return (await withSystem(db, (tx) => listTenants(tx))).map((tenant) => tenant.name);
  } finally {
    await db.pool.end();
  }
}

/** Starting a server takes a second or two, and many on a busy machine. */
describe('the embedded PostgreSQL', { timeout: 120_000 }, () => {
  test('starts on an empty folder, keeps the data over a stop, and takes the migrations', async () => {
    const dataDir = await folder();
    const first = await startEmbedded({ dataDir });
    expect(first.startedHere).toBe(true);
    const db = openDatabase({ url: first.url, max: 2 });
    await migrate(db.pool);
    await withSystem(db, (tx) => createTenant(tx, 'kept'));
    await db.pool.end();
    await first.stop();
    const again = await startEmbedded({ dataDir });
    expect(await tenantsOf(again)).toEqual(['kept']);
    await again.stop();
  });

  test('a second process joins the running server, and the last to leave stops it', async () => {
    const dataDir = await folder();
    const [one, two] = await Promise.all([startEmbedded({ dataDir }), startEmbedded({ dataDir })]);
    expect([one.startedHere, two.startedHere].toSorted()).toEqual([false, true]);
    expect(one.url).toBe(two.url);
    await one.stop();
    const db = openDatabase({ url: two.url, max: 1 });
    await pingDatabase(db);
    await db.pool.end();
    await two.stop();
    const late = openDatabase({ url: two.url, max: 1 });
    await expect(pingDatabase(late)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await late.pool.end();
  });

  test('a server left behind by a killed process is found again', async () => {
    const dataDir = await folder();
    const script = `
      import { startEmbedded } from ${JSON.stringify(path.resolve('src/store/embedded.ts'))};
      startEmbedded({ dataDir: ${JSON.stringify(dataDir)} }).then(() => process.stdout.write('up'));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => {
      child.stdout.once('data', resolve);
    });
    child.kill('SIGKILL');
    await new Promise((resolve) => {
      child.once('exit', resolve);
    });
    const server = await startEmbedded({ dataDir });
    expect(server.startedHere).toBe(false);
    await server.stop();
  });

  test.runIf(process.getuid?.() === 0)(
    'a folder that the server cannot reach is refused with a remedy',
    async () => {
      const closed = await mkdtemp(path.join(BASE, 'hccgap-closed-'));
      folders.push(closed);
      const start = startEmbedded({ dataDir: path.join(closed, 'data') });
      await expect(start).rejects.toThrow(EmbeddedError);
      await expect(start).rejects.toThrow(/may not enter .*DATABASE_URL/);
    },
  );
});
