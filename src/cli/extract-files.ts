import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { IncomingFile } from '../intake/spool.ts';
import { CommandError } from './exit.ts';

/** The files of a path: the file itself, or every file below a folder, in the order of their names. */
export async function filesBelow(place: string): Promise<readonly string[]> {
  const found = await stat(place).catch((cause: unknown) => {
    throw new CommandError(`there is no file or folder ${place}`, 2, { cause });
  });
  if (!found.isDirectory()) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw new CommandError(`the folder ${place} holds no file`);
  return files;
}

/** Opens the files one after another, as an extract of one batch. */
export async function* openFiles(files: readonly string[]): AsyncGenerator<IncomingFile> {
  for (const file of files) yield { name: path.basename(file), content: createReadStream(file) };
}
