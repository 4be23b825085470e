import { type IsoDate, isIsoDate } from '../../engine/dates.ts';

/** `CCYYMMDD` (optionally followed by `HHMM`) as an ISO date; null when it is no calendar date. */
export function compactDate(text: string): IsoDate | null {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2,6})?$/.exec(text.trim());
  if (!match) return null;
  const date = `${match[1]}-${match[2]}-${match[3]}`;
  return isIsoDate(date) ? date : null;
}

export interface DateSpan {
  readonly from: IsoDate;
  readonly to: IsoDate;
}

/** DTP02/DTP03 as a span: D8 and DT give one day, RD8 two; null when malformed or ending before it starts. */
export function dateSpan(format: string, text: string): DateSpan | null {
  if (format === 'RD8') {
    const [start = '', end = ''] = text.split('-');
    const from = compactDate(start);
    const to = compactDate(end);
    return from !== null && to !== null && from <= to ? { from, to } : null;
  }
  if (format !== 'D8' && format !== 'DT') return null;
  const day = compactDate(text);
  return day === null ? null : { from: day, to: day };
}

/** An identifier that can be stored and shown: trimmed, 1 to 80 printable characters; else null. */
export function idText(text: string | undefined): string | null {
  const trimmed = (text ?? '').trim();
  return trimmed.length > 0 && trimmed.length <= 80 && /^[^\p{C}\ufffd]+$/u.test(trimmed) ? trimmed : null;
}

/** Form of an ICD-10-CM code: letter, digit or A, alphanumeric, then up to four alphanumerics, undotted. */
export function isIcd10Form(code: string): boolean {
  return /^[A-Z][0-9A][0-9A-Z][0-9A-Z]{0,4}$/.test(code);
}

/** Form of a CPT or HCPCS code. */
export function isProcedureForm(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code);
}

/** Check digit of a National Provider Identifier: Luhn over 80840 and the ten digits. */
export function isNpi(text: string): boolean {
  if (!/^[12]\d{9}$/.test(text)) return false;
  let sum = 0;
  for (const [index, digit] of [...`80840${text}`].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}
