import type { Calendar } from '../engine/calendar.ts';
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
