import { type Calendar, finalDeadline } from '../engine/calendar.ts';
import { reviewSupport, type SupportMark } from '../engine/gaps/support-review.ts';
import { isVoid, resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import { getGap, type StoredGap } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { listReviewMarks, type ReviewMark } from '../store/reviews.ts';
import { worklistPage } from '../store/worklists.ts';
import { type GapMove, moveGap } from './move-gap.ts';
import { type EncounterReview, submittedHccs } from './review.ts';

/** A submitted HCC that no record of its service year supports (gap taxonomy, section 7): its clock runs. */
export interface UnsupportedHcc {
  readonly model: string;
  readonly hcc: string;
  /** Every record of the service year that submits it. */
  readonly encounterIds: readonly string[];
  /** Date of the last mark that left it without support. */
  readonly identifiedAt: string;
  /** Working deadline of the overpayment clock (calendar, section 3); not legal advice. */
  readonly dueAt: string;
  /** The delete candidate that carries it on, or null when no analysis has found one. */
  readonly gapId: string | null;
}

function markOf({ mark, supportedBy, reason }: ReviewMark): SupportMark {
  if (mark === 'unsupported') return { mark };
  if (mark === 'not_reviewed') return { mark, reason: reason ?? '' };
  return supportedBy === null
    ? { mark: 'supported_here' }
    : { mark: 'supported_elsewhere', encounterId: supportedBy };
}

/**
 * The HCCs of a reviewed encounter that nothing of the year supports: each record of the year that submits the HCC was
 * opened and found wanting. One that is unmarked or supports it keeps the HCC out of the answer.
 */
export async function unsupportedHccs(
  tx: TenantTx,
  reference: ReferenceData,
  {
    review,
    calendar,
    asOf,
  }: { readonly review: EncounterReview; readonly calendar: Calendar; readonly asOf: string },
): Promise<readonly UnsupportedHcc[]> {
  const doubted = review.submitted.filter(({ mark }) => mark === 'unsupported');
  if (doubted.length === 0) return [];
  const { memberKey, dos } = review;
  const dosYear = dos.slice(0, 4);
  const deadline = finalDeadline(calendar, Number(dosYear) + 1);
  const [history] = await loadHistories(tx, [memberKey]);
  if (!history) return [];
  const versions = resolveVersions(history.encounters, asOf);
  const records = await Promise.all(
    versions.encounters
      .filter((one) => one.to.startsWith(dosYear) && !isVoid(one) && !versions.withdrawn.has(one.encounterId))
      .map(async ({ encounterId }) => ({
        encounterId,
        hccs: submittedHccs(reference, history, encounterId)?.hccs ?? new Map<string, readonly string[]>(),
        marks: await listReviewMarks(tx, { memberKey, encounterId }),
      })),
  );
  const found: UnsupportedHcc[] = [];
  for (const { model, hcc } of doubted) {
    const carriers = records.filter(({ hccs }) => hccs.has(`${model} ${hcc}`));
    const step = reviewSupport({
      hcc,
      carriers: carriers.map(({ encounterId }) => encounterId),
      marks: carriers.flatMap(({ encounterId, marks }) =>
        marks
          .filter((mark) => mark.model === model && mark.hcc === hcc)
          .map((mark) => ({ encounterId, at: mark.at.slice(0, 10), mark: markOf(mark) })),
      ),
      finalDeadline: deadline,
    });
    if (step.step !== 'delete_task') continue;
    const gap = await deleteCandidate(tx, { memberKey, model, hcc, paymentYear: Number(dosYear) + 1 });
    const { encounters: encounterIds, identifiedAt, dueAt } = step;
    found.push({ model, hcc, encounterIds, identifiedAt, dueAt, gapId: gap?.gapId ?? null });
  }
  return found;
}

async function deleteCandidate(
  tx: TenantTx,
  of: {
    readonly memberKey: string;
    readonly model: string;
    readonly hcc: string;
    readonly paymentYear: number;
  },
): Promise<StoredGap | undefined> {
  const { memberKey, model, hcc, paymentYear } = of;
  const [gap] = await worklistPage(
    tx,
    {
      list: 'retrospective',
      kinds: ['over_coding'],
      memberKeys: [memberKey],
      hccs: [hcc],
      model,
      paymentYear,
      statuses: ['open', 'in_review', 'queried', 'captured'],
    },
    { limit: 1, after: null },
  );
  return gap;
}

/**
 * Starts the clock of what a review left without support (compliance C-2): the delete candidate moves by
 * `mark_unsupported`, with its pending deletes, as if the reviewer had opened it from the list. One that runs already
 * is left as it is.
 */
export async function startClocks(
  tx: TenantTx,
  reference: ReferenceData,
  findings: readonly UnsupportedHcc[],
  reviewer: Omit<GapMove, 'gapId' | 'version' | 'request'> & {
    readonly reasons: ReadonlyMap<string, string | null>;
  },
): Promise<void> {
  const { reasons, ...mover } = reviewer;
  for (const { model, hcc, encounterIds, gapId } of findings) {
    const gap = gapId === null ? undefined : await getGap(tx, gapId);
    if (!gap || gap.identifiedAt !== null || gap.workflowStatus === 'captured') continue;
    await moveGap(tx, reference, {
      ...mover,
      gapId: gap.gapId,
      version: gap.version,
      request: {
        to: 'in_review',
        reason: 'mark_unsupported',
        comment: reasons.get(`${model} ${hcc}`) ?? `no support in ${encounterIds.join(', ')}`,
        encounterId: null,
        code: null,
        meat: [],
        locator: null,
        overrideReason: null,
      },
    });
  }
}
