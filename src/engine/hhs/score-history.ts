import type { CodeTable } from '../codes.ts';
import { ageOn, dateOfDay, dayNumber, type IsoDate, yearOf } from '../dates.ts';
import type { CoveragePeriod, MemberHistory } from '../history.ts';
import { type Outcome, refuse, succeed } from '../outcome.ts';
import { resolveVersions } from '../record-versions.ts';
import type { ScoreMember, ScoreResult } from '../score-contract.ts';
import { scoreMemberOf } from '../segment-of-history.ts';
import { type EdgeVerdict, edgeDiagnoses, needsMissingList } from './edge-filter.ts';
import { readHhsMember } from './member.ts';
import { scoreHhs } from './score.ts';
import type { HhsTables, HhsYearTables } from './tables.ts';

export interface HhsHistoryRequest {
  readonly history: MemberHistory;
  readonly benefitYear: number;
  readonly asOf: IsoDate;
  readonly metal: ScoreMember['metal'];
  readonly csr: ScoreMember['csr'];
}

export interface HhsHistoryScore {
  readonly score: ScoreResult;
  /** Age in whole years on the last day of enrolment in the benefit year. */
  readonly ageLast: number;
  readonly enrollmentMonths: number;
  readonly encounters: readonly EdgeVerdict[];
}

/**
 * Scores an enrollee from the records of the benefit year: EDGE filter, dated diagnoses, drug fills (NDC), AGE_LAST
 * and duration from the days of ACA enrolment (algorithm sections A and B). HHS-HCC is concurrent: only services of
 * the benefit year itself count.
 */
export function scoreHhsHistory(
  tables: HhsTables,
  codes: CodeTable,
  request: HhsHistoryRequest,
): Outcome<HhsHistoryScore> {
  const { history, benefitYear } = request;
  const year = tables.forYear(benefitYear);
  if (!year) {
    return refuse(
      'unsupported_year',
      tables.refusal(benefitYear) ?? `no HHS-HCC tables for benefit year ${benefitYear}`,
      '/paymentYear',
    );
  }
  const days = enrolledDays(history, benefitYear);
  const last = days.at(-1);
  const period = history.coverage.find(({ program }) => program === 'aca');
  if (last === undefined || period === undefined) {
    return refuse('not_applicable', `no ACA enrolment in ${benefitYear}`, '/coverage');
  }
  const versions = resolveVersions(history.encounters, request.asOf);
  if (needsMissingList(year, versions)) {
    return refuse(
      'missing_parameter',
      `benefit year ${benefitYear}: no list of eligible service codes is published, so outpatient and professional claims cannot be judged`,
      '/encounters',
    );
  }
  const ageLast = ageOn(history.birthDate, last);
  const enrollmentMonths = monthsOf(year, days.length);
  const member = { ...scoreMemberOf(history, period), birthDate: null, age: ageLast };
  const read = readHhsMember(year, { ...member, metal: request.metal, csr: request.csr, enrollmentMonths });
  if (!read.ok) return read;
  const enrolled = new Set(days);
  const edge = edgeDiagnoses({ year, versions, enrolledOn: (date) => enrolled.has(date) });
  const score = scoreHhs({
    year,
    codes,
    member: { ...read.value, person: { ...read.value.person, birthDate: history.birthDate } },
    request: {
      id: history.memberId,
      drugs: fills(history, benefitYear, request.asOf),
      procedures: edge.procedures,
    },
    diagnoses: edge.diagnoses,
  });
  return succeed({ score, ageLast, enrollmentMonths, encounters: edge.verdicts });
}

/** Days of the benefit year in an ACA period, alive, each once, in order. */
function enrolledDays(history: MemberHistory, benefitYear: number): IsoDate[] {
  const last = `${benefitYear}-12-31`;
  const end = history.deathDate !== null && history.deathDate < last ? history.deathDate : last;
  const periods = history.coverage.filter(({ program }) => program === 'aca');
  const days: IsoDate[] = [];
  const first = dayNumber(`${benefitYear}-01-01`);
  for (let day = first; day <= dayNumber(end); day++) {
    const date = dateOfDay(day);
    if (periods.some((period) => holds(period, date))) days.push(date);
  }
  return days;
}

function holds({ from, to }: CoveragePeriod, date: IsoDate): boolean {
  return from <= date && (to === null || date <= to);
}

/** `enrollment_duration.csv`: days to months, e.g. 63-92 days are 3. */
function monthsOf(year: HhsYearTables, days: number): number {
  return year.durations.find(({ min, max }) => days >= min && days <= max)?.months ?? 12;
}

/** NDCs filled in the benefit year; orders and administrations are no pharmacy claims. */
function fills(history: MemberHistory, benefitYear: number, asOf: IsoDate): string[] {
  return (history.medications ?? []).flatMap(({ code, system, date, source }) =>
    code !== null && system === 'ndc' && source === 'fill' && yearOf(date) === benefitYear && date <= asOf
      ? [code]
      : [],
  );
}
