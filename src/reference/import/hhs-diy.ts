import type { ImportProblem } from './problem.ts';
import { findHeader, type Sheet } from './workbook.ts';

export type Row = Readonly<Record<string, string>>;

/** Tables of the HHS "Do It Yourself" workbook that carry data; the logic tables (6-8) are prose. */
export interface DiyTables {
  /** Table 3: icd10, hcc, mce_age_min/max, mce_sex, age_min/max, sex, fy_first/last. */
  readonly crosswalk: readonly Row[];
  /** Table 4: hcc, drops_hcc. */
  readonly hierarchies: readonly Row[];
  /** Table 9: model, variable, five metals. */
  readonly coefficients: readonly Row[];
  /** Table 10a: ndc, rxc. */
  readonly ndc: readonly Row[];
  /** Table 10b: hcpcs, rxc. */
  readonly hcpcs: readonly Row[];
  readonly problems: readonly ImportProblem[];
}

const METALS = ['platinum', 'gold', 'silver', 'bronze', 'catastrophic'] as const;

/** Reads the data tables of a DIY workbook of a benefit year, found by their column titles. */
export function readDiyTables(file: string, sheets: readonly Sheet[], benefitYear: number): DiyTables {
  const problems: ImportProblem[] = [];
  const rowsOf = (
    table: string,
    patterns: readonly RegExp[],
    read: (cells: readonly string[], at: readonly number[], titles: readonly string[]) => Row[] | string,
  ): Row[] => {
    for (const sheet of sheets) {
      const header = findHeader(sheet.rows, patterns);
      if (!header) continue;
      const titles = sheet.rows[header.index] ?? [];
      return sheet.rows.slice(header.index + 1).flatMap((cells, offset) => {
        const found = read(cells, header.columns, titles);
        if (typeof found !== 'string') return found;
        const line = header.index + offset + 2;
        problems.push({ file: `${file} ${sheet.name}`, line, code: 'bad_row', message: found });
        return [];
      });
    }
    problems.push({
      file,
      line: null,
      code: 'missing_source',
      message: `no sheet with the columns of ${table}`,
    });
    return [];
  };
  return {
    crosswalk: rowsOf(
      'Table 3',
      [/^icd.?10$|^icd.?10.*code/i, /^(first )?cc$/i],
      (cells, [code = 0, cc = 0], titles) => crosswalkRows(cells, { code, cc, titles, benefitYear }),
    ),
    hierarchies: rowsOf(
      'Table 4',
      [/^(v0\d[ _])?hcc$/i, /hccs?.*(zero|drop|set)/i],
      (cells, [hcc = 0, drops = 0]) => hierarchyRows(cells[hcc] ?? '', cells[drops] ?? ''),
    ),
    coefficients: rowsOf(
      'Table 9',
      [/^model$/i, /^variable$/i, ...METALS.map((metal) => new RegExp(`^${metal}`, 'i'))],
      coefficientRows,
    ),
    ndc: rowsOf('Table 10a', [/^rxc$/i, /^ndc/i], (cells, [rxc = 0, ndc = 0]) =>
      drugRow('ndc', cells[ndc] ?? '', cells[rxc] ?? ''),
    ),
    hcpcs: rowsOf('Table 10b', [/^rxc$/i, /^hcpcs/i], (cells, [rxc = 0, hcpcs = 0]) =>
      drugRow('hcpcs', cells[hcpcs] ?? '', cells[rxc] ?? ''),
    ),
    problems,
  };
}

interface CrosswalkPlace {
  readonly code: number;
  readonly cc: number;
  readonly titles: readonly string[];
  readonly benefitYear: number;
}

function crosswalkRows(
  cells: readonly string[],
  { code, cc, titles, benefitYear }: CrosswalkPlace,
): Row[] | string {
  const icd10 = (cells[code] ?? '').replace('.', '').toUpperCase();
  if (!/^[A-Z][0-9A-Z]{2,6}$/.test(icd10)) return [];
  const at = (pattern: RegExp): string => cells[titles.findIndex((title) => pattern.test(title))] ?? '';
  const mceAge = ageRange(at(/mce.*age/i));
  const age = ageRange(at(/cc.*age.*split/i));
  const mceSex = sexOf(at(/mce.*sex/i));
  const sex = sexOf(at(/cc.*sex.*split/i));
  if (!mceAge || !age || mceSex === null || sex === null) return `${icd10}: unreadable age or sex condition`;
  const numbers = [cells[cc] ?? '', at(/second.*cc/i), at(/third.*cc/i)].filter((cell) => cell !== '');
  const hccs = numbers.map(hccOf);
  if (hccs.length === 0 || hccs.includes(null))
    return `${icd10}: categories ${numbers.join(', ') || 'none'} are unreadable`;
  return hccs.map((hcc) => ({
    icd10,
    hcc: hcc ?? '',
    mce_age_min: mceAge.min,
    mce_age_max: mceAge.max,
    mce_sex: mceSex,
    age_min: age.min,
    age_max: age.max,
    sex,
    ...validity(cells, titles, benefitYear),
  }));
}

