import type { JudgedEncounter } from '../eligibility.ts';
import type { Condition, Medication, MemberHistory, Observation } from '../history.ts';
import { undotted } from '../icd10.ts';
import { normalRoute, resolveDrug } from './drugs.ts';
import type {
  Feed,
  MedicationEvent,
  ObservationEvent,
  SuspectEvent,
  SuspectPerson,
  SuspectReview,
} from './events.ts';
import type { SuspectTables } from './tables.ts';

/**
 * A member history as the events that the rules read. Withdrawn records give nothing; a record that does not count for
 * risk adjustment still gives diagnoses and procedures, and they do not capture. Claim lines are procedures too.
 */
export function suspectPerson(
  tables: SuspectTables,
  history: MemberHistory,
  records: readonly JudgedEncounter[],
  reviews: readonly SuspectReview[] = [],
): SuspectPerson {
  return {
    birthDate: history.birthDate,
    sex: history.sex,
    events: [
      ...records.flatMap(recordEvents),
      ...history.conditions.flatMap((condition) => conditionEvents(history, condition)),
      ...(history.observations ?? []).map((observation) => observationEvent(tables, observation)),
      ...(history.medications ?? []).map((medication) => medicationEvent(tables, medication)),
      ...(history.procedures ?? []).map(
        (procedure): SuspectEvent => ({
          type: 'procedure',
          code: procedure.code,
          date: procedure.date,
          source: 'procedure',
          encounterId: null,
          status: procedure.status,
        }),
      ),
    ],
    reviews,
    missingFeeds: missingFeeds(history),
  };
}

/** Feeds that this member does not have: null in the history. */
export function missingFeeds(history: MemberHistory): ReadonlySet<Feed> {
  const missing = new Set<Feed>();
  if (history.observations === null) missing.add('observations');
  if (history.medications === null) missing.add('medications');
  if (history.procedures === null) missing.add('procedures');
  return missing;
}

function recordEvents(record: JudgedEncounter): SuspectEvent[] {
  const { encounter, verdict } = record;
  if (record.withdrawn) return [];
  const origin = { source: encounter.source, encounterId: encounter.encounterId };
  const diagnoses = record.carries ? record.codes : [];
  return [
    ...diagnoses.map(
      (code): SuspectEvent => ({
        type: 'diagnosis',
        code,
        date: encounter.to,
        ...origin,
        riskAdjustable: verdict.eligible,
        verification: null,
        active: true,
      }),
    ),
    ...encounter.lines.flatMap(({ procedure, date }): SuspectEvent[] =>
      procedure === null || procedure.trim() === ''
        ? []
        : [{ type: 'procedure', code: procedure, date: date ?? encounter.to, ...origin, status: null }],
    ),
  ];
}

const ENDED = new Set(['inactive', 'remission', 'resolved']);

/** Family history and "history of" are statements about someone or some time else, so they give no event. */
function conditionEvents(history: MemberHistory, condition: Condition): SuspectEvent[] {
  if (condition.system !== 'icd10cm' || condition.context !== null) return [];
  const date =
    condition.recorded ??
    history.encounters.find((encounter) => encounter.encounterId === condition.encounterId)?.to ??
    null;
  if (date === null) return [];
  return [
    {
      type: 'diagnosis',
      code: undotted(condition.code),
      date,
      source: condition.source,
      encounterId: condition.encounterId,
      riskAdjustable: false,
      verification: condition.verification,
      active: condition.clinicalStatus === null || !ENDED.has(condition.clinicalStatus),
    },
  ];
}

function observationEvent(tables: SuspectTables, observation: Observation): ObservationEvent {
  // A local code that intake mapped to a value set carries the value set's name.
  const local = observation.system !== 'loinc' && tables.observationSets.has(observation.code);
  return {
    type: 'observation',
    code: observation.code,
    valueSet: local ? observation.code : null,
    value: observation.value,
    text: observation.text,
    unit: observation.unit,
    comparator: observation.comparator,
    interpretation: observation.interpretation,
    status: observation.status,
    date: observation.date,
    source: 'observation',
    encounterId: null,
  };
}

function medicationEvent(tables: SuspectTables, medication: Medication): MedicationEvent {
  const { code, system, ingredient, route } = medication;
  const coded = code !== null && (system === 'rxnorm' || system === 'ndc');
  const resolved = resolveDrug(tables.drugs, {
    codings: coded ? [{ code, system }] : [],
    name: ingredient,
    route,
  });
  return {
    type: 'medication',
    code,
    ingredients: resolved.ok ? resolved.ingredients : [],
    route: resolved.ok ? resolved.route : route === null ? null : normalRoute(tables.drugs, route),
    kind: medication.source,
    setting: medication.setting,
    status: medication.status,
    date: medication.date,
    source: medication.source,
    encounterId: null,
  };
}
