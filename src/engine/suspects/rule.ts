/**
 * A suspect rule is data: these are its parsed, checked forms. The evaluator knows the operators below and no rule;
 * a clinician adds a rule by adding data. Months are calendar months; days are whole days.
 */
export type SuspectModelVersion = 'V24' | 'V28';
export const SUSPECT_MODEL_VERSIONS: readonly SuspectModelVersion[] = ['V24', 'V28'];
export type RuleKind = 'new_condition' | 'specificity' | 'combination' | 'status';
export type RuleStatus = 'active' | 'draft' | 'retired';
export type RuleTier = 'high' | 'medium' | 'low';
export type Sensitivity = 'hiv' | 'substance_use';
export type CompareOp = '>' | '>=' | '<' | '<=';
export type Qualitative = 'positive' | 'negative';

/** How often and how far apart the qualifying events must lie. `count` counts dates, not rows. */
interface Repetition {
  readonly count: number;
  readonly minSpanDays: number;
}

interface AtomBase {
  /** null: ever. */
  readonly lookbackMonths: number | null;
  /** Only in `contradictedBy`: only events dated after the last evidence event count. */
  readonly afterEvidence: boolean;
}

export interface MeasureAtom extends AtomBase, Repetition {
  readonly kind: 'measure';
  readonly valueSet: string;
  readonly op: CompareOp;
  readonly value: number;
  /** Canonical unit of the value set; checked when the rule is parsed. */
  readonly unit: string;
}

export interface ResultAtom extends AtomBase, Repetition {
  readonly kind: 'result';
  readonly valueSet: string;
  readonly result: Qualitative;
}

/** Chronic staging: the highest result between the latest one and one at least `minSpanDays` older. */
export interface PersistentBandAtom extends AtomBase {
  readonly kind: 'persistent_band';
  readonly valueSet: string;
  readonly unit: string;
  readonly minInclusive: number | null;
  readonly maxExclusive: number | null;
  readonly minSpanDays: number;
}

export interface MedicationAtom extends AtomBase, Repetition {
  readonly kind: 'medication';
  readonly valueSet: string;
  /** null: any route, known or not. */
  readonly routes: readonly string[] | null;
  /** Value set of which the same product must hold an ingredient too. */
  readonly productAlsoContains: string | null;
}

export interface DiagnosisAtom extends AtomBase, Repetition {
  readonly kind: 'diagnosis';
  readonly valueSet: string;
}

export interface ProcedureAtom extends AtomBase, Repetition {
  readonly kind: 'procedure';
  readonly valueSet: string;
}

/** A named formula over results of the same date. */
export interface DerivedAtom extends AtomBase, Repetition {
  readonly kind: 'derived';
  readonly formula: string;
  readonly op: CompareOp;
  readonly value: number;
}

/** Every part true within `withinDays` of the first part's date (the anchor). */
export interface ClusterAtom extends AtomBase, Repetition {
  readonly kind: 'cluster';
  readonly withinDays: number;
  readonly parts: readonly Atom[];
}

/** The last value against any earlier value not more than `withinDays` before it. */
export interface ChangeAtom extends AtomBase {
  readonly kind: 'change';
  readonly valueSet: string;
  readonly direction: 'decrease' | 'increase';
  readonly minPercent: number;
  readonly withinDays: number;
}

export type Atom =
  | MeasureAtom
  | ResultAtom
  | PersistentBandAtom
  | MedicationAtom
  | DiagnosisAtom
  | ProcedureAtom
  | DerivedAtom
  | ClusterAtom
  | ChangeAtom;

export type Expression =
  | { readonly kind: 'all'; readonly parts: readonly Expression[] }
  | { readonly kind: 'any'; readonly parts: readonly Expression[] }
  | Atom;

export interface RuleTarget {
  readonly hcc: string;
  readonly label: string;
}

export interface RuleCandidate {
  /** Undotted. */
  readonly code: string;
  /** HCCs by model (`V24`, `V28`, `RxHCC_V08`). */
  readonly hccs: Readonly<Record<string, readonly string[]>>;
}

export interface SuspectRule {
  readonly id: string;
  readonly version: string;
  readonly status: RuleStatus;
  /** false: runs only for a tenant whose administrator turned it on. */
  readonly defaultEnabled: boolean;
  readonly sensitivity: Sensitivity | null;
  readonly title: string;
  readonly kind: RuleKind;
  /** An empty list: the model is not targeted. */
  readonly targets: Readonly<Record<SuspectModelVersion, readonly RuleTarget[]>>;
  readonly candidates: readonly RuleCandidate[];
  readonly applicability: {
    readonly minAge: number | null;
    readonly maxAge: number | null;
    readonly sex: 'F' | 'M' | null;
  };
  readonly evidence: Expression;
  readonly exclusions: readonly { readonly when: Expression; readonly reason: string }[];
  readonly contradictedBy: readonly Expression[];
  readonly suppression:
    | { readonly mode: 'hcc' }
    | { readonly mode: 'code'; readonly patterns: readonly string[] };
  readonly tier: RuleTier;
  readonly tierReason: string;
  readonly references: readonly {
    readonly title: string;
    readonly url: string | null;
    readonly reRead: boolean;
  }[];
  readonly complianceCaution: string;
}
