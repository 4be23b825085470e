import type { Field, TableKind, TableLayout } from './layout.ts';
import { TABLE_KINDS } from './layout.ts';
import type { ProblemCode } from './problems.ts';
import { LAYOUTS } from './tables.ts';

/** Where the cells of one field are: the first that is not empty counts. */
export interface PlannedField {
  readonly field: Field;
  readonly cells: readonly number[];
}

/** How the rows of one file are read. */
export interface HeaderPlan {
  readonly layout: TableLayout;
  readonly fields: readonly PlannedField[];
  readonly columns: number;
  /** The column that names the member, as the header spells it. */
  readonly memberColumn: string | null;
  /** `person_id` was taken although a member or patient id stands beside it. */
  readonly personIdWins: boolean;
}

export interface HeaderProblem {
  readonly code: ProblemCode;
  readonly column: string | null;
  readonly details: Readonly<Record<string, string>>;
}

export interface HeaderReading {
  /** null when an error forbids reading the file. */
  readonly plan: HeaderPlan | null;
  readonly kind: TableKind | null;
  readonly problems: readonly HeaderProblem[];
}

/**
 * Pairs of columns that mean one field and may both be there: the first wins in each row and the second fills its
 * blanks. Besides normalized and source columns these are the pairs of Tuva's own tables: a result is dated by its
 * collection, and a drug is named by the source before the NDC's description.
 */
const FILLING_PAIRS: readonly (readonly [string, string])[] = [
  ['collection_datetime', 'result_datetime'],
  ['source_description', 'ndc_description'],
];
/** Tuva's condition table names the claim and the visit of a diagnosis side by side; the claim is the billed one. */
const CLAIM_BEFORE_VISIT = ['claim_id', 'encounter_id'] as const;
/** Tables in which that pair names what a row belongs to; in the encounters table it would name two records. */
const BELONGING_TABLES: ReadonlySet<TableKind> = new Set(['diagnoses', 'conditions']);
/**
 * Columns of Tuva's tables whose values are categories of their own beside the list of the field they stand for: a
 * value outside the list is kept as it is, and the table's reader says what it means.
 */
const OPEN_LISTS: ReadonlySet<string> = new Set(['observation_type', 'encounter_type']);

/** Column names are compared trimmed, in lower case, with blanks, dots and hyphens as `_`. */
export function columnName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');
}

/** Which table the header belongs to; the file's name decides between tables that fit equally. */
export function detectTable(header: readonly string[], file: string): TableKind | null {
  const columns = new Set(header.map(columnName));
  const named = kindOfName(file);
  let best: { readonly kind: TableKind; readonly score: number } | null = null;
  for (const kind of TABLE_KINDS) {
    const { fields } = LAYOUTS[kind];
    const found = fields.filter((field) => namesOf(field).some((name) => columns.has(name)));
    const missing = fields.filter((field) => field.required === 'yes' && !found.includes(field)).length;
    // A table whose only match is the member column is no match.
    if (found.length < 2 && kind !== named) continue;
    const exact = found.filter((field) => columns.has(field.name)).length;
    const score = -100 * missing + found.length + exact * 0.5 + (kind === named ? 50 : 0);
    if (!best || score > best.score) best = { kind, score };
  }
  return best?.kind ?? null;
}

const NAME_HINTS: readonly (readonly [RegExp, TableKind])[] = [
  [/crosswalk/, 'crosswalk'],
  [/appointment/, 'appointments'],
  [/procedure/, 'procedures'],
  [/vital|observation/, 'vitals'],
  [/lab/, 'labs'],
  [/medication|pharmacy|drug|rx|fill|pde/, 'medications'],
  [/diagnos|(?:^|[^a-z])dx(?:[^a-z]|$)/, 'diagnoses'],
  [/encounter|claim/, 'encounters'],
  [/member|eligib|enrol|patient|benefi/, 'members'],
];

