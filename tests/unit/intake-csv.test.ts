import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../src/intake/csv/parser.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { brief, type Collected, collect, inputOf, only } from '../helpers/intake.ts';

const ASOF = '2026-11-23';
const MEMBERS = 'member_id,birth_date,sex\nM001,1950-01-02,F\nM002,1961-07-30,male\n';

function read(files: Readonly<Record<string, string | Uint8Array>>, lookups = {}): Promise<Collected> {
  return collect(
    parseCsv(
      Object.entries(files).map(([file, content]) => inputOf(file, content, 50)),
      intakeOptions({ asOf: ASOF, lookups }),
    ),
  );
}

describe('the examples of the layout', () => {
  test('members', async () => {
    const { records, findings, reports } = await read({
      'members.csv': [
        'member_id,birth_date,sex,enrollment_start_date,enrollment_end_date,original_reason_entitlement_code,dual_status_code,long_term_institutional_flag,part_b_start_date',
        'M001,1950-01-02,F,2026-01-01,,0,00,N,2015-01-01',
        'M002,1961-07-30,male,01/01/2026,12/31/2026,1,2,0,2019-03-01',
        '',
      ].join('\n'),
    });
    expect(findings).toEqual([]);
    expect(only(records, 'coverage').map(({ memberId, period }) => [memberId, period])).toEqual([
      [
        'M001',
        expect.objectContaining({
          program: 'ma',
          from: '2026-01-01',
          to: null,
          dualStatus: '00',
          institutional: false,
          newEnrollee: false,
        }),
      ],
      [
        'M002',
        expect.objectContaining({
          from: '2026-01-01',
          to: '2026-12-31',
          originalEntitlement: '1',
          dualStatus: '02',
        }),
      ],
    ]);
    expect(only(records, 'member').map(({ sex, birthDate }) => [sex, birthDate])).toEqual([
      ['F', '1950-01-02'],
      ['M', '1961-07-30'],
    ]);
    expect(reports).toEqual([
      {
        file: 'members.csv',
        format: 'csv',
        recordType: 'members',
        received: 2,
        accepted: 2,
        rejected: 0,
        duplicates: 0,
        codes: {},
        heading:
          'member_id,birth_date,sex,enrollment_start_date,enrollment_end_date,original_reason_entitlement_code,dual_status_code,long_term_institutional_flag,part_b_start_date',
      },
    ]);
  });

  test('a rejected row is reported with the exact message of the layout and as sent', async () => {
    const raw = 'M002,1961-07-30,male,7';
    const { findings } = await read({
      'members.csv': `member_id,birth_date,sex,dual_status_code\nM001,1950-01-02,F,00\n${raw}\n`,
    });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
      {
        file: 'members.csv',
        row: 3,
        field: 'dual_status_code',
        code: 'bad_code',
        severity: 'error',
        message:
          "dual_status_code has the value '7'; allowed: 00, 01, 02, 03, 04, 05, 06, 08, 09, 10, 99, NA",
        value: '7',
        raw,
      },
    ]);
  });

  test('encounters and labs', async () => {
    const { records, findings } = await read({
      'members.csv': MEMBERS,
      'encounters.csv':
        'claim_id,claim_line_number,member_id,claim_type,claim_start_date,claim_end_date,place_of_service_code,hcpcs_code,rendering_npi,diagnosis_code_1,diagnosis_code_2\nC1,1,M001,professional,2026-03-14,2026-03-14,11,99214,1245319599,E11.22,N18.32\n',
      'labs.csv':
        'member_id,loinc_code,result,unit,result_date\nM001,62238-1,41,mL/min/{1.73_m2},2026-03-10\nM001,62238-1,<39,mL/min/{1.73_m2},2025-09-02\n',
    });
    expect(findings).toEqual([]);
    const [encounter] = only(records, 'encounter');
    expect(encounter).toMatchObject({
      memberId: 'M001',
      complete: true,
      source: { file: 'encounters.csv', row: 2 },
      encounter: {
        encounterId: 'C1',
        from: '2026-03-14',
        to: '2026-03-14',
        setting: 'professional',
        billType: null,
        source: 'claim',
        claimStatus: 'original',
        placeOfService: '11',
        provider: { npi: '1245319599', specialty: null },
      },
    });
    expect(only(records, 'service_line').map(({ line }) => line)).toEqual([
      { procedure: '99214', modifiers: [], date: '2026-03-14' },
    ]);
    expect(only(records, 'diagnosis').map(({ code, position }) => [code, position])).toEqual([
      ['E1122', 1],
      ['N1832', 2],
    ]);
    expect(
      only(records, 'observation').map(({ observation }) => [observation.value, observation.comparator]),
    ).toEqual([
      [41, null],
      [39, '<'],
    ]);
    expect(only(records, 'member')[0]?.feeds).toEqual(['observations']);
  });
});