/** The two "valid in FY" columns: Y in both leaves the years open. */
function validity(cells: readonly string[], titles: readonly string[], benefitYear: number): Row {
  const [first, second] = titles.flatMap((title, index) =>
    /valid/i.test(title) && /fy|fiscal/i.test(title) ? [cells[index] ?? ''] : [],
  );
  const yes = (cell: string | undefined): boolean => cell === undefined || /^y/i.test(cell);
  return {
    fy_first: yes(first) ? '' : String(benefitYear + 1),
    fy_last: yes(second) ? '' : String(benefitYear),
  };
}

function hierarchyRows(parent: string, list: string): Row[] | string {
  if (parent === '') return [];
  const hcc = hccOf(parent);
  const drops = list
    .split(/[\s,]+/)
    .filter((cell) => cell !== '')
    .map(hccOf);
  if (hcc === null) return [];
  if (drops.includes(null)) return `HCC ${parent} drops ${list}: unreadable`;
  return drops.map((each) => ({ hcc, drops_hcc: each ?? '' }));
}

function coefficientRows(cells: readonly string[], at: readonly number[]): Row[] | string {
  const [model = '', variable = '', ...metals] = at.map((column) => cells[column] ?? '');
  const name = /^(adult|child|infant)/i.exec(model)?.[1];
  if (name === undefined || variable === '') return [];
  if (!metals.every((value) => /^-?\d*\.?\d+(e-?\d+)?$/i.test(value)))
    return `${variable}: coefficients ${metals.join(', ')}`;
  const values = METALS.map((metal, index) => [metal, Number(metals[index]).toFixed(3)] as const);
  return [
    {
      model: `${name.charAt(0).toUpperCase()}${name.slice(1).toLowerCase()}`,
      variable: variable.toUpperCase(),
      ...Object.fromEntries(values),
    },
  ];
}

function drugRow(kind: 'ndc' | 'hcpcs', code: string, rxc: string): Row[] | string {
  if (code === '') return [];
  const number = /^(?:RXC[ _]?)?0?(\d{1,2})(?:\.0)?$/i.exec(rxc)?.[1];
  if (number === undefined) return `${code}: RXC ${rxc} is unreadable`;
  const plain = code.replace(/-/g, '').toUpperCase();
  return [
    { [kind]: kind === 'ndc' ? plain.padStart(11, '0') : plain, rxc: `RXC_${number.padStart(2, '0')}` },
  ];
}

/** `035_1`, `35.1`, `35_1`, `21.0` as the bare number. */
function hccOf(cell: string): string | null {
  const match = /^(?:HHS_HCC)?0*(\d{1,3})(?:[._](\d))?$/.exec(cell);
  if (!match) return null;
  return match[2] === undefined || match[2] === '0' ? (match[1] ?? null) : `${match[1]}.${match[2]}`;
}

/** `9 <= age <= 64`, `age >= 15`, `Age < 50`, `age = 0`, or nothing. */
function ageRange(text: string): { min: string; max: string } | null {
  if (text === '') return { min: '', max: '' };
  const between = /(\d+)\s*<=\s*age\w*\s*<=\s*(\d+)/i.exec(text);
  if (between) return { min: between[1] ?? '', max: between[2] ?? '' };
  const bound = /age\w*\s*(>=|<=|>|<|=)\s*(\d+)/i.exec(text.replaceAll('≥', '>=').replaceAll('≤', '<='));
  if (!bound) return null;
  const age = Number(bound[2]);
  switch (bound[1]) {
    case '>=':
      return { min: String(age), max: '' };
    case '>':
      return { min: String(age + 1), max: '' };
    case '<=':
      return { min: '', max: String(age) };
    case '<':
      return { min: '', max: String(age - 1) };
    default:
      return { min: String(age), max: String(age) };
  }
}

function sexOf(text: string): '' | 'F' | 'M' | null {
  if (text === '') return '';
  if (/^(f|female|sex\s*=\s*2)/i.test(text)) return 'F';
  return /^(m|male|sex\s*=\s*1)/i.test(text) ? 'M' : null;
}
