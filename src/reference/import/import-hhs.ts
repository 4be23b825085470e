import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { hccVariable } from '../../engine/hhs/tables.ts';
import { hierarchyGraph } from '../../engine/hierarchies.ts';
import { type MappingPackage, openPackage } from '../package.ts';
import type { PackageFile } from '../write-package.ts';
import { type DiyTables, type Row, readDiyTables } from './hhs-diy.ts';
import type { DraftPackage } from './import-model.ts';
import type { ImportProblem } from './problem.ts';
import { readWorkbook, type Sheet } from './workbook.ts';

export interface HhsImportOptions {
  readonly root: string;
  readonly from: string;
  readonly packageId: string;
  readonly base: string;
  readonly benefitYear: number;
  readonly version: string;
}

/** A crosswalk smaller than this share of the year before is taken for a truncated file. */
const LEAST_SHARE = 0.9;
/** Tables that hold the logic of DIY Tables 6-8 and 11-13: prose there, so the rows of the year before carry over. */
const CARRIED = [
  'groups.csv',
  'model_exclusions.csv',
  'infant_severity.csv',
  'severity_indicators.csv',
  'derived_variables.csv',
  'rxc_hierarchies.csv',
  'acf_codes.csv',
  'csr_factors.csv',
];

/** The data tables of the HHS DIY workbook of a benefit year into an HHS-HCC package. */
export async function draftHhs(options: HhsImportOptions): Promise<DraftPackage> {
  const base = openPackage(options.root, options.base);
  const sheets: Sheet[] = [];
  const problems: ImportProblem[] = [];
  for (const file of workbooks(options.from)) {
    const book = await readWorkbook(path.basename(file), file);
    if (book.ok) sheets.push(...book.sheets);
    else problems.push(book.problem);
  }
  const tables = readDiyTables(path.basename(options.from), sheets, options.benefitYear);
  problems.push(...tables.problems);
  check(base, tables, options.benefitYear, problems);
  if (problems.length > 0) return { content: null, problems, notes: [] };
  return {
    content: {
      ...head(base, options),
      files: packageFiles(base, tables, options.benefitYear),
    },
    problems,
    notes: [
      'groups, indicators, counts, interactions, infant severity and CSR factors carry over: compare them with DIY Tables 6-8 and 11-13',
    ],
  };
}

function workbooks(from: string): string[] {
  if (statSync(from).isFile()) return [from];
  return readdirSync(from)
    .filter((name) => /\.xlsx$/i.test(name))
    .sort()
    .map((name) => path.join(from, name));
}

function check(base: MappingPackage, tables: DiyTables, year: number, problems: ImportProblem[]): void {
  const add = (code: ImportProblem['code'], message: string): void => {
    problems.push({ file: 'closure', line: null, code, message });
  };
  const labelled = new Set(base.table('labels.csv').map((row) => row.hcc));
  const mapped = new Set(tables.crosswalk.map((row) => row.hcc ?? ''));
  const weighted = new Set(tables.coefficients.map((row) => row.variable));
  for (const hcc of mapped) {
    if (!labelled.has(hcc)) add('no_label', `HCC ${hcc} is mapped and has no label`);
    // Newborn categories score through the infant cells only.
    if (!weighted.has(hccVariable(hcc)) && !/^24[2-9]$/.test(hcc) && hcc !== '64') {
      add('no_coefficient', `HCC ${hcc} is mapped and has no coefficient in any model`);
    }
  }
  const graph = hierarchyGraph(
    tables.hierarchies.map((row) => ({ hcc: row.hcc ?? '', drops: row.drops_hcc ?? '' })),
  );
  for (const [hcc, children] of graph.children) {
    const below = graph.dominated(hcc);
    if (below.has(hcc)) add('hierarchy_cycle', `HCC ${hcc} drops itself, directly or through others`);
    else if (below.size !== new Set(children).size)
      add('hierarchy_changed', `what HCC ${hcc} drops is not closed`);
  }
  const held = base.table('dx_to_hcc.csv').filter((row) => Number(row.by_last) >= year - 1).length;
  if (tables.crosswalk.length < held * LEAST_SHARE) {
    add(
      'count',
      `${tables.crosswalk.length} crosswalk rows, ${held} the year before: the file looks truncated`,
    );
  }
}

