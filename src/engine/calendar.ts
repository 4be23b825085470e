import type { YearState } from './analysis-contract.ts';
import { addDays, dayNumber, type IsoDate, yearOf } from './dates.ts';

export type SubmissionRun = 'initial' | 'mid_year' | 'final';

/** One submission run of a payment year. The cut-off is 20:00 Eastern on the deadline day (CAL-3). */
export interface RunRow {
  readonly paymentYear: number;
  readonly run: SubmissionRun;
  readonly dosFrom: IsoDate;
  readonly dosTo: IsoDate;
  readonly deadline: IsoDate;
  readonly status: 'relayed' | 'derived' | 'unverified' | 'operator';
}

/** Submission calendar: loaded as data; CMS and the operator may move any date. */
export interface Calendar {
  readonly runs: readonly RunRow[];
}

/** How many completed payment years take deletes through the ordinary systems (42 CFR 422.326(f), OVP-5). */
const DELETE_YEARS = 6;

/** The run's row, or null when the calendar has none. */
export function runOf(calendar: Calendar, paymentYear: number, run: SubmissionRun): RunRow | null {
  return calendar.runs.find((row) => row.paymentYear === paymentYear && row.run === run) ?? null;
}

/**
 * Final risk adjustment data deadline: the calendar's date, else 31 January after the payment year moved to the
 * next business day (42 CFR 422.310(g); dates seen in memos equal this rule).
 */
export function finalDeadline(calendar: Calendar, paymentYear: number): IsoDate {
  const row = runOf(calendar, paymentYear, 'final');
  if (row) return row.deadline;
  const date = `${paymentYear + 1}-01-31`;
  // Day 0 (1970-01-01) was a Thursday: 0 is Sunday after adding 4.
  const weekday = (dayNumber(date) + 4) % 7;
  return weekday === 6 ? addDays(date, 2) : weekday === 0 ? addDays(date, 1) : date;
}

/** State of a payment year on a date (calendar, section 2). On the deadline day itself the year is still open. */
export function yearState(calendar: Calendar, paymentYear: number, asOf: IsoDate): YearState {
  if (asOf < `${paymentYear - 1}-01-01`) return 'not_started';
  if (asOf <= `${paymentYear - 1}-12-31`) return 'prospective_open';
  if (asOf <= finalDeadline(calendar, paymentYear)) return 'retrospective_open';
  return paymentYear > newestCompletedYear(calendar, asOf) - DELETE_YEARS
    ? 'delete_only'
    : 'delete_by_report';
}

/** Whether a payment year takes adds on a date: until its final deadline (42 CFR 422.310(g)(2)(ii); CAL-6). */
export function takesAdds(calendar: Calendar, paymentYear: number, asOf: IsoDate): boolean {
  const state = yearState(calendar, paymentYear, asOf);
  return state === 'prospective_open' || state === 'retrospective_open';
}

/** Newest payment year whose final deadline has passed on the date. */
export function newestCompletedYear(calendar: Calendar, asOf: IsoDate): number {
  let year = yearOf(asOf);
  while (finalDeadline(calendar, year) >= asOf) year--;
  return year;
}

/** Date of the overpayment clock of an unsupported finding, a working deadline (calendar, section 3). */
export function overpaymentDue(calendar: Calendar, paymentYear: number, identifiedAt: IsoDate): IsoDate {
  const final = finalDeadline(calendar, paymentYear);
  return addDays(identifiedAt > final ? identifiedAt : final, 60);
}
