import type { YearState } from '../engine/analysis-contract.ts';
import type { Calendar, RunRow } from '../engine/calendar.ts';
import { finalDeadline, yearState } from '../engine/calendar.ts';
import { daysBetween, type IsoDate } from '../engine/dates.ts';

/** State of a payment year on a date, its final deadline and the days left to act. */
export function yearStateOf(calendar: Calendar, paymentYear: number, asOf: IsoDate) {
  const state = yearState(calendar, paymentYear, asOf);
  const deadline = finalDeadline(calendar, paymentYear);
  const dosYear = paymentYear - 1;
  const left: Readonly<Record<string, number>> = {
    prospective_open: daysBetween(asOf, `${dosYear}-12-31`),
    retrospective_open: daysBetween(asOf, deadline),
  };
  return { paymentYear, dosYear, yearState: state, finalDeadline: deadline, daysLeft: left[state] ?? null };
}

/** What a payment year still takes (calendar, section 2). */
const TAKES: Readonly<
  Record<
    YearState,
    { readonly adds: boolean; readonly deletes: 'none' | 'submit' | 'report'; readonly text: string }
  >
> = {
  not_started: { adds: false, deletes: 'none', text: 'no service of this year has happened yet' },
  prospective_open: { adds: true, deletes: 'submit', text: 'visits can still happen; adds and deletes' },
  retrospective_open: {
    adds: true,
    deletes: 'submit',
    text: 'no new visits; adds from finished records, linked where a link is needed, and deletes',
  },
  delete_only: { adds: false, deletes: 'submit', text: 'deletes only, through the ordinary systems' },
  delete_by_report: {
    adds: false,
    deletes: 'report',
    text: 'deletes only, by an auditable estimate through the overpayment module',
  },
};

/** A date that something is due on, with the days left; the cut-off is 20:00 Eastern on that day (CAL-3). */
export interface DueDate {
  readonly what: 'last_service_day' | 'initial' | 'mid_year' | 'final';
  readonly date: IsoDate;
  readonly daysLeft: number;
  /** `rule`: worked out of the calendar year or the regulation's rule. */
  readonly status: RunRow['status'] | 'rule';
}

/** A payment year on a date: what it takes, and everything that is still due, the next first. */
export function yearOutlook(calendar: Calendar, paymentYear: number, asOf: IsoDate) {
  const year = yearStateOf(calendar, paymentYear, asOf);
  const runs = calendar.runs
    .filter((row) => row.paymentYear === paymentYear)
    .map(({ run, deadline, status }) => ({ what: run, date: deadline, status }));
  const final = runs.some(({ what }) => what === 'final')
    ? []
    : [{ what: 'final' as const, date: year.finalDeadline, status: 'rule' as const }];
  const services = {
    what: 'last_service_day' as const,
    date: `${year.dosYear}-12-31`,
    status: 'rule' as const,
  };
  const due = [services, ...runs, ...final]
    .filter(({ date }) => date >= asOf)
    .map((row): DueDate => ({ ...row, daysLeft: daysBetween(asOf, row.date) }))
    .sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  const { adds, deletes, text } = TAKES[year.yearState];
  return { ...year, takesAdds: adds, takesDeletes: deletes, meaning: text, due };
}
