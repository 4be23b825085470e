import type { TenantTx } from '../store/database.ts';
import { loadHistories } from '../store/histories.ts';
import { externalIdsOf } from '../store/members.ts';
import { nextControlNumber, setClaimIds } from '../store/releases.ts';
import type { Submission } from '../store/reviews.ts';
import {
  type ChartReviewClaim,
  codesPerClaim,
  type InterchangeOptions,
  writeChartReviews,
} from './export-837.ts';

const CHUNK = 500;

export interface ReleaseFile {
  readonly controlNumber: number;
  readonly x12: string;
  readonly claims: number;
  /** Submissions with the claim each stands in. */
  readonly submissions: readonly Submission[];
}

/**
 * Writes the released submissions as chart review records: the codes of one member, encounter and action stand in one
 * claim, in the order of their codes. Each submission is told its claim.
 */
export async function writeRelease(
  tx: TenantTx,
  released: readonly Submission[],
  options: Omit<InterchangeOptions, 'controlNumber'>,
): Promise<ReleaseFile> {
  const controlNumber = await nextControlNumber(tx);
  const claims: ChartReviewClaim[] = [];
  const numbered: Submission[] = [];
  const keys = [...new Set(released.map(({ memberKey }) => memberKey))].sort();
  for (let from = 0; from < keys.length; from += CHUNK) {
    const chunk = keys.slice(from, from + CHUNK);
    const ids = await externalIdsOf(tx, chunk);
    for (const history of await loadHistories(tx, chunk)) {
      const own = released.filter(({ memberKey }) => memberKey === history.memberId);
      const groups = new Map<string, Submission[]>();
      for (const one of [...own].sort((a, b) => (a.code < b.code ? -1 : 1))) {
        const key = `${one.action} ${one.encounterId}`;
        groups.set(key, [...(groups.get(key) ?? []), one]);
      }
      for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const [first] = group;
        const encounter = history.encounters.find(({ encounterId }) => encounterId === first?.encounterId);
        if (first === undefined || encounter === undefined) continue;
        const most = codesPerClaim(encounter);
        for (let start = 0; start < group.length; start += most) {
          const part = group.slice(start, start + most);
          const claimId = `CRR${controlNumber}-${claims.length + 1}`;
          claims.push({
            claimId,
            action: first.action,
            memberId: ids.get(first.memberKey) ?? first.memberKey,
            member: history,
            contractId:
              history.coverage.find(
                ({ from: begins, to }) => begins <= encounter.to && (to === null || to >= encounter.to),
              )?.contractId ?? null,
            encounter,
            icn: first.icn,
            codes: part.map(({ code }) => code),
          });
          numbered.push(...part.map((one) => ({ ...one, claimId })));
        }
      }
    }
  }
  await setClaimIds(
    tx,
    numbered.map(({ submissionId, claimId }) => ({ submissionId, claimId: claimId ?? '' })),
  );
  const { text } = writeChartReviews(claims, { ...options, controlNumber });
  return { controlNumber, x12: text, claims: claims.length, submissions: numbered };
}
