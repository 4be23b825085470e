/**
 * Builds `hcc-mappings/` from the reference tables. Usage: npm run mappings:build -- [SOURCE] [package …]
 * SOURCE is the folder that holds `reference/` and `domain/` (default `../shared`).
 */
import path from 'node:path';
import { packageBuilders } from './builders.ts';
import { writePackage } from './package-writer.ts';

const [source = '../shared', ...only] = process.argv.slice(2);
const root = path.resolve(import.meta.dirname, '../../hcc-mappings');
for (const [id, build] of Object.entries(packageBuilders)) {
  if (only.length > 0 && !only.includes(id)) continue;
  const content = build(path.resolve(source));
  writePackage(root, content);
  process.stderr.write(`${id}: ${content.files.length} files\n`);
}
