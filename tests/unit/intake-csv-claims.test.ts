import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../src/intake/csv/parser.ts';
import { type IntakeLookups, intakeOptions } from '../../src/intake/parser.ts';
import { brief, type Collected, collect, inputOf, only } from '../helpers/intake.ts';

const MEMBERS = 'member_id,birth_date,sex\nM1,1950-01-02,F\nM2,1961-07-30,M\n';

function read(
  files: Readonly<Record<string, string>>,
  lookups: Partial<IntakeLookups> = {},
): Promise<Collected> {
  const inputs = Object.entries({ 'members.csv': MEMBERS, ...files }).map(([file, content]) =>
    inputOf(file, content, 64),
  );
  return collect(parseCsv(inputs, intakeOptions({ asOf: '2026-11-23', lookups })));
}

/** One claims file of the columns named, rows joined. */
function claims(columns: string, ...rows: string[]): Readonly<Record<string, string>> {
  return {
    'encounters.csv': `claim_id,member_id,claim_type,claim_start_date,${columns}\n${rows.join('\n')}\n`,
  };
}

describe('claim lines become encounters', () => {
  test('lines of a claim are gathered, also when they stand apart; header values of the first row win', async () => {
    const { records, findings } = await read(
      claims(
        'claim_line_number,hcpcs_code,hcpcs_modifier_1,claim_line_end_date,claim_end_date,diagnosis_code_1',
        'C1,M1,professional,2026-03-01,1,99214,25,2026-03-02,2026-03-05,E11.9',
        'C2,M1,professional,2026-04-01,1,99213,,,,I10',
        'C1,M1,professional,2026-03-01,2,36415,,2026-03-03,2026-03-04,E11.9',
      ),
    );
    expect(brief(findings)).toEqual(['encounters.csv:4 contradiction claim_end_date']);
    expect(only(records, 'encounter').map(({ encounter }) => [encounter.encounterId, encounter.to])).toEqual([
      ['C1', '2026-03-03'],
      ['C2', '2026-04-01'],
    ]);
    expect(
      only(records, 'service_line').map(({ encounterId, lineNumber, line }) => [
        encounterId,
        lineNumber,
        line.procedure,
        line.modifiers,
        line.date,
      ]),
    ).toEqual([
      ['C1', 1, '99214', ['25'], '2026-03-02'],
      ['C1', 2, '36415', [], '2026-03-03'],
      ['C2', 1, '99213', [], '2026-04-01'],
    ]);
    expect(only(records, 'diagnosis').map(({ encounterId, code }) => [encounterId, code])).toEqual([
      ['C1', 'E119'],
      ['C2', 'I10'],
    ]);
  });

  test('a line that comes after its claim was handed on is added to it', async () => {
    const filler = Array.from(
      { length: 2_100 },
      (_, index) => `F${index},M1,professional,2026-01-01,1,99213,Z00.00`,
    );
    const { records, reports } = await read(
      claims(
        'claim_line_number,hcpcs_code,diagnosis_code_1',
        'C1,M1,professional,2026-03-01,1,99214,E11.9',
        ...filler,
        'C1,M1,professional,2026-03-01,2,99215,I50.22',
      ),
    );
    expect(only(records, 'encounter').filter(({ encounter }) => encounter.encounterId === 'C1')).toHaveLength(
      1,
    );
    expect(
      only(records, 'diagnosis')
        .filter(({ encounterId }) => encounterId === 'C1')
        .map(({ code }) => code),
    ).toEqual(['E119', 'I5022']);
    expect(reports.at(-1)).toMatchObject({ received: 2_102, accepted: 2_102 });
  });

  test('a claim whose lines name two members is not carried from one to the other', async () => {
    const { records, findings } = await read(
      claims(
        'claim_line_number,diagnosis_code_1',
        'C1,M1,professional,2026-03-01,1,E11.9',
        'C1,M2,professional,2026-03-01,2,I50.22',
      ),
    );
    expect(brief(findings)).toEqual(['encounters.csv:3 contradiction member_id']);
    expect(only(records, 'diagnosis').map(({ memberId, code }) => [memberId, code])).toEqual([
      ['M1', 'E119'],
    ]);
  });

  test.each([
    ['professional', '', 'professional'],
    ['dme', '', 'professional'],
    ['institutional', '111', 'inpatient'],
    ['institutional', '0411', 'inpatient'],
    ['institutional', '131', 'outpatient'],
    ['institutional', '721', 'outpatient'],
    ['acute inpatient', '', 'inpatient'],
    ['outpatient', '', 'outpatient'],
    ['pharmacy', '', 'other'],
    ['undetermined', '', 'other'],
  ])('%s with bill type %j is %s', async (type, bill, setting) => {
    const { records } = await read(claims('bill_type_code', `C1,M1,${type},2026-03-01,${bill}`));
    expect(only(records, 'encounter')[0]?.encounter.setting).toBe(setting);
  });

  test('a stay is dated by its discharge, over the turn of the year', async () => {
    const { records } = await read(
      claims(
        'bill_type_code,claim_end_date,admission_date,discharge_date',
        'C1,M1,institutional,2025-12-28,111,2026-01-02,2025-12-28,2026-01-03',
      ),
    );
    expect(only(records, 'encounter')[0]?.encounter).toMatchObject({
      from: '2025-12-28',
      to: '2026-01-03',
      billType: '0111',
    });
  });

  test('frequency 7 and 8 replace and void, from the column or from the bill type', async () => {
    const { records, findings } = await read(
      claims(
        'bill_type_code,frequency_code,original_claim_id',
        'C1,M1,professional,2026-03-01,,1,',
        'C2,M1,professional,2026-03-01,,7,C1',
        'C3,M1,institutional,2026-03-01,138,,C9',
        'C4,M1,professional,2026-03-01,,8,',
      ),
    );
    expect(
      only(records, 'encounter').map(({ encounter }) => [
        encounter.claimStatus,
        encounter.replacesEncounterId,
      ]),
    ).toEqual([
      ['original', null],
      ['replacement', 'C1'],
      ['void', 'C9'],
    ]);
    expect(brief(findings)).toEqual(['encounters.csv:5 required original_claim_id']);
  });

  test('audio-only by modifier or flag; telehealth marks do not prove video', async () => {
    const { records } = await read(
      claims(
        'place_of_service_code,hcpcs_code,hcpcs_modifier_1,telehealth_audio_only',
        'C1,M1,professional,2026-03-01,10,99213,93,',
        'C2,M1,professional,2026-03-01,11,99213,,yes',
        'C3,M1,professional,2026-03-01,2,99213,95,',
        'C4,M1,professional,2026-03-01,11,99213,25,no',
      ),
    );
    expect(
      only(records, 'encounter').map(({ encounter }) => [encounter.modality, encounter.placeOfService]),
    ).toEqual([
      ['audio_only', '10'],
      ['audio_only', '11'],
      ['audio_video', '02'],
      ['in_person', '11'],
    ]);
  });

  test('chart reviews: linked, unlinked, deleting; a link to nothing known is warned about at the end', async () => {
    const { records, findings } = await read(
      claims(
        'chart_review,linked_claim_id,icn,mao004',
        'R1,M1,professional,2026-03-01,A,C1,,',
        'R2,M1,professional,2026-03-01,A,,,',
        'R3,M1,professional,2026-03-01,D,C9,,',
        'C1,M1,professional,2026-03-01,N,,ICN7,disallowed',
      ),
    );
    expect(
      only(records, 'encounter').map(({ encounter: e }) => [
        e.source,
        e.crrAction,
        e.linkedEncounterId,
        e.icn,
        e.mao004,
      ]),
    ).toEqual([
      ['chart_review', 'add', 'C1', null, null],
      ['chart_review', 'add', null, null, null],
      ['chart_review', 'delete', 'C9', null, null],
      ['claim', null, null, 'ICN7', 'disallowed'],
    ]);
    expect(brief(findings)).toEqual(['encounters.csv:4 unknown_claim linked_claim_id']);
  });

  test('the key of a line is used once; an unknown member is judged over the whole batch', async () => {
    const { findings } = await read(
      claims(
        'hcpcs_code,claim_line_number',
        'C1,M1,professional,2026-03-01,99213,',
        'C1,M1,professional,2026-03-01,99214,1',
        'C2,M9,professional,2026-03-01,99213,',
      ),
    );
    expect(findings.map(({ row, code, message }) => [row, code, message])).toEqual([
      [3, 'duplicate_key', 'claim_line_number: the key was already used in row 2'],
      [4, 'unknown_member', 'member_id is not among the members'],
    ]);
  });

  test('members and claims of earlier batches are asked for, once a block', async () => {
    const asked: string[][] = [];
    const { findings, records } = await read(
      {
        'dx.csv':
          'member_id,claim_id,diagnosis_code,service_date\nM7,OLD,E11.9,2026-01-05\nM8,OLD,E11.9,2026-01-05\n',
      },
      {
        knownMembers: async (ids) => {
          asked.push([...ids]);
          return new Set(['M7']);
        },
        knownEncounters: async () => new Set(['M7\tOLD']),
      },
    );
    expect(asked.flat().sort()).toEqual(['M7', 'M8']);
    expect(brief(findings)).toEqual(['dx.csv:3 unknown_member member_id']);
    expect(only(records, 'encounter')).toEqual([]);
    expect(only(records, 'diagnosis')).toMatchObject([{ encounterId: 'OLD', code: 'E119' }]);
  });

  test('a bad wide diagnosis costs its cell, not its row', async () => {
    const { findings, records, reports } = await read(
      claims(
        'diagnosis_code_1,diagnosis_code_2,diagnosis_poa_1',
        'C1,M1,professional,2026-03-01,25000,I10,Q',
      ),
      { icd10: (code) => (code === 'I10' ? 'header' : 'billable') },
    );
    expect(findings.map(({ severity, code, field, message }) => [severity, code, field, message])).toEqual([
      [
        'error',
        'bad_diagnosis',
        'diagnosis_code_1',
        "diagnosis_code_1 '25000' is not an ICD-10-CM code form",
      ],
      ['error', 'bad_code', 'diagnosis_poa_1', "diagnosis_poa_1 has the value 'Q'; allowed: Y, N, U, W, 1"],
      [
        'warning',
        'diagnosis_unknown',
        'diagnosis_code_2',
        "diagnosis_code_2 'I10' is not in ICD-10-CM for 2026-03-01 (not billable, more characters needed)",
      ],
    ]);
    expect(only(records, 'diagnosis').map(({ code }) => code)).toEqual(['I10']);
    expect(reports.at(-1)).toMatchObject({ received: 1, accepted: 1, rejected: 0 });
  });
});

