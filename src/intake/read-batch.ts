import type { ReferenceData } from '../engine/reference-data.ts';
import {
  type Batch,
  clearFindings,
  getBatch,
  lockTenantIntake,
  moveBatch,
  noteBatchError,
  noteReadingProgress,
  saveFileReports,
  saveFindings,
} from '../store/batches.ts';
import { type Database, type TenantTx, withTenant } from '../store/database.ts';
import { knownEncounters, knownMembers, rejectUnknownMembers } from '../store/members.ts';
import type { CanonicalRecord, FileReport, IntakeFinding } from '../store/records.ts';
import { UPSERT_CHUNK, upsertRecords } from '../store/upsert-records.ts';
import { addBatchAnalysis } from '../store/work-items.ts';
import { intakeLookups } from './lookups.ts';
import { batchFailed, parseBatch } from './parse-batch.ts';
import { DEFAULT_LIMITS, INTAKE_FORMATS, type IntakeFormat, intakeOptions } from './parser.ts';
import { type BatchSpool, spooledInputs } from './spool.ts';

export interface BatchReading {
  readonly db: Database;
  readonly tenantId: string;
  readonly batchId: string;
  readonly reference: ReferenceData;
  /** Folder below which received extracts lie. */
  readonly spoolDir: string;
  /** Called between chunks; throws when the work must stop, to be taken up again by another worker. */
  readonly checkpoint: () => void;
  /** Runs last, in the transaction that makes the batch's analysis necessary: ends the work item with it. */
  readonly finish: (tx: TenantTx) => Promise<void>;
}

/** Findings kept in memory before they are stored. */
const FINDING_CHUNK = 1_000;

/**
 * Reads a batch's spooled extract into the store: parse, upsert in chunks, keep findings and reports, then make the
 * analysis of the members touched necessary. Every step may be repeated: a reading that broke off is done again from
 * the start, rows already stored are unchanged by it, and what it had noted of findings is written anew.
 */
export async function readBatch(reading: BatchReading): Promise<void> {
  const { db, tenantId, batchId } = reading;
  const batch = await withTenant(db, tenantId, async (tx) => {
    const found = await getBatch(tx, batchId);
    if (found === undefined) return undefined;
    if (!(await moveBatch(tx, { batchId, from: ['received', 'reading'], to: 'reading' }))) return undefined;
    await clearFindings(tx, batchId);
    return found;
  });
  // Cancelled, or read already by a worker whose end was not noted: only the item is left to be ended.
  if (batch === undefined) return withTenant(db, tenantId, reading.finish);

  const sink = new BatchSink(reading);
  let bytesRead = 0;
  const inputs = spooledInputs(reading.spoolDir, spoolOf(batch), (bytes) => {
    bytesRead += bytes;
  });
  const events = parseBatch(inputs, optionsOf(reading, batch));
  for await (const event of events) {
    if (event.type === 'record') {
      if (!(await sink.record(event.record))) continue;
      reading.checkpoint();
      const state = await sink.progress(Math.min(bytesRead, batch.bytesTotal), batch.bytesTotal);
      if (state !== 'reading') return withTenant(db, tenantId, reading.finish);
    } else if (event.type === 'finding') await sink.finding(event.finding);
    else sink.reports.push(event.report);
  }
  await sink.flush();
  await withTenant(db, tenantId, async (tx) => {
    await lockTenantIntake(tx);
    const unknown = await rejectUnknownMembers(tx, batchId);
    const reports = sink.reports.map((report) => ({ ...report }));
    const findings = unknown.map(({ file, row, value }): IntakeFinding => {
      moveToRejected(reports, file);
      const message = 'no member of this id is known, in this batch or before';
      return {
        file,
        row,
        field: 'member_id',
        code: 'unknown_member',
        severity: 'error',
        message,
        value,
        raw: null,
      };
    });
    await saveFindings(tx, batchId, findings, sink.findingCount);
    await saveFileReports(tx, batchId, reports);
    await noteReadingProgress(tx, batchId, { bytesRead: batch.bytesTotal, bytesTotal: batch.bytesTotal });
    await concludeReading(tx, batch, reports);
    await reading.finish(tx);
  });
}

