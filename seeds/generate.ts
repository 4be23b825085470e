import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../src/paths.ts';
import { loadReference } from '../src/reference/load.ts';
import { checkCodes } from './check-codes.ts';
import { buildExtract, fileText } from './extract.ts';
import { SEED, SEED_MEMBERS } from './size.ts';

/** Writes `seeds/extract/`: one file a table. Throws when a code of the extract is in none of the code tables. */
function main(): void {
  const root = packageRoot();
  const extract = buildExtract(SEED_MEMBERS, SEED);
  const problems = checkCodes(extract, loadReference(path.join(root, 'hcc-mappings')));
  if (problems.length > 0) throw new Error(`the extract uses unknown codes:\n${problems.join('\n')}`);
  const folder = path.join(root, 'seeds', 'extract');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [table, rows] of extract) {
    writeFileSync(path.join(folder, `${table}.csv`), fileText(table, rows));
    process.stderr.write(`${table}: ${rows.length} rows\n`);
  }
}

main();
