import { parseThousandths } from '../../engine/thousandths.ts';
import type { MappingPackage } from '../package.ts';
import { listCell, tsvRows } from '../rows.ts';
import { toTsv } from '../tsv.ts';
import type { PackageFile } from '../write-package.ts';
import type { ModelSources } from './model-sources.ts';
import type { ImportProblem } from './problem.ts';
import { variableKey } from './variable-names.ts';

interface CoefficientImport {
  /** The package that lends terms and earlier years. */
  readonly mapping: MappingPackage;
  readonly sources: ModelSources;
  /** Payment HCCs: those with a label. */
  readonly known: ReadonlySet<string>;
  readonly fresh: boolean;
  readonly paymentYear: number;
  readonly partD: string;
}

const SET_COLUMNS = ['set', 'payment_years', 'part_d', 'file', 'program', 'verification'];

/** Segments in which diagnoses do not count, so HCCs have no coefficient there. */
const WITHOUT_HCCS = /^(NE|SNPNE|DNE|GNE|NE_.*|TRANSPLANT|GRAFT_DURATION|ACTUARIAL_ADJUSTMENT)$/;

/**
 * The coefficient files of the package with the new year: the set that already holds the same values gains the
 * year, else a new set is added. Every variable must be known to the model, and every variable the model had must
 * be there or be stated blank, so half a table is refused.
 */
export function importCoefficients(
  input: CoefficientImport,
  problems: ImportProblem[],
  notes: string[],
): PackageFile[] {
  const { mapping, sources, paymentYear, partD, fresh } = input;
  const year = String(paymentYear);
  const sets = tsvRows(mapping, 'coefficient-sets.tsv', SET_COLUMNS);
  const tables = new Map(sets.map(([set = '', , , file = '']) => [set, readTable(mapping, file)]));
  const ofPlan = sets.filter(([, , plan = '']) => plan === partD || !partD);
  if (sources.coefficients === null) {
    const covered = ofPlan.some(([, years = '']) => listCell(years).includes(year));
    if (!covered || fresh) problems.push(missing('the relative factors'));
    return fresh ? [] : files(sets, tables);
  }
  const reference = tables.get((ofPlan.at(-1) ?? sets.at(-1))?.[0] ?? '') ?? new Map<string, string>();
  const values = translate(input, reference, problems, notes);
  checkWhole(input, reference, values, problems, notes);
  const others = fresh
    ? []
    : sets.map((row) =>
        plansMeet(row[2] ?? '', partD) ? withYears(row, (years) => years.filter((y) => y !== year)) : row,
      );
  const same = others.find(
    ([set = '', , plan = '']) => plan === partD && equalTables(tables.get(set), values),
  );
  if (same) {
    notes.push(`coefficients equal set ${same[0]}, which gains ${year}`);
    const rows = others.map((row) =>
      row === same ? withYears(row, (years) => [...years, year].sort()) : row,
    );
    return files(
      rows.filter(([, years]) => years !== ''),
      tables,
    );
  }
  const id = freeName(partD ? `${year}-${partD.replaceAll('|', '-')}` : year, others);
  tables.set(id, values);
  notes.push(`coefficients are new: set ${id}, ${values.size} values`);
  const row = [id, year, partD, `coefficients/${id}.tsv`, 'imported', sources.files.join(', ')];
  return files([...others.filter(([, years]) => years !== ''), row], tables);
}

function readTable(mapping: MappingPackage, file: string): Map<string, string> {
  return new Map(
    tsvRows(mapping, file, ['segment', 'variable', 'value']).map(
      ([segment = '', variable = '', value = '']) => [`${segment}\t${variable}`, value],
    ),
  );
}

/** Source names to the model's own spelling. */
function translate(
  { sources, known }: CoefficientImport,
  reference: ReadonlyMap<string, string>,
  problems: ImportProblem[],
  notes: string[],
): Map<string, string> {
  const spelling = new Map([...reference.keys()].map((key) => [keyOf(key), key]));
  const values = new Map<string, string>();
  for (const { segment, variable, value } of sources.coefficients ?? []) {
    const source = `${segment}\t${variable}`;
    const own = spelling.get(keyOf(source)) ?? knownHcc(segment, variable, known);
    if (own !== null) values.set(own, value);
    else if (Number(value) === 0)
      notes.push(`${segment} ${variable} is 0 and unknown to the model: left out`);
    else {
      problems.push({
        file: 'coefficients',
        line: null,
        code: 'unknown_variable',
        message: `${segment} ${variable} = ${value}: no term of the model has this name`,
      });
    }
  }
  return values;
}

