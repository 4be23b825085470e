import { isProblem, readCsvTable } from './csv-table.ts';
import type { ImportProblem, ReadRows } from './problem.ts';
import { findHeader, type Sheet } from './workbook.ts';

/** The yearly "Medicare Advantage Risk Adjustment Eligible CPT/HCPCS Codes" list. Only code values are taken. */
export function readServiceCodes(file: string, sheets: readonly Sheet[], year: number): ReadRows<string> {
  const title = /(?:cpt|hcpcs).*code|^hcpcs$|^cpt/i;
  const included = /included|eligible|risk\s*adjust/i;
  for (const sheet of sheets) {
    const header = findHeader(sheet.rows, [title]);
    if (!header) continue;
    const column = header.columns[0] ?? 0;
    const titles = sheet.rows[header.index] ?? [];
    const flag = flagColumn(titles, column, included, year);
    const codes = new Set<string>();
    for (const row of sheet.rows.slice(header.index + 1)) {
      const code = serviceCode(row[column] ?? '');
      if (code === null) continue;
      if (flag !== null && !/^y(es)?$/i.test(row[flag] ?? '')) continue;
      codes.add(code);
    }
    const problems: ImportProblem[] =
      codes.size > 0 ? [] : [{ file, line: null, code: 'count', message: 'lists no eligible code' }];
    return { rows: [...codes].sort(), problems };
  }
  return {
    rows: [],
    problems: [{ file, line: null, code: 'no_header', message: 'no column of CPT/HCPCS codes' }],
  };
}

/** The same list saved as CSV. */
export function readServiceCodesCsv(file: string, text: string, year: number): ReadRows<string> {
  const table = readCsvTable(file, text);
  if (isProblem(table)) return { rows: [], problems: [table] };
  const rows = [table.header, ...table.rows.map(({ cells }) => cells)];
  return readServiceCodes(file, [{ name: file, rows }], year);
}

/** The Yes/No column: of several, the one that names the year, else the first right of the code. */
function flagColumn(titles: readonly string[], code: number, included: RegExp, year: number): number | null {
  const candidates = titles.flatMap((title, index) =>
    index !== code && included.test(title) ? [index] : [],
  );
  return candidates.find((index) => titles[index]?.includes(String(year))) ?? candidates[0] ?? null;
}

/** CPT codes that lost a leading zero in a number cell (`100` for `00100`) are restored. */
function serviceCode(cell: string): string | null {
  if (/^\d{3,4}$/.test(cell)) return cell.padStart(5, '0');
  return /^[0-9A-Z]\d{3}[0-9A-Z]$/i.test(cell) ? cell.toUpperCase() : null;
}
