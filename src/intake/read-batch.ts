import type { ReferenceData } from '../engine/reference-data.ts';
import { type AuditEvent, appendAudit } from '../store/audit.ts';
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
import { type Database, type TenantTx, withTenant, withTenantConnection } from '../store/database.ts';
import type { MergeChange, UnresolvedRow } from '../store/member-links.ts';
import { knownEncounters, knownMembers } from '../store/members.ts';
import { mergeStage } from '../store/merge-stage.ts';
import type { FileReport, IntakeFinding } from '../store/records.ts';
import { deletedResources } from '../store/resource-deletions.ts';
import { openStage } from '../store/staging.ts';
import { currentSettings } from '../store/tenancy.ts';
import { addBatchAnalysis } from '../store/work-items.ts';
import { recordsAsSent, rowKey } from './as-sent.ts';
import { intakeLookups } from './lookups.ts';
import { batchFailed, parseBatch } from './parse-batch.ts';
import {
  DEFAULT_LIMITS,
  INTAKE_FORMATS,
  type IntakeFormat,
  type IntakeInput,
  type IntakeOptions,
  intakeOptions,
} from './parser.ts';
import { readParserSettings } from './parser-settings.ts';
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
 * Reads a batch's spooled extract into the store: parse into a stage by COPY, merge it, keep findings and reports,
 * make the analysis of the members touched necessary. All but the findings is one transaction, so that a batch shows
 * whole or not at all; a reading that broke off is done again from the start and its findings are written anew.
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

  const findings = new FindingSink(reading);
  const reports: FileReport[] = [];
  let bytesRead = 0;
  const inputs = spooledInputs(reading.spoolDir, spoolOf(batch), (bytes) => {
    bytesRead += bytes;
  });
  const ended = await withTenantConnection(db, tenantId, async (tx, connection) => {
    const stage = await openStage(tx, connection);
    const { options, settings } = await optionsOf(reading, batch);
    let noted = 0;
    for await (const event of parseBatch(inputs, options, settings)) {
      if (event.type === 'finding') await findings.add(event.finding);
      else if (event.type === 'report') reports.push(event.report);
      else if (event.type === 'deletion') stage.delete(event.deletion);
      else if (stage.add(event.record)) {
        reading.checkpoint();
        await stage.send();
      }
      if (bytesRead - noted < PROGRESS_BYTES) continue;
      noted = bytesRead;
      reading.checkpoint();
      const state = await progress(reading, Math.min(bytesRead, batch.bytesTotal), batch.bytesTotal);
      if (state !== 'reading') return false;
    }
    await stage.finish();
    await lockTenantIntake(tx);
    const merged = await mergeStage(tx, batchId, stage);
    await findings.addUnresolved(merged.unresolved, { reports, inputs, options });
    await findings.flush();
    await saveFileReports(tx, batchId, reports);
    await noteReadingProgress(tx, batchId, { bytesRead: batch.bytesTotal, bytesTotal: batch.bytesTotal });
    await concludeReading(tx, batch, reports);
    await reading.finish(tx);
    await appendAudit(tx, mergeEvents(batch, merged.merges));
    return true;
  });
  // Cancelled meanwhile: nothing of it is stored.
  if (!ended) await withTenant(db, tenantId, reading.finish);
}

/** Bytes read between two notes of progress. */
const PROGRESS_BYTES = 4 * 1024 * 1024;

async function progress(
  { db, tenantId, batchId }: BatchReading,
  bytesRead: number,
  bytesTotal: number,
): Promise<Batch['state'] | undefined> {
  return withTenant(db, tenantId, async (tx) => {
    await noteReadingProgress(tx, batchId, { bytesRead, bytesTotal });
    return (await getBatch(tx, batchId))?.state;
  });
}

/** Merging and parting members is written to the audit log (security I-4). */
function mergeEvents(batch: Batch, merges: readonly MergeChange[]): readonly AuditEvent[] {
  return merges.map(({ memberKey, mergedInto }) => ({
    at: new Date().toISOString(),
    actor: batch.createdBy,
    role: null,
    action: mergedInto === null ? 'unmergeMember' : 'mergeMember',
    resource: 'member',
    resourceId: memberKey,
    memberKeys: mergedInto === null ? [memberKey] : [memberKey, mergedInto],
    purpose: null,
    outcome: 'ok',
    requestId: null,
    sourceAddress: null,
    detail: { batchId: batch.batchId },
  }));
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
  const { paymentYears } = batch.options;
  const years = Array.isArray(paymentYears) ? paymentYears.map(Number) : null;
  await addBatchAnalysis(tx, { batchId, asOf, paymentYears: years });
  if (doubtful) {
    const share = `${total('rejected')} of ${total('received')} records rejected`;
    await noteBatchError(tx, batchId, `${share}, or a file could not be read; the rest was taken`);
  }
}

