export type Bench = () => Promise<void> | void;

const WARM_UPS = 2;
const RUNS = 7;

/** What a run took: seconds on the clock and of processors (all threads, garbage collection included). */
export interface Took {
  readonly wall: number;
  readonly processor: number;
}

export const HEADER = [
  '| what | median a second | slowest to fastest | a processor second | runs |',
  '| --- | ---: | ---: | ---: | ---: |',
].join('\n');

/**
 * Runs `work` over `count` things a few times and prints a row of the table: the median rate, the spread, and the
 * median rate a second of processor time, which a busy machine disturbs less.
 */
export function measure(name: string, count: number, work: () => void): void {
  for (let run = 0; run < WARM_UPS; run++) work();
  row(
    name,
    count,
    Array.from({ length: RUNS }, () => {
      const before = process.cpuUsage();
      const start = process.hrtime.bigint();
      work();
      const wall = Number(process.hrtime.bigint() - start) / 1e9;
      const used = process.cpuUsage(before);
      return { wall, processor: (used.user + used.system) / 1e6 };
    }),
  );
}

const rows: string[] = [];

/** Every row printed so far as one table. */
export function wholeTable(): string {
  return [HEADER, ...rows].join('\n');
}

/** Prints the row of runs that were measured elsewhere. */
export function row(name: string, count: number, runs: readonly Took[]): void {
  const rates = runs.map(({ wall }) => count / wall).sort((a, b) => a - b);
  const byProcessor = median(runs.map(({ processor }) => count / processor));
  const line = `| ${name} | ${rate(median(rates))} | ${rate(rates[0] ?? 0)} to ${rate(rates.at(-1) ?? 0)} | ${rate(byProcessor)} | ${runs.length} |`;
  rows.push(line);
  process.stdout.write(`${line}\n`);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function rate(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e3).toFixed(1)} k`;
}

/** A small repeatable generator of pseudo-random integers below a limit. */
export function picker(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}
