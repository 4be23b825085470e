/**
 * Does the work items of kind `intake`: reads one batch's spooled extract into the store.
 * At least once: an item is done again after a death or a failure. A repeat is harmless because all of a batch but its
 * findings, which are written anew, is stored in the transaction that completes the item.
 */
import type { ReferenceData } from '../engine/reference-data.ts';
import { type ItemHandler, PermanentError, PostponedError } from '../jobs/run-item.ts';
import { waitsForEarlier } from '../store/batches.ts';
import { withTenant } from '../store/database.ts';
import { settleReturns } from '../store/releases.ts';
import { readBatch } from './read-batch.ts';

/** Wait for the batch before; the sweep after its end takes this one up. */
const EARLIER_BATCH_MS = 1_000;
const NO_MEMBERS = { membersDone: 0, membersFailed: 0, gapsOpened: 0, gapsClosed: 0 } as const;

export interface IntakeHandlerOptions {
  readonly reference: ReferenceData;
  readonly spoolDir: string;
  /** Called after the commit: there are analysis items to hand to the queue. */
  readonly onRead: () => void;
}

export function intakeHandler(options: IntakeHandlerOptions): ItemHandler {
  const { reference, spoolDir, onRead } = options;
  return async (item, context) => {
    const { batchId, tenantId } = item;
    if (batchId === null) throw new PermanentError('an intake item names no batch');
    if (await withTenant(context.db, tenantId, (tx) => waitsForEarlier(tx, batchId))) {
      throw new PostponedError('an earlier batch is being read', {
        delayMs: EARLIER_BATCH_MS,
        counts: false,
      });
    }
    await readBatch({
      db: context.db,
      tenantId,
      batchId,
      reference,
      spoolDir,
      checkpoint: context.checkpoint,
      finish: async (tx) => {
        // Answers of the receiver may be about what this tenant exported.
        await settleReturns(tx);
        await context.complete(tx, NO_MEMBERS);
      },
    });
    onRead();
  };
}
