import type { Evidence } from '../analysis-contract.ts';
import { type IsoDate, yearOf } from '../dates.ts';
import { monthsBefore } from '../suspects/atoms.ts';
import { type EventIndex, indexEvents } from '../suspects/event-index.ts';
import {
  type Feed,
  isUsableResult,
  type MedicationEvent,
  type ObservationEvent,
  type ProcedureEvent,
  type SuspectEvent,
  type SuspectPerson,
  wasDone,
  wasTaken,
} from '../suspects/events.ts';
import { suspectPerson } from '../suspects/history-events.ts';
import { canonicalValue } from '../suspects/values.ts';
import type { AnalysisContext } from './context.ts';

/** Clinical events of a member, read once: kinds (e) and (f) look at the same ones. */
export interface ClinicalFacts {
  readonly person: SuspectPerson;
  readonly index: EventIndex;
  /** Drugs taken (fills and outpatient doses), in date order. */
  readonly drugs: readonly MedicationEvent[];
  /** Procedures done, claim lines included, in date order. */
  readonly procedures: readonly ProcedureEvent[];
}

const facts = new WeakMap<AnalysisContext, ClinicalFacts>();

/** The member's clinical facts up to `asOf`. */
export function clinicalFacts(context: AnalysisContext): ClinicalFacts {
  const known = facts.get(context);
  if (known) return known;
  const tables = context.reference.suspecting;
  const person = suspectPerson(tables, context.history, context.records);
  const inTime = person.events.filter((event) => event.date <= context.asOf);
  const made: ClinicalFacts = {
    person,
    index: indexEvents(tables, person.events),
    drugs: inTime
      .filter((event) => event.type === 'medication')
      .filter(wasTaken)
      .sort(byDate),
    procedures: inTime
      .filter((event) => event.type === 'procedure')
      .filter(wasDone)
      .sort(byDate),
  };
  facts.set(context, made);
  return made;
}

function byDate(a: SuspectEvent, b: SuspectEvent): number {
  return a.date < b.date ? -1 : a.date > b.date ? 1 : 0;
}

/** Feeds of the list that this member does not have. */
export function absentFeeds(context: AnalysisContext, needed: readonly Feed[]): readonly Feed[] {
  const { missingFeeds } = clinicalFacts(context).person;
  return needed.filter((feed) => missingFeeds.has(feed));
}

/** A drug of the list taken in the calendar year. */
export function takenInYear(
  context: AnalysisContext,
  drugs: ReadonlySet<string>,
  year: number,
): MedicationEvent | null {
  const taken = clinicalFacts(context).drugs.find(
    (event) => yearOf(event.date) === year && event.ingredients.some((name) => drugs.has(name)),
  );
  return taken ?? null;
}

/**
 * True when some drug taken in the years given could not be named: the tables do not know its code and the feed sent no
 * name. A test that rests on the absence of a drug is then of medium confidence.
 */
export function hasUnnamedDrugs(context: AnalysisContext, fromYear: number, toYear: number): boolean {
  return clinicalFacts(context).drugs.some(
    ({ date, ingredients }) => ingredients.length === 0 && yearOf(date) >= fromYear && yearOf(date) <= toYear,
  );
}

export interface YearMeasurement {
  readonly event: ObservationEvent;
  /** In the canonical unit of the value set. */
  readonly value: number;
}

/** Usable results of a value set in the calendar year, in date order. */
export function measurementsOfYear(
  context: AnalysisContext,
  valueSet: string,
  year: number,
): readonly YearMeasurement[] {
  const tables = context.reference.suspecting;
  const set = tables.observationSets.get(valueSet);
  if (set === undefined) return [];
  return (clinicalFacts(context).index.get(valueSet) ?? [])
    .filter((event) => event.type === 'observation')
    .filter((event) => event.date <= context.asOf && yearOf(event.date) === year && isUsableResult(event))
    .flatMap((event): YearMeasurement[] => {
      const reading = canonicalValue(tables, set, event);
      return reading.ok ? [{ event, value: reading.value.value }] : [];
    })
    .sort((a, b) => byDate(a.event, b.event) || a.value - b.value);
}

/** A result as evidence, with the value and unit as received. */
export function observationEvidence(event: ObservationEvent): Evidence {
  return {
    type: 'observation',
    code: event.code,
    date: event.date,
    encounterId: event.encounterId,
    source: event.source,
    eligible: null,
    value: event.value ?? event.text,
    unit: event.unit,
  };
}

/**
 * Treatment of cancer within twelve months before or after a date: radiation or antineoplastic procedure or drug,
 * Z51.0, Z51.1x, Z79.81x (gap taxonomy, section 7). Operations are not listed: a reviewer clears those.
 */
export function cancerTreatedNear(context: AnalysisContext, date: IsoDate): boolean {
  const { procedureRanges, diagnosisPatterns, drugs } = context.reference.gaps.cancerTreatment;
  const from = monthsBefore(date, 12);
  const to = monthsBefore(date, -12);
  const near = (other: IsoDate): boolean => other >= from && other <= to && other <= context.asOf;
  const { person, ...taken } = clinicalFacts(context);
  const inRange = (text: string): boolean => {
    const code = text.trim().toUpperCase();
    return code.length === 5 && procedureRanges.some((range) => code >= range.from && code <= range.to);
  };
  return (
    taken.procedures.some((event) => near(event.date) && inRange(event.code)) ||
    taken.drugs.some((event) => near(event.date) && event.ingredients.some((name) => drugs.has(name))) ||
    person.events.some(
      (event) =>
        event.type === 'diagnosis' &&
        event.active &&
        near(event.date) &&
        diagnosisPatterns.some((pattern) => pattern.matches(event.code)),
    )
  );
}
