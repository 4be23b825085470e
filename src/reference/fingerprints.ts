import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listPackages } from './package.ts';

/**
 * Fingerprint of each mapping package: the SHA-256 of its manifest, which holds the checksum of every file. Two
 * packages of one fingerprint give the same answers.
 */
export function packageFingerprints(root: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listPackages(root).map((id) => [
      id,
      createHash('sha256')
        .update(readFileSync(path.join(root, id, 'manifest.json')))
        .digest('hex'),
    ]),
  );
}
