import { type Rate, rateOf } from './rates.ts';

/** Reference lines of the trade, shown beside a figure and never as a target of it. */
export const REFERENCE_LINES = { sensitivity: 0.85, accuracy: 0.95 } as const;
/** Charts reviewed from which a programme that never deletes is an alert (KPIs, section 4). */
export const ONE_SIDED_FROM = 200;
/** Cells below this are not shown in de-identified output (security M-5). */
export const SMALLEST_CELL = 11;

/** What second reviewers made of a coder's decisions. */
export interface ReviewedDecisions {
  /** Adds that stand, and adds overturned: TP and FP. */
  readonly addsRight: number;
  readonly addsWrong: number;
  /** Refusals that stand, and refusals overturned: TN and FN. */
  readonly refusalsRight: number;
  readonly refusalsWrong: number;
  /** Support reviews (both ways) that stand, and those overturned. */
  readonly supportRight: number;
  readonly supportWrong: number;
}

export interface CoderQuality {
  readonly sensitivity: Rate;
  readonly precision: Rate;
  readonly accuracy: Rate;
}

/**
 * Sensitivity TP / (TP + FN), precision TP / (TP + FP) and decision-level accuracy, on decisions that a second person
 * settled. A sample of what coders decided, not of full charts: what nobody listed is not in it (KPIs, section 1).
 */
export function coderQuality(reviewed: ReviewedDecisions): CoderQuality {
  const { addsRight, addsWrong, refusalsRight, refusalsWrong, supportRight, supportWrong } = reviewed;
  const right = addsRight + refusalsRight + supportRight;
  return {
    sensitivity: rateOf(addsRight, addsRight + refusalsWrong),
    precision: rateOf(addsRight, addsRight + addsWrong),
    accuracy: rateOf(right, right + addsWrong + refusalsWrong + supportWrong),
  };
}

/** A rate as de-identified output shows it: a small cell without its figures, and a complement that would tell it too. */
export function suppressed(rate: Rate): Rate | null {
  const { numerator, denominator } = rate;
  const rest = denominator - numerator;
  const tells = (count: number) => count > 0 && count < SMALLEST_CELL;
  return denominator < SMALLEST_CELL || tells(numerator) || tells(rest) ? null : rate;
}

/** A count as de-identified output shows it: null for 1 to 10. */
export function suppressedCount(count: number): number | null {
  return count > 0 && count < SMALLEST_CELL ? null : count;
}

/** Age as Safe Harbor allows it (45 CFR 164.514(b)(2)(i)(C)): whole years, 90 and over in one group. */
export function safeHarborAge(birthDate: string, on: string): string {
  const age =
    Number(on.slice(0, 4)) - Number(birthDate.slice(0, 4)) - (on.slice(5) < birthDate.slice(5) ? 1 : 0);
  return age >= 90 ? '90+' : String(age);
}

/** Codes of a category with more specific members, of one provider: how specific they are. */
export interface CodingPattern {
  readonly specified: number;
  /** Unspecified although the record holds the detail. */
  readonly unspecifiedWithDetail: number;
}

export function specificityRate({ specified, unspecifiedWithDetail }: CodingPattern): Rate {
  return rateOf(specified, specified + unspecifiedWithDetail);
}

/** True when charts were reviewed in number and nothing was deleted: a review that only adds. */
export function isOneSided(charts: number, deletes: number): boolean {
  return charts >= ONE_SIDED_FROM && deletes === 0;
}
