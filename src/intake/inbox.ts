/**
 * Takes extracts out of the inbox folder. At least once: a process may die anywhere between the steps, and two
 * processes may look at once. What makes a repeat harmless: an extract is claimed by renaming it, what was claimed and
 * not finished is received again, and the same content is the same batch.
 */
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Batch, getBatch } from '../store/batches.ts';
import { withTenant } from '../store/database.ts';
import { type Reception, receiveBatch, spoolExtract } from './receive-batch.ts';
import type { IncomingFile } from './spool.ts';

export interface InboxOptions {
  readonly dir: string;
  readonly tenantId: string;
  readonly reception: Reception;
  readonly limitBytes: number;
  /** An extract without a marker is taken when nothing of it has changed for so long; null: only with a marker. */
  readonly quietMs: number | null;
}

export interface InboxSweep {
  /** Extracts received now. */
  readonly taken: number;
  /** Batches whose outcome was written now. */
  readonly ended: number;
  /** Extracts that could not be received; they are tried again at the next sweep. */
  readonly failed: number;
}

/** Folders of our own inside the inbox; names with a leading dot are never extracts. */
const CLAIMED = '.claimed';
const PENDING = '.pending';
const ARCHIVE = 'archive';
const MARKER = '.done';
/** Suffixes that senders give to what they are still writing. */
const UNFINISHED = /\.(?:part|partial|tmp|temp|filepart|crdownload|writing)$/i;
const ENDED: ReadonlySet<Batch['state']> = new Set(['completed', 'failed', 'cancelled']);

/**
 * Looks through the inbox once. An extract is a file, or a folder of files, at the top of the inbox; it is whole when
 * `NAME.done` stands beside it, or when it has been quiet long enough. Each is moved to `archive/BATCH/` with
 * `outcome.json` beside it, which gets the batch's report when that has ended.
 */
export async function sweepInbox(options: InboxOptions): Promise<InboxSweep> {
  const { dir } = options;
  for (const own of [CLAIMED, PENDING, ARCHIVE]) {
    await mkdir(path.join(dir, own), { recursive: true, mode: 0o700 });
  }
  for (const name of await wholeExtracts(options)) await claim(dir, name);
  let taken = 0;
  let failed = 0;
  for (const name of await readdir(path.join(dir, CLAIMED))) {
    try {
      await take(options, name);
      taken += 1;
    } catch (error) {
      // Another process has it already; or it cannot be received now and stays claimed for the next sweep.
      if (!isGone(error)) failed += 1;
    }
  }
  return { taken, failed, ended: await writeOutcomes(options) };
}

async function wholeExtracts({ dir, quietMs, reception }: InboxOptions): Promise<readonly string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const whole: string[] = [];
  for (const entry of entries) {
    const { name } = entry;
    // A link could lead anywhere on the machine: only what lies here is an extract.
    if (name.startsWith('.') || name === ARCHIVE || !(entry.isFile() || entry.isDirectory())) continue;
    if (name.endsWith(MARKER) || UNFINISHED.test(name)) continue;
    if (names.has(`${name}${MARKER}`)) whole.push(name);
    else if (quietMs !== null) {
      const changed = await lastChange(path.join(dir, name));
      if (changed !== null && reception.now().getTime() - changed >= quietMs) whole.push(name);
    }
  }
  return whole.sort();
}

/** The latest change of a file or of anything in a folder; null when it is empty or going. */
async function lastChange(place: string): Promise<number | null> {
  try {
    const found = await lstat(place);
    if (found.isFile()) return found.mtimeMs;
    const files = await filesIn(place);
    if (files.length === 0 || files.some((file) => UNFINISHED.test(file))) return null;
    const times = await Promise.all(files.map(async (file) => (await lstat(file)).mtimeMs));
    return Math.max(found.mtimeMs, ...times);
  } catch {
    return null;
  }
}

/** Renaming is atomic: of two processes one gets it. */
async function claim(dir: string, name: string): Promise<void> {
  try {
    await rename(path.join(dir, name), path.join(dir, CLAIMED, name));
  } catch (error) {
    // Gone: another process was first. Taken: an earlier extract of this name is not finished; this one waits.
    if (!isGone(error) && !isTaken(error)) throw error;
    return;
  }
  await rm(path.join(dir, `${name}${MARKER}`), { force: true });
}

async function take(options: InboxOptions, name: string): Promise<void> {
  const { dir, tenantId, reception, limitBytes } = options;
  const place = path.join(dir, CLAIMED, name);
  const found = await lstat(place);
  const files = found.isDirectory() ? await filesIn(place) : [place];
  const extract = await spoolExtract(reception, tenantId, { files: opened(files), limitBytes });
  const { batch, created } = await receiveBatch(
    reception,
    { tenantId, subject: 'inbox' },
    { ...extract, choices: {} },
  );
  const { batchId } = batch;
  const folder = await freeFolder(path.join(dir, ARCHIVE), batchId);
  await writeWhole(path.join(folder, 'outcome.json'), {
    batchId,
    repeated: !created,
    receivedAt: reception.now().toISOString(),
    state: batch.state,
  });
  await writeFile(path.join(dir, PENDING, path.basename(folder)), '');
  await rename(place, path.join(folder, name === 'outcome.json' ? `${name}.sent` : name));
}

/** The same content may arrive many times; each arrival has a folder of its own. */
async function freeFolder(archive: string, batchId: string): Promise<string> {
  for (let turn = 1; ; turn += 1) {
    const folder = path.join(archive, turn === 1 ? batchId : `${batchId}-${turn}`);
    try {
      await mkdir(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

/** Completes the outcome of the batches that have ended since. */
async function writeOutcomes({ dir, tenantId, reception }: InboxOptions): Promise<number> {
  let ended = 0;
  for (const folder of await readdir(path.join(dir, PENDING))) {
    const batchId = folder.slice(0, 36);
    const batch = await withTenant(reception.database, tenantId, (tx) => getBatch(tx, batchId));
    if (batch !== undefined && !ENDED.has(batch.state)) continue;
    if (batch !== undefined) {
      const place = path.join(dir, ARCHIVE, folder, 'outcome.json');
      const before = await outcomeAt(place);
      await writeWhole(place, { ...before, ...reportOf(batch) });
      ended += 1;
    }
    await rm(path.join(dir, PENDING, folder), { force: true });
  }
  return ended;
}

async function outcomeAt(place: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(place, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Counts of a batch and no data of people: for outcome files and webhooks. */
export function reportOf(batch: Batch) {
  const { batchId, state, asOf, createdAt, finishedAt, error } = batch;
  const { received, accepted, rejected, duplicates, warnings } = batch;
  const { membersTotal, membersDone, membersFailed, gapsOpened, gapsClosed } = batch;
  return {
    batchId,
    state,
    asOf,
    createdAt,
    finishedAt,
    counts: { received, accepted, rejected, duplicates, warnings },
    members: { total: membersTotal, done: membersDone, failed: membersFailed },
    gaps: { opened: gapsOpened, closed: gapsClosed },
    error,
    rejects: `/v1/batches/${batchId}/rejects`,
  };
}

async function writeWhole(place: string, value: object): Promise<void> {
  await writeFile(`${place}.part`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(`${place}.part`, place);
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.name.endsWith(MARKER))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

async function* opened(files: readonly string[]): AsyncGenerator<IncomingFile> {
  for (const file of files) yield { name: path.basename(file), content: createReadStream(file) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function isTaken(error: unknown): boolean {
  return ['EEXIST', 'ENOTEMPTY', 'EISDIR', 'ENOTDIR'].includes(codeOf(error));
}
