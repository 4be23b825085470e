import { captureYear, hccsOfAnyEdition, submissionsOf } from '../engine/captured.ts';
import type { IsoDate } from '../engine/dates.ts';
import { paymentAge } from '../engine/demographics.ts';
import { judgeEncounters } from '../engine/eligibility.ts';
import type { MemberHistory } from '../engine/history.ts';
import type { CompiledModel } from '../engine/model.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { type Rate, rateOf } from './rates.ts';
import { closureOf, type RecaptureFacts, recaptureBases } from './recapture.ts';

/** The first eligible service of each HCC in a service year, in one model; before hierarchies. */
export function firstCaptures(
  reference: ReferenceData,
  history: MemberHistory,
  about: { readonly model: CompiledModel; readonly paymentYear: number; readonly asOf: IsoDate },
): ReadonlyMap<string, IsoDate> {
  const { model, paymentYear, asOf } = about;
  const dosYear = paymentYear - 1;
  const year = model.years.get(paymentYear);
  if (year === undefined) return new Map();
  const records = judgeEncounters(reference.eligibility, resolveVersions(history.encounters, asOf), {
    dosYear,
    lookbackYears: 1,
    asOf,
    coverage: history.coverage,
  });
  const age = paymentAge({ birthDate: history.birthDate, age: null }, paymentYear) ?? 0;
  const { categories } = captureYear(
    dosYear,
    submissionsOf(records, dosYear, reference.codes),
    { surviving: (hccs) => new Set(hccs) },
    hccsOfAnyEdition(model, year, { sex: history.sex, age }),
  );
  // Submissions of a category stand by date.
  return new Map([...categories].map(([hcc, [first]]) => [hcc, first?.date ?? asOf]));
}

export interface CurveMember {
  readonly segment: string;
  /** Captured HCCs of the year before. */
  readonly before: readonly string[];
  readonly first: ReadonlyMap<string, IsoDate>;
}

export interface CurvePoint {
  /** Last day of the month, or the day of the report in its month. */
  readonly until: IsoDate;
  readonly closed: Rate;
}

/**
 * The year-to-date curve (KPIs, section 2): for each month end of the service year, pairs of last year closed by an
 * eligible service up to it, of all pairs. Non-decreasing: what was deleted since is not counted at all.
 */
export function recaptureCurve(
  members: readonly CurveMember[],
  facts: RecaptureFacts,
  period: { readonly dosYear: number; readonly asOf: IsoDate },
): readonly CurvePoint[] {
  const days = monthEnds(period.dosYear, period.asOf);
  const closed = days.map(() => 0);
  let pairs = 0;
  for (const { segment, before, first } of members) {
    for (const hcc of recaptureBases(before, facts)) {
      pairs += 1;
      for (const [index, day] of days.entries()) {
        const now = [...first].filter(([, date]) => date <= day).map(([other]) => other);
        if (closureOf(hcc, now, segment, facts) !== 'open') closed[index] = (closed[index] ?? 0) + 1;
      }
    }
  }
  return days.map((until, index) => ({ until, closed: rateOf(closed[index] ?? 0, pairs) }));
}

function monthEnds(dosYear: number, asOf: IsoDate): readonly IsoDate[] {
  const ends = Array.from({ length: 12 }, (_, month) =>
    new Date(Date.UTC(dosYear, month + 1, 0)).toISOString().slice(0, 10),
  );
  const past = ends.filter((day) => day < asOf);
  return past.length === ends.length || asOf < `${dosYear}-01-01` ? past : [...past, asOf];
}
