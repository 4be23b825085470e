import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Coefficient, MappedCode } from './internal-tables.ts';
import { readHierarchyCsv, readMappingCsv, readRelativeFactors } from './internal-tables.ts';
import { readMappingsWorkbook } from './mappings-workbook.ts';
import { type ModelLogic, readGroups, readInteractionNames } from './model-logic.ts';
import type { ImportProblem } from './problem.ts';
import {
  type CodeHcc,
  type Edge,
  type HccLabel,
  readSasFormat,
  readSasHierarchies,
  readSasLabels,
} from './sas-text.ts';
import { segmentOfColumn } from './variable-names.ts';
import { readWideCoefficients } from './wide-coefficients.ts';
import { readWorkbook } from './workbook.ts';

/** What the published files of one model and payment year say; a part that no file holds is null. */
export interface ModelSources {
  readonly mapping: readonly CodeHcc[] | null;
  /** Claim editor age conditions, when the mapping source states them. */
  readonly ages: ReadonlyMap<string, { readonly min: number | null; readonly max: number | null }> | null;
  readonly hierarchies: readonly Edge[] | null;
  readonly labels: readonly HccLabel[] | null;
  /** True for a label macro; the captions of relative factor tables are worded otherwise and only name new HCCs. */
  readonly labelsOfficial: boolean;
  readonly coefficients: readonly Coefficient[] | null;
  readonly blanks: ReadonlySet<string>;
  readonly logic: ModelLogic;
  /** Files that were used, in name order. */
  readonly files: readonly string[];
  readonly problems: readonly ImportProblem[];
}

export interface ModelSourceOptions {
  /** A folder (read with its subfolders) or one file. */
  readonly from: string;
  readonly modelId: string;
  readonly paymentYear: number;
  /** Segments of the model, to split the names of the SAS coefficient file. */
  readonly segments: readonly string[];
}

interface Draft {
  mappings: { file: string; rows: readonly (CodeHcc | MappedCode)[] }[];
  hierarchies: { file: string; rows: readonly Edge[] }[];
  labels: HccLabel[];
  officialLabels: HccLabel[];
  coefficients: Coefficient[];
  blanks: Set<string>;
  groups: Map<string, readonly string[]>;
  interactions: string[];
  files: string[];
  problems: ImportProblem[];
}

/** Finds and reads every published file of the model below `from`; files of other models and other kinds are left alone. */
export async function readModelSources(options: ModelSourceOptions): Promise<ModelSources> {
  const draft: Draft = {
    mappings: [],
    hierarchies: [],
    labels: [],
    officialLabels: [],
    coefficients: [],
    blanks: new Set(),
    groups: new Map(),
    interactions: [],
    files: [],
    problems: [],
  };
  for (const file of sourceFiles(options.from)) {
    if (ofOtherVersion(path.basename(file), options.modelId)) continue;
    await readOne(file, options, draft);
  }
  const [mapping, ...more] = draft.mappings;
  for (const other of mapping ? more : []) {
    draft.problems.push(...disagreement(mapping?.file ?? '', mapping?.rows ?? [], other.file, other.rows));
  }
  const labels = draft.officialLabels.length > 0 ? draft.officialLabels : draft.labels;
  return {
    mapping: mapping?.rows ?? null,
    ages: agesOf(draft.mappings.flatMap(({ rows }) => rows)),
    hierarchies: draft.hierarchies.length > 0 ? draft.hierarchies.flatMap(({ rows }) => rows) : null,
    labels: labels.length > 0 ? labels : null,
    labelsOfficial: draft.officialLabels.length > 0,
    coefficients: draft.coefficients.length > 0 ? draft.coefficients : null,
    blanks: draft.blanks,
    logic: { groups: draft.groups, interactions: draft.interactions },
    files: draft.files,
    problems: draft.problems,
  };
}

