import type { CanonicalRecord, IntakeEvent } from '../../store/records.ts';
import { fingerprint } from '../key-map.ts';
import type { Parser } from '../parser.ts';
import { BatchContext, type TableReader } from './batch-context.ts';
import { labsReader, medicationsReader, vitalsReader } from './clinical.ts';
import { diagnosesReader } from './diagnoses.ts';
import { type EncountersReader, encountersReader } from './encounters.ts';
import type { HeaderPlan } from './header.ts';
import { TABLE_KINDS, type TableKind } from './layout.ts';
import { membersReader } from './members.ts';
import { faultDetails, headerEvents, identifierConflicts, type OpenedFile, openFile } from './open-file.ts';
import { appointmentsReader, conditionsReader, crosswalkReader, proceduresReader } from './own-tables.ts';
import { physicalLines } from './physical-lines.ts';
import { PROBLEMS } from './problems.ts';
import { RepeatFinder } from './repeats.ts';
import { type RawRow, RowSplitter } from './rows.ts';
import { fill, type RowProblem, TableRow } from './table-row.ts';

/**
 * Flat-file extracts in the service's own layout. Files are read in the order of what refers to what, members first
 * and claims before diagnoses, so that the order in which they were sent does not matter.
 */
export const parseCsv: Parser = async function* (inputs, options) {
  const files: OpenedFile[] = [];
  for (const input of inputs) files.push(await openFile(input, options));
  const conflicts = identifierConflicts(files);
  const kinds = new Set<TableKind>();
  for (const { reading } of files) if (reading.plan) kinds.add(reading.plan.layout.kind);
  const context = new BatchContext(options, kinds);
  context.statesDiagnoses =
    kinds.has('diagnoses') ||
    files.some(({ reading }) =>
      reading.plan?.fields.some(({ field }) => field.name.startsWith('diagnosis_code_')),
    );
  for (const file of files) yield* headerEvents(file, conflicts.get(file) ?? []);
  for (const kind of TABLE_KINDS) {
    const readable = files.filter(
      (file) => file.reading.plan?.layout.kind === kind && !file.fault && !conflicts.has(file),
    );
    if (readable.length > 0) yield* readTable(kind, { files: readable, context });
  }
  for (const { outcome, encoding } of files) {
    if (encoding.foundLatin1) {
      const message = PROBLEMS.encoding_latin1.text;
      const warning = outcome.warn({ row: null, field: null, code: 'encoding_latin1', message });
      if (warning) yield warning;
    }
    yield* outcome.close();
  }
};

function readerOf(kind: TableKind, context: BatchContext): TableReader {
  switch (kind) {
    case 'members':
      return membersReader(context);
    case 'encounters':
      return encountersReader(context);
    case 'diagnoses':
      return diagnosesReader(context);
    case 'conditions':
      return conditionsReader(context);
    case 'labs':
      return labsReader();
    case 'medications':
      return medicationsReader(context);
    case 'vitals':
      return vitalsReader();
    case 'procedures':
      return proceduresReader();
    case 'appointments':
      return appointmentsReader();
    case 'crosswalk':
      return crosswalkReader();
  }
}

interface TableFiles {
  readonly files: readonly OpenedFile[];
  readonly context: BatchContext;
}

async function* readTable(kind: TableKind, { files, context }: TableFiles): AsyncGenerator<IntakeEvent> {
  const reader = readerOf(kind, context);
  const repeats = new RepeatFinder(
    files.flatMap(({ input, reading }) => (reading.plan ? [{ file: input.file, plan: reading.plan }] : [])),
  );
  for (const [index, file] of files.entries()) {
    yield* readRows({ file, index, reader, repeats, context });
  }
  const records: CanonicalRecord[] = [];
  reader.finish((record) => records.push(record));
  for (const record of records) yield { type: 'record', record };
  if (isEncounters(reader)) yield* linkWarnings(reader, files, context);
}

function isEncounters(reader: TableReader): reader is EncountersReader {
  return 'links' in reader;
}

/** Links of chart reviews are judged when every claim of the batch has been read. */
async function* linkWarnings(
  { links }: EncountersReader,
  files: readonly OpenedFile[],
  context: BatchContext,
): AsyncGenerator<IntakeEvent> {
  const open = links.filter(({ linkedClaimId }) => !context.claims.has(linkedClaimId));
  await context.learnEncounters(open.map(({ memberId, linkedClaimId }) => `${memberId}\t${linkedClaimId}`));
  for (const { memberId, linkedClaimId, source } of open) {
    if (context.earlierEncounters.get(`${memberId}\t${linkedClaimId}`) === 1) continue;
    const file = files.find(({ input }) => input.file === source.file);
    const warning = file?.outcome.warn({
      row: source.row,
      field: 'linked_claim_id',
      code: 'unknown_claim',
      message: fill(PROBLEMS.unknown_claim.text, { field: 'linked_claim_id' }),
      value: linkedClaimId,
    });
    if (warning) yield warning;
  }
}

interface RowsOf {
  readonly file: OpenedFile;
  readonly index: number;
  readonly reader: TableReader;
  readonly repeats: RepeatFinder;
  readonly context: BatchContext;
}

