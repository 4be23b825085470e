import type { AnswerKind } from '../engine/queries/query.ts';
import type { QueryStatus } from '../store/reviews.ts';

/** By when an answer counts as missing. */
export interface Late {
  readonly now: Date;
  readonly answerDays: number;
}

export type QueryOutcome = 'agreed' | 'disagreed' | 'undetermined' | 'no_response';

const DAY_MS = 86_400_000;
/** A reminder is no pressure (CQ-9): one a week, three in all. */
const DAYS_BETWEEN_REMINDERS = 7;
const MOST_REMINDERS = 3;

const OUTCOME: Readonly<Record<AnswerKind, QueryOutcome>> = {
  condition: 'agreed',
  present: 'agreed',
  yes: 'agreed',
  resolved: 'disagreed',
  in_remission: 'disagreed',
  history_of: 'disagreed',
  never_had: 'disagreed',
  not_clinically_significant: 'disagreed',
  no: 'disagreed',
  unable_to_determine: 'undetermined',
  other: 'undetermined',
};

/** What came of a query; null while it may still be answered in time. Late is not closed: an answer still counts. */
export function queryOutcome(
  query: {
    readonly status: QueryStatus;
    readonly sentAt: string | null;
    readonly answer: AnswerKind | null;
  },
  late: Late,
): QueryOutcome | null {
  if (query.answer !== null) return OUTCOME[query.answer];
  if (query.status !== 'sent' || query.sentAt === null) return null;
  return late.now.getTime() - Date.parse(query.sentAt) > late.answerDays * DAY_MS ? 'no_response' : null;
}

/** Why a query may not be reminded of now; null when it may. */
export function reminderRefusal(
  query: {
    readonly status: QueryStatus;
    readonly sentAt: string | null;
    readonly reminders: number;
    readonly remindedAt: string | null;
  },
  now: Date,
): string | null {
  if (query.status !== 'sent') return 'only a query that was sent and not answered is reminded of';
  if (query.reminders >= MOST_REMINDERS) return `${MOST_REMINDERS} reminders were sent: ask in person`;
  const last = query.remindedAt ?? query.sentAt ?? '';
  const days = (now.getTime() - Date.parse(last)) / DAY_MS;
  return days < DAYS_BETWEEN_REMINDERS
    ? `the last word was sent less than ${DAYS_BETWEEN_REMINDERS} days ago`
    : null;
}
