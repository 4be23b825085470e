export type Severity = 'error' | 'warning';

export const TABLE_KINDS = [
  'members',
  'encounters',
  'diagnoses',
  'conditions',
  'labs',
  'medications',
  'vitals',
  'procedures',
  'appointments',
  'crosswalk',
] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

export type FieldType =
  | 'id'
  | 'mbi'
  | 'date'
  | 'code'
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'npi'
  | 'icd10'
  | 'loinc'
  | 'ndc'
  | 'digits'
  | 'ucum';

/** One column of a table of the service's flat-file layout. */
export interface Field {
  readonly name: string;
  /** `cond`: required under a condition that the reader of the table judges. */
  readonly required: 'yes' | 'no' | 'cond';
  readonly type: FieldType;
  readonly aliases: readonly string[];
  /** Problems this column can have; a rule whose code is not among them is not applied to it. */
  readonly problems: ReadonlySet<string>;
  /** Canonical value by accepted spelling in lower case; null when the column has no closed list. */
  readonly spellings: ReadonlyMap<string, string> | null;
  /** Canonical values, as messages list them. */
  readonly allowed: readonly string[];
}

export interface TableLayout {
  readonly kind: TableKind;
  readonly fields: readonly Field[];
  /** Columns of the key of a row; null: rows have no key, and only exact repeats are recognised. */
  readonly key: readonly string[] | null;
}

/**
 * A column from its compact notation: aliases and problems separated by blanks; a closed list as `value` or
 * `value:spelling|spelling`, separated by commas, in the order in which messages list the values.
 */
export function field(
  name: string,
  required: Field['required'],
  type: FieldType,
  aliases: string,
  problems: string,
  allowed?: string,
): Field {
  const values = (allowed?.split(', ') ?? []).map((entry): [string, string[]] => {
    const [value = '', spellings] = entry.split(':');
    return [value, spellings?.split('|') ?? [value]];
  });
  return {
    name,
    required,
    type,
    aliases: words(aliases),
    problems: new Set(words(problems)),
    spellings: allowed
      ? new Map(
          values.flatMap(([value, spellings]) =>
            spellings.map((spelling) => [spelling.toLowerCase(), value] as const),
          ),
        )
      : null,
    allowed: values.map(([value]) => value),
  };
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
