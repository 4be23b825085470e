import { addDays, daysBetween, type IsoDate } from './dates.ts';
import type { CoveragePeriod, MemberHistory } from './history.ts';
import type { ScoreMember } from './score-contract.ts';

/** Where no coverage period is given: a Medicare Advantage member about whom nothing is known. */
const UNKNOWN_COVERAGE: CoveragePeriod = {
  program: 'ma',
  contractId: null,
  planId: null,
  from: '1900-01-01',
  to: '1900-01-01',
  originalEntitlement: null,
  currentEntitlement: null,
  dualStatus: null,
  institutional: false,
  newEnrollee: false,
  snp: 'none',
  lowIncome: false,
  partD: 'none',
  esrd: null,
  hospice: false,
  switcher: false,
};

/** The period that covers most days of the payment year, else the latest one (contract of the member history). */
export function segmentPeriod(history: MemberHistory, paymentYear: number): CoveragePeriod {
  const from = `${paymentYear}-01-01`;
  const to = `${paymentYear}-12-31`;
  let best: CoveragePeriod | null = null;
  let bestDays = 0;
  for (const period of history.coverage) {
    const start = period.from > from ? period.from : from;
    const end = period.to !== null && period.to < to ? period.to : to;
    const days = Math.max(0, daysBetween(start, end) + 1);
    if (best === null || days > bestDays || (days === bestDays && isLater(period, best))) {
      best = period;
      bestDays = days;
    }
  }
  return best ?? UNKNOWN_COVERAGE;
}

function isLater(a: CoveragePeriod, b: CoveragePeriod): boolean {
  if (a.from !== b.from) return a.from > b.from;
  const [endA, endB] = [a.to ?? '9999-12-31', b.to ?? '9999-12-31'];
  if (endA !== endB) return endA > endB;
  return JSON.stringify(a) > JSON.stringify(b);
}

/** The scoring facts of a member in a coverage period. */
export function scoreMemberOf(history: MemberHistory, period: CoveragePeriod): ScoreMember {
  return {
    sex: history.sex,
    birthDate: history.birthDate,
    age: null,
    originalEntitlement: period.originalEntitlement,
    currentEntitlement: period.currentEntitlement,
    dualStatus: period.dualStatus,
    institutional: period.institutional,
    newEnrollee: period.newEnrollee,
    snp: period.snp,
    lowIncome: period.lowIncome,
    esrd: period.esrd,
    partD: period.partD,
    metal: null,
    enrollmentMonths: null,
    csr: null,
  };
}

/**
 * Gap taxonomy, section 0, rule (1): inactive is dead on `asOf`, or in no coverage period on it, or in a hospice one.
 */
export function isInactive(history: MemberHistory, asOf: IsoDate): boolean {
  if (history.deathDate !== null && history.deathDate <= asOf) return true;
  const current = history.coverage.filter((period) => holds(period, asOf));
  return current.length === 0 || current.some((period) => period.hospice);
}

/** True when a non-hospice period reached a month of the payment year before `asOf` and before death. */
export function hasPaidMonths(history: MemberHistory, paymentYear: number, asOf: IsoDate): boolean {
  const first = `${paymentYear}-01-01`;
  const last = `${paymentYear}-12-31`;
  const until = history.deathDate !== null && history.deathDate < asOf ? history.deathDate : asOf;
  return history.coverage.some((period) => {
    if (period.hospice) return false;
    const start = period.from > first ? period.from : first;
    return start < until && start <= last && (period.to === null || period.to >= start);
  });
}

/** True when some day of the year, up to `asOf` and death, lies in no coverage period (ENC-11). */
export function hasEnrollmentGap(history: MemberHistory, year: number, asOf: IsoDate): boolean {
  const end = [`${year}-12-31`, asOf, history.deathDate ?? asOf].sort()[0] ?? asOf;
  let day: IsoDate = `${year}-01-01`;
  for (;;) {
    if (day > end) return false;
    const period = history.coverage.find((candidate) => holds(candidate, day));
    if (!period) return true;
    if (period.to === null) return false;
    day = addDays(period.to, 1);
  }
}

function holds(period: CoveragePeriod, date: IsoDate): boolean {
  return period.from <= date && (period.to === null || period.to >= date);
}
