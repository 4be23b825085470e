import type { IsoDate } from '../dates.ts';
import type { Sex } from '../history.ts';

/** Where an event came from: enough for a person to open the very record. */
interface EventOrigin {
  readonly date: IsoDate;
  /** `claim`, `ehr`, `chart_review`, `problem_list`, `note`, `fill`, ... as the feed named it. */
  readonly source: string | null;
  readonly encounterId: string | null;
}

export interface ObservationEvent extends EventOrigin {
  readonly type: 'observation';
  readonly code: string | null;
  /** A local code mapped to a value set by intake, instead of a LOINC code. */
  readonly valueSet: string | null;
  readonly value: number | null;
  readonly text: string | null;
  readonly unit: string | null;
  readonly comparator: '<' | '<=' | '>=' | '>' | null;
  readonly interpretation: string | null;
  readonly status: string | null;
}

export interface MedicationEvent extends EventOrigin {
  readonly type: 'medication';
  readonly code: string | null;
  /** All ingredients of the product, in the value sets' spelling. */
  readonly ingredients: readonly string[];
  readonly route: string | null;
  readonly kind: 'fill' | 'order' | 'administration';
  readonly setting: string | null;
  readonly status: string | null;
}

export interface DiagnosisEvent extends EventOrigin {
  readonly type: 'diagnosis';
  /** Undotted. */
  readonly code: string;
  /** From an encounter that counts for risk adjustment: only such a diagnosis captures. */
  readonly riskAdjustable: boolean;
  readonly verification: string | null;
  /** false: resolved or inactive; it may rule a suspect out, and never supports one. */
  readonly active: boolean;
}

export interface ProcedureEvent extends EventOrigin {
  readonly type: 'procedure';
  readonly code: string;
  readonly status: string | null;
}

export type SuspectEvent = ObservationEvent | MedicationEvent | DiagnosisEvent | ProcedureEvent;
export type Feed = 'observations' | 'medications' | 'procedures';

export interface SuspectReview {
  readonly ruleId: string;
  readonly status: 'dismissed' | 'ruled_out' | 'confirmed';
  readonly date: IsoDate;
  readonly by: string | null;
  readonly reason: string | null;
}

/** What the evaluator reads about one person. The order and repetition of events carry no meaning. */
export interface SuspectPerson {
  readonly birthDate: IsoDate;
  readonly sex: Sex;
  readonly events: readonly SuspectEvent[];
  readonly reviews: readonly SuspectReview[];
  /** Feeds that do not exist for this person: what is not there decides nothing. */
  readonly missingFeeds: ReadonlySet<Feed>;
}

/** Statuses of a medication record that was never taken. */
export const UNUSED_MEDICATION: ReadonlySet<string> = new Set([
  'reversed',
  'cancelled',
  'canceled',
  'declined',
  'entered-in-error',
  'not-done',
  'on-hold',
  'preparation',
  'stopped',
  'unknown',
]);

/** A fill or an outpatient administration that happened; orders, reversals and inpatient doses are not. */
export function wasTaken(event: MedicationEvent): boolean {
  if (event.kind === 'order') return false;
  if (event.status !== null && UNUSED_MEDICATION.has(event.status.toLowerCase())) return false;
  return event.kind === 'fill' || (event.setting !== null && event.setting.toLowerCase() !== 'inpatient');
}

const USABLE_RESULTS: ReadonlySet<string> = new Set(['final', 'amended', 'corrected']);

/** A result that stands; a status not given means final. */
export function isUsableResult(event: ObservationEvent): boolean {
  return event.status === null || USABLE_RESULTS.has(event.status.toLowerCase());
}

const DONE: ReadonlySet<string> = new Set(['completed', 'final']);

/** A procedure that was done; a status not given means completed. */
export function wasDone(event: ProcedureEvent): boolean {
  return event.status === null || DONE.has(event.status.toLowerCase());
}