describe('file rules', () => {
  test.each([
    ['nothing', '', ['members.csv:- file_empty -']],
    ['blank lines only', '\n \n', ['members.csv:- file_empty -']],
    ['a missing column', 'member_id,birth_date\nM1,1950-01-01\n', ['members.csv:1 header_missing sex']],
    [
      'a column twice',
      'member_id,birth_date,sex,Birth Date\nM1,1950-01-01,F,\n',
      ['members.csv:1 header_duplicate birth_date'],
    ],
    [
      'two columns for one field',
      'member_id,birth_date,dob,sex\nM1,1950-01-01,1950-01-01,F\n',
      ['members.csv:1 header_alias_conflict dob'],
    ],
    [
      'an unknown column',
      'member_id,birth_date,sex,shoe_size\nM1,1950-01-01,F,43\n',
      ['members.csv:1 header_unknown shoe_size'],
    ],
    [
      'a short row and a long one',
      'member_id,birth_date,sex\nM1,1950-01-01\nM2,1950-01-01,F,x\nM3,1950-01-01,F\n',
      ['members.csv:2 row_width -', 'members.csv:3 row_width -'],
    ],
    [
      'a quote that is never closed',
      'member_id,birth_date,sex\nM1,1950-01-01,F\nM2,"1950-01-01,F\nM3,1950-01-01,F\n',
      ['members.csv:3 quote_unclosed -'],
    ],
    [
      'a stray quote',
      'member_id,birth_date,sex\nM1,"1950-01-01,F\n"M2","1950-01-01","F"\nM3,1950-01-01,F\n',
      ['members.csv:2 quote_unclosed -'],
    ],
    [
      'a NUL',
      'member_id,birth_date,sex\nM\u00001,1950-01-01,F\nM3,1950-01-01,F\n',
      ['members.csv:2 nul_byte -'],
    ],
  ])('%s', async (_, content, expected) => {
    const { findings, reports } = await read({ 'members.csv': content });
    expect(brief(findings)).toEqual(expected);
    for (const { received, accepted, rejected } of reports) expect(received).toBe(accepted + rejected);
  });

  test('a byte that is not UTF-8 rejects its row and is named by its offset', async () => {
    const content = Buffer.concat([
      Buffer.from('member_id,birth_date,sex,last_name\nM1,1950-01-01,F,Ex'),
      Buffer.from([0xe9]),
      Buffer.from('mple\nM2,1950-01-01,F,Bj\u00f6rk\n'),
    ]);
    const { findings, records } = await read({ 'members.csv': content });
    expect(findings).toEqual([
      expect.objectContaining({
        row: 2,
        code: 'bad_encoding',
        message: 'byte 54 is not UTF-8',
        raw: 'M1,1950-01-01,F,Ex\u00e9mple',
      }),
    ]);
    expect(only(records, 'member').map(({ memberId }) => memberId)).toEqual(['M2']);
  });

  test.each([
    [
      'in the header',
      'member_id,birth_date,sex,last_name,pr\u00e9nom\nM1,1950-01-01,F,Ex\u00e9mple,J\u00fcrg\n',
    ],
    [
      'far behind the start',
      `member_id,birth_date,sex,last_name\n${'M1,1950-01-01,F,Plain\n'.repeat(9_000)}M2,1950-01-01,F,Mu\u00f1oz\n`,
    ],
  ])('a file that is plainly Latin-1 is read as such, and says so: %s', async (_, content) => {
    const { findings, reports } = await read({ 'members.csv': Buffer.from(content, 'latin1') });
    expect(findings.filter(({ code }) => code !== 'header_unknown')).toEqual([
      expect.objectContaining({ row: null, code: 'encoding_latin1', severity: 'warning' }),
    ]);
    expect(findings.map(({ value }) => value).join()).not.toContain('\ufffd');
    expect(reports[0]).toMatchObject({ rejected: 0, codes: expect.objectContaining({ encoding_latin1: 1 }) });
  });

  test.each([
    ['letters of Windows-1252', [0x93, 0x94]],
    ['UTF-8 further down', [0xe9, 0x0a, 0x4d, 0x33, 0x2c, 0xc3, 0xb6]],
    ['a UTF-8 character beside it', [0xc3, 0xb6, 0xe9]],
  ])('nothing is guessed of a file with %s', async (_, bytes) => {
    const head = Buffer.from('member_id,birth_date,sex,last_name\nM2,1950-01-01,F,Ex');
    const { findings } = await read({
      'members.csv': Buffer.concat([head, Buffer.from(bytes), Buffer.from('\n')]),
    });
    expect(findings.map(({ code }) => code)).toContain('bad_encoding');
    expect(findings.map(({ code }) => code)).not.toContain('encoding_latin1');
  });

  test('a batch of more rows than keys can be remembered of says so, and is not read on', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `M${index},1950-01-01,F\n`).join('');
    const { findings, reports } = await collect(
      parseCsv(
        [inputOf('members.csv', `member_id,birth_date,sex\n${rows}`, 200)],
        intakeOptions({ asOf: ASOF, limits: { rows: 20 } }),
      ),
    );
    expect(brief(findings)).toEqual(['members.csv:- too_many_rows -']);
    expect(findings[0]?.message).toContain('send the others as another batch');
    const [report] = reports;
    expect(report?.failed).toBe(true);
    expect(report?.received).toBeLessThan(40);
    expect(report?.received).toBeGreaterThan(20);
  });

  test('a row above the limit is rejected; reading stops after the limit of rejects', async () => {
    const limits = { rowBytes: 100, rejectedRows: 2 };
    const rows = [`M1,1950-01-01,F,${'x'.repeat(200)}`, 'M2,1950-01-01,F,', 'M3,x,F,', 'M4,1950-01-01,F,'];
    const { findings, reports } = await collect(
      parseCsv(
        [inputOf('members.csv', `member_id,birth_date,sex,last_name\n${rows.join('\n')}\n`)],
        intakeOptions({ asOf: ASOF, limits }),
      ),
    );
    expect(brief(findings)).toEqual([
      'members.csv:2 row_too_long -',
      'members.csv:4 bad_date birth_date',
      'members.csv:5 too_many_errors -',
    ]);
    expect(reports[0]).toMatchObject({ received: 3, accepted: 1, rejected: 2, failed: true });
  });

  test.each([',', '|', '\t', ';'])('delimiter %j is found from the header', async (delimiter) => {
    const text = 'member_id,birth_date,sex,last_name\nM1,1950-01-01,F,"a;b"\n'.replaceAll(',', delimiter);
    const { records, findings } = await read({ 'members.csv': `\ufeff${text}` });
    expect(brief(findings)).toEqual(delimiter === ';' ? [] : []);
    expect(only(records, 'member')).toHaveLength(1);
  });

  test('a file of unknown columns is named as such', async () => {
    const { findings } = await read({ 'x.csv': 'a,b,c\n1,2,3\n' });
    expect(brief(findings)).toEqual(['x.csv:1 file_kind_unknown -']);
  });

  test('the order of files and their names do not matter', async () => {
    const dx = 'member_id,diagnosis_code,service_date\nM001,E11.9,2026-01-05\n';
    const { findings, records } = await read({ 'b.txt': dx, 'a.txt': MEMBERS });
    expect(findings).toEqual([]);
    expect(only(records, 'diagnosis')).toHaveLength(1);
  });
});

