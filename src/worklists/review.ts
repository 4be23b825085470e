import { prepareContext } from '../engine/analyze.ts';
import type { IsoDate } from '../engine/dates.ts';
import { submittedFor } from '../engine/gaps/submitted.ts';
import type { MemberHistory } from '../engine/history.ts';
import { dotted } from '../engine/icd10.ts';
import { compareHccs } from '../engine/model.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { TenantTx } from '../store/database.ts';
import { loadHistories } from '../store/histories.ts';
import { listReviewMarks, type ReviewMark } from '../store/reviews.ts';

/** A submitted HCC of an encounter and the mark that a reviewer gave it, if any. */
export interface SubmittedHcc {
  readonly model: string;
  readonly hcc: string;
  readonly codes: readonly string[];
  readonly mark: ReviewMark['mark'] | null;
  readonly reason: string | null;
  readonly supportedBy: string | null;
  readonly actor: string | null;
  readonly at: string | null;
}

export interface EncounterReview {
  readonly memberKey: string;
  readonly encounterId: string;
  readonly dos: string;
  readonly submitted: readonly SubmittedHcc[];
  /** No submitted HCC of the encounter is without a mark (compliance C-1). */
  readonly complete: boolean;
}

/** A record of a service year that submits HCCs. */
export interface SubmittingRecord {
  readonly encounterId: string;
  /** Undotted codes by `model hcc`, in every model in force for the payment year and the member's program. */
  readonly hccs: ReadonlyMap<string, readonly string[]>;
}

/**
 * What the records in force of a service year submit, by record: void and replaced ones, EHR notes and diagnoses that
 * a deleting chart review took off are not submitted. Empty where no gap rules hold: an ACA plan, a year without a
 * model.
 */
export function submittingRecords(
  reference: ReferenceData,
  history: MemberHistory,
  { dosYear, asOf }: { readonly dosYear: number; readonly asOf: IsoDate },
): readonly SubmittingRecord[] {
  const options = { paymentYear: dosYear + 1, asOf, kinds: null, lookbackYears: 1 };
  const prepared = prepareContext(reference, history, options);
  if (!prepared.ok) return [];
  const records = new Map<string, Map<string, string[]>>();
  for (const part of prepared.value.parts) {
    for (const [hcc, submissions] of submittedFor(prepared.value, part)) {
      for (const { code, record } of submissions) {
        const { encounterId } = record.encounter;
        const hccs = records.get(encounterId) ?? new Map<string, string[]>();
        const key = `${part.id} ${hcc}`;
        hccs.set(key, [...(hccs.get(key) ?? []), code]);
        records.set(encounterId, hccs);
      }
    }
  }
  return [...records].map(([encounterId, hccs]) => ({ encounterId, hccs }));
}

/** The two-way review of an encounter; undefined when the member has no such encounter. */
export async function encounterReview(
  tx: TenantTx,
  reference: ReferenceData,
  {
    memberKey,
    encounterId,
    asOf,
  }: { readonly memberKey: string; readonly encounterId: string; readonly asOf: IsoDate },
): Promise<EncounterReview | undefined> {
  const [history] = await loadHistories(tx, [memberKey]);
  const encounter = history?.encounters.find((candidate) => candidate.encounterId === encounterId);
  if (!history || !encounter) return undefined;
  const dosYear = Number(encounter.to.slice(0, 4));
  const hccs = submittingRecords(reference, history, { dosYear, asOf }).find(
    (record) => record.encounterId === encounterId,
  )?.hccs;
  const marks = new Map(
    (await listReviewMarks(tx, { memberKey, encounterId })).map((mark) => [
      `${mark.model} ${mark.hcc}`,
      mark,
    ]),
  );
  const submitted = [...(hccs ?? [])]
    .map(([key, codes]): SubmittedHcc => {
      const [model = '', hcc = ''] = key.split(' ');
      const mark = marks.get(key);
      return {
        model,
        hcc,
        codes: [...new Set(codes.map(dotted))].sort(),
        mark: mark?.mark ?? null,
        reason: mark?.reason ?? null,
        supportedBy: mark?.supportedBy ?? null,
        actor: mark?.actor ?? null,
        at: mark?.at ?? null,
      };
    })
    .sort((a, b) => (a.model === b.model ? compareHccs(a.hcc, b.hcc) : a.model < b.model ? -1 : 1));
  return {
    memberKey,
    encounterId,
    dos: encounter.to,
    submitted,
    complete: submitted.every(({ mark }) => mark !== null),
  };
}

/** A mark that cannot stand, by its place among those given. */
export interface MarkFault {
  readonly index: number;
  readonly field: 'hcc' | 'mark' | 'supportedBy';
  readonly code: string;
  readonly message: string;
  readonly value: string;
}

/**
 * What is wrong with marks: an HCC that the encounter does not submit; support named in a record that is not another
 * one of the member's service year; support of an HCC whose every code stands behind one found unsupported, for a
 * code is in the note or is not, whatever HCCs and models it reaches.
 */
export function markFaults(
  review: EncounterReview,
  history: MemberHistory,
  marks: readonly Pick<ReviewMark, 'model' | 'hcc' | 'mark' | 'supportedBy'>[],
): readonly MarkFault[] {
  const year = review.dos.slice(0, 4);
  const given = new Map(marks.map((mark, index) => [`${mark.model} ${mark.hcc}`, { mark, index }]));
  const after = review.submitted.map((row) => {
    const { mark, index } = given.get(`${row.model} ${row.hcc}`) ?? { mark: row, index: null };
    return { codes: row.codes, hcc: row.hcc, mark: mark.mark, supportedBy: mark.supportedBy, index };
  });
  const refuted = after.filter(({ mark }) => mark === 'unsupported');
  const faults = marks.flatMap((mark, index): MarkFault[] => {
    const { supportedBy, model, hcc } = mark;
    if (!review.submitted.some((row) => row.model === model && row.hcc === hcc)) {
      return [
        {
          index,
          field: 'hcc',
          code: 'not_submitted',
          message: 'not of this encounter',
          value: `${model} ${hcc}`,
        },
      ];
    }
    if (supportedBy === null) return [];
    const named = history.encounters.find(({ encounterId }) => encounterId === supportedBy);
    const message =
      supportedBy === review.encounterId
        ? 'names the encounter itself'
        : named?.to.startsWith(year) === true
          ? null
          : `is no encounter of this member in ${year}`;
    return message === null
      ? []
      : [{ index, field: 'supportedBy', code: 'unknown_encounter', message, value: supportedBy }];
  });
  for (const row of after) {
    if (row.mark !== 'supported' || row.supportedBy !== null) continue;
    const against = refuted.filter(({ codes }) => codes.some((code) => row.codes.includes(code)));
    if (!row.codes.every((code) => against.some(({ codes }) => codes.includes(code)))) continue;
    const index = row.index ?? against.find((one) => one.index !== null)?.index ?? null;
    if (index === null) continue;
    const message = `${row.codes.join(', ')} stands behind HCC ${row.hcc}, marked supported, and HCC ${against.map(({ hcc }) => hcc).join(', ')}, marked unsupported`;
    faults.push({ index, field: 'mark', code: 'contradictory', message, value: row.codes.join(', ') });
  }
  return faults;
}
