import { describe, expect, test } from 'vitest';
import { parseBatch } from '../../src/intake/parse-batch.ts';
import { type IntakeOptions, intakeOptions } from '../../src/intake/parser.ts';
import { brief, type Collected, collect, inputOf, only } from '../helpers/intake.ts';

/** What a batch of these files gives, as of 2026-11-23. */
function read(
  files: Readonly<Record<string, string>>,
  given: Partial<Omit<IntakeOptions, 'asOf' | 'limits'>> = {},
): Promise<Collected> {
  const inputs = Object.entries(files).map(([file, content]) => inputOf(file, content, 1_024));
  return collect(parseBatch(inputs, intakeOptions({ asOf: '2026-11-23', ...given })));
}

function lines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join('\n');
}

const MEMBERS = 'person_id,birth_date,sex\nP-1,1950-01-02,F\n';

describe('Tuva tables as they are', () => {
  test('condition carries both an encounter and a claim id: the claim counts and the encounter fills its blanks', async () => {
    const { records, findings } = await read({
      'members.csv': MEMBERS,
      'condition.csv':
        'condition_id,person_id,member_id,encounter_id,claim_id,recorded_date,status,condition_type,source_code_type,source_code,normalized_code_type,normalized_code,condition_rank\n' +
        'c1,P-1,X,EN1,CL1,2026-02-01,active,discharge_diagnosis,icd-10-cm,E11.9,,,1\n' +
        'c2,P-1,X,EN2,,2026-02-02,active,billing_diagnosis,snomed-ct,44054006,icd-10-cm,I50.22,2\n',
    });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(only(records, 'diagnosis').map(({ encounterId, code }) => [encounterId, code])).toEqual([
      ['CL1', 'E119'],
      ['EN2', 'I5022'],
    ]);
  });

  test('observation_type is a category there: the LOINC code says what was measured', async () => {
    const { records, findings } = await read({
      'members.csv': MEMBERS,
      'observation.csv':
        'observation_id,person_id,observation_date,observation_type,source_code_type,source_code,normalized_code,result,normalized_units\n' +
        'o1,P-1,2026-02-01,vital-signs,loinc,39156-5,39156-5,41.2,kg/m2\n' +
        'o2,P-1,2026-02-01,laboratory,loinc,4548-4,,7.9,%\n' +
        'o3,P-1,2026-02-01,vital-signs,loinc,,,170,cm\n' +
        'o4,P-1,2026-02-01,bmi,,,,31,\n',
    });
    expect(brief(findings.filter(({ severity }) => severity === 'error'))).toEqual([
      'observation.csv:4 bad_code vital_type',
    ]);
    expect(
      only(records, 'observation').map(({ observation }) => [observation.code, observation.value]),
    ).toEqual([
      ['39156-5', 41.2],
      ['4548-4', 7.9],
      ['39156-5', 31],
    ]);
  });

  test('a vital_type of our own column stays checked', async () => {
    const { findings } = await read({
      'members.csv': MEMBERS,
      'vitals.csv':
        'person_id,vital_type,loinc_code,value,unit,observed_date\nP-1,nonsense,39156-5,41,kg/m2,2026-02-01\n',
    });
    expect(brief(findings)).toContain('vitals.csv:2 bad_code vital_type');
  });

  test('encounter types of an encounter table tell the setting, and without a CPT nothing more', async () => {
    const { records, findings } = await read({
      'members.csv': MEMBERS,
      'encounter.csv':
        'encounter_id,person_id,encounter_type,encounter_start_date,encounter_end_date\n' +
        'e1,P-1,acute inpatient,2026-02-01,2026-02-05\n' +
        'e2,P-1,inpatient psych,2026-02-01,2026-02-05\n' +
        'e3,P-1,office visit,2026-02-01,2026-02-01\n' +
        'e4,P-1,emergency department,2026-02-01,2026-02-01\n' +
        'e5,P-1,outpatient surgery,2026-02-01,2026-02-01\n' +
        'e6,P-1,lab - orphaned,2026-02-01,2026-02-01\n',
    });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(only(records, 'encounter').map(({ encounter }) => encounter.setting)).toEqual([
      'inpatient',
      'inpatient',
      'professional',
      'outpatient',
      'outpatient',
      'other',
    ]);
  });

  test('a claim type of our own column stays checked', async () => {
    const { findings } = await read({
      'members.csv': MEMBERS,
      'encounters.csv': 'claim_id,person_id,claim_type,claim_start_date\nC1,P-1,office visit,2026-02-01\n',
    });
    expect(brief(findings)).toContain('encounters.csv:2 bad_code claim_type');
  });
});

describe('a code that a spreadsheet has turned into a number', () => {
  test('is refused with a hint, whatever the column', async () => {
    const { findings } = await read({
      'members.csv': 'member_id,birth_date,sex,dual_status_code\nM1,1950-01-02,F,2.0\nM2,1950-01-02,F,\n',
      'encounters.csv':
        'claim_id,member_id,claim_type,claim_start_date,place_of_service_code,bill_type_code\n' +
        'C1,M2,professional,2026-02-01,11.0,\n',
    });
    const hints = findings.filter(({ code }) => code === 'bad_code');
    expect(hints.map(({ message }) => message.includes('a spreadsheet'))).toEqual([true, true]);
  });
});

