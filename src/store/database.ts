import { sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import * as schema from './schema/index.ts';
import { withoutValues } from './store-error.ts';

type Schema = typeof schema;

/** The pool with its types. Only {@link withTenant} and {@link withSystem} turn it into something that can be queried. */
export interface Database {
  readonly pool: pg.Pool;
  readonly drizzle: NodePgDatabase<Schema>;
}

type Transaction = Parameters<Parameters<NodePgDatabase<Schema>['transaction']>[0]>[0];
declare const tenantBrand: unique symbol;
declare const systemBrand: unique symbol;

/**
 * A transaction that sees one tenant's rows and no other's. Repositories take it, and only {@link withTenant} makes
 * one, so that a query without a tenant does not compile.
 */
export type TenantTx = Transaction & { readonly [tenantBrand]: true };

/** A transaction for work across tenants: work items, key and tenant look-ups. It reaches no table with PHI. */
export type SystemTx = Transaction & { readonly [systemBrand]: true };

export interface PoolOptions {
  readonly url: string;
  /** Connections kept at most. */
  readonly max?: number;
  readonly applicationName?: string;
  /** Called with the errors of idle connections, e.g. when the server restarts; the pool then makes new ones. */
  readonly onError?: (error: Error) => void;
}

/** Opens a pool. Nothing is connected until the first query. */
export function openDatabase(options: PoolOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'hccgap',
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that breaks emits an error; without a listener that would end the process.
  pool.on('error', options.onError ?? (() => undefined));
  return databaseOf(pool);
}

/** Wraps a pool that somebody else opened and will close. */
export function databaseOf(pool: pg.Pool): Database {
  return { pool, drizzle: drizzle(pool, { schema, casing: 'snake_case' }) };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Runs `work` in one transaction as the service's role, with row-level security set to the tenant. Role and setting
 * end with the transaction, on failure too. Use only the `tx` inside. Throws on a tenant id that is no UUID.
 */
export async function withTenant<T>(
  db: Database,
  tenantId: string,
  work: (tx: TenantTx) => Promise<T>,
): Promise<T> {
  if (!UUID.test(tenantId)) throw new TypeError('withTenant needs the id of a tenant');
  return transact(db, async (tx) => {
    await tx.execute(
      sql`select set_config('role', 'hccgap_app', true), set_config('app.tenant', ${tenantId}, true)`,
    );
    // The brand exists at compile time only: this is the one place that may give it.
    return work(tx as TenantTx);
  });
}

/**
 * {@link withTenant} with the connection of the transaction beside it, for what the query builder has no words for
 * (COPY). The connection is the transaction's: use it for nothing else and not after the end.
 */
export async function withTenantConnection<T>(
  db: Database,
  tenantId: string,
  work: (tx: TenantTx, connection: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const connection = await db.pool.connect();
  let broken = false;
  try {
    const own = { pool: db.pool, drizzle: drizzle(connection, { schema, casing: 'snake_case' }) };
    return await withTenant(own, tenantId, (tx) => work(tx, connection));
  } catch (error) {
    // A copy that broke off may have left the connection in the middle of a message.
    broken = true;
    throw error;
  } finally {
    connection.release(broken);
  }
}

/** Runs `work` in one transaction as the narrow system role. */
export async function withSystem<T>(db: Database, work: (tx: SystemTx) => Promise<T>): Promise<T> {
  return transact(db, async (tx) => {
    await tx.execute(
      sql`select set_config('role', 'hccgap_system', true), set_config('app.tenant', '', true)`,
    );
    // As above: the brand is given here and nowhere else.
    return work(tx as SystemTx);
  });
}

async function transact<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  try {
    return await db.drizzle.transaction(work);
  } catch (error) {
    throw withoutValues(error);
  }
}

/** The server's answer to `select 1`; throws when the database is away. */
export async function pingDatabase(db: Database): Promise<void> {
  await db.pool.query('select 1');
}
