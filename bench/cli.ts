import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../src/paths.ts';
import { loadReference } from '../src/reference/load.ts';
import { DIAGNOSES, inventedLines } from './invented-requests.ts';
import { median, row, type Took } from './measure.ts';

/** The command as built beside this bench. */
const CLI = path.resolve(import.meta.dirname, '../src/cli/main.js');
const LINES = 400_000;
const RUNS = 5;

/**
 * `hccgap score` as a process of its own, from a file to a file: V28, every factor, bytes in to bytes out. Once whole,
 * once less the start-up, which is that of a run on one line.
 */
export async function cliBench(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hccgap-bench-'));
  try {
    const reference = loadReference(path.join(packageRoot(), 'hcc-mappings'));
    const lines = inventedLines(reference, { model: 'cms-hcc-v28', paymentYear: 2027 }, 50_000);
    const block = `${lines.join('\n')}\n`;
    const many = path.join(folder, 'many.ndjson');
    const one = path.join(folder, 'one.ndjson');
    writeFileSync(one, `${lines[0]}\n`);
    writeFileSync(many, block.repeat(LINES / lines.length));
    const whole: Took[] = [];
    const start: Took[] = [];
    for (let run = 0; run < RUNS; run++) {
      start.push(await score(one, path.join(folder, 'out.ndjson')));
      whole.push(await score(many, path.join(folder, 'out.ndjson')));
    }
    const startWall = median(start.map(({ wall }) => wall));
    const startProcessor = median(start.map(({ processor }) => processor));
    const name = `hccgap score, NDJSON to NDJSON, V28, ${DIAGNOSES} diagnoses, every factor`;
    row(`${name}, whole process (${LINES} lines)`, LINES, whole);
    row(
      `${name}, less start-up`,
      LINES,
      whole.map(({ wall, processor }) => ({ wall: wall - startWall, processor: processor - startProcessor })),
    );
    process.stdout.write(
      `\nhccgap score of one line: ${Math.round(startWall * 1000)} ms, ${Math.round(startProcessor * 1000)} ms of processor time\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One run. The processor time of a child is what bash says of it. */
async function score(input: string, output: string): Promise<Took> {
  const out = openSync(output, 'w');
  const began = process.hrtime.bigint();
  const script = 'TIMEFORMAT="%U %S"; time "$0" "$1" score --input "$2" 2>/dev/null';
  const child = spawn('bash', ['-c', script, process.execPath, CLI, input], {
    stdio: ['ignore', out, 'pipe'],
  });
  let times = '';
  child.stderr?.on('data', (text: Buffer) => {
    times += text.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wall = Number(process.hrtime.bigint() - began) / 1e9;
  closeSync(out);
  if (code !== 0) throw new Error(`hccgap score ended with ${code}`);
  const [user = 0, system = 0] = times.trim().split(' ').map(Number);
  return { wall, processor: user + system };
}