const PATIENT = { resourceType: 'Patient', id: 'A', birthDate: '1950-01-02', gender: 'female' };

function eob(id: string, given: object = {}): object {
  return {
    resourceType: 'ExplanationOfBenefit',
    id,
    status: 'active',
    use: 'claim',
    type: { coding: [{ code: 'professional' }] },
    patient: { reference: 'Patient/A' },
    diagnosis: [
      {
        sequence: 1,
        diagnosisCodeableConcept: {
          coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'E11.9' }],
        },
      },
    ],
    item: [
      {
        sequence: 1,
        productOrService: { coding: [{ system: 'http://www.ama-assn.org/go/cpt', code: '99214' }] },
        servicedDate: '2026-03-14',
      },
    ],
    ...given,
  };
}

function numbered(value: string): object {
  return { identifier: [{ type: { coding: [{ code: 'uc' }] }, value }] };
}

describe('FHIR', () => {
  test.each(['ExplanationOfBenefit/x1', 'https://payer.example/fhir/ExplanationOfBenefit/x1/_history/3'])(
    'a claim replaced by %s is known by its claim number',
    async (reference) => {
      const related = [{ claim: { reference }, relationship: { coding: [{ code: 'replaces' }] } }];
      const { records } = await read({
        // The replacement first: order between resources means nothing.
        'a.ndjson': lines([
          PATIENT,
          eob('x2', { ...numbered('CLM2'), related }),
          eob('x1', numbered('CLM1')),
        ]),
      });
      const replacing = only(records, 'encounter').find(
        ({ encounter }) => encounter.claimStatus === 'replacement',
      );
      expect(replacing?.encounter).toMatchObject({ encounterId: 'CLM2', replacesEncounterId: 'CLM1' });
    },
  );

  test('NDCs with hyphens are padded by segment', async () => {
    const ndc = { coding: [{ system: 'http://hl7.org/fhir/sid/ndc', code: '0093-1048-01' }] };
    const asked: unknown[] = [];
    const { records } = await read(
      {
        'a.ndjson': lines([
          PATIENT,
          {
            resourceType: 'MedicationRequest',
            id: 'm1',
            status: 'active',
            intent: 'order',
            subject: { reference: 'Patient/A' },
            authoredOn: '2026-01-05',
            medicationCodeableConcept: ndc,
          },
          eob('rx', {
            type: { coding: [{ code: 'pharmacy' }] },
            item: [{ sequence: 1, productOrService: ndc, servicedDate: '2026-01-06' }],
          }),
        ]),
      },
      {
        lookups: {
          drug: (query) => {
            asked.push(query.ndc);
            return null;
          },
        },
      },
    );
    expect(only(records, 'medication').map(({ medication }) => medication.code)).toEqual([
      '00093104801',
      '00093104801',
    ]);
    expect(asked).toEqual(['00093104801', '00093104801']);
  });

  test('every MBI of a patient is an alias, the one in force first', async () => {
    const mbi = (value: string, period: object) => ({
      system: 'http://hl7.org/fhir/sid/us-mbi',
      value,
      period,
    });
    const { records } = await read({
      'a.json': JSON.stringify({
        ...PATIENT,
        identifier: [
          mbi('1EG4TE5MK73', { end: '2020-01-01' }),
          mbi('2EG4-TE5-MK73', { start: '2020-01-01' }),
        ],
      }),
    });
    expect(only(records, 'member_alias').map(({ alias }) => alias)).toEqual(['2EG4TE5MK73', '1EG4TE5MK73']);
  });

  test('an abatement closes a condition that states no clinical status', async () => {
    const { records } = await read({
      'a.ndjson': lines([
        PATIENT,
        {
          resourceType: 'Condition',
          id: 'c1',
          category: [{ coding: [{ code: 'problem-list-item' }] }],
          code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'I50.22' }] },
          subject: { reference: 'Patient/A' },
          recordedDate: '2025-01-01',
          abatementDateTime: '2025-06-01',
        },
      ]),
    });
    expect(only(records, 'condition')[0]?.condition.clinicalStatus).toBe('resolved');
  });

  test.each(['batch-response', 'nonsense'])(
    'a Bundle of type %s is refused, with all it holds',
    async (type) => {
      const bundle = {
        resourceType: 'Bundle',
        type,
        entry: [{ resource: PATIENT }, { resource: eob('x1') }],
      };
      for (const files of [
        { 'a.json': JSON.stringify(bundle) },
        { 'a.ndjson': `${JSON.stringify(bundle)}\n` },
      ]) {
        const { records, findings, reports } = await read(files);
        expect(records).toEqual([]);
        expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['bundle_type_not_read']));
        expect(
          reports.every(({ accepted, received, rejected }) => accepted === 0 && received === rejected),
        ).toBe(true);
        expect(reports.reduce((sum, { rejected }) => sum + rejected, 0)).toBeGreaterThan(0);
      }
    },
  );
});

