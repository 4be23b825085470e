import { openBackend } from './backend.ts';
import { backendOptions, CLOCK_QUEUE, dispatchDue, QUEUE_NAMES, type QueueOptions } from './dispatcher.ts';
import { faultOf, SILENT } from './log.ts';
import { type ItemHandlers, runItem } from './run-item.ts';

/** Work by the clock, e.g. the nightly analysis or a look into the inbox folder. */
export interface ClockJob {
  readonly name: string;
  /** Cron pattern, UTC. */
  readonly cron: string;
  readonly run: () => Promise<void>;
}

export interface WorkersOptions extends QueueOptions {
  /** Only the kinds that have a handler are taken from the queue. */
  readonly handlers: ItemHandlers;
  /** Items of each kind at once. */
  readonly concurrency: number;
  readonly clock?: readonly ClockJob[];
  /** How long an item stays a worker's without a sign of life. Default 60 s. */
  readonly leaseMs?: number;
  /** How often the outbox is swept. Default 2 s. */
  readonly sweepMs?: number;
  readonly maxAttempts?: number;
  readonly backoffMs?: number;
}

export interface Workers {
  /** Hands what is due to the queue now instead of at the next sweep. */
  sweep(): Promise<number>;
  /** Stops taking items, lets the running ones reach their next checkpoint, and closes the queue. */
  close(): Promise<void>;
}

/** Schedules live in the queue's backend and are lost with it; they are set again this often. */
const RESCHEDULE_MS = 60_000;

/**
 * Starts a process's workers: one per kind of item, the sweeper, and the jobs by the clock. What is at least once:
 * every item may be handed over again. What makes a repeat harmless: the lease of the work item (run-item.ts).
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const log = options.log ?? SILENT;
  const leaseMs = options.leaseMs ?? 60_000;
  const lockMs = Math.min(leaseMs, 30_000);
  const backend = await openBackend(backendOptions(options));
  let closing = false;

  for (const kind of ['intake', 'analysis', 'webhook'] as const) {
    if (options.handlers[kind] === undefined) continue;
    backend.worker(QUEUE_NAMES[kind], {
      concurrency: options.concurrency,
      lockMs,
      handle: (id) =>
        runItem(id, {
          db: options.db,
          handlers: options.handlers,
          log,
          leaseMs,
          maxAttempts: options.maxAttempts ?? 5,
          backoffMs: options.backoffMs ?? 1_000,
          closing: () => closing,
        }),
    });
  }

  const clock = options.clock ?? [];
  const schedule = async () => {
    for (const job of clock) await backend.queue(CLOCK_QUEUE).schedule(job.name, job.cron);
  };
  if (clock.length > 0) {
    backend.worker(CLOCK_QUEUE, {
      concurrency: 1,
      lockMs,
      async handle(name) {
        const job = clock.find((candidate) => candidate.name === name);
        if (job !== undefined && !closing) await job.run();
      },
    });
  }

  const sweep = () => dispatchDue(options, backend);
  const sweeper = every(options.sweepMs ?? 2_000, sweep, (error) =>
    log.warn({ fault: faultOf(error) }, 'sweep failed'),
  );
  const scheduler =
    clock.length === 0
      ? null
      : every(RESCHEDULE_MS, schedule, (error) => log.warn({ fault: faultOf(error) }, 'schedules not set'));

  return {
    sweep,
    async close() {
      closing = true;
      await Promise.all([sweeper.stop(), scheduler?.stop()]);
      await backend.close();
    },
  };
}

/** Runs `work` now and then every `ms` after its end; one that fails is reported and the next one comes. */
function every(ms: number, work: () => Promise<unknown>, onError: (error: unknown) => void) {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    if (!stopped) {
      timer = setTimeout(() => {
        running = turn();
      }, ms);
    }
  };
  let running = turn();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
