import { sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { breaksConnection, withoutValues } from './store-error.ts';

/** The pool. Only {@link withTenant} and {@link withSystem} turn it into something that can be queried. */
export interface Database {
  readonly pool: pg.Pool;
}

type Transaction = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0];
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
  const onError = options.onError ?? (() => undefined);
  // A connection that breaks emits an error, idle or between two statements; unheard, it would end the process. The
  // work at hand learns of it by its next statement.
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  return { pool };
}

/** Who acts where no person does: returns that are read, analyses, the clock. */
const SERVICE = 'service';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Runs `work` in one transaction as the service's role, with row-level security set to the tenant. Role and setting
 * end with the transaction, on failure too. Use only the `tx` inside. `actor` is who the steps that the database notes
 * are of; without one they are the service's own. Throws on a tenant id that is no UUID.
 */
export async function withTenant<T>(
  db: Database,
  tenantId: string,
  work: (tx: TenantTx) => Promise<T>,
  actor = SERVICE,
): Promise<T> {
  return asTenant(db, tenantId, (tx) => work(tx), { actor, dropOnError: false });
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
  // A copy that broke off may have left the connection in the middle of a message.
  return asTenant(db, tenantId, work, { actor: SERVICE, dropOnError: true });
}

async function asTenant<T>(
  db: Database,
  tenantId: string,
  work: (tx: TenantTx, connection: pg.PoolClient) => Promise<T>,
  { actor, dropOnError }: { readonly actor: string; readonly dropOnError: boolean },
): Promise<T> {
  if (!UUID.test(tenantId)) throw new TypeError('withTenant needs the id of a tenant');
  const run = async (tx: Transaction, connection: pg.PoolClient) => {
    await tx.execute(
      sql`select set_config('role', 'hccgap_app', true), set_config('app.tenant', ${tenantId}, true),
            set_config('app.actor', ${actor}, true)`,
    );
    // The brand exists at compile time only: this is the one place that may give it.
    return work(tx as TenantTx, connection);
  };
  return transact(db, run, dropOnError);
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

/**
 * One transaction on a connection of its own. It always goes back to the pool, broken ones to be thrown away: left to
 * the query builder, a connection whose BEGIN fails stays taken, and a restart of the server empties the pool.
 */
async function transact<T>(
  db: Database,
  work: (tx: Transaction, connection: pg.PoolClient) => Promise<T>,
  dropOnError = false,
): Promise<T> {
  const connection = await db.pool.connect();
  let broken = false;
  try {
    return await drizzle(connection, { casing: 'snake_case' }).transaction((tx) => work(tx, connection));
  } catch (error) {
    broken = dropOnError || breaksConnection(error);
    throw withoutValues(error);
  } finally {
    connection.release(broken);
  }
}

/** The server's answer to `select 1`; throws when the database is away. */
export async function pingDatabase(db: Database): Promise<void> {
  await db.pool.query('select 1');
}
