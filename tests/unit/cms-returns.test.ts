import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAO004, MMR, MOR_J, MOR_J_HCCS } from '../../src/intake/cms-returns/layouts.ts';
import { parseCmsReturns, returnFileOf } from '../../src/intake/cms-returns/parse.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { brief, collect, inputOf, only } from '../helpers/intake.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/cms/${name}`, import.meta.url));
const options = intakeOptions({ asOf: '2026-11-24' });
const read = (name: string, bytes: string | Uint8Array = fixture(name)) =>
  collect(parseCmsReturns([inputOf(name, bytes, 113)], options));

it('the layouts add up to their record lengths', () => {
  expect(MOR_J_HCCS).toHaveLength(86);
  expect(MOR_J.hccFlags[1] - MOR_J.hccFlags[0] + 1).toBe(86);
  for (const { length, ...places } of [MAO004, MOR_J, MMR]) {
    for (const place of Object.values(places)) {
      if (typeof place === 'number') continue;
      const [first, last] = place;
      expect(first <= last && last <= length).toBe(true);
    }
  }
});

describe('MAO-004', () => {
  it('says of each encounter, by ICN, whether CMS allowed it and why not', async () => {
    const { records, findings, reports } = await read('mao-004.txt');
    expect(
      only(records, 'encounter_status').map(({ memberId, icn, mao004, reasons }) => [
        memberId,
        icn,
        mao004,
        reasons,
      ]),
    ).toEqual([
      ['9AA9AA9AA11', '2607600000001', 'allowed', []],
      ['9AA9AA9AA11', '2607600000002', 'disallowed', ['H']],
      ['9AA9AA9AA12', '2607600000003', null, []],
    ]);
    expect(brief(findings)).toEqual([
      'mao-004.txt:5 member_id_missing mbi 17-28',
      'mao-004.txt:6 status_unknown allowed 105-105',
    ]);
    expect(reports).toMatchObject([{ recordType: 'mao-004', received: 5, accepted: 3, rejected: 2 }]);
  });

  it('a file without its trailer may be cut off, and a wrong count is remarked on', async () => {
    const lines = fixture('mao-004.txt').toString().trimEnd().split('\n');
    const cut = await read('cut.txt', lines.slice(0, 3).join('\n'));
    expect(brief(cut.findings)).toEqual(['cut.txt:- trailer_missing -']);
    const short = await read('short.txt', [...lines.slice(0, 3), lines.at(-1)].join('\n'));
    expect(brief(short.findings)).toEqual(['short.txt:4 record_count_mismatch recordCount 17-34']);
  });
});

describe('MOR', () => {
  it('gives the payment HCCs of V24 records and refuses record types whose layout is not known', async () => {
    const { records, findings } = await read('mor.txt');
    expect(
      only(records, 'paid_raf').map(({ memberId, paid }) => [
        memberId,
        paid.model,
        paid.paymentYear,
        paid.hccs,
      ]),
    ).toEqual([
      ['9AA9AA9AA11', 'cms-hcc-v24', 2026, ['18', '85']],
      ['9AA9AA9AA12', 'cms-hcc-v24', 2026, ['111']],
    ]);
    expect(brief(findings)).toEqual([
      'mor.txt:3 hcc_count_mismatch paymentHccCount 178-178',
      'mor.txt:4 mor_record_type_unknown recordType 1-1',
    ]);
  });
});

describe('MMR', () => {
  it('gives what was paid a month, with factor, dual status and entitlement', async () => {
    const { records, findings, reports } = await read('mmr.txt');
    expect(only(records, 'paid_raf')[0]).toEqual({
      kind: 'paid_raf',
      memberId: '9AA9AA9AA11',
      source: { file: 'mmr.txt', row: 1 },
      key: 'mmr:H9999:202601::::20260115',
      paid: {
        report: 'mmr',
        contractId: 'H9999',
        planId: '002',
        paymentMonth: '2026-01',
        paymentYear: 2026,
        runDate: '2026-01-15',
        model: null,
        rafA: '1.2400',
        rafB: '1.2400',
        factorType: 'CN',
        adjustmentReason: null,
        originalEntitlement: '0',
        dualStatus: '02',
        institutional: false,
        hospice: false,
        esrd: false,
        paidCents: 92_235,
        hccs: null,
        paymentHccCount: null,
      },
    });
    expect(only(records, 'paid_raf')[1]?.paid.adjustmentReason).toBe('25');
    expect(brief(findings)).toEqual([
      'mmr.txt:3 date_invalid paymentMonth 14-19',
      'mmr.txt:4 raf_invalid rafA 72-78',
      'mmr.txt:5 record_length -',
    ]);
    expect(reports).toMatchObject([{ received: 5, accepted: 2, rejected: 3 }]);
  });
});

it('other text is no return file', async () => {
  expect(returnFileOf('memberId,birthDate')).toBeNull();
  expect(brief((await read('x', 'hello\n')).findings)).toEqual(['x:1 cms_return_unknown -']);
});

it('any bytes in place of a record give an outcome, never a crash', async () => {
  const files = ['mao-004.txt', 'mor.txt', 'mmr.txt'].map((name) => fixture(name));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 30 })), {
        maxLength: 6,
      }),
      async (bytes, edits) => {
        const now = Buffer.from(bytes);
        for (const [at, piece] of edits)
          now.set(piece.subarray(0, now.length - Math.floor(at * now.length)), Math.floor(at * now.length));
        const { reports, findings } = await read('fuzz', now);
        for (const { received, accepted, rejected } of reports) expect(received).toBe(accepted + rejected);
        const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
        expect(findings.filter(({ raw }) => raw !== null)).toHaveLength(rejected);
      },
    ),
    { numRuns: 300 },
  );
});
