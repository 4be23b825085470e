/** A value that a spreadsheet may run begins with one of these, also after blanks (security threat 5). */
const FORMULA = /^\s*[=+\-@\t\r]/;

/**
 * One CSV cell (RFC 4180). Text that a spreadsheet would read as a formula gets a leading apostrophe; numbers are
 * written as they are, a negative number being no formula. Lists are joined by `|`.
 */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  const text = Array.isArray(value)
    ? value.map(String).join('|')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV line, CRLF-ended. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(',')}\r\n`;
}

/** A whole table: header of the column names, then the rows, absent fields empty. */
export function csvTable(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
): string {
  return csvLine(columns) + rows.map((row) => csvLine(columns.map((column) => row[column] ?? null))).join('');
}
