import path from 'node:path';
import { dotted } from '../engine/icd10.ts';
import { compareHccs } from '../engine/model.ts';
import { type MappingPackage, openPackage, PackageError } from './package.ts';
import { listCell } from './rows.ts';

/** One side of a comparison: a package, and of a model which year (by default the newest). */
export interface PackageSide {
  readonly root: string;
  readonly id: string;
  readonly year?: number;
}

export interface MovedCode {
  readonly code: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export interface MovedValue {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What differs from A to B. Codes dotted, HCCs bare numbers, values as printed in the packages. */
export interface PackageDiff {
  readonly a: string;
  readonly b: string;
  readonly codesAdded: readonly { readonly code: string; readonly hccs: readonly string[] }[];
  readonly codesRetired: readonly { readonly code: string; readonly hccs: readonly string[] }[];
  /** In both, with other categories. */
  readonly codesMoved: readonly MovedCode[];
  /** Coefficients of the sets in force; null where a side has none. */
  readonly coefficients: readonly MovedValue[];
  readonly labels: readonly MovedValue[];
  readonly hierarchies: readonly MovedValue[];
  /** Any other table: rows that only one side has. */
  readonly tables: readonly { readonly file: string; readonly added: number; readonly removed: number }[];
  readonly same: boolean;
  readonly text: string;
}

/** `cms-hcc-v28`, `cms-hcc-v28@2026` or a path to a package folder, with or without `@year`. */
export function packageSide(root: string, text: string): PackageSide {
  const [, name = text, year] = /^(.*?)(?:@(\d{4}))?$/.exec(text) ?? [];
  const isPath = name.includes('/') || name.includes('\\');
  const side = isPath
    ? { root: path.dirname(path.resolve(name)), id: path.basename(name) }
    : { root, id: name };
  return year === undefined ? side : { ...side, year: Number(year) };
}

/** Compares two packages, or two years of one, for the people who code. Throws PackageError when one cannot be read. */
export function diffPackages(
  a: PackageSide,
  b: PackageSide,
  { year }: { readonly year?: number } = {},
): PackageDiff {
  const left = contentOf(a, year);
  const right = contentOf(b, year);
  const codes = diffCodes(left.codes, right.codes);
  const parts = {
    ...codes,
    coefficients: diffValues(left.coefficients, right.coefficients, sameNumber),
    labels: diffValues(left.labels, right.labels),
    hierarchies: diffValues(left.hierarchies, right.hierarchies),
    tables: diffTables(left.tables, right.tables),
  };
  const same = Object.values(parts).every((list) => list.length === 0);
  const head = { a: left.name, b: right.name };
  return { ...head, ...parts, same, text: render({ ...head, ...parts }) };
}

interface Content {
  readonly name: string;
  readonly codes: ReadonlyMap<string, readonly string[]>;
  readonly coefficients: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly hierarchies: ReadonlyMap<string, string>;
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
}

const EMPTY: Omit<Content, 'name'> = {
  codes: new Map(),
  coefficients: new Map(),
  labels: new Map(),
  hierarchies: new Map(),
  tables: new Map(),
};

function contentOf(side: PackageSide, asked: number | undefined): Content {
  const mapping = openPackage(side.root, side.id);
  const { kind, id, paymentYears, version } = mapping.manifest;
  if (kind === 'codes' && mapping.manifest.files.some(({ name }) => name === 'codes.tsv'))
    return codeSet(mapping);
  if (kind !== 'model') return { ...EMPTY, name: `${id} ${version}`, tables: otherTables(mapping, []) };
  const held = asked !== undefined && paymentYears.includes(asked) ? asked : paymentYears.at(-1);
  const year = side.year ?? held;
  if (year === undefined || !paymentYears.includes(year)) {
    throw new PackageError(`package ${id} has no year ${year}; it has ${paymentYears.join(', ')}`);
  }
  const name = `${id}@${year} (${version})`;
  return id.startsWith('hhs-hcc') ? hhsContent(mapping, year, name) : modelContent(mapping, year, name);
}

function modelContent(mapping: MappingPackage, year: number, name: string): Content {
  const inYear = (row: Record<string, string>): boolean =>
    listCell(row.payment_years ?? '').includes(String(year));
  const sets = mapping.table('coefficient-sets.tsv').filter(inYear);
  return {
    name,
    codes: groupCodes(
      mapping
        .table('diagnoses.tsv')
        .filter(inYear)
        .flatMap((row) => listCell(row.hccs ?? '').map((hcc): [string, string] => [row.code ?? '', hcc])),
    ),
    coefficients: new Map(
      sets.flatMap((set) => {
        const rows = mapping.table(set.file ?? '');
        // One set may serve several plan types in one year and be two sets in the next.
        return (set.part_d ?? '')
          .split('|')
          .flatMap((plan) =>
            rows.map((row): [string, string] => [
              [plan, row.segment, row.variable].filter((part) => part).join(' '),
              row.value ?? '',
            ]),
          );
      }),
    ),
    labels: new Map(mapping.table('labels.tsv').map((row) => [`HCC ${row.hcc}`, row.label ?? ''])),
    hierarchies: new Map(
      mapping.table('hierarchies.tsv').map((row) => [`HCC ${row.hcc} drops ${row.drops}`, 'yes']),
    ),
    tables: new Map([
      ['edits.tsv', new Set(mapping.table('edits.tsv').filter(inYear).map(withoutYears))],
      ['terms.tsv', new Set(mapping.text('terms.tsv').split('\n'))],
    ]),
  };
}

function withoutYears({ payment_years: _years, ...row }: Record<string, string>): string {
  return Object.values(row).join('\t');
}

function hhsContent(mapping: MappingPackage, year: number, name: string): Content {
  const inYear = (row: Record<string, string>): boolean =>
    Number(row.by_first) <= year && year <= Number(row.by_last);
  const used = ['dx_to_hcc.csv', 'coefficients.csv', 'labels.csv', 'hierarchies.csv'];
  const tables = mapping.manifest.files.filter((file) => !used.includes(file.name)).map((file) => file.name);
  return {
    name,
    codes: groupCodes(
      mapping
        .table('dx_to_hcc.csv')
        .filter(inYear)
        .map((row) => [row.icd10 ?? '', row.hcc ?? '']),
    ),
    coefficients: new Map(
      mapping
        .table('coefficients.csv')
        .filter((row) => Number(row.benefit_year) === year)
        .flatMap(({ benefit_year: _year, model, variable, ...metals }) =>
          Object.entries(metals).map(([metal, value]): [string, string] => [
            `${model} ${metal} ${variable}`,
            value,
          ]),
        ),
    ),
    labels: new Map(mapping.table('labels.csv').map((row) => [row.variable ?? '', row.label ?? ''])),
    hierarchies: new Map(
      mapping
        .table('hierarchies.csv')
        .filter(inYear)
        .map((row) => [`HCC ${row.hcc} drops ${row.drops_hcc}`, 'yes']),
    ),
    tables: new Map(
      tables.map((file) => [
        file,
        new Set(
          mapping
            .table(file)
            .filter((row) => row.by_first === undefined || inYear(row))
            .map(({ by_first: _first, by_last: _last, ...row }) => Object.values(row).join(',')),
        ),
      ]),
    ),
  };
}

/** A code set has no categories: the codes that are billable, by their newest stretch. */
function codeSet(mapping: MappingPackage): Content {
  const newest = new Map(mapping.table('codes.tsv').map((row) => [row.code ?? '', row]));
  const open = [...newest.values()].filter((row) => row.billable === '1' && row.to === '');
  return {
    ...EMPTY,
    name: `${mapping.manifest.id} ${mapping.manifest.version}`,
    codes: new Map(open.map((row) => [row.code ?? '', []])),
    labels: new Map(open.map((row) => [dotted(row.code ?? ''), row.description ?? ''])),
  };
}

function otherTables(mapping: MappingPackage, except: readonly string[]): Map<string, Set<string>> {
  return new Map(
    mapping.manifest.files
      .filter(({ name }) => !except.includes(name))
      .map(({ name }) => [name, new Set(mapping.text(name).split('\n'))]),
  );
}

function groupCodes(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const codes = new Map<string, Set<string>>();
  for (const [code, hcc] of pairs) codes.set(code, (codes.get(code) ?? new Set()).add(hcc));
  return new Map([...codes].map(([code, hccs]) => [code, [...hccs].sort(compareHccs)]));
}

function diffCodes(a: Content['codes'], b: Content['codes']) {
  const only = (here: Content['codes'], there: Content['codes']) =>
    [...here]
      .filter(([code]) => !there.has(code))
      .map(([code, hccs]) => ({ code: dotted(code), hccs }))
      .sort((x, y) => (x.code < y.code ? -1 : 1));
  const codesMoved = [...a]
    .flatMap(([code, from]): MovedCode[] => {
      const to = b.get(code);
      return to === undefined || to.join() === from.join() ? [] : [{ code: dotted(code), from, to }];
    })
    .sort((x, y) => (x.code < y.code ? -1 : 1));
  return { codesAdded: only(b, a), codesRetired: only(a, b), codesMoved };
}

function diffValues(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
  same: (x: string, y: string) => boolean = (x, y) => x === y,
): MovedValue[] {
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const from = a.get(name) ?? null;
    const to = b.get(name) ?? null;
    return from !== null && to !== null && same(from, to) ? [] : [{ name, from, to }];
  });
}