function keyOf(key: string): string {
  const [segment = '', variable = ''] = key.split('\t');
  return `${segment}\t${variableKey(variable)}`;
}

function knownHcc(segment: string, variable: string, known: ReadonlySet<string>): string | null {
  const hcc = /^(?:RX)?HCC(\d+)$/.exec(variable)?.[1];
  return hcc !== undefined && known.has(hcc) ? `${segment}\t${variable}` : null;
}

function checkWhole(
  { mapping, sources, known, fresh }: CoefficientImport,
  reference: ReadonlyMap<string, string>,
  values: Map<string, string>,
  problems: ImportProblem[],
  notes: string[],
): void {
  const segments = new Set([...values.keys()].map((key) => key.split('\t')[0] ?? ''));
  const blanks = new Set([...sources.blanks].map((blank) => keyOf(blank.replace('|', '\t'))));
  const stated = new Set([...values.keys()].map(keyOf));
  const carried = new Set<string>();
  for (const [key, value] of reference) {
    const [segment = '', variable = ''] = key.split('\t');
    if (stated.has(keyOf(key)) || blanks.has(keyOf(key))) continue;
    if (segment === 'ACTUARIAL_ADJUSTMENT') {
      values.set(key, value);
      carried.add(segment);
    } else if (!segments.has(segment) || !fresh) {
      problems.push(lacking(segment, variable));
    }
  }
  for (const segment of carried) notes.push(`${segment} is in no relative factor file: carried over`);
  // An HCC that is new to the model has a coefficient, or a stated blank, in every segment with HCCs.
  const held = new Set(
    fresh ? [] : tsvRows(mapping, 'labels.tsv', ['hcc', 'label']).map(([hcc = '']) => hcc),
  );
  const prefix = [...values.keys()].some((key) => key.includes('\tRXHCC')) ? 'RXHCC' : 'HCC';
  for (const segment of [...segments].filter((name) => !WITHOUT_HCCS.test(name))) {
    for (const hcc of [...known].filter((each) => !held.has(each))) {
      const key = keyOf(`${segment}\t${prefix}${hcc}`);
      if (!stated.has(key) && !blanks.has(key)) problems.push(lacking(segment, `${prefix}${hcc}`));
    }
  }
}

function lacking(segment: string, variable: string): ImportProblem {
  return {
    file: 'coefficients',
    line: null,
    code: 'no_coefficient',
    message: `segment ${segment} has no ${variable}, and the file does not state it blank`,
  };
}

function equalTables(
  held: ReadonlyMap<string, string> | undefined,
  values: ReadonlyMap<string, string>,
): boolean {
  if (held?.size !== values.size) return false;
  return [...values].every(([key, value]) => {
    const other = held.get(key);
    return other !== undefined && parseThousandths(other) === parseThousandths(value);
  });
}

function plansMeet(plan: string, partD: string): boolean {
  return plan === partD || listCell(plan).some((each) => listCell(partD).includes(each));
}

function withYears(row: readonly string[], change: (years: string[]) => string[]): string[] {
  return row.map((cell, index) => (index === 1 ? change(listCell(cell)).join('|') : cell));
}

function freeName(name: string, sets: readonly (readonly string[])[]): string {
  const taken = new Set(sets.map(([set]) => set));
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
  return free;
}

function files(
  sets: readonly (readonly string[])[],
  tables: ReadonlyMap<string, ReadonlyMap<string, string>>,
): PackageFile[] {
  return [
    { name: 'coefficient-sets.tsv', content: toTsv(SET_COLUMNS, sets) },
    ...sets.map(
      ([set = '', , , file = '']): PackageFile => ({
        name: file,
        content: toTsv(
          ['segment', 'variable', 'value'],
          [...(tables.get(set) ?? [])].map(([key, value]) => [...key.split('\t'), value]),
        ),
      }),
    ),
  ];
}

function missing(what: string): ImportProblem {
  return { file: 'source', line: null, code: 'missing_source', message: `no file holds ${what}` };
}