describe('values', () => {
  const row = async (column: string, value: string): Promise<string[]> => {
    const { findings } = await read({
      'members.csv': `member_id,birth_date,sex,${column}\nM1,1950-01-01,F,${value}\n`,
    });
    return findings
      .filter(({ code }) => code !== 'assumption')
      .map(({ code, message }) => `${code}: ${message}`);
  };

  test.each([
    ['death_date', '13/02/2026', "bad_date: death_date is not a date (want YYYY-MM-DD, got '13/02/2026')"],
    ['death_date', '02/13/26', "bad_date: death_date is not a date (want YYYY-MM-DD, got '02/13/26')"],
    ['death_date', '2026-02-30', "bad_date: death_date is not a date (want YYYY-MM-DD, got '2026-02-30')"],
    ['death_date', '1949-12-31', 'date_order: death_date 1949-12-31 is before birth_date 1950-01-01'],
    ['mbi', '1EG4-TE5-MK73', null],
    ['mbi', '1SG4TE5MK73', 'bad_mbi: mbi is not a Medicare Beneficiary Identifier'],
    ['state', 'ny', null],
    ['state', 'ZZ', "bad_code: state has the value 'ZZ'; allowed: two-letter USPS"],
    ['zip_code', '0123', 'bad_zip: zip_code must have 5 or 9 digits'],
    ['zip_code', '01234', null],
    ['contract_id', 'h1234', null],
    ['contract_id', '1234', 'bad_contract: contract_id must be a letter and four digits'],
    ['hospice_flag', 'T', null],
    ['hospice_flag', 'x', "bad_boolean: hospice_flag must be true/false, yes/no, Y/N or 1/0, got 'x'"],
    ['part_b_months_prior_year', '13', 'out_of_range: part_b_months_prior_year 13 is outside 0..12'],
    ['part_b_months_prior_year', '1.5', "bad_number: part_b_months_prior_year is not a number: '1.5'"],
    ['pcp_npi', '1234567890', 'bad_npi: pcp_npi 1234567890 is not a valid NPI (10 digits, check digit)'],
    ['pcp_npi', '1234567893', null],
    ['dual_status_code', 'NULL', null],
    ['dual_status_code', 'NA', null],
    [
      'original_reason_entitlement_code',
      '1.0',
      "bad_code: original_reason_entitlement_code has the value '1.0'; allowed: 0, 1, 2, 3 (a spreadsheet has turned the code into a number)",
    ],
    ['enrollment_end_date', '2026-12-31', 'required: enrollment_start_date is required'],
    ['line_of_business', 'ACA', 'required: metal_level is required'],
  ])('%s %s', async (column, value, expected) => {
    expect(await row(column, value)).toEqual(expected === null ? [] : [expected]);
  });

  test.each([
    '19500102',
    '01/02/1950',
    '1/2/1950',
    '02-Jan-1950',
    '1950-01-02T23:59:59-05:00',
    '1950-01-02 00:00:00',
  ])('the date %s', async (text) => {
    const { records } = await read({ 'members.csv': `member_id,birth_date,sex\nM1,${text},F\n` });
    expect(only(records, 'member')[0]?.birthDate).toBe('1950-01-02');
  });

  test('a birth date in the future or before 1900 is out of range', async () => {
    const { findings } = await read({
      'members.csv': 'member_id,birth_date,sex\nM1,2026-11-24,F\nM2,1899-12-31,F\nM3,2026-11-23,F\n',
    });
    expect(findings.map(({ message }) => message)).toEqual([
      'birth_date 2026-11-24 is outside 1900-01-01..2026-11-23',
      'birth_date 1899-12-31 is outside 1900-01-01..2026-11-23',
    ]);
  });
});

