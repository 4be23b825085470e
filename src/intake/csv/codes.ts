import type { IsoDate } from '../../engine/dates.ts';
import type { BatchContext } from './batch-context.ts';
import type { TableRow } from './table-row.ts';

/** Notes an ICD-10-CM code that the edition of the date does not hold, or holds as a header only; it is kept. */
export function judgeCode(
  row: TableRow,
  column: string,
  { date, context }: { readonly date: IsoDate | null; readonly context: BatchContext },
): void {
  const code = row.text(column);
  const { icd10 } = context.options.lookups;
  if (code === null || date === null || !icd10) return;
  const validity = icd10(code, date);
  if (validity === 'billable') return;
  row.problem(
    'diagnosis_unknown',
    column,
    { value: code, date },
    validity === 'header' ? 'not billable, more characters needed' : undefined,
  );
}
