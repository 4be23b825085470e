import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Database, openDatabase, withSystem } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createTenant } from '../../src/store/tenancy.ts';

const ADMIN_URL = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const REQUIRED = process.env.REQUIRE_SERVICES === '1';

async function postgresAnswers(): Promise<boolean> {
  const client = new pg.Client({ connectionString: ADMIN_URL, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

async function redisAnswers(): Promise<boolean> {
  const redis = new Redis(REDIS_URL, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

function available(what: string, answers: boolean): boolean {
  if (answers) return true;
  if (REQUIRED) throw new Error(`${what} does not answer, and REQUIRE_SERVICES=1 asks for it`);
  process.stderr.write(`skipped: needs ${what}\n`);
  return false;
}

export const hasPostgres = available('PostgreSQL at DATABASE_URL or 127.0.0.1:5432', await postgresAnswers());

/** Asked only by the files that use Redis. */
export async function hasRedis(): Promise<boolean> {
  return available('Redis at REDIS_URL or 127.0.0.1:6379', await redisAnswers());
}

/** `describe` when PostgreSQL is there, else skipped with the one line above. */
export const describePostgres = hasPostgres ? describe : describe.skip;

export interface Scratch {
  readonly db: Database;
  readonly url: string;
  /** A connection as the owner, past the service's roles, to look at and to tamper with what is stored. */
  readonly admin: pg.Pool;
  tenant(name?: string): Promise<string>;
}

function urlOf(database: string): string {
  const url = new URL(ADMIN_URL);
  url.pathname = `/${database}`;
  return url.toString();
}

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: ADMIN_URL });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Makes a migrated database for the file's tests and drops it after them. Read the result inside tests and hooks. */
export function scratchDatabase(): Scratch {
  const name = `hccgap_test_${randomBytes(6).toString('hex')}`;
  const url = urlOf(name);
  const opened: { db?: Database; admin?: pg.Pool } = {};
  beforeAll(async () => {
    await asAdmin(`create database ${name}`);
    opened.db = openDatabase({ url, max: 10 });
    opened.admin = new pg.Pool({ connectionString: url, max: 2 });
    opened.admin.on('error', () => undefined);
    await migrate(opened.db.pool);
  });
  afterAll(async () => {
    await opened.db?.pool.end();
    await opened.admin?.end();
    await asAdmin(`drop database if exists ${name} with (force)`);
  });
  const part = <K extends 'db' | 'admin'>(key: K): NonNullable<(typeof opened)[K]> => {
    const value = opened[key];
    if (value === undefined) throw new Error('the scratch database is there from beforeAll on');
    return value;
  };
  return {
    url,
    get db() {
      return part('db');
    },
    get admin() {
      return part('admin');
    },
    async tenant(tenantName = `tenant-${randomBytes(4).toString('hex')}`) {
      const tenant = await withSystem(part('db'), (tx) => createTenant(tx, tenantName));
      if (tenant === undefined) throw new Error('the tenant name is taken');
      return tenant.tenantId;
    },
  };
}

/** A namespace in Redis for the file's tests, emptied after them. */
export interface ScratchRedis {
  readonly url: string;
  readonly prefix: string;
  flush(): Promise<void>;
  /** Every key with what it holds, as text. */
  dump(): Promise<string>;
}

export function scratchRedis(): ScratchRedis {
  const prefix = `hccgap-test-${randomBytes(6).toString('hex')}`;
  const flush = async () => {
    const redis = new Redis(REDIS_URL);
    try {
      const keys = await redis.keys(`${prefix}:*`);
      if (keys.length > 0) await redis.del(keys);
    } finally {
      redis.disconnect();
    }
  };
  const dump = async () => {
    const redis = new Redis(REDIS_URL);
    try {
      const keys = await redis.keys(`${prefix}:*`);
      const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
      return keys.map((key, index) => `${key} ${values[index]?.toString('latin1') ?? ''}`).join('\n');
    } finally {
      redis.disconnect();
    }
  };
  afterAll(async () => {
    if (await redisAnswers()) await flush();
  });
  return { url: REDIS_URL, prefix, flush, dump };
}

/** Waits until `probe` gives something other than false or undefined; fails after `limitMs`. */
export async function until<T>(
  probe: () => Promise<T | false | undefined>,
  what: string,
  limitMs = 20_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== false && value !== undefined) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
}
