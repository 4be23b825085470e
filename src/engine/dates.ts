/** A calendar date `YYYY-MM-DD`. ISO dates compare correctly as strings, so `<` and `>` are used on them directly. */
export type IsoDate = string;

const MS_PER_DAY = 86_400_000;

/** Days since 1970-01-01 of a valid date. */
export function dayNumber(date: IsoDate): number {
  return (
    Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / MS_PER_DAY
  );
}

/** The date of a day number; inverse of {@link dayNumber}. */
export function dateOfDay(day: number): IsoDate {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** `date` moved by `days`, which may be negative. */
export function addDays(date: IsoDate, days: number): IsoDate {
  return dateOfDay(dayNumber(date) + days);
}

/** Whole days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return dayNumber(to) - dayNumber(from);
}

/** Calendar year of a date. */
export function yearOf(date: IsoDate): number {
  return Number(date.slice(0, 4));
}

/** True when the text is a real calendar date in the form `YYYY-MM-DD`. */
export function isIsoDate(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && dateOfDay(dayNumber(text)) === text
  );
}

/** Age in whole years on `onDate`; a birthday counts on its day, 29 February on 1 March of common years. */
export function ageOn(birthDate: IsoDate, onDate: IsoDate): number {
  const years = yearOf(onDate) - yearOf(birthDate);
  return onDate.slice(5) < birthDate.slice(5) ? years - 1 : years;
}

const DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** True when the month has that day in the year; all are whole numbers. */
export function isDay(year: number, month: number, day: number): boolean {
  if (day < 1 || day > (DAYS[month - 1] ?? 0)) {
    const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return leap && month === 2 && day === 29;
  }
  return true;
}
