import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { noteSpoolDropped, spoolsToDrop } from '../store/batches.ts';
import { type Database, withTenant } from '../store/database.ts';
import { currentSettings } from '../store/tenancy.ts';
import type { BatchSpool } from './spool.ts';

/** Raw intake is kept short (security R-1: for example 90 days). */
const DEFAULT_DAYS = 90;
const DAY_MS = 86_400_000;
/** An upload that has been coming for longer than this has broken off. */
const BROKEN_OFF_MS = DAY_MS;

/**
 * Removes the files of a tenant's batches that ended longer ago than the tenant's setting `retainIntakeDays`, and what
 * uploads left that broke off. A legal hold of the tenant or of any of its members keeps everything: an extract
 * holds them all. Returns how many batches lost their files.
 */
export async function dropOldSpools(options: {
  readonly db: Database;
  readonly spoolDir: string;
  readonly tenantId: string;
  readonly now: Date;
}): Promise<number> {
  const { db, spoolDir, tenantId, now } = options;
  const due = await withTenant(db, tenantId, async (tx) => {
    const days = (await currentSettings(tx))?.settings.retainIntakeDays;
    const kept = typeof days === 'number' && days >= 1 ? days : DEFAULT_DAYS;
    return spoolsToDrop(tx, new Date(now.getTime() - kept * DAY_MS).toISOString());
  });
  for (const { batchId, spool } of due) {
    // Written by the receiving side from this type; nobody else writes the column.
    const { folder } = spool as BatchSpool;
    await rm(path.join(spoolDir, folder), { recursive: true, force: true });
    await withTenant(db, tenantId, (tx) => noteSpoolDropped(tx, batchId, now.toISOString()));
  }
  await dropBrokenOff(path.join(spoolDir, tenantId), now);
  return due.length;
}

async function dropBrokenOff(folder: string, now: Date): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith('.partial'))) {
    const place = path.join(folder, name);
    const found = await stat(place).catch(() => null);
    if (found !== null && now.getTime() - found.mtimeMs > BROKEN_OFF_MS) {
      await rm(place, { recursive: true, force: true });
    }
  }
}
