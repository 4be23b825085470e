import type {
  Confidence,
  EncounterLink,
  Evidence,
  GapKind,
  GapStatus,
  NotEvaluable,
  NotGap,
  SpecificitySubKind,
} from '../analysis-contract.ts';
import type { ModelId } from '../score-contract.ts';

/** What closing a gap does to the member's categories before hierarchies, in the gap's own model. */
export interface CategoryChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** A finding before the decision table gives it a list, a date and a worth. Codes undotted. */
export interface GapDraft {
  readonly kind: GapKind;
  readonly model: ModelId;
  readonly hcc: string;
  readonly status: GapStatus;
  readonly subKind: SpecificitySubKind | null;
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
  readonly candidateCodes: readonly string[];
  readonly persistenceClass: string | null;
  readonly evidence: readonly Evidence[];
  readonly encounterLink: EncounterLink | null;
  /** null: no record can make it count (no anchor, age or sex edit); its worth is 0. */
  readonly change: CategoryChange | null;
  /** No worth is shown: the evidence is too weak or cannot tell HCCs apart (rule format, section 8). */
  readonly noWorth?: boolean;
  readonly confidence: Confidence;
  readonly ruleId: string;
  readonly explanation: string;
  /** HCCs of the submitted codes in question, where they are not `hcc` itself (specificity: the unspecified code's). */
  readonly relatedHccs?: readonly string[];
  /** The submitted codes in question (specificity: the unspecified ones; over-coding: those behind the HCC). */
  readonly subjectCodes?: readonly string[];
}

export interface KindResult {
  readonly gaps: readonly GapDraft[];
  readonly notGaps: readonly NotGap[];
  readonly notEvaluable: readonly NotEvaluable[];
}

export const NOTHING_FOUND: KindResult = { gaps: [], notGaps: [], notEvaluable: [] };
