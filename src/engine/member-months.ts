import type { IsoDate } from './dates.ts';
import type { CoveragePeriod, Esrd, MemberHistory } from './history.ts';
import { type Outcome, refuse, succeed } from './outcome.ts';
import type { ReferenceData } from './reference-data.ts';
import type { ModelId, ScoreMember, ScoreResult } from './score-contract.ts';
import { scoreRequest } from './score-request.ts';
import { scoreMemberOf } from './segment-of-history.ts';
import { divideRounded, type Thousandths, toDecimal } from './thousandths.ts';

export interface MemberMonthsRequest {
  /** Only the person and the coverage periods are read. */
  readonly history: MemberHistory;
  readonly paymentYear: number;
  /** Codes that count for the payment year; the same in every month. */
  readonly diagnoses: readonly string[];
  /** null: the models in force for the program of each month. */
  readonly model: ModelId | null;
}

/** One calendar month. A month that is not paid by risk score has the reason and no score. */
export interface MemberMonth {
  /** `2026-03`. */
  readonly month: string;
  readonly notPaid: 'not_enrolled_on_the_1st' | 'deceased' | 'hospice' | null;
  readonly model: ModelId | null;
  readonly segment: string | null;
  readonly rawScore: number | null;
  readonly payment: number | null;
  /** What changed against the last paid month, e.g. `dualStatus 00 -> 02`. */
  readonly changes: readonly string[];
}

/** Months with one status, scored once. */
export interface StatusScore {
  readonly months: readonly string[];
  readonly score: ScoreResult;
}

export interface MemberMonthsScore {
  readonly memberId: string;
  readonly paymentYear: number;
  readonly months: readonly MemberMonth[];
  readonly memberMonths: number;
  readonly statuses: readonly StatusScore[];
  /** Sum over paid months divided by their number, rounded half away from zero to three decimals; null without any. */
  readonly rawScore: number | null;
  /** The same of the payment scores; null when a month has none. */
  readonly payment: number | null;
  readonly assumptions: readonly string[];
}

/**
 * Scores each month of a payment year by the member's status on its first day (dual status, LTI, new enrollee, low
 * income, ESRD), and the year as the member-month weighted mean (raf_arithmetic, rule 7: segment moves).
 * A month counts when the member is alive, enrolled and not in hospice on the 1st.
 */
export function scoreMemberMonths(
  reference: ReferenceData,
  request: MemberMonthsRequest,
): Outcome<MemberMonthsScore> {
  const { history, paymentYear } = request;
  const scored = new Map<string, { months: string[]; score: ScoreResult }>();
  const months: MemberMonth[] = [];
  const assumptions = new Set<string>();
  let last: ScoreMember | null = null;
  for (let number = 1; number <= 12; number++) {
    const month = `${paymentYear}-${String(number).padStart(2, '0')}`;
    const first = `${month}-01`;
    const status = statusOn(history, first);
    if (typeof status === 'string') {
      months.push({ ...UNPAID, month, notPaid: status });
      continue;
    }
    if (status.period.program === 'aca') {
      return refuse('not_applicable', 'HHS-HCC scores an enrolment, not member months', '/history/coverage');
    }
    if (status.overlaps)
      assumptions.add(`${month}: several coverage periods on the 1st, the latest to begin counts`);
    const member = memberOn(history, status.period, first);
    const key = JSON.stringify([status.period.program, member]);
    let held = scored.get(key);
    if (!held) {
      const answer = scoreRequest(reference, {
        id: month,
        model: request.model,
        program: status.period.program,
        paymentYear,
        member,
        diagnoses: request.diagnoses,
        drugs: [],
        procedures: [],
      });
      if (!answer.ok)
        return { ok: false, error: { ...answer.error, message: `${month}: ${answer.error.message}` } };
      held = { months: [], score: answer.result };
      scored.set(key, held);
    }
    held.months.push(month);
    const { score } = held;
    months.push({
      month,
      notPaid: null,
      model: score.model,
      segment: score.segment,
      rawScore: score.rawScore,
      payment: score.payment?.score ?? null,
      changes: last === null ? [] : changesOf(last, member),
    });
    last = member;
  }
  const statuses = [...scored.values()];
  for (const { score } of statuses) for (const text of score.assumptions) assumptions.add(text);
  return succeed({
    memberId: history.memberId,
    paymentYear,
    months,
    memberMonths: months.filter(({ notPaid }) => notPaid === null).length,
    statuses,
    rawScore: weightedMean(months.map(({ rawScore }) => rawScore)),
    payment: statuses.some(({ score }) => score.payment === null)
      ? null
      : weightedMean(months.map(({ payment }) => payment)),
    assumptions: [...assumptions],
  });
}

