import type { IsoDate } from './dates.ts';
import type { Esrd, PartD, Program, Sex, Snp } from './history.ts';

export const MODEL_IDS = [
  'cms-hcc-v22',
  'cms-hcc-v24',
  'cms-hcc-v28',
  'esrd-v21',
  'esrd-v24',
  'rxhcc-v05',
  'rxhcc-v08',
  'hhs-hcc-v07',
  'hhs-hcc-v08',
] as const;
export type ModelId = (typeof MODEL_IDS)[number];

/** What a score reads about the person. Exactly one of birthDate and age is set. */
export interface ScoreMember {
  readonly sex: Sex;
  readonly birthDate: IsoDate | null;
  readonly age: number | null;
  readonly originalEntitlement: string | null;
  readonly currentEntitlement: string | null;
  readonly dualStatus: string | null;
  readonly institutional: boolean;
  readonly newEnrollee: boolean;
  readonly snp: Snp;
  readonly lowIncome: boolean;
  readonly esrd: Esrd | null;
  readonly partD: PartD | null;
  readonly metal: 'platinum' | 'gold' | 'silver' | 'bronze' | 'catastrophic' | null;
  readonly enrollmentMonths: number | null;
  readonly csr: string | number | null;
}

/** One score request: `hccgap score` line or `POST /v1/raf/score` item. */
export interface ScoreRequest {
  readonly id: string | null;
  /** Absent: the models, blend and parameters in force for the payment year and program. */
  readonly model: ModelId | null;
  readonly program: Program | null;
  /** Payment year; for HHS-HCC the benefit year. */
  readonly paymentYear: number;
  readonly member: ScoreMember;
  readonly diagnoses: readonly string[];
  readonly drugs: readonly string[];
  readonly procedures: readonly string[];
  /** The organization's own frailty points (PACE, qualifying FIDE SNP), added last; absent: not applied and said so. */
  readonly frailty?: number | null;
}

export interface Factor {
  /** CMS's variable name without segment prefix. */
  readonly variable: string;
  readonly kind: 'demographic' | 'hcc' | 'interaction' | 'count' | 'divisor' | 'rxc' | 'group' | 'other';
  /** Decimal, three places. */
  readonly value: number;
  readonly diagnoses?: readonly string[];
}

export interface PaymentStep {
  readonly step: string;
  readonly formula: string;
  readonly value: number;
}

export interface PaymentScore {
  readonly normalization: number;
  readonly codingAdjustment: number | null;
  readonly score: number;
  readonly steps: readonly PaymentStep[];
}

export interface InvalidCode {
  readonly code: string;
  readonly reason: string;
}

/** The answer to a score request; see the contract. Codes are shown dotted, HCCs as bare numbers. */
export interface ScoreResult {
  readonly id: string | null;
  readonly model: ModelId;
  readonly paymentYear: number;
  readonly segment: string;
  readonly hccsBeforeHierarchy: readonly string[];
  readonly hccs: readonly string[];
  readonly dropped: readonly { readonly hcc: string; readonly droppedBy: string }[];
  readonly paymentHccCount: number;
  readonly factors: readonly Factor[];
  readonly rawScore: number;
  /** null with the reason among `assumptions` only where no payment arithmetic exists (HHS). */
  readonly payment: PaymentScore | null;
  /** HHS with a CSR indicator only: the raw score times the CSR factor, rounded to three decimals. */
  readonly csrAdjusted?: {
    readonly indicator: string;
    readonly factor: number;
    readonly score: number;
  };
  readonly unmapped: readonly string[];
  readonly pending: readonly string[];
  readonly invalid: readonly InvalidCode[];
  readonly assumptions: readonly string[];
  readonly provenance: readonly string[];
  /** Parts of a blend, when the request named no model. */
  readonly models?: readonly (ScoreResult & { readonly blendWeight: number })[];
}
