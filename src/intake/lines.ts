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
  let parts: Uint8Array[] = [];
  let length = 0;
  let overlong = false;
  const take = (piece: Uint8Array): void => {
    length += piece.length;
    if (length <= maxBytes) parts.push(piece);
    else if (!overlong) {
      overlong = true;
      parts = [Buffer.concat([...parts, piece]).subarray(0, RAW_BYTES)];
    }
  };
  const finish = (): Line => {
    number += 1;
    const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    const line = overlong ? tooLong(number, bytes, maxBytes) : lineOf(number, bytes);
    parts = [];
    length = 0;
    overlong = false;
    return line;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      take(chunk.subarray(from, at));
      yield finish();
      from = at + 1;
    }
    // A copy: sources may reuse their buffer once the next chunk is asked for.
    if (from < chunk.length) take(chunk.slice(from));
  }
  if (length > 0) yield finish();
}

function tooLong(number: number, start: Uint8Array, maxBytes: number): Line {
  return {
    number,
    ok: false,
    code: 'line_too_long',
    message: `line is longer than ${maxBytes} bytes`,
    raw: lenient.decode(start.subarray(0, RAW_BYTES)),
  };
}

function lineOf(number: number, bytes: Uint8Array): Line {
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
