import type { PackageContent } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';

/**
 * Machine form of the OIG-style tests (`oig_high_risk.csv`) and of the contradiction tests (gap taxonomy, section 7).
 * Codes undotted; a final `*` is any rest, `*` inside is one character. Drug value sets are those of `suspecting`.
 */
const DEFINITIONS = {
  acuteWithoutFacility: [
    {
      test: 'OIG01',
      selectors: ['I63*'],
      settings: ['professional'],
      onlyOneRecord: false,
      facility: ['inpatient', 'outpatient'],
      windowDays: null,
    },
    {
      test: 'OIG02',
      selectors: ['I21*', 'I22*'],
      settings: ['professional', 'outpatient'],
      onlyOneRecord: true,
      facility: ['inpatient'],
      windowDays: 60,
    },
    {
      test: 'OIG12',
      selectors: ['A40*', 'A41*', 'R652*'],
      settings: ['professional', 'outpatient'],
      onlyOneRecord: false,
      facility: ['inpatient'],
      windowDays: 60,
    },
  ],
  combinations: [{ test: 'OIG03', of: ['OIG01', 'OIG02'] }],
  oneRecordWithoutDrug: [
    {
      test: 'OIG04',
      selectors: ['I26*', 'I74*', 'I82*'],
      drugSets: ['RX_OAC'],
      drugs: ['enoxaparin', 'dalteparin', 'fondaparinux', 'heparin'],
    },
    { test: 'OIG06', selectors: ['F32*', 'F33*'], drugSets: ['RX_ANTIDEPRESSANT'], drugs: [] },
  ],
  oneRecordWithoutTreatment: [
    { test: 'OIG07', selectors: ['C34*'], minAge: null },
    { test: 'OIG08', selectors: ['C50*'], minAge: null },
    { test: 'OIG09', selectors: ['C18*'], minAge: null },
    { test: 'OIG10', selectors: ['C61'], minAge: 74 },
    { test: 'OIG11', selectors: ['C56*'], minAge: null },
  ],
  newWithDrug: [{ test: 'OIG05', selectors: ['I739', 'I7021*'], priorYears: 2, drugs: null }],
  oneRecordAlone: [{ test: 'OIG13', selectors: ['L89**3', 'L89**4', 'L89**0'], careSelectors: ['L89*'] }],
  misKeyed: { test: 'OIG14', minRecords: 3 },
  chartReviewWithoutAssessment: [{ test: 'X04', selectors: ['F112*', 'F01*', 'F02*', 'F03*'] }],
  valueFloors: [
    {
      test: 'X01',
      selectors: ['E6601', 'E662', 'Z6835', 'Z6836', 'Z6837', 'Z6838', 'Z6839'],
      valueSet: 'OBS_BMI',
      contradictedWhen: '<',
      bound: 35,
    },
    {
      test: 'X01',
      selectors: ['E66813', 'Z6841', 'Z6842', 'Z6843', 'Z6844', 'Z6845'],
      valueSet: 'OBS_BMI',
      contradictedWhen: '<',
      bound: 40,
    },
    {
      test: null,
      selectors: ['N183*', 'N184', 'N185'],
      valueSet: 'LAB_EGFR',
      contradictedWhen: '>=',
      bound: 60,
    },
  ],
  statusCodeWithoutDiagnosis: [
    { test: 'X01', selectors: ['Z6841', 'Z6842', 'Z6843', 'Z6844', 'Z6845'], diagnosisSelectors: ['E66*'] },
  ],
  exclusive: [
    // Stage 3 unspecified says less than 3a or 3b and contradicts neither, so it stands in a row of its own.
    {
      name: 'stage of chronic kidney disease',
      within: 'month',
      groups: [['N181'], ['N182'], ['N1831'], ['N1832'], ['N184'], ['N185'], ['N186']],
    },
    {
      name: 'stage of chronic kidney disease',
      within: 'month',
      groups: [['N181'], ['N182'], ['N1830'], ['N184'], ['N185'], ['N186']],
    },
    { name: 'type of diabetes', within: 'year', groups: [['E10*'], ['E11*']] },
    { name: 'single or recurrent depressive episode', within: 'day', groups: [['F32*'], ['F33*']] },
  ],
  acuteInOffice: {
    windowDays: 60,
    groups: [
      ['I21*', 'I22*'],
      ['I60*', 'I61*', 'I62*', 'I63*'],
      ['A40*', 'A41*', 'R652*'],
      ['J960*'],
      ['I46*'],
      ['R57*'],
      ['R092'],
      ['J80'],
    ],
  },
  cancerSelectors: ['C*'],
  dialysis: {
    selectors: ['N186', 'Z992'],
    procedureSets: ['PX_DIALYSIS', 'PX_ESRD_MONTHLY'],
    billTypes: ['72'],
  },
  transplant: {
    selectors: ['Z94*'],
    drugSets: ['RX_CNI', 'RX_MYCOPHENOLATE'],
    drugs: ['azathioprine', 'sirolimus', 'everolimus', 'belatacept', 'prednisone', 'prednisolone'],
    followUp: ['Z482*', 'T86*', 'Z7962*'],
  },
};

/** Package `over-coding`: the OIG-style tests with their verification status, and their machine form. */
export function buildOverCoding(source: string): PackageContent {
  const columns = [
    'group_id',
    'group',
    'in_oig_toolkit_2023',
    'icd10_selector',
    'v24_hcc',
    'v28_hcc',
    'record_setting',
    'data_only_test',
    'window',
    'data_needed',
    'usual_correct_coding',
    'published_error_rate',
    'source_ids',
    'verification',
    'note',
  ];
  const rows = readTable(source, 'domain/oig_high_risk.csv');
  return {
    id: 'over-coding',
    kind: 'gaps',
    title: 'OIG-style data tests and contradiction tests of submitted diagnoses',
    version: '2026-11-23',
    paymentYears: [],
    sources: [
      'OIG, Toolkit: To Help Decrease Improper Payments in Medicare Advantage (A-07-23-01213, December 2023), as relayed',
      'OIG Medicare Advantage audit reports on high-risk diagnosis codes, 2019 to 2026',
      'Product rules X01 to X04 and the contradiction tests',
    ],
    provenance: [
      {
        scope: 'tests',
        mark: 'the toolkit appendix with the official code and treatment lists was not read',
      },
      ...rows
        .filter((row) => /unverified|recalled|not read|approximation/.test(row.verification ?? ''))
        .map((row) => ({ scope: row.group_id ?? '', mark: row.verification ?? '' })),
    ],
    files: [
      {
        name: 'tests.tsv',
        content: toTsv(
          columns,
          rows.map((row) => columns.map((name) => row[name] ?? '')),
        ),
      },
      { name: 'definitions.json', content: `${JSON.stringify(DEFINITIONS, null, 2)}\n` },
    ],
  };
}
