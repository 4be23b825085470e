import { appendAudit } from '../store/audit.ts';
import { type Database, withTenant } from '../store/database.ts';
import { dropShortLived, eraseMember, expiredMembers } from '../store/retention.ts';
import { currentSettings } from '../store/tenancy.ts';

/** Days that the kept answer of a write is needed for repeats. */
const ANSWER_DAYS = 2;
const CHUNK = 100;
const DAY_MS = 86_400_000;
/** MA records are kept at least this long (42 CFR 422.504(d)). */
const LEAST_YEARS = 10;
const CLOCK = 'clock';

export interface RetentionPolicy {
  readonly decisionYears: number;
  readonly intakeDays: number;
}

/** The tenant's policy out of its stored settings; never below the law's least. */
export function retentionPolicyOf(stored: Readonly<Record<string, unknown>> | undefined): RetentionPolicy {
  const number = (name: string, fallback: number) => {
    const value = stored?.[name];
    return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : fallback;
  };
  return {
    decisionYears: Math.max(LEAST_YEARS, number('retainDecisionYears', LEAST_YEARS)),
    intakeDays: number('retainIntakeDays', 90),
  };
}

/** The day before which nothing of a member may lie for the member to be erased. */
export function retentionLimit(today: string, { decisionYears }: RetentionPolicy): string {
  return `${Number(today.slice(0, 4)) - decisionYears}${today.slice(4)}`.replace(/-02-29$/, '-02-28');
}

export interface RetentionRun {
  readonly members: number;
  readonly rejects: number;
  readonly answers: number;
}

/**
 * Destroys what is past its time by the tenant's policy (security R-1): records of members long gone, rejected records
 * as sent, kept answers. A legal hold beats every expiry. Each chunk is one transaction with its audit events;
 * a repeat finds nothing left to do.
 */
export async function applyRetention(run: {
  readonly db: Database;
  readonly tenantId: string;
  readonly now: Date;
}): Promise<RetentionRun> {
  const { db, tenantId, now } = run;
  const at = now.toISOString();
  const today = at.slice(0, 10);
  const policy = retentionPolicyOf((await withTenant(db, tenantId, (tx) => currentSettings(tx)))?.settings);
  const back = (days: number) => new Date(now.getTime() - days * DAY_MS).toISOString();
  const short = await withTenant(db, tenantId, (tx) =>
    dropShortLived(tx, { rejects: back(policy.intakeDays), answers: back(ANSWER_DAYS) }),
  );
  const before = retentionLimit(today, policy);
  let members = 0;
  for (;;) {
    const erased = await withTenant(db, tenantId, async (tx) => {
      const keys = await expiredMembers(tx, { before, today, limit: CHUNK });
      for (const memberKey of keys) {
        const reason = `nothing on record since ${before}`;
        await eraseMember(tx, { memberKey, rule: 'expired', reason, by: CLOCK, at });
      }
      await appendAudit(
        tx,
        keys.map((memberKey) => ({
          at,
          actor: CLOCK,
          role: null,
          action: 'eraseMember',
          resource: 'members',
          resourceId: memberKey,
          memberKeys: [memberKey],
          purpose: 'retention policy',
          outcome: 'ok',
          requestId: null,
          sourceAddress: null,
          detail: null,
        })),
      );
      return keys.length;
    });
    members += erased;
    if (erased < CHUNK) return { members, ...short };
  }
}
