import type { IsoDate } from '../engine/dates.ts';
import type {
  Appointment,
  Condition,
  CoveragePeriod,
  Encounter,
  Medication,
  Observation,
  Procedure,
  ServiceLine,
  Sex,
} from '../engine/history.ts';

/** Where a record was read: file within the batch, and line, segment or entry number in it (1-based). */
export interface SourceRef {
  readonly file: string;
  readonly row: number;
}

interface RecordOf<K extends string> {
  readonly kind: K;
  /** The plan's member id as sent; the store maps it to our own opaque key. */
  readonly memberId: string;
  readonly source: SourceRef;
}

/** Clinical feeds whose absence matters: a test that needs one that is not there is not evaluable. */
export type Feed = 'observations' | 'medications' | 'procedures';

/** Demographics. A field that this source does not state is null and leaves what is stored untouched. */
export interface MemberRecord extends RecordOf<'member'> {
  readonly birthDate: IsoDate | null;
  readonly sex: Sex | null;
  readonly deathDate: IsoDate | null;
  readonly pcpNpi: string | null;
  /**
   * Feeds that are there, even when they are empty; absent: the source does not say. Of a `whole` record they are the
   * member's own, else all members of the tenant have them.
   */
  readonly feeds?: readonly Feed[];
  /**
   * Heads a history that states the member whole, up to the next member record of its file: what earlier histories
   * said of him and this one does not is gone. Absent: the source adds to what is known.
   */
  readonly whole?: true;
}

/** One enrollment span. Key: member, contract, plan and `from`. */
export interface CoverageRecord extends RecordOf<'coverage'> {
  readonly period: CoveragePeriod;
  /** ACA only. */
  readonly metal: string | null;
  readonly csr: string | null;
  readonly enrollmentMonths: number | null;
}

/** Encounter header without its lines and diagnoses. Key: member and encounter id. */
export interface EncounterRecord extends RecordOf<'encounter'> {
  readonly encounter: Omit<Encounter, 'lines' | 'diagnoses'>;
  /** The source states the encounter whole: its lines and diagnoses of earlier batches are replaced, not kept beside. */
  readonly complete: boolean;
}

/** Key: member, encounter and line number. */
export interface ServiceLineRecord extends RecordOf<'service_line'> {
  readonly encounterId: string;
  readonly lineNumber: number;
  readonly line: ServiceLine;
}

/** Key: member, encounter and code. */
export interface DiagnosisRecord extends RecordOf<'diagnosis'> {
  readonly encounterId: string;
  readonly code: string;
  readonly position: number | null;
}

/** Clinical rows. `key` is the source's own row id, or a hash of the content when it has none. */
export interface ConditionRecord extends RecordOf<'condition'> {
  readonly key: string;
  readonly condition: Condition;
}
export interface ObservationRecord extends RecordOf<'observation'> {
  readonly key: string;
  readonly observation: Observation;
}
export interface MedicationRecord extends RecordOf<'medication'> {
  readonly key: string;
  readonly medication: Medication;
}
export interface ProcedureRecord extends RecordOf<'procedure'> {
  readonly key: string;
  readonly procedure: Procedure;
}
export interface AppointmentRecord extends RecordOf<'appointment'> {
  readonly key: string;
  readonly appointment: Appointment;
}

/**
 * What a payer or CMS answered about a record sent earlier (277CA, MAO-004). It changes the encounter it names and
 * brings none: the encounter of the member with `encounterId`, else the one whose `icn` is the same. A field that
 * is null leaves what is stored untouched. It may arrive before the encounter and is then applied when that comes.
 */
export interface EncounterStatusRecord extends RecordOf<'encounter_status'> {
  /** The claim id as the submitter gave it; null when the answer knows only the ICN. */
  readonly encounterId: string | null;
  readonly icn: string | null;
  readonly acceptance: 'accepted' | 'rejected' | null;
  readonly mao004: 'allowed' | 'disallowed' | null;
  /** Reason codes as sent, e.g. MAO-004 `H` or 277CA `A3:21`. */
  readonly reasons: readonly string[];
}

/** Another number the member is known by, e.g. the MBI beside the plan's id: records that carry it find the member. */
export interface MemberAliasRecord extends RecordOf<'member_alias'> {
  readonly alias: string;
}

/** The visit `encounterId` (source `ehr`) is billed by the claim: what was documented there is a note of the claim's. */
export interface VisitClaimRecord extends RecordOf<'visit_claim'> {
  readonly encounterId: string;
  readonly claimId: string;
}

