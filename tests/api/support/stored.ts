import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { analyzeMembers } from '../../../src/analysis/analyze-members.ts';
import { databaseAccess } from '../../../src/api/access-store.ts';
import { buildApp } from '../../../src/api/app.ts';
import type { ApiDeps } from '../../../src/api/deps.ts';
import { createKey } from '../../../src/api/keys.ts';
import type { Role } from '../../../src/api/roles.ts';
import { analyzeHistory } from '../../../src/engine/analyze.ts';
import { parseHistory } from '../../../src/intake/json/history.ts';
import { historyRecords } from '../../../src/intake/json/records.ts';
import { packageEditions } from '../../../src/reference/fingerprints.ts';
import { rowLocator } from '../../../src/reference/row-locator.ts';
import { createBatch } from '../../../src/store/batches.ts';
import { pingDatabase, withTenant } from '../../../src/store/database.ts';
import { createApiKey, type NewApiKey } from '../../../src/store/tenancy.ts';
import { upsertRecords } from '../../../src/store/upsert-records.ts';
import { addWorkItems } from '../../../src/store/work-items.ts';
import { scratchDatabase } from '../../integration/services.ts';
import { reference, TEST_LIMITS, TODAY } from './app.ts';

const MAPPINGS = path.resolve(import.meta.dirname, '../../../hcc-mappings');
const RUN = '00000000-0000-4000-8000-0000000000ff';

/** The application over a scratch database, with what tests do around it. */
export function storedApp(change: Partial<ApiDeps> = {}) {
  const scratch = scratchDatabase();
  const log: string[] = [];
  const spoolDir = mkdtempSync(path.join(os.tmpdir(), 'hccgap-api-'));
  let app: FastifyInstance | undefined;
  let nudges = 0;
  const now = () => new Date(`${TODAY}T12:00:00Z`);
  beforeAll(async () => {
    app = await buildApp({
      reference: reference(),
      packages: packageEditions(MAPPINGS),
      locateRow: rowLocator(MAPPINGS),
      access: databaseAccess(scratch.db, () => new Date()),
      database: scratch.db,
      spoolDir,
      batches: {
        enqueue: async (tx, batchId) => {
          await addWorkItems(tx, [{ kind: 'intake', batchId, payload: {} }]);
        },
        nudge: () => {
          nudges += 1;
        },
      },
      logger: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
      now,
      limits: TEST_LIMITS,
      oidc: null,
      readiness: { database: () => pingDatabase(scratch.db) },
      ...change,
    });
  });
  afterAll(async () => {
    await app?.close();
    rmSync(spoolDir, { recursive: true, force: true });
  });
  const running = (): FastifyInstance => {
    if (!app) throw new Error('the application is there from beforeAll on');
    return app;
  };
  /** Analyses members again, as the nightly run or a change of settings would. */
  const analyze = async (tenantId: string, memberKeys: readonly string[]): Promise<void> => {
    const summary = await analyzeMembers(
      scratch.db,
      {
        tenantId,
        runId: RUN,
        memberKeys,
        asOf: TODAY,
        paymentYears: null,
        lookbackYears: 2,
      },
      {
        analyze: (history, options, identity) => analyzeHistory(reference(), history, options, identity),
        calendar: reference().calendar,
        now,
        checkpoint: () => undefined,
      },
    );
    if (summary.faults.length > 0) throw summary.faults[0]?.error;
  };
  /** A request with a key. */
  const call = (key: string, request: InjectOptions): Promise<LightMyRequestResponse> =>
    running().inject({ ...request, headers: { 'x-api-key': key, ...request.headers } });
  /** The JSON answer of a GET. */
  const get = async (key: string, url: string) => (await call(key, { url })).json();
  /** A POST, of the version that the person saw where one is given. */
  const post = (key: string, url: string, payload?: object, version?: number) =>
    call(key, {
      method: 'POST',
      url,
      headers: version === undefined ? {} : { 'if-match': `"${version}"` },
      ...(payload ? { payload } : {}),
    });
  return {
    scratch,
    log,
    analyze,
    call,
    get,
    post,
    spoolDir,
    nudges: () => nudges,
    app: running,
    /** A key of a tenant, as text. */
    async key(tenantId: string, role: Role, more: Partial<NewApiKey> = {}): Promise<string> {
      const { key, prefix, hash } = createKey();
      await withTenant(scratch.db, tenantId, (tx) =>
        createApiKey(tx, {
          name: role,
          role,
          prefix,
          hash,
          npi: null,
          contracts: null,
          createdBy: 'test',
          expiresAt: null,
          ...more,
        }),
      );
      return key;
    },
    /** Stores histories and analyses them, as a batch would; returns our keys by the plan's ids. */
    async load(tenantId: string, histories: readonly object[]): Promise<ReadonlyMap<string, string>> {
      const db = scratch.db;
      const records = histories.flatMap((body, index) => {
        const parsed = parseHistory(body);
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
        return [...historyRecords(parsed.history, { file: 'test.ndjson', row: index + 1 })];
      });
      const touched = await withTenant(db, tenantId, async (tx) => {
        const receipt = await createBatch(tx, {
          format: 'json-history',
          asOf: TODAY,
          createdBy: 'test',
          idempotencyKey: null,
          contentSha256: null,
          spool: null,
        });
        return (await upsertRecords(tx, receipt.batch.batchId, records)).touched;
      });
      await analyze(tenantId, touched);
      const { rows } = await scratch.admin.query<{ id: string; external_id: string }>(
        'select id, external_id from members where tenant_id = $1',
        [tenantId],
      );
      return new Map(rows.map((row) => [row.external_id, row.id]));
    },
  };
}
