import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';

export { toTsv } from '../../src/reference/tsv.ts';

/** Rows of a reference CSV (or, by its name, TSV) as records by column name. */
export function readTable(source: string, file: string): Record<string, string>[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  return file.endsWith('.tsv')
    ? parse(text, { columns: true, delimiter: '\t', quote: false })
    : parse(text, { columns: true });
}
