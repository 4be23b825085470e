/** Writes the table of environment variables into README.md. Usage: tsx scripts/readme-config.ts */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configMarkdown } from '../src/config.ts';

const file = path.resolve(import.meta.dirname, '../README.md');
const text = readFileSync(file, 'utf8');
writeFileSync(
  file,
  text.replace(
    /<!-- config -->[\s\S]*<!-- \/config -->/,
    () => `<!-- config -->\n${configMarkdown()}\n<!-- /config -->`,
  ),
);