function sameNumber(x: string, y: string): boolean {
  return Number(x) === Number(y);
}

function diffTables(a: Content['tables'], b: Content['tables']) {
  const none: ReadonlySet<string> = new Set();
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((file) => {
    const [left, right] = [a.get(file) ?? none, b.get(file) ?? none];
    const added = [...right].filter((row) => !left.has(row)).length;
    const removed = [...left].filter((row) => !right.has(row)).length;
    return added + removed === 0 ? [] : [{ file, added, removed }];
  });
}

function render(diff: Omit<PackageDiff, 'same' | 'text'>): string {
  const hccs = (list: readonly string[]): string => (list.length === 0 ? '' : ` HCC ${list.join(', ')}`);
  const value = (text: string | null): string => text ?? 'none';
  const section = <T>(title: string, list: readonly T[], line: (item: T) => string): string[] =>
    list.length === 0 ? [] : [`${title}: ${list.length}`, ...list.map((item) => `  ${line(item)}`)];
  const lines = [
    ...section('codes added', diff.codesAdded, (row) => `${row.code}${hccs(row.hccs)}`),
    ...section('codes retired', diff.codesRetired, (row) => `${row.code}${hccs(row.hccs)}`),
    ...section('codes moved', diff.codesMoved, (row) => `${row.code}${hccs(row.from)} ->${hccs(row.to)}`),
    ...section(
      'coefficients',
      diff.coefficients,
      (row) => `${row.name}: ${value(row.from)} -> ${value(row.to)}`,
    ),
    ...section('labels', diff.labels, (row) => `${row.name}: ${value(row.from)} -> ${value(row.to)}`),
    ...section('hierarchies', diff.hierarchies, (row) => `${row.name}: ${row.to === null ? 'gone' : 'new'}`),
    ...section(
      'other tables',
      diff.tables,
      (row) => `${row.file}: ${row.added} rows added, ${row.removed} removed`,
    ),
  ];
  return [`${diff.a} -> ${diff.b}`, ...(lines.length === 0 ? ['no difference'] : lines)].join('\n');
}
