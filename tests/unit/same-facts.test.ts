import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { parseBatch } from '../../src/intake/parse-batch.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import type { ParserSettings } from '../../src/intake/parser-settings.ts';
import { loadReference } from '../../src/reference/load.ts';
import { historiesOf } from '../helpers/histories.ts';
import { collect, inputOf } from '../helpers/intake.ts';

/**
 * One invented member sent as a member history, as flat files, as FHIR and as X12: where the formats carry the same
 * facts, what is found in them is the same.
 */
const AS_OF = '2026-11-23';
const reference = loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));

interface Line {
  readonly procedure: string;
  readonly modifiers?: readonly string[];
  readonly date: string;
}

interface Claim {
  readonly id: string;
  readonly kind: 'professional' | 'inpatient' | 'outpatient';
  readonly from: string;
  readonly to: string;
  /** Type of bill of an institutional claim, four characters. */
  readonly bill?: string;
  /** The record acted on, when the claim replaces or voids one. */
  readonly acts?: { readonly as: 'replacement' | 'void'; readonly on: string };
  /** A chart review: what it does, and the encounter it links to. */
  readonly review?: { readonly action: 'add' | 'delete'; readonly linked: string | null };
  readonly lines: readonly Line[];
  readonly codes: readonly string[];
}

const NPI = '1245319599';
const TAXONOMY = '207R00000X';

const CLAIMS: readonly Claim[] = [
  {
    id: 'OFFICE25',
    kind: 'professional',
    from: '2025-03-04',
    to: '2025-03-04',
    lines: [
      { procedure: '99214', modifiers: ['25'], date: '2025-03-04' },
      { procedure: '80053', date: '2025-03-04' },
    ],
    codes: ['E11.22', 'N18.32', 'I50.22', 'F33.1'],
  },
  {
    id: 'STAY25',
    kind: 'inpatient',
    from: '2025-12-28',
    to: '2026-01-03',
    bill: '0111',
    lines: [],
    codes: ['J44.1', 'E66.01'],
  },
  {
    id: 'CLINIC26',
    kind: 'outpatient',
    from: '2026-02-05',
    to: '2026-02-05',
    bill: '0131',
    lines: [{ procedure: '99213', date: '2026-02-05' }],
    codes: ['E11.9', 'F32.A'],
  },
  {
    id: 'PHONE26',
    kind: 'professional',
    from: '2026-03-10',
    to: '2026-03-10',
    lines: [{ procedure: '99213', modifiers: ['93'], date: '2026-03-10' }],
    codes: ['F33.1'],
  },
  {
    id: 'LAB26',
    kind: 'professional',
    from: '2026-04-01',
    to: '2026-04-01',
    lines: [{ procedure: '80053', date: '2026-04-01' }],
    codes: ['N18.4'],
  },
  {
    id: 'WRONG26',
    kind: 'outpatient',
    from: '2026-05-05',
    to: '2026-05-05',
    bill: '0131',
    lines: [{ procedure: '99214', date: '2026-05-05' }],
    codes: ['C34.90'],
  },
  {
    id: 'WRONG26:8',
    kind: 'outpatient',
    from: '2026-05-05',
    to: '2026-05-05',
    bill: '0138',
    acts: { as: 'void', on: 'WRONG26' },
    lines: [],
    codes: [],
  },
  {
    id: 'AMENDED26',
    kind: 'outpatient',
    from: '2026-06-06',
    to: '2026-06-06',
    bill: '0131',
    lines: [{ procedure: '99214', date: '2026-06-06' }],
    codes: ['G20.A1'],
  },
  {
    id: 'AMENDED26:7',
    kind: 'outpatient',
    from: '2026-06-06',
    to: '2026-06-06',
    bill: '0137',
    acts: { as: 'replacement', on: 'AMENDED26' },
    lines: [{ procedure: '99214', date: '2026-06-06' }],
    codes: ['I48.20'],
  },
  {
    id: 'REVIEW26',
    kind: 'professional',
    from: '2026-02-05',
    to: '2026-02-05',
    review: { action: 'add', linked: 'CLINIC26' },
    lines: [],
    codes: ['I50.22'],
  },
  {
    id: 'UNLINKED26',
    kind: 'professional',
    from: '2026-07-07',
    to: '2026-07-07',
    review: { action: 'add', linked: null },
    lines: [],
    codes: ['E66.01'],
  },
  {
    id: 'REMOVES26',
    kind: 'professional',
    from: '2026-06-06',
    to: '2026-06-06',
    review: { action: 'delete', linked: 'AMENDED26:7' },
    lines: [],
    codes: ['I48.20'],
  },
];

