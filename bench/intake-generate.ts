import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateExtract } from '../seeds/scale.ts';
import { fileInput } from '../src/intake/archive.ts';
import { parseBatch } from '../src/intake/parse-batch.ts';
import { intakeOptions } from '../src/intake/parser.ts';

/**
 * Flat-file intake alone: writes an extract and reads it into records, without a database.
 * `tsx bench/intake-generate.ts --members 100000 [--keep folder]`; with `--keep` the extract stays for other benches.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { members: { type: 'string', default: '20000' }, keep: { type: 'string' } },
  });
  const members = Number(values.members);
  const outDir = values.keep ?? mkdtempSync(path.join(tmpdir(), 'hccgap-bench-'));
  try {
    const wrote = process.hrtime.bigint();
    const extract = await generateExtract({ members, seed: 1, outDir });
    line('write', seconds(wrote), extract.members, extract.bytes);
    const began = process.hrtime.bigint();
    const inputs = extract.files.map((file) => fileInput(path.basename(file), file));
    let records = 0;
    let findings = 0;
    let peak = 0;
    for await (const event of parseBatch(inputs, intakeOptions({ asOf: '2026-11-23' }))) {
      if (event.type === 'record') records += 1;
      if (event.type === 'finding') findings += 1;
      if (records % 100_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    }
    line('read', seconds(began), extract.members, extract.bytes);
    process.stdout.write(
      `${extract.diagnoses} diagnoses, ${records} records, ${findings} findings, peak ${Math.round(peak / 1_048_576)} MiB\n`,
    );
  } finally {
    if (values.keep === undefined) rmSync(outDir, { recursive: true, force: true });
  }
}

function seconds(since: bigint): number {
  return Number(process.hrtime.bigint() - since) / 1e9;
}

function line(what: string, took: number, members: number, bytes: number): void {
  const rate = Math.round(members / took);
  const megabytes = (bytes / took / 1e6).toFixed(1);
  process.stdout.write(`${what}: ${took.toFixed(2)} s, ${rate} members/s, ${megabytes} MB/s\n`);
}

await main();
