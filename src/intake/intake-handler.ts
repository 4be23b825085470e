/**
 * Does the work items of kind `intake`: reads one batch's spooled extract into the store.
 * At least once: an item is done again after a death or a failure. A repeat is harmless because upserts by key change
 * nothing the second time, and because the last chunk, the reports and the completion are one transaction.
 */
import type { ReferenceData } from '../engine/reference-data.ts';
import { type ItemHandler, PermanentError } from '../jobs/run-item.ts';
import { readBatch } from './read-batch.ts';

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
    await readBatch({
      db: context.db,
      tenantId,
      batchId,
      reference,
      spoolDir,
      checkpoint: context.checkpoint,
      finish: (tx) => context.complete(tx, NO_MEMBERS),
    });
    onRead();
  };
}
