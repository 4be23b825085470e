import { createPostgresBackend, type PgPool, Queue, runMigrations, Worker, withBackend } from 'bullmq';
import pg from 'pg';

/**
 * Where jobs travel. Redis when there is one, else a schema of its own in the database. Either only dispatches: a job
 * is the id of a work item, and what happened to the item stands in the database alone.
 */
export interface QueueBackend {
  readonly kind: 'redis' | 'postgres';
  /** The sending side of a queue. */
  queue(name: string): JobQueue;
  /** The receiving side: `handle` gets the ids one by one, `concurrency` at a time. */
  worker(name: string, options: WorkerSettings): JobWorker;
  /** Closes what was opened, workers first (they finish what they are at). */
  close(): Promise<void>;
}

export interface JobQueue {
  /** Hands ids over; an id whose job still exists is ignored. Throws after `timeoutMs` when the backend is away. */
  add(ids: readonly string[]): Promise<void>;
  /** A job that comes back by the clock, kept under its name; setting it again replaces it. */
  schedule(name: string, cron: string): Promise<void>;
  unschedule(name: string): Promise<void>;
}

export interface JobWorker {
  close(): Promise<void>;
}

export interface WorkerSettings {
  readonly concurrency: number;
  /** `id` is the work item's, or the schedule's name for jobs by the clock. */
  readonly handle: (id: string) => Promise<void>;
  /** How long a job may go without a sign of life from its worker before it is handed out again. */
  readonly lockMs: number;
}

export interface BackendOptions {
  readonly redisUrl: string | null;
  readonly databaseUrl: string;
  /** Namespace of the keys in Redis. */
  readonly prefix: string;
  /** Longest wait for the backend to take jobs. */
  readonly timeoutMs: number;
  readonly onError: (error: Error) => void;
}

/** BullMQ's schema in the database; its backend knows no other name for a pool of ours. */
const SCHEMA = 'bullmq';
/** Each worker of the PostgreSQL backend keeps one connection to listen on; the rest is for queries. */
const POSTGRES_POOL = 12;
/** A worker that died shows as a stalled job. How often that may happen is ruled by the work item, not here. */
const MANY = 1_000_000;

/** Opens the backend. On PostgreSQL its tables are made first, as nothing else makes them. */
export async function openBackend(options: BackendOptions): Promise<QueueBackend> {
  return options.redisUrl === null ? openPostgres(options) : openRedis(options, options.redisUrl);
}

function openRedis(options: BackendOptions, url: string): QueueBackend {
  const { prefix } = options;
  return backendOf(options, {
    kind: 'redis',
    // A sender must not wait for ever for a Redis that is away; a worker must, and picks up when it is back.
    queue: (name) =>
      new Queue(name, { connection: { url, maxRetriesPerRequest: 1, enableOfflineQueue: false }, prefix }),
    worker: (name, handle, settings) =>
      new Worker(name, handle, { connection: { url, maxRetriesPerRequest: null }, prefix, ...settings }),
    close: () => Promise.resolve(),
  });
}

async function openPostgres(options: BackendOptions): Promise<QueueBackend> {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: POSTGRES_POOL,
    keepAlive: true,
    application_name: 'hccgap-queue',
    options: `-c search_path=${SCHEMA}`,
  });
  pool.on('error', options.onError);
  pool.on('connect', (client) => client.on('error', options.onError));
  // Every worker and queue adds its listeners to the one pool; their number is known and no leak.
  pool.setMaxListeners(0);
  const client = await pool.connect();
  try {
    await runMigrations(client, SCHEMA);
  } finally {
    client.release();
  }
  const onPostgres = withBackend(createPostgresBackend);
  // BullMQ describes the part of pg.Pool it uses in overloads of its own, which tsc cannot match with pg's.
  const connection = pool as unknown as PgPool;
  return backendOf(options, {
    kind: 'postgres',
    queue: (name) => new onPostgres.Queue(name, { connection }),
    worker: (name, handle, settings) => new onPostgres.Worker(name, handle, { connection, ...settings }),
    close: () => pool.end(),
  });
}

type Job = { readonly id?: string | undefined; readonly name: string };
interface BullQueue {
  on(event: 'error', listener: (error: Error) => void): unknown;
  addBulk(jobs: { name: string; data: object; opts: { jobId: string } }[]): Promise<unknown>;
  upsertJobScheduler(
    id: string,
    repeat: { pattern: string },
    template: { name: string; data: object; opts: object },
  ): Promise<unknown>;
  removeJobScheduler(id: string): Promise<unknown>;
  close(): Promise<void>;
}
interface BullWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}
interface BullSettings {
  readonly concurrency: number;
  readonly lockDuration: number;
  readonly stalledInterval: number;
  readonly maxStalledCount: number;
  readonly removeOnComplete: { readonly count: number };
  readonly removeOnFail: { readonly count: number };
}
interface Bull {
  readonly kind: QueueBackend['kind'];
  queue(name: string): BullQueue;
  worker(name: string, handle: (job: Job) => Promise<void>, settings: BullSettings): BullWorker;
  close(): Promise<void>;
}

/** Finished jobs are forgotten at once: an id may come again, and nothing is to be learnt from the queue. */
const FORGET = { count: 0 } as const;

function backendOf(options: BackendOptions, bull: Bull): QueueBackend {
  const queues = new Map<string, BullQueue>();
  const workers: BullWorker[] = [];
  const queueOf = (name: string): BullQueue => {
    const known = queues.get(name);
    if (known !== undefined) return known;
    const queue = bull.queue(name);
    queue.on('error', options.onError);
    queues.set(name, queue);
    return queue;
  };
  const inTime = <T>(work: Promise<T>) => within(work, options.timeoutMs, 'the queue did not answer');
  return {
    kind: bull.kind,
    queue: (name) => ({
      async add(ids) {
        if (ids.length === 0) return;
        const jobs = ids.map((id) => ({
          name,
          data: {},
          opts: { jobId: id, removeOnComplete: true, removeOnFail: true },
        }));
        await inTime(queueOf(name).addBulk(jobs));
      },
      async schedule(id, pattern) {
        const opts = { removeOnComplete: true, removeOnFail: true };
        await inTime(queueOf(name).upsertJobScheduler(id, { pattern }, { name: id, data: {}, opts }));
      },
      async unschedule(id) {
        await inTime(queueOf(name).removeJobScheduler(id));
      },
    }),
    worker(name, settings) {
      const worker = bull.worker(
        name,
        // A job by the clock has an id of its own; its name is the schedule's.
        (job) => settings.handle(job.name === name ? (job.id ?? '') : job.name),
        {
          concurrency: settings.concurrency,
          lockDuration: settings.lockMs,
          stalledInterval: Math.max(500, Math.floor(settings.lockMs / 2)),
          maxStalledCount: MANY,
          removeOnComplete: FORGET,
          removeOnFail: FORGET,
        },
      );
      worker.on('error', options.onError);
      workers.push(worker);
      return { close: () => worker.close() };
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all(
        [...queues.values()].map((queue) => within(queue.close(), options.timeoutMs, 'closing')),
      )
        // A queue that cannot say goodbye to a backend that is away must not keep the process from ending.
        .catch(options.onError);
      await bull.close();
    },
  };
}

/** `work`, or an error after `timeoutMs`; BullMQ itself would wait for ever for a backend that is away. */
async function within<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${timeoutMs} ms`)), timeoutMs);
  });
  // When the time is up first, nobody waits for `work` any more; its late failure must not end the process.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
