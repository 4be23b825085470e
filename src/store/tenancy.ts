import { sql } from 'drizzle-orm';
import type { SystemTx, TenantTx } from './database.ts';
import { isoInstant, json, rowOf, rowsOf } from './rows.ts';

export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
  readonly createdAt: string;
}

const TENANT = sql`id as "tenantId", name, ${isoInstant(sql`created_at`)} as "createdAt"`;

/** Makes a tenant; undefined when the name is taken. */
export function createTenant(tx: SystemTx, name: string): Promise<Tenant | undefined> {
  return rowOf<Tenant>(
    tx,
    sql`insert into tenants (name) values (${name}) on conflict (name) do nothing returning ${TENANT}`,
  );
}

export function findTenant(tx: SystemTx, name: string): Promise<Tenant | undefined> {
  return rowOf<Tenant>(tx, sql`select ${TENANT} from tenants where name = ${name}`);
}

export function listTenants(tx: SystemTx): Promise<readonly Tenant[]> {
  return rowsOf<Tenant>(tx, sql`select ${TENANT} from tenants order by name`);
}

/** The tenant of the transaction. */
export function currentTenant(tx: TenantTx): Promise<Tenant | undefined> {
  return rowOf<Tenant>(tx, sql`select ${TENANT} from tenants`);
}

export interface NewApiKey {
  readonly name: string;
  readonly role: string;
  readonly prefix: string;
  /** Hex SHA-256 of the secret; the secret itself never reaches the store. */
  readonly hash: string;
  readonly npi: string | null;
  readonly contracts: readonly string[] | null;
  readonly createdBy: string;
  readonly expiresAt: string | null;
}

export interface ApiKey extends Omit<NewApiKey, 'hash'> {
  readonly keyId: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  readonly lastUsedAt: string | null;
}

const KEY = sql`id as "keyId", name, role, prefix, npi, contracts, created_by as "createdBy",
  ${isoInstant(sql`created_at`)} as "createdAt", ${isoInstant(sql`expires_at`)} as "expiresAt",
  ${isoInstant(sql`revoked_at`)} as "revokedAt", revoked_by as "revokedBy",
  ${isoInstant(sql`last_used_at`)} as "lastUsedAt"`;

export async function createApiKey(tx: TenantTx, key: NewApiKey): Promise<ApiKey> {
  const row = await rowOf<ApiKey>(
    tx,
    sql`insert into api_keys (name, role, prefix, hash, npi, contracts, created_by, expires_at)
        values (${key.name}, ${key.role}, ${key.prefix}, ${key.hash}, ${key.npi},
          ${key.contracts === null ? null : sql.param([...key.contracts])}, ${key.createdBy},
          ${key.expiresAt}::timestamptz)
        returning ${KEY}`,
  );
  if (row === undefined) throw new Error('the key was not stored');
  return row;
}

export function listApiKeys(tx: TenantTx): Promise<readonly ApiKey[]> {
  return rowsOf<ApiKey>(tx, sql`select ${KEY} from api_keys order by api_keys.created_at, id`);
}

export function getApiKey(tx: TenantTx, keyId: string): Promise<ApiKey | undefined> {
  return rowOf<ApiKey>(tx, sql`select ${KEY} from api_keys where id = ${keyId}::uuid`);
}

/** Ends a key at once; undefined when there is no such key that still works. */
export function revokeApiKey(
  tx: TenantTx,
  revocation: { readonly keyId: string; readonly by: string; readonly at: string },
): Promise<ApiKey | undefined> {
  return rowOf<ApiKey>(
    tx,
    sql`update api_keys set revoked_at = ${revocation.at}::timestamptz, revoked_by = ${revocation.by}
        where id = ${revocation.keyId}::uuid and revoked_at is null returning ${KEY}`,
  );
}

export interface KeyForLogin {
  readonly keyId: string;
  readonly tenantId: string;
  readonly secretHash: string;
  readonly role: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly npi: string | null;
  readonly contracts: readonly string[] | null;
}

/** The key of a prefix, whatever its tenant and state: the caller checks hash, expiry and revocation. */
export async function findKeyByPrefix(tx: SystemTx, prefix: string): Promise<KeyForLogin | undefined> {
  const row = await rowOf<
    Omit<KeyForLogin, 'expiresAt' | 'revokedAt'> & { expiresAt: string | null; revokedAt: string | null }
  >(
    tx,
    sql`select id as "keyId", tenant_id as "tenantId", hash as "secretHash", role, npi, contracts,
          ${isoInstant(sql`expires_at`)} as "expiresAt", ${isoInstant(sql`revoked_at`)} as "revokedAt"
        from api_keys where prefix = ${prefix}`,
  );
  if (row === undefined) return undefined;
  const date = (text: string | null) => (text === null ? null : new Date(text));
  return { ...row, expiresAt: date(row.expiresAt), revokedAt: date(row.revokedAt) };
}

/** Notes that a key was used, at most once a minute. */
export async function noteKeyUse(tx: SystemTx, keyId: string, at: string): Promise<void> {
  await tx.execute(sql`update api_keys set last_used_at = ${at}::timestamptz where id = ${keyId}::uuid
    and (last_used_at is null or last_used_at < ${at}::timestamptz - interval '1 minute')`);
}

export interface SettingsVersion {
  readonly version: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly changedBy: string;
  readonly changedAt: string;
  readonly reason: string;
}

const SETTINGS = sql`version, settings, changed_by as "changedBy", ${isoInstant(sql`changed_at`)} as "changedAt", reason`;

/** Settings by version, latest first; none when nobody changed a default. */
export function listSettings(tx: TenantTx): Promise<readonly SettingsVersion[]> {
  return rowsOf<SettingsVersion>(tx, sql`select ${SETTINGS} from tenant_settings order by version desc`);
}

/** Settings in force, or undefined for all defaults. */
export function currentSettings(tx: TenantTx): Promise<SettingsVersion | undefined> {
  return rowOf<SettingsVersion>(
    tx,
    sql`select ${SETTINGS} from tenant_settings order by tenant_settings.version desc limit 1`,
  );
}

/** Appends the next version; undefined when `after` is no longer the latest (0: none yet). */
export async function changeSettings(
  tx: TenantTx,
  change: {
    readonly after: number;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly by: string;
    readonly reason: string;
    readonly at: string;
  },
): Promise<SettingsVersion | undefined> {
  return rowOf<SettingsVersion>(
    tx,
    sql`insert into tenant_settings (version, settings, changed_by, changed_at, reason)
        select ${change.after}::int + 1, ${json(change.settings)}, ${change.by}, ${change.at}::timestamptz,
          ${change.reason}
        where coalesce((select max(version) from tenant_settings), 0) = ${change.after}::int
        on conflict do nothing returning ${SETTINGS}`,
  );
}