function kindOfName(file: string): TableKind | null {
  const name = (file.split('/').at(-1) ?? file).toLowerCase();
  return NAME_HINTS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

function namesOf(field: Field): readonly string[] {
  return [field.name, ...field.aliases];
}

/** Maps the columns of a header to the fields of its table. */
export function readHeader(header: readonly string[], file: string): HeaderReading {
  const problems: HeaderProblem[] = [];
  const error = (code: ProblemCode, column: string | null, details: HeaderProblem['details']): void => {
    problems.push({ code, column, details });
  };
  const positions = new Map<string, number[]>();
  for (const [index, text] of header.entries()) {
    const name = columnName(text);
    positions.set(name, [...(positions.get(name) ?? []), index]);
  }
  const kind = detectTable(header, file);
  if (!kind) {
    error('file_kind_unknown', null, { kinds: TABLE_KINDS.join(', ') });
    return { plan: null, kind: null, problems };
  }
  const layout = LAYOUTS[kind];
  const used = new Set<string>();
  const fields: PlannedField[] = [];
  let memberColumn: string | null = null;
  let personIdWins = false;
  for (const field of layout.fields) {
    const present = namesOf(field).filter((name) => positions.has(name));
    for (const name of present) used.add(name);
    const chosen = chooseColumns(field, present, kind);
    if (chosen.conflict) {
      const [a, b] = chosen.conflict;
      error('header_alias_conflict', b, { a, b, field: field.name });
    }
    if (field.name === 'member_id') {
      memberColumn = chosen.columns[0] ?? null;
      personIdWins = memberColumn === 'person_id' && present.length > 1;
    }
    if (chosen.columns.length === 0) {
      if (field.required === 'yes') {
        error('header_missing', field.name, { column: field.name, aliases: field.aliases.join(', ') });
      }
      continue;
    }
    fields.push({
      field: OPEN_LISTS.has(chosen.columns[0] ?? '') ? withoutList(field) : field,
      cells: chosen.columns.map((name) => positions.get(name)?.[0] ?? 0),
    });
  }
  for (const [name, at] of positions) {
    // Adapters give this name to what they pass over.
    if (name === 'not_read') continue;
    if (name !== '' && at.length > 1)
      error('header_duplicate', name, { column: name, count: String(at.length) });
    else if (!used.has(name)) error('header_unknown', name, { column: name });
  }
  // The code type of a row decides how its codes are read, so it is read first.
  const typesFirst = [...fields].sort((a, b) => Number(isCodeType(b)) - Number(isCodeType(a)));
  const fatal = problems.some(({ code }) => code !== 'header_unknown');
  return {
    plan: fatal ? null : { layout, fields: typesFirst, columns: header.length, memberColumn, personIdWins },
    kind,
    problems,
  };
}

function withoutList(field: Field): Field {
  return { ...field, problems: new Set([...field.problems].filter((code) => code !== 'bad_code')) };
}

function isCodeType({ field }: PlannedField): boolean {
  return field.name.endsWith('code_type');
}

interface Choice {
  readonly columns: readonly string[];
  readonly conflict: readonly [string, string] | null;
}

/** One column for a field, or a pair of which the second fills the blanks of the first. */
function chooseColumns(field: Field, present: readonly string[], kind: TableKind): Choice {
  const [first, second] = present;
  if (first === undefined || second === undefined) return { columns: present, conflict: null };
  // Tuva tables carry the person and the plan's member id side by side; the person is the member.
  if (field.name === 'member_id' && present.includes('person_id')) {
    return { columns: ['person_id'], conflict: null };
  }
  if (present.length === 2) {
    if (BELONGING_TABLES.has(kind) && CLAIM_BEFORE_VISIT.every((name) => present.includes(name))) {
      return { columns: CLAIM_BEFORE_VISIT, conflict: null };
    }
    for (const [a, b] of [
      [first, second],
      [second, first],
    ] as const) {
      const normalized = a.startsWith('normalized_') && b === a.replace('normalized_', 'source_');
      const pair = FILLING_PAIRS.some(([winner, filler]) => winner === a && filler === b);
      if (normalized || pair) return { columns: [a, b], conflict: null };
    }
  }
  return { columns: [first], conflict: [first, second] };
}
