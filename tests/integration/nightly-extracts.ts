import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { analyzeMembers } from '../../src/analysis/analyze-members.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { readBatch } from '../../src/intake/read-batch.ts';
import { type Reception, receiveBatch, spoolExtract } from '../../src/intake/receive-batch.ts';
import type { IncomingFile } from '../../src/intake/spool.ts';
import { addWorkItems, memberKeysOf } from '../../src/store/work-items.ts';
import { reference } from '../api/support/app.ts';
import type { Scratch } from './services.ts';

export const TODAY = '2026-11-23';

/** A file of a batch: its name and its lines. */
export type Files = Readonly<Record<string, readonly string[]>>;

async function* incoming(files: Files): AsyncGenerator<IncomingFile> {
  for (const [name, rows] of Object.entries(files)) {
    const text = Buffer.from(`${rows.join('\n')}\n`);
    yield {
      name,
      content: (async function* () {
        yield text;
      })(),
    };
  }
}

/** Sends extracts as a night does, and shows what is stored afterwards. */
export function nightlyExtracts(scratch: Scratch) {
  const spoolDir = mkdtempSync(path.join(os.tmpdir(), 'hccgap-truth-'));
  afterAll(() => rmSync(spoolDir, { recursive: true, force: true }));

  /** Sends an extract through the intake and analyses whom it touched, as the workers would. */
  async function send(tenantId: string, files: Files) {
    const { db } = scratch;
    const reception: Reception = {
      database: db,
      spoolDir,
      now: () => new Date(`${TODAY}T12:00:00Z`),
      batches: {
        enqueue: async (tx, batchId) => {
          await addWorkItems(tx, [{ kind: 'intake', batchId, payload: {} }]);
        },
        nudge: () => undefined,
      },
    };
    const extract = await spoolExtract(reception, tenantId, { files: incoming(files), limitBytes: 1e9 });
    const received = await receiveBatch(
      reception,
      { tenantId, subject: 'test' },
      { ...extract, choices: {} },
    );
    if (!received.created) return { ...received, members: 0 };
    const { batchId } = received.batch;
    await readBatch({
      db,
      tenantId,
      batchId,
      reference: reference(),
      spoolDir,
      checkpoint: () => undefined,
      finish: async () => undefined,
    });
    const { rows } = await scratch.admin.query<{ payload: Record<string, unknown> }>(
      `select payload from work_items where batch_id = $1 and kind = 'analysis'`,
      [batchId],
    );
    const memberKeys = rows.flatMap(({ payload }) => memberKeysOf(payload));
    const summary = await analyzeMembers(
      db,
      { tenantId, runId: batchId, memberKeys, asOf: TODAY, paymentYears: null, lookbackYears: 2 },
      {
        analyze: (history, options, identity) => analyzeHistory(reference(), history, options, identity),
        calendar: reference().calendar,
        now: () => new Date(`${TODAY}T12:00:00Z`),
        checkpoint: () => undefined,
      },
    );
    if (summary.faults.length > 0) throw summary.faults[0]?.error;
    return { ...received, members: memberKeys.length };
  }

  /** What a tenant's lists and scores show, by the plan's ids: nothing that depends on when something arrived. */
  async function shown(tenantId: string) {
    const gaps = await scratch.admin.query<{ id: string; year: number; detail: Record<string, unknown> }>(
      `select m.external_id as id, g.payment_year as year, g.detail from gaps g
       join members m on m.tenant_id = g.tenant_id and m.id = g.member_id
       where g.tenant_id = $1 and g.present and g.workflow_status in ('open', 'in_review', 'queried')`,
      [tenantId],
    );
    const scores = await scratch.admin.query(
      `select m.external_id as id, s.payment_year as year, s.part, s.model, s.segment, s.raw_current,
         s.payment_current, s.raw_if_closed, s.payment_if_closed, s.hccs
       from raf_scores s join members m on m.tenant_id = s.tenant_id and m.id = s.member_id where s.tenant_id = $1`,
      [tenantId],
    );
    const unspecified = await scratch.admin.query(
      `select m.external_id as id, u.payment_year as year, u.code, u.weight from unspecified_findings u
       join members m on m.tenant_id = u.tenant_id and m.id = u.member_id where u.tenant_id = $1`,
      [tenantId],
    );
    const texts = [
      ...gaps.rows.map(({ id, year, detail: { gapId: _gapId, ...gap } }) => JSON.stringify([id, year, gap])),
      ...scores.rows.map((row) => JSON.stringify(row)),
      ...unspecified.rows.map((row) => JSON.stringify(row)),
    ];
    return texts.sort();
  }

  return { send, shown };
}
