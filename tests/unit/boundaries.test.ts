import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
/** Rank of a room; an import may only go to a lower rank, or stay in its room. */
const RANK: Readonly<Record<string, number>> = {
  engine: 0,
  reference: 1,
  jobs: 1,
  store: 1,
  intake: 2,
  analysis: 2,
  analytics: 2,
  worklists: 2,
  api: 3,
  cli: 4,
  'clock-jobs': 3.4,
  composition: 3.5,
  runtime: 3.6,
  config: -1,
  paths: -2,
};
/** `jobs` leases its items through `store`; the reverse is not allowed. `reference` stands beside both. */
const SAME_RANK_ALLOWED = new Set(['jobs>store', 'analysis>worklists', 'analytics>worklists']);

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

const files = sources('src');

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function localImports(file: string): string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => path.normalize(path.join(path.dirname(file), target)));
}

function room(file: string): string {
  const [, first = ''] = file.split(path.sep);
  return first.replace(/\.ts$/, '');
}

describe('imports run one way', () => {
  test.each(files)('%s', (file) => {
    const from = room(file);
    const bad = localImports(file).filter((target) => {
      const to = room(target);
      if (to === from) return false;
      const fromRank = RANK[from];
      const toRank = RANK[to];
      if (fromRank === undefined || toRank === undefined) return true;
      return !(toRank < fromRank || SAME_RANK_ALLOWED.has(`${from}>${to}`));
    });
    expect(bad).toEqual([]);
  });

  test('the engine imports nothing from outside itself', () => {
    const outside = files
      .filter((file) => room(file) === 'engine')
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => !target.startsWith('.'))
          .map((target) => `${file}: ${target}`),
      );
    expect(outside).toEqual([]);
  });

  test('there are no cycles', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(' > '));
        return;
      }
      state.set(file, 'open');
      for (const next of valueImports(file)) visit(next, [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

/** Imports that exist at run time: a type-only import cannot make a cycle. */
function valueImports(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)(?!\s+type\b)[^;]*?from\s+'(\.[^']+)'/gms)]
    .map((match) => path.normalize(path.join(path.dirname(file), match[1] ?? '')))
    .filter((target) => files.includes(target));
}
