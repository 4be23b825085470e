import { addDays, type IsoDate } from '../src/engine/dates.ts';
import type { Random } from './random.ts';

/** The day the extract is made for: services of 2026 are open, those of 2025 are look-back. */
export const AS_OF: IsoDate = '2026-11-23';

export type Row = Readonly<Record<string, string>>;
export type Table =
  | 'members'
  | 'encounters'
  | 'diagnoses'
  | 'conditions'
  | 'labs'
  | 'medications'
  | 'vitals'
  | 'procedures'
  | 'appointments';

export interface SeedProvider {
  readonly npi: string;
  readonly specialty: string;
}

/** Provider numbers made up for the extract, with a right check digit. */
export const PROVIDERS: readonly [SeedProvider, ...SeedProvider[]] = [
  { npi: '1999000015', specialty: '11' },
  { npi: '1999000023', specialty: '11' },
  { npi: '1999000031', specialty: '08' },
  { npi: '1999000049', specialty: '08' },
  { npi: '1999000056', specialty: '06' },
  { npi: '1999000064', specialty: '39' },
  { npi: '1999000072', specialty: '50' },
  { npi: '1999000080', specialty: '97' },
];

export interface Visit {
  readonly date: IsoDate;
  readonly dx: readonly string[];
  readonly cpt?: string;
  readonly modifier?: string;
  readonly place?: string;
  readonly provider?: SeedProvider;
  /** Further columns of the claim line. */
  readonly more?: Row;
}

/** What happened to one member; each call adds a row to a table. */
export class Story {
  readonly memberId: string;
  readonly random: Random;
  readonly pcp: SeedProvider;
  readonly #rows: Map<Table, Row[]>;
  #claims = 0;
  #person: Row;

  constructor(memberId: string, random: Random, rows: Map<Table, Row[]>) {
    this.memberId = memberId;
    this.random = random;
    this.#rows = rows;
    this.pcp = random.pick(PROVIDERS);
    const year = random.between(1935, 1957);
    this.#person = {
      member_id: memberId,
      birth_date: `${year}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`,
      sex: random.chance(0.55) ? 'F' : 'M',
      line_of_business: 'MA',
      contract_id: 'H9901',
      plan_id: random.pick(['001', '002']),
      enrollment_start_date: '2024-01-01',
      enrollment_end_date: '',
      part_b_start_date: `${year + 65}-01-01`,
      original_reason_entitlement_code: '0',
      dual_status_code: '00',
      pcp_npi: this.pcp.npi,
    };
  }

  /** Changes columns of the member's row. */
  is(changes: Row): void {
    this.#person = { ...this.#person, ...changes };
  }

  get sex(): string {
    return this.#person.sex ?? 'F';
  }

  /** Further enrollment spans of the member. */
  alsoEnrolled(changes: Row): void {
    this.#add('members', { ...this.#person, ...changes });
  }

  /** A professional claim of one line; returns its claim id. */
  visit({
    date,
    dx,
    cpt = '99214',
    modifier = '',
    place = '11',
    provider = this.pcp,
    more = {},
  }: Visit): string {
    return this.claim({
      claim_type: 'professional',
      claim_start_date: date,
      claim_end_date: date,
      claim_line_end_date: date,
      place_of_service_code: place,
      hcpcs_code: cpt,
      hcpcs_modifier_1: modifier,
      rendering_npi: provider.npi,
      rendering_specialty: provider.specialty,
      ...wide(dx),
      ...more,
    });
  }

  /** An inpatient stay. */
  stay(from: IsoDate, days: number, dx: readonly string[]): string {
    const to = addDays(from, days);
    return this.claim({
      claim_type: 'institutional',
      bill_type_code: '111',
      claim_start_date: from,
      claim_end_date: to,
      admission_date: from,
      discharge_date: to,
      revenue_center_code: '0120',
      rendering_npi: this.pcp.npi,
      rendering_specialty: '11',
      ...wide(dx),
    });
  }

  /** A claim line as given; returns its claim id. */
  claim(columns: Row): string {
    this.#claims += 1;
    const claimId = `${this.memberId}-C${two(this.#claims)}`;
    this.#add('encounters', {
      claim_id: claimId,
      claim_line_number: '1',
      member_id: this.memberId,
      frequency_code: '1',
      icn: columns.chart_review === 'A' ? '' : `ICN${claimId.replaceAll('-', '')}`,
      claim_status: 'paid',
      ...columns,
    });
    return claimId;
  }

  /** One more line of a claim. */
  line(claimId: string, number: number, columns: Row): void {
    this.#add('encounters', {
      claim_id: claimId,
      claim_line_number: String(number),
      member_id: this.memberId,
      ...columns,
    });
  }

  diagnosis(columns: Row): void {
    this.#add('diagnoses', { member_id: this.memberId, ...columns });
  }

  condition(columns: Row): void {
    const number = (this.#rows.get('conditions')?.length ?? 0) + 1;
    this.#add('conditions', {
      condition_id: `K${number}`,
      member_id: this.memberId,
      condition_source: 'note',
      clinical_status: 'active',
      verification: 'confirmed',
      ...columns,
    });
  }

  lab(loinc: string, date: IsoDate, result: string, unit: string): void {
    const number = (this.#rows.get('labs')?.length ?? 0) + 1;
    this.#add('labs', {
      result_id: `R${number}`,
      member_id: this.memberId,
      loinc_code: loinc,
      result,
      unit,
      result_date: date,
      status: 'final',
    });
  }

  vital(type: string, date: IsoDate, value: string, unit = ''): void {
    this.#add('vitals', { member_id: this.memberId, vital_type: type, value, unit, observed_date: date });
  }

  /** `times` fills, 30 days apart. */
  fills(rxnorm: string, name: string, from: IsoDate, times: number): void {
    for (let fill = 0; fill < times; fill += 1) {
      this.#add('medications', {
        member_id: this.memberId,
        rxnorm_code: rxnorm,
        drug_name: name,
        dispensing_date: addDays(from, 30 * fill),
        days_supply: '30',
        prescriber_npi: this.pcp.npi,
      });
    }
  }

  procedure(code: string, date: IsoDate): void {
    this.#add('procedures', { member_id: this.memberId, procedure_code: code, procedure_date: date });
  }

  appointment(date: IsoDate): void {
    this.#add('appointments', {
      member_id: this.memberId,
      appointment_date: date,
      provider_npi: this.pcp.npi,
      provider_specialty: this.pcp.specialty,
    });
  }

  /** Writes the member's own row; the last call of a story. */
  end(): void {
    this.#add('members', this.#person);
  }

  #add(table: Table, row: Row): void {
    const rows = this.#rows.get(table);
    if (rows) rows.push(row);
    else this.#rows.set(table, [row]);
  }
}

function wide(dx: readonly string[]): Row {
  return Object.fromEntries(dx.map((code, index) => [`diagnosis_code_${index + 1}`, code]));
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