function packageFiles(base: MappingPackage, tables: DiyTables, year: number): PackageFile[] {
  const fresh: Readonly<Record<string, readonly Row[]>> = {
    'dx_to_hcc.csv': tables.crosswalk,
    'hierarchies.csv': tables.hierarchies,
    'rxc_ndc.csv': tables.ndc,
    'rxc_hcpcs.csv': tables.hcpcs,
  };
  return base.manifest.files.map(({ name }): PackageFile => {
    const rows = fresh[name];
    if (rows) return csv(name, base, mergeYear(base.table(name), rows, year));
    if (CARRIED.includes(name))
      return csv(name, base, mergeYear(base.table(name), yearBefore(base.table(name), year), year));
    if (name === 'coefficients.csv') {
      const others = base.table(name).filter((row) => Number(row.benefit_year) !== year);
      const own = tables.coefficients.map((row) => ({ benefit_year: String(year), ...row }));
      return csv(name, base, [...others, ...own]);
    }
    return { name, content: base.text(name) };
  });
}

/** Rows in force in the newest held year before `year`, without their years. */
function yearBefore(rows: readonly Row[], year: number): Row[] {
  return rows.filter((row) => Number(row.by_first) < year && Number(row.by_last) >= year - 1);
}

/** The rows held for other years, and the rows of `year`; a row that goes on unchanged is one row. */
function mergeYear(held: readonly Row[], ofYear: readonly Row[], year: number): Row[] {
  const bare = ({ by_first: _first, by_last: _last, ...rest }: Row): string =>
    JSON.stringify(Object.entries(rest).sort());
  const wanted = new Map(ofYear.map((row) => [bare(row), row]));
  const rows = held.flatMap((row): Row[] => {
    const before = Number(row.by_first) < year;
    if (!before) return Number(row.by_first) === year && Number(row.by_last) === year ? [] : [row];
    const goesOn = Number(row.by_last) >= year - 1 && wanted.delete(bare(row));
    if (goesOn) return [{ ...row, by_last: String(Math.max(Number(row.by_last), year)) }];
    return [{ ...row, by_last: String(Math.min(Number(row.by_last), year - 1)) }];
  });
  return [
    ...rows,
    ...[...wanted.values()].map((row) => ({ ...row, by_first: String(year), by_last: String(year) })),
  ];
}

function csv(name: string, base: MappingPackage, rows: readonly Row[]): PackageFile {
  const header = (base.text(name).split('\n')[0] ?? '').split(',');
  return { name, content: stringify(rows as Row[], { header: true, columns: header }) };
}

function head(base: MappingPackage, { packageId, benefitYear, version, from }: HhsImportOptions) {
  const { files: _files, ...rest } = base.manifest;
  const properties = rest.properties ?? {};
  const refused = { ...((properties.refusedYears ?? {}) as Record<string, string>) };
  delete refused[benefitYear];
  return {
    ...rest,
    id: packageId,
    version,
    paymentYears: [...new Set([...rest.paymentYears, benefitYear])].sort(),
    sources: [...rest.sources, `benefit year ${benefitYear}: ${path.basename(from)}`],
    provenance: [
      ...rest.provenance.filter(({ scope }) => scope !== `benefitYear ${benefitYear}`),
      {
        scope: `benefitYear ${benefitYear}`,
        mark: 'data tables imported; the logic tables carry over from the year before',
      },
    ],
    properties: {
      ...properties,
      refusedYears: refused,
      codeSetYears: {
        ...((properties.codeSetYears ?? {}) as Record<string, number>),
        [benefitYear]: benefitYear,
      },
    },
  };
}
