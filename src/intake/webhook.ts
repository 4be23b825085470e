/**
 * Does the work items of kind `webhook`: tells the operator's system that a batch has ended. A trigger writes the item
 * with the change of state. At least once: a call whose answer was lost is made again with the same `id`, by which the
 * receiver knows a repeat.
 */
import { createHmac } from 'node:crypto';
import { type ItemHandler, PermanentError, PostponedError } from '../jobs/run-item.ts';
import { getBatch } from '../store/batches.ts';
import { withTenant } from '../store/database.ts';
import { reportOf } from './inbox.ts';

export interface Webhook {
  readonly url: string;
  readonly secret: string;
}

export interface WebhookHandlerOptions {
  /** null: nobody is to be told, and the items end unsent. */
  readonly webhook: Webhook | null;
  readonly now: () => Date;
  readonly send?: typeof fetch;
}

/** About two days in all: a receiver may be away over a weekend night. */
const MAX_ATTEMPTS = 16;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 6 * 3_600_000;
const TIMEOUT_MS = 10_000;
const NOTHING = { membersDone: 0, membersFailed: 0, gapsOpened: 0, gapsClosed: 0 } as const;

/**
 * Signature of a webhook body: HMAC-SHA256 of `timestamp.body` in hex. The timestamp (seconds) is part of what is
 * signed, so that a receiver can refuse an old call that is played again.
 */
export function signWebhook(secret: string, timestamp: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

export function webhookHandler(options: WebhookHandlerOptions): ItemHandler {
  const { webhook, now, send = fetch } = options;
  return async (item, context) => {
    const { batchId, tenantId } = item;
    if (batchId === null) throw new PermanentError('a webhook item names no batch');
    const batch = webhook && (await withTenant(context.db, tenantId, (tx) => getBatch(tx, batchId)));
    if (webhook && batch) {
      const body = JSON.stringify({ id: item.id, event: 'batch.ended', ...reportOf(batch) });
      const fault = await call(webhook, { body, at: now(), send });
      if (fault !== null) {
        if (item.attempts >= MAX_ATTEMPTS) throw new PermanentError(fault);
        const delayMs = Math.min(FIRST_WAIT_MS * 2 ** (item.attempts - 1), LONGEST_WAIT_MS);
        throw new PostponedError(fault, { delayMs, counts: true });
      }
    }
    await withTenant(context.db, tenantId, (tx) => context.complete(tx, NOTHING));
  };
}

/** null when the receiver took it; else what went wrong, without anything the receiver said. */
async function call(
  webhook: Webhook,
  given: { readonly body: string; readonly at: Date; readonly send: typeof fetch },
): Promise<string | null> {
  const timestamp = Math.floor(given.at.getTime() / 1000);
  const signature = signWebhook(webhook.secret, timestamp, given.body);
  try {
    const answer = await given.send(webhook.url, {
      method: 'POST',
      body: given.body,
      headers: {
        'content-type': 'application/json',
        'x-hccgap-signature': `t=${timestamp},v1=${signature}`,
      },
      // A redirect would carry the report to a place nobody configured.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.ok ? null : `the receiver answered ${answer.status}`;
  } catch {
    return 'the receiver did not answer';
  }
}
