import { seededRandom } from './random.ts';
import { ADD_SCENARIOS, day, type Scenario } from './scenarios-adds.ts';
import { DELETE_SCENARIOS, ENROLLMENT_SCENARIOS } from './scenarios-deletes.ts';
import { type Row, Story, type Table } from './story.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...ADD_SCENARIOS,
  ...DELETE_SCENARIOS,
  ...ENROLLMENT_SCENARIOS,
];

/** Columns of each file, in the order in which they are written. */
export const COLUMNS: Readonly<Record<Table, readonly string[]>> = {
  members: (
    'member_id birth_date sex death_date line_of_business contract_id plan_id enrollment_start_date ' +
    'enrollment_end_date part_b_start_date original_reason_entitlement_code dual_status_code low_income ' +
    'long_term_institutional_flag snp_type esrd_status transplant_duration_months hospice_flag switcher pcp_npi'
  ).split(' '),
  encounters: (
    'claim_id claim_line_number member_id claim_type claim_start_date claim_end_date claim_line_end_date ' +
    'admission_date discharge_date bill_type_code place_of_service_code revenue_center_code hcpcs_code ' +
    'hcpcs_modifier_1 rendering_npi rendering_specialty frequency_code original_claim_id chart_review ' +
    'linked_claim_id claim_status icn acceptance mao004 hra signed diagnosis_code_1 diagnosis_code_2 diagnosis_code_3 ' +
    'diagnosis_code_4'
  ).split(' '),
  diagnoses: 'member_id claim_id diagnosis_code service_date condition_type status eligible source'.split(
    ' ',
  ),
  conditions: (
    'condition_id member_id condition_source condition_code claim_id recorded_date clinical_status verification ' +
    'context meat signed'
  ).split(' '),
  labs: 'result_id member_id loinc_code result unit result_date status'.split(' '),
  medications: 'member_id ndc_code rxnorm_code drug_name dispensing_date days_supply prescriber_npi'.split(
    ' ',
  ),
  vitals: 'member_id vital_type value unit observed_date'.split(' '),
  procedures: 'member_id procedure_code procedure_date'.split(' '),
  appointments: 'member_id appointment_date provider_npi provider_specialty'.split(' '),
};

/** Common complaints that map to no HCC, to fill the visits of a year. */
const EVERYDAY: readonly [string, ...string[]] = [
  'I10',
  'E78.5',
  'M54.50',
  'K21.9',
  'J06.9',
  'R05.9',
  'M17.11',
  'H25.13',
  'N39.0',
  'R53.83',
];

/**
 * Rows of the seed extract: every scenario at least once, the rest by weight. The same seed and number of members
 * give the same rows.
 */
export function buildExtract(members: number, seed: number): ReadonlyMap<Table, readonly Row[]> {
  const random = seededRandom(seed);
  const rows = new Map<Table, Row[]>();
  const total = SCENARIOS.reduce((sum, { weight }) => sum + weight, 0);
  for (let number = 1; number <= members; number += 1) {
    const story = new Story(`SYN-${String(number).padStart(4, '0')}`, random, rows);
    story.visit({
      date: day(story, 2025, random.between(1, 11)),
      dx: ['Z00.00', random.pick(EVERYDAY)],
      cpt: 'G0439',
    });
    const scenario = SCENARIOS[number - 1] ?? drawn(random.next() * total);
    scenario.tell(story);
    if (random.chance(0.8)) {
      story.visit({
        date: day(story, 2026, random.between(1, 10)),
        dx: ['Z00.00', random.pick(EVERYDAY)],
        cpt: 'G0439',
      });
    }
    if (random.chance(0.5))
      story.visit({ date: day(story, 2026, random.between(1, 10)), dx: [random.pick(EVERYDAY)] });
    if (random.chance(0.35)) story.appointment(`2026-12-${String(random.between(1, 23)).padStart(2, '0')}`);
    story.end();
  }
  for (const [table, bad] of BAD_ROWS) rows.set(table, [...(rows.get(table) ?? []), ...bad]);
  const repeated = rows.get('labs')?.[0];
  if (repeated) rows.get('labs')?.push(repeated);
  rows.set('procedures', rows.get('procedures') ?? []);
  return rows;
}

function drawn(at: number): Scenario {
  let left = at;
  for (const scenario of SCENARIOS) {
    left -= scenario.weight;
    if (left < 0) return scenario;
  }
  throw new Error('no scenario has a weight');
}

const VISIT = { claim_type: 'professional', claim_start_date: '2026-03-02', hcpcs_code: '99213' };

/** Rows that intake has to refuse or remark on, so that the first run shows how. */
export const BAD_ROWS: readonly (readonly [Table, readonly Row[]])[] = [
  [
    'members',
    [
      { member_id: 'SYN-9001', birth_date: '13/02/1950', sex: 'F', enrollment_start_date: '2026-01-01' },
      { member_id: 'SYN-9002', birth_date: '1950-02-13', sex: 'F', dual_status_code: '7' },
    ],
  ],
  [
    'encounters',
    [
      { claim_id: 'BAD-1', member_id: 'SYN-9999', ...VISIT },
      { claim_id: 'BAD-2', member_id: 'SYN-0001', ...VISIT, claim_type: 'institutional' },
      {
        claim_id: 'BAD-3',
        member_id: 'SYN-0001',
        ...VISIT,
        diagnosis_code_1: 'I10',
        diagnosis_code_2: '401.9',
      },
      { claim_id: 'BAD-4', member_id: 'SYN-0002', ...VISIT, rendering_npi: '1999000016' },
    ],
  ],
  [
    'diagnoses',
    [
      { member_id: 'SYN-0002', diagnosis_code: 'M81.0', service_date: '2026-02-02', source: 'emr' },
      {
        member_id: 'SYN-0003',
        diagnosis_code: 'I50.22',
        service_date: '2026-02-02',
        condition_type: 'problem',
        source: 'emr',
      },
      { member_id: 'SYN-0004', diagnosis_code: 'E11.9', service_date: '2027-01-02' },
    ],
  ],
  [
    'labs',
    [
      { member_id: 'SYN-0005', loinc_code: '4548-5', result: '7.1', unit: '%', result_date: '2026-02-02' },
      {
        member_id: 'SYN-0005',
        loinc_code: '2951-2',
        result: '1,240',
        unit: 'mmol/L',
        result_date: '2026-02-02',
      },
    ],
  ],
  ['medications', [{ member_id: 'SYN-0006', ndc_code: '0002143380', dispensing_date: '2026-02-02' }]],
  [
    'vitals',
    [{ member_id: 'SYN-0007', vital_type: 'weight', value: '900', unit: 'kg', observed_date: '2026-02-02' }],
  ],
];

/** Text of one file. */
export function fileText(table: Table, rows: readonly Row[]): string {
  const columns = COLUMNS[table];
  for (const row of rows) {
    for (const column of Object.keys(row)) {
      if (!columns.includes(column)) throw new Error(`${table} has no column ${column}`);
    }
  }
  const lines = rows.map((row) => columns.map((column) => quoted(row[column] ?? '')).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
