import type { ReviewerFinding } from '../engine/analysis-contract.ts';
import type { TenantTx } from '../store/database.ts';
import { deletesOfGaps } from '../store/delete-encounters.ts';
import type { StoredGap } from '../store/gaps.ts';

/**
 * What reviewers found unsupported, as analyses are to know it: every delete task whose clock was started, but those
 * that a person dismissed because support was found after all. The records found wanting are those whose deletes the
 * task wrote: one that arrives later was not read yet. A task that is captured stays among them, so that its
 * explanation can be worked out again.
 */
export async function reviewerFindings(
  tx: TenantTx,
  gaps: readonly StoredGap[],
): Promise<ReadonlyMap<string, readonly ReviewerFinding[]>> {
  const found = gaps.filter(
    ({ gap, identifiedAt, workflowStatus }) =>
      identifiedAt !== null && gap.kind === 'over_coding' && workflowStatus !== 'dismissed',
  );
  const deletes = await deletesOfGaps(
    tx,
    found.map(({ gapId }) => gapId),
  );
  const byMember = new Map<string, ReviewerFinding[]>();
  for (const { gap, gapId, identifiedAt, memberKey, paymentYear } of found) {
    const own = deletes.filter((line) => line.gapId === gapId).map(({ encounterId }) => encounterId);
    const finding = {
      paymentYear,
      model: gap.model,
      hcc: gap.hcc,
      identifiedAt: (identifiedAt ?? '').slice(0, 10),
      encounterIds: [...new Set(own)],
    };
    byMember.set(memberKey, [...(byMember.get(memberKey) ?? []), finding]);
  }
  return byMember;
}
