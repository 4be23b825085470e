import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLineBlocks } from '../../src/intake/line-blocks.ts';
import { type Line, readLines } from '../../src/intake/lines.ts';

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  // One buffer for all pieces, overwritten for each, as a source may do.
  const shared = new Uint8Array(16);
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const piece = bytes.subarray(start, start + (sizes[turn % sizes.length] ?? 1));
    shared.set(piece);
    yield shared.subarray(0, piece.length);
    start += piece.length;
  }
}

async function linesOf(text: string, sizes: readonly number[], limit: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(inPieces(Buffer.from(text), sizes), limit)) lines.push(line);
  return lines;
}

const text = fc.array(fc.constantFrom('a', 'bc', 'é', '\n', '\n', '\r\n', '1234567890'), { maxLength: 40 });
const sizes = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 5 });

test('lines are the same however the bytes arrive; one over the limit is reported in its place', async () => {
  await fc.assert(
    fc.asyncProperty(text, sizes, fc.integer({ min: 4, max: 30 }), async (pieces, cut, limit) => {
      const whole = pieces.join('');
      const wanted = whole.split('\n');
      if (wanted.at(-1) === '') wanted.pop();
      const lines = await linesOf(whole, cut, limit);
      expect(lines.map(({ number }) => number)).toEqual(wanted.map((_, index) => index + 1));
      lines.forEach((line, index) => {
        const given = wanted[index] ?? '';
        if (Buffer.byteLength(given) > limit)
          expect(line).toMatchObject({ ok: false, code: 'line_too_long' });
        else expect(line).toMatchObject({ ok: true, text: given.replace(/\r$/, '') });
      });
    }),
    { numRuns: 500 },
  );
});

test('lines that lie in one piece come as one block', async () => {
  const blocks: string[] = [];
  for await (const block of readLineBlocks(inPieces(Buffer.from('a\nb\nc\nlonger line\nd'), [10]), 100)) {
    blocks.push('bytes' in block ? Buffer.from(block.bytes).toString() : 'overlong');
  }
  expect(blocks).toEqual(['a\nb\nc\n', 'longer line\n', 'd']);
});
