import { type Calendar, finalDeadline } from '../engine/calendar.ts';
import { reviewSupport, type SupportMark } from '../engine/gaps/support-review.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import { deletesOfGaps } from '../store/delete-encounters.ts';
import { getGap, type StoredGap, WORKFLOW_STATUSES } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { listReviewMarks, type ReviewMark } from '../store/reviews.ts';
import { worklistPage } from '../store/worklists.ts';
import { type GapMove, moveGap } from './move-gap.ts';
import { type EncounterReview, submittingRecords } from './review.ts';
import type { Scope } from './scope.ts';

/** A submitted HCC that no record of its service year supports (gap taxonomy, section 7): its clock runs. */
export interface UnsupportedHcc {
  readonly model: string;
  readonly hcc: string;
  readonly paymentYear: number;
  /** Every record of the service year that submits it. */
  readonly encounterIds: readonly string[];
  /** Date of the last mark that left it without support. */
  readonly identifiedAt: string;
  /** Working deadline of the overpayment clock (calendar, section 3); not legal advice. */
  readonly dueAt: string;
  /** The delete task that carries it on; null until it is made. */
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
 * opened and found wanting. One that is unmarked or supports it keeps the HCC out of the answer; so does support that
 * was recorded on the delete task after the last of the marks.
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
  const dosYear = Number(dos.slice(0, 4));
  const paymentYear = dosYear + 1;
  const deadline = finalDeadline(calendar, paymentYear);
  const [history] = await loadHistories(tx, [memberKey]);
  if (!history) return [];
  const records = await Promise.all(
    submittingRecords(reference, history, { dosYear, asOf }).map(async ({ encounterId, hccs }) => ({
      encounterId,
      hccs,
      marks: await listReviewMarks(tx, { memberKey, encounterId }),
    })),
  );
  const found: UnsupportedHcc[] = [];
  for (const { model, hcc } of doubted) {
    const carriers = records.filter(({ hccs }) => hccs.has(`${model} ${hcc}`));
    const marks = carriers.flatMap(({ marks: all }) =>
      all.filter((mark) => mark.model === model && mark.hcc === hcc),
    );
    const step = reviewSupport({
      hcc,
      carriers: carriers.map(({ encounterId }) => encounterId),
      marks: marks.map((mark) => ({
        encounterId: mark.encounterId,
        at: mark.at.slice(0, 10),
        mark: markOf(mark),
      })),
      finalDeadline: deadline,
    });
    if (step.step !== 'delete_task') continue;
    const gap = await deleteTask(tx, { memberKey, model, hcc, paymentYear });
    if (gap !== undefined && isSettled(gap, marks)) continue;
    const { encounters: encounterIds, identifiedAt, dueAt } = step;
    found.push({ model, hcc, paymentYear, encounterIds, identifiedAt, dueAt, gapId: gap?.gapId ?? null });
  }
  return found;
}

/** A person recorded support on the task, after the last mark that found none. */
function isSettled(gap: StoredGap, marks: readonly ReviewMark[]): boolean {
  if (gap.workflowStatus !== 'dismissed' || gap.decidedBy !== 'person') return false;
  return marks.every(({ at }) => at <= (gap.decidedAt ?? ''));
}

async function deleteTask(
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
      kinds: ['over_coding'],
      memberKeys: [memberKey],
      hccs: [hcc],
      model,
      paymentYear,
      statuses: WORKFLOW_STATUSES,
    },
    { limit: 1, after: null },
  );
  return gap;
}

/** Findings without a task whose clock runs and whose deletes cover every record that submits the HCC. */
export async function withoutClock(
  tx: TenantTx,
  findings: readonly UnsupportedHcc[],
): Promise<readonly UnsupportedHcc[]> {
  const gaps = await Promise.all(
    findings.map(({ gapId }) => (gapId === null ? undefined : getGap(tx, gapId))),
  );
  const deletes = await deletesOfGaps(
    tx,
    findings.flatMap(({ gapId }) => gapId ?? []),
  );
  return findings.filter(({ gapId, encounterIds }, place) => {
    const gap = gaps[place];
    if (!gap || gap.identifiedAt === null || !RUNNING.has(gap.workflowStatus)) return true;
    return encounterIds.some(
      (encounterId) =>
        !deletes.some(
          (line) => line.gapId === gapId && line.encounterId === encounterId && !FAILED.has(line.status),
        ),
    );
  });
}

/** Statuses of a task that waits for its delete, or has it. */
const RUNNING: ReadonlySet<string> = new Set(['in_review', 'queried', 'captured']);
/** Deletes that took nothing away. */
const FAILED: ReadonlySet<string> = new Set(['returned', 'rejected']);
/** The finding stands whatever the reviewer may see of gaps: known means act. */
const EVERYTHING: Scope = { npi: null, contracts: null, clinicianOnly: false, hiddenHccs: null };

/**
 * Starts the clock of what a review left without support (compliance C-2): the delete task moves by
 * `mark_unsupported`, with its pending deletes, as if the reviewer had opened it from the list.
 */
export async function startClocks(
  tx: TenantTx,
  reference: ReferenceData,
  findings: readonly UnsupportedHcc[],
  reviewer: Omit<GapMove, 'gapId' | 'version' | 'request' | 'scope'> & {
    readonly reasons: ReadonlyMap<string, string | null>;
  },
): Promise<void> {
  const { reasons, ...mover } = reviewer;
  for (const { model, hcc, encounterIds, gapId } of findings) {
    const gap = gapId === null ? undefined : await getGap(tx, gapId);
    if (!gap) continue;
    const moved = await moveGap(tx, reference, {
      ...mover,
      scope: EVERYTHING,
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
    if (!moved.ok) throw new Error(`the delete task of HCC ${hcc} did not move: ${moved.problem}`);
  }
}
