import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pino } from 'pino';
import { buildApp } from '../src/api/app.ts';
import { type AccessStore, DEFAULT_LIMITS } from '../src/api/deps.ts';
import { createKey } from '../src/api/keys.ts';
import { readSettings } from '../src/api/settings.ts';
import { packageRoot } from '../src/paths.ts';
import { loadReference } from '../src/reference/load.ts';
import { openDatabase } from '../src/store/database.ts';
import { DIAGNOSES, inventedLines } from './invented-requests.ts';
import { row, type Took } from './measure.ts';

const LINES = 100_000;
const RUNS = 5;

/** The API's bulk route over a socket of this machine, access kept in memory; the client is in the same process. */
export async function apiBench(): Promise<void> {
  const reference = loadReference(path.join(packageRoot(), 'hcc-mappings'));
  const { key, access } = oneKey();
  const database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' });
  const app = await buildApp({
    reference,
    packages: {},
    access,
    database,
    spoolDir: '/nonexistent',
    batches: { enqueue: async () => undefined, nudge: () => undefined },
    logger: pino({ level: 'silent' }),
    now: () => new Date(),
    limits: { ...DEFAULT_LIMITS, shedAboveDelayMs: 0 },
    oidc: null,
    readiness: {},
  });
  try {
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const lines = inventedLines(reference, { model: 'cms-hcc-v28', paymentYear: 2027 }, LINES);
    const body = Buffer.from(`${lines.join('\n')}\n`);
    const runs: Took[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const before = process.cpuUsage();
      const began = process.hrtime.bigint();
      const answered = await post({ port, key, body });
      if (answered !== LINES) throw new Error(`${answered} of ${LINES} lines were answered`);
      const wall = Number(process.hrtime.bigint() - began) / 1e9;
      const used = process.cpuUsage(before);
      // The first run makes codes and members known.
      if (run > 0) runs.push({ wall, processor: (used.user + used.system) / 1e6 });
    }
    row(
      `POST /v1/raf/score, NDJSON, V28, ${DIAGNOSES} diagnoses, every factor (${LINES} lines)`,
      LINES,
      runs,
    );
  } finally {
    await app.close();
    await database.pool.end();
  }
}

function post(ask: { readonly port: number; readonly key: string; readonly body: Buffer }): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: ask.port,
        method: 'POST',
        path: '/v1/raf/score',
        headers: {
          'content-type': 'application/x-ndjson',
          'x-api-key': ask.key,
          'transfer-encoding': 'chunked',
        },
      },
      (answer) => {
        let lines = 0;
        answer.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
        });
        answer.once('end', () => resolve(lines));
        answer.once('error', reject);
      },
    );
    sent.once('error', reject);
    sent.end(ask.body);
  });
}

/** An access store with one analyst's key: the bench measures the route, not the database. */
function oneKey(): { readonly key: string; readonly access: AccessStore } {
  const { key, prefix, hash } = createKey();
  const settings = readSettings(undefined);
  const stored = {
    keyId: prefix,
    tenantId: '00000000-0000-4000-8000-00000000000a',
    secretHash: hash,
    role: 'analyst',
    expiresAt: null,
    revokedAt: null,
    npi: null,
    contracts: null,
  };
  return {
    key,
    access: {
      findKey: async (asked) => (asked === prefix ? stored : undefined),
      settings: async () => settings,
      forget: () => undefined,
      recordAccess: async () => undefined,
      claimIdempotencyKey: async () => ({ state: 'new' }),
      finishIdempotencyKey: async () => undefined,
    },
  };
}
