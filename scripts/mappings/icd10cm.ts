import { EDITION } from './models.ts';
import type { PackageContent } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';

/** The ICD-10-CM code set FY2022 to FY2027: validity by date, billable or header, official long description. */
export function buildIcd10cm(source: string): PackageContent {
  const rows = readTable(source, 'reference/icd10cm/codes.tsv').map((row) => [
    row.code ?? '',
    row.billable ?? '',
    row.valid_from ?? '',
    row.valid_to ?? '',
    row.description ?? '',
  ]);
  rows.sort(([a = '', , from = ''], [b = '', , later = '']) =>
    a === b ? (from < later ? -1 : 1) : a < b ? -1 : 1,
  );
  return {
    id: 'icd10cm',
    kind: 'codes',
    title: 'ICD-10-CM FY2022 to FY2027: codes, validity and descriptions',
    version: EDITION,
    paymentYears: [],
    sources: [
      'CDC/NCHS and CMS ICD-10-CM order files FY2022 to FY2026 (October and April releases)',
      'FY2027: FY2026 order file with the official FY2027 order addenda',
    ],
    provenance: [],
    properties: { newestFiscalYear: 2027 },
    files: [
      {
        name: 'codes.tsv',
        content: toTsv(['code', 'billable', 'from', 'to', 'description'], rows),
      },
    ],
  };
}
