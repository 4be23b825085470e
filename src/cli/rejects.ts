import { listFindings } from '../store/batches.ts';
import { type Database, withTenant } from '../store/database.ts';
import { say } from './exit.ts';

const SHOWN = 10;

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
