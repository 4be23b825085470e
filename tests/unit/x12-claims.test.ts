import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { intakeOptions } from '../../src/intake/parser.ts';
import { parseX12, x12Parser } from '../../src/intake/x12/parse.ts';
import { brief, collect, inputOf, only } from '../helpers/intake.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/x12/${name}`, import.meta.url));
const options = intakeOptions({ asOf: '2026-11-24' });
const read = (name: string, bytes: string | Uint8Array = fixture(name), settings = {}) =>
  collect(x12Parser(settings)([inputOf(name, bytes, 61)], options));

describe('837P', () => {
  it('reads members, claims, lines and diagnoses of several groups', async () => {
    const { records, reports } = await read('claims-837p.x12');
    expect(reports).toMatchObject([
      {
        file: 'claims-837p.x12',
        format: 'x12',
        recordType: 'claim',
        received: 9,
        accepted: 9,
        rejected: 0,
        duplicates: 0,
      },
    ]);
    const [first] = only(records, 'encounter');
    expect(first).toEqual({
      kind: 'encounter',
      memberId: 'HPM0001',
      source: { file: 'claims-837p.x12', row: 21 },
      complete: true,
      encounter: {
        encounterId: 'P1001',
        from: '2026-03-14',
        to: '2026-03-14',
        setting: 'professional',
        billType: null,
        modality: 'in_person',
        source: 'claim',
        linkedEncounterId: null,
        claimStatus: 'original',
        replacesEncounterId: null,
        icn: null,
        acceptance: null,
        mao004: null,
        crrAction: null,
        placeOfService: '11',
        hra: false,
        signed: null,
        provider: { npi: '1245319599', specialty: '207R00000X' },
      },
    });
    expect(only(records, 'diagnosis').slice(0, 3)).toMatchObject([
      { encounterId: 'P1001', code: 'E1122', position: 1 },
      { encounterId: 'P1001', code: 'N1832', position: 2 },
      { encounterId: 'P1001', code: 'I5022', position: 3 },
    ]);
    expect(only(records, 'service_line').slice(0, 3)).toMatchObject([
      {
        encounterId: 'P1001',
        lineNumber: 1,
        line: { procedure: '99214', modifiers: [], date: '2026-03-14' },
      },
      { encounterId: 'P1002', lineNumber: 1, line: { procedure: '99213', modifiers: ['93'] } },
      { encounterId: 'P1002', lineNumber: 2, line: { procedure: '80053', modifiers: [] } },
    ]);
    expect(only(records, 'member')[0]).toMatchObject({
      memberId: 'HPM0001',
      birthDate: '1950-01-02',
      sex: 'F',
    });
  });

  it('keeps replacement and void beside the claim they act on', async () => {
    const { records, findings } = await read('claims-837p.x12');
    const acting = only(records, 'encounter')
      .map(({ encounter }) => encounter)
      .filter(({ claimStatus }) => claimStatus !== 'original');
    expect(
      acting.map(({ encounterId, claimStatus, replacesEncounterId }) => ({
        encounterId,
        claimStatus,
        replacesEncounterId,
      })),
    ).toEqual([
      { encounterId: 'P2001:7', claimStatus: 'replacement', replacesEncounterId: 'P2001' },
      { encounterId: 'P2002:8', claimStatus: 'void', replacesEncounterId: 'P2002' },
    ]);
    expect(only(records, 'diagnosis').filter(({ encounterId }) => encounterId === 'P2002:8')).toEqual([]);
    expect(brief(findings)).toEqual(['claims-837p.x12:67 claim_without_diagnoses HI']);
  });

  it('reads chart reviews linked, unlinked and deleting (PWK*09*AA, REF*F8, REF*EA*8)', async () => {
    const { records } = await read('claims-837p.x12');
    expect(
      only(records, 'encounter')
        .map(({ encounter }) => encounter)
        .filter(({ source }) => source === 'chart_review')
        .map(({ encounterId, linkedEncounterId, crrAction }) => [encounterId, linkedEncounterId, crrAction]),
    ).toEqual([
      ['R1', 'P1001', 'add'],
      ['R2', null, 'add'],
      ['R3', 'P1001', 'delete'],
    ]);
  });

  it('rejects every claim of a set whose segment count is wrong, and keeps them when lenient', async () => {
    const broken = fixture('claims-837p.x12')
      .toString()
      .replace(/SE\*\d+\*0001/, 'SE*99*0001');
    const strict = await read('a.x12', broken);
    expect(strict.reports).toMatchObject([{ received: 9, accepted: 3, rejected: 6 }]);
    expect(strict.findings.filter(({ raw }) => raw?.startsWith('CLM*P1001*'))).toMatchObject([
      { row: 21, field: 'CLM01', code: 'se_count_mismatch', severity: 'error' },
    ]);
    const lenient = await read('a.x12', broken, { lenient: true });
    expect(lenient.reports).toMatchObject([{ received: 9, accepted: 9, rejected: 0 }]);
  });

  it('rejects claims without member, date or number, each with its reason', async () => {
    const text = fixture('claims-837p.x12')
      .toString()
      .replace('****MI*HPM0002', '****MI*')
      .replace('CLM*P1001*', 'CLM**')
      .replace('DTP*472*D8*20260120~\nLX*2', 'DTP*472*D8*20261399~\nLX*2')
      .replace('DTP*472*D8*20260120~\nHL', 'DTP*472*D8*20260299~\nHL');
    const { reports, findings } = await read('b.x12', text);
    expect(reports).toMatchObject([{ received: 9, accepted: 3, rejected: 6 }]);
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(brief(errors)).toEqual([
      'b.x12:21 claim_id_missing CLM01',
      'b.x12:34 date_invalid DTP03',
      'b.x12:37 date_invalid DTP03',
      'b.x12:28 claim_without_service_date DTP03',
      'b.x12:45 member_id_missing NM109',
      'b.x12:52 member_id_missing NM109',
      'b.x12:59 member_id_missing NM109',
      'b.x12:67 member_id_missing NM109',
    ]);
    expect(findings.find(({ code }) => code === 'date_invalid')?.value).toBe('20261399');
  });

  it('rejects malformed diagnosis composites, and reads them when lenient', async () => {
    const text = fixture('claims-837p.x12')
      .toString()
      .replace('HI*ABK:E1122*ABF:N1832*ABF:I5022', 'HI*ABK>E1122*ABF*N1832*ABF:I5022*ABF:1X');
    const strict = await read('c.x12', text);
    const codes = (result: typeof strict) =>
      only(result.records, 'diagnosis')
        .filter(({ encounterId }) => encounterId === 'P1001')
        .map(({ code }) => code);
    expect(codes(strict)).toEqual(['I5022']);
    expect(brief(strict.findings).slice(0, 3)).toEqual([
      'c.x12:22 composite_malformed HI01',
      'c.x12:22 composite_malformed HI02',
      'c.x12:22 diagnosis_invalid HI05',
    ]);
    expect(codes(await read('c.x12', text, { lenient: true }))).toEqual(['E1122', 'N1832', 'I5022']);
  });

  it('refuses 4010, skips sets that are not read, and calls text without ISA no X12', async () => {
    const old = await read(
      'd.x12',
      fixture('claims-837p.x12').toString().replaceAll('005010X222A1', '004010X098A1'),
    );
    expect(old.reports).toMatchObject([{ received: 9, accepted: 0, rejected: 9 }]);
    expect(new Set(old.findings.map(({ code }) => code))).toEqual(new Set(['x12_unsupported_guide']));
    const other = await read('e.x12', fixture('claims-837p.x12').toString().replaceAll('ST*837*', 'ST*820*'));
    expect(new Set(other.findings.map(({ code }) => code))).toEqual(new Set(['x12_set_not_read']));
    const none = await read('f.x12', 'GS*HC*A*B~');
    expect(brief(none.findings)).toEqual(['f.x12:0 x12_no_interchange -']);
  });

  it('rejects a truncated interchange with every claim that was read of it, and keeps them when lenient', async () => {
    const cut = fixture('claims-837p.x12').subarray(0, 2_000);
    const strict = await read('cut.x12', cut);
    expect(strict.reports).toMatchObject([{ accepted: 0, rejected: strict.reports[0]?.received }]);
    expect(strict.findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['se_missing', 'ge_missing', 'iea_missing']),
    );
    const lenient = await read('cut.x12', cut, { lenient: true });
    expect(lenient.reports).toMatchObject([{ received: strict.reports[0]?.received, rejected: 0 }]);
  });

  it('reads names in Latin-1, and refuses ids with control characters', async () => {
    const text = fixture('claims-837p.x12').toString('latin1').replace('TESTPERSON*BRAVO', 'TEST\xd1*BRAVO');
    const latin = await read('l.x12', Buffer.from(text, 'latin1'));
    expect(latin.reports).toMatchObject([{ accepted: 9 }]);
    const nul = await read('n.x12', text.replace('****MI*HPM0002', '****MI*HPM\x002'));
    expect(nul.reports).toMatchObject([{ accepted: 5, rejected: 4 }]);
  });

  it('a void leaves nothing, whichever comes first, and is remembered under both numbers when its claim is unknown', async () => {
    const text = fixture('claims-837p.x12').toString();
    const unknown = await read('v.x12', text.replace('CLM*P2002*150***11:B:1', 'CLM*P2003*150***11:B:1'));
    expect(
      only(unknown.records, 'encounter')
        .map(({ encounter }) => encounter)
        .filter(({ claimStatus }) => claimStatus === 'void')
        .map(({ encounterId, replacesEncounterId }) => [encounterId, replacesEncounterId]),
    ).toEqual([
      ['P2002:8', 'ICN2002'],
      ['P2002:8:own', 'P2002'],
    ]);
    expect(brief(unknown.findings)).toContain('v.x12:67 claim_target_unknown REF02');
  });

  it('a billing provider may have any number of subscribers in one set', async () => {
    const subscribers = 12_000;
    const lines = [
      'BHT*0019*00*REF1*20260315*1200*RP',
      'HL*1**20*1',
      'NM1*85*2*CLINIC*****XX*1245319599',
      ...Array.from({ length: subscribers }, (_, index) => [
        `HL*${index + 2}*1*22*0`,
        'SBR*P*18*******16',
        `NM1*IL*1*DOE*JANE****MI*HPM${index}`,
        `CLM*P${index}*150***11:B:1*Y*A*Y*Y`,
        'HI*ABK:E1122',
        'LX*1',
        'SV1*HC:99214*150*UN*1***1',
        'DTP*472*D8*20260314',
      ]).flat(),
    ];
    const set = ['ST*837*0001*005010X222A1', ...lines, `SE*${lines.length + 2}*0001`];
    const isa =
      'ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260315*1200*^*00501*000000101*0*T*:';
    const text = [isa, 'GS*HC*S*R*20260315*1200*1*X*005010X222A1', ...set, 'GE*1*1', 'IEA*1*000000101'];
    const { reports } = await collect(x12Parser()([inputOf('many', `${text.join('~')}~`, 65_536)], options));
    expect(reports).toMatchObject([{ received: subscribers, accepted: subscribers, rejected: 0 }]);
  });

  it('takes no interchange twice in a batch', async () => {
    const bytes = fixture('claims-837p.x12');
    const { reports } = await collect(parseX12([inputOf('a', bytes), inputOf('b', bytes)], options));
    expect(reports).toMatchObject([
      { file: 'a', accepted: 9, rejected: 0 },
      { file: 'b', accepted: 0, rejected: 9 },
    ]);
  });

  it('finds the claim acted on among earlier batches', async () => {
    const text = fixture('claims-837p.x12').toString().replace('REF*F8*P2001', 'REF*F8*OLD7');
    const known = new Set(['HPM0002\tOLD7']);
    const earlier = intakeOptions({
      asOf: '2026-11-24',
      lookups: { knownEncounters: async (keys) => new Set(keys.filter((key) => known.has(key))) },
    });
    const lone = text.replace('CLM*P2001*150***11:B:1', 'CLM*P2009*150***11:B:1');
    const { records } = await collect(parseX12([inputOf('g.x12', lone)], earlier));
    const replacement = only(records, 'encounter').find(
      ({ encounter }) => encounter.claimStatus === 'replacement',
    );
    expect(replacement?.encounter.replacesEncounterId).toBe('OLD7');
  });
});