/** Which resource of a FHIR server states the claim now, as `Type/id`: its deletion takes the claim back. */
export interface ClaimResourceRecord extends RecordOf<'claim_resource'> {
  readonly claimId: string;
  readonly resource: string;
}

/**
 * A row of a crosswalk: `memberId` is the same person as `into`, the id that survives; or, with `into` null, is no
 * longer. Nothing is moved, so that taking a link back restores both members whole.
 */
export interface MemberLinkRecord extends RecordOf<'member_link'> {
  readonly into: string | null;
}

/** One payment row of CMS: a month of the MMR, or a model run of the MOR. Decimals stay text, exact as sent. */
export interface PaidRafRecord extends RecordOf<'paid_raf'> {
  readonly key: string;
  readonly paid: PaidRaf;
}
export interface PaidRaf {
  readonly report: 'mmr' | 'mor';
  readonly contractId: string | null;
  readonly planId: string | null;
  /** `YYYY-MM`; null when the report names a payment year only. */
  readonly paymentMonth: string | null;
  readonly paymentYear: number | null;
  readonly runDate: IsoDate | null;
  /** MOR: the model of the record; null in the MMR. */
  readonly model: string | null;
  readonly rafA: string | null;
  readonly rafB: string | null;
  /** MMR RA factor type, e.g. `C`, `CN`, `CP`, `D`, `E`, `I`. */
  readonly factorType: string | null;
  /** MMR adjustment reason; null is a prospective row, the one to reconcile with. */
  readonly adjustmentReason: string | null;
  readonly originalEntitlement: string | null;
  readonly dualStatus: string | null;
  readonly institutional: boolean | null;
  readonly hospice: boolean | null;
  readonly esrd: boolean | null;
  /** Cents; null when not stated. */
  readonly paidCents: number | null;
  /** MOR: payment HCCs set, as bare numbers; null in the MMR. */
  readonly hccs: readonly string[] | null;
  readonly paymentHccCount: number | null;
}

/** What every intake format yields and the store takes. */
export type CanonicalRecord =
  | MemberRecord
  | CoverageRecord
  | EncounterRecord
  | ServiceLineRecord
  | DiagnosisRecord
  | ConditionRecord
  | ObservationRecord
  | MedicationRecord
  | ProcedureRecord
  | AppointmentRecord
  | EncounterStatusRecord
  | VisitClaimRecord
  | ClaimResourceRecord
  | PaidRafRecord
  | MemberAliasRecord
  | MemberLinkRecord;

/**
 * A resource that a FHIR server has deleted, or calls a mistake: what it brought is taken back. It names no member.
 * Stands before the records of its batch, whatever its place.
 */
export interface ResourceDeletion {
  /** `Type/id`. */
  readonly resource: string;
  /** Versions of the resource up to this instant (ISO) are gone; null: all that are known now or come later. */
  readonly at: string | null;
  /** Also holds against versions that arrive in later batches. */
  readonly lasting: boolean;
  /** A Procedure: number of the line that it gave its encounter. */
  readonly lineNumber: number | null;
  readonly source: SourceRef;
}

/** A record, or part of one, that was not taken (severity error) or taken with a remark (severity warning). */
export interface IntakeFinding {
  readonly file: string;
  /** Line, segment or entry number; null for a finding about the whole file. */
  readonly row: number | null;
  /** Column, JSON pointer or segment element. */
  readonly field: string | null;
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The offending value as sent; stored for the tenant, never logged. */
  readonly value: string | null;
  /** The rejected record in the shape sent, so that it can be mended and sent again; null for warnings. */
  readonly raw: string | null;
}

/** Counts of one file of a batch: received = accepted + rejected; duplicates are among the accepted. */
export interface FileReport {
  readonly file: string;
  readonly format: string;
  readonly recordType: string;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicates: number;
  /** Findings of the file by code, listed or not; absent: not counted. */
  readonly codes?: Readonly<Record<string, number>>;
  /** The file could not be read to its end: header, quoting, size or number of rejects. */
  readonly failed?: boolean;
  /** What a mended file of this one begins with, e.g. the header row of a flat file; null or absent: nothing. */
  readonly heading?: string | null;
}

/** What a streaming parser emits, in order. */
export type IntakeEvent =
  | { readonly type: 'record'; readonly record: CanonicalRecord }
  | { readonly type: 'deletion'; readonly deletion: ResourceDeletion }
  | { readonly type: 'finding'; readonly finding: IntakeFinding }
  | { readonly type: 'report'; readonly report: FileReport };