function sourceFiles(from: string): string[] {
  if (statSync(from).isFile()) return [from];
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** `V22_…`, `…_v28_…`, `F2824T1N`, `V28115H1` name the model version; a file that names another one is not ours. */
function ofOtherVersion(name: string, modelId: string): boolean {
  const version = Number(/v0*(\d+)$/.exec(modelId)?.[1]);
  const named = /(?:^|[^A-Za-z])[VvFf]0?(\d{1,2})(?=\D|\d{2,3}[A-Z])/.exec(name)?.[1];
  return named !== undefined && Number(named) !== version;
}

async function readOne(file: string, options: ModelSourceOptions, draft: Draft): Promise<void> {
  const name = path.basename(file);
  let problems: readonly ImportProblem[] | null = null;
  if (/\.xlsx$/i.test(name)) problems = await readBook(file, name, options, draft);
  else if (/\.csv$/i.test(name)) problems = readCsv(readFileSync(file, 'utf8'), name, options, draft);
  else if (/\.(txt|sas)$/i.test(name)) problems = readText(readFileSync(file, 'utf8'), name, draft);
  if (problems === null) return;
  draft.files.push(name);
  draft.problems.push(...problems);
}

/** Problems of a workbook of mappings; null when it is another workbook. */
async function readBook(
  file: string,
  name: string,
  options: ModelSourceOptions,
  draft: Draft,
): Promise<readonly ImportProblem[] | null> {
  const book = await readWorkbook(name, file);
  if (!book.ok) return [book.problem];
  const read = readMappingsWorkbook(name, book.sheets, options);
  if (read.rows.length === 0 && read.problems.some(({ code }) => code === 'no_header')) return null;
  draft.mappings.push({ file: name, rows: read.rows });
  return read.problems;
}

/** Problems of a CSV of the model software; null when it is another CSV. */
function readCsv(
  text: string,
  name: string,
  options: ModelSourceOptions,
  draft: Draft,
): readonly ImportProblem[] | null {
  if (/mappings?/i.test(name)) {
    const read = readMappingCsv(name, text);
    draft.mappings.push({ file: name, rows: read.rows });
    return read.problems;
  }
  if (/hierarch/i.test(name)) {
    const read = readHierarchyCsv(name, text);
    draft.hierarchies.push({ file: name, rows: read.rows });
    return read.problems;
  }
  if (/Diagnosis_Categories/i.test(name)) {
    for (const [group, hccs] of readGroups(name, text)) draft.groups.set(group, hccs);
    return [];
  }
  if (/Interactions/i.test(name)) {
    draft.interactions.push(...readInteractionNames(name, text));
    return [];
  }
  const factors = /Relative_Factors|_Scores/i.test(name)
    ? readRelativeFactors(name, text, (column) => segmentOfColumn(name, column))
    : /coef/i.test(name)
      ? readWideCoefficients(name, text, options.segments)
      : null;
  if (!factors) return null;
  draft.coefficients.push(...factors.coefficients);
  draft.labels.push(...factors.labels);
  for (const blank of factors.blanks) draft.blanks.add(blank);
  return factors.problems;
}

/** Problems of a text of the SAS software, told by its content; null when it is another text. */
function readText(text: string, name: string, draft: Draft): readonly ImportProblem[] | null {
  if (/%SET0\s*\(\s*CC\s*=\s*\d/i.test(text)) {
    const read = readSasHierarchies(name, text);
    draft.hierarchies.push({ file: name, rows: read.rows });
    return read.problems;
  }
  if (/^\s*(?:RX)?HCC\d+\s*=\s*"/im.test(text)) {
    const read = readSasLabels(name, text);
    draft.officialLabels.push(...read.rows);
    return read.problems;
  }
  if (!/^[A-Z][0-9A-Z]{2,6}[ \t]+\d{1,3}[ \t]*$/m.test(text)) return null;
  const read = readSasFormat(name, text);
  draft.mappings.push({ file: name, rows: read.rows });
  return read.problems;
}

/** Two mapping sources of one year must say the same; what only one of them has is shown. */
function disagreement(
  first: string,
  a: readonly CodeHcc[],
  second: string,
  b: readonly CodeHcc[],
): ImportProblem[] {
  const keys = (rows: readonly CodeHcc[]): Set<string> =>
    new Set(rows.map(({ code, hcc }) => `${code} ${hcc}`));
  const [left, right] = [keys(a), keys(b)];
  const onlyLeft = [...left].filter((key) => !right.has(key));
  const onlyRight = [...right].filter((key) => !left.has(key));
  if (onlyLeft.length + onlyRight.length === 0) return [];
  const some = (list: readonly string[]): string => list.slice(0, 3).join(', ');
  return [
    {
      file: second,
      line: null,
      code: 'sources_disagree',
      message: `differs from ${first}: ${onlyLeft.length} pairs only there (${some(onlyLeft)}), ${onlyRight.length} only here (${some(onlyRight)})`,
    },
  ];
}

function agesOf(rows: readonly (CodeHcc | MappedCode)[]): ModelSources['ages'] {
  const mapped = rows.filter((row): row is MappedCode => 'minAge' in row);
  if (mapped.length === 0) return null;
  return new Map(
    mapped
      .filter(({ minAge, maxAge }) => minAge !== null || maxAge !== null)
      .map(({ code, minAge, maxAge }) => [code, { min: minAge, max: maxAge }]),
  );
}
