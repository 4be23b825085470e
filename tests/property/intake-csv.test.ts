import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCsv } from '../../src/intake/csv/parser.ts';
import { LAYOUTS } from '../../src/intake/csv/tables.ts';
import { readDate } from '../../src/intake/csv/values.ts';
import { parseJsonHistories } from '../../src/intake/json/parser.ts';
import { KeyMap } from '../../src/intake/key-map.ts';
import { parseBatch } from '../../src/intake/parse-batch.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { type Collected, collect, inputOf } from '../helpers/intake.ts';

/** `FUZZ_TIMES=100` runs each property a hundred times as often. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);

const options = intakeOptions({
  asOf: '2026-11-23',
  limits: { rowBytes: 300, lineBytes: 400, rejectedRows: 50 },
});

function holdsTheLaws({ findings, reports, records }: Collected): void {
  for (const { received, accepted, rejected, duplicates } of reports) {
    expect(received).toBe(accepted + rejected);
    expect(duplicates).toBeLessThanOrEqual(accepted);
  }
  for (const found of findings) {
    // Every placeholder of a message is filled in; a value of the extract may itself look like one.
    expect(found.message.replaceAll(`'${found.value}'`, '')).not.toMatch(/\{\w+\}/);
    if (found.severity === 'warning') expect(found.raw).toBeNull();
  }
  expect(findings.length + records.length + reports.length).toBeGreaterThan(0);
}

const cell = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('M1', 'M2', 'C1', '1', '', 'F', 'E11.9', 'professional', '2026-01-05'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('"', 'NULL', '13/02/2026', 'yes', '111', '4548-4', '1e400', '-', '00'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);

const extract = fc.constantFrom(...Object.values(LAYOUTS)).chain(({ fields, kind }) =>
  fc.subarray(fields.map(({ name }) => name).slice(0, 12), { minLength: 1 }).chain((columns) =>
    fc
      .array(fc.array(cell, { minLength: columns.length, maxLength: columns.length + 1 }), { maxLength: 8 })
      .map((rows) => ({
        name: `${kind}.csv`,
        text: [columns, ...rows].map((cells) => cells.join(',')).join('\n'),
      })),
  ),
);

test('extracts of any content give records or findings, and every row is counted once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(extract, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 99 }),
      async (files, piece) => {
        const inputs = files.map(({ name, text }) => inputOf(name, text, piece));
        const read = await collect(parseCsv(inputs, options));
        holdsTheLaws(read);
        const rejectedRows = new Set(
          read.findings
            .filter(({ raw, row }) => raw !== null && row !== null)
            .map(({ file, row }) => `${file}:${row}`),
        );
        const rejected = read.reports.reduce((sum, report) => sum + report.rejected, 0);
        if (files.length === 1) expect(rejected).toBeLessThanOrEqual(rejectedRows.size);
      },
    ),
    { numRuns: 1_500 * TIMES },
  );
}, 120_000);

test('any bytes into a batch give a result or a finding, never a crash', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.constantFrom(
          'member_id,birth_date,sex\n',
          '{"memberId":"A","birthDate":"1950-01-01","sex":"F","encounters":[]}\n',
          'ISA*00*          *00*          *ZZ*A',
          '{"resourceType":"Bundle","entry":[',
          'PK\u0003\u0004',
          '\u001f',
        ),
        fc.uint8Array({ maxLength: 200 }),
      )
      .map(([start, rest]) => Uint8Array.from([...Buffer.from(start, 'latin1'), ...rest])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 3 }), async (files) => {
      const inputs = files.map((content, index) => inputOf(`f${index}`, content, 40));
      const read = await collect(parseBatch(inputs, options));
      holdsTheLaws(read);
      expect(read.reports.length).toBeGreaterThanOrEqual(files.length);
    }),
    { numRuns: 1_500 * TIMES },
  );
}, 120_000);

test('any JSON values as histories give a result or a finding', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json({ maxDepth: 4 }), { maxLength: 6 }), async (lines) => {
      const text = lines.map((line) => line.replaceAll('\n', ' ')).join('\n');
      holdsTheLaws(await collect(parseJsonHistories([inputOf('h.ndjson', text, 30)], options)));
    }),
    { numRuns: 1_000 * TIMES },
  );
}, 120_000);

test('a date is read only if it is one, and always to the same form', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('1900-01-01T00:00:00Z'),
        max: new Date('2100-12-31T00:00:00Z'),
        noInvalidDate: true,
      }),
      (date) => {
        const iso = date.toISOString().slice(0, 10);
        const [year = '', month = '', day = ''] = iso.split('-');
        for (const form of [
          iso,
          `${year}${month}${day}`,
          `${month}/${day}/${year}`,
          `${iso}T23:00:00-08:00`,
        ]) {
          expect(readDate(form)).toBe(iso);
        }
        if (Number(day) > 12) expect(readDate(`${day}/${month}/${year}`)).toBeNull();
        expect(readDate(`${month}/${day}/${year.slice(2)}`)).toBeNull();
      },
    ),
  );
});

test('the key map answers as a Map does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ maxLength: 4 }), fc.nat(), fc.nat()), { maxLength: 400 }),
      (entries) => {
        const map = new KeyMap(2);
        const peer = new Map<string, readonly [number, number]>();
        for (const [key, one, two] of entries) {
          expect(map.set(key, one, two)).toBe(!peer.has(key));
          peer.set(key, [one, two]);
        }
        expect(map.size).toBe(peer.size);
        for (const [key, [one, two]] of peer) expect([map.get(key, 0), map.get(key, 1)]).toEqual([one, two]);
        expect(map.get('no such key')).toBeUndefined();
      },
    ),
  );
  const map = new KeyMap(1);
  for (let index = 0; index < 300_000; index += 1) map.set(`M${index}`, index);
  expect(map.size).toBe(300_000);
  for (let index = 0; index < 300_000; index += 997) expect(map.get(`M${index}`)).toBe(index);
});
