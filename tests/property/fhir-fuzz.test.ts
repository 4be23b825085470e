import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fhirParser } from '../../src/intake/fhir/parse.ts';
import { JsonSlicer } from '../../src/intake/fhir/slices.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { isStorable } from '../../src/intake/text.ts';
import { collect, inputOf } from '../helpers/intake.ts';

/** `FUZZ_TIMES=100` runs each property a hundred times as often. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);

const bundle = readFileSync(new URL('../fixtures/fhir/bundle.json', import.meta.url));
const lines = readFileSync(new URL('../fixtures/fhir/export/Condition.000.ndjson', import.meta.url));
const options = intakeOptions({ asOf: '2026-11-24', limits: { lineBytes: 64 * 1024 } });

async function holds(bytes: Uint8Array, pieceBytes: number, file = 'fuzz'): Promise<void> {
  const { records, findings, reports } = await collect(
    fhirParser()([inputOf(file, bytes, pieceBytes)], options),
  );
  for (const report of reports) expect(report.received).toBe(report.accepted + report.rejected);
  const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
  expect(findings.filter(({ raw }) => raw !== null).length).toBeGreaterThanOrEqual(rejected);
  for (const record of records) {
    expect(record.memberId).not.toBe('');
    expect(texts(record).every(isStorable)).toBe(true);
  }
  expect(texts(findings).every(isStorable)).toBe(true);
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(texts) : [];
}

const edit = fc.record({
  kind: fc.constantFrom('cut', 'insert', 'overwrite', 'truncate'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc
      .constantFrom('"', '{', '}', '[', ']', ',', '\\', '\n', '\0', '\\u0000', '\\ud800', 'null', '1e999')
      .map((piece) => Uint8Array.from(Buffer.from(piece))),
  ),
});

/** Any JSON in the place of any value of a real resource, prototype names among the keys. */
const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      1e308,
      '',
      '2026-02-30',
      '9999999',
      '\u0000',
      '\ud800',
      'Patient/',
      '#',
      'urn:uuid:',
    ),
    fc.string({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(
        '__proto__',
        'constructor',
        'reference',
        'coding',
        'code',
        'system',
        'value',
        'start',
        'end',
      ),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

interface Bundle {
  entry: { resource: Record<string, unknown> }[];
}

describe('hostile FHIR', () => {
  it('mutated bytes give records and findings, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(bundle, lines),
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 256, max: 9_000 }),
        fc.boolean(),
        async (bytes, edits, pieceBytes, named) => {
          let now = Buffer.from(bytes);
          for (const { kind, at, bytes: piece } of edits) {
            const place = Math.floor(at * now.length);
            const rest = now.subarray(kind === 'insert' ? place : place + piece.length);
            const middle = kind === 'cut' ? new Uint8Array() : piece;
            now =
              kind === 'truncate'
                ? now.subarray(0, place)
                : Buffer.concat([now.subarray(0, place), middle, rest]);
          }
          await holds(now, pieceBytes, named ? 'fuzz.ndjson' : 'fuzz');
        },
      ),
      { numRuns: 250 * TIMES },
    );
  });

  it('well-formed resources of any wrong shape are survived', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), anyJson), { minLength: 1, maxLength: 4 }),
        async (which, changes) => {
          const { entry } = JSON.parse(bundle.toString()) as Bundle;
          const resource = entry[which % entry.length]?.resource ?? {};
          for (const [key, value] of changes) {
            const names = Object.keys(resource);
            const name = names[key % names.length] ?? 'id';
            resource[name] = value;
          }
          await holds(Buffer.from(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry })), 5_000);
        },
      ),
      { numRuns: 250 * TIMES },
    );
  });

  it('random bytes are survived', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.boolean(), async (bytes, named) =>
        holds(bytes, 33, named ? 'fuzz.ndjson' : 'fuzz'),
      ),
      { numRuns: 300 * TIMES },
    );
  });

  it('the size of the pieces changes nothing', async () => {
    const whole = await collect(fhirParser()([inputOf('b', bundle, 1 << 20)], options));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 900 }), async (pieceBytes) => {
        expect(await collect(fhirParser()([inputOf('b', bundle, pieceBytes)], options))).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });

  it('depth, size and endless files are bounded, each with its reason', async () => {
    const codes = async (content: string) =>
      (await collect(fhirParser()([inputOf('x', content, 65_536)], options))).findings.map(
        ({ code }) => code,
      );
    const deep = '['.repeat(500_000);
    expect(await codes(`{"resourceType":"Bundle","entry":[{"resource":{"a":${deep}`)).toEqual([
      'json_truncated',
    ]);
    expect(await codes(`${deep}${']'.repeat(500_000)}`)).toEqual(['resource_too_large']);
    expect(await codes(`[${'['.repeat(200)}${']'.repeat(200)}]`)).toEqual(['json_too_deep']);
    const huge = `{"resource":{"resourceType":"Patient","id":"${'x'.repeat(100_000)}"}}`;
    expect(
      await codes(`{"resourceType":"Bundle","entry":[${huge},{"resource":{"resourceType":"Group"}}]}`),
    ).toEqual(['resource_too_large', 'resource_type_not_used']);
  });

  it('the slicer keeps one piece, however long the list', () => {
    const slicer = new JsonSlicer(1_000);
    let elements = 0;
    const take = (text: string) => {
      for (const slice of slicer.push(Buffer.from(text))) if (slice.kind === 'element') elements += 1;
    };
    take('{"type":"collection","entry":[');
    for (let i = 0; i < 2_000; i += 1) take(`${'{"a":"]}"},'.repeat(50)}`);
    expect(elements).toBe(100_000);
  });
});
