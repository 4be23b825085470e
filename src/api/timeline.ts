import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { policyOf } from '../analysis/tenant-policy.ts';
import { DEFAULT_LOOKBACK_YEARS } from '../engine/analysis-contract.ts';
import { hccTimeline } from '../engine/timeline.ts';
import { withOverrides } from '../reference/calendar.ts';
import type { TenantTx } from '../store/database.ts';
import { listMemberGaps, WORKFLOW_STATUSES } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { mayView, scopeOf } from '../worklists/scope.ts';
import type { ApiDeps } from './deps.ts';
import { callerOf } from './plugins/auth.ts';
import { today } from './tenant.ts';

export const timelineYear = z
  .object({
    paymentYear: z.int(),
    dosYear: z.int(),
    yearState: z.string().nullable(),
    models: z.array(
      z.object({
        model: z.string(),
        segment: z.string(),
        hccs: z.array(
          z.object({
            hcc: z.string(),
            label: z.string(),
            droppedBy: z.string().nullable(),
            capturedBy: z.array(
              z.object({
                encounterId: z.string(),
                date: z.string(),
                code: z.string(),
                source: z.string(),
                providerNpi: z.string().nullable(),
              }),
            ),
          }),
        ),
        lost: z
          .array(
            z.object({
              code: z.string(),
              hcc: z.string(),
              formerModel: z.string(),
              encounterIds: z.array(z.string()),
            }),
          )
          .describe('gave an HCC the year before and would give none in the models of this year'),
      }),
    ),
    gaps: z.array(
      z.object({
        gapId: z.string(),
        kind: z.string(),
        direction: z.string(),
        model: z.string(),
        hcc: z.string(),
        status: z.string(),
        workflowStatus: z.enum(WORKFLOW_STATUSES),
        workflowReason: z.string().nullable(),
        decidedBy: z.string().nullable(),
        decidedAt: z.string().nullable(),
        foundAt: z.string(),
      }),
    ),
    notGaps: z.array(
      z.object({
        hcc: z.string().nullable(),
        code: z.string(),
        reason: z.string(),
        explanation: z.string(),
      }),
    ),
    refused: z.string().nullable().describe('why nothing can be said of this year'),
  })
  .meta({ id: 'TimelineYear' });

/** A member's HCCs, gaps and what is no gap, by payment year, worked out of what is stored today. */
export async function timelineYears(
  deps: ApiDeps,
  tx: TenantTx,
  request: FastifyRequest,
  memberKey: string,
): Promise<z.output<typeof timelineYear>[]> {
  const [history] = await loadHistories(tx, [memberKey]);
  if (!history) return [];
  const { suspecting, calendarOverrides, paymentOverrides } = policyOf(request.settings);
  const scope = scopeOf(callerOf(request));
  const gaps = (await listMemberGaps(tx, memberKey)).filter((gap) => mayView(scope, gap));
  return hccTimeline(deps.reference, history, {
    asOf: today(deps),
    lookbackYears: DEFAULT_LOOKBACK_YEARS,
    calendar: withOverrides(deps.reference.calendar, calendarOverrides),
    suspecting,
    paymentOverrides,
  }).map((year) => ({
    ...year,
    models: year.models.map((model) => ({
      ...model,
      hccs: model.hccs.map((hcc) => ({ ...hcc, capturedBy: [...hcc.capturedBy] })),
      lost: model.lost.map((row) => ({ ...row, encounterIds: [...row.encounterIds] })),
    })),
    notGaps: [...year.notGaps],
    gaps: gaps
      .filter(({ paymentYear }) => paymentYear === year.paymentYear)
      .map(({ gap, gapId, workflowStatus, workflowReason, decidedBy, decidedAt, createdAt }) => ({
        gapId,
        kind: gap.kind,
        direction: gap.direction,
        model: gap.model,
        hcc: gap.hcc,
        status: gap.status,
        workflowStatus,
        workflowReason,
        decidedBy,
        decidedAt,
        foundAt: createdAt,
      })),
  }));
}
