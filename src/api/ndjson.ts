/** A line of a stream: its 1-based number and its text, or null text for one longer than the limit. */
export interface NumberedLine {
  readonly line: number;
  readonly text: string | null;
}

const NEWLINE = 0x0a;

/**
 * Splits bytes into lines, a block of lines a chunk, with memory bounded by the longest line allowed: a longer one
 * is skipped to its end and reported as such, never cut. Blank lines are passed over but counted.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<readonly NumberedLine[]> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let line = 0;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length > limitBytes) parts = [];
    else parts.push(part);
  };
  const finish = (block: NumberedLine[]): void => {
    line += 1;
    const text = length > limitBytes ? null : Buffer.concat(parts, length).toString('utf8').trim();
    parts = [];
    length = 0;
    if (text !== '') block.push({ line, text });
  };
  for await (const chunk of chunks) {
    const block: NumberedLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      finish(block);
      start = end + 1;
    }
    keep(chunk.subarray(start));
    if (block.length > 0) yield block;
  }
  if (length > 0) {
    const block: NumberedLine[] = [];
    finish(block);
    if (block.length > 0) yield block;
  }
}
