import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { rowOf } from './rows.ts';

export interface StoredAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What became of an Idempotency-Key that was just presented. */
export type KeyClaim =
  | { readonly state: 'new' }
  | { readonly state: 'running' }
  | { readonly state: 'mismatch' }
  | { readonly state: 'done'; readonly answer: StoredAnswer };

/** A request that never finished (its process died) blocks its key no longer than this. */
const RUNNING_FOR = sql`interval '5 minutes'`;

/** Takes a key for an operation, or says what stands in the way. Two takers at once: one gets it. */
export async function claimIdempotencyKey(
  tx: TenantTx,
  claim: { readonly key: string; readonly fingerprint: string; readonly operation: string },
): Promise<KeyClaim> {
  const taken = await rowOf<{ key: string }>(
    tx,
    sql`insert into idempotency_keys as k (key, operation, request_hash)
        values (${claim.key}, ${claim.operation}, ${claim.fingerprint})
        on conflict (tenant_id, key) do update set created_at = now()
          where k.status is null and k.created_at < now() - ${RUNNING_FOR}
            and k.operation = excluded.operation and k.request_hash = excluded.request_hash
        returning key`,
  );
  if (taken !== undefined) return { state: 'new' };
  const known = await rowOf<{
    operation: string;
    request_hash: string;
    status: number | null;
    content_type: string | null;
    body: string | null;
  }>(
    tx,
    sql`select operation, request_hash, status, content_type, body from idempotency_keys where key = ${claim.key}`,
  );
  if (known === undefined) return { state: 'running' };
  if (known.operation !== claim.operation || known.request_hash !== claim.fingerprint) {
    return { state: 'mismatch' };
  }
  if (known.status === null) return { state: 'running' };
  return {
    state: 'done',
    answer: { status: known.status, contentType: known.content_type ?? '', body: known.body ?? '' },
  };
}

/** Keeps the answer for repeats; null gives the key back, so that the request may be tried again. */
export async function finishIdempotencyKey(
  tx: TenantTx,
  key: string,
  answer: StoredAnswer | null,
): Promise<void> {
  await tx.execute(
    answer === null
      ? sql`delete from idempotency_keys where key = ${key} and status is null`
      : sql`update idempotency_keys set status = ${answer.status}, content_type = ${answer.contentType},
              body = ${answer.body} where key = ${key}`,
  );
}

/** Forgets keys older than `hours`; returns how many. */
export async function sweepIdempotencyKeys(tx: TenantTx, hours: number): Promise<number> {
  const row = await rowOf<{ count: number }>(
    tx,
    sql`with gone as (delete from idempotency_keys where created_at < now() - make_interval(hours => ${hours})
          returning 1) select count(*)::int as count from gone`,
  );
  return row?.count ?? 0;
}
