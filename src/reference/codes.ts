import { type CodeRow, type CodeTable, codeTable } from '../engine/codes.ts';
import { openPackage } from './package.ts';
import { tsvRows } from './rows.ts';

/** Reads the ICD-10-CM code set with validity by date and descriptions. */
export function loadCodes(root: string): CodeTable {
  const mapping = openPackage(root, 'icd10cm');
  const rows = tsvRows(mapping, 'codes.tsv', ['code', 'billable', 'from', 'to', 'description']);
  return codeTable(
    rows.map(
      ([code = '', billable, from = '', to = '', description = '']): CodeRow => ({
        code,
        billable: billable === '1',
        from,
        to: to || null,
        description,
      }),
    ),
  );
}
