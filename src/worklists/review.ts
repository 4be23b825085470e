import { mapCode } from '../engine/diagnoses.ts';
import type { MemberHistory } from '../engine/history.ts';
import { dotted, undotted } from '../engine/icd10.ts';
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

/** HCCs of an encounter's submitted codes in every model of the payment year that its services feed. */
export function submittedHccs(
  reference: ReferenceData,
  history: MemberHistory,
  encounterId: string,
): { readonly dos: string; readonly hccs: ReadonlyMap<string, readonly string[]> } | null {
  const encounter = history.encounters.find((candidate) => candidate.encounterId === encounterId);
  if (!encounter) return null;
  const paymentYear = Number(encounter.to.slice(0, 4)) + 1;
  const hccs = new Map<string, string[]>();
  // An EHR note submits nothing: what it documents and no claim carries is an add, not a submitted HCC.
  const codes = encounter.source === 'ehr' ? [] : encounter.diagnoses.map(({ code }) => undotted(code));
  for (const { model } of reference.payment.rows.filter(
    (row) => row.paymentYear === paymentYear && row.program === 'ma' && row.partD.length === 0,
  )) {
    const year = reference.models.get(model)?.years.get(paymentYear);
    if (!year || model.startsWith('esrd')) continue;
    for (const code of codes) {
      for (const hcc of mapCode(year, code)) {
        const key = `${model} ${hcc}`;
        hccs.set(key, [...(hccs.get(key) ?? []), dotted(code)]);
      }
    }
  }
  return { dos: encounter.to, hccs };
}

/** The two-way review of an encounter; undefined when the member has no such encounter. */
export async function encounterReview(
  tx: TenantTx,
  reference: ReferenceData,
  { memberKey, encounterId }: { readonly memberKey: string; readonly encounterId: string },
): Promise<EncounterReview | undefined> {
  const [history] = await loadHistories(tx, [memberKey]);
  const found = history ? submittedHccs(reference, history, encounterId) : null;
  if (!found) return undefined;
  const marks = new Map(
    (await listReviewMarks(tx, { memberKey, encounterId })).map((mark) => [
      `${mark.model} ${mark.hcc}`,
      mark,
    ]),
  );
  const submitted = [...found.hccs]
    .map(([key, codes]): SubmittedHcc => {
      const [model = '', hcc = ''] = key.split(' ');
      const mark = marks.get(key);
      return {
        model,
        hcc,
        codes: [...new Set(codes)].sort(),
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
    dos: found.dos,
    submitted,
    complete: submitted.every(({ mark }) => mark !== null),
  };
}
