import { execFileSync, spawn } from 'node:child_process';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EmbeddedError, REMEDY, type RunAs } from './embedded-binaries.ts';

/** What the embedded server asks of the machine: its user, its folder, a port, a lock, and programs run to their end. */

/** The server's user: this process's own, or for root the system's user `postgres`, made when there is none. */
export function serverUser(): RunAs {
  if (process.getuid?.() !== 0) return {};
  const ids = (): RunAs => {
    const id = (flag: '-u' | '-g') =>
      Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe', encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  };
  try {
    return ids();
  } catch {
    // No such user yet: made below.
  }
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' });
    return ids();
  } catch (error) {
    const what = 'PostgreSQL does not run as root, and the system user postgres cannot be made';
    throw new EmbeddedError(`${what}; ${REMEDY}, or start as another user`, { cause: error });
  }
}

/** The server's user must be able to walk to the data folder. */
export async function checkReach(dataDir: string, runAs: RunAs): Promise<void> {
  if (runAs.uid === undefined) return;
  for (let folder = dataDir; ; folder = path.dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === runAs.uid ? 0o100 : gid === runAs.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw new EmbeddedError(
        `the system user postgres may not enter ${folder}, on the way to the data; ${REMEDY}`,
      );
    }
    if (folder === path.dirname(folder)) return;
  }
}

/** Runs a program to its end. Its output goes to a file: a server that it starts would keep a pipe open. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  given: { readonly dataDir: string; readonly runAs: RunAs },
): Promise<{ readonly code: number | null; readonly output: string }> {
  const file = path.join(given.dataDir, 'start.log');
  const output = await open(file, 'w');
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(program, args, {
        ...given.runAs,
        cwd: given.dataDir,
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
        env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      });
      child.on('error', reject);
      child.on('exit', resolve);
    });
    return { code, output: await readFile(file, 'utf8') };
  } finally {
    await output.close();
  }
}

/** One process at a time starts or stops the server of a folder. A lock whose process is gone is void. */
export async function lockStart(dataDir: string, waitMs: number): Promise<() => Promise<void>> {
  const file = path.join(dataDir, 'start.lock');
  const took = await waitFor(async () => {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw new EmbeddedError(`the data folder ${dataDir} cannot be written; ${REMEDY}`, { cause: error });
      }
      const holder = Number(await readFile(file, 'utf8').catch(() => ''));
      if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
      return false;
    }
  }, waitMs);
  if (!took) throw new EmbeddedError(`another process starts the database in ${dataDir} and does not finish`);
  return () => rm(file, { force: true });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** True once the condition holds; false when it does not within `limitMs`. */
export async function waitFor(condition: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() > end) return false;
    await setTimeout(20);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