describe('diagnoses', () => {
  const dx = async (columns: string, ...rows: string[]): Promise<Collected> =>
    read({ 'diagnoses.csv': `member_id,diagnosis_code,service_date,${columns}\n${rows.join('\n')}\n` });

  test('without a claim a diagnosis hangs on a stand-in that counts only when asserted', async () => {
    const { records, findings } = await dx(
      'eligible',
      'M1,E11.9,2026-01-05,',
      'M1,I50.22,2026-01-05,',
      'M1,N18.32,2026-01-05,true',
      'M1,J44.9,2026-01-05,false',
    );
    expect(findings).toEqual([]);
    expect(
      only(records, 'encounter').map(({ encounter: e, complete }) => [
        e.encounterId,
        e.source,
        e.mao004,
        complete,
      ]),
    ).toEqual([
      ['dx.M1.2026-01-05', 'ehr', null, false],
      ['dx.M1.2026-01-05.eligible', 'ehr', 'allowed', false],
      ['dx.M1.2026-01-05.ineligible', 'ehr', 'disallowed', false],
    ]);
    expect(only(records, 'diagnosis')).toHaveLength(4);
  });

  test('problem, admitting, resolved and refuted rows are conditions', async () => {
    const { records } = await dx(
      'condition_type,status,resolved_date',
      'M1,E11.9,2026-01-05,problem,,',
      'M1,I21.4,2026-01-05,admitting,,',
      'M1,C50.911,2025-01-05,problem,resolved,2026-02-01',
      'M1,F32.1,2026-01-05,billing,refuted,',
      'M1,J44.9,2026-01-05,discharge,,',
    );
    expect(
      only(records, 'condition').map(({ condition: c }) => [
        c.code,
        c.source,
        c.clinicalStatus,
        c.verification,
        c.recorded,
      ]),
    ).toEqual([
      ['E119', 'problem_list', 'active', null, '2026-01-05'],
      ['I214', 'note', 'active', 'provisional', '2026-01-05'],
      ['C50911', 'problem_list', 'resolved', null, '2026-02-01'],
      ['F321', 'note', null, 'refuted', '2026-01-05'],
    ]);
    expect(only(records, 'diagnosis').map(({ code }) => code)).toEqual(['J449']);
  });

  test('other code systems are kept as conditions, never as ICD-10-CM', async () => {
    const { records, findings } = await dx(
      'diagnosis_code_type',
      'M1,44054006,2026-01-05,snomed-ct',
      'M1,250.00,2014-01-05,icd-9-cm',
    );
    expect(only(records, 'diagnosis')).toEqual([]);
    expect(only(records, 'condition').map(({ condition: c }) => [c.system, c.code])).toEqual([
      ['snomed', '44054006'],
      ['other', '250.00'],
    ]);
    expect(brief(findings)).toEqual(['diagnoses.csv:3 diagnosis_unknown diagnosis_code']);
  });
});

