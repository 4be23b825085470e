import { addDays, daysBetween, type IsoDate } from '../dates.ts';

/** What a reviewer found about one submitted HCC on one encounter that carries it. */
export type SupportMark =
  | { readonly mark: 'supported_here' }
  /** Another encounter of the year supports it; it must be named. */
  | { readonly mark: 'supported_elsewhere'; readonly encounterId: string }
  | { readonly mark: 'unsupported' }
  | { readonly mark: 'not_reviewed'; readonly reason: string };

/** A mark with its time; the newest of an encounter counts. */
export interface DatedMark {
  readonly encounterId: string;
  readonly at: IsoDate;
  readonly mark: SupportMark;
}

export interface SupportReviewInput {
  readonly hcc: string;
  /** Encounters of D that carry the HCC. */
  readonly carriers: readonly string[];
  readonly marks: readonly DatedMark[];
  /** Final deadline of the payment year. */
  readonly finalDeadline: IsoDate;
}

/** Why a mark was not taken. */
export interface MarkProblem {
  readonly encounterId: string;
  readonly reason:
    | 'not_a_carrier'
    | 'names_itself'
    | 'names_unsupported'
    | 'reason_missing'
    | 'encounter_missing';
}

export type SupportStep =
  /** Some carrier has no usable mark, or none supports it and one was not reviewed. */
  | {
      readonly step: 'incomplete';
      readonly unmarked: readonly string[];
      readonly notReviewed: readonly { readonly encounterId: string; readonly reason: string }[];
      readonly problems: readonly MarkProblem[];
    }
  | {
      readonly step: 'supported';
      /** Encounters that support it. */
      readonly by: readonly string[];
      readonly notReviewed: readonly { readonly encounterId: string; readonly reason: string }[];
    }
  | DeleteTask;

/** A submitted diagnosis that no encounter supports: a clock that nothing but a record of its end stops (C-2). */
export interface DeleteTask {
  readonly step: 'delete_task';
  readonly hcc: string;
  readonly encounters: readonly string[];
  /** The day on which the last encounter was found unsupported. */
  readonly identifiedAt: IsoDate;
  /** max(identifiedAt, final deadline) plus 60 days. */
  readonly dueAt: IsoDate;
  readonly label: 'working deadline';
}

/** Days from identification, or reconciliation if later, to report and return (calendar, section 3, OVP-1 and OVP-3). */
const OVERPAYMENT_DAYS = 60;

/**
 * The two-way walk of one HCC (gap taxonomy, section 7): every D encounter that carries it is opened and marked; one
 * that supports it settles the HCC; only when every one is `unsupported` does a delete task begin. Order and
 * repetition of marks change nothing.
 */
export function reviewSupport(input: SupportReviewInput): SupportStep {
  const carriers = [...new Set(input.carriers)].sort();
  const newest = newestMarks(input.marks);
  const problems = [...newest.values()].flatMap((item) => markProblem(item, carriers, newest));
  const faulty = new Set(problems.map(({ encounterId }) => encounterId));
  const usable = (encounterId: string): DatedMark | null =>
    faulty.has(encounterId) ? null : (newest.get(encounterId) ?? null);
  const unmarked = carriers.filter((encounterId) => usable(encounterId) === null);
  const marked = carriers.map(usable).filter((item) => item !== null);
  const notReviewed = marked.flatMap(({ encounterId, mark }) =>
    mark.mark === 'not_reviewed' ? [{ encounterId, reason: mark.reason }] : [],
  );
  const by = marked.flatMap(({ encounterId, mark }) => {
    if (mark.mark === 'supported_here') return [encounterId];
    return mark.mark === 'supported_elsewhere' ? [mark.encounterId] : [];
  });
  if (unmarked.length > 0 || carriers.length === 0) {
    return { step: 'incomplete', unmarked, notReviewed, problems };
  }
  if (by.length > 0) return { step: 'supported', by: [...new Set(by)].sort(), notReviewed };
  if (notReviewed.length > 0) return { step: 'incomplete', unmarked, notReviewed, problems };
  const identifiedAt =
    marked
      .map(({ at }) => at)
      .sort()
      .at(-1) ?? '';
  return {
    step: 'delete_task',
    hcc: input.hcc,
    encounters: carriers,
    identifiedAt,
    dueAt: workingDeadline(identifiedAt, input.finalDeadline),
    label: 'working deadline',
  };
}

/** `max(identifiedAt, finalDeadline) + 60 days`: before reconciliation there is no overpayment yet (OVP-1). */
export function workingDeadline(identifiedAt: IsoDate, finalDeadline: IsoDate): IsoDate {
  return addDays(identifiedAt > finalDeadline ? identifiedAt : finalDeadline, OVERPAYMENT_DAYS);
}