describe('members', () => {
  test('rows of one member must agree on birth date and sex', async () => {
    const { findings, reports } = await read({
      'members.csv':
        'member_id,birth_date,sex,enrollment_start_date\nM1,1950-01-01,F,2025-01-01\nM1,1950-01-02,F,2026-01-01\nM1,1950-01-01,M,2026-06-01\nM1,1950-01-01,F,2026-07-01\n',
    });
    expect(brief(findings.filter(({ severity }) => severity === 'error'))).toEqual([
      'members.csv:3 contradiction birth_date',
      'members.csv:4 contradiction sex',
    ]);
    expect(reports[0]).toMatchObject({ received: 4, accepted: 2, rejected: 2 });
  });

  test('the same row again is a duplicate; the same key for something else is an error', async () => {
    const { findings, reports } = await read({
      'members.csv':
        'member_id,birth_date,sex,enrollment_start_date,plan_id\nM1,1950-01-01,F,2025-01-01,001\nM1,1950-01-01,F,2025-01-01,001\nM1,1950-01-01,F,2025-01-01,002\n',
    });
    expect(findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([
      'member_id: the key was already used in row 2',
    ]);
    expect(reports[0]).toMatchObject({ received: 3, accepted: 2, rejected: 1, duplicates: 1 });
  });

  test('unknown dual status and entitlement are scored by default and said', async () => {
    const { findings } = await read({
      'members.csv': 'member_id,birth_date,sex,enrollment_start_date\nM1,1950-01-01,F,2026-01-01\n',
    });
    expect(brief(findings)).toEqual([
      'members.csv:2 assumption original_reason_entitlement_code',
      'members.csv:2 assumption dual_status_code',
    ]);
  });

  test('a span is split where new-enrollee status ends: 12 months of Part B in the year before', async () => {
    const { records } = await read({
      'members.csv':
        'member_id,birth_date,sex,enrollment_start_date,part_b_start_date,orec,dual_code\nM1,1961-01-01,F,2026-01-01,2025-07-01,0,00\nM2,1961-01-01,F,2026-01-01,2025-01-01,0,00\nM3,1961-01-01,F,2026-03-01,2026-03-01,0,00\n',
    });
    expect(
      only(records, 'coverage').map(({ memberId, period }) => [
        memberId,
        period.from,
        period.to,
        period.newEnrollee,
      ]),
    ).toEqual([
      ['M1', '2026-01-01', '2026-12-31', true],
      ['M1', '2027-01-01', null, false],
      ['M2', '2026-01-01', null, false],
      ['M3', '2026-03-01', '2027-12-31', true],
      ['M3', '2028-01-01', null, false],
    ]);
  });

  test('ESRD, SNP, low income and the Medicare status code are carried', async () => {
    const { records } = await read({
      'members.csv':
        'member_id,birth_date,sex,enrollment_start_date,medicare_status_code,dual_status_code,esrd_status,transplant_duration_months,snp_type,lis,switcher,part_d\nM1,1971-01-01,F,2026-01-01,20,8,functioning_graft,7,C-SNP,yes,1,pdp\n',
    });
    expect(only(records, 'coverage')[0]?.period).toMatchObject({
      originalEntitlement: '1',
      dualStatus: '08',
      esrd: { status: 'graft', monthsSinceTransplant: 7 },
      snp: 'cSnp',
      lowIncome: true,
      switcher: true,
      partD: 'pdp',
    });
  });

  test('person_id wins over member_id in every file, and a file without it is refused', async () => {
    const { findings, records } = await read({
      'eligibility.csv':
        'person_id,member_id,gender,birth_date,enrollment_start_date,dual_status_code,orec\nP1,X9,female,1950-01-01,2026-01-01,00,0\n',
      'labs.csv':
        'person_id,patient_id,normalized_component_code,source_component_code,result,result_datetime,collection_datetime\nP1,pat,,62238-1,60,2026-01-05,2026-01-04\n',
      'vitals.csv': 'member_id,vital_type,value,observed_date\nX9,bmi,41,2026-01-04\n',
    });
    expect(only(records, 'member')[0]?.memberId).toBe('P1');
    expect(
      only(records, 'observation').map(({ observation }) => [observation.code, observation.date]),
    ).toEqual([['62238-1', '2026-01-04']]);
    expect(brief(findings)).toEqual(
      ['labs.csv:1 header_unknown patient_id', 'vitals.csv:1 header_alias_conflict member_id'].filter(
        (text) => !text.includes('header_unknown'),
      ),
    );
  });
});