function history(given: object = {}): object {
  return { memberId: 'M1', birthDate: '1950-01-02', sex: 'F', encounters: [], ...given };
}

function visit(given: object = {}): object {
  return {
    encounterId: 'E1',
    from: '2026-01-05',
    setting: 'professional',
    diagnoses: [{ code: 'E11.9' }],
    ...given,
  };
}

describe('member histories', () => {
  test('two encounters of one id that differ are refused: nothing says which one holds', async () => {
    const { records, findings } = await read({
      'a.ndjson': lines([history({ encounters: [visit(), visit({ diagnoses: [{ code: 'I10' }] })] })]),
    });
    expect(brief(findings)).toEqual(['a.ndjson:1 duplicate_key /encounters/1/encounterId']);
    expect(records).toEqual([]);
  });

  test('an encounter that is repeated word for word stands once', async () => {
    const { records, findings } = await read({
      'a.ndjson': lines([
        history({ encounters: [visit(), visit({ from: '2026-01-05', to: '2026-01-05' })] }),
      ]),
    });
    expect(findings).toEqual([]);
    expect(only(records, 'encounter')).toHaveLength(1);
    expect(only(records, 'diagnosis')).toHaveLength(1);
  });

  test('a line that gives a member another birth date or sex is refused', async () => {
    const { findings, reports } = await read({
      'a.ndjson': lines([
        history(),
        history({ encounters: [visit()] }),
        history({ birthDate: '1951-01-02', encounters: [visit()] }),
        history({ sex: 'M' }),
      ]),
    });
    expect(brief(findings)).toEqual([
      'a.ndjson:2 history_replaced /memberId',
      'a.ndjson:3 contradiction /birthDate',
      'a.ndjson:4 contradiction /sex',
    ]);
    expect(reports[0]).toMatchObject({ received: 4, accepted: 2, rejected: 2 });
  });

  test.each([' ', '.', ' . '])('a diagnosis of %j is no code', async (code) => {
    const { findings } = await read({
      'a.ndjson': lines([history({ encounters: [visit({ diagnoses: [{ code }] })] })]),
    });
    expect(brief(findings)).toEqual(['a.ndjson:1 bad_diagnosis /encounters/0/diagnoses/0/code']);
  });

  test('a document whose first line holds more than its brace is one document', async () => {
    const { records, findings } = await read({
      'a.json': '{ "memberId": "M1",\n  "birthDate": "1950-01-02", "sex": "F",\n\n  "encounters": [] }\n',
    });
    expect(findings).toEqual([]);
    expect(only(records, 'member').map(({ memberId }) => memberId)).toEqual(['M1']);
  });

  test('a broken first line of NDJSON costs itself alone', async () => {
    const whole = JSON.stringify(history());
    for (const text of [`${whole.slice(0, 30)}\n${whole}\n`, `${whole.slice(0, 30)}\n`]) {
      const { findings, reports } = await read({ 'a.ndjson': text });
      expect(brief(findings)).toEqual(['a.ndjson:1 bad_json -']);
      expect(reports[0]).toMatchObject({ rejected: 1, received: text.trim().split('\n').length });
    }
  });

  test('nesting beyond any history is refused before it is parsed', async () => {
    const deep = `{"memberId":"M1","encounters":${'['.repeat(400_000)}${']'.repeat(400_000)}}`;
    const { findings, reports } = await read({ 'a.ndjson': `${deep}\n${JSON.stringify(history())}\n` });
    expect(brief(findings)).toEqual(['a.ndjson:1 json_too_deep -']);
    expect(reports[0]).toMatchObject({ received: 2, accepted: 1, rejected: 1 });
  });
});

describe('X12', () => {
  const isa =
    'ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260315*1200*^*00501*000000101*0*T*:~';
  test.each(['004010X098A1', 'NONSENSE'])(
    'the guide of a group is what GS08 says: %s is not read, whatever ST03 says',
    async (guide) => {
      const text = `${isa}GS*HC*S*R*20260315*1200*1*X*${guide}~ST*837*0001*005010X222A1~BHT*0019*00*R*20260315*1200*RP~HL*1**20*1~NM1*85*2*CLINIC*****XX*1245319599~HL*2*1*22*0~SBR*P*18~NM1*IL*1*DOE*JANE****MI*M1~CLM*A1*1***11:B:1~HI*ABK:E1122~LX*1~SV1*HC:99214*1*UN*1***1~DTP*472*D8*20260314~SE*13*0001~GE*1*1~IEA*1*000000101~`;
      const { records, findings, reports } = await read({ 'a.837': text });
      expect(records).toEqual([]);
      expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['x12_unsupported_guide']));
      expect(reports[0]).toMatchObject({ received: 1, rejected: 1 });
    },
  );
});
