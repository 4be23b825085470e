import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { addDays } from '../../engine/dates.ts';
import { openPackage } from '../package.ts';
import { tsvRows } from '../rows.ts';
import { toTsv } from '../tsv.ts';
import { type OrderedCode, readOrderAddenda, readOrderFile } from './icd10-files.ts';
import type { DraftPackage } from './import-model.ts';
import type { ImportProblem } from './problem.ts';

export interface CodesImportOptions {
  readonly root: string;
  readonly from: string;
  readonly fiscalYear: number;
  /** First day of the release, `2027-10-01` or `2027-04-01`. */
  readonly effective: string;
  readonly version: string;
}

/** One stretch of a code with the same billability and description. */
interface Stretch {
  readonly code: string;
  readonly billable: boolean;
  readonly from: string;
  readonly to: string;
  readonly description: string;
}

/** A release smaller than this share of the one before is taken for a truncated file. */
const LEAST_SHARE = 0.98;

/**
 * An ICD-10-CM release into the code package: from its order file (the whole set), or from its order addenda (what
 * changes against the set held the day before). Stretches that end are closed the day before the release.
 */
export async function draftCodes(options: CodesImportOptions): Promise<DraftPackage> {
  const base = openPackage(options.root, 'icd10cm');
  const columns = ['code', 'billable', 'from', 'to', 'description'];
  const held = tsvRows(base, 'codes.tsv', columns).map(
    ([code = '', billable, from = '', to = '', description = '']): Stretch => ({
      code,
      billable: billable === '1',
      from,
      to,
      description,
    }),
  );
  const before = beforeRelease(held, options.effective);
  const problems: ImportProblem[] = [];
  const release = readRelease(options.from, before, problems);
  if (release === null) problems.push(missing());
  else checkRelease(release, before, problems);
  if (release === null || problems.length > 0) return { content: null, problems, notes: [] };
  const rows = merge(before, release, options.effective);
  const { files: _files, ...head } = base.manifest;
  const newest = Math.max(Number(head.properties?.newestFiscalYear ?? 0), options.fiscalYear);
  return {
    content: {
      ...head,
      version: options.version,
      sources: [
        ...head.sources,
        `FY${options.fiscalYear} from ${options.effective}: ${path.basename(options.from)}`,
      ],
      properties: { ...head.properties, newestFiscalYear: newest },
      files: [
        {
          name: 'codes.tsv',
          content: toTsv(
            columns,
            rows.map(({ code, billable, from, to, description }) => [
              code,
              billable ? 1 : 0,
              from,
              to,
              description,
            ]),
          ),
        },
      ],
    },
    problems,
    notes: [
      `${[...release.values()].filter(({ billable }) => billable).length} billable codes from ${options.effective}`,
    ],
  };
}

/** The stretches as they stood the day before: a second import of one release starts from the same point. */
function beforeRelease(held: readonly Stretch[], effective: string): Stretch[] {
  const dayBefore = addDays(effective, -1);
  return held
    .filter(({ from }) => from < effective)
    .map((row) => (row.to === dayBefore || row.to > effective ? { ...row, to: '' } : row));
}

function readRelease(
  from: string,
  before: readonly Stretch[],
  problems: ImportProblem[],
): Map<string, OrderedCode> | null {
  const files = statSync(from).isFile()
    ? [from]
    : readdirSync(from)
        .filter((name) => /\.txt$/i.test(name))
        .map((name) => path.join(from, name))
        .sort();
  const order = files.find(
    (file) => /order/i.test(path.basename(file)) && !/addend/i.test(path.basename(file)),
  );
  if (order !== undefined) {
    const read = readOrderFile(path.basename(order), readFileSync(order, 'utf8'));
    problems.push(...read.problems);
    return new Map(read.rows.map((row) => [row.code, row]));
  }
  const addenda = files.find((file) => /addend/i.test(path.basename(file)));
  if (addenda === undefined) return null;
  const name = path.basename(addenda);
  const read = readOrderAddenda(name, readFileSync(addenda, 'utf8'));
  problems.push(...read.problems);
  const set = new Map<string, OrderedCode>(
    before.filter(({ to }) => to === '').map((row) => [row.code, row]),
  );
  for (const { action, ...code } of read.rows) {
    const known = set.has(code.code);
    if (action === 'add' ? known : !known) {
      const message = `${action} ${code.code}: the code is ${known ? 'already' : 'not'} in the set`;
      problems.push({ file: name, line: null, code: 'bad_row', message });
    }
    if (action === 'delete') set.delete(code.code);
    else set.set(code.code, code);
  }
  return set;
}

/** A release is about as large as the one before, and no billable code has codes below it. */
function checkRelease(
  release: ReadonlyMap<string, OrderedCode>,
  before: readonly Stretch[],
  problems: ImportProblem[],
): void {
  const open = before.filter(({ to }) => to === '').length;
  if (release.size < open * LEAST_SHARE) {
    const message = `${release.size} codes and headers, ${open} the day before: the file looks truncated`;
    problems.push({ file: 'release', line: null, code: 'count', message });
  }
  for (const code of release.keys()) {
    for (let length = 3; length < code.length; length++) {
      const parent = release.get(code.slice(0, length));
      if (parent?.billable) {
        const message = `${parent.code} is billable and has ${code} below it`;
        problems.push({ file: 'release', line: null, code: 'code_not_valid', message });
      }
    }
  }
}

function merge(
  before: readonly Stretch[],
  release: ReadonlyMap<string, OrderedCode>,
  effective: string,
): Stretch[] {
  const dayBefore = addDays(effective, -1);
  const unchanged = new Set<string>();
  const rows = before.map((row): Stretch => {
    if (row.to !== '') return row;
    const now = release.get(row.code);
    if (now && now.billable === row.billable && now.description === row.description) {
      unchanged.add(row.code);
      return row;
    }
    return { ...row, to: dayBefore };
  });
  for (const row of release.values()) {
    if (!unchanged.has(row.code)) {
      rows.push({
        code: row.code,
        billable: row.billable,
        description: row.description,
        from: effective,
        to: '',
      });
    }
  }
  return rows.sort((a, b) => (a.code === b.code ? (a.from < b.from ? -1 : 1) : a.code < b.code ? -1 : 1));
}

function missing(): ImportProblem {
  return {
    file: 'source',
    line: null,
    code: 'missing_source',
    message: 'no order file (…order….txt) and no order addenda (…addenda….txt)',
  };
}
