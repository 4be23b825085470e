export type Bench = () => Promise<void> | void;

const WARM_UPS = 2;
const RUNS = 7;

/**
 * Runs `work` over `count` things a few times and prints the median rate, the spread, and the median rate a second
 * of processor time (garbage collection included), which a busy machine disturbs less.
 */
export function measure(name: string, count: number, work: () => void): void {
  for (let run = 0; run < WARM_UPS; run++) work();
  const rates: number[] = [];
  const byProcessor: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    const start = process.hrtime.bigint();
    work();
    rates.push(count / (Number(process.hrtime.bigint() - start) / 1e9));
    const used = process.cpuUsage(before);
    byProcessor.push(count / ((used.user + used.system) / 1e6));
  }
  rates.sort((a, b) => a - b);
  byProcessor.sort((a, b) => a - b);
  const [slowest = 0, median = 0, fastest = 0] = [rates[0], rates[RUNS >> 1], rates.at(-1)];
  process.stdout.write(
    `  ${name.padEnd(44)} ${thousands(median).padStart(9)}/s  (${thousands(slowest)} to ${thousands(fastest)}; ${thousands(byProcessor[RUNS >> 1] ?? 0)} a processor second)\n`,
  );
}

function thousands(rate: number): string {
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} M` : `${(rate / 1e3).toFixed(1)} k`;
}

/** A small repeatable generator of pseudo-random integers below a limit. */
export function picker(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}
