import { captureYear, hccsOfAnyEdition, submissionsOf } from '../engine/captured.ts';
import type { IsoDate } from '../engine/dates.ts';
import { paymentAge } from '../engine/demographics.ts';
import { judgeEncounters } from '../engine/eligibility.ts';
import type { MemberHistory } from '../engine/history.ts';
import { undotted } from '../engine/icd10.ts';
import type { CompiledModel } from '../engine/model.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import { type Rate, rateOf } from './rates.ts';
import { closureOf, type RecaptureFacts, recaptureBases } from './recapture.ts';

/** When an HCC was first captured in a service year: by its service, and by what was received. */
export interface FirstCapture {
  readonly served: IsoDate;
  /** Null when it is not known when the record came. */
  readonly received: IsoDate | null;
}

/** The day on which a diagnosis (undotted) of an encounter was received; null when that is not known. */
export type ReceivedOn = (encounterId: string, code: string) => IsoDate | null;

/** The first eligible service and the first receipt of each HCC in a service year, in one model; before hierarchies. */
export function firstCaptures(
  reference: ReferenceData,
  history: MemberHistory,
  about: {
    readonly model: CompiledModel;
    readonly paymentYear: number;
    readonly asOf: IsoDate;
    readonly receivedOn: ReceivedOn;
  },
): ReadonlyMap<string, FirstCapture> {
  const { model, paymentYear, asOf, receivedOn } = about;
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
  return new Map(
    [...categories].map(([hcc, submissions]) => {
      const receipts = submissions
        .map(({ record, code }) => receivedOn(record.encounter.encounterId, undotted(code)))
        .filter((day) => day !== null);
      // Submissions of a category stand by date.
      return [hcc, { served: submissions[0]?.date ?? asOf, received: receipts.sort()[0] ?? null }];
    }),
  );
}

export interface CurveMember {
  readonly segment: string;
  /** Captured HCCs of the year before. */
  readonly before: readonly string[];
  readonly first: ReadonlyMap<string, FirstCapture>;
}

export interface CurvePoint {
  /** Last day of the month, or the day of the report in its month. */
  readonly until: IsoDate;
  /** Closed by an eligible service up to that day. */
  readonly closed: Rate;
  /** Closed by an eligible service whose record was received up to that day. */
  readonly closedByReceipt: Rate;
}

/** A year-to-date curve that members are added to one by one; it holds sums only. */
export interface RecaptureCurve {
  add(member: CurveMember): void;
  members(): number;
  points(): readonly CurvePoint[];
}

/**
 * The year-to-date curve (KPIs, section 2): for each month end of the service year, pairs of last year closed up to
 * it, of all pairs; once by date of service and once by the day of receipt, because claims of the last 90 days are
 * incomplete. Non-decreasing: what was deleted since is not counted at all.
 */
export function recaptureCurve(
  facts: RecaptureFacts,
  period: { readonly dosYear: number; readonly asOf: IsoDate },
): RecaptureCurve {
  const days = monthEnds(period.dosYear, period.asOf);
  const served = days.map(() => 0);
  const received = days.map(() => 0);
  let members = 0;
  let pairs = 0;
  const count = (
    sums: number[],
    member: CurveMember,
    { hcc, on }: { readonly hcc: string; readonly on: (capture: FirstCapture) => IsoDate | null },
  ): void => {
    for (const [index, day] of days.entries()) {
      const now = [...member.first].flatMap(([other, capture]) => {
        const date = on(capture);
        return date !== null && date <= day ? [other] : [];
      });
      if (closureOf(hcc, now, member.segment, facts) !== 'open') sums[index] = (sums[index] ?? 0) + 1;
    }
  };
  return {
    add(member) {
      members += 1;
      for (const hcc of recaptureBases(member.before, facts)) {
        pairs += 1;
        count(served, member, { hcc, on: (capture) => capture.served });
        count(received, member, { hcc, on: (capture) => capture.received });
      }
    },
    members: () => members,
    points: () =>
      days.map((until, index) => ({
        until,
        closed: rateOf(served[index] ?? 0, pairs),
        closedByReceipt: rateOf(received[index] ?? 0, pairs),
      })),
  };
}

function monthEnds(dosYear: number, asOf: IsoDate): readonly IsoDate[] {
  const ends = Array.from({ length: 12 }, (_, month) =>
    new Date(Date.UTC(dosYear, month + 1, 0)).toISOString().slice(0, 10),
  );
  const past = ends.filter((day) => day < asOf);
  return past.length === ends.length || asOf < `${dosYear}-01-01` ? past : [...past, asOf];
}
