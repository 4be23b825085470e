import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonFault, jsonFaultAt } from '../../src/intake/json/fault-place.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('a text has a fault exactly when the runtime cannot read it, and what stands before it may be the start of JSON', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'u00e9',
    '1',
    '-',
    '.5',
    'e9',
    'true',
    'nul',
    ' ',
    '\n',
    'é',
    '\u0001',
    '\u007f',
    '😀',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), piece).map(([json, at, extra]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + extra + json.slice(place);
    }),
  );
  fc.assert(
    fc.property(text, (given) => {
      const at = jsonFaultAt(given);
      expect(at === null).toBe(isJson(given));
      if (at !== null) expect(at).toBeLessThanOrEqual(given.length);
    }),
    { numRuns: 5_000 },
  );
});

test('the words say where, and repeat nothing', () => {
  expect(jsonFault('{"a": x}')).toBe('unexpected text at character 7');
  expect(jsonFault('{\n  "a": 1,\n  "b": tru\n}')).toBe('unexpected text at line 3, column 8');
  expect(jsonFault('{"memberId": "A')).toBe('it ends too early');
  expect(jsonFault('[1, 2')).toBe('it ends too early');
  expect(jsonFault('{"a": 01}')).toBe('unexpected text at character 8');
  expect(jsonFault('{"a": "\\q"}')).toBe('unexpected text at character 8');
  expect(jsonFault(`${'['.repeat(200_000)}x`)).toBe('unexpected text at character 200001');
});
