import type { IsoDate } from '../../engine/dates.ts';
import type { ClaimStatus, Encounter, Modality, ServiceLine, Setting } from '../../engine/history.ts';
import type { SourceRef } from '../../store/records.ts';
import type { Emit } from './batch-context.ts';
import type { TableRow } from './table-row.ts';
import { WIDE_COLUMNS } from './tables.ts';

/** Values that belong to the claim and repeat on its lines; the first row that states one wins. */
const CLAIM_COLUMNS = [
  'claim_type',
  'claim_start_date',
  'claim_end_date',
  'admission_date',
  'discharge_date',
  'bill_type_code',
  'frequency_code',
  'original_claim_id',
  'chart_review',
  'linked_claim_id',
  'claim_status',
  'icn',
  'acceptance',
  'mao004',
] as const;
/** Line-level in many extracts, so a difference is no contradiction; the first one stated is the encounter's. */
const FIRST_STATED = ['place_of_service_code', 'rendering_npi', 'rendering_specialty'] as const;
const STATED: readonly string[] = [...CLAIM_COLUMNS, ...FIRST_STATED];
type StatedColumn = (typeof CLAIM_COLUMNS)[number] | (typeof FIRST_STATED)[number];
const POSITION: Readonly<Record<string, number>> = Object.fromEntries(
  STATED.map((column, at) => [column, at]),
);

/** Types of bill that are inpatient stays, by their first two digits; the rest of the institutional ones below. */
const INPATIENT_BILLS: ReadonlySet<string> = new Set(['11', '41', '18', '21', '22']);
const AUDIO_ONLY_MODIFIERS: ReadonlySet<string> = new Set(['93', 'FQ']);
/** Marks of telehealth; they do not prove video (encounter eligibility, F2F-5). */
const TELEHEALTH_MODIFIERS: ReadonlySet<string> = new Set(['95', 'GT']);
const TELEHEALTH_PLACES: ReadonlySet<string> = new Set(['02', '10']);

interface ClaimLine {
  readonly number: number;
  readonly line: ServiceLine;
  readonly source: SourceRef;
}

/** A claim as its lines are read one after another. */
export class ClaimDraft {
  readonly claimId: string;
  readonly memberId: string;
  readonly #source: SourceRef;
  /** By position in STATED. */
  readonly #values: (string | null)[] = new Array(STATED.length).fill(null);
  #hra: boolean | null = null;
  #signed: boolean | null = null;
  readonly #lines: ClaimLine[] = [];
  readonly #diagnoses = new Map<string, SourceRef>();
  #lineEnd: IsoDate | null = null;
  #audioOnly = false;

  constructor(row: TableRow, source: SourceRef) {
    this.claimId = row.text('claim_id') ?? '';
    this.memberId = row.text('member_id') ?? '';
    this.#source = source;
  }

