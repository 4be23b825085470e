import { bytesOf } from './byte-text.ts';

/**
 * Reading of one JSON line in place. It knows only what ordinary requests have: objects, plain ASCII strings without
 * escapes, short whole numbers, `true`, `false`, `null`. On anything else `failed` is set and the line is somebody
 * else's to read.
 */
export interface LineScanner {
  bytes: Uint8Array;
  at: number;
  end: number;
  failed: boolean;
  /** Where the last string lies, without its quotes. */
  from: number;
  to: number;
}

export const LINE_FEED = 10;
export const COMMA = 44;
export const COLON = 58;
export const QUOTE = 34;
export const OPEN_OBJECT = 123;
export const CLOSE_OBJECT = 125;
export const OPEN_LIST = 91;
export const CLOSE_LIST = 93;

export function lineScanner(): LineScanner {
  return { bytes: new Uint8Array(0), at: 0, end: 0, failed: false, from: 0, to: 0 };
}

/** The next byte that is not white space within a line, passed over; -1 at the end. A line feed is none of it. */
export function nextByte(scan: LineScanner): number {
  const { bytes, end } = scan;
  let at = scan.at;
  while (at < end) {
    const unit = bytes[at++] ?? 0;
    if (unit !== 32 && unit !== 9 && unit !== 13) {
      scan.at = at;
      return unit;
    }
  }
  scan.at = at;
  return -1;
}

/** Passes over one byte that must be there. */
export function expectByte(scan: LineScanner, wanted: number): void {
  if (nextByte(scan) !== wanted) scan.failed = true;
}

/** Reads to the closing quote of a string whose opening quote is passed: printable ASCII, no escapes. */
export function restOfString(scan: LineScanner): void {
  const { bytes, end } = scan;
  let at = scan.at;
  scan.from = at;
  for (; at < end; at++) {
    const unit = bytes[at] ?? 0;
    if (unit === QUOTE) {
      scan.to = at;
      scan.at = at + 1;
      return;
    }
    if (unit < 32 || unit > 126 || unit === 92) break;
  }
  scan.failed = true;
}

/** Reads a string. */
export function readString(scan: LineScanner): void {
  if (nextByte(scan) === QUOTE) restOfString(scan);
  else scan.failed = true;
}

/** True when the last string is this one. */
export function stringIs({ bytes, from, to }: LineScanner, wanted: Uint8Array): boolean {
  if (to - from !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[from + index] !== wanted[index]) return false;
  }
  return true;
}

const RUE = bytesOf('rue');
const ALSE = bytesOf('alse');
const ULL = bytesOf('ull');

function word(scan: LineScanner, rest: Uint8Array): void {
  for (let index = 0; index < rest.length; index++) {
    if (scan.bytes[scan.at + index] !== rest[index]) scan.failed = true;
  }
  scan.at += rest.length;
  if (scan.at > scan.end) scan.failed = true;
}

/** True when a `null` comes, which is passed over. */
export function readNull(scan: LineScanner): boolean {
  const start = scan.at;
  if (nextByte(scan) === 110) {
    word(scan, ULL);
    return true;
  }
  scan.at = start;
  return false;
}

/** Reads `true` or `false`; `null` is no. */
export function readFlag(scan: LineScanner): boolean {
  const first = nextByte(scan);
  if (first === 116) word(scan, RUE);
  else if (first === 102) word(scan, ALSE);
  else if (first === 110) word(scan, ULL);
  else scan.failed = true;
  return first === 116;
}

/** Reads a whole number of at most four digits. */
export function readNumber(scan: LineScanner): number {
  const first = nextByte(scan) - 48;
  if (first < 0 || first > 9) {
    scan.failed = true;
    return 0;
  }
  let value = first;
  let digits = 1;
  for (; scan.at < scan.end; scan.at++, digits++) {
    const unit = scan.bytes[scan.at] ?? 0;
    if (unit < 48 || unit > 57) {
      // A fraction or an exponent is not a whole number.
      if (unit === 46 || unit === 101 || unit === 69) scan.failed = true;
      break;
    }
    value = value * 10 + unit - 48;
  }
  if (digits > 4 || (digits > 1 && first === 0)) scan.failed = true;
  return value;
}

/** Two digits at a place; a large number when one is no digit. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 48;
  const ones = (bytes[at + 1] ?? 0) - 48;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? 1e6 : tens * 10 + ones;
}

/** Field names told apart by length and second letter, then compared whole. */
export type FieldNames = readonly ({ readonly name: Uint8Array; readonly field: number } | undefined)[];

/** Names by their field number: its place in the list. */
export function fieldNames(names: readonly string[]): FieldNames {
  const table: { name: Uint8Array; field: number }[] = [];
  names.forEach((text, field) => {
    const name = bytesOf(text);
    const key = (name.length << 7) | (name[1] ?? 0);
    if (table[key]) throw new Error(`fields ${text} and another look alike`);
    table[key] = { name, field };
  });
  return table;
}

/** The field whose name the last string is; -1 for an unknown one. */
export function fieldOf(scan: LineScanner, names: FieldNames): number {
  const { bytes, from, to } = scan;
  const length = to - from;
  const found = length < 32 ? names[(length << 7) | (bytes[from + 1] ?? 0)] : undefined;
  return found !== undefined && stringIs(scan, found.name) ? found.field : -1;
}
