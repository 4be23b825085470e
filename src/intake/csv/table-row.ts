import type { IsoDate } from '../../engine/dates.ts';
import type { HeaderPlan, PlannedField } from './header.ts';
import type { Field, Severity, TableKind } from './layout.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import type { RawRow } from './rows.ts';
import { LAYOUTS } from './tables.ts';
import { type CellValue, cellText, readCell } from './values.ts';

/** One problem of a row. */
export interface RowProblem {
  readonly field: string;
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly value: string | null;
  /** Only the cell is refused, not the row: wide diagnosis columns. */
  readonly cellOnly: boolean;
}

interface Details {
  readonly [placeholder: string]: string | undefined;
  readonly value?: string;
}

const WIDE_CELL = /^diagnosis_(?:code|poa)_\d+$/;

/** Ranges of numbers and first dates that the layout states, by column. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  part_b_months_prior_year: [0, 12],
  transplant_duration_months: [0, 600],
  enrollment_duration_months: [1, 12],
  claim_line_number: [1, 9999],
  days_supply: [0, 999],
};
const OLDEST_DATE: IsoDate = '1900-01-01';
const OLDEST_DATES: Readonly<Record<string, IsoDate>> = { claim_start_date: '1990-01-01' };

/** Position of each column in the values of a row, by table. */
const POSITIONS: ReadonlyMap<TableKind, ReadonlyMap<string, number>> = new Map(
  Object.values(LAYOUTS).map(({ kind, fields }) => [
    kind,
    new Map(fields.map((field, index) => [field.name, index])),
  ]),
);

/** Code types whose codes have the form that the layout states for the code column. */
const NATIVE_SYSTEMS: ReadonlySet<string> = new Set(['icd-10-cm', 'loinc', 'cpt', 'hcpcs', 'icd-10-pcs']);
const FOREIGN_CODE = /^[A-Za-z0-9.-]{1,20}$/;

/** A cell of a row in another code system: its code is taken as it is, everything else by its type. */
function readForeign(text: string, field: Field): CellValue {
  if (field.type !== 'icd10' && field.type !== 'loinc') return readCell(text, field);
  return FOREIGN_CODE.test(text)
    ? { value: text.toUpperCase(), problem: null }
    : { value: null, problem: { code: field.type === 'icd10' ? 'bad_diagnosis' : 'bad_loinc' } };
}

/** A row with its cells read by their columns' types, and every problem found in it so far. */
export class TableRow {
  readonly row: number;
  readonly raw: string;
  readonly problems: RowProblem[] = [];
  /** Codes of the wide diagnosis columns that are filled, in the order of the columns. */
  readonly wideCodes: { readonly column: string; readonly code: string }[] = [];
  readonly #values: (string | number | boolean | null)[];
  readonly #positions: ReadonlyMap<string, number>;
  /** The row's code type is not the one its code column is made for. */
  #otherSystem = false;

  constructor(plan: HeaderPlan, source: RawRow, asOf: IsoDate) {
    this.row = source.row;
    this.raw = source.raw;
    this.#values = new Array(plan.layout.fields.length).fill(null);
    this.#positions = POSITIONS.get(plan.layout.kind) ?? new Map();
    const cells = source.cells ?? [];
    for (const planned of plan.fields) this.#read(planned, cells, asOf);
  }

  text(name: string): string | null {
    const value = this.#value(name);
    return typeof value === 'string' ? value : null;
  }

  number(name: string): number | null {
    const value = this.#value(name);
    return typeof value === 'number' ? value : null;
  }

  flag(name: string): boolean | null {
    const value = this.#value(name);
    return typeof value === 'boolean' ? value : null;
  }

  /** True while no problem rejects the row. */
  get taken(): boolean {
    return !this.problems.some(({ severity, cellOnly }) => severity === 'error' && !cellOnly);
  }

