import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createRemoteJWKSet } from 'jose';
import { type Logger, pino } from 'pino';
import { analysisHandler } from './analysis/analysis-handler.ts';
import { databaseAccess } from './api/access-store.ts';
import { buildApp } from './api/app.ts';
import type { OidcOptions } from './api/deps.ts';
import { clockJobs, refreshForPackages } from './clock-jobs.ts';
import { type Config, ConfigError } from './config.ts';
import { analyzeHistory } from './engine/analyze.ts';
import type { ReferenceData } from './engine/reference-data.ts';
import { intakeHandler } from './intake/intake-handler.ts';
import type { BatchStarter } from './intake/receive-batch.ts';
import { type Webhook, webhookHandler } from './intake/webhook.ts';
import { type Dispatcher, openDispatcher } from './jobs/dispatcher.ts';
import { faultOf } from './jobs/log.ts';
import type { ItemHandlers } from './jobs/run-item.ts';
import { type ClockJob, startWorkers, type Workers } from './jobs/workers.ts';
import { packageEditions, packageFingerprints } from './reference/fingerprints.ts';
import { loadReference } from './reference/load.ts';
import { rowLocator } from './reference/row-locator.ts';
import { type Database, openDatabase, pingDatabase } from './store/database.ts';

import { migrate } from './store/migrate.ts';
import { addWorkItems, type WorkKind } from './store/work-items.ts';

const MIB = 1024 * 1024;

/** The database and what stands on it, open and migrated. */
export interface Foundation {
  readonly config: Config;
  readonly logger: Logger;
  readonly databaseUrl: string;
  readonly db: Database;
  /** Folder of received extracts. */
  readonly spoolDir: string;
  close(): Promise<void>;
}

/** Redacts by name what no log line of ours should hold in the first place. */
export function createLogger(config: Pick<Config, 'LOG_LEVEL'>): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: { service: 'hccgap' },
      redact: {
        paths: ['req.headers', '*.authorization', '*.memberId', '*.birthDate', '*.value', '*.raw'],
        remove: true,
      },
    },
    pino.destination(2),
  );
}

