import { existsSync } from 'node:fs';
import path from 'node:path';

/** Folder of the package (where package.json lies), from the sources as well as from the build. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('package.json not found above the program');
    folder = parent;
  }
  return folder;
}
