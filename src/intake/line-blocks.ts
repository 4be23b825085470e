const LF = 10;

/**
 * Whole lines of a byte stream, as they lie in one piece: each ends with a line feed (the last of the stream may
 * not) and none is longer than the limit. Or a line that is, of which only the start was kept.
 */
export type LineBlock = { readonly bytes: Uint8Array } | { readonly overlong: Uint8Array };

const RAW_BYTES = 65_536;

/**
 * Splits a byte stream at line ends, many lines at a time and without copying them: only a line that lies across two
 * chunks is put together. Memory is bounded by the limit and the chunk; a longer line is passed over to its end.
 * A block is valid until the next one is asked for.
 */
export async function* readLineBlocks(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<LineBlock> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let overlong: Uint8Array | null = null;
  /** Keeps a piece of the line that the chunk does not end; a copy, since sources may reuse their buffer. */
  const keep = (piece: Uint8Array): void => {
    length += piece.length;
    if (overlong !== null) return;
    if (length <= maxBytes) parts.push(piece.slice());
    else {
      overlong = Buffer.concat([...parts, piece.subarray(0, RAW_BYTES)]).subarray(0, RAW_BYTES);
      parts = [];
    }
  };
  const finish = (ending: number): LineBlock => {
    const block: LineBlock =
      overlong === null ? { bytes: Buffer.concat(ending === 0 ? parts : [...parts, END]) } : { overlong };
    parts = [];
    length = 0;
    overlong = null;
    return block;
  };
  for await (const chunk of source) {
    let from = 0;
    if (length > 0) {
      const end = chunk.indexOf(LF);
      keep(end < 0 ? chunk : chunk.subarray(0, end));
      if (end < 0) continue;
      yield finish(1);
      from = end + 1;
    }
    const last = chunk.lastIndexOf(LF);
    while (from <= last) {
      const to = shortLines(chunk, from, last, maxBytes);
      if (to > from) {
        yield { bytes: chunk.subarray(from, to) };
        from = to;
      } else {
        const end = chunk.indexOf(LF, from);
        keep(chunk.subarray(from, end));
        yield finish(1);
        from = end + 1;
      }
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield finish(0);
}

const END = Uint8Array.of(LF);

/** How far the lines of a chunk, of which the last one ends at `last`, reach without one that is too long. */
function shortLines(chunk: Uint8Array, from: number, last: number, maxBytes: number): number {
  if (last - from <= maxBytes) return last + 1;
  let to = from;
  while (to <= last) {
    const end = chunk.indexOf(LF, to);
    if (end - to > maxBytes) break;
    to = end + 1;
  }
  return to;
}
