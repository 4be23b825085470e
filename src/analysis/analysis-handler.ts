/**
 * Does the work items of kind `analysis`: the members of one chunk.
 * At least once: an item is done again after a death or a failure. A repeat is harmless because the same histories
 * give the same rows, and because results and completion are one transaction.
 * The first attempt takes the chunk whole. After a death or a failure the members go one by one, each in its own
 * transaction, so that the one at fault is found: one that throws is noted and left out, one that ends the process
 * (a second time, the attempt that took the chunk whole being the first) is set aside.
 */
import { DEFAULT_LOOKBACK_YEARS } from '../engine/analysis-contract.ts';
import { faultOf } from '../jobs/log.ts';
import { type ItemContext, type ItemHandler, ShutdownError } from '../jobs/run-item.ts';
import { withTenant } from '../store/database.ts';
import {
  LeaseLostError,
  memberKeysOf,
  quarantinedMembers,
  quarantineMember,
  recordMemberFailures,
  type WorkItem,
} from '../store/work-items.ts';
import {
  type AnalysisPorts,
  type AnalysisRun,
  type AnalysisSummary,
  analyzeMembers,
  analyzeMembersIn,
  type MemberFault,
} from './analyze-members.ts';

export interface AnalysisHandlerOptions extends Omit<AnalysisPorts, 'checkpoint'> {
  /** Years of history before D that are read (default: {@link DEFAULT_LOOKBACK_YEARS}). */
  readonly lookbackYears?: number;
}

export function analysisHandler(options: AnalysisHandlerOptions): ItemHandler {
  return async (item, context) => {
    const ports: AnalysisPorts = { ...options, checkpoint: context.checkpoint };
    const run = runOf(item, options);
    if (item.deaths === 0 && item.attempts === 1) {
      await withTenant(context.db, item.tenantId, async (tx) => {
        const summary = await analyzeMembersIn(tx, run, ports);
        await noteFaults(tx, item, summary.faults);
        await context.complete(tx, outcomeOf(summary, 0));
      });
      return;
    }
    await oneByOne(item, context, run, ports);
  };
}

function runOf(item: WorkItem, options: AnalysisHandlerOptions): AnalysisRun {
  const { asOf, paymentYears } = item.payload;
  if (typeof asOf !== 'string') throw new TypeError('an analysis item names no date');
  return {
    tenantId: item.tenantId,
    runId: item.batchId ?? item.id,
    memberKeys: memberKeysOf(item.payload),
    asOf,
    paymentYears: Array.isArray(paymentYears) ? paymentYears.map(Number) : null,
    lookbackYears: options.lookbackYears ?? DEFAULT_LOOKBACK_YEARS,
  };
}

async function oneByOne(
  item: WorkItem,
  context: ItemContext,
  run: AnalysisRun,
  ports: AnalysisPorts,
): Promise<void> {
  const { db } = context;
  const { currentMember } = item;
  if (item.deaths > 1 && currentMember !== null) {
    await withTenant(db, item.tenantId, (tx) => quarantineMember(tx, { item, memberKey: currentMember }));
  }
  const setAside = await withTenant(db, item.tenantId, (tx) => quarantinedMembers(tx, run.memberKeys));
  const summaries: AnalysisSummary[] = [];
  for (const memberKey of run.memberKeys.filter((key) => !setAside.has(key))) {
    context.checkpoint();
    await context.noteMember(memberKey);
    summaries.push(await analyzeAlone(context, { ...run, memberKeys: [memberKey] }, ports));
  }
  await context.noteMember(null);
  const sum = (field: 'membersDone' | 'gapsOpened' | 'gapsClosed') =>
    summaries.reduce((total, summary) => total + summary[field], 0);
  const summary: AnalysisSummary = {
    membersDone: sum('membersDone'),
    gapsOpened: sum('gapsOpened'),
    gapsClosed: sum('gapsClosed'),
    faults: summaries.flatMap((part) => part.faults),
  };
  await withTenant(db, item.tenantId, async (tx) => {
    await noteFaults(tx, item, summary.faults);
    await context.complete(tx, outcomeOf(summary, setAside.size));
  });
}

/** One member in its own transaction; a fault of the database counts as the member's too. */
async function analyzeAlone(
  context: ItemContext,
  run: AnalysisRun,
  ports: AnalysisPorts,
): Promise<AnalysisSummary> {
  try {
    return await analyzeMembers(context.db, run, ports);
  } catch (error) {
    if (error instanceof ShutdownError || error instanceof LeaseLostError || isOutage(error)) throw error;
    const faults = run.memberKeys.map((memberKey) => ({ memberKey, error }));
    return { membersDone: 0, faults, gapsOpened: 0, gapsClosed: 0 };
  }
}

/** The database is away or ended the connection: nobody's fault, and the item is tried again (SQLSTATE 08, 53, 57). */
function isOutage(error: unknown): boolean {
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    const code = 'code' in fault ? String(fault.code) : '';
    if (/^(08|40|53|55|57)|^E[A-Z]+$/.test(code) || /connection/i.test(fault.message)) return true;
  }
  return false;
}

async function noteFaults(
  tx: Parameters<typeof recordMemberFailures>[0],
  item: WorkItem,
  faults: readonly MemberFault[],
): Promise<void> {
  for (const { memberKey, error } of faults) {
    await recordMemberFailures(tx, item, [memberKey], { kind: 'error', error: faultOf(error) });
  }
}

function outcomeOf(summary: AnalysisSummary, setAside: number) {
  return {
    membersDone: summary.membersDone,
    membersFailed: summary.faults.length + setAside,
    gapsOpened: summary.gapsOpened,
    gapsClosed: summary.gapsClosed,
  };
}
