import { parse } from 'csv-parse/sync';
import type { ImportProblem } from './problem.ts';

export interface CsvTable {
  readonly header: readonly string[];
  /** Cells, trimmed, with the 1-based line of the row's start. */
  readonly rows: readonly { readonly line: number; readonly cells: readonly string[] }[];
}

/** Any CSV as trimmed cells; rows may be longer or shorter than the header. */
export function readCsvTable(file: string, text: string): CsvTable | ImportProblem {
  try {
    // With `info`, csv-parse yields records with their line; its types only know plain records.
    const parsed: unknown = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
    const records = parsed as { record: string[]; info: { lines: number } }[];
    const [head, ...rest] = records;
    if (!head) return { file, line: null, code: 'unreadable', message: 'is empty' };
    return {
      header: head.record,
      rows: rest.map(({ record, info }) => ({ line: info.lines, cells: record })),
    };
  } catch (cause) {
    return { file, line: null, code: 'unreadable', message: (cause as Error).message };
  }
}

export function isProblem(value: CsvTable | ImportProblem): value is ImportProblem {
  return 'message' in value;
}
