import { type Database, withSystem } from '../store/database.ts';
import { returnDueItems, takeDueItems, type WorkKind } from '../store/work-items.ts';
import { openBackend, type QueueBackend } from './backend.ts';
import { faultOf, type JobLog, SILENT } from './log.ts';

export const QUEUE_NAMES: Readonly<Record<WorkKind, string>> = {
  intake: 'hccgap-intake',
  analysis: 'hccgap-analysis',
  webhook: 'hccgap-webhook',
};
export const CLOCK_QUEUE = 'hccgap-clock';

/** Items of one statement of a sweep. */
const SWEEP_LIMIT = 1_000;

export interface QueueOptions {
  readonly db: Database;
  readonly databaseUrl: string;
  /** null: BullMQ's PostgreSQL backend in the same database. */
  readonly redisUrl: string | null;
  readonly log?: JobLog;
  /** Namespace of the keys in Redis. Default `hccgap`. */
  readonly prefix?: string;
  /** An item handed over this long ago and still not begun is handed over again. Default 30 s. */
  readonly repeatAfterMs?: number;
  /** Longest wait for the queue to take items. Default 2 s. */
  readonly enqueueTimeoutMs?: number;
}

export interface Dispatcher {
  /**
   * Hands every due item of the outbox to the queue and returns how many. Call it after a commit that added items;
   * when the queue is away it returns 0, and the sweeper of any worker hands the items over later.
   */
  dispatchDue(): Promise<number>;
  close(): Promise<void>;
}

/** Opens the sending side. Costs nothing until the first dispatch. */
export async function openDispatcher(options: QueueOptions): Promise<Dispatcher> {
  const backend = await openBackend(backendOptions(options));
  return { dispatchDue: () => dispatchDue(options, backend), close: () => backend.close() };
}

export function backendOptions(options: QueueOptions) {
  const log = options.log ?? SILENT;
  return {
    redisUrl: options.redisUrl,
    databaseUrl: options.databaseUrl,
    prefix: options.prefix ?? 'hccgap',
    timeoutMs: options.enqueueTimeoutMs ?? 2_000,
    onError: (error: Error) => log.warn({ fault: faultOf(error) }, 'queue connection'),
  };
}

/** See {@link Dispatcher.dispatchDue}. */
export async function dispatchDue(options: QueueOptions, backend: QueueBackend): Promise<number> {
  const repeatAfterMs = options.repeatAfterMs ?? 30_000;
  let total = 0;
  for (;;) {
    const due = await withSystem(options.db, (tx) => takeDueItems(tx, { limit: SWEEP_LIMIT, repeatAfterMs }));
    for (const kind of new Set(due.map((item) => item.kind))) {
      const ids = due.filter((item) => item.kind === kind).map((item) => item.id);
      try {
        await backend.queue(QUEUE_NAMES[kind]).add(ids);
      } catch (error) {
        (options.log ?? SILENT).warn({ fault: faultOf(error), items: ids.length }, 'queue away; swept later');
        await withSystem(options.db, (tx) => returnDueItems(tx, ids));
        return total;
      }
    }
    total += due.length;
    if (due.length < SWEEP_LIMIT) return total;
  }
}