function newestMarks(marks: readonly DatedMark[]): ReadonlyMap<string, DatedMark> {
  const newest = new Map<string, DatedMark>();
  for (const item of marks) {
    const known = newest.get(item.encounterId);
    if (known === undefined || rank(item) > rank(known)) newest.set(item.encounterId, item);
  }
  return newest;
}

/** Later first; of two on one day the less favourable one counts. */
function rank(item: DatedMark): string {
  const order = ['supported_here', 'supported_elsewhere', 'not_reviewed', 'unsupported'];
  return `${item.at} ${order.indexOf(item.mark.mark)} ${JSON.stringify(item.mark)}`;
}

function markProblem(
  { encounterId, mark }: DatedMark,
  carriers: readonly string[],
  newest: ReadonlyMap<string, DatedMark>,
): MarkProblem[] {
  if (!carriers.includes(encounterId)) return [{ encounterId, reason: 'not_a_carrier' }];
  if (mark.mark === 'not_reviewed' && mark.reason.trim() === '')
    return [{ encounterId, reason: 'reason_missing' }];
  if (mark.mark !== 'supported_elsewhere') return [];
  if (mark.encounterId.trim() === '') return [{ encounterId, reason: 'encounter_missing' }];
  if (mark.encounterId === encounterId) return [{ encounterId, reason: 'names_itself' }];
  const named = newest.get(mark.encounterId)?.mark.mark;
  return named === 'unsupported' ? [{ encounterId, reason: 'names_unsupported' }] : [];
}

export type EncounterReviewResult =
  | {
      readonly complete: true;
      readonly adds: readonly string[];
      readonly deletes: readonly string[];
      /** Reported with the review, never dropped. */
      readonly notReviewed: readonly { readonly hcc: string; readonly reason: string }[];
    }
  | { readonly complete: false; readonly unmarked: readonly string[] };

/**
 * C-1: a chart review of an encounter cannot be completed while a submitted HCC on it has no mark. Its result holds
 * adds and deletes side by side.
 */
export function completeEncounterReview(review: {
  readonly submittedHccs: readonly string[];
  readonly marks: ReadonlyMap<string, SupportMark>;
  readonly adds: readonly string[];
}): EncounterReviewResult {
  const hccs = [...new Set(review.submittedHccs)].sort();
  const unmarked = hccs.filter((hcc) => {
    const mark = review.marks.get(hcc);
    return mark === undefined || (mark.mark === 'not_reviewed' && mark.reason.trim() === '');
  });
  if (unmarked.length > 0) return { complete: false, unmarked };
  return {
    complete: true,
    adds: [...new Set(review.adds)].sort(),
    deletes: hccs.filter((hcc) => review.marks.get(hcc)?.mark === 'unsupported'),
    notReviewed: hccs.flatMap((hcc) => {
      const mark = review.marks.get(hcc);
      return mark?.mark === 'not_reviewed' ? [{ hcc, reason: mark.reason }] : [];
    }),
  };
}

/** The only two ends of a delete task. */
export type DeleteTaskEnd =
  | { readonly type: 'deleted'; readonly reference: string; readonly at: IsoDate }
  | {
      readonly type: 'supported_elsewhere';
      readonly encounterId: string;
      readonly by: string;
      readonly at: IsoDate;
    };

export type DeleteTaskState =
  | { readonly state: 'running'; readonly daysLeft: number; readonly overdue: boolean }
  | { readonly state: 'ended'; readonly end: DeleteTaskEnd }
  | { readonly state: 'refused'; readonly reason: string };

/** State of the clock: it runs until a delete, or a finding of support elsewhere, is on record; nothing extends it. */
export function deleteTaskState(task: DeleteTask, asOf: IsoDate, end: DeleteTaskEnd | null): DeleteTaskState {
  if (end === null) {
    const daysLeft = daysBetween(asOf, task.dueAt);
    return { state: 'running', daysLeft, overdue: daysLeft < 0 };
  }
  if (end.type === 'deleted') {
    return end.reference.trim() === ''
      ? { state: 'refused', reason: 'a recorded delete needs its reference' }
      : { state: 'ended', end };
  }
  if (task.encounters.includes(end.encounterId)) {
    return { state: 'refused', reason: 'that encounter was found not to support it' };
  }
  return end.encounterId.trim() === '' || end.by.trim() === ''
    ? { state: 'refused', reason: 'the supporting encounter and the reviewer must be named' }
    : { state: 'ended', end };
}
