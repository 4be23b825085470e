import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import {
  createLogger,
  type Foundation,
  openApi,
  openClock,
  openFoundation,
  openReference,
  openSender,
  openWorkers,
  type Sender,
} from './composition.ts';
import { type Config, loadConfig } from './config.ts';
import type { ReferenceData } from './engine/reference-data.ts';
import type { Workers } from './jobs/workers.ts';
import type { WorkKind } from './store/work-items.ts';

export interface RuntimeOptions {
  /** Environment variables that a command sets by default, e.g. a quieter log. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Kinds of work items this process does: all (true), these, or no workers at all (false). */
  readonly workers: boolean | readonly WorkKind[];
}

/** A running service, or the parts of it that a command needs. */
export interface Runtime {
  readonly config: Config;
  readonly logger: Logger;
  readonly foundation: Foundation;
  readonly reference: ReferenceData;
  readonly sender: Sender;
  readonly workers: Workers | null;
  /** Starts the HTTP side and returns its address. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const config = loadConfig({ ...options.defaults, ...process.env });
  const logger = createLogger(config);
  const reference = openReference(config);
  const foundation = await openFoundation(config, logger);
  const sender = await openSender(foundation);
  const workers =
    options.workers === false
      ? null
      : await openWorkers(foundation, reference, {
          onRead: sender.dispatch,
          // A process for some kinds of items leaves the clock to the others.
          clock:
            options.workers === true || options.workers.length === 0
              ? await openClock(foundation, sender)
              : [],
          ...(options.workers === true ? {} : { kinds: options.workers }),
        });
  let app: FastifyInstance | null = null;
  return {
    config,
    logger,
    foundation,
    reference,
    sender,
    workers,
    async listen() {
      app = await openApi(foundation, reference, sender);
      return app.listen({ host: config.HOST, port: config.PORT });
    },
    async close() {
      await app?.close();
      await workers?.close();
      await sender.close();
      await foundation.close();
    },
  };
}

/** Resolves on SIGINT or SIGTERM. */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

/** A worker process: runs until it is told to stop, then lets what is running reach its next checkpoint. */
export async function runWorkerProcess(workers: true | readonly WorkKind[]): Promise<void> {
  const runtime = await openRuntime({ workers });
  runtime.logger.info({ kinds: workers }, 'workers started');
  await untilStopped();
  await runtime.close();
}
