import type { JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { BatchStarter } from '../intake/receive-batch.ts';
import type { PackageEdition } from '../reference/fingerprints.ts';
import type { RowLocator } from '../reference/row-locator.ts';
import type { Database } from '../store/database.ts';
import type { KeyClaim, StoredAnswer } from '../store/idempotency.ts';
import type { Role } from './roles.ts';
import type { TenantSettings } from './settings.ts';

/** A stored API key as authentication reads it. */
export interface StoredKey {
  readonly keyId: string;
  readonly tenantId: string;
  readonly secretHash: string;
  readonly role: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** Provider keys: the NPI whose patients it may see. */
  readonly npi: string | null;
  /** Contracts the key is limited to; null: all. */
  readonly contracts: readonly string[] | null;
}

/** Who is calling. */
export interface Principal {
  readonly tenantId: string;
  /** Key id or token subject; what the audit log and gap events name. */
  readonly subject: string;
  readonly role: Role;
  readonly keyId: string | null;
  readonly npi: string | null;
  readonly contracts: readonly string[] | null;
  /** HCCs hidden from the role, as `model hcc`; set once the tenant's settings are known. */
  readonly hiddenHccs?: ReadonlySet<string> | null;
}

/** What was done with whose data: one event a request (security U-1). */
export interface AccessEvent {
  readonly at: Date;
  readonly tenantId: string;
  readonly actor: string;
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string | null;
  readonly outcome: 'ok' | 'refused' | 'failed';
  readonly status: number;
  readonly purpose: string | null;
  readonly rows: number | null;
  /** Our own opaque member keys that the answer touched. */
  readonly memberKeys: readonly string[];
  readonly requestId: string;
  readonly address: string;
}

/** What the plugins need from the store, whichever way it is kept. */
export interface AccessStore {
  findKey(prefix: string): Promise<StoredKey | undefined>;
  settings(tenantId: string): Promise<TenantSettings>;
  /** Drops what is believed for a moment without asking: call it after keys or settings changed. */
  forget(): void;
  recordAccess(event: AccessEvent): Promise<void>;
  claimIdempotencyKey(claim: {
    readonly tenantId: string;
    readonly key: string;
    readonly fingerprint: string;
    readonly operation: string;
  }): Promise<KeyClaim>;
  finishIdempotencyKey(tenantId: string, key: string, answer: StoredAnswer | null): Promise<void>;
}

export interface OidcOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly tenantClaim: string;
  readonly roleClaim: string;
  /** Values of `amr`, one of which a token must hold (security A-3); absent or null: not asked. */
  readonly mfaMethods?: readonly string[] | null;
  readonly keys: JWTVerifyGetKey;
}

export interface ApiLimits {
  readonly bodyBytes: number;
  readonly batchBytes: number;
  readonly requestsPerMinute: number;
  readonly trustProxy: boolean;
  /** Requests to `/v1` that did not come by https are refused; absent: no. */
  readonly requireTls?: boolean;
  /** Delay of the event loop above which requests are shed with 503; absent: 2000. 0: never. */
  readonly shedAboveDelayMs?: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  bodyBytes: 16 * 1024 * 1024,
  batchBytes: 5 * 1024 * 1024 * 1024,
  requestsPerMinute: 6000,
  trustProxy: false,
};

/** Everything the service's HTTP side is given; `composition.ts` fills it in. */
export interface ApiDeps {
  readonly reference: ReferenceData;
  /** Edition and fingerprint of each mapping package behind `reference`. */
  readonly packages: Readonly<Record<string, PackageEdition>>;
  /** Finds the table row behind a fact, for explanations; absent: rows are not named. */
  readonly locateRow?: RowLocator;
  readonly access: AccessStore;
  readonly database: Database;
  /** Folder of received extracts. */
  readonly spoolDir: string;
  readonly batches: BatchStarter;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly limits: ApiLimits;
  readonly oidc: OidcOptions | null;
  /** Where the process's metrics are kept; a fresh registry when absent. */
  readonly metrics?: Registry;
  /** Named checks of `/readyz`; each throws when its dependency is away. */
  readonly readiness: Readonly<Record<string, () => Promise<void>>>;
}