const UNPAID: Omit<MemberMonth, 'month' | 'notPaid'> = {
  model: null,
  segment: null,
  rawScore: null,
  payment: null,
  changes: [],
};

interface MonthStatus {
  readonly period: CoveragePeriod;
  readonly overlaps: boolean;
}

function statusOn(
  history: MemberHistory,
  first: IsoDate,
): MonthStatus | 'not_enrolled_on_the_1st' | 'deceased' | 'hospice' {
  if (history.deathDate !== null && history.deathDate < first) return 'deceased';
  const current = history.coverage.filter(({ from, to }) => from <= first && (to === null || first <= to));
  const [period] = [...current].sort((a, b) => (a.from > b.from ? -1 : a.from < b.from ? 1 : tieBreak(a, b)));
  if (period === undefined) return 'not_enrolled_on_the_1st';
  return period.hospice ? 'hospice' : { period, overlaps: current.length > 1 };
}

/** Order of the array carries no meaning, so equal starts are told apart by their content. */
function tieBreak(a: CoveragePeriod, b: CoveragePeriod): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function memberOn(history: MemberHistory, period: CoveragePeriod, first: IsoDate): ScoreMember {
  return { ...scoreMemberOf(history, period), esrd: esrdOn(period, first) };
}

/**
 * `monthsSinceTransplant` is that of the first month of the period and grows with each month; transplant months 1-3
 * are followed by a functioning graft (ESRD models: graft from month 4).
 */
function esrdOn({ esrd, from }: CoveragePeriod, first: IsoDate): Esrd | null {
  if (esrd === null || esrd.monthsSinceTransplant === null) return esrd;
  const months = esrd.monthsSinceTransplant + monthsBetween(from, first);
  if (esrd.status === 'transplant' && months > 3) return { status: 'graft', monthsSinceTransplant: months };
  return { ...esrd, monthsSinceTransplant: months };
}

function monthsBetween(from: IsoDate, to: IsoDate): number {
  const index = (date: IsoDate): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
  return index(to) - index(from);
}

const WATCHED = [
  'dualStatus',
  'institutional',
  'newEnrollee',
  'snp',
  'lowIncome',
  'partD',
  'originalEntitlement',
] as const;

function changesOf(before: ScoreMember, now: ScoreMember): string[] {
  const changes: string[] = WATCHED.filter((field) => before[field] !== now[field]).map(
    (field) => `${field} ${before[field] ?? 'unknown'} -> ${now[field] ?? 'unknown'}`,
  );
  const [was, is] = [esrdText(before.esrd), esrdText(now.esrd)];
  return was === is ? changes : [...changes, `esrd ${was} -> ${is}`];
}

function esrdText(esrd: Esrd | null): string {
  if (esrd === null) return 'none';
  return esrd.monthsSinceTransplant === null
    ? esrd.status
    : `${esrd.status} month ${esrd.monthsSinceTransplant}`;
}

function weightedMean(scores: readonly (number | null)[]): number | null {
  const paid = scores.filter((score) => score !== null);
  if (paid.length === 0) return null;
  const sum: Thousandths = paid.reduce((total, score) => total + Math.round(score * 1000), 0);
  return toDecimal(divideRounded(sum, paid.length));
}
