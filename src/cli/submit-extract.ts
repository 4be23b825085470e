import { setTimeout } from 'node:timers/promises';
import type { Foundation, Sender } from '../composition.ts';
import { type BatchChoices, receiveBatch, spoolExtract } from '../intake/receive-batch.ts';
import { type Batch, getBatch } from '../store/batches.ts';
import { withTenant } from '../store/database.ts';
import { CommandError } from './exit.ts';
import { filesBelow, openFiles } from './extract-files.ts';
import { type Progress, startProgress } from './progress.ts';

const MIB = 1024 * 1024;
const POLL_MS = 200;
const ENDED = ['completed', 'failed', 'cancelled'];

export interface Submission {
  readonly tenantId: string;
  readonly subject: string;
  readonly place: string;
  readonly choices: BatchChoices;
}

/** Hands an extract to the same intake as any batch. `created` is false when its content was sent before. */
export async function submitExtract(
  foundation: Foundation,
  sender: Sender,
  submission: Submission,
): Promise<{ readonly batch: Batch; readonly created: boolean }> {
  const { tenantId, subject, place, choices } = submission;
  const reception = {
    database: foundation.db,
    spoolDir: foundation.spoolDir,
    batches: sender.batches,
    now: () => new Date(),
  };
  const limitBytes = foundation.config.BATCH_LIMIT_MB * MIB;
  const files = openFiles(await filesBelow(place));
  const extract = await spoolExtract(reception, tenantId, { files, limitBytes });
  return receiveBatch(reception, { tenantId, subject }, { ...extract, choices });
}

/** Waits until the batch has ended, showing reading and analysis as progress. */
export async function waitForBatch(
  foundation: Foundation,
  tenantId: string,
  batchId: string,
): Promise<Batch> {
  let stage = '';
  let progress: Progress | undefined;
  try {
    for (;;) {
      const batch = await withTenant(foundation.db, tenantId, (tx) => getBatch(tx, batchId));
      if (batch === undefined) throw new CommandError(`there is no batch ${batchId}`);
      if (ENDED.includes(batch.state)) return batch;
      const analyzing = batch.state === 'analyzing';
      const total = analyzing ? batch.membersTotal : batch.bytesTotal;
      if (progress === undefined || stage !== batch.state) {
        stage = batch.state;
        progress?.stop();
        progress = startProgress(analyzing ? 'analyzing' : 'reading', total, analyzing ? 'members' : 'bytes');
      }
      progress.update(analyzing ? batch.membersDone + batch.membersFailed : batch.bytesRead, total);
      await setTimeout(POLL_MS);
    }
  } finally {
    progress?.stop();
  }
}