const MEMBER = { memberId: 'SAME-1', birthDate: '1948-03-02', sex: 'F' } as const;
const CONTRACT = {
  contract: 'H1234',
  plan: '001',
  from: '2024-01-01',
  entitlement: '0',
  dual: '02',
} as const;

function pos(claim: Claim): string | null {
  return claim.kind === 'professional' ? '11' : null;
}

function asHistory(): string {
  const encounters = CLAIMS.map((claim) => ({
    encounterId: claim.id,
    from: claim.from,
    to: claim.to,
    setting: claim.kind,
    billType: claim.bill ?? null,
    modality: claim.lines.some(({ modifiers }) => modifiers?.includes('93')) ? 'audio_only' : 'in_person',
    source: claim.review ? 'chart_review' : 'claim',
    linkedEncounterId: claim.review?.linked ?? null,
    crrAction: claim.review?.action ?? null,
    claimStatus: claim.acts?.as ?? 'original',
    replacesEncounterId: claim.acts?.on ?? null,
    placeOfService: pos(claim),
    provider: { npi: NPI, specialty: TAXONOMY },
    lines: claim.lines,
    diagnoses: claim.codes.map((code, index) => ({ code, position: index + 1 })),
  }));
  const coverage = {
    program: 'ma',
    contractId: CONTRACT.contract,
    planId: CONTRACT.plan,
    from: CONTRACT.from,
    to: null,
    originalEntitlement: CONTRACT.entitlement,
    dualStatus: CONTRACT.dual,
  };
  return JSON.stringify({ ...MEMBER, coverage: [coverage], encounters });
}

function asFlatFiles(): Readonly<Record<string, string>> {
  const columns = [
    'claim_id',
    'claim_line_number',
    'member_id',
    'claim_type',
    'claim_start_date',
    'claim_end_date',
    'claim_line_end_date',
    'bill_type_code',
    'place_of_service_code',
    'hcpcs_code',
    'hcpcs_modifier_1',
    'rendering_npi',
    'rendering_specialty',
    'frequency_code',
    'original_claim_id',
    'chart_review',
    'linked_claim_id',
    'diagnosis_code_1',
    'diagnosis_code_2',
    'diagnosis_code_3',
    'diagnosis_code_4',
  ];
  const rows = CLAIMS.flatMap((claim) => {
    const lines: readonly (Line | null)[] = claim.lines.length > 0 ? claim.lines : [null];
    return lines.map((line, index) =>
      [
        claim.id,
        String(index + 1),
        MEMBER.memberId,
        claim.kind === 'professional' ? 'professional' : 'institutional',
        claim.from,
        claim.to,
        line?.date ?? '',
        claim.bill ?? '',
        pos(claim) ?? '',
        line?.procedure ?? '',
        line?.modifiers?.[0] ?? '',
        NPI,
        TAXONOMY,
        claim.acts ? (claim.acts.as === 'void' ? '8' : '7') : '1',
        claim.acts?.on ?? '',
        claim.review ? (claim.review.action === 'add' ? 'A' : 'D') : '',
        claim.review?.linked ?? '',
        ...[0, 1, 2, 3].map((at) => claim.codes[at] ?? ''),
      ].join('|'),
    );
  });
  return {
    'encounters.csv': `${columns.join('|')}\n${rows.join('\n')}\n`,
    'members.csv':
      'member_id,birth_date,sex,contract_id,plan_id,enrollment_start_date,original_reason_entitlement_code,dual_status_code,part_d\n' +
      `${MEMBER.memberId},03/02/1948,female,${CONTRACT.contract},${CONTRACT.plan},${CONTRACT.from},${CONTRACT.entitlement},2,none\n`,
  };
}

function coded(system: string, code: string): object {
  return { coding: [{ system, code }] };
}

