import { type CodeRow, type CodeTable, codeTable } from '../engine/codes.ts';
import { openPackage, PackageError } from './package.ts';

const HEADER = 'code\tbillable\tfrom\tto\tdescription\n';

/**
 * Reads the ICD-10-CM code set with validity by date and descriptions: 100,000 lines, so they are cut in place. The
 * checksum has proved the file; a line of another shape would be an error of the package all the same.
 */
export function loadCodes(root: string): CodeTable {
  const text = openPackage(root, 'icd10cm').text('codes.tsv');
  if (!text.startsWith(HEADER)) throw new PackageError('package icd10cm: codes.tsv has other columns');
  const rows: CodeRow[] = [];
  for (let start = HEADER.length; start < text.length; ) {
    const billable = text.indexOf('\t', start);
    const from = text.indexOf('\t', billable + 1);
    const to = text.indexOf('\t', from + 1);
    const description = text.indexOf('\t', to + 1);
    const end = text.indexOf('\n', description + 1);
    if (description < 0 || end < 0 || from - billable !== 2) {
      throw new PackageError(`package icd10cm: codes.tsv line ${rows.length + 2} is not a row`);
    }
    rows.push({
      code: text.slice(start, billable),
      billable: text.charCodeAt(billable + 1) === ONE,
      from: text.slice(from + 1, to),
      to: description === to + 1 ? null : text.slice(to + 1, description),
      description: text.slice(description + 1, end),
    });
    start = end + 1;
  }
  return codeTable(rows);
}

const ONE = 49;