  /** Adds a line of the claim; a claim-level value that differs from the first one stated is warned about. */
  add(row: TableRow, source: SourceRef): void {
    for (let at = 0; at < STATED.length; at += 1) {
      const column = STATED[at] ?? '';
      const value = row.text(column);
      const known = this.#values[at] ?? null;
      if (value === null || value === known) continue;
      if (known === null) this.#values[at] = value;
      else if (at < CLAIM_COLUMNS.length) {
        row.problem('contradiction', column, { other: 'the first row of the claim' });
      }
    }
    this.#hra ??= row.flag('hra');
    this.#signed ??= row.flag('signed');
    if (row.flag('telehealth_audio_only') === true) this.#audioOnly = true;
    const end = row.text('claim_line_end_date') ?? row.text('claim_line_start_date');
    if (end !== null && (this.#lineEnd === null || end > this.#lineEnd)) this.#lineEnd = end;
    const line = lineOf(row);
    if (line) this.#lines.push({ number: lineNumber(row), line, source });
    for (const code of diagnosesOf(row)) {
      if (!this.#diagnoses.has(code)) this.#diagnoses.set(code, source);
    }
  }

  /** The encounter, its lines and diagnoses. `complete`: the batch states the diagnoses of its claims too. */
  emit(complete: boolean, emit: Emit): void {
    const of = { memberId: this.memberId, source: this.#source };
    emit({ kind: 'encounter', ...of, encounter: this.#encounter(), complete });
    for (const { number, line, source } of this.#lines) {
      emit({ ...lineRecord(this.memberId, this.claimId, { number, line }), source });
    }
    let position = 0;
    for (const [code, source] of this.#diagnoses) {
      position += 1;
      emit({
        kind: 'diagnosis',
        memberId: this.memberId,
        source,
        encounterId: this.claimId,
        code,
        position,
      });
    }
  }

  #value(column: StatedColumn): string | null {
    return this.#values[POSITION[column] ?? 0] ?? null;
  }

  #encounter(): Omit<Encounter, 'lines' | 'diagnoses'> {
    const value = (column: StatedColumn): string | null => this.#value(column);
    const from = value('claim_start_date') ?? '';
    const setting = settingOf(value('claim_type'), value('bill_type_code'));
    const to = this.#throughDate(setting, from);
    const review = value('chart_review');
    const isReview = review === 'A' || review === 'D';
    const npi = value('rendering_npi');
    const specialty = value('rendering_specialty');
    const status = claimStatusOf(value('frequency_code'), value('bill_type_code'));
    return {
      encounterId: this.claimId,
      from: earlier(from, to),
      to,
      setting,
      billType: value('bill_type_code'),
      modality: this.#modality(value('place_of_service_code')),
      source: isReview ? 'chart_review' : 'claim',
      linkedEncounterId: isReview ? value('linked_claim_id') : null,
      claimStatus: status,
      replacesEncounterId: status === 'original' ? null : value('original_claim_id'),
      icn: value('icn'),
      acceptance: oneOf(value('acceptance'), ['accepted', 'rejected']),
      mao004: oneOf(value('mao004'), ['allowed', 'disallowed']),
      crrAction: isReview ? (review === 'D' ? 'delete' : 'add') : null,
      placeOfService: value('place_of_service_code'),
      hra: this.#hra ?? false,
      signed: this.#signed,
      provider: npi === null && specialty === null ? null : { npi, specialty },
    };
  }

  /** The date of service: discharge for a stay; else the last line's date, which is nearer than the claim's. */
  #throughDate(setting: Setting, from: IsoDate): IsoDate {
    const claimEnd = this.#value('claim_end_date');
    if (setting === 'inpatient') return this.#value('discharge_date') ?? claimEnd ?? from;
    return this.#lineEnd ?? claimEnd ?? from;
  }

  #modality(place: string | null): Modality {
    const modifiers = this.#lines.map(({ line }) => line.modifiers);
    const all = (wanted: ReadonlySet<string>): boolean =>
      modifiers.length > 0 && modifiers.every((list) => list.some((modifier) => wanted.has(modifier)));
    if (this.#audioOnly || all(AUDIO_ONLY_MODIFIERS)) return 'audio_only';
    const telehealth =
      TELEHEALTH_PLACES.has(place ?? '') ||
      modifiers.some((list) => list.some((modifier) => TELEHEALTH_MODIFIERS.has(modifier)));
    return telehealth ? 'audio_video' : 'in_person';
  }
}

/** Text of the claim-level values of a row, to compare rows of a claim that is no longer held. */
export function claimValues(row: TableRow): string {
  return CLAIM_COLUMNS.map((column) => row.text(column) ?? '').join('\t');
}

export function lineNumber(row: TableRow): number {
  return row.number('claim_line_number') ?? 1;
}

/** The service line of a row; null when it states no procedure, so that the claim can be seen to have no lines. */
export function lineOf(row: TableRow): ServiceLine | null {
  const procedure = row.text('hcpcs_code');
  if (procedure === null) return null;
  const modifiers: string[] = [];
  for (let index = 1; index <= WIDE_COLUMNS.modifier; index += 1) {
    const modifier = row.text(`hcpcs_modifier_${index}`);
    if (modifier !== null) modifiers.push(modifier);
  }
  return {
    procedure,
    modifiers,
    date:
      row.text('claim_line_end_date') ??
      row.text('claim_line_start_date') ??
      row.text('claim_end_date') ??
      row.text('claim_start_date'),
  };
}

export function lineRecord(
  memberId: string,
  encounterId: string,
  { number, line }: { readonly number: number; readonly line: ServiceLine },
) {
  return { kind: 'service_line' as const, memberId, encounterId, lineNumber: number, line };
}

/** ICD-10-CM codes of the wide columns in their order; a row of another code type has none. */
export function diagnosesOf(row: TableRow): readonly string[] {
  if (row.text('diagnosis_code_type') === 'icd-9-cm') return [];
  return row.wideCodes.map(({ code }) => code);
}

/** Setting of a claim. A supplier's claim is billed on the professional form and judged by its procedures. */
function settingOf(claimType: string | null, billType: string | null): Setting {
  switch (claimType) {
    case 'professional':
    case 'dme':
      return 'professional';
    case 'inpatient':
    case 'outpatient':
      return claimType;
    case 'institutional':
      return INPATIENT_BILLS.has(billType?.slice(1, 3) ?? '') ? 'inpatient' : 'outpatient';
    default:
      return settingOfVisit(claimType ?? '');
  }
}

/** Encounter types of Tuva's encounter table; without bill type and CPT they never make a record eligible. */
function settingOfVisit(encounterType: string): Setting {
  if (/^inpatient /i.test(encounterType)) return 'inpatient';
  if (/^(?:outpatient |emergency department$|ambulatory surgery center$|dialysis$)/i.test(encounterType)) {
    return 'outpatient';
  }
  return /^(?:office visit|urgent care|telehealth|home health)/i.test(encounterType)
    ? 'professional'
    : 'other';
}

/** Frequency 7 replaces and 8 voids; without the column the last character of the bill type tells. */
export function frequencyOf(frequency: string | null, billType: string | null): string {
  const given = frequency ?? billType?.at(-1) ?? '1';
  return given === '7' || given === '8' ? given : '1';
}

function claimStatusOf(frequency: string | null, billType: string | null): ClaimStatus {
  const given = frequencyOf(frequency, billType);
  return given === '7' ? 'replacement' : given === '8' ? 'void' : 'original';
}

function oneOf<const T extends string>(value: string | null, allowed: readonly T[]): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}

function earlier(one: IsoDate, other: IsoDate): IsoDate {
  return one < other ? one : other;
}
