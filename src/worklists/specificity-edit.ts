import { analyzeHistory } from '../engine/analyze.ts';
import type { IsoDate } from '../engine/dates.ts';
import type { Encounter, MemberHistory } from '../engine/history.ts';
import { dotted, undotted } from '../engine/icd10.ts';
import type { ReferenceData } from '../engine/reference-data.ts';

/** A more specific code that the record supports in place of one that is about to be submitted. */
export interface BetterCode {
  readonly code: string;
  readonly description: string;
  /** What in the record says so: code, date and encounter of each item. */
  readonly evidence: readonly {
    readonly type: string;
    readonly code: string | null;
    readonly date: string | null;
    readonly encounterId: string | null;
  }[];
}

/**
 * More specific codes than `code` that the record supports: the analysis of the history as it would be with the code
 * on the encounter, read for specificity gaps of that code (gap taxonomy, section 3). Empty when the code is specific,
 * when the detail is not on record (guideline I.B.18: then the unspecified code is right), and when it is captured
 * beside the unspecified one. The same rule that finds such a gap tonight refuses it today.
 */
export function recordedDetail(
  reference: ReferenceData,
  add: {
    readonly history: MemberHistory;
    readonly encounter: Encounter;
    readonly code: string;
    readonly asOf: IsoDate;
  },
): readonly BetterCode[] {
  const { history, encounter, code, asOf } = add;
  const carries = encounter.diagnoses.some((diagnosis) => undotted(diagnosis.code) === code);
  const submitted: Encounter = {
    ...encounter,
    // An EHR note submits nothing; with the add it would.
    source: encounter.source === 'ehr' ? 'claim' : encounter.source,
    diagnoses: carries ? encounter.diagnoses : [...encounter.diagnoses, { code, position: null }],
  };
  const would: MemberHistory = {
    ...history,
    encounters: history.encounters.map((one) => (one === encounter ? submitted : one)),
  };
  const analysed = analyzeHistory(reference, would, {
    paymentYear: Number(encounter.to.slice(0, 4)) + 1,
    asOf,
    kinds: ['specificity'],
    lookbackYears: 1,
  });
  if (!analysed.ok) return [];
  const better = new Map<string, BetterCode>();
  for (const gap of analysed.value.gaps) {
    const about = gap.evidence.some(
      (item) =>
        item.type === 'diagnosis' &&
        item.code !== null &&
        undotted(item.code) === code &&
        item.encounterId === encounter.encounterId,
    );
    if (!about || gap.candidateCodes.some((candidate) => undotted(candidate.code) === code)) continue;
    const evidence = gap.evidence
      .filter((item) => item.code === null || undotted(item.code) !== code)
      .map(({ type, code: found, date, encounterId }) => ({
        type,
        code: found === null ? null : dotted(undotted(found)),
        date,
        encounterId,
      }));
    for (const candidate of gap.candidateCodes) {
      const shown = dotted(undotted(candidate.code));
      if (!better.has(shown))
        better.set(shown, { code: shown, description: candidate.description, evidence });
    }
  }
  return [...better.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}
