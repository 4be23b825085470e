import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PackageManifest } from './package.ts';

export interface PackageFile {
  /** File name inside the package, e.g. `hierarchies.tsv`. */
  readonly name: string;
  readonly content: string;
}

export interface PackageContent extends Omit<PackageManifest, 'files'> {
  readonly files: readonly PackageFile[];
}

/**
 * Writes one mapping package: its files and a manifest with row counts and SHA-256. The package is built in a
 * folder beside its place and renamed into it at the end, so a reader finds the old package or the new one whole,
 * and a failure leaves the old one as it was.
 */
export function writePackage(root: string, content: PackageContent): PackageManifest {
  mkdirSync(root, { recursive: true });
  const draft = mkdtempSync(path.join(root, `.${content.id}-`));
  try {
    const manifest = writeFiles(draft, content);
    replaceFolder(draft, path.join(root, content.id));
    return manifest;
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    throw cause;
  }
}

function writeFiles(folder: string, content: PackageContent): PackageManifest {
  const { files, ...head } = content;
  const listed = [...files]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((file) => {
      const target = path.join(folder, file.name);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, file.content);
      return {
        name: file.name,
        rows: countRows(file),
        sha256: createHash('sha256').update(file.content).digest('hex'),
      };
    });
  const manifest: PackageManifest = { ...head, files: listed };
  writeFileSync(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function replaceFolder(draft: string, target: string): void {
  if (!existsSync(target)) {
    renameSync(draft, target);
    return;
  }
  const old = `${draft}.old`;
  renameSync(target, old);
  try {
    renameSync(draft, target);
  } catch (cause) {
    renameSync(old, target);
    throw cause;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Data rows of a text table (lines less the header row); a JSON file counts as one row. */
function countRows(file: PackageFile): number {
  if (file.name.endsWith('.json')) return 1;
  return Math.max(0, file.content.split('\n').filter((line) => line !== '').length - 1);
}
