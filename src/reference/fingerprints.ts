import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listPackages, openPackage } from './package.ts';

/** A mapping package as it is loaded: its edition in words, and its fingerprint. */
export interface PackageEdition {
  readonly edition: string;
  readonly sha256: string;
}

function fingerprintOf(root: string, id: string): string {
  return createHash('sha256')
    .update(readFileSync(path.join(root, id, 'manifest.json')))
    .digest('hex');
}

/**
 * Fingerprint of each mapping package: the SHA-256 of its manifest, which holds the checksum of every file. Two
 * packages of one fingerprint give the same answers.
 */
export function packageFingerprints(root: string): Readonly<Record<string, string>> {
  return Object.fromEntries(listPackages(root).map((id) => [id, fingerprintOf(root, id)]));
}

/** Edition and fingerprint of each mapping package; throws PackageError where one is not whole. */
export function packageEditions(root: string): Readonly<Record<string, PackageEdition>> {
  return Object.fromEntries(
    listPackages(root).map((id) => [
      id,
      { edition: openPackage(root, id).manifest.version, sha256: fingerprintOf(root, id) },
    ]),
  );
}
