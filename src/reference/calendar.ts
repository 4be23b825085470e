import type { Calendar, RunRow, SubmissionRun } from '../engine/calendar.ts';
import type { IsoDate } from '../engine/dates.ts';
import { isIsoDate } from '../engine/dates.ts';
import { openPackage, PackageError } from './package.ts';

/** A date that the operator sets in place of the packaged one. */
export interface CalendarOverride {
  readonly paymentYear: number;
  readonly run: SubmissionRun;
  readonly deadline: IsoDate;
}

/** Loads the submission calendar; overrides replace deadlines or add runs the package does not have. */
export function loadCalendar(root: string, overrides: readonly CalendarOverride[] = []): Calendar {
  const runs = openPackage(root, 'calendar')
    .table('calendar.csv')
    .map((row): RunRow => {
      const deadline = row.deadline_date ?? '';
      if (!isIsoDate(deadline)) throw new PackageError(`package calendar: ${deadline} is not a date`);
      return {
        paymentYear: Number(row.payment_year),
        run: row.run as SubmissionRun,
        dosFrom: row.dos_from ?? '',
        dosTo: row.dos_to ?? '',
        deadline,
        status: row.status as RunRow['status'],
      };
    });
  return withOverrides({ runs }, overrides);
}

/** The calendar with an operator's dates in place of its own; the very same object when there are none. */
export function withOverrides(calendar: Calendar, overrides: readonly CalendarOverride[]): Calendar {
  return overrides.length === 0 ? calendar : { runs: overrides.reduce(override, calendar.runs) };
}

function override(runs: readonly RunRow[], change: CalendarOverride): readonly RunRow[] {
  const { paymentYear, run, deadline } = change;
  const old = runs.find((row) => row.paymentYear === paymentYear && row.run === run);
  const next: RunRow = {
    paymentYear,
    run,
    dosFrom: old?.dosFrom ?? (run === 'initial' ? `${paymentYear - 2}-07-01` : `${paymentYear - 1}-01-01`),
    dosTo: old?.dosTo ?? (run === 'initial' ? `${paymentYear - 1}-06-30` : `${paymentYear - 1}-12-31`),
    deadline,
    status: 'operator',
  };
  return [...runs.filter((row) => row !== old), next];
}
