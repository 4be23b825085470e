import type { FastifyRequest } from 'fastify';
import { policyOf } from '../analysis/tenant-policy.ts';
import { type Calendar, overpaymentDue } from '../engine/calendar.ts';
import { paidBy } from '../engine/payment-overrides.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { withOverrides } from '../reference/calendar.ts';
import { type TenantTx, withTenant } from '../store/database.ts';
import type { StoredGap } from '../store/gaps.ts';
import { externalIdsOf } from '../store/members.ts';
import { currentSettings } from '../store/tenancy.ts';
import type { ApiDeps } from './deps.ts';
import { callerOf } from './plugins/auth.ts';
import { shownGap } from './schemas/gap.ts';

/** Runs `work` in one transaction of the caller's tenant, its steps noted as the caller's. */
export function inTenant<T>(
  deps: ApiDeps,
  request: FastifyRequest,
  work: (tx: TenantTx) => Promise<T>,
): Promise<T> {
  const { tenantId, subject } = callerOf(request);
  return withTenant(deps.database, tenantId, work, subject);
}

/** Today by the service's clock. */
export function today(deps: ApiDeps): string {
  return deps.now().toISOString().slice(0, 10);
}

/** What the caller's tenant scores with: the payment parameters it has set in place of those loaded. */
export async function tenantReference(deps: ApiDeps, request: FastifyRequest): Promise<ReferenceData> {
  const { paymentOverrides } = await deps.access.settings(callerOf(request).tenantId);
  return paidBy(deps.reference, paymentOverrides);
}

/** The calendar that the tenant goes by: its own deadlines in place of those loaded. */
export async function tenantCalendar(deps: ApiDeps, tx: TenantTx): Promise<Calendar> {
  const { calendarOverrides } = policyOf((await currentSettings(tx))?.settings);
  return withOverrides(deps.reference.calendar, calendarOverrides);
}

/** Stored gaps as answers show them, with the plan's member ids and working deadlines. */
export async function showGaps(deps: ApiDeps, tx: TenantTx, gaps: readonly StoredGap[]) {
  const ids = await externalIdsOf(
    tx,
    gaps.map(({ memberKey }) => memberKey),
  );
  const clocked = gaps.some(({ identifiedAt }) => identifiedAt !== null);
  const calendar = clocked ? await tenantCalendar(deps, tx) : deps.reference.calendar;
  const clinicalReview = deps.reference.suspecting.library.reviewStatus;
  return gaps.map((gap) =>
    shownGap(gap, {
      clinicalReview,
      memberId: ids.get(gap.memberKey) ?? null,
      workingDeadline:
        gap.identifiedAt === null
          ? null
          : overpaymentDue(calendar, gap.paymentYear, gap.identifiedAt.slice(0, 10)),
    }),
  );
}