  /** Notes a problem of the layout's list, with the severity and text of that list. */
  problem(code: ProblemCode, field: string, details: Details = {}, hint?: string): void {
    const { severity, text } = PROBLEMS[code];
    this.#note({
      code,
      severity,
      field,
      message: `${fill(text, { field, ...details })}${hint ? ` (${hint})` : ''}`,
      details,
    });
  }

  /** As {@link problem}, but rejecting the row whatever the list says. */
  refuse(code: ProblemCode, field: string, details: Details = {}): void {
    this.#note({
      code,
      severity: 'error',
      field,
      message: fill(PROBLEMS[code].text, { field, ...details }),
      details,
    });
  }

  /** A remark on what was assumed or set aside; the row is taken. */
  remark(code: string, field: string, message: string): void {
    this.#note({ code, severity: 'warning', field, message, details: {} });
  }

  /** Forgets the value of a column, so that no record carries it. */
  clear(name: string): void {
    const at = this.#positions.get(name);
    if (at !== undefined) this.#values[at] = null;
  }

  #note({
    code,
    severity,
    field,
    message,
    details,
  }: Pick<RowProblem, 'code' | 'severity' | 'field' | 'message'> & { readonly details: Details }): void {
    this.problems.push({
      field,
      code,
      severity,
      message,
      value: details.value ?? null,
      cellOnly: severity === 'error' && WIDE_CELL.test(field),
    });
  }

  #value(name: string): string | number | boolean | null {
    const at = this.#positions.get(name);
    return at === undefined ? null : (this.#values[at] ?? null);
  }

  #read({ field, cells }: PlannedField, row: readonly string[], asOf: IsoDate): void {
    let text: string | null = null;
    for (const cell of cells) text ??= cellText(row[cell] ?? '', field);
    if (text === null) {
      if (field.required === 'yes') this.problem('required', field.name);
      return;
    }
    const { value, problem } = this.#otherSystem ? readForeign(text, field) : readCell(text, field);
    // Results in another code system than LOINC are kept unmapped.
    if (problem && field.name === 'code_type') {
      this.#otherSystem = true;
      this.#values[this.#positions.get(field.name) ?? 0] = text;
      return;
    }
    if (problem && field.problems.has(problem.code)) {
      this.problem(problem.code, field.name, { ...problem.details, value: text }, problem.hint);
    }
    // A rule that the layout does not apply to this column leaves the text as it came.
    const kept = problem && !field.problems.has(problem.code) ? (value ?? text) : value;
    const at = this.#positions.get(field.name);
    if (at === undefined || kept === null) return;
    if (typeof kept === 'number' && !this.#inRange(field, kept, text)) return;
    if (field.type === 'date' && typeof kept === 'string' && !this.#onCalendar(field, kept, asOf)) return;
    this.#values[at] = kept;
    if (field.type === 'icd10' && WIDE_CELL.test(field.name)) {
      this.wideCodes.push({ column: field.name, code: String(kept) });
    }
    if (field.name.endsWith('code_type') && !NATIVE_SYSTEMS.has(String(kept))) this.#otherSystem = true;
  }

  #inRange(field: Field, value: number, text: string): boolean {
    const range = RANGES[field.name];
    if (!range || (value >= range[0] && value <= range[1])) return true;
    const code = field.problems.has('out_of_range') ? 'out_of_range' : 'bad_number';
    this.problem(code, field.name, { value: text, min: String(range[0]), max: String(range[1]) });
    return false;
  }

  #onCalendar(field: Field, value: IsoDate, asOf: IsoDate): boolean {
    if (!field.problems.has('date_out_of_range')) return true;
    const min = OLDEST_DATES[field.name] ?? OLDEST_DATE;
    if (value >= min && value <= asOf) return true;
    this.problem('date_out_of_range', field.name, { value, min, max: asOf });
    return false;
  }
}

/** The text with `{name}` replaced by its detail; values are cut so that a message stays readable. */
export function fill(text: string, details: Details): string {
  return text.replace(
    /\{(\w+)\}/g,
    (placeholder, name: string) => details[name]?.slice(0, 200) ?? placeholder,
  );
}
