import { type IsoDate, isIsoDate } from '../../engine/dates.ts';
import { at, type Json, text } from './json.ts';

/** The calendar day of a FHIR date, dateTime or instant as written, in its own zone; null for a year or month only. */
export function dayOf(value: string | null): IsoDate | null {
  if (value === null) return null;
  const day = value.slice(0, 10);
  return isIsoDate(day) && (value.length === 10 || value.charAt(10) === 'T') ? day : null;
}

export function dayAt(resource: Json, key: string): IsoDate | null {
  return dayOf(text(resource, key));
}

export interface Span {
  readonly from: IsoDate;
  readonly to: IsoDate;
}

/** A Period as a span; one end stands for both; null when neither is a day or they are out of order. */
export function spanAt(resource: Json, key: string): Span | null {
  const period = at(resource, key);
  const start = dayAt(period, 'start');
  const end = dayAt(period, 'end');
  const from = start ?? end;
  const to = end ?? start;
  return from !== null && to !== null && from <= to ? { from, to } : null;
}

/** `effective[x]`, `performed[x]`, ...: the last day of it. */
export function lastDay(resource: Json, name: string): IsoDate | null {
  return (
    dayAt(resource, `${name}DateTime`) ??
    dayAt(resource, `${name}Date`) ??
    spanAt(resource, `${name}Period`)?.to ??
    dayAt(resource, `${name}Instant`)
  );
}
