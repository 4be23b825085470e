import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { physicalLines } from '../../src/intake/csv/physical-lines.ts';
import { type RawRow, RowSplitter } from '../../src/intake/csv/rows.ts';
import { inputOf } from '../helpers/intake.ts';

async function rowsOf(content: string | Uint8Array, pieceBytes: number, maxBytes = 1_000): Promise<RawRow[]> {
  const splitter = new RowSplitter(',', maxBytes);
  const rows: RawRow[] = [];
  for await (const block of physicalLines(inputOf('f', content, pieceBytes).open(), maxBytes)) {
    rows.push(...splitter.push(block));
  }
  return [...rows, ...splitter.end()];
}

const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', '😀', 'z'), maxLength: 8 });

test('what is written by the rules of RFC 4180 is read back, and as csv-parse reads it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom('\n', '\r\n'),
      async (table, piece, end) => {
        const text = table
          .map((cells) => cells.map((value) => `"${value.replaceAll('"', '""')}"`).join(','))
          .join(end);
        const rows = await rowsOf(text, piece);
        expect(rows.map((row) => row.cells)).toEqual(table);
        const peer: string[][] = parse(text, { relax_column_count: true });
        expect(rows.map((row) => row.cells)).toEqual(peer);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('any bytes, in any pieces, give the same rows, and every line is in one of them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .array(fc.constantFrom(34, 44, 10, 13, 0, 97, 0xc3, 0xa9, 0xff, 32), { maxLength: 120 })
          .map((bytes) => Uint8Array.from(bytes)),
      ),
      fc.integer({ min: 1, max: 30 }),
      async (bytes, piece) => {
        const whole = await rowsOf(bytes, 10_000, 60);
        expect(await rowsOf(bytes, piece, 60)).toEqual(whole);
        for (let index = 1; index < whole.length; index += 1) {
          expect(whole[index]?.row).toBeGreaterThan(whole[index - 1]?.row ?? 0);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test('lines that are all quotes take time in proportion to their number', async () => {
  const text = `x,"start\n${'""\n'.repeat(300_000)}end\n`;
  const rows = await rowsOf(text, 65_536, 1_048_576);
  expect(rows.map(({ row, fault }) => [row, fault])).toEqual([[1, { code: 'quote_unclosed', fatal: true }]]);
});
