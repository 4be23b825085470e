import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../../src/api/app.ts';
import { type ApiDeps, DEFAULT_LIMITS } from '../../../src/api/deps.ts';
import type { ReferenceData } from '../../../src/engine/reference-data.ts';
import { loadReference } from '../../../src/reference/load.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { MemoryAccess } from './access.ts';

let loaded: ReferenceData | undefined;

/** The mapping packages, loaded once a test file. */
export function reference(): ReferenceData {
  loaded ??= loadReference(path.resolve(import.meta.dirname, '../../../hcc-mappings'));
  return loaded;
}

/** Tests share a machine: a slow one must not shed their requests. */
export const TEST_LIMITS = { ...DEFAULT_LIMITS, shedAboveDelayMs: 0 };

export const TODAY = '2026-11-23';

export interface TestApp {
  readonly app: FastifyInstance;
  readonly access: MemoryAccess;
  /** Every log line written so far. */
  readonly log: string[];
}

/** The application with access kept in memory, a fixed clock and a log that can be read. */
export async function testApp(change: Partial<ApiDeps> = {}): Promise<TestApp> {
  const access = new MemoryAccess();
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(line) });
  const app = await buildApp({
    reference: reference(),
    packages: {},
    access,
    // Nothing listens there: a stateless test that reaches for the database fails.
    database: openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' }),
    spoolDir: '/nonexistent',
    batches: { enqueue: async () => undefined, nudge: () => undefined },
    logger,
    now: () => new Date(`${TODAY}T12:00:00Z`),
    limits: TEST_LIMITS,
    oidc: null,
    readiness: {},
    ...change,
  });
  return { app, access, log };
}