/** Opens the database (the embedded one when none is named) and brings it to this version's schema. */
export async function openFoundation(config: Config, logger: Logger): Promise<Foundation> {
  const embedded = config.DATABASE_URL === null ? await startOwnServer(config) : null;
  const databaseUrl = config.DATABASE_URL ?? embedded?.url ?? '';
  const db = openDatabase({
    url: databaseUrl,
    max: config.DATABASE_POOL,
    onError: (error) => logger.warn({ fault: faultOf(error) }, 'idle database connection ended'),
  });
  const close = async () => {
    await db.pool.end();
    await embedded?.stop();
  };
  try {
    await migrate(db.pool);
    const spoolDir = path.join(config.dataDir, 'spool');
    mkdirSync(spoolDir, { recursive: true, mode: 0o700 });
    return { config, logger, databaseUrl, db, spoolDir, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loaded only when needed: on a server the optional package behind it is not installed. */
async function startOwnServer(config: Config) {
  const { startEmbedded } = await import('./store/embedded.ts');
  return startEmbedded({ dataDir: path.join(config.dataDir, 'postgres') });
}

/** The sending side of the queue, and how a received batch starts. */
export interface Sender {
  readonly batches: BatchStarter;
  dispatch(): void;
  close(): Promise<void>;
}

export async function openSender(foundation: Foundation): Promise<Sender> {
  const dispatcher: Dispatcher = await openDispatcher(queueOptions(foundation));
  const dispatch = () => {
    dispatcher.dispatchDue().catch((error: unknown) => {
      foundation.logger.warn({ fault: faultOf(error) }, 'dispatch failed; the sweeper repeats it');
    });
  };
  return {
    batches: {
      enqueue: async (tx, batchId) => {
        await addWorkItems(tx, [{ kind: 'intake', batchId, payload: {} }]);
      },
      nudge: dispatch,
    },
    dispatch,
    close: () => dispatcher.close(),
  };
}

/** Starts this process's workers: intake, analysis and the sweeper. */
export function openWorkers(
  foundation: Foundation,
  reference: ReferenceData,
  options: {
    readonly onRead: () => void;
    readonly clock?: readonly ClockJob[];
    /** Kinds of items this process takes; default all. None: it only sweeps and runs the clock. */
    readonly kinds?: readonly WorkKind[];
  },
): Promise<Workers> {
  const handlers: ItemHandlers = {
    intake: intakeHandler({ reference, spoolDir: foundation.spoolDir, onRead: options.onRead }),
    webhook: webhookHandler({ webhook: webhookOf(foundation.config), now: () => new Date() }),
    analysis: analysisHandler({
      analyze: (history, analysisOptions, identity) =>
        analyzeHistory(reference, history, analysisOptions, identity),
      calendar: reference.calendar,
      now: () => new Date(),
    }),
  };
  const { kinds } = options;
  return startWorkers({
    ...queueOptions(foundation),
    concurrency: foundation.config.WORKER_CONCURRENCY,
    clock: options.clock ?? [],
    handlers:
      kinds === undefined
        ? handlers
        : Object.fromEntries(
            Object.entries(handlers).filter(([kind]) => kinds.some((wanted) => wanted === kind)),
          ),
  });
}

function webhookOf({ WEBHOOK_URL: url, WEBHOOK_SECRET: secret }: Config): Webhook | null {
  return url === null || secret === null ? null : { url, secret: secret.reveal() };
}

/** What works by the clock in a worker process, and what new mapping packages make necessary at its start. */
export async function openClock(foundation: Foundation, sender: Sender): Promise<readonly ClockJob[]> {
  const { config, logger, db, spoolDir } = foundation;
  const options = {
    config,
    logger,
    reception: { database: db, spoolDir, batches: sender.batches, now: () => new Date() },
    packages: packageFingerprints(config.mappingsDir),
  };
  await refreshForPackages(options);
  return clockJobs(options);
}

/** The HTTP side. */
export function openApi(
  foundation: Foundation,
  reference: ReferenceData,
  sender: Sender,
): Promise<FastifyInstance> {
  const { config, db, logger, spoolDir } = foundation;
  const now = () => new Date();
  return buildApp({
    reference,
    packages: packageEditions(config.mappingsDir),
    locateRow: rowLocator(config.mappingsDir),
    access: databaseAccess(db, now),
    database: db,
    spoolDir,
    batches: sender.batches,
    logger,
    now,
    limits: {
      bodyBytes: config.BODY_LIMIT_MB * MIB,
      batchBytes: config.BATCH_LIMIT_MB * MIB,
      requestsPerMinute: config.RATE_LIMIT_PER_MINUTE,
      trustProxy: config.TRUST_PROXY,
      requireTls: config.REQUIRE_TLS,
    },
    oidc: oidcOptions(config),
    readiness: { database: () => pingDatabase(db) },
  });
}

/** Loads and verifies every mapping package; a package that is not whole stops the start. */
export function openReference(config: Config): ReferenceData {
  return loadReference(config.mappingsDir);
}

function queueOptions({ db, databaseUrl, config, logger }: Foundation) {
  return { db, databaseUrl, redisUrl: config.REDIS_URL, log: logger };
}

function oidcOptions(config: Config): OidcOptions | null {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_JWKS_URL: jwks } = config;
  if (issuer === null && audience === null && jwks === null) return null;
  if (issuer === null || audience === null || jwks === null) {
    throw new ConfigError('OIDC_ISSUER, OIDC_AUDIENCE and OIDC_JWKS_URL go together');
  }
  return {
    issuer,
    audience,
    keys: createRemoteJWKSet(new URL(jwks)),
    tenantClaim: config.OIDC_TENANT_CLAIM,
    roleClaim: config.OIDC_ROLE_CLAIM,
    mfaMethods: config.OIDC_MFA_METHODS,
  };
}
