import type { FastifyRequest } from 'fastify';
import { overpaymentDue } from '../engine/calendar.ts';
import { type TenantTx, withTenant } from '../store/database.ts';
import type { StoredGap } from '../store/gaps.ts';
import { externalIdsOf } from '../store/members.ts';
import type { ApiDeps } from './deps.ts';
import { callerOf } from './plugins/auth.ts';
import { shownGap } from './schemas/gap.ts';

/** Runs `work` in one transaction of the caller's tenant. */
export function inTenant<T>(
  deps: ApiDeps,
  request: FastifyRequest,
  work: (tx: TenantTx) => Promise<T>,
): Promise<T> {
  return withTenant(deps.database, callerOf(request).tenantId, work);
}

/** Today by the service's clock. */
export function today(deps: ApiDeps): string {
  return deps.now().toISOString().slice(0, 10);
}

/** Stored gaps as answers show them, with the plan's member ids and working deadlines. */
export async function showGaps(deps: ApiDeps, tx: TenantTx, gaps: readonly StoredGap[]) {
  const ids = await externalIdsOf(
    tx,
    gaps.map(({ memberKey }) => memberKey),
  );
  return gaps.map((gap) =>
    shownGap(gap, {
      memberId: ids.get(gap.memberKey) ?? null,
      workingDeadline:
        gap.identifiedAt === null
          ? null
          : overpaymentDue(deps.reference.calendar, gap.paymentYear, gap.identifiedAt.slice(0, 10)),
    }),
  );
}
