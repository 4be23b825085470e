import { undotted } from '../src/engine/icd10.ts';
import type { ReferenceData } from '../src/engine/reference-data.ts';
import type { Row, Table } from './story.ts';

/** Codes that are in the extract because they are not valid on their date, or no code at all. */
const MEANT_INVALID: ReadonlySet<string> = new Set(['G20', '4019']);

/** Every diagnosis of the extract that is not billable on its date of service, other than those meant to be so. */
export function checkCodes(
  extract: ReadonlyMap<Table, readonly Row[]>,
  { codes }: Pick<ReferenceData, 'codes'>,
): string[] {
  const problems = new Set<string>();
  const check = (code: string, date: string): void => {
    if (code === '' || MEANT_INVALID.has(undotted(code))) return;
    if (!codes.billableOn(undotted(code), date)) problems.add(`${code} is not billable on ${date}`);
  };
  for (const row of extract.get('encounters') ?? []) {
    const date = row.discharge_date || row.claim_start_date || '';
    for (let index = 1; index <= 4; index += 1) check(row[`diagnosis_code_${index}`] ?? '', date);
  }
  for (const row of extract.get('conditions') ?? []) check(row.condition_code ?? '', row.recorded_date ?? '');
  for (const row of extract.get('diagnoses') ?? []) check(row.diagnosis_code ?? '', row.service_date ?? '');
  return [...problems].sort();
}
