import type { Thousandths } from './thousandths.ts';

/**
 * JSON text as it grows, in bytes: bulk scoring writes the pieces of an answer straight into the block that goes out,
 * instead of making strings that have to be joined, flattened and encoded.
 */
export interface ByteSink {
  bytes: Uint8Array;
  /** How many bytes are written. */
  at: number;
}

export function byteSink(size: number): ByteSink {
  return { bytes: new Uint8Array(size), at: 0 };
}

/** Makes room for `more` bytes behind what is written. */
export function reserve(sink: ByteSink, more: number): void {
  if (sink.at + more <= sink.bytes.length) return;
  const bytes = new Uint8Array(Math.max(2 * sink.bytes.length, sink.at + more));
  bytes.set(sink.bytes.subarray(0, sink.at));
  sink.bytes = bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of what is written from `from` on. */
export function textOf({ bytes, at }: ByteSink, from = 0): string {
  return decoder.decode(bytes.subarray(from, at));
}

/** Writes text behind what the sink holds. */
export function putText(sink: ByteSink, text: string): void {
  const piece = bytesOf(text);
  reserve(sink, piece.length);
  sink.at = copyPiece(sink.bytes, sink.at, piece);
}

/** Pieces longer than this are copied by the runtime; for shorter ones the call costs more than the loop. */
const LONG = 14;

/** Copies a piece (from its byte `skip` on) to `at`; gives the place behind it. Room must have been made. */
export function copyPiece(out: Uint8Array, at: number, piece: Uint8Array, skip = 0): number {
  const { length } = piece;
  if (length > LONG) {
    out.set(skip === 0 ? piece : piece.subarray(skip), at);
    return at + length - skip;
  }
  let place = at;
  for (let index = skip; index < length; index++) out[place++] = piece[index] ?? 0;
  return place;
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** Writes a whole number of zero or more. */
export function putInteger(out: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    out[at] = ZERO + value;
    return at + 1;
  }
  const rest = Math.floor(value / 10);
  const place = putInteger(out, at, rest);
  out[place] = ZERO + value - 10 * rest;
  return place + 1;
}

/** Thousandths as JSON has them, without trailing zeros: `0.5`, `-1.25`, `2` (as `decimalJson`). */
export function putDecimalJson(out: Uint8Array, at: number, value: Thousandths): number {
  let place = putDecimal(out, at, value);
  while (out[place - 1] === ZERO) place--;
  return out[place - 1] === POINT ? place - 1 : place;
}

/** Thousandths with three decimals (as `decimal`). */
export function putDecimal(out: Uint8Array, at: number, value: Thousandths): number {
  let place = at;
  let magnitude = value;
  if (value < 0) {
    out[place++] = MINUS;
    magnitude = -value;
  }
  const whole = Math.floor(magnitude / 1000);
  const fraction = magnitude - whole * 1000;
  place = putInteger(out, place, whole);
  const tenths = Math.floor(fraction / 100);
  const hundredths = Math.floor(fraction / 10);
  out[place] = POINT;
  out[place + 1] = ZERO + tenths;
  out[place + 2] = ZERO + hundredths - 10 * tenths;
  out[place + 3] = ZERO + fraction - 10 * hundredths;
  return place + 4;
}
