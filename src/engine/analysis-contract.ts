import type { Calendar } from './calendar.ts';
import type { IsoDate } from './dates.ts';
import type { PaymentOverride } from './payment-overrides.ts';
import type { ModelId, ScoreResult } from './score-contract.ts';
import type { SuspectSelection } from './suspects/evaluate.ts';

/** Enumerations are those of the gap taxonomy (hcc-mappings/gaps/taxonomy.json). */
export const GAP_KINDS = [
  'recapture',
  'specificity',
  'documented_not_coded',
  'coded_not_eligible',
  'clinical_suspect',
  'over_coding',
] as const;
export type GapKind = (typeof GAP_KINDS)[number];
export type GapStatus = 'open' | 'closed_lower' | 'closed_lower_inverted' | 'no_anchor';
export type GapDirection = 'add' | 'refine' | 'link' | 'question' | 'delete';
export type GapList = 'prospective' | 'retrospective';
export type SpecificitySubKind = 'S0_unmapped' | 'S1_lower' | 'S2_equal' | 'S3_down';
export type Confidence = 'high' | 'medium' | 'low';
export type YearState =
  | 'not_started'
  | 'prospective_open'
  | 'retrospective_open'
  | 'delete_only'
  | 'delete_by_report';

/** A submitted HCC that a reviewer found in no record of D (gap taxonomy, section 7, iii): its clock runs. */
export interface ReviewerFinding {
  readonly paymentYear: number;
  readonly model: string;
  readonly hcc: string;
  readonly identifiedAt: IsoDate;
  /** The records that the reviewer opened; a record that came later is not among them. Empty: every one of D. */
  readonly encounterIds: readonly string[];
}

/** Years before D that an analysis reads unless told otherwise: D-1 and D-2 (gap taxonomy, section 0, `L`). */
export const DEFAULT_LOOKBACK_YEARS = 2;

export interface AnalysisOptions {
  readonly paymentYear: number;
  readonly asOf: IsoDate;
  /** Narrows `gaps` of the answer only. */
  readonly kinds: readonly GapKind[] | null;
  readonly lookbackYears: number;
  /** A tenant's switches, own rules and review decisions of clinical suspects; absent: the library's defaults. */
  readonly suspecting?: SuspectSelection;
  /** The calendar with a tenant's own deadlines; absent: the one loaded. */
  readonly calendar?: Calendar;
  /** Payment parameters that the tenant sets in place of those loaded. */
  readonly paymentOverrides?: readonly PaymentOverride[];
  /** What reviewers found unsupported and nobody has settled: delete candidates, whatever the tests say. */
  readonly reviewerFindings?: readonly ReviewerFinding[];
}

export interface CandidateCode {
  readonly code: string;
  readonly description: string;
  readonly hcc: string | null;
}

export interface Evidence {
  readonly type: 'diagnosis' | 'condition' | 'observation' | 'medication' | 'procedure' | 'coverage';
  readonly code: string | null;
  readonly date: IsoDate | null;
  readonly encounterId: string | null;
  readonly source: string | null;
  readonly eligible: boolean | null;
  /** Clinical evidence: the very result that fired the rule. */
  readonly value?: number | string | null;
  readonly unit?: string | null;
}

export interface EncounterLink {
  readonly encounterId: string;
  readonly icn: string | null;
  readonly dos: IsoDate;
  readonly providerNpi: string | null;
  readonly status: 'linked' | 'link_pending_icn' | 'no_match';
}

export interface GapImpact {
  readonly standalone: number;
  readonly incremental: number;
  readonly shapley: number;
  /** null where no payment score can be given (a parameter of the year is not established). */
  readonly payment: number | null;
}

export interface Gap {
  readonly gapId: string;
  readonly kind: GapKind;
  readonly status: GapStatus;
  readonly subKind: SpecificitySubKind | null;
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
  readonly list: GapList;
  readonly direction: GapDirection;
  readonly model: ModelId;
  readonly hcc: string;
  readonly hccLabel: string;
  readonly dosYear: number;
  readonly candidateCodes: readonly CandidateCode[];
  readonly persistenceClass: string | null;
  readonly evidence: readonly Evidence[];
  readonly encounterLink: EncounterLink | null;
  /** null for new enrollees and ESRD members: never 0, never another model's points. */
  readonly impact: GapImpact | null;
  readonly confidence: Confidence;
  readonly ruleId: string;
  readonly act: { readonly by: IsoDate | null; readonly who: 'provider' | 'coder' | 'compliance' };
  readonly explanation: string;
}

export interface NotGap {
  readonly hcc: string | null;
  readonly code: string;
  readonly reason: string;
  readonly explanation: string;
}

export interface UnspecifiedFlag {
  readonly code: string;
  readonly description: string;
  readonly weight: 'zero' | 'reduced' | 'equal';
  readonly hcc: string | null;
  readonly siblings: readonly { readonly code: string; readonly hcc: string | null }[];
  readonly encounterIds: readonly string[];
  readonly providerNpi: string | null;
  readonly evidence: 'recorded' | 'none';
  readonly gapId: string | null;
}

export interface NotEvaluable {
  readonly test: string;
  readonly hcc: string | null;
  readonly missing: readonly string[];
}

export interface EncounterVerdict {
  readonly encounterId: string;
  readonly eligible: boolean;
  readonly dosYear: number;
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
  readonly reason: string;
}

/** The answer of `POST /v1/analyses` and one line of `hccgap analyze`. */
export interface Analysis {
  readonly memberId: string;
  readonly paymentYear: number;
  readonly dosYear: number;
  readonly asOf: IsoDate;
  readonly yearState: YearState;
  /** null where no score can be given: no model announced for a year not started, an ESRD factor not established. */
  readonly raf: { readonly current: ScoreResult | null; readonly ifAllClosed: ScoreResult | null };
  readonly gaps: readonly Gap[];
  readonly notGaps: readonly NotGap[];
  readonly unspecified: readonly UnspecifiedFlag[];
  readonly notEvaluable: readonly NotEvaluable[];
  readonly encounters: readonly EncounterVerdict[];
}
