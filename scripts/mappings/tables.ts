import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';

/** Rows of a reference CSV (or, by its name, TSV) as records by column name. */
export function readTable(source: string, file: string): Record<string, string>[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  return file.endsWith('.tsv')
    ? parse(text, { columns: true, delimiter: '\t', quote: false })
    : parse(text, { columns: true });
}

/** Tab-separated text with a header row; refuses tabs and line ends inside a cell. */
export function toTsv(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell) => {
        const text = String(cell);
        if (/[\t\r\n]/.test(text)) throw new Error(`cell holds a tab or a line end: ${text}`);
        return text;
      })
      .join('\t'),
  );
  return `${lines.join('\n')}\n`;
}
