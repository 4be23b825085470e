import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvCell, csvLine } from '../../src/api/csv.ts';
import { decodeCursor, encodeCursor } from '../../src/api/cursor.ts';
import { applyMask } from '../../src/api/masks.ts';
import { readLines } from '../../src/api/ndjson.ts';
import { ProblemError } from '../../src/api/problems.ts';

async function* inPieces(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  let start = 0;
  for (let index = 0; start < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function lines(text: string, sizes: readonly number[], limit = 1000) {
  const found: { line: number; text: string | null }[] = [];
  for await (const block of readLines(inPieces(text, sizes), limit)) found.push(...block);
  return found;
}

describe('lines of a stream', () => {
  test('are the same however the bytes arrive', async () => {
    const line = fc.stringMatching(/^[a-zé€😀 ]{0,12}$/u);
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (given, sizes) => {
          const wanted = given.flatMap((text, index) =>
            text.trim() === '' ? [] : [{ line: index + 1, text: text.trim() }],
          );
          expect(await lines(given.join('\n'), sizes)).toEqual(wanted);
        },
      ),
    );
  });

  test('one over the limit is skipped whole and the next is read', async () => {
    expect(await lines(`${'x'.repeat(50)}\nshort\n`, [7], 20)).toEqual([
      { line: 1, text: null },
      { line: 2, text: 'short' },
    ]);
  });
});

describe('CSV', () => {
  test.each(['=1+1', '+1', '-1', '@x', '\tx', '\rx', '  =cmd', '=HYPERLINK("a")'])(
    '%j is no formula',
    (text) => {
      expect(csvCell(text).replace(/^"/, '').startsWith("'")).toBe(true);
    },
  );

  test('numbers stay numbers, also negative ones; quotes and line ends are quoted', () => {
    expect(csvLine([-0.36, null, true, 'a "b"', 'c\nd', ['x', 'y']])).toBe(
      '-0.36,,true,"a ""b""","c\nd",x|y\r\n',
    );
  });

  test('no text begins a cell with a formula', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(csvCell(text)).not.toMatch(/^"?\s*[=+\-@]/);
      }),
    );
  });
});

describe('cursors', () => {
  test('are opaque, come back as they were, and belong to their list', () => {
    const cursor = encodeCursor('a', [1, 'x', null]);
    expect(decodeCursor('a', cursor)).toEqual([1, 'x', null]);
    expect(decodeCursor('a', undefined)).toBeNull();
    for (const text of [encodeCursor('b', [1]), 'nonsense', '', 'e30']) {
      expect(() => decodeCursor('a', text)).toThrow(ProblemError);
    }
  });
});

describe('field masks', () => {
  test('take named fields away at any depth and leave the rest', () => {
    const value = {
      hcc: '1',
      keep: [{ hcc: '2', code: 'x', deep: { raf: 1, n: null } }],
      date: '2026-01-01',
    };
    expect(applyMask(value, new Set(['hcc', 'raf']))).toEqual({
      keep: [{ code: 'x', deep: { n: null } }],
      date: '2026-01-01',
    });
    expect(applyMask(value, null)).toBe(value);
  });
});
