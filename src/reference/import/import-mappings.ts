import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { loadCodes } from '../codes.ts';
import { diffPackages, type PackageDiff } from '../diff.ts';
import { loadModel, MEDICARE_MODELS } from '../models.ts';
import { listPackages, openPackage, PackageError, type PackageManifest } from '../package.ts';
import { type PackageContent, writePackage } from '../write-package.ts';
import { draftCodes } from './import-codes.ts';
import { draftEligibility } from './import-eligibility.ts';
import { draftHhs } from './import-hhs.ts';
import { type DraftPackage, draftModel } from './import-model.ts';
import { type ImportProblem, renderProblems } from './problem.ts';

export interface ImportOptions {
  /** Folder of the packages (`hcc-mappings/`). */
  readonly root: string;
  /** Folder or file that CMS published. */
  readonly from: string;
  /** Package to write: a model, `icd10cm` or `eligibility`. */
  readonly packageId: string;
  /** Payment year of a model; benefit year of HHS; year of service of `eligibility`; fiscal year of `icd10cm`. */
  readonly year: number;
  /** Edition of the package, e.g. the date of the publication. */
  readonly version: string;
  /** Package that lends terms and earlier years; by default the one written. */
  readonly base?: string;
  /** RxHCC: plan types of the coefficients, joined with a bar. */
  readonly partD?: string;
  /** `icd10cm`: first day the release is in force; by default 1 October before its fiscal year. */
  readonly effective?: string;
  /** Check everything and write nothing. */
  readonly dryRun?: boolean;
}

export type ImportReport =
  | {
      readonly ok: true;
      readonly written: boolean;
      readonly manifest: PackageManifest | null;
      readonly diff: PackageDiff | null;
      readonly notes: readonly string[];
      readonly text: string;
    }
  | { readonly ok: false; readonly problems: readonly ImportProblem[]; readonly text: string };

/**
 * Imports what CMS publishes each year into a package of our format: reads the files, checks counts and closure,
 * writes the package beside its place, verifies that it loads and renames it in. With any problem nothing changes.
 */
export async function importMappings(options: ImportOptions): Promise<ImportReport> {
  try {
    const draft = await draftOf(options);
    if (draft.content === null || draft.problems.length > 0) return refused(options, draft.problems);
    return keep(options, draft.content, draft.notes);
  } catch (cause) {
    if (!(cause instanceof PackageError) && (cause as NodeJS.ErrnoException).code === undefined) throw cause;
    const message = (cause as Error).message;
    return refused(options, [{ file: options.packageId, line: null, code: 'package', message }]);
  }
}

async function draftOf(options: ImportOptions): Promise<DraftPackage> {
  const { root, from, packageId, year, version } = options;
  if (!existsSync(from)) {
    const problem: ImportProblem = {
      file: from,
      line: null,
      code: 'missing_source',
      message: 'does not exist',
    };
    return { content: null, problems: [problem], notes: [] };
  }
  if (packageId === 'icd10cm') {
    return draftCodes({
      root,
      from,
      fiscalYear: year,
      effective: options.effective ?? `${year - 1}-10-01`,
      version,
    });
  }
  if (packageId === 'eligibility') return draftEligibility({ root, from, year, version });
  if (packageId.startsWith('hhs-hcc')) {
    return draftHhs({ root, from, packageId, base: options.base ?? packageId, benefitYear: year, version });
  }
  return draftModel({
    root,
    from,
    packageId,
    base: options.base ?? packageId,
    paymentYear: year,
    version,
    partD: options.partD ?? '',
    codes: loadCodes(root),
  });
}

function keep(options: ImportOptions, content: PackageContent, notes: readonly string[]): ImportReport {
  const { root, packageId } = options;
  const stage = mkdtempSync(path.join(root, '.import-'));
  try {
    const manifest = writePackage(stage, content);
    const problems = loads(stage, packageId);
    if (problems.length > 0) return refused(options, problems);
    const before = listPackages(root).includes(packageId);
    const diff = before
      ? diffPackages({ root, id: packageId }, { root: stage, id: packageId }, { year: options.year })
      : null;
    const written = options.dryRun !== true;
    if (written) writePackage(root, content);
    const lines = [
      `${written ? 'imported' : 'checked, nothing written'}: ${packageId} ${content.version}, year ${options.year}`,
      ...manifest.files.map(({ name, rows }) => `  ${name}: ${rows} rows`),
      ...notes.map((note) => `  note: ${note}`),
      ...(diff ? [diff.text] : []),
    ];
    return { ok: true, written, manifest: written ? manifest : null, diff, notes, text: lines.join('\n') };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** The staged package must open with its checksums and, for a model, compile. */
function loads(stage: string, packageId: string): ImportProblem[] {
  try {
    const model = MEDICARE_MODELS.find((id) => id === packageId);
    if (model) loadModel(stage, model);
    const mapping = openPackage(stage, packageId);
    for (const { name } of mapping.manifest.files) mapping.text(name);
    return [];
  } catch (cause) {
    return [{ file: packageId, line: null, code: 'package', message: (cause as Error).message }];
  }
}

function refused(options: ImportOptions, problems: readonly ImportProblem[]): ImportReport {
  const text = `refused: ${options.packageId}, year ${options.year}; nothing was written\n${renderProblems(problems)}`;
  return { ok: false, problems, text };
}
