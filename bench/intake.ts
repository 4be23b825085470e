import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { generateExtract } from '../seeds/scale.ts';
import { fileInput } from '../src/intake/archive.ts';
import { intakeLookups } from '../src/intake/lookups.ts';
import { parseBatch } from '../src/intake/parse-batch.ts';
import { intakeOptions } from '../src/intake/parser.ts';
import { readBatch } from '../src/intake/read-batch.ts';
import { type Reception, receiveBatch, spoolExtract } from '../src/intake/receive-batch.ts';
import { loadReference } from '../src/reference/load.ts';
import { openDatabase, withSystem } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import type { CanonicalRecord } from '../src/store/records.ts';
import { createTenant } from '../src/store/tenancy.ts';
import { addWorkItems, memberKeysOf } from '../src/store/work-items.ts';
import type { FromWorker, ToWorker } from './intake-worker.ts';

const AS_OF = '2026-11-23';
const ADMIN_URL = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
/** Analysis processes, as `--scale worker=2` of docker-compose.yml makes them; the young generation as there. */
const WORKERS = 2;
const WORKER_FLAGS = ['--max-semi-space-size=32'];

/**
 * The nightly load, stage by stage: `npm run bench -- intake --members N`. In the same run the same rows go by a bare
 * COPY into one table with one index, which is what the stages are measured against: a table that is indexed already.
 * The figure with the index made afterwards stands beside it.
 */
