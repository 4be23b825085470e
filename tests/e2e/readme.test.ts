import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { configMarkdown } from '../../src/config.ts';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

describe('the README is a promise', () => {
  test('the worked example prints what it says', () => {
    const example =
      /<!-- example:score -->\n```sh\necho '(?<request>[^']+)'[^\n]*\n```\n```json\n(?<answer>[\s\S]+?)\n```/.exec(
        readme,
      );
    const printed = execFileSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'score'], {
      cwd: root,
      input: `${example?.groups?.request}\n`,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    expect(JSON.parse(printed)).toEqual(JSON.parse(example?.groups?.answer ?? 'null'));
  });

  test('the table of variables is the one that the program reads', () => {
    expect(readme).toContain(configMarkdown());
  });

  test('its two commands are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(readme).toContain('npm ci && npm run quickstart');
    expect(readme).toContain('npm ci && npm test');
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['quickstart', 'test']));
  });
});
