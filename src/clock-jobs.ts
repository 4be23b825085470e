import type { Logger } from 'pino';
import { refreshAnalyses } from './analysis/refresh.ts';
import { applyRetention } from './analysis/retention.ts';
import type { Config } from './config.ts';
import { sweepInbox } from './intake/inbox.ts';
import type { Reception } from './intake/receive-batch.ts';
import { dropOldSpools } from './intake/spool-retention.ts';
import { faultOf } from './jobs/log.ts';
import type { ClockJob } from './jobs/workers.ts';
import { withSystem } from './store/database.ts';
import { findTenant, listTenants } from './store/tenancy.ts';

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

export interface ClockJobOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly reception: Reception;
  /** Fingerprint of each mapping package (reference/fingerprints.ts). */
  readonly packages: Readonly<Record<string, string>>;
}

/** Work by the clock. A job of another process may run at the same moment: each says itself what makes that harmless. */
export function clockJobs(options: ClockJobOptions): readonly ClockJob[] {
  const { INBOX_DIR, INBOX_TENANT, INBOX_CRON, NIGHTLY_CRON } = options.config;
  const nightly = { name: 'nightly', cron: NIGHTLY_CRON, run: () => runNightly(options) };
  if (INBOX_DIR === null || INBOX_TENANT === null) return [nightly];
  return [
    nightly,
    { name: 'inbox', cron: INBOX_CRON, run: () => lookIntoInbox(options, INBOX_DIR, INBOX_TENANT) },
  ];
}

/**
 * On start: new editions of the mapping packages make the analyses necessary that they can touch, without waiting for
 * the night.
 */
export async function refreshForPackages(options: ClockJobOptions): Promise<void> {
  await refreshTenants(options, { keepsDay: true });
}

async function runNightly(options: ClockJobOptions): Promise<void> {
  await refreshTenants(options, { keepsDay: false });
  const { reception, logger } = options;
  for (const { tenantId } of await withSystem(reception.database, (tx) => listTenants(tx))) {
    const { database: db, spoolDir } = reception;
    const dropped = await dropOldSpools({ db, spoolDir, tenantId, now: reception.now() });
    const gone = await applyRetention({ db, tenantId, now: reception.now() });
    if (gone.members + gone.rejects > 0)
      logger.info({ tenantId, ...gone }, 'records past their time destroyed');
    if (dropped > 0) logger.info({ tenantId, batches: dropped }, 'raw intake past its time removed');
  }
}

async function refreshTenants(
  { reception, logger, packages }: ClockJobOptions,
  { keepsDay }: { readonly keepsDay: boolean },
): Promise<void> {
  const asOf = reception.now().toISOString().slice(0, 10);
  const { database: db } = reception;
  let made = 0;
  for (const { tenantId } of await withSystem(db, (tx) => listTenants(tx))) {
    const items = await refreshAnalyses({ db, tenantId, basis: { asOf, packages }, keepsDay });
    if (items > 0) logger.info({ tenantId, items }, 'members to be analysed again');
    made += items;
  }
  if (made > 0) reception.batches.nudge();
}

async function lookIntoInbox(
  { config, logger, reception }: ClockJobOptions,
  dir: string,
  tenant: string,
): Promise<void> {
  const found = await withSystem(reception.database, (tx) => findTenant(tx, tenant));
  if (found === undefined) {
    logger.warn('the tenant of the inbox folder does not exist; nothing is taken');
    return;
  }
  try {
    const quiet = config.INBOX_QUIET_MINUTES;
    const sweep = await sweepInbox({
      dir,
      tenantId: found.tenantId,
      reception,
      limitBytes: config.BATCH_LIMIT_MB * MIB,
      quietMs: quiet === 0 ? null : quiet * MINUTE_MS,
    });
    if (sweep.taken > 0) logger.info({ extracts: sweep.taken }, 'extracts taken from the inbox');
    if (sweep.failed > 0)
      logger.error({ extracts: sweep.failed }, 'extracts of the inbox could not be taken');
  } catch (error) {
    logger.error({ fault: faultOf(error) }, 'the inbox folder could not be looked through');
  }
}