export async function intakeBench(): Promise<void> {
  const { values } = parseArgs({
    options: { members: { type: 'string', default: '10000' } },
    allowPositionals: true,
    strict: false,
  });
  const members = Number(values.members);
  const folder = mkdtempSync(path.join(tmpdir(), 'hccgap-bench-'));
  const name = `hccgap_bench_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: ADMIN_URL });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${name}`;
  const db = { ...openDatabase({ url: url.toString(), max: 6 }), url: url.toString() };
  try {
    await migrate(db.pool);
    await run({ members, folder, db });
  } finally {
    await db.pool.end();
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly members: number;
  readonly folder: string;
  readonly db: ReturnType<typeof openDatabase> & { readonly url: string };
}

async function run({ members, folder, db }: Place): Promise<void> {
  const extract = await generateExtract({ members, seed: 1, outDir: path.join(folder, 'extract') });
  const reference = loadReference('hcc-mappings');
  const megabytes = Math.round(extract.bytes / 1e6);
  print(`${members} members, ${extract.claims} claims, ${extract.diagnoses} diagnoses, ${megabytes} MB`);

  const { indexedAfter, indexedBefore: bare } = await bareCopy(
    db,
    extract.files,
    path.join(folder, 'bare.txt'),
  );
  line('bare COPY, index made after it', indexedAfter);
  line('bare COPY into an indexed table', bare);

  const rows = { parsed: 0 };
  const inputs = extract.files.map((file) => fileInput(path.basename(file), file));
  const options = intakeOptions({ asOf: AS_OF, lookups: intakeLookups(reference) });
  const parse = await timed(async () => {
    for await (const event of parseBatch(inputs, options)) if (event.type === 'record') rows.parsed += 1;
    return rows.parsed;
  });
  line('parse alone', parse, bare);

  const spoolDir = path.join(folder, 'spool');
  const tenant = await withSystem(db, (tx) => createTenant(tx, 'bench'));
  const tenantId = tenant?.tenantId ?? '';
  const reception: Reception = {
    database: db,
    spoolDir,
    now: () => new Date(`${AS_OF}T12:00:00Z`),
    batches: {
      enqueue: async (tx, batchId) => {
        await addWorkItems(tx, [{ kind: 'intake', batchId, payload: {} }]);
      },
      nudge: () => undefined,
    },
  };
  let batchId = '';
  const receive = async (choices: object) => {
    const files = (async function* () {
      for (const file of extract.files) yield { name: path.basename(file), content: createReadStream(file) };
    })();
    const spooled = await spoolExtract(reception, tenantId, { files, limitBytes: Number.MAX_SAFE_INTEGER });
    const { batch } = await receiveBatch(reception, { tenantId, subject: 'bench' }, { ...spooled, choices });
    batchId = batch.batchId;
  };
  const read = () =>
    timed(async () => {
      await readBatch({
        db,
        tenantId,
        batchId,
        reference,
        spoolDir,
        checkpoint: () => undefined,
        finish: async () => undefined,
      });
      return rows.parsed;
    });
  await receive({});
  const first = await read();
  line('read: parse, stage by COPY, merge', first, bare);
  await receive({ delimiter: ',' });
  line('read again, nothing changed', await read(), bare);

  const { rows: items } = await db.pool.query<{ payload: Record<string, unknown> }>(
    `select payload from work_items where kind = 'analysis'`,
  );
  const chunks = items.map(({ payload }) => memberKeysOf(payload));
  const peaks: number[] = [];
  const analyzed = await timed(async () => {
    const place = { url: db.url, tenantId, runId: batchId, asOf: AS_OF };
    peaks.push(...(await Promise.all(Array.from({ length: WORKERS }, () => drain(place, chunks)))));
    return members;
  });
  print(
    `  analysis, ${WORKERS} processes            ${Math.round(members / (analyzed.ms / 1000))} members/s, ${seconds(analyzed.ms)} s, x ${(analyzed.ms / bare.ms).toFixed(1)} (start of the processes included)`,
  );
  const total = first.ms + analyzed.ms;
  print(
    `  read and analysis               ${seconds(total)} s, x ${(total / bare.ms).toFixed(1)} of the bare COPY`,
  );
  const memory = [process.resourceUsage().maxRSS * 1024, ...peaks].map((bytes) => Math.round(bytes / 1e6));
  print(
    `  largest resident memory         reading ${memory[0]} MB, analysis ${memory.slice(1).join(', ')} MB`,
  );
  print(
    `  bottleneck                      ${first.ms > analyzed.ms ? 'reading (one process, one connection)' : 'analysis (processor time of its processes)'}`,
  );
}

/** One analysis process works off the chunks that nobody has taken yet; returns its largest resident memory. */
async function drain(place: ToWorker, chunks: (readonly string[])[]): Promise<number> {
  const worker = fork(new URL('./intake-worker.js', import.meta.url), { execArgv: WORKER_FLAGS });
  return new Promise((resolve, reject) => {
    worker.once('exit', (code) => reject(new Error(`an analysis process ended with ${code}`)));
    worker.on('message', ({ peak }: FromWorker) => {
      const memberKeys = chunks.shift();
      if (memberKeys !== undefined) {
        worker.send({ memberKeys } satisfies ToWorker);
        return;
      }
      worker.removeAllListeners('exit');
      worker.disconnect();
      resolve(peak);
    });
    worker.send(place);
  });
}

interface Timing {
  readonly ms: number;
  readonly rows: number;
}

async function timed(work: () => Promise<number>): Promise<Timing> {
  const start = performance.now();
  const rows = await work();
  return { ms: performance.now() - start, rows };
}

/** The canonical rows are members, spans, encounters, lines and diagnoses: the bare table gets one row for each. */
async function bareCopy(
  db: Place['db'],
  files: readonly string[],
  text: string,
): Promise<{ readonly indexedAfter: Timing; readonly indexedBefore: Timing }> {
  const reference = loadReference('hcc-mappings');
  const inputs = files.map((file) => fileInput(path.basename(file), file));
  const options = intakeOptions({ asOf: AS_OF, lookups: intakeLookups(reference) });
  let rows = 0;
  // On disk, so that what is measured of the reading is not the memory of this.
  await pipeline(
    (async function* () {
      let block = '';
      for await (const event of parseBatch(inputs, options)) {
        if (event.type !== 'record') continue;
        rows += 1;
        block += `${bareRow(event.record)}\n`;
        if (block.length < 1_000_000) continue;
        yield block;
        block = '';
      }
      yield block;
    })(),
    createWriteStream(text),
  );
  const client = await db.pool.connect();
  const index = 'create index on bare (member, kind, key)';
  const copy = () =>
    pipeline(
      createReadStream(text, { highWaterMark: 1_048_576 }),
      client.query(copyFrom('copy bare from stdin')),
    );
  const made = 'create table bare (member text, kind text, key text, code text, value text)';
  try {
    await client.query(made);
    const indexedAfter = await timed(async () => {
      await copy();
      await client.query(index);
      return rows;
    });
    await client.query('drop table bare');
    await client.query(made);
    await client.query(index);
    const indexedBefore = await timed(async () => {
      await copy();
      return rows;
    });
    return { indexedAfter, indexedBefore };
  } finally {
    client.release();
  }
}

function bareRow(record: CanonicalRecord): string {
  const { memberId, kind } = record;
  switch (record.kind) {
    case 'encounter':
      return `${memberId}\t${kind}\t${record.encounter.encounterId}\t${record.encounter.placeOfService}\t${record.encounter.from} ${record.encounter.to} ${record.encounter.setting} ${record.encounter.provider?.npi ?? ''}`;
    case 'service_line':
      return `${memberId}\t${kind}\t${record.encounterId}\t${record.line.procedure ?? ''}\t${record.line.date ?? ''}`;
    case 'diagnosis':
      return `${memberId}\t${kind}\t${record.encounterId}\t${record.code}\t${record.position ?? ''}`;
    case 'coverage':
      return `${memberId}\t${kind}\t${record.period.contractId ?? ''}\t${record.period.planId ?? ''}\t${record.period.from}`;
    case 'member':
      return `${memberId}\t${kind}\t${record.birthDate ?? ''}\t${record.sex ?? ''}\t${record.pcpNpi ?? ''}`;
    default:
      return `${memberId}\t${kind}\t\t\t`;
  }
}

function line(label: string, { ms, rows }: Timing, bare?: Timing): void {
  const ratio = bare === undefined ? '' : `, x ${(ms / bare.ms).toFixed(1)}`;
  print(`  ${label.padEnd(32)}${Math.round(rows / (ms / 1000))} rows/s, ${seconds(ms)} s${ratio}`);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
