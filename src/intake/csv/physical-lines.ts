import { isUtf8 } from 'node:buffer';

const LF = 10;

/** A line that is not UTF-8 text: where, and its bytes read one by one. */
export interface BadBytes {
  /** Position in the file of the first byte that is not UTF-8, from 0. */
  readonly offset: number;
}

/** Some lines in a row, without their ends. */
export interface LineBlock {
  /** Number of the first line, from 1. */
  readonly first: number;
  readonly lines: readonly string[];
  /** By index in `lines`. */
  readonly badBytes: ReadonlyMap<number, BadBytes>;
}

const NO_BAD_BYTES: ReadonlyMap<number, BadBytes> = new Map();

/**
 * Splits a byte stream into blocks of lines: memory holds one block and, at most, a line of `maxLineBytes`. A longer
 * line comes out cut at that length plus one byte, which its reader recognises as too long; its rest is passed over.
 * `isLatin1` is asked about the file when bytes are not UTF-8.
 */
export async function* physicalLines(
  source: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
  isLatin1: () => Promise<boolean> = async () => false,
): AsyncGenerator<LineBlock> {
  const blockOf = async (bytes: Buffer, first: number, from: number): Promise<LineBlock> => {
    const encoding = isUtf8(bytes) ? 'utf8' : (await isLatin1()) ? 'latin1' : null;
    return encoding === null
      ? mixedBlock(bytes, first, from)
      : { first, lines: linesOf(bytes.toString(encoding)), badBytes: NO_BAD_BYTES };
  };
  let number = 1;
  /** Position in the file of the first byte of `tail`. */
  let offset = 0;
  let tail: Buffer = Buffer.alloc(0);
  let skipping = false;
  let started = false;
  for await (const chunk of source) {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (skipping) {
      const end = bytes.indexOf(LF);
      offset += end < 0 ? bytes.length : end;
      if (end < 0) continue;
      bytes = bytes.subarray(end);
      skipping = false;
    }
    if (tail.length > 0) bytes = Buffer.concat([tail, bytes]);
    if (!started) {
      if (bytes.length < 3) {
        tail = Buffer.from(bytes);
        continue;
      }
      started = true;
      if (hasMark(bytes)) {
        bytes = bytes.subarray(3);
        offset += 3;
      }
    }
    const end = bytes.lastIndexOf(LF);
    if (end >= 0) {
      const block = await blockOf(bytes.subarray(0, end), number, offset);
      yield block;
      number += block.lines.length;
      offset += end + 1;
    }
    // A copy: sources may reuse their buffer once the next chunk is asked for.
    tail = Buffer.from(bytes.subarray(end + 1));
    if (tail.length > maxLineBytes + 1) {
      offset += tail.length - (maxLineBytes + 1);
      tail = tail.subarray(0, maxLineBytes + 1);
      skipping = true;
    }
  }
  if (!started && hasMark(tail)) tail = tail.subarray(3);
  if (tail.length > 0) yield await blockOf(tail, number, offset);
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** Lines of complete bytes of which some are not UTF-8. The usual block is valid and decoded in one step. */
function mixedBlock(bytes: Buffer, first: number, offset: number): LineBlock {
  const lines: string[] = [];
  const badBytes = new Map<number, BadBytes>();
  let from = 0;
  for (;;) {
    const next = bytes.indexOf(LF, from);
    const line = bytes.subarray(from, next < 0 ? bytes.length : next);
    if (!isUtf8(line)) badBytes.set(lines.length, { offset: offset + from + firstBadByte(line) });
    lines.push(withoutCr(line.toString(isUtf8(line) ? 'utf8' : 'latin1')));
    if (next < 0) return { first, lines, badBytes };
    from = next + 1;
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (text.includes('\r')) {
    for (let index = 0; index < lines.length; index += 1) lines[index] = withoutCr(lines[index] ?? '');
  }
  return lines;
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Position of the first byte that does not belong to a valid sequence: the valid prefix is found by halving. */
function firstBadByte(line: Buffer): number {
  let valid = 0;
  let invalid = line.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    if (isPrefixOfUtf8(line.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  return valid;
}

/** Valid but for a last character that is cut off. */
function isPrefixOfUtf8(bytes: Buffer): boolean {
  if (isUtf8(bytes)) return true;
  for (let cut = 1; cut <= 3 && cut <= bytes.length; cut += 1) {
    const lead = bytes[bytes.length - cut] ?? 0;
    if (lead >= 0xc0) {
      const wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
      return lead < 0xf5 && cut < wanted && isUtf8(bytes.subarray(0, bytes.length - cut));
    }
    if (lead < 0x80) return false;
  }
  return false;
}