describe('clinical tables', () => {
  test('labs', async () => {
    const { findings, records } = await read({
      'labs.csv': [
        'member_id,result_id,loinc_code,code_type,result,unit,result_date,status,reference_range_low,reference_range_high',
        'M1,R1,4548-4,,7.1,%,2026-01-05,C,4,6',
        'M1,R2,4548-5,,7.1,%,2026-01-05,,,',
        'M1,R3,LOCAL1,local,7.1,%,2026-01-05,,,',
        'M1,R4,4548-4,,"1,200",%,2026-01-05,,,',
        'M1,R5,4548-4,,7.1,furlongs,2026-01-05,,,',
        'M1,R6,4548-4,,positive,,2026-01-05,,9,2',
        'M1,R1,4548-4,,7.2,%,2026-01-05,,,',
        'M1,R8,4548-4,,>= 9.5,%,2026-01-05T08:00:00Z,F,,',
        '',
      ].join('\n'),
    });
    expect(brief(findings)).toEqual([
      'labs.csv:3 bad_loinc loinc_code',
      'labs.csv:5 bad_number result',
      'labs.csv:6 unit_unknown unit',
      'labs.csv:7 range_order reference_range_high',
      'labs.csv:8 duplicate_key result_id',
    ]);
    expect(
      only(records, 'observation').map(({ key, observation: o }) => [
        key,
        o.system,
        o.code,
        o.comparator,
        o.value,
        o.status,
      ]),
    ).toEqual([
      ['R1', 'loinc', '4548-4', null, 7.1, 'corrected'],
      ['R3', 'other', 'LOCAL1', null, 7.1, 'final'],
      ['R5', 'loinc', '4548-4', null, 7.1, 'final'],
      ['R8', 'loinc', '4548-4', '>=', 9.5, 'final'],
    ]);
  });

  test('vitals', async () => {
    const { findings, records } = await read({
      'vitals.csv': [
        'member_id,vital_type,loinc_code,value,unit,observed_date',
        'M1,bmi,,41.2,,2026-01-05',
        'M1,,8302-2,1.7,m,2026-01-05',
        'M1,height,,170,,2026-01-05',
        'M1,weight,,900,kg,2026-01-05',
        'M1,,,5,,2026-01-05',
        'M1,mood,,5,,2026-01-05',
        '',
      ].join('\n'),
    });
    expect(brief(findings)).toEqual([
      'vitals.csv:4 required unit',
      'vitals.csv:5 implausible_value value',
      'vitals.csv:6 required_one_of vital_type',
      'vitals.csv:7 bad_code vital_type',
    ]);
    expect(
      only(records, 'observation').map(({ observation: o }) => [o.code, o.value, o.unit, o.text]),
    ).toEqual([
      ['39156-5', 41.2, 'kg/m2', null],
      ['8302-2', 1.7, 'm', null],
      ['29463-7', null, 'kg', '900'],
    ]);
  });

  test('medications', async () => {
    const { findings, records } = await read({
      'medications.csv': [
        'member_id,ndc_code,rxnorm_code,drug_name,dispensing_date,prescribing_date,days_supply',
        'M1,0002-1433-80,,trulicity,2026-01-05,,28',
        'M1,0002143380,,,2026-01-05,,28',
        'M1,,860975,metformin,,2026-01-05,',
        'M1,,,,2026-01-05,,',
        'M1,,860975,,,,',
        'M1,,860975,,2026-01-05,,1000',
        '',
      ].join('\n'),
    });
    expect(brief(findings)).toEqual([
      'medications.csv:3 bad_ndc ndc_code',
      'medications.csv:5 required_one_of ndc_code',
      'medications.csv:6 required_one_of dispensing_date',
      'medications.csv:7 out_of_range days_supply',
    ]);
    expect(
      only(records, 'medication').map(({ medication: m }) => [m.code, m.system, m.source, m.ingredient]),
    ).toEqual([
      ['00002143380', 'ndc', 'fill', 'trulicity'],
      ['860975', 'rxnorm', 'order', 'metformin'],
    ]);
  });

  test('conditions, procedures and appointments of the service', async () => {
    const { findings, records } = await read({
      'conditions.csv':
        'member_id,condition_id,condition_code,condition_source,claim_id,recorded_date,meat,signed,verification\nM1,K1,J44.9,note,,2026-02-01,assessed treated,yes,confirmed\nM1,K2,J44.9,note,,2026-02-01,none,no,\nM1,K3,J44.9,note,,2026-02-01,guessed,,\n',
      'procedures.csv': 'member_id,procedure_code,procedure_date\nM1,j9035,2026-02-01\nM1,90935,2026-02-01\n',
      'appointments.csv': 'member_id,appointment_date,provider_npi\nM1,2026-12-04,1234567893\n',
    });
    expect(brief(findings)).toEqual(['conditions.csv:4 bad_code meat']);
    expect(only(records, 'condition').map(({ key, condition: c }) => [key, c.meat, c.signed])).toEqual([
      ['K1', ['assessed', 'treated'], true],
      ['K2', [], false],
    ]);
    expect(only(records, 'procedure').map(({ procedure: p }) => [p.code, p.system])).toEqual([
      ['J9035', 'hcpcs'],
      ['90935', 'cpt'],
    ]);
    expect(only(records, 'appointment')[0]?.appointment).toEqual({
      date: '2026-12-04',
      provider: { npi: '1234567893', specialty: null },
    });
    expect(only(records, 'member')[0]?.feeds).toEqual(['procedures']);
  });
});
