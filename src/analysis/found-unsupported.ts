import type { Calendar } from '../engine/calendar.ts';
import type { IsoDate } from '../engine/dates.ts';
import type { TenantTx } from '../store/database.ts';
import { addGapEvents } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { membersForAnalysis } from '../store/members.ts';
import { evidenceEverSeen, gapsToReconcile, writeEvidence, writeGaps } from '../store/reconcile-gaps.ts';
import { reviewerFindings } from '../worklists/reviewer-findings.ts';
import type { UnsupportedHcc } from '../worklists/unsupported.ts';
import { type AnalyzeHistory, gapContextOf } from './analyze-member.ts';
import { planReconcile } from './reconcile.ts';
import type { TenantPolicy } from './tenant-policy.ts';

/**
 * Makes the delete tasks of HCCs that a review left without support (compliance C-2), or adds the finding to the ones
 * that an analysis made already: the member is analysed for the one payment year, closed or not, with the findings
 * known, and what it says of these HCCs is stored; the rest of the member waits for its next analysis. Returns the
 * findings with their tasks. The caller holds the member's lock.
 */
export async function makeDeleteTasks(
  tx: TenantTx,
  given: {
    readonly tenantId: string;
    readonly memberKey: string;
    readonly runId: string;
    readonly findings: readonly UnsupportedHcc[];
    readonly asOf: IsoDate;
    readonly lookbackYears: number;
    readonly policy: TenantPolicy;
    /** With the tenant's own deadlines. */
    readonly calendar: Calendar;
    /** ISO instant. */
    readonly at: string;
    readonly analyze: AnalyzeHistory;
  },
): Promise<readonly UnsupportedHcc[]> {
  const [first] = given.findings;
  if (first === undefined) return [];
  const { tenantId, memberKey, policy, asOf, at } = given;
  const { paymentYear } = first;
  const [history] = await loadHistories(tx, [memberKey]);
  if (!history) return given.findings;
  const stored = await gapsToReconcile(tx, [memberKey], { paymentYears: [paymentYear], closing: false });
  const isNew = ({ model, hcc }: { readonly model: string; readonly hcc: string }) =>
    given.findings.some((finding) => finding.model === model && finding.hcc === hcc);
  const earlier = (await reviewerFindings(tx, stored)).get(memberKey) ?? [];
  const outcome = given.analyze(
    history,
    {
      paymentYear,
      asOf,
      kinds: ['over_coding'],
      lookbackYears: given.lookbackYears,
      suspecting: policy.suspecting,
      calendar: given.calendar,
      paymentOverrides: policy.paymentOverrides,
      reviewerFindings: [...earlier.filter((finding) => !isNew(finding)), ...given.findings],
    },
    { tenant: tenantId, member: memberKey },
  );
  if (!outcome.ok) return given.findings;
  const gaps = outcome.value.gaps.filter(isNew);
  const ids = new Set(gaps.map(({ gapId }) => gapId));
  const own = stored.filter(({ gapId }) => ids.has(gapId));
  const pcpNpi = (await membersForAnalysis(tx, [memberKey])).get(memberKey)?.pcpNpi ?? null;
  const plan = planReconcile({
    memberKey,
    analysis: { ...outcome.value, gaps },
    stored: own,
    everSeen: await evidenceEverSeen(tx, [...ids]),
    contextOf: gapContextOf(history, { asOf, pcpNpi }),
    weights: policy.weights,
    foundUnsupported: ids,
    at,
  });
  await writeGaps(tx, given.runId, plan.rows);
  await writeEvidence(tx, {
    gaps: plan.evidence.map(({ gapId, version, gap: { evidence } }) => ({
      gapId,
      memberKey,
      isNew: version === 1,
      evidence,
    })),
    at,
  });
  await addGapEvents(tx, plan.events);
  return given.findings.map((finding) => {
    const gap = gaps.find(({ model, hcc }) => model === finding.model && hcc === finding.hcc);
    return { ...finding, gapId: gap?.gapId ?? finding.gapId };
  });
}
