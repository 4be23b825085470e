import { isProblem, readCsvTable } from './csv-table.ts';
import type { ImportProblem, ReadRows } from './problem.ts';
import type { CodeHcc, Edge, HccLabel } from './sas-text.ts';

/** A row of the mapping table of CMS's Python packages (PY2026 on), with its claim editor age condition. */
export interface MappedCode extends CodeHcc {
  readonly minAge: number | null;
  readonly maxAge: number | null;
}

export interface Coefficient {
  readonly segment: string;
  readonly variable: string;
  /** Decimal text as published. */
  readonly value: string;
}

/** Relative factors of one file: values, labels of HCC rows, and the variables whose cell is blank in a segment. */
export interface RelativeFactors {
  readonly coefficients: readonly Coefficient[];
  readonly labels: readonly HccLabel[];
  /** `segment|variable` of cells that are there and blank: stated to have no coefficient. */
  readonly blanks: ReadonlySet<string>;
  readonly problems: readonly ImportProblem[];
}

/** `ICD10_CC_mappings_…csv`: `ICD10,CC,MCE_AGE_CONDITION`; categories may be printed as `92.0`. */
export function readMappingCsv(file: string, text: string): ReadRows<MappedCode> {
  const table = readCsvTable(file, text);
  if (isProblem(table)) return { rows: [], problems: [table] };
  const column = (name: RegExp): number => table.header.findIndex((cell) => name.test(cell));
  const [code, cc, condition] = [column(/^icd_?10/i), column(/^cc$|^hcc$/i), column(/^mce_age/i)];
  if (code < 0 || cc < 0) {
    return {
      rows: [],
      problems: [
        { file, line: 1, code: 'no_header', message: `no ICD10 and CC columns: ${table.header.join(',')}` },
      ],
    };
  }
  const rows: MappedCode[] = [];
  const problems: ImportProblem[] = [];
  for (const { line, cells } of table.rows) {
    const hcc = /^(\d{1,3})(?:\.0)?$/.exec(cells[cc] ?? '');
    const ages = readAgeCondition(condition < 0 ? '' : (cells[condition] ?? ''));
    const plain = (cells[code] ?? '').replace('.', '').toUpperCase();
    if (!hcc || !ages || !/^[A-Z][0-9A-Z]{2,6}$/.test(plain)) {
      problems.push({
        file,
        line,
        code: 'bad_row',
        message: `unreadable mapping row: ${cells.join(',').slice(0, 60)}`,
      });
    } else rows.push({ code: plain, hcc: String(Number(hcc[1])), ...ages });
  }
  return { rows, problems };
}

/** `9 <= age <= 64`, `age >= 15`, `age <= 17` or nothing. */
function readAgeCondition(text: string): { minAge: number | null; maxAge: number | null } | null {
  if (text === '') return { minAge: null, maxAge: null };
  const range = /^(\d+)\s*<=\s*age\s*<=\s*(\d+)$/i.exec(text);
  if (range) return { minAge: Number(range[1]), maxAge: Number(range[2]) };
  const bound = /^age\s*(>=|<=)\s*(\d+)$/i.exec(text);
  if (!bound) return null;
  const age = Number(bound[2]);
  return bound[1] === '>=' ? { minAge: age, maxAge: null } : { minAge: null, maxAge: age };
}

/** `V28_HCC_Hierarchies.csv`: an HCC and, in the further columns, what it drops. */
export function readHierarchyCsv(file: string, text: string): ReadRows<Edge> {
  const table = readCsvTable(file, text);
  if (isProblem(table)) return { rows: [], problems: [table] };
  const rows: Edge[] = [];
  const problems: ImportProblem[] = [];
  for (const { line, cells } of table.rows) {
    const [parent, ...children] = cells.filter((cell) => cell !== '').map(hccNumber);
    if (parent === null || parent === undefined || children.includes(null)) {
      problems.push({
        file,
        line,
        code: 'bad_row',
        message: `unreadable hierarchy row: ${cells.join(',').slice(0, 60)}`,
      });
    } else for (const child of children) rows.push({ hcc: parent, drops: child ?? '' });
  }
  return { rows, problems };
}

/** `HCC17`, `RXHCC17`, `17` or `17.0` as `17`. */
function hccNumber(cell: string): string | null {
  const match = /^(?:RX)?(?:HCC)?(\d{1,3})(?:\.0)?$/i.exec(cell);
  return match ? String(Number(match[1])) : null;
}

/**
 * `V28_CE_Relative_Factors.csv`, `V28_NE_Relative_Factors.csv`: a variable, its label and one column a segment.
 * `segmentOf` turns a column title into our segment (null: no segment of the model). A blank cell is no coefficient.
 */
export function readRelativeFactors(
  file: string,
  text: string,
  segmentOf: (column: string) => string | null,
): RelativeFactors {
  const nothing = { coefficients: [], labels: [], blanks: new Set<string>() };
  const table = readCsvTable(file, text);
  if (isProblem(table)) return { ...nothing, problems: [table] };
  const segments = table.header.slice(2).map((column) => segmentOf(column));
  const unknown = table.header.slice(2).filter((_, index) => segments[index] === null);
  if (
    unknown.length > 0 ||
    segments.length === 0 ||
    !/^(variable|graft duration)$/i.test(table.header[0] ?? '')
  ) {
    const message = `columns that are no segment of the model: ${unknown.join(', ') || table.header.join(', ')}`;
    return { ...nothing, problems: [{ file, line: 1, code: 'no_header', message }] };
  }
  const coefficients: Coefficient[] = [];
  const labels: HccLabel[] = [];
  const blanks = new Set<string>();
  const problems: ImportProblem[] = [];
  for (const { line, cells } of table.rows) {
    const [variable = '', label = ''] = cells;
    if (variable === '') continue;
    const hcc = /^(?:RX)?HCC(\d+)$/.exec(variable)?.[1];
    if (hcc !== undefined) labels.push({ hcc, label });
    segments.forEach((segment, index) => {
      const value = cells[index + 2] ?? '';
      if (value === '') {
        blanks.add(`${segment}|${variable}`);
      } else if (/^-?\d*\.?\d+$/.test(value)) coefficients.push({ segment: segment ?? '', variable, value });
      else problems.push({ file, line, code: 'bad_row', message: `${variable}: ${value} is not a number` });
    });
  }
  return { coefficients, labels, blanks, problems };
}
