import { appendAudit } from '../store/audit.ts';
import { type Database, withSystem, withTenant } from '../store/database.ts';
import { claimIdempotencyKey, finishIdempotencyKey } from '../store/idempotency.ts';
import { currentSettings, findKeyByPrefix, noteKeyUse } from '../store/tenancy.ts';
import type { AccessStore, StoredKey } from './deps.ts';
import { readSettings, type TenantSettings } from './settings.ts';

/**
 * How long a key or a tenant's settings are believed without asking again. A key revoked through this process ends
 * at once; through another one, within this time.
 */
const BELIEVED_MS = 2000;
const MOST_ENTRIES = 10_000;

/** A small cache whose entries are believed for a moment; it forgets everything when full. */
class Believed<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  async get(key: string, load: () => Promise<T>): Promise<T> {
    const now = this.#now().getTime();
    const known = this.#entries.get(key);
    if (known && known.until > now) return known.value;
    const value = await load();
    if (this.#entries.size >= MOST_ENTRIES) this.#entries.clear();
    this.#entries.set(key, { value, until: now + BELIEVED_MS });
    return value;
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** The access store over the database: keys, settings, audit log, kept answers. */
export function databaseAccess(database: Database, now: () => Date): AccessStore {
  const keys = new Believed<StoredKey | undefined>(now);
  const settings = new Believed<TenantSettings>(now);
  return {
    findKey: (prefix) =>
      keys.get(prefix, () =>
        withSystem(database, async (tx) => {
          const key = await findKeyByPrefix(tx, prefix);
          if (key && key.revokedAt === null) await noteKeyUse(tx, key.keyId, now().toISOString());
          return key;
        }),
      ),
    settings: (tenantId) =>
      settings.get(tenantId, () =>
        withTenant(database, tenantId, async (tx) => readSettings((await currentSettings(tx))?.settings)),
      ),
    forget: () => {
      keys.clear();
      settings.clear();
    },
    recordAccess: ({ at, tenantId, role, address, status, rows, ...event }) =>
      withTenant(database, tenantId, (tx) =>
        appendAudit(tx, [
          {
            ...event,
            at: at.toISOString(),
            role,
            sourceAddress: address,
            detail: { status, ...(rows === null ? {} : { rows }) },
          },
        ]),
      ),
    claimIdempotencyKey: ({ tenantId, ...claim }) =>
      withTenant(database, tenantId, (tx) => claimIdempotencyKey(tx, claim)),
    finishIdempotencyKey: (tenantId, key, answer) =>
      withTenant(database, tenantId, (tx) => finishIdempotencyKey(tx, key, answer)),
  };
}
