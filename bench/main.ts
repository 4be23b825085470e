/**
 * Repeatable benchmarks. Usage: npm run bench -- [NAME …] (default: all). Prints the machine, the Node version and
 * the median of several runs; nothing here is a test.
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { analyzeBench } from './analyze.ts';
import { apiBench } from './api.ts';
import { cliBench } from './cli.ts';
import { intakeBench } from './intake.ts';
import { type Bench, HEADER, wholeTable } from './measure.ts';
import { scoreBench } from './score.ts';
import { startBench } from './start.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  start: startBench,
  score: scoreBench,
  cli: cliBench,
  api: apiBench,
  analyze: analyzeBench,
  intake: intakeBench,
};

const asked = process.argv.slice(2).filter((name) => !name.startsWith('-') && !/^\d+$/.test(name));
const unknown = asked.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(`no bench ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const memory = Math.round(totalmem() / 2 ** 30);
  process.stdout.write(
    `machine: ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads, ${memory} GiB; Node ${process.version}; load ${loadavg()[0]?.toFixed(1)}\n`,
  );
  const names = asked.length > 0 ? asked : Object.keys(BENCHES);
  for (const name of names) {
    process.stdout.write(name === 'start' ? '\n' : `\n${name}\n\n${HEADER}\n`);
    await BENCHES[name]?.();
  }
  if (names.length > 1) {
    process.stdout.write(`\nall of it, load at the end ${loadavg()[0]?.toFixed(1)}\n\n${wholeTable()}\n`);
  }
}