async function* readRows(of: RowsOf): AsyncGenerator<IntakeEvent> {
  const { file, context } = of;
  const { plan } = file.reading;
  if (!plan) return;
  const { limits } = context.options;
  const splitter = new RowSplitter(file.delimiter, limits.rowBytes);
  let header = true;
  let bytes = 0;
  const source = counted(file.input.open(), (length) => {
    bytes += length;
  });
  for await (const block of physicalLines(source, limits.rowBytes, () => file.encoding.isLatin1())) {
    const rows = splitter.push(block);
    // The header row was read when the file was opened.
    if (header && rows.length > 0) {
      rows.shift();
      header = false;
    }
    const events = await rowEvents(rows, of);
    yield* events.events;
    if (events.stop) return;
    context.rowsRead += rows.length;
    const code = bytes > limits.fileBytes ? 'file_too_large' : 'too_many_rows';
    if (code === 'too_many_rows' && context.rowsRead <= limits.rows) continue;
    file.outcome.fail();
    const why =
      code === 'file_too_large'
        ? `the file is larger than ${limits.fileBytes} bytes`
        : `a batch takes up to ${limits.rows} rows; send the others as another batch`;
    yield file.outcome.error({ row: null, field: null, code, message: `${why}; the rest was not read` });
    return;
  }
  yield* (await rowEvents(splitter.end(), of)).events;
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count(chunk.length);
    yield chunk;
  }
}

async function rowEvents(
  rows: readonly RawRow[],
  of: RowsOf,
): Promise<{ readonly events: readonly IntakeEvent[]; readonly stop: boolean }> {
  const { file, reader, context } = of;
  const { plan } = file.reading;
  const events: IntakeEvent[] = [];
  if (!plan) return { events, stop: true };
  const { kind } = plan.layout;
  const read = rows.map((row) =>
    row.cells?.length === file.width
      ? new TableRow(plan, { ...row, cells: file.extend(row.cells) }, context.options.asOf)
      : null,
  );
  // Members and crosswalks make the members they name.
  const names = kind !== 'members' && kind !== 'crosswalk';
  if (names) await learnNames(read, plan, context);
  for (const [at, raw] of rows.entries()) {
    if (file.outcome.exhausted) {
      file.outcome.fail();
      const limit = String(context.options.limits.rejectedRows);
      const message = fill(PROBLEMS.too_many_errors.text, { limit });
      events.push(file.outcome.error({ row: raw.row, field: null, code: 'too_many_errors', message }));
      return { events, stop: true };
    }
    const row = read[at];
    if (!row) {
      const fatal = rejectUnsplit(raw, plan, { of, events });
      if (fatal) return { events, stop: true };
      continue;
    }
    const memberId = row.text('member_id');
    if (names && memberId !== null && !context.isMember(memberId)) {
      row.problem('unknown_member', 'member_id', { value: memberId });
    }
    reader.judge(row);
    settle(row, plan, { of, events });
  }
  return { events, stop: false };
}

/** One question for all members and claims of these rows that the batch itself does not bring. */
async function learnNames(
  rows: readonly (TableRow | null)[],
  plan: HeaderPlan,
  context: BatchContext,
): Promise<void> {
  const members: string[] = [];
  const encounters: string[] = [];
  const namesClaims = plan.layout.kind === 'diagnoses' || plan.layout.kind === 'conditions';
  for (const row of rows) {
    const memberId = row?.text('member_id') ?? null;
    if (memberId === null) continue;
    members.push(memberId);
    const claimId = namesClaims ? (row?.text('claim_id') ?? null) : null;
    if (claimId !== null && context.claims.get(claimId, 0) !== fingerprint(memberId)) {
      encounters.push(`${memberId}\t${claimId}`);
    }
  }
  await context.learnMembers(members);
  await context.learnEncounters(encounters);
}

interface Sink {
  readonly of: RowsOf;
  readonly events: IntakeEvent[];
}

/** Rejects a row that has no cells, or another number of them than the header. True when reading cannot go on. */
function rejectUnsplit(raw: RawRow, plan: HeaderPlan, { of, events }: Sink): boolean {
  const { outcome } = of.file;
  const fault = raw.fault ?? { code: 'row_width' as const };
  const details =
    fault.code === 'row_width'
      ? { got: String(raw.cells?.length ?? 0), want: String(of.file.width) }
      : faultDetails(fault, raw.row, of.context.options);
  events.push(
    outcome.reject(plan.layout.kind, {
      row: raw.row,
      field: null,
      code: fault.code,
      message: fill(PROBLEMS[fault.code].text, details),
      raw: raw.raw,
    }),
  );
  const fatal = fault.code === 'quote_unclosed' && fault.fatal;
  if (fatal) outcome.fail();
  return fatal;
}

/** Takes or rejects a row that has been judged, and says why. */
function settle(row: TableRow, plan: HeaderPlan, { of, events }: Sink): void {
  const { file, reader, repeats, index } = of;
  const { outcome } = file;
  const { kind, key } = plan.layout;
  if (row.taken) {
    const repeat = repeats.look(row, { key, index });
    if (repeat === 'same') {
      outcome.accept(kind, true);
      return;
    }
    if (repeat !== null) {
      row.problem('duplicate_key', repeat.field, { value: repeat.value, otherrow: repeat.otherRow });
    }
  }
  if (!row.taken) {
    let first = true;
    for (const problem of row.problems) {
      if (problem.severity !== 'error') continue;
      const fault = { ...faultOf(row, problem), raw: row.raw };
      events.push(first ? outcome.reject(kind, fault) : outcome.error(fault));
      first = false;
    }
    return;
  }
  outcome.accept(kind);
  const records: CanonicalRecord[] = [];
  reader.take(row, { file: file.input.file, row: row.row }, (record) => records.push(record));
  for (const problem of row.problems) {
    const event =
      problem.severity === 'error'
        ? outcome.error({ ...faultOf(row, problem), raw: row.raw })
        : outcome.warn(faultOf(row, problem));
    if (event) events.push(event);
  }
  for (const record of records) events.push({ type: 'record', record });
}

function faultOf(row: TableRow, { field, code, message, value }: RowProblem) {
  return { row: row.row, field, code, message, value };
}