const UNRESOLVED: Readonly<
  Record<UnresolvedRow['reason'], { readonly field: string; readonly message: string }>
> = {
  unknown_member: {
    field: 'member_id',
    message: 'no member of this id is known with a birth date, in this batch or before',
  },
  member_ambiguous: { field: 'member_id', message: 'the number is known of several members' },
  link_circular: { field: 'surviving_member_id', message: 'the link would close a circle of members' },
};

/** Collects findings and writes them in chunks, each in a transaction of its own. */
class FindingSink {
  readonly #reading: BatchReading;
  #written = 0;
  #findings: IntakeFinding[] = [];

  constructor(reading: BatchReading) {
    this.#reading = reading;
  }

  async add(finding: IntakeFinding): Promise<void> {
    this.#findings.push(finding);
    if (this.#findings.length >= FINDING_CHUNK) await this.flush();
  }

  /** Rows that their parser took and the store did not: they move from the accepted to the rejected. */
  async addUnresolved(
    rows: readonly UnresolvedRow[],
    given: {
      readonly reports: FileReport[];
      readonly inputs: readonly IntakeInput[];
      readonly options: IntakeOptions;
    },
  ): Promise<void> {
    const sent = await recordsAsSent(rows, given);
    for (const { file, row, value, reason } of rows) {
      const { raw = null, recordType = null } = sent.get(rowKey({ file, row })) ?? {};
      moveToRejected(given.reports, { file, recordType, code: reason });
      const { field, message } = UNRESOLVED[reason];
      await this.add({ file, row, field, code: reason, severity: 'error', message, value, raw });
    }
  }

  async flush(): Promise<void> {
    const findings = this.#findings;
    this.#findings = [];
    const { db, tenantId, batchId } = this.#reading;
    await withTenant(db, tenantId, (tx) => saveFindings(tx, batchId, findings, this.#written));
    this.#written += findings.length;
  }
}

/** A record that was taken by its parser and refused afterwards: the sum stays what was received. */
function moveToRejected(
  reports: FileReport[],
  record: { readonly file: string; readonly recordType: string | null; readonly code: string },
): void {
  const { file, recordType, code } = record;
  let at = reports.findIndex(
    (report) => report.file === file && report.recordType === recordType && report.accepted > 0,
  );
  for (const [index, report] of recordType === null || at < 0 ? reports.entries() : []) {
    const most = reports[at]?.accepted ?? 0;
    if (report.file === file && report.accepted > most) at = index;
  }
  const report = reports[at];
  if (report === undefined) return;
  reports[at] = {
    ...report,
    accepted: report.accepted - 1,
    rejected: report.rejected + 1,
    duplicates: Math.min(report.duplicates, report.accepted - 1),
    codes: { ...report.codes, [code]: (report.codes?.[code] ?? 0) + 1 },
  };
}

function spoolOf(batch: Batch): BatchSpool {
  // Written by the receiving side from the same type; nobody else writes the column.
  return batch.spool as BatchSpool;
}

/** What the batch says of itself, else what the tenant's settings say of every batch. */
async function optionsOf(reading: BatchReading, batch: Batch) {
  const { db, tenantId, reference } = reading;
  const { format, program, delimiter, ...said } = batch.options as Readonly<Record<string, unknown>>;
  const isFormat = (value: unknown): value is IntakeFormat => INTAKE_FORMATS.some((known) => known === value);
  const options = intakeOptions({
    asOf: batch.asOf,
    format: isFormat(format) ? format : null,
    ...(program === 'pace' || program === 'aca' ? { program } : {}),
    delimiter: typeof delimiter === 'string' ? delimiter : null,
    lookups: {
      ...intakeLookups(reference),
      knownMembers: (ids) => withTenant(db, tenantId, (tx) => knownMembers(tx, ids)),
      deletedResources: () => withTenant(db, tenantId, (tx) => deletedResources(tx)),
      knownEncounters: (keys) => withTenant(db, tenantId, (tx) => knownEncounters(tx, keys)),
    },
  });
  const stored = await withTenant(db, tenantId, (tx) => currentSettings(tx));
  return { options, settings: readParserSettings(stored?.settings, said) };
}
