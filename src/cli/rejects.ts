import { type Batch, listFileReports, listFindings } from '../store/batches.ts';
import { type Database, withTenant } from '../store/database.ts';
import { say } from './exit.ts';

const SHOWN = 10;

/**
 * What became of a batch: its counts, and how often each remark was made, listed or not (codes unknown on their date,
 * assumptions, unresolved drugs among them).
 */
export async function reportOfBatch(db: Database, tenantId: string, batch: Batch) {
  const { batchId, state, received, accepted, rejected, duplicates, membersDone, gapsOpened, error } = batch;
  const files = await withTenant(db, tenantId, (tx) => listFileReports(tx, batchId));
  const codes = new Map<string, number>();
  // The codes are those of a file, and stand with each of its record types.
  for (const [, of] of new Map(files.map((report) => [report.file, report.codes ?? {}]))) {
    for (const [code, count] of Object.entries(of)) codes.set(code, (codes.get(code) ?? 0) + count);
  }
  const remarks = Object.fromEntries([...codes].sort());
  return {
    batchId,
    state,
    received,
    accepted,
    rejected,
    duplicates,
    membersDone,
    gapsOpened,
    remarks,
    error,
  };
}

/**
 * Names the first refused records of a batch on stderr: file, row, field and rule. Values and records stay out, because
 * what a nightly job writes to stderr ends up in a log; the rejects of the API hold them.
 */
export async function sayRejects(db: Database, tenantId: string, batchId: string): Promise<void> {
  const found = await withTenant(db, tenantId, (tx) =>
    listFindings(tx, batchId, { afterSeq: -1, limit: SHOWN + 1, severity: 'error' }),
  );
  for (const { file, row, field, code, message, value, raw } of found.slice(0, SHOWN)) {
    const place = [file, row === null ? '' : `row ${row}`, field ?? '']
      .filter((part) => part !== '')
      .join(' ');
    // Words about a whole file quote nothing of it; those about a field may.
    const words = field === null && value === null && raw === null ? `${code}: ${message}` : code;
    say(`  ${place}: ${words}`);
  }
  const more = found.length > SHOWN ? 'the first ones; ' : '';
  say(`${more}all with values and records as sent: GET /v1/batches/${batchId}/rejects`);
}
