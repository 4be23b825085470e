import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PackageManifest } from '../../src/reference/package.ts';

export interface PackageFile {
  /** File name inside the package, e.g. `hierarchies.csv`. */
  readonly name: string;
  readonly content: string;
}

export interface PackageContent extends Omit<PackageManifest, 'files'> {
  readonly files: readonly PackageFile[];
}

/** Writes one mapping package: its files and a manifest with row counts and SHA-256. Replaces the folder whole. */
export function writePackage(root: string, content: PackageContent): void {
  const folder = path.join(root, content.id);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
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
}

/** Data rows of a text table (lines less the header row); a JSON file counts as one row. */
function countRows(file: PackageFile): number {
  if (file.name.endsWith('.json')) return 1;
  return Math.max(0, file.content.split('\n').filter((line) => line !== '').length - 1);
}
