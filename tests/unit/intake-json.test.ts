import { describe, expect, test } from 'vitest';
import { parseHistory } from '../../src/intake/json/history.ts';
import { parseJsonHistories } from '../../src/intake/json/parser.ts';
import {
  parseAnalysisOptions,
  parseImpactRequest,
  parseScoreRequest,
} from '../../src/intake/json/requests.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { brief, collect, inputOf, only } from '../helpers/intake.ts';

const minimal = {
  memberId: 'TEST-1',
  birthDate: '1948-03-02',
  sex: 'F',
  encounters: [
    { encounterId: 'E1', from: '2025-03-04', setting: 'professional', diagnoses: [{ code: 'e11.9' }] },
  ],
};
const options = intakeOptions({ asOf: '2026-11-23' });

describe('member history', () => {
  test('a minimal history comes out with every default of the contract', () => {
    expect(parseHistory(minimal)).toEqual({
      ok: true,
      history: {
        memberId: 'TEST-1',
        birthDate: '1948-03-02',
        sex: 'F',
        deathDate: null,
        coverage: [],
        encounters: [
          {
            encounterId: 'E1',
            from: '2025-03-04',
            to: '2025-03-04',
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
            placeOfService: null,
            hra: false,
            signed: null,
            provider: null,
            lines: [],
            diagnoses: [{ code: 'E119', position: null }],
          },
        ],
        conditions: [],
        observations: null,
        medications: null,
        procedures: null,
        appointments: [],
      },
    });
  });

  test('an empty feed is not an absent one', () => {
    const parsed = parseHistory({ ...minimal, medications: [], observations: null });
    expect(parsed.ok && parsed.history.medications).toEqual([]);
    expect(parsed.ok && parsed.history.observations).toBeNull();
  });

  test.each([
    ['an unknown field at the top', { ...minimal, mbi: 'x' }, '/mbi', 'unknown_field'],
    [
      'an unknown field inside',
      { ...minimal, encounters: [{ ...minimal.encounters[0], lines: [{ cpt: '99213' }] }] },
      '/encounters/0/lines/0/cpt',
      'unknown_field',
    ],
    ['a name with a slash', { ...minimal, 'a/b~c': 1 }, '/a~1b~0c', 'unknown_field'],
    ['no member id', { ...minimal, memberId: undefined }, '/memberId', 'required'],
    ['no encounters', { ...minimal, encounters: undefined }, '/encounters', 'required'],
    ['a date that is no day', { ...minimal, birthDate: '1950-02-30' }, '/birthDate', 'bad_date'],
    ['a date-time', { ...minimal, birthDate: '1950-02-03T00:00:00Z' }, '/birthDate', 'bad_date'],
    ['another sex', { ...minimal, sex: 'female' }, '/sex', 'bad_code'],
    ['death before birth', { ...minimal, deathDate: '1940-01-01' }, '/deathDate', 'date_order'],
    [
      'an encounter that ends before it starts',
      { ...minimal, encounters: [{ ...minimal.encounters[0], to: '2025-03-03' }] },
      '/encounters/0/to',
      'date_order',
    ],
    [
      'a coverage that ends before it starts',
      { ...minimal, coverage: [{ program: 'ma', from: '2026-01-01', to: '2025-12-31' }] },
      '/coverage/0/to',
      'date_order',
    ],
    [
      'a dual status outside the list',
      { ...minimal, coverage: [{ program: 'ma', from: '2026-01-01', dualStatus: '7' }] },
      '/coverage/0/dualStatus',
      'bad_code',
    ],
    [
      'a number for a code',
      { ...minimal, encounters: [{ ...minimal.encounters[0], diagnoses: [{ code: 119 }] }] },
      '/encounters/0/diagnoses/0/code',
      'bad_type',
    ],
    ['a list instead of an object', [minimal], '', 'bad_type'],
    ['null', null, '', 'bad_type'],
    ['a NUL in the id', { ...minimal, memberId: 'a\u0000b' }, '/memberId', 'bad_id'],
    ['half a surrogate pair', { ...minimal, memberId: 'a\ud800' }, '/memberId', 'bad_id'],
  ])('refuses %s', (_, value, pointer, code) => {
    const parsed = parseHistory(value);
    expect(parsed.ok ? [] : parsed.errors.map((error) => [error.pointer, error.code])).toEqual([
      [pointer, code],
    ]);
  });

  test('refuses __proto__ at any level and changes no prototype', () => {
    for (const text of [
      '{"memberId":"T","birthDate":"1950-01-01","sex":"F","encounters":[],"__proto__":{"polluted":1}}',
      '{"memberId":"T","birthDate":"1950-01-01","sex":"F","encounters":[],"coverage":[{"program":"ma","from":"2026-01-01","__proto__":{}}]}',
      '{"memberId":"T","birthDate":"1950-01-01","sex":"F","encounters":[],"constructor":{"prototype":{}}}',
    ]) {
      expect(parseHistory(JSON.parse(text)).ok).toBe(false);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('score, impact and options', () => {
  const score = { paymentYear: 2026, member: { sex: 'F', birthDate: '1950-01-01' } };

  test('a minimal score request comes out with defaults', () => {
    const parsed = parseScoreRequest(score);
    expect(parsed.ok && parsed.request).toEqual({
      id: null,
      model: null,
      program: null,
      paymentYear: 2026,
      member: {
        sex: 'F',
        birthDate: '1950-01-01',
        age: null,
        originalEntitlement: null,
        currentEntitlement: null,
        dualStatus: null,
        institutional: false,
        newEnrollee: false,
        snp: 'none',
        lowIncome: false,
        esrd: null,
        partD: null,
        metal: null,
        enrollmentMonths: null,
        csr: null,
      },
      diagnoses: [],
      drugs: [],
      procedures: [],
      frailty: null,
    });
  });

  test('HHS takes benefitYear, the others do not', () => {
    const hhs = parseScoreRequest({ model: 'hhs-hcc-v08', benefitYear: 2025, member: { sex: 'M', age: 40 } });
    expect(hhs.ok && hhs.request.paymentYear).toBe(2025);
    const cms = parseScoreRequest({ model: 'cms-hcc-v28', benefitYear: 2025, member: { sex: 'M', age: 40 } });
    expect(!cms.ok && cms.errors).toEqual([
      {
        pointer: '/benefitYear',
        code: 'unknown_field',
        message: 'benefitYear goes with the HHS-HCC models only',
        value: 2025,
      },
    ]);
  });

  test.each([
    ['both ages', { ...score, member: { sex: 'F', birthDate: '1950-01-01', age: 76 } }, '/member/age'],
    ['no age', { ...score, member: { sex: 'F' } }, '/member/birthDate'],
    ['no year', { member: { sex: 'F', age: 70 } }, '/paymentYear'],
    ['another model', { ...score, model: 'V28' }, '/model'],
    ['an unknown field', { ...score, lob: 'ma' }, '/lob'],
    ['diagnoses that are numbers', { ...score, diagnoses: [250] }, '/diagnoses/0'],
  ])('a score request with %s is refused', (_, value, pointer) => {
    const parsed = parseScoreRequest(value);
    expect(!parsed.ok && parsed.errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  test('a candidate has diagnoses or an HCC, and its own id', () => {
    const good = parseImpactRequest({
      ...score,
      candidates: [
        { id: 'g1', diagnoses: ['I50.22'] },
        { id: 'g2', hcc: '35.1' },
      ],
    });
    expect(good.ok && good.request.candidates).toEqual([
      { id: 'g1', diagnoses: ['I50.22'], hcc: null, model: null, action: null, confidence: null },
      { id: 'g2', diagnoses: null, hcc: '35.1', model: null, action: null, confidence: null },
    ]);
    const bad = parseImpactRequest({
      ...score,
      candidates: [{ id: 'g1', diagnoses: ['I50.22'], hcc: '226' }, { id: 'g2', hcc: '48' }, { id: 'g3' }],
    });
    expect(!bad.ok && bad.errors.map((error) => `${error.pointer} ${error.code}`)).toEqual([
      '/candidates/0 required_one_of',
      '/candidates/2 required_one_of',
    ]);
    const twice = parseImpactRequest({
      ...score,
      candidates: [
        { id: 'g', hcc: '1' },
        { id: 'g', hcc: '2' },
      ],
    });
    expect(!twice.ok && twice.errors.map((error) => error.pointer)).toEqual(['/candidates/1/id']);
  });

  test('options default to two years back and to today', () => {
    expect(parseAnalysisOptions({ paymentYear: 2027 }, '2026-11-23')).toEqual({
      ok: true,
      options: { paymentYear: 2027, asOf: '2026-11-23', kinds: null, lookbackYears: 2 },
    });
    expect(parseAnalysisOptions({ paymentYear: 2027, lookbackYears: 6 }, '2026-11-23').ok).toBe(false);
    expect(parseAnalysisOptions({ paymentYear: 2027, kinds: ['upcoding'] }, '2026-11-23').ok).toBe(false);
  });
});

describe('NDJSON batches', () => {
  const line = (id: string): string => JSON.stringify({ ...minimal, memberId: id });

  test('a bad line is rejected with its number and as sent, and the rest is taken', async () => {
    const truncated = line('TEST-2').slice(0, 60);
    const content = `${[line('TEST-1'), truncated, '', '{"a":"\u0000"}', '17', line('TEST-3')].join('\r\n')}\r\n`;
    const { records, findings, reports } = await collect(
      parseJsonHistories([inputOf('h.ndjson', content)], options),
    );
    expect(only(records, 'member').map((record) => [record.memberId, record.source.row])).toEqual([
      ['TEST-1', 1],
      ['TEST-3', 6],
    ]);
    expect(brief(findings)).toEqual([
      'h.ndjson:2 bad_json -',
      'h.ndjson:4 nul_byte -',
      'h.ndjson:5 bad_type -',
    ]);
    expect(findings[0]?.raw).toBe(truncated);
    expect(reports.map(({ received, accepted, rejected }) => [received, accepted, rejected])).toEqual([
      [5, 2, 3],
    ]);
  });

  test('invalid UTF-8 and an overlong line are findings; the next line is read', async () => {
    const small = intakeOptions({ asOf: '2026-11-23', limits: { lineBytes: 400 } });
    const content = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from('{"memberId":"'),
      Buffer.from([0xe9]),
      Buffer.from(`"}\n{"x":"${'y'.repeat(5000)}"}\n${line('TEST-9')}`),
    ]);
    const { records, findings, reports } = await collect(
      parseJsonHistories([inputOf('h.ndjson', content, 64)], small),
    );
    expect(brief(findings)).toEqual(['h.ndjson:1 bad_encoding -', 'h.ndjson:2 line_too_long -']);
    expect(only(records, 'member').map((record) => record.memberId)).toEqual(['TEST-9']);
    expect(reports[0]).toMatchObject({ received: 3, accepted: 1, rejected: 2 });
  });

  test('a document holding an array, and one holding a single printed history, are read', async () => {
    const many = JSON.stringify([{ ...minimal, memberId: 'A' }, { ...minimal, memberId: 'B' }, 5], null, 2);
    const one = JSON.stringify(minimal, null, 2);
    const { records, findings } = await collect(
      parseJsonHistories([inputOf('many.json', many), inputOf('one.json', one)], options),
    );
    expect(only(records, 'member').map((record) => record.memberId)).toEqual(['A', 'B', 'TEST-1']);
    expect(brief(findings)).toEqual(['many.json:3 bad_type -']);
  });

  test('the same line again is accepted as a duplicate', async () => {
    const { records, reports } = await collect(
      parseJsonHistories([inputOf('h.ndjson', `${line('A')}\n${line('A')}\n`)], options),
    );
    expect(only(records, 'member')).toHaveLength(1);
    expect(reports[0]).toMatchObject({ received: 2, accepted: 2, rejected: 0, duplicates: 1 });
  });

  test('a text nested a million deep is refused, not a crash', async () => {
    const deep = `{"memberId":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}\n${line('A')}`;
    const { records, findings } = await collect(
      parseJsonHistories([inputOf('h.ndjson', deep, 65_536)], options),
    );
    expect(findings[0]?.row).toBe(1);
    expect(only(records, 'member').map((record) => record.memberId)).toEqual(['A']);
  });
});
