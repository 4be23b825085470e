/**
 * Repeatable benchmarks. Usage: npm run bench -- [NAME …] (default: all). Prints the machine, the Node version and
 * the median of several runs; nothing here is a test.
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { analyzeBench } from './analyze.ts';
import { intakeBench } from './intake.ts';
import type { Bench } from './measure.ts';
import { scoreBench } from './score.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  score: scoreBench,
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
  for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
    process.stdout.write(`\n${name}\n`);
    await BENCHES[name]?.();
  }
}
