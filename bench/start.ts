import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../src/paths.ts';
import { median } from './measure.ts';

/** The loader as built beside this bench. */
const LOADER = path.resolve(import.meta.dirname, '../src/reference/load.js');
const RUNS = 5;

/** What it takes to load and verify every mapping package, as the service does at its start. */
const SCRIPT = `
const before = process.cpuUsage();
const began = performance.now();
const { loadReference } = await import(process.argv[1]);
loadReference(process.argv[2]);
const used = process.cpuUsage(before);
const wall = performance.now() - began;
globalThis.gc();
const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
console.log(JSON.stringify({ wall, processor: (used.user + used.system) / 1000, rss, heap: heapUsed + arrayBuffers }));
`;

/** Start-up time and memory with every model loaded. */
export function startBench(): void {
  const runs = Array.from({ length: RUNS }, () => {
    const text = execFileSync(
      process.execPath,
      ['--expose-gc', '--input-type=module', '-e', SCRIPT, LOADER, path.join(packageRoot(), 'hcc-mappings')],
      {
        encoding: 'utf8',
      },
    );
    return JSON.parse(text) as { wall: number; processor: number; rss: number; heap: number };
  });
  const of = (field: 'wall' | 'processor' | 'rss' | 'heap', unit: number): number =>
    Math.round(median(runs.map((run) => run[field])) / unit);
  process.stdout.write(
    `every model and table loaded and verified: ${of('wall', 1)} ms (${of('processor', 1)} ms of processor time), RSS ${of('rss', 2 ** 20)} MiB, of it data ${of('heap', 2 ** 20)} MiB\n`,
  );
}
