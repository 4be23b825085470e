import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';

/** `hcc-mappings/<id>/manifest.json`: what a package is, where its facts come from, and proof that it is whole. */
export interface PackageManifest {
  readonly id: string;
  readonly kind: 'model' | 'codes' | 'eligibility' | 'payment' | 'calendar' | 'gaps' | 'suspecting' | 'drugs';
  readonly title: string;
  /** Edition of the package, e.g. `2026-11-23`. */
  readonly version: string;
  readonly paymentYears: readonly number[];
  /** Where the facts were taken from, in words a reader can check. */
  readonly sources: readonly string[];
  /** Tables or years that are single-source, unverified or proposed; each mark reaches the answers that use it. */
  readonly provenance: readonly { readonly scope: string; readonly mark: string }[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly files: readonly PackageFileEntry[];
}

export interface PackageFileEntry {
  readonly name: string;
  readonly rows: number;
  readonly sha256: string;
}

/** A package that is missing, half, changed or unreadable. The message names package, file and reason. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

export interface MappingPackage {
  readonly manifest: PackageManifest;
  readonly folder: string;
  /** Text of a listed file, checksum verified. */
  text(file: string): string;
  /** Rows of a listed CSV (or, by its name, TSV) table as records by column name. */
  table(file: string): Record<string, string>[];
  json<T>(file: string): T;
}

/** Ids of the packages below a mappings folder, sorted; a folder that begins with a dot is a package being written. */
export function listPackages(root: string): string[] {
  if (!existsSync(root)) throw new PackageError(`mapping folder ${root} does not exist`);
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

/** Opens a package and checks that every file of the manifest is there; checksums are verified as files are read. */
export function openPackage(root: string, id: string): MappingPackage {
  const folder = path.join(root, id);
  const manifestPath = path.join(folder, 'manifest.json');
  if (!existsSync(manifestPath))
    throw new PackageError(`package ${id}: manifest.json is missing in ${folder}`);
  const manifest = readManifest(manifestPath, id);
  for (const file of manifest.files) {
    if (!existsSync(path.join(folder, file.name))) {
      throw new PackageError(`package ${id}: file ${file.name} is in the manifest but not in the folder`);
    }
  }
  const text = (name: string): string => {
    const entry = manifest.files.find((file) => file.name === name);
    if (!entry) throw new PackageError(`package ${id}: file ${name} is not in the manifest`);
    const content = readFileSync(path.join(folder, name));
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (sha256 !== entry.sha256) {
      throw new PackageError(
        `package ${id}: checksum of ${name} is ${sha256}, the manifest says ${entry.sha256}`,
      );
    }
    return content.toString('utf8');
  };
  const table = (name: string): Record<string, string>[] => {
    const rows: Record<string, string>[] = name.endsWith('.tsv')
      ? parseTsv(text(name))
      : parse(text(name), { columns: true });
    const entry = manifest.files.find((file) => file.name === name);
    if (entry && entry.rows !== rows.length) {
      throw new PackageError(
        `package ${id}: ${name} has ${rows.length} rows, the manifest says ${entry.rows}`,
      );
    }
    return rows;
  };
  return { manifest, folder, text, table, json: <T>(name: string) => JSON.parse(text(name)) as T };
}

function readManifest(manifestPath: string, id: string): PackageManifest {
  try {
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as PackageManifest;
    if (manifest.id !== id) throw new Error(`its id is ${manifest.id}`);
    if (!Array.isArray(manifest.files) || manifest.files.length === 0) throw new Error('it lists no files');
    return manifest;
  } catch (cause) {
    throw new PackageError(`package ${id}: manifest.json is unusable: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Tab-separated text without quoting: much faster than a general parser on the 100,000-row code table. */
function parseTsv(content: string): Record<string, string>[] {
  const lines = content.split('\n').filter((line) => line !== '');
  const header = (lines[0] ?? '').split('\t');
  return lines.slice(1).map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(header.map((name, index) => [name, cells[index] ?? '']));
  });
}