function asFhir(): string {
  const cms = 'https://bluebutton.cms.gov/fhir/StructureDefinition/';
  const claims = CLAIMS.map((claim, index) => ({
    resourceType: 'ExplanationOfBenefit',
    id: `eob-${index}`,
    identifier: [
      { type: coded('http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType', 'uc'), value: claim.id },
    ],
    status: 'active',
    use: 'claim',
    outcome: 'complete',
    type: coded(
      'http://terminology.hl7.org/CodeSystem/claim-type',
      claim.kind === 'professional' ? 'professional' : 'institutional',
    ),
    patient: { reference: `Patient/${MEMBER.memberId}` },
    billablePeriod: { start: claim.from, end: claim.to },
    extension: claim.review
      ? [
          { url: 'https://plan.example/chart-review', valueCode: claim.review.action },
          ...(claim.review.linked
            ? [{ url: 'https://plan.example/chart-review-link', valueString: claim.review.linked }]
            : []),
        ]
      : [],
    supportingInfo: claim.bill
      ? [
          {
            sequence: 1,
            category: coded(
              'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType',
              'typeofbill',
            ),
            code: coded('https://www.nubc.org/CodeSystem/TypeOfBill', claim.bill),
          },
        ]
      : [],
    // By resource id: the number of the claim named is looked up.
    related: claim.acts
      ? [
          {
            claim: {
              reference: `ExplanationOfBenefit/eob-${CLAIMS.findIndex(({ id }) => id === claim.acts?.on)}`,
            },
            relationship: coded('http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship', 'prior'),
          },
        ]
      : [],
    careTeam: [
      {
        sequence: 1,
        provider: { identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: NPI } },
        role: coded(
          'http://terminology.hl7.org/CodeSystem/claimcareteamrole',
          claim.kind === 'professional' ? 'rendering' : 'attending',
        ),
        qualification: coded('http://nucc.org/provider-taxonomy', TAXONOMY),
      },
    ],
    diagnosis: claim.codes.map((code, at) => ({
      sequence: at + 1,
      diagnosisCodeableConcept: coded('http://hl7.org/fhir/sid/icd-10-cm', code),
    })),
    item: claim.lines.map((line, at) => ({
      sequence: at + 1,
      productOrService: coded('http://www.ama-assn.org/go/cpt', line.procedure),
      modifier: (line.modifiers ?? []).map((code) =>
        coded('https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', code),
      ),
      servicedDate: line.date,
      ...(pos(claim)
        ? {
            locationCodeableConcept: coded(
              'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
              '11',
            ),
          }
        : {}),
    })),
  }));
  const coverage = {
    resourceType: 'Coverage',
    id: 'cov',
    status: 'active',
    beneficiary: { reference: `Patient/${MEMBER.memberId}` },
    period: { start: CONTRACT.from },
    extension: [
      { url: `${cms}BENE-DUAL-STUS-CD`, valueCoding: { code: CONTRACT.dual } },
      { url: `${cms}BENE-CNTRCT-NUM`, valueString: CONTRACT.contract },
      { url: `${cms}BENE-PBP-NUM`, valueString: CONTRACT.plan },
      {
        url: 'https://bluebutton.cms.gov/resources/variables/orec',
        valueCoding: { code: CONTRACT.entitlement },
      },
    ],
  };
  const patient = {
    resourceType: 'Patient',
    id: MEMBER.memberId,
    birthDate: MEMBER.birthDate,
    gender: 'female',
  };
  // Claims before the patient they name.
  const entry = [...claims, coverage, patient].map((resource) => ({ resource }));
  return JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry });
}

function envelope(code: string, guide: string, control: string, body: readonly string[]): string {
  const isa = `ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260315*1200*^*00501*${control}*0*T*:`;
  const set = [`ST*${code === 'HC' ? '837' : '834'}*0001*${guide}`, ...body];
  const group = `GS*${code}*SENDER*RECEIVER*20260315*1200*1*X*${guide}`;
  const all = [isa, group, ...set, `SE*${set.length + 1}*0001`, 'GE*1*1', `IEA*1*${control}`];
  return `${all.join('~\n')}~\n`;
}

function compact(date: string): string {
  return date.replaceAll('-', '');
}

