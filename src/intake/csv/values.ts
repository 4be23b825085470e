import { type IsoDate, isIsoDate } from '../../engine/dates.ts';
import { undotted } from '../../engine/icd10.ts';
import { normalizeNdc } from '../../engine/suspects/drugs.ts';
import { isMbi } from '../mbi.ts';
import type { Field } from './layout.ts';
import type { ProblemCode } from './problems.ts';
import { isKnownUnit } from './units.ts';

/** Result of reading one cell: a canonical value, perhaps with a warning, or the problem that refuses it. */
export interface CellValue {
  readonly value: string | number | boolean | null;
  readonly problem: CellProblem | null;
}

export interface CellProblem {
  readonly code: ProblemCode;
  /** Fills the placeholders of the message; `field` and `value` are filled in by the caller. */
  readonly details?: Readonly<Record<string, string>>;
  readonly hint?: string;
}

const EMPTY_SPELLINGS: ReadonlySet<string> = new Set(['NULL', 'null', '\\N', 'NA', 'NaN']);
const ID = /^[A-Za-z0-9._:-]{1,64}$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const ICD10 = /^[A-Z][0-9A][A-Z0-9]{1,5}$/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The trimmed cell, or null for an empty cell and for the spellings of empty; `NA` is a dual status. */
export function cellText(cell: string, field: Field): string | null {
  const text = cell.trim();
  if (text === '') return null;
  if (!EMPTY_SPELLINGS.has(text)) return text;
  return text === 'NA' && field.spellings?.has('na') === true ? text : null;
}

/** Reads a cell that is not empty by the type of its column. */
export function readCell(text: string, field: Field): CellValue {
  switch (field.type) {
    case 'id':
      return ID.test(text) ? good(text) : bad(text, 'bad_id');
    case 'text':
      return readText(text, field);
    case 'code':
      return field.spellings ? readListed(text, field, field.spellings) : readOpenCode(text, field.name);
    case 'date': {
      const date = readDate(text);
      return date ? good(date) : bad(null, 'bad_date');
    }
    case 'boolean':
      return readBoolean(text);
    case 'integer':
    case 'number':
      return readNumber(text, field.type === 'integer');
    case 'npi':
      return /^\d{10}$/.test(text) && luhn(`80840${text}`) ? good(text) : bad(text, 'bad_npi');
    case 'mbi': {
      const mbi = text.replaceAll('-', '').toUpperCase();
      return isMbi(mbi) ? good(mbi) : bad(mbi, 'bad_mbi');
    }
    case 'icd10': {
      const code = undotted(text);
      return ICD10.test(code) ? good(code) : bad(null, 'bad_diagnosis');
    }
    case 'loinc': {
      const digits = text.replace('-', '');
      return /^\d{1,7}-\d$/.test(text) && luhn(digits) ? good(text) : bad(null, 'bad_loinc');
    }
    case 'ndc': {
      const ndc = normalizeNdc(text);
      return ndc.ok && ndc.ndc11 !== null
        ? good(ndc.ndc11)
        : { value: null, problem: { code: 'bad_ndc', hint: ndc.ok ? 'no package segment' : ndc.reason } };
    }
    case 'digits':
      return /^\d{1,8}$/.test(text) ? good(text) : bad(null, 'bad_number');
    case 'ucum':
      return isKnownUnit(text) ? good(text) : bad(text, 'unit_unknown');
  }
}

/**
 * The calendar date of a cell: `YYYY-MM-DD` and ISO date-times (the date as written, no zone shift), `YYYYMMDD`,
 * `MM/DD/YYYY`, `M/D/YYYY`, `DD-Mon-YYYY`. Never day before month with slashes, never two-digit years.
 */
export function readDate(text: string): IsoDate | null {
  const known = datesRead.get(text);
  if (known !== undefined) return known;
  const date = dateForm(text);
  const read = date !== null && isIsoDate(date) ? date : null;
  if (datesRead.size >= DATES_REMEMBERED) datesRead.clear();
  datesRead.set(text, read);
  return read;
}

/** An extract repeats its dates many times; what a text means never changes. */
const datesRead = new Map<string, IsoDate | null>();
const DATES_REMEMBERED = 50_000;

