import type { IsoDate } from './dates.ts';

/**
 * A member history: everything an analysis reads about one person. Shape and defaults are the contract of
 * `POST /v1/analyses` and `hccgap analyze`; here every default has been applied, so fields are present.
 * Order inside any array carries no meaning. Codes are stored undotted and upper-case.
 */
export interface MemberHistory {
  readonly memberId: string;
  readonly birthDate: IsoDate;
  readonly sex: Sex;
  readonly deathDate: IsoDate | null;
  readonly coverage: readonly CoveragePeriod[];
  readonly encounters: readonly Encounter[];
  readonly conditions: readonly Condition[];
  /** null: there is no such feed (a test that needs it is not evaluable); empty: the feed is there and empty. */
  readonly observations: readonly Observation[] | null;
  readonly medications: readonly Medication[] | null;
  readonly procedures: readonly Procedure[] | null;
  readonly appointments: readonly Appointment[];
}

export type Sex = 'F' | 'M';
export type Program = 'ma' | 'pace' | 'aca';
export type Snp = 'none' | 'cSnp' | 'dSnp' | 'iSnp';
export type PartD = 'none' | 'mapd' | 'pdp' | 'pace';
export type EsrdStatus = 'dialysis' | 'transplant' | 'graft';
export interface Esrd {
  readonly status: EsrdStatus;
  readonly monthsSinceTransplant: number | null;
}

export interface CoveragePeriod {
  readonly program: Program;
  readonly contractId: string | null;
  readonly planId: string | null;
  readonly from: IsoDate;
  /** null: open-ended. */
  readonly to: IsoDate | null;
  /** OREC 0-3; null: unknown (scored as 0 and listed under assumptions). */
  readonly originalEntitlement: string | null;
  /** CREC 0-3; not an input of any CMS score. */
  readonly currentEntitlement: string | null;
  /** 00-09, 99, NA; null: unknown (scored as non-dual and listed under assumptions). */
  readonly dualStatus: string | null;
  readonly institutional: boolean;
  readonly newEnrollee: boolean;
  readonly snp: Snp;
  readonly lowIncome: boolean;
  readonly partD: PartD;
  readonly esrd: Esrd | null;
  readonly hospice: boolean;
  /** Came from another MA organization in this period (exception to the unlinked chart review exclusion). */
  readonly switcher: boolean;
}

export type Setting = 'professional' | 'inpatient' | 'outpatient' | 'other';
export type Modality = 'in_person' | 'audio_video' | 'audio_only';
export type EncounterSource = 'claim' | 'ehr' | 'chart_review';
export type ClaimStatus = 'original' | 'replacement' | 'void';

export interface Encounter {
  readonly encounterId: string;
  readonly from: IsoDate;
  /** Through date: the date of service that decides the DOS year. */
  readonly to: IsoDate;
  readonly setting: Setting;
  readonly billType: string | null;
  readonly modality: Modality;
  readonly source: EncounterSource;
  /** Chart review only: the encounter it links to. */
  readonly linkedEncounterId: string | null;
  readonly claimStatus: ClaimStatus;
  /** Replacement and void: the record it acts on. */
  readonly replacesEncounterId: string | null;
  readonly icn: string | null;
  readonly acceptance: 'accepted' | 'rejected' | null;
  readonly mao004: 'allowed' | 'disallowed' | null;
  readonly crrAction: 'add' | 'delete' | null;
  readonly placeOfService: string | null;
  readonly hra: boolean;
  readonly signed: boolean | null;
  readonly provider: Provider | null;
  readonly lines: readonly ServiceLine[];
  readonly diagnoses: readonly EncounterDiagnosis[];
}

export interface Provider {
  readonly npi: string | null;
  readonly specialty: string | null;
}

export interface ServiceLine {
  readonly procedure: string | null;
  readonly modifiers: readonly string[];
  readonly date: IsoDate | null;
}

export interface EncounterDiagnosis {
  readonly code: string;
  readonly position: number | null;
}

export type CodeSystem =
  | 'icd10cm'
  | 'snomed'
  | 'loinc'
  | 'rxnorm'
  | 'ndc'
  | 'cpt'
  | 'hcpcs'
  | 'icd10pcs'
  | 'other';

export interface Condition {
  readonly conditionId: string | null;
  readonly code: string;
  readonly system: CodeSystem;
  readonly source: 'problem_list' | 'note' | 'referral';
  readonly encounterId: string | null;
  readonly recorded: IsoDate | null;
  readonly clinicalStatus: 'active' | 'recurrence' | 'relapse' | 'inactive' | 'remission' | 'resolved' | null;
  readonly verification:
    | 'confirmed'
    | 'unconfirmed'
    | 'provisional'
    | 'differential'
    | 'refuted'
    | 'entered-in-error'
    | null;
  readonly context: 'family_history' | 'history_of' | null;
  /** null: unknown; empty: looked for and none found. */
  readonly meat: readonly Meat[] | null;
  readonly signed: boolean | null;
}

export type Meat = 'monitored' | 'evaluated' | 'assessed' | 'treated';

export interface Observation {
  readonly code: string;
  readonly system: CodeSystem;
  readonly date: IsoDate;
  readonly value: number | null;
  readonly unit: string | null;
  readonly comparator: '<' | '<=' | '>=' | '>' | null;
  /** For coded results, instead of a value. */
  readonly text: string | null;
  readonly interpretation: string | null;
  readonly status: string | null;
}

export interface Medication {
  readonly code: string | null;
  readonly system: CodeSystem | null;
  readonly ingredient: string | null;
  readonly route: string | null;
  readonly date: IsoDate;
  readonly daysSupply: number | null;
  readonly source: 'fill' | 'order' | 'administration';
  readonly setting: string | null;
  readonly status: string | null;
}

export interface Procedure {
  readonly code: string;
  readonly system: CodeSystem;
  readonly date: IsoDate;
  readonly status: string | null;
}

export interface Appointment {
  readonly date: IsoDate;
  readonly provider: Provider | null;
}