function as837(kind: 'P' | 'I', control: string): string {
  const claims = CLAIMS.filter((claim) => (claim.kind === 'professional') === (kind === 'P'));
  const body = claims.flatMap((claim) => {
    const [number = ''] = claim.id.split(':');
    const frequency = claim.acts ? (claim.acts.as === 'void' ? '8' : '7') : '1';
    const place = kind === 'P' ? `11:B:${frequency}` : `${claim.bill?.slice(1, 3)}:A:${frequency}`;
    const target = claim.acts?.on ?? claim.review?.linked ?? null;
    const dates =
      kind === 'I'
        ? [`DTP*434*RD8*${compact(claim.from)}-${compact(claim.to)}`]
        : claim.lines.length === 0
          ? [`DTP*472*D8*${compact(claim.to)}`]
          : [];
    const codes = claim.codes.map((code, at) => `${at === 0 ? 'ABK' : 'ABF'}:${code.replace('.', '')}`);
    return [
      `CLM*${number}*100***${place}`,
      ...dates,
      ...(claim.review ? ['PWK*09*AA'] : []),
      ...(target ? [`REF*F8*${target}`] : []),
      ...(claim.review?.action === 'delete' ? ['REF*EA*8'] : []),
      ...codes.map((code) => `HI*${code}`),
      `NM1*${kind === 'P' ? '82' : '71'}*1*ROE*SAM****XX*${NPI}`,
      `PRV*${kind === 'P' ? 'PE' : 'AT'}*PXC*${TAXONOMY}`,
      ...claim.lines.flatMap((line, at) => {
        const service = ['HC', line.procedure, ...(line.modifiers ?? [])].join(':');
        return [
          `LX*${at + 1}`,
          kind === 'P' ? `SV1*${service}*100*UN*1***1` : `SV2*0510*${service}*100*UN*1`,
          `DTP*472*D8*${compact(line.date)}`,
        ];
      }),
    ];
  });
  const head = [
    'BHT*0019*00*R*20260315*1200*RP',
    'HL*1**20*1',
    'NM1*85*2*CLINIC*****XX*1245319599',
    'HL*2*1*22*0',
    'SBR*P*18*******16',
    `NM1*IL*1*DOE*JANE****MI*${MEMBER.memberId}`,
    `DMG*D8*${compact(MEMBER.birthDate)}*F`,
  ];
  return envelope('HC', kind === 'P' ? '005010X222A1' : '005010X223A2', control, [...head, ...body]);
}

function asX12(): Readonly<Record<string, string>> {
  const members = envelope('BE', '005010X220A1', '000000103', [
    'BGN*00*1*20260101*1200****4',
    'INS*Y*18*030*XN*A',
    `REF*0F*${MEMBER.memberId}`,
    `REF*ZZ*${CONTRACT.dual};${CONTRACT.entitlement};${CONTRACT.contract};${CONTRACT.plan}`,
    `NM1*IL*1*DOE*JANE****MI*${MEMBER.memberId}`,
    `DMG*D8*${compact(MEMBER.birthDate)}*F`,
    'HD*030**HMO',
    `DTP*348*D8*${compact(CONTRACT.from)}`,
    'DTP*349*D8*99991231',
  ]);
  // The institutional file first, for the chart reviews of the professional one link into it.
  return {
    'a.837i': as837('I', '000000101'),
    'b.837p': as837('P', '000000102'),
    'c.834': members,
  };
}

const FIELDS = ['dualStatus', 'originalEntitlement', 'contractId', 'planId'] as const;
const SETTINGS: ParserSettings = {
  fhir: {},
  x12: {
    enrollment: FIELDS.map((field, index) => ({
      sender: 'SENDER',
      loop: 'member',
      qualifier: 'ZZ',
      separator: ';',
      component: index + 1,
      field,
      values: null,
    })),
  },
};

