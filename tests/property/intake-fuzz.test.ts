import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { parseBatch } from '../../src/intake/parse-batch.ts';
import { type IntakeFormat, intakeOptions } from '../../src/intake/parser.ts';
import { isStorable } from '../../src/intake/text.ts';
import { collect, inputOf } from '../helpers/intake.ts';

/** `FUZZ_TIMES=100` runs each property a hundred times as often. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);
const returns = new URL('../fixtures/cms/', import.meta.url);
const histories = ['W-1', 'W-2', 'W-3']
  .map((memberId) =>
    JSON.stringify({
      memberId,
      birthDate: '1948-03-02',
      sex: 'F',
      coverage: [{ program: 'ma', contractId: 'H9901', from: '2024-01-01', dualStatus: '00' }],
      encounters: [
        {
          encounterId: 'E1',
          from: '2025-03-04',
          setting: 'professional',
          lines: [{ procedure: '99214', modifiers: ['93'] }],
          diagnoses: [{ code: 'I50.22', position: 1 }],
        },
      ],
      conditions: [{ code: 'J44.9', source: 'problem_list' }],
      observations: [{ code: '33914-3', date: '2026-02-01', value: 38 }],
      medications: [],
      appointments: [{ date: '2026-12-04' }],
    }),
  )
  .join('\n');
const table = 'member_id,birth_date,sex\n"M-1",1950-01-02,F\nM-2,1951-07-30,M\n';

async function zipped(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const chunk of zip.outputStream) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

const shapes: readonly { readonly file: string; readonly bytes: Buffer }[] = [
  ...readdirSync(returns).map((name) => ({ file: name, bytes: readFileSync(new URL(name, returns)) })),
  { file: 'h.ndjson', bytes: Buffer.from(histories) },
  { file: 'h.json', bytes: Buffer.from(`[\n${histories.replaceAll('\n', ',\n')}\n]\n`) },
  { file: 'm.csv', bytes: Buffer.from(table) },
  { file: 'm.csv.gz', bytes: gzipSync(table) },
  { file: 'both.zip', bytes: await zipped({ 'm.csv': table, 'h.ndjson': histories }) },
];

/** A cut, a splice, an overwrite or a repeat, at a place given as a share of the length. */
const edit = fc.record({
  kind: fc.constantFrom('cut', 'insert', 'overwrite', 'repeat', 'truncate'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc
      .constantFrom(
        '"',
        '{',
        '}',
        '[',
        ']',
        ',',
        '\\',
        '\n',
        '\r\n',
        '\0',
        '\\u0000',
        '\\ud800',
        '"__proto__":{',
        '1e999',
        '9',
        ' ',
      )
      .map((piece) => Uint8Array.from(Buffer.from(piece))),
  ),
});

function edited(bytes: Buffer, edits: readonly { kind: string; at: number; bytes: Uint8Array }[]): Buffer {
  let now = bytes;
  for (const { kind, at, bytes: piece } of edits) {
    const place = Math.floor(at * now.length);
    const [head, tail] = [now.subarray(0, place), now.subarray(place)];
    if (kind === 'cut') now = Buffer.concat([head, tail.subarray(piece.length)]);
    else if (kind === 'insert') now = Buffer.concat([head, piece, tail]);
    else if (kind === 'overwrite') now = Buffer.concat([head, piece, tail.subarray(piece.length)]);
    else if (kind === 'repeat') now = Buffer.concat([head, tail.subarray(0, 200), tail]);
    else now = head;
  }
  return now;
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(texts) : [];
}

test('mutated returns, histories, tables and archives give results and findings, never a crash', async () => {
  const formats: readonly (IntakeFormat | null)[] = [
    null,
    null,
    null,
    'json-history',
    'csv',
    'cms-return',
    'fhir',
    'x12',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...shapes),
      fc.array(edit, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 4_096 }),
      fc.constantFrom(...formats),
      async ({ file, bytes }, edits, pieceBytes, format) => {
        const options = intakeOptions({
          asOf: '2026-11-23',
          format,
          limits: { lineBytes: 4_096, rowBytes: 1_024 },
        });
        const read = await collect(parseBatch([inputOf(file, edited(bytes, edits), pieceBytes)], options));
        for (const { received, accepted, rejected, duplicates } of read.reports) {
          expect(received).toBe(accepted + rejected);
          expect(duplicates).toBeLessThanOrEqual(accepted);
        }
        const rejected = read.reports.reduce((sum, report) => sum + report.rejected, 0);
        expect(
          read.findings.filter(({ severity, raw }) => severity === 'error' && raw !== null).length,
        ).toBeGreaterThanOrEqual(rejected);
        expect(texts([read.records, read.findings]).every(isStorable)).toBe(true);
        expect(read.reports.length + read.findings.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 600 * TIMES },
  );
}, 240_000);
