import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { entryStream, openZip, zipEntries } from '../../../src/intake/zip.ts';

/** The files of a zip, by name. */
export async function unzip(bytes: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hccgap-packet-'));
  try {
    const file = path.join(folder, 'packet.zip');
    writeFileSync(file, bytes);
    const zip = await openZip(file);
    const files = new Map<string, Buffer>();
    for await (const entry of zipEntries(zip)) {
      const parts: Buffer[] = [];
      for await (const part of await entryStream(zip, entry)) parts.push(part);
      files.set(entry.fileName, Buffer.concat(parts));
    }
    zip.close();
    return files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
