import { readLineBlocks } from './line-blocks.ts';

const LF = 10;
const CR = 13;

/** One line of a text stream, or why it cannot be read. `number` counts from 1; blank lines are numbered too. */
export type Line =
  | { readonly number: number; readonly ok: true; readonly text: string }
  | {
      readonly number: number;
      readonly ok: false;
      readonly code: 'line_too_long' | 'bad_encoding';
      readonly message: string;
      /** Start of the line, bytes outside UTF-8 replaced. */
      readonly raw: string;
    };

const RAW_BYTES = 65_536;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Splits a byte stream into lines with bounded memory: a line longer than `maxBytes` is passed over to its end and
 * reported, and the next one is read. A byte order mark is dropped; CRLF and LF both end a line.
 */
export async function* readLines(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  for await (const block of readLineBlocks(source, maxBytes)) {
    if ('overlong' in block) {
      number += 1;
      yield tooLong(number, block.overlong, maxBytes);
      continue;
    }
    const { bytes } = block;
    for (let from = 0; from < bytes.length; ) {
      const to = endOfLine(bytes, from);
      number += 1;
      yield lineOf(number, bytes.subarray(from, to));
      from = to + 1;
    }
  }
}

/** Where the line that begins at `from` ends: at its line feed, or behind the bytes. */
export function endOfLine(bytes: Uint8Array, from: number): number {
  const found = bytes.indexOf(LF, from);
  return found < 0 ? bytes.length : found;
}

/** The report of a line over the limit, from its start. */
export function tooLong(number: number, start: Uint8Array, maxBytes: number): Line {
  return {
    number,
    ok: false,
    code: 'line_too_long',
    message: `line is longer than ${maxBytes} bytes`,
    raw: lenient.decode(start),
  };
}

/** One line of bytes without its line feed, decoded. */
export function lineOf(number: number, bytes: Uint8Array): Line {
  const hasMark = number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const end = bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
  const content = bytes.subarray(hasMark ? 3 : 0, end);
  try {
    return { number, ok: true, text: strict.decode(content) };
  } catch {
    return {
      number,
      ok: false,
      code: 'bad_encoding',
      message: 'the line is not UTF-8 text',
      raw: lenient.decode(content.subarray(0, RAW_BYTES)),
    };
  }
}
