import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intakeOptions } from '../../src/intake/parser.ts';
import { isStorable } from '../../src/intake/text.ts';
import { x12Parser } from '../../src/intake/x12/parse.ts';
import { X12Tokenizer } from '../../src/intake/x12/tokenizer.ts';
import { collect, inputOf } from '../helpers/intake.ts';

/** `FUZZ_TIMES=100` runs each property a hundred times as often. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);

const names = ['claims-837p.x12', 'claims-837i.x12', 'members-834.x12', 'answers-277ca.x12'];
const fixtures = names.map((name) => readFileSync(new URL(`../fixtures/x12/${name}`, import.meta.url)));
const options = intakeOptions({ asOf: '2026-11-24' });

/** A cut, a splice, an overwrite or a repeat, at a place given as a share of the length. */
const edit = fc.record({
  kind: fc.constantFrom('cut', 'insert', 'overwrite', 'repeat', 'truncate'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .constantFrom(
        '~',
        '*',
        ':',
        'ISA*',
        'CLM*',
        '\0\0',
        '~HL*1**20*1~',
        'SE*1*0001~',
        'ST*837*9*005010X222A1~',
      )
      .map((text) => Uint8Array.from(Buffer.from(text))),
  ),
});

function edited(
  bytes: Uint8Array,
  edits: readonly { kind: string; at: number; bytes: Uint8Array }[],
): Uint8Array {
  let now = Buffer.from(bytes);
  for (const { kind, at, bytes: piece } of edits) {
    const place = Math.floor(at * now.length);
    const head = now.subarray(0, place);
    const tail = now.subarray(place);
    if (kind === 'cut') now = Buffer.concat([head, tail.subarray(piece.length)]);
    else if (kind === 'insert') now = Buffer.concat([head, piece, tail]);
    else if (kind === 'overwrite') now = Buffer.concat([head, piece, tail.subarray(piece.length)]);
    else if (kind === 'repeat') now = Buffer.concat([head, tail.subarray(0, 200), tail]);
    else now = Buffer.from(head);
  }
  return now;
}

async function holds(bytes: Uint8Array, pieceBytes: number, lenient: boolean): Promise<void> {
  const { records, findings, reports } = await collect(
    x12Parser({ lenient })([inputOf('fuzz', bytes, pieceBytes)], options),
  );
  for (const report of reports) expect(report.received).toBe(report.accepted + report.rejected);
  const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
  const errors = findings.filter(({ severity }) => severity === 'error');
  expect(errors.filter(({ raw }) => raw !== null).length).toBeGreaterThanOrEqual(rejected);
  for (const record of records) {
    if ('memberId' in record) expect(record.memberId).not.toBe('');
    expect(isStorable(JSON.stringify(record).replaceAll('\\u0000', '\0'))).toBe(true);
  }
}

describe('hostile X12', () => {
  it('mutated files give records and findings, never a crash, and every record an outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...fixtures),
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4096 }),
        fc.boolean(),
        async (bytes, edits, pieceBytes, lenient) => holds(edited(bytes, edits), pieceBytes, lenient),
      ),
      { numRuns: 400 * TIMES },
    );
  });

  it('random bytes after an ISA are survived', async () => {
    const header = fixtures[0]?.subarray(0, 107) ?? new Uint8Array();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.boolean(), async (bytes, headed) =>
        holds(headed ? Buffer.concat([header, bytes]) : bytes, 64, false),
      ),
      { numRuns: 300 * TIMES },
    );
  });

  it('the size of the pieces a file comes in changes nothing', async () => {
    const whole = await Promise.all(
      fixtures.map((bytes, index) => collect(x12Parser()([inputOf(`${index}`, bytes, 1 << 20)], options))),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (pieceBytes) => {
        for (const [index, bytes] of fixtures.entries()) {
          const pieces = await collect(x12Parser()([inputOf(`${index}`, bytes, pieceBytes)], options));
          expect(pieces).toEqual(whole[index]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('a segment without end is reported once and holds no memory', () => {
    const tokenizer = new X12Tokenizer(1_000);
    const header = fixtures[0]?.subarray(0, 107) ?? new Uint8Array();
    const faults: string[] = [];
    const take = (bytes: Uint8Array) => {
      for (const token of tokenizer.push(bytes)) if (token.kind === 'fault') faults.push(token.code);
    };
    take(header);
    const block = Buffer.alloc(65_536, 'x');
    for (let i = 0; i < 500; i += 1) take(block);
    expect(faults).toEqual(['segment_too_long']);
    const after = [...tokenizer.push(Buffer.from('~CLM*A~'))];
    expect(after.map((token) => (token.kind === 'segment' ? token.text : token.code))).toEqual(['CLM*A']);
  });

  it('a claim of a million lines is one rejected claim', async () => {
    const text = fixtures[0]?.toString() ?? '';
    const at = text.indexOf('LX*1~');
    const lines = 'LX*1~SV1*HC:99213*1*UN*1***1~'.repeat(200_000);
    const { reports, findings } = await collect(
      x12Parser({ lenient: true })(
        [inputOf('big', text.slice(0, at) + lines + text.slice(at), 65_536)],
        options,
      ),
    );
    expect(reports).toMatchObject([{ received: 9, accepted: 8, rejected: 1 }]);
    expect(findings.find(({ code }) => code === 'claim_too_large')?.field).toBe('CLM');
  });
});
