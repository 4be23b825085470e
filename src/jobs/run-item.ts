import { randomUUID } from 'node:crypto';
import { type Database, type TenantTx, withSystem, withTenant } from '../store/database.ts';
import {
  abandonWorkItem,
  completeWorkItem,
  type ItemOutcome,
  LeaseLostError,
  leaseWorkItem,
  noteCurrentMember,
  renewLease,
  returnWorkItem,
  type WorkItem,
  type WorkKind,
} from '../store/work-items.ts';
import { faultOf, type JobLog } from './log.ts';

/** Raised by a handler that stopped because the process is to end; the item goes back unharmed. */
export class ShutdownError extends Error {
  override readonly name = 'ShutdownError';
}

/** A failure that trying again cannot mend, with a message that may be shown (no PHI). */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/**
 * Raised by a handler whose item has to wait: for another one, which is no attempt of its own, or for somebody else's
 * system, where the handler counts the attempts itself. It is tried again after the delay.
 */
export class PostponedError extends Error {
  override readonly name = 'PostponedError';
  readonly delayMs: number;
  readonly counts: boolean;

  constructor(message: string, delay: { readonly delayMs: number; readonly counts: boolean }) {
    super(message);
    this.delayMs = delay.delayMs;
    this.counts = delay.counts;
  }
}

/** What a handler is given besides its item. */
export interface ItemContext {
  readonly db: Database;
  /** Throws {@link ShutdownError} or LeaseLostError when the work must stop; call it between members or records. */
  checkpoint(): void;
  /** Notes the member that comes next, so that a death of the process can be laid at its door; null for none. */
  noteMember(memberKey: string | null): Promise<void>;
  /** Marks the item done. Call it last in the transaction that holds the item's effects. */
  complete(tx: TenantTx, outcome: ItemOutcome): Promise<void>;
}

/**
 * Does one item. At least once: it may run again after a death, so all effects are in transactions whose repeat
 * changes nothing, and the last one also completes the item. Throw to have it tried again.
 */
export type ItemHandler = (item: WorkItem, context: ItemContext) => Promise<void>;
export type ItemHandlers = Readonly<Partial<Record<WorkKind, ItemHandler>>>;

export interface RunOptions {
  readonly db: Database;
  readonly handlers: ItemHandlers;
  readonly log: JobLog;
  readonly leaseMs: number;
  /** Attempts, deaths not counted, after which an item is given up. */
  readonly maxAttempts: number;
  /** First wait before another try; it doubles each time. */
  readonly backoffMs: number;
  readonly closing: () => boolean;
}

/** Deaths after which an item is set aside when no member can be blamed. */
const DEATHS = 2;
const LONGEST_BACKOFF_MS = 15 * 60_000;

/** Leases the item and runs its handler; does nothing when another holds it or it is done. */
export async function runItem(id: string, options: RunOptions): Promise<void> {
  const owner = randomUUID();
  const { db, leaseMs, log } = options;
  if (options.closing()) return;
  const lease = await withSystem(db, (tx) => leaseWorkItem(tx, { id, owner, leaseMs }));
  if (!lease.ok) return;
  const { item } = lease;
  if (item.deaths >= DEATHS && item.currentMember === null) {
    log.error({ item: id, kind: item.kind }, 'work item set aside: its process died twice');
    await abandon(options, item, owner, 'quarantined', 'the process that worked on it died twice');
    return;
  }
  let lost = false;
  const heartbeat = setInterval(() => {
    withSystem(db, (tx) => renewLease(tx, { id, owner, leaseMs })).then(
      (held) => {
        lost = !held;
      },
      // The database is away for a moment; the transaction at hand will notice if it stays away.
      (error: unknown) => log.warn({ item: id, fault: faultOf(error) }, 'lease not renewed'),
    );
  }, leaseMs / 3);
  try {
    let completed = false;
    await handlerOf(options, item)(item, {
      db,
      checkpoint() {
        if (lost) throw new LeaseLostError('the work item is held by another worker');
        if (options.closing()) throw new ShutdownError('the process is to end');
      },
      noteMember: (memberKey) => withSystem(db, (tx) => noteCurrentMember(tx, { id, owner, memberKey })),
      async complete(tx, outcome) {
        await completeWorkItem(tx, { item, owner, outcome });
        completed = true;
      },
    });
    if (!completed) throw new Error(`the handler of ${item.kind} ended without completing its item`);
  } catch (error) {
    clearInterval(heartbeat);
    await settle(options, item, owner, error);
  } finally {
    clearInterval(heartbeat);
  }
}

function handlerOf(options: RunOptions, item: WorkItem): ItemHandler {
  const handler = options.handlers[item.kind];
  if (handler === undefined) throw new Error(`this process has no handler of ${item.kind}`);
  return handler;
}

async function settle(options: RunOptions, item: WorkItem, owner: string, error: unknown): Promise<void> {
  const { db, log } = options;
  if (error instanceof LeaseLostError) {
    log.warn({ item: item.id, kind: item.kind }, 'work item was taken over by another worker');
    return;
  }
  const { id } = item;
  if (error instanceof ShutdownError) {
    await withSystem(db, (tx) => returnWorkItem(tx, { id, owner, delayMs: 0, error: null, counts: false }));
    return;
  }
  if (error instanceof PostponedError) {
    const { delayMs, counts } = error;
    const reason = counts ? error.message : null;
    await withSystem(db, (tx) => returnWorkItem(tx, { id, owner, delayMs, error: reason, counts }));
    return;
  }
  const fault = error instanceof PermanentError ? error.message : faultOf(error);
  const failures = item.attempts - item.deaths;
  log.error({ item: id, kind: item.kind, attempt: item.attempts, fault }, 'work item failed');
  if (error instanceof PermanentError || failures >= options.maxAttempts) {
    await abandon(options, item, owner, 'failed', fault);
    return;
  }
  const delayMs = Math.min(options.backoffMs * 2 ** Math.max(0, failures - 1), LONGEST_BACKOFF_MS);
  await withSystem(db, (tx) => returnWorkItem(tx, { id, owner, delayMs, error: fault, counts: true }));
}

async function abandon(
  options: RunOptions,
  item: WorkItem,
  owner: string,
  state: 'failed' | 'quarantined',
  error: string,
): Promise<void> {
  await withTenant(options.db, item.tenantId, (tx) => abandonWorkItem(tx, { item, owner, state, error }));
}
