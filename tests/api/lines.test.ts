import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvCell, csvLine } from '../../src/api/csv.ts';
import { decodeCursor, encodeCursor } from '../../src/api/cursor.ts';
import { applyMask } from '../../src/api/masks.ts';
import { ProblemError } from '../../src/api/problems.ts';

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
