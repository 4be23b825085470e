import readXlsxFile from 'read-excel-file/node';
import type { ImportProblem } from './problem.ts';

export interface Sheet {
  readonly name: string;
  /** Cells as trimmed text; empty for a blank cell. */
  readonly rows: readonly (readonly string[])[];
}

export type WorkbookRead =
  | { readonly ok: true; readonly sheets: readonly Sheet[] }
  | { readonly ok: false; readonly problem: ImportProblem };

/** Every sheet of an `.xlsx` file as text. Numbers keep their shortest decimal form; leading zeros survive in text cells. */
export async function readWorkbook(file: string, path: string): Promise<WorkbookRead> {
  try {
    const sheets = await readXlsxFile(path);
    return {
      ok: true,
      sheets: sheets.map(({ sheet, data }) => ({ name: sheet, rows: data.map((row) => row.map(cellText)) })),
    };
  } catch (cause) {
    return {
      ok: false,
      problem: {
        file,
        line: null,
        code: 'unreadable',
        message: `not a readable workbook: ${(cause as Error).message}`,
      },
    };
  }
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (cell instanceof Date) return cell.toISOString().slice(0, 10);
  return String(cell).replace(/\s+/g, ' ').trim();
}

/** The first row in which every pattern matches some cell: index, and the column of each pattern. */
export function findHeader(
  rows: readonly (readonly string[])[],
  patterns: readonly RegExp[],
): { readonly index: number; readonly columns: readonly number[] } | null {
  for (const [index, row] of rows.slice(0, 40).entries()) {
    const columns = patterns.map((pattern) => row.findIndex((cell) => pattern.test(cell)));
    if (columns.every((column) => column >= 0)) return { index, columns };
  }
  return null;
}