async function analysisOf(files: Readonly<Record<string, string>>, paymentYear: number): Promise<Analysis> {
  const inputs = Object.entries(files).map(([file, content]) => inputOf(file, content, 997));
  const { records, findings, reports } = await collect(
    parseBatch(inputs, intakeOptions({ asOf: AS_OF, lookups: DRUGS }), SETTINGS),
  );
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  for (const { received, accepted, rejected } of reports) expect(received).toBe(accepted + rejected);
  const [history, ...others] = historiesOf(records);
  if (!history || others.length > 0) throw new Error('want one member');
  const outcome = analyzeHistory(reference, history, {
    paymentYear,
    asOf: AS_OF,
    kinds: null,
    lookbackYears: 2,
  });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

describe.each([2026, 2027])('payment year %i', (paymentYear) => {
  test('a member sent as history, flat files, FHIR and X12 is found to be the same', async () => {
    const expected = await analysisOf({ 'member.ndjson': `${asHistory()}\n` }, paymentYear);
    expect(expected.gaps.length > 0).toBe(paymentYear === 2027);
    expect(expected.encounters.some(({ eligible }) => eligible)).toBe(true);
    expect(expected.encounters).toHaveLength(CLAIMS.length);
    expect(await analysisOf(asFlatFiles(), paymentYear)).toEqual(expected);
    expect(await analysisOf({ 'bundle.json': asFhir() }, paymentYear)).toEqual(expected);
    expect(await analysisOf(asX12(), paymentYear)).toEqual(expected);
  });
});

/** Clinical facts, which X12 claims do not carry; the drug tables give a product its ingredient. */
const DRUGS = { drug: () => ({ ingredient: 'donepezil', route: 'oral' }) };

test('results, fills and problems sent as history, flat files and FHIR are found to be the same', async () => {
  const { memberId } = MEMBER;
  const results = ['2026-04-23', '2026-10-29'].map((date) => ({ date, text: 'Detected' }));
  const fills = ['2026-08-21', '2026-09-25', '2026-10-29'];
  const subject = { reference: `Patient/${memberId}` };
  const history = JSON.stringify({
    ...JSON.parse(asHistory()),
    conditions: [
      {
        code: 'M06.9',
        source: 'problem_list',
        recorded: '2026-02-05',
        clinicalStatus: 'active',
      },
    ],
    observations: results.map((each) => ({ ...each, code: '11011-4', status: 'final' })),
    medications: fills.map((date) => ({
      code: '860975',
      system: 'rxnorm',
      ingredient: 'donepezil',
      route: 'oral',
      date,
      daysSupply: 30,
      source: 'fill',
      setting: 'outpatient',
      status: 'completed',
    })),
  });
  const flat = {
    ...asFlatFiles(),
    'diagnoses.csv': `member_id,diagnosis_code,service_date,condition_type\n${memberId},M06.9,2026-02-05,problem\n`,
    'labs.csv': `member_id,loinc_code,result,result_date
${results
  .map(
    ({ date, text }) => `${memberId},11011-4,${text},${date}
`,
  )
  .join('')}`,
    'medications.csv': `member_id,rxnorm_code,dispensing_date,days_supply
${fills
  .map(
    (date) => `${memberId},860975,${date},30
`,
  )
  .join('')}`,
  };
  const bundle = JSON.parse(asFhir());
  const clinical = [
    {
      resourceType: 'Condition',
      id: 'p1',
      category: [coded('http://terminology.hl7.org/CodeSystem/condition-category', 'problem-list-item')],
      clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active'),
      code: coded('http://hl7.org/fhir/sid/icd-10-cm', 'M06.9'),
      subject,
      recordedDate: '2026-02-05',
    },
    ...results.map(({ date, text }, index) => ({
      resourceType: 'Observation',
      id: `o${index}`,
      status: 'final',
      code: coded('http://loinc.org', '11011-4'),
      subject,
      effectiveDateTime: date,
      valueString: text,
    })),
    ...fills.map((date, index) => ({
      resourceType: 'MedicationDispense',
      id: `d${index}`,
      status: 'completed',
      medicationCodeableConcept: coded('http://www.nlm.nih.gov/research/umls/rxnorm', '860975'),
      subject,
      whenHandedOver: `${date}T21:00:00-05:00`,
      daysSupply: { value: 30 },
    })),
  ];
  bundle.entry.unshift(...clinical.map((resource) => ({ resource })));
  const expected = await analysisOf({ 'member.ndjson': `${history}\n` }, 2027);
  const evidence = expected.gaps.flatMap((gap) => gap.evidence.map(({ type }) => type));
  expect(evidence).toContain('observation');
  expect(await analysisOf(flat, 2027)).toEqual(expected);
  expect(await analysisOf({ 'bundle.json': JSON.stringify(bundle) }, 2027)).toEqual(expected);
});