function dateForm(text: string): string | null {
  if (text[4] === '-') {
    return text.length === 10 ||
      /^.{10}[T ]\d{2}(?::?\d{2}){0,2}(?:\.\d+)?(?: ?Z| ?[+-]\d{2}:?\d{2})?$/.test(text)
      ? text.slice(0, 10)
      : null;
  }
  if (/^\d{8}$/.test(text)) return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (american) {
    const [, month = '', day = '', year = ''] = american;
    return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  }
  const named = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text);
  if (!named) return null;
  const [, day = '', name = '', year = ''] = named;
  const month = MONTHS.indexOf(name.toLowerCase()) + 1;
  return month === 0 ? null : `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** Check digit modulo 10 with every second digit doubled, as NPI (with prefix 80840) and LOINC use it. */
function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function readText(text: string, field: Field): CellValue {
  if (field.problems.has('bad_zip')) {
    return /^\d{5}(?:-?\d{4})?$/.test(text) ? good(text) : bad(text, 'bad_zip');
  }
  if (field.problems.has('bad_contract')) {
    return /^[A-Za-z]\d{4}$/.test(text) ? good(text.toUpperCase()) : bad(text, 'bad_contract');
  }
  if (field.problems.has('bad_number') && notANumber(text)) return bad(null, 'bad_number');
  return good(text);
}

/** A result that means a number and cannot be read as one: thousands separators, infinity. */
function notANumber(text: string): boolean {
  return (
    /^[<>]?=?\s*[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(text) || /^[<>]?=?\s*[+-]?inf(?:inity)?$/i.test(text)
  );
}

function readListed(text: string, field: Field, spellings: ReadonlyMap<string, string>): CellValue {
  const lower = text.toLowerCase();
  const value =
    spellings.get(lower) ??
    (field.name === 'dual_status_code' && /^\d$/.test(text) ? spellings.get(`0${text}`) : undefined);
  if (value !== undefined) return good(value);
  const whole = spreadsheetNumber(text);
  const hint = whole !== null && readListed(whole, field, spellings).problem === null;
  return {
    value: null,
    problem: {
      code: 'bad_code',
      details: { allowed: field.allowed.join(', ') },
      ...(hint ? SPREADSHEET_HINT : {}),
    },
  };
}

const SPREADSHEET_HINT = { hint: 'a spreadsheet has turned the code into a number' } as const;

/** `1` of `1.0`: what the code was before a spreadsheet took it for a number; null for any other text. */
function spreadsheetNumber(text: string): string | null {
  return /^\d+\.0+$/.test(text) ? text.replace(/\.0+$/, '') : null;
}

const USPS: ReadonlySet<string> = new Set(
  (
    'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK ' +
    'OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP'
  ).split(' '),
);

interface OpenCode {
  readonly allowed: string;
  /** The canonical value, or null when the text breaks the rule. */
  readonly read: (text: string) => string | null;
}

function shaped(pattern: RegExp): OpenCode['read'] {
  return (text) => (pattern.test(text) ? text : null);
}

/** Code columns without a closed list, by name without a closing number. */
const OPEN_CODES: Readonly<Record<string, OpenCode>> = {
  state: { allowed: 'two-letter USPS', read: (text) => (USPS.has(text) ? text : null) },
  csr_indicator: {
    allowed: '0-13 or two digits',
    read: (text) => (/^(?:\d{2}|\d)$/.test(text) ? text : null),
  },
  bill_type_code: {
    allowed: '3 or 4 characters',
    read: (text) => (/^[0-9A-Z]{3}$/.test(text) ? `0${text}` : /^[0-9A-Z]{4}$/.test(text) ? text : null),
  },
  place_of_service_code: {
    allowed: '2 digits',
    read: (text) => (/^\d{1,2}$/.test(text) ? text.padStart(2, '0') : null),
  },
  revenue_center_code: {
    allowed: '4 digits',
    read: (text) => (/^\d{3,4}$/.test(text) ? text.padStart(4, '0') : null),
  },
  hcpcs_code: {
    allowed: '5 characters, a digit or letter and then 4',
    read: shaped(/^[0-9A-Z][0-9A-Z]{4}$/),
  },
  hcpcs_modifier: { allowed: '2 characters', read: shaped(/^[0-9A-Z]{2}$/) },
  rendering_specialty: {
    allowed: '2-character CMS specialty or 10-character NUCC taxonomy',
    read: shaped(/^(?:[0-9A-Z]{2}|[0-9A-Z]{10})$/),
  },
  diagnosis_poa: { allowed: 'Y, N, U, W, 1', read: shaped(/^[YNUW1]$/) },
};

function readOpenCode(text: string, name: string): CellValue {
  const rule = OPEN_CODES[name.replace(/_\d+$/, '')];
  if (!rule) return good(text);
  const value = rule.read(text.toUpperCase());
  if (value !== null) return good(value);
  const whole = spreadsheetNumber(text);
  const hint = whole !== null && rule.read(whole) !== null ? SPREADSHEET_HINT : {};
  return { value: null, problem: { code: 'bad_code', details: { allowed: rule.allowed }, ...hint } };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['t', true],
  ['yes', true],
  ['y', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['no', false],
  ['n', false],
  ['0', false],
]);

function readBoolean(text: string): CellValue {
  const value = BOOLEANS.get(text.toLowerCase());
  return value === undefined ? bad(null, 'bad_boolean') : good(value);
}

function readNumber(text: string, whole: boolean): CellValue {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) && (!whole || Number.isInteger(value))
    ? good(value)
    : bad(null, 'bad_number');
}

function good(value: string | number | boolean): CellValue {
  return { value, problem: null };
}

function bad(value: string | null, code: ProblemCode): CellValue {
  return { value, problem: { code } };
}
