import path from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { packageRoot } from '../paths.ts';

/** Key of the advisory lock that lets one process migrate at a time ("HCCG" in ASCII). */
const LOCK_KEY = 0x48_43_43_47;
const ROLES = ['hccgap_app', 'hccgap_system'] as const;
const OLDEST_SERVER = 150_000;
/** Roles are the cluster's, and the lock only the database's: two databases may make them at the same moment. */
const ROLE_ATTEMPTS = 10;

/**
 * Brings the database to the schema of this version; running it again does nothing. Processes that start together
 * take turns. The user of the pool becomes the owner; it must be able to create the two roles, or find them made
 * and be a member of them. Throws on a server older than PostgreSQL 15.
 */
export async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const version = await client.query<{ version: string }>(
      `select current_setting('server_version_num') as version`,
    );
    if (Number(version.rows[0]?.version) < OLDEST_SERVER) {
      throw new Error('the database is older than PostgreSQL 15; use a newer server');
    }
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY]);
    try {
      for (const role of ROLES) await ensureRole(client, role);
      await applyMigrations(drizzle(client), { migrationsFolder: path.join(packageRoot(), 'migrations') });
    } finally {
      await client.query('select pg_advisory_unlock($1)', [LOCK_KEY]);
    }
  } finally {
    client.release();
  }
}

async function ensureRole(client: pg.PoolClient, role: (typeof ROLES)[number]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const found = await client.query<{ member: boolean }>(
        `select pg_has_role(current_user, oid, 'MEMBER') as member from pg_roles where rolname = $1`,
        [role],
      );
      if (found.rowCount === 0) {
        await client.query(`create role ${role} nologin nosuperuser nocreatedb nocreaterole nobypassrls`);
      }
      if (found.rows[0]?.member !== true) await client.query(`grant ${role} to current_user`);
      return;
    } catch (error) {
      const lostRace =
        error instanceof pg.DatabaseError && ['42710', '23505', 'XX000'].includes(error.code ?? '');
      if (!lostRace || attempt === ROLE_ATTEMPTS) {
        throw new Error(
          `cannot make the database role ${role}; create it and grant it to the service's user`,
          {
            cause: error,
          },
        );
      }
    }
  }
}
