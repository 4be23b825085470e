import type { IsoDate } from '../dates.ts';
import type { AnswerKind } from './query.ts';

/** CQ-10 to CQ-12: what may happen to a query once it is drafted. */
export type QueryState = 'draft' | 'sent' | 'answered' | 'withdrawn' | 'in_legal_record';

/** An answer exactly as given. */
export interface QueryAnswer {
  readonly kind: AnswerKind;
  /** Verbatim; never edited. */
  readonly text: string;
  readonly at: IsoDate;
  readonly author: string;
  readonly credentials: string;
}

export type QueryEvent =
  | { readonly type: 'send' }
  | { readonly type: 'answer'; readonly answer: QueryAnswer }
  | { readonly type: 'withdraw'; readonly reason: string }
  /** The answer entered the legal record of the encounter that the query is about. */
  | { readonly type: 'enter_record'; readonly encounterId: string };

export type QueryStep =
  | { readonly ok: true; readonly state: QueryState }
  | { readonly ok: false; readonly reason: string };

/**
 * The next state of a query. An unanswered query stays unanswered: no event answers it by time. Only an answer in the
 * legal record of the encounter is a source that may be coded from ({@link isCodeableSource}).
 */
export function stepQuery(
  state: QueryState,
  event: QueryEvent,
  query: { readonly encounterId: string | null; readonly findings: number },
): QueryStep {
  const no = (reason: string): QueryStep => ({ ok: false, reason });
  switch (event.type) {
    case 'send':
      if (state !== 'draft') return no('only a draft can be sent');
      return query.findings > 0 ? no('the linter refuses this text') : { ok: true, state: 'sent' };
    case 'answer': {
      if (state !== 'sent') return no('only a query that was sent can be answered');
      const { author, credentials, text } = event.answer;
      if (author.trim() === '' || credentials.trim() === '')
        return no('an answer needs its author and credentials');
      return text.trim() === '' ? no('an answer is kept as it was given') : { ok: true, state: 'answered' };
    }
    case 'withdraw':
      if (state === 'answered' || state === 'in_legal_record') return no('an answered query is kept');
      return event.reason.trim() === ''
        ? no('a withdrawal needs a reason')
        : { ok: true, state: 'withdrawn' };
    case 'enter_record':
      if (state !== 'answered') return no('only an answer can enter the record');
      if (query.encounterId !== null && query.encounterId !== event.encounterId) {
        return no('the answer belongs to another encounter');
      }
      return { ok: true, state: 'in_legal_record' };
  }
}

/** CQ-10: the answer alone is not a codeable source. */
export function isCodeableSource(state: QueryState): boolean {
  return state === 'in_legal_record';
}