/** Nothing taken at all: the batch has failed. Too much refused: the rest goes on, and the batch says so. */
async function concludeReading(tx: TenantTx, batch: Batch, reports: readonly FileReport[]): Promise<void> {
  const { batchId, asOf } = batch;
  const total = (field: 'received' | 'accepted' | 'rejected') =>
    reports.reduce((sum, report) => sum + report[field], 0);
  const doubtful = batchFailed(reports, DEFAULT_LIMITS);
  if (doubtful && total('accepted') === 0) {
    const error = 'nothing of the extract could be taken; the rejects say why';
    await moveBatch(tx, { batchId, from: ['reading'], to: 'failed', error });
    return;
  }
  await addBatchAnalysis(tx, { batchId, asOf });
  if (doubtful) {
    const share = `${total('rejected')} of ${total('received')} records rejected`;
    await noteBatchError(tx, batchId, `${share}, or a file could not be read; the rest was taken`);
  }
}

/** Collects records and findings and writes them in chunks, each in a transaction of its own. */
class BatchSink {
  readonly reports: FileReport[] = [];
  findingCount = 0;
  readonly #reading: BatchReading;
  #records: CanonicalRecord[] = [];
  #findings: IntakeFinding[] = [];

  constructor(reading: BatchReading) {
    this.#reading = reading;
  }

  /** True when a chunk was written. */
  async record(record: CanonicalRecord): Promise<boolean> {
    this.#records.push(record);
    if (this.#records.length < UPSERT_CHUNK) return false;
    await this.#writeRecords();
    return true;
  }

  async finding(finding: IntakeFinding): Promise<void> {
    this.#findings.push(finding);
    if (this.#findings.length >= FINDING_CHUNK) await this.#writeFindings();
  }

  async flush(): Promise<void> {
    await this.#writeRecords();
    await this.#writeFindings();
  }

  async progress(bytesRead: number, bytesTotal: number): Promise<Batch['state'] | undefined> {
    const { batchId } = this.#reading;
    return this.#inTenant(async (tx) => {
      await noteReadingProgress(tx, batchId, { bytesRead, bytesTotal });
      return (await getBatch(tx, batchId))?.state;
    });
  }

  async #writeRecords(): Promise<void> {
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    await this.#inTenant(async (tx) => {
      await lockTenantIntake(tx);
      await upsertRecords(tx, this.#reading.batchId, records);
    });
  }

  async #writeFindings(): Promise<void> {
    const findings = this.#findings;
    this.#findings = [];
    await this.#inTenant((tx) => saveFindings(tx, this.#reading.batchId, findings, this.findingCount));
    this.findingCount += findings.length;
  }

  #inTenant<T>(work: (tx: TenantTx) => Promise<T>): Promise<T> {
    return withTenant(this.#reading.db, this.#reading.tenantId, work);
  }
}

type Counted = { -readonly [K in keyof FileReport]: FileReport[K] };

/** A record that was taken by its parser and refused afterwards: the sum stays what was received. */
function moveToRejected(reports: readonly Counted[], file: string): void {
  const [report] = reports
    .filter((candidate) => candidate.file === file && candidate.accepted > 0)
    .sort((a, b) => b.accepted - a.accepted);
  if (report === undefined) return;
  report.accepted -= 1;
  report.rejected += 1;
}

function spoolOf(batch: Batch): BatchSpool {
  // Written by the receiving side from the same type; nobody else writes the column.
  return batch.spool as BatchSpool;
}

function optionsOf(reading: BatchReading, batch: Batch) {
  const { db, tenantId, reference } = reading;
  const { format, program, delimiter } = batch.options as Readonly<Record<string, unknown>>;
  const isFormat = (value: unknown): value is IntakeFormat => INTAKE_FORMATS.some((known) => known === value);
  return intakeOptions({
    asOf: batch.asOf,
    format: isFormat(format) ? format : null,
    ...(program === 'pace' || program === 'aca' ? { program } : {}),
    delimiter: typeof delimiter === 'string' ? delimiter : null,
    lookups: {
      ...intakeLookups(reference),
      knownMembers: (ids) => withTenant(db, tenantId, (tx) => knownMembers(tx, ids)),
      knownEncounters: (keys) => withTenant(db, tenantId, (tx) => knownEncounters(tx, keys)),
    },
  });
}
