import type { AnalysisOptions, YearState } from '../analysis-contract.ts';
import type { CapturedYear, Submission } from '../captured.ts';
import type { IsoDate } from '../dates.ts';
import type { EditPerson } from '../diagnoses.ts';
import type { JudgedEncounter } from '../eligibility.ts';
import type { CoveragePeriod, MemberHistory } from '../history.ts';
import type { MemberScoring } from '../member-scoring.ts';
import type { CompiledModel, ModelYear } from '../model.ts';
import type { Outcome } from '../outcome.ts';
import type { ReferenceData } from '../reference-data.ts';
import type { Scorer } from '../score.ts';
import type { ModelId } from '../score-contract.ts';

/**
 * Everything that the gap kinds read about one member: the history after versions and eligibility, what is captured by
 * year and model, and the calendar. A kind is a function from this to its findings; it changes nothing here.
 */
export interface AnalysisContext {
  readonly reference: ReferenceData;
  /** Records dated after `asOf` are gone, repeats merged, codes undotted; encounters in id order. */
  readonly history: MemberHistory;
  readonly options: AnalysisOptions;
  readonly paymentYear: number;
  /** D, the DOS year of the payment year. */
  readonly dosYear: number;
  readonly asOf: IsoDate;
  readonly yearState: YearState;
  readonly finalDeadline: IsoDate;
  /** Every record with its verdict, in encounter id order. */
  readonly records: readonly JudgedEncounter[];
  readonly recordById: ReadonlyMap<string, JudgedEncounter>;
  /** Diagnoses of the records in force by DOS year (D and the look-back), eligible or not; withdrawn ones are gone. */
  readonly submissions: ReadonlyMap<number, readonly Submission[]>;
  readonly coverage: CoveragePeriod;
  /** Dead, disenrolled or in hospice on `asOf`. */
  readonly inactive: boolean;
  /** Some month of the payment year has been paid. */
  readonly paidMonths: boolean;
  /** The score of the member as he is: new enrollee, ESRD or continuing; a refusal where no score can be given. */
  readonly scoring: Outcome<MemberScoring>;
  /** False for new enrollees and ESRD members: gaps are listed for care, their impact is null. */
  readonly hasImpact: boolean;
  /** The models in force for payment year and program, newest first. */
  readonly parts: readonly ModelPart[];
}

/** One model in force, with the member's categories in it. */
export interface ModelPart {
  readonly id: ModelId;
  readonly model: CompiledModel;
  readonly year: ModelYear;
  /** Scorer of the member's segment; for a new enrollee or ESRD member that of a continuing enrollee, for comparing. */
  readonly scorer: Scorer;
  readonly who: EditPerson;
  /** HCCs of a code by the payment year's own table, after edits: for diagnoses of D. */
  hccsOf(code: string): readonly string[];
  /** HCCs of a code valid on its date, retired codes included, after edits: for the look-back. */
  pastHccsOf(code: string): readonly string[];
  /** D. */
  readonly captured: CapturedYear;
  /** Look-back years, newest first. */
  readonly lookback: readonly CapturedYear[];
}

/** True when an HCC of the HCC's family is captured in D. */
export function familyCaptured(part: ModelPart, hcc: string): boolean {
  if (part.captured.categories.size === 0) return false;
  for (const member of part.model.hierarchy.family(hcc)) {
    if (part.captured.categories.has(member)) return true;
  }
  return false;
}

/** True when the HCC or one of its family was captured in a look-back year. */
export function familyInLookback(part: ModelPart, hcc: string): boolean {
  const family = part.model.hierarchy.family(hcc);
  return part.lookback.some(({ categories }) => [...categories.keys()].some((held) => family.has(held)));
}

/**
 * Records that are one for counting: those with the same ICN; without ICN each encounter is one (gap taxonomy,
 * section 7).
 */
export function distinctRecords(submissions: readonly Submission[]): readonly JudgedEncounter[] {
  const seen = new Map<string, JudgedEncounter>();
  for (const { record } of submissions) {
    const { icn, encounterId } = record.encounter;
    const key = icn === null || icn === '' ? `encounter ${encounterId}` : `icn ${icn}`;
    if (!seen.has(key)) seen.set(key, record);
  }
  return [...seen.values()];
}

/** Description of a code for a person; the code itself when the tables do not know it. */
export function describe(context: Pick<AnalysisContext, 'reference'>, code: string): string {
  return context.reference.codes.description(code) ?? code;
}
