import type { IntakeEvent } from '../../store/records.ts';
import { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeOptions } from '../parser.ts';
import { FileEncoding } from './encoding.ts';
import { type HeaderProblem, type HeaderReading, readHeader } from './header.ts';
import { physicalLines } from './physical-lines.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import { rifAdapter } from './rif.ts';
import { detectDelimiter, type RawRow, type RowFault, RowSplitter } from './rows.ts';
import { fill } from './table-row.ts';

/** A file with its header read. */
export interface OpenedFile {
  readonly input: IntakeInput;
  readonly outcome: FileOutcome;
  readonly encoding: FileEncoding;
  readonly delimiter: string;
  readonly reading: HeaderReading;
  /** Cells in the order of the header as read; research files get cells added. */
  readonly extend: (cells: readonly string[]) => readonly string[];
  /** Columns of the file itself. */
  readonly width: number;
  /** What makes the header itself unreadable. */
  readonly fault: HeaderFault | null;
}

interface HeaderFault {
  readonly code: ProblemCode;
  readonly row: number | null;
  readonly details: Readonly<Record<string, string>>;
}

export async function openFile(input: IntakeInput, options: IntakeOptions): Promise<OpenedFile> {
  const outcome = new FileOutcome(input.file, 'csv', options.limits);
  const encoding = new FileEncoding(input);
  const nothing: HeaderReading = { plan: null, kind: null, problems: [] };
  let splitter: RowSplitter | null = null;
  let delimiter = options.delimiter ?? ',';
  const limit = options.limits.rowBytes;
  const opened = (row: RawRow): OpenedFile => {
    const of = { input, outcome, encoding, delimiter, ...AS_SENT };
    if (!row.cells) return { ...of, reading: nothing, fault: headerFault(row, options) };
    outcome.beginsWith(row.raw);
    const rif = rifAdapter(row.cells);
    const reading = readHeader(rif?.header ?? row.cells, input.file);
    return { ...of, reading, width: row.cells.length, extend: rif?.extend ?? of.extend, fault: null };
  };
  for await (const block of physicalLines(input.open(), limit, () => encoding.isLatin1())) {
    const first = block.lines.find((line) => line.trim() !== '');
    if (!splitter && first !== undefined) {
      delimiter = options.delimiter ?? detectDelimiter(first);
      splitter = new RowSplitter(delimiter, limit);
    }
    const [header] = splitter?.push(block) ?? [];
    if (header) return opened(header);
  }
  const [unfinished] = splitter?.end() ?? [];
  if (unfinished) return opened(unfinished);
  const fault: HeaderFault = { code: 'file_empty', row: null, details: {} };
  return { input, outcome, encoding, delimiter, reading: nothing, fault, ...AS_SENT };
}

const AS_SENT: Pick<OpenedFile, 'extend' | 'width'> = { extend: (cells) => cells, width: 0 };

function headerFault(row: RawRow, options: IntakeOptions): HeaderFault {
  const fault = row.fault ?? { code: 'nul_byte' };
  return { code: fault.code, row: row.row, details: faultDetails(fault, row.row, options) };
}

export function faultDetails(fault: RowFault, row: number, options: IntakeOptions): Record<string, string> {
  switch (fault.code) {
    case 'bad_encoding':
      return { offset: String(fault.offset) };
    case 'row_too_long':
      return { limit: String(options.limits.rowBytes) };
    case 'quote_unclosed':
      return { row: String(row) };
    case 'nul_byte':
      return {};
  }
}

/**
 * `person_id` beside another member id must be the choice in every file: a file that names its members by that other
 * column alone would speak of other persons.
 */
export function identifierConflicts(
  files: readonly OpenedFile[],
): ReadonlyMap<OpenedFile, readonly HeaderProblem[]> {
  const winner = files.find(({ reading }) => reading.plan?.personIdWins === true);
  const conflicts = new Map<OpenedFile, readonly HeaderProblem[]>();
  if (!winner) return conflicts;
  for (const file of files) {
    // A research file names its members by CMS's own number, whatever the other files do.
    if (file.extend !== AS_SENT.extend) continue;
    const column = file.reading.plan?.memberColumn;
    if (column !== 'member_id' && column !== 'patient_id') continue;
    const details = { a: 'person_id', b: column, field: 'member_id' };
    conflicts.set(file, [{ code: 'header_alias_conflict', column, details }]);
  }
  return conflicts;
}

export function* headerEvents(
  { outcome, reading, fault }: OpenedFile,
  conflicts: readonly HeaderProblem[],
): Generator<IntakeEvent> {
  outcome.expect(reading.kind ?? 'unknown');
  if (fault) {
    outcome.fail();
    const message = fill(PROBLEMS[fault.code].text, fault.details);
    yield outcome.error({ row: fault.row, field: null, code: fault.code, message });
    return;
  }
  for (const { code, column, details } of [...reading.problems, ...conflicts]) {
    const { severity, text } = PROBLEMS[code];
    const found = { row: 1, field: column, code, message: fill(text, details) };
    if (severity === 'error') {
      outcome.fail();
      yield outcome.error(found);
    } else {
      const warning = outcome.warn(found);
      if (warning) yield warning;
    }
  }
}
