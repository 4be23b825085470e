import type { FileReport } from '../store/records.ts';
import { Unpacker } from './archive.ts';
import { openFile } from './csv/open-file.ts';
import { physicalLines } from './csv/physical-lines.ts';
import { RowSplitter } from './csv/rows.ts';
import { readResources } from './fhir/read.ts';
import { readLines } from './lines.ts';
import type { IntakeInput, IntakeOptions } from './parser.ts';
import { rawX12Records } from './x12/raw-records.ts';

/** A record as it was sent, and what its file's report counts it as; null where that is not known. */
export interface SentRecord {
  readonly raw: string | null;
  readonly recordType: string | null;
}

interface RowOfFile {
  readonly file: string;
  readonly row: number;
}

/** Records whose text is kept: more than a person will mend by hand. */
const TEXTS_KEPT = 10_000;
const RAW_CHARACTERS = 65_536;

/** Key of a row in {@link recordsAsSent}. */
export function rowKey({ file, row }: RowOfFile): string {
  return `${file}\n${row}`;
}

/**
 * Reads again the records that were refused after their parser had let go of them, so that they can be mended and
 * sent again like any other: lines of flat files, FHIR resources, X12 claims and members; archives are unpacked anew.
 */
export async function recordsAsSent(
  rows: readonly RowOfFile[],
  given: {
    readonly reports: readonly FileReport[];
    readonly inputs: readonly IntakeInput[];
    readonly options: IntakeOptions;
  },
): Promise<ReadonlyMap<string, SentRecord>> {
  const { reports, inputs, options } = given;
  const sent = new Map<string, SentRecord>();
  if (rows.length === 0) return sent;
  const wanted = new Map<string, Set<number>>();
  for (const { file, row } of rows) wanted.set(file, (wanted.get(file) ?? new Set()).add(row));
  const unpacker = new Unpacker(options.limits);
  try {
    for (const input of await unpacker.unpack(inputs)) {
      const of = wanted.get(input.file);
      if (of === undefined) continue;
      const format = reports.find(({ file }) => file === input.file)?.format ?? '';
      for await (const { row, raw, recordType } of recordsOf(format, input, options)) {
        if (!of.has(row) || sent.has(rowKey({ file: input.file, row }))) continue;
        const text = sent.size < TEXTS_KEPT ? raw.slice(0, RAW_CHARACTERS) : null;
        sent.set(rowKey({ file: input.file, row }), { raw: text, recordType });
        of.delete(row);
        if (of.size === 0) break;
      }
    }
  } finally {
    await unpacker.close();
  }
  return sent;
}

interface RawRecord {
  readonly row: number;
  readonly raw: string;
  readonly recordType: string | null;
}

function recordsOf(format: string, input: IntakeInput, options: IntakeOptions): AsyncIterable<RawRecord> {
  switch (format) {
    case 'csv':
      return rowsOf(input, options);
    case 'fhir':
      return resourcesOf(input, options);
    case 'x12':
      return rawX12Records(input, options);
    default:
      return linesOf(input, options);
  }
}

async function* rowsOf(input: IntakeInput, options: IntakeOptions): AsyncGenerator<RawRecord> {
  const { delimiter, encoding } = await openFile(input, options);
  const { rowBytes } = options.limits;
  const splitter = new RowSplitter(delimiter, rowBytes);
  for await (const block of physicalLines(input.open(), rowBytes, () => encoding.isLatin1())) {
    for (const { row, raw } of splitter.push(block)) yield { row, raw, recordType: null };
  }
}

async function* resourcesOf(input: IntakeInput, options: IntakeOptions): AsyncGenerator<RawRecord> {
  for await (const read of readResources(input, options.limits)) {
    if (read.kind !== 'resource' || read.deletes !== null) continue;
    const { row, resource } = read;
    const { resourceType } = resource;
    const recordType = typeof resourceType === 'string' ? resourceType : null;
    yield { row, raw: JSON.stringify(resource), recordType };
  }
}

async function* linesOf(input: IntakeInput, options: IntakeOptions): AsyncGenerator<RawRecord> {
  for await (const line of readLines(input.open(), options.limits.lineBytes)) {
    yield { row: line.number, raw: line.ok ? line.text : line.raw, recordType: null };
  }
}
