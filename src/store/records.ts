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

/** Demographics. A field that this source does not state is null and leaves what is stored untouched. */
export interface MemberRecord extends RecordOf<'member'> {
  readonly birthDate: IsoDate | null;
  readonly sex: Sex | null;
  readonly deathDate: IsoDate | null;
  readonly pcpNpi: string | null;
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
  | AppointmentRecord;

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
}

/** What a streaming parser emits, in order. */
export type IntakeEvent =
  | { readonly type: 'record'; readonly record: CanonicalRecord }
  | { readonly type: 'finding'; readonly finding: IntakeFinding }
  | { readonly type: 'report'; readonly report: FileReport };
