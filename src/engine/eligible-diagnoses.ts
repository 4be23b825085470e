import { submissionsOf } from './captured.ts';
import type { IsoDate } from './dates.ts';
import { judgeEncounters } from './eligibility.ts';
import type { MemberHistory } from './history.ts';
import { type MemberMonthsScore, scoreMemberMonths } from './member-months.ts';
import type { Outcome } from './outcome.ts';
import { resolveVersions } from './record-versions.ts';
import type { ReferenceData } from './reference-data.ts';
import type { ModelId } from './score-contract.ts';

/**
 * Codes that count for a payment year: of the records in force on `asOf` whose services are of the year before, which
 * are eligible by the rules of the payment year, and valid on their date. Undotted, in code order.
 */
export function eligibleDiagnoses(
  reference: Pick<ReferenceData, 'eligibility' | 'codes'>,
  history: MemberHistory,
  { paymentYear, asOf }: { readonly paymentYear: number; readonly asOf: IsoDate },
): readonly string[] {
  const dosYear = paymentYear - 1;
  const records = judgeEncounters(reference.eligibility, resolveVersions(history.encounters, asOf), {
    dosYear,
    lookbackYears: 1,
    asOf,
    coverage: history.coverage,
  });
  const counted = submissionsOf(records, dosYear, reference.codes).filter(
    ({ valid, record }) => valid && record.verdict.eligible,
  );
  return [...new Set(counted.map(({ code }) => code))].sort();
}

/**
 * Each month of a payment year of a member history, by the status on its first day, and the month-weighted year;
 * diagnoses are those of the history that count.
 */
export function scoreHistoryMonths(
  reference: ReferenceData,
  history: MemberHistory,
  options: { readonly paymentYear: number; readonly asOf: IsoDate; readonly model: ModelId | null },
): Outcome<MemberMonthsScore> {
  const { paymentYear, model } = options;
  const diagnoses = eligibleDiagnoses(reference, history, options);
  return scoreMemberMonths(reference, { history, paymentYear, model, diagnoses });
}
