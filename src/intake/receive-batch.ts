import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type Batch, createBatch } from '../store/batches.ts';
import { type Database, type TenantTx, withTenant } from '../store/database.ts';
import { type BatchSpool, type IncomingFile, type Spooled, spoolFiles } from './spool.ts';

/** What the sender said about an extract; only what was said counts when two extracts are compared. */
export interface BatchChoices {
  readonly asOf?: string | undefined;
  readonly format?: string | undefined;
  readonly program?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly paymentYears?: readonly number[] | undefined;
  /** As in the tenant's settings (parser-settings.ts), for this batch. */
  readonly memberIdSystems?: readonly string[] | undefined;
  readonly includeNonFinalDiagnoses?: boolean | undefined;
  readonly lenientX12?: boolean | undefined;
}

export interface ReceivedBatch {
  readonly batch: Batch;
  /** False: the same content had been sent before, and this is that batch. */
  readonly created: boolean;
}

/** Starts the reading of batches; the work item is written in the transaction that makes it necessary. */
export interface BatchStarter {
  enqueue(tx: TenantTx, batchId: string): Promise<void>;
  /** Called after the commit: dispatches at once what a sweep would find a moment later. Does not throw. */
  nudge(): void;
}

/** What receiving an extract needs. */
export interface Reception {
  readonly database: Database;
  /** Folder of received extracts. */
  readonly spoolDir: string;
  readonly batches: BatchStarter;
  readonly now: () => Date;
}

export interface SpooledExtract {
  /** Below the spool root. */
  readonly folder: string;
  readonly spooled: Spooled;
}

/** Streams an extract into a folder of its own below the tenant's. Throws SpoolLimitError over the limit. */
export async function spoolExtract(
  reception: Pick<Reception, 'spoolDir'>,
  tenantId: string,
  extract: { readonly files: AsyncIterable<IncomingFile>; readonly limitBytes: number },
): Promise<SpooledExtract> {
  const folder = path.join(tenantId, randomUUID());
  const place = path.join(reception.spoolDir, folder);
  return { folder, spooled: await spoolFiles(place, extract.files, extract.limitBytes) };
}

/** Removes a spool folder that no batch names. */
export async function dropSpool(reception: Pick<Reception, 'spoolDir'>, folder: string): Promise<void> {
  await rm(path.join(reception.spoolDir, folder), { recursive: true, force: true });
}

/** Same content and same choices give the same text. */
export function contentKey(spooled: Spooled, choices: BatchChoices): string {
  const said = Object.entries(choices).filter(([, value]) => value !== undefined);
  if (said.length === 0) return `content:${spooled.sha256}`;
  const hash = createHash('sha256').update(JSON.stringify(said.sort())).digest('hex');
  return `content:${spooled.sha256}:${hash.slice(0, 16)}`;
}

/**
 * Writes the batch and its work item in one transaction, or finds the batch that the same content already made, also
 * when two senders do this at the same moment. A failed or cancelled batch may be sent again. The spool folder is
 * removed where no new batch came of it.
 */
export async function receiveBatch(
  reception: Reception,
  sender: { readonly tenantId: string; readonly subject: string },
  extract: SpooledExtract & { readonly choices: BatchChoices },
): Promise<ReceivedBatch> {
  const { folder } = extract;
  const received = await withTenant(reception.database, sender.tenantId, async (tx) => {
    const found = await makeOrFind(tx, {
      asOf: isoDay(reception.now()),
      subject: sender.subject,
      ...extract,
    });
    if (found.created) await reception.batches.enqueue(tx, found.batch.batchId);
    return found;
  }).catch(async (error: unknown) => {
    await dropSpool(reception, folder);
    throw error;
  });
  if (received.created) reception.batches.nudge();
  else await dropSpool(reception, folder);
  return received;
}

function isoDay(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

async function makeOrFind(
  tx: TenantTx,
  extract: SpooledExtract & {
    readonly choices: BatchChoices;
    readonly asOf: string;
    readonly subject: string;
  },
): Promise<ReceivedBatch> {
  const { folder, spooled, choices, subject } = extract;
  const spool: BatchSpool = { folder, files: spooled.files };
  const { asOf = extract.asOf, ...options } = choices;
  let key = contentKey(spooled, choices);
  for (;;) {
    const receipt = await createBatch(tx, {
      format: choices.format ?? 'auto',
      asOf,
      createdBy: subject,
      idempotencyKey: key,
      contentSha256: spooled.sha256,
      spool,
      options,
      bytesTotal: spooled.bytes,
    });
    if (!receipt.ok) throw new Error('two contents share one SHA-256');
    const { batch, created } = receipt;
    if (created || (batch.state !== 'failed' && batch.state !== 'cancelled')) return { batch, created };
    key = `${contentKey(spooled, choices)}:after:${batch.batchId}`;
  }
}
