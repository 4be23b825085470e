import type { AccessEvent, AccessStore, StoredKey } from '../../../src/api/deps.ts';
import { createKey } from '../../../src/api/keys.ts';
import type { Role } from '../../../src/api/roles.ts';
import { readSettings } from '../../../src/api/settings.ts';
import type { KeyClaim, StoredAnswer } from '../../../src/store/idempotency.ts';

export const TENANT_A = '00000000-0000-4000-8000-00000000000a';
export const TENANT_B = '00000000-0000-4000-8000-00000000000b';

interface Claimed {
  readonly fingerprint: string;
  answer: StoredAnswer | null;
}

/** An access store in memory: what the plugins need, without a database. */
export class MemoryAccess implements AccessStore {
  readonly keys = new Map<string, StoredKey>();
  readonly events: AccessEvent[] = [];
  readonly claimed = new Map<string, Claimed>();
  coderSeesRaf = false;
  auditFails = false;
  purposeRequired = false;

  /** Makes a key and returns its text. */
  key(role: Role, change: Partial<StoredKey> = {}): string {
    const made = createKey();
    this.keys.set(made.prefix, {
      keyId: made.prefix,
      tenantId: TENANT_A,
      secretHash: made.hash,
      role,
      expiresAt: null,
      revokedAt: null,
      npi: null,
      contracts: null,
      ...change,
    });
    return made.key;
  }

  async findKey(prefix: string) {
    return this.keys.get(prefix);
  }

  async settings() {
    return readSettings({ coderSeesRaf: this.coderSeesRaf, purposeRequired: this.purposeRequired });
  }

  forget() {
    this.claimed.clear();
  }

  async recordAccess(event: AccessEvent) {
    if (this.auditFails) throw new Error('the audit log is away');
    this.events.push(event);
  }

  async claimIdempotencyKey(claim: {
    tenantId: string;
    key: string;
    fingerprint: string;
  }): Promise<KeyClaim> {
    const id = `${claim.tenantId} ${claim.key}`;
    const known = this.claimed.get(id);
    if (!known) {
      this.claimed.set(id, { fingerprint: claim.fingerprint, answer: null });
      return { state: 'new' };
    }
    if (known.fingerprint !== claim.fingerprint) return { state: 'mismatch' };
    return known.answer ? { state: 'done', answer: known.answer } : { state: 'running' };
  }

  async finishIdempotencyKey(tenantId: string, key: string, answer: StoredAnswer | null) {
    const known = this.claimed.get(`${tenantId} ${key}`);
    if (known && answer) known.answer = answer;
    else this.claimed.delete(`${tenantId} ${key}`);
  }
}
