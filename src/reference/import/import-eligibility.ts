import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { openPackage } from '../package.ts';
import type { DraftPackage } from './import-model.ts';
import type { ImportProblem, ReadRows } from './problem.ts';
import { readServiceCodes, readServiceCodesCsv } from './service-codes.ts';
import { readWorkbook } from './workbook.ts';

export interface EligibilityImportOptions {
  readonly root: string;
  readonly from: string;
  /** Calendar year of service of the list. */
  readonly year: number;
  readonly version: string;
}

/** A list smaller than this share of the newest one held is taken for a truncated file. */
const LEAST_SHARE = 0.9;

/** The yearly list of eligible CPT/HCPCS codes into the eligibility package; the other files stay as they are. */
export async function draftEligibility(options: EligibilityImportOptions): Promise<DraftPackage> {
  const { root, from, year, version } = options;
  const base = openPackage(root, 'eligibility');
  const file = listFile(from);
  if (file === null) {
    const problem: ImportProblem = {
      file: from,
      line: null,
      code: 'missing_source',
      message: 'holds no workbook or CSV of CPT/HCPCS codes',
    };
    return { content: null, problems: [problem], notes: [] };
  }
  const read = await readList(file, year);
  const problems = [...read.problems];
  const held = base.manifest.files.filter(({ name }) => /^cpt-\d{4}\.csv$/.test(name));
  const newest = held.filter(({ name }) => name !== `cpt-${year}.csv`).at(-1);
  if (newest && read.rows.length < newest.rows * LEAST_SHARE) {
    problems.push({
      file: path.basename(file),
      line: null,
      code: 'count',
      message: `${read.rows.length} codes, ${newest.name} has ${newest.rows}: the file looks truncated`,
    });
  }
  if (problems.length > 0) return { content: null, problems, notes: [] };
  const { files, ...head } = base.manifest;
  const versions = { ...((head.properties?.cptListVersions ?? {}) as Record<string, unknown>) };
  return {
    content: {
      ...head,
      version,
      paymentYears: [...new Set([...head.paymentYears, year + 1])].sort(),
      sources: [...head.sources, `year of service ${year}: ${path.basename(file)}`],
      properties: { ...head.properties, cptListVersions: { ...versions, [year]: [version] } },
      files: [
        ...files
          .filter(({ name }) => name !== `cpt-${year}.csv`)
          .map(({ name }) => ({ name, content: base.text(name) })),
        { name: `cpt-${year}.csv`, content: `procedure\n${read.rows.join('\n')}\n` },
      ],
    },
    problems,
    notes: [`${read.rows.length} eligible codes for services of ${year}`],
  };
}

function listFile(from: string): string | null {
  if (statSync(from).isFile()) return from;
  const names = readdirSync(from).filter((name) => /\.(xlsx|csv)$/i.test(name) && /cpt|hcpcs/i.test(name));
  const [name] = names.sort();
  return name === undefined ? null : path.join(from, name);
}

async function readList(file: string, year: number): Promise<ReadRows<string>> {
  const name = path.basename(file);
  if (/\.csv$/i.test(name)) return readServiceCodesCsv(name, readFileSync(file, 'utf8'), year);
  const book = await readWorkbook(name, file);
  return book.ok ? readServiceCodes(name, book.sheets, year) : { rows: [], problems: [book.problem] };
}