describe('837I', () => {
  it('takes the discharge as date of service, the bill type with its frequency, and final diagnoses only', async () => {
    const { records, reports, findings } = await read('claims-837i.x12');
    expect(reports).toMatchObject([{ received: 3, accepted: 3, rejected: 0 }]);
    expect(findings).toEqual([]);
    expect(
      only(records, 'encounter').map(({ encounter }) => [
        encounter.encounterId,
        encounter.from,
        encounter.to,
        encounter.setting,
        encounter.billType,
      ]),
    ).toEqual([
      ['I3001', '2025-12-28', '2026-01-03', 'inpatient', '0111'],
      ['I3002', '2026-02-10', '2026-02-12', 'outpatient', '0131'],
      ['I3003:2:2026-03-01', '2026-03-01', '2026-03-10', 'inpatient', '0112'],
    ]);
    expect(only(records, 'diagnosis').map(({ code, position }) => [code, position])).toEqual([
      ['A419', 1],
      ['J9601', 2],
      ['N179', 3],
      ['E1140', 1],
      ['I739', 2],
      ['Z794', 3],
      ['J189', 1],
    ]);
    expect(only(records, 'service_line').map(({ line }) => line.procedure)).toEqual([
      null,
      '99213',
      '83036',
      null,
    ]);
  });

  it('counts admitting diagnoses and reasons for visit only when told to', async () => {
    const { records } = await read('claims-837i.x12', undefined, { includeNonFinalDiagnoses: true });
    expect(only(records, 'diagnosis').map(({ code }) => code)).toContain('R6520');
  });
});
