import type { Medication } from '../../engine/history.ts';
import type { CanonicalRecord } from '../../store/records.ts';
import { fingerprint } from '../key-map.ts';
import { codingOf, ndcOf, procedureOf } from './codes.ts';
import { dayAt, lastDay } from './dates.ts';
import { at, cleanText, codesAt, codings, type Json, list, number, text } from './json.ts';
import { type Mapped, type Mapping, providerRecord } from './mapping.ts';
import { plainReference } from './resource-index.ts';

/** Statuses in which a resource is not yet a fact, or says nothing about what was done. */
const HELD = new Set([
  'preliminary',
  'registered',
  'draft',
  'planned',
  'preparation',
  'in-progress',
  'on-hold',
  'intended',
]);

/** Observation: labs, vitals and survey answers, components each as a row of its own. */
export function mapObservation(mapping: Mapping): Mapped {
  const { resource, id, source } = mapping;
  const memberId = mapping.member('subject');
  if (memberId === null) return unresolved(mapping, 'subject');
  const status = text(resource, 'status');
  if (status !== null && HELD.has(status)) return held(mapping, status);
  const date = lastDay(resource, 'effective') ?? dayAt(resource, 'issued');
  if (date === null) return undated(mapping, '/effectiveDateTime');
  const records: CanonicalRecord[] = [];
  const take = (part: Json, key: string, path: string) => {
    const coding =
      codingOf(at(part, 'code'), ['loinc', 'snomed', 'cpt', 'hcpcs']) ?? firstCoding(at(part, 'code'));
    if (coding === null) return;
    const value = observed(part);
    if (value === null) {
      if (list(part, 'component').length === 0) {
        mapping.warn(path, 'observation_without_value', 'the observation has a code and no value');
      }
      return;
    }
    const interpretation = codesAt(part, 'interpretation')[0] ?? null;
    const observation = { code: coding.code, system: coding.kind, date, ...value, interpretation, status };
    records.push({ kind: 'observation', memberId, source, key, observation });
  };
  take(resource, id, '/value');
  for (const [index, component] of list(resource, 'component').entries()) {
    take(component, `${id}#${index}`, `/component/${index}/value`);
  }
  if (codings(at(resource, 'code')).length === 0 && records.length === 0) {
    return mapping.reject('/code', 'code_missing', 'the observation has no code');
  }
  return { ok: true, records };
}

interface Observed {
  readonly value: number | null;
  readonly unit: string | null;
  readonly comparator: '<' | '<=' | '>=' | '>' | null;
  readonly text: string | null;
}

/** value[x]; null when there is none (`dataAbsentReason`). A text such as ">60" is read as comparator and number. */
function observed(part: Json): Observed | null {
  const quantity = at(part, 'valueQuantity');
  const amount = number(quantity, 'value');
  if (amount !== null) {
    const comparator = text(quantity, 'comparator');
    const ucum = text(quantity, 'system') === 'http://unitsofmeasure.org' ? text(quantity, 'code') : null;
    const unit = ucum ?? text(quantity, 'unit') ?? text(quantity, 'code');
    return { value: amount, unit, comparator: comparatorOf(comparator), text: null };
  }
  const integer = number(part, 'valueInteger');
  if (integer !== null) return { value: integer, unit: null, comparator: null, text: null };
  const words = text(part, 'valueString');
  if (words !== null) {
    const match = /^(<=|>=|<|>)?\s*(-?\d{1,12}(?:\.\d{1,6})?)$/.exec(words);
    if (!match) return { value: null, unit: null, comparator: null, text: words };
    return { value: Number(match[2]), unit: null, comparator: comparatorOf(match[1] ?? null), text: null };
  }
  const concept = at(part, 'valueCodeableConcept');
  const coding = codings(concept)[0];
  const coded = text(concept, 'text') ?? coding?.display ?? coding?.code ?? null;
  if (coded !== null) return { value: null, unit: null, comparator: null, text: coded };
  const flag = part.valueBoolean;
  if (typeof flag !== 'boolean') return null;
  return { value: null, unit: null, comparator: null, text: flag ? 'true' : 'false' };
}

function comparatorOf(value: string | null): Observed['comparator'] {
  return value === '<' || value === '<=' || value === '>=' || value === '>' ? value : null;
}

/** Procedure: CPT or HCPCS first, else ICD-10-PCS, else SNOMED CT; a billable one is a line of its EHR encounter. */
export function mapProcedure(mapping: Mapping): Mapped {
  const { resource, id, source, index } = mapping;
  const memberId = mapping.member('subject');
  if (memberId === null) return unresolved(mapping, 'subject');
  const status = text(resource, 'status');
  if (status !== null && HELD.has(status)) return held(mapping, status);
  const encounterReference = text(at(resource, 'encounter'), 'reference');
  const encounterKey = encounterReference === null ? null : plainReference(encounterReference);
  const date =
    lastDay(resource, 'performed') ?? (encounterKey === null ? null : index.spanOf(encounterKey)?.to) ?? null;
  if (date === null) return undated(mapping, '/performedDateTime');
  const concept = at(resource, 'code');
  const coding = codingOf(concept, ['cpt', 'hcpcs', 'icd10pcs', 'snomed', 'loinc']) ?? firstCoding(concept);
  if (coding === null) return mapping.reject('/code', 'code_missing', 'the procedure has no code');
  const procedure = { code: coding.code, system: coding.kind, date, status };
  const records: CanonicalRecord[] = [{ kind: 'procedure', memberId, source, key: id, procedure }];
  const billable = procedureOf(concept);
  const encounterId = encounterKey === null ? null : index.encounterIdOf(encounterKey);
  // Whether or not the batch brings the encounter: a line of one that never comes is nobody's.
  if (billable !== null && encounterId !== null && (status === null || status === 'completed')) {
    const lineNumber = procedureLine(id);
    const line = { procedure: billable, modifiers: [], date };
    records.push({ kind: 'service_line', memberId, source, encounterId, lineNumber, line });
  }
  return { ok: true, records };
}

/** Number of the line that a Procedure gives its encounter: above any of the encounter's own, whenever it is sent. */
export function procedureLine(id: string): number {
  return 1_000 + (fingerprint(id) % 1_000_000);
}

type MedicationSource = Medication['source'];

/** MedicationRequest, -Dispense, -Statement and -Administration: evidence for suspecting, never a diagnosis. */
export function mapMedication(mapping: Mapping, kind: string): Mapped {
  const { resource, id, source, options } = mapping;
  const memberId = mapping.member(
    text(at(resource, 'subject'), 'reference') === null && resource.patient ? 'patient' : 'subject',
  );
  if (memberId === null) return unresolved(mapping, 'subject');
  const status = text(resource, 'status');
  if (status !== null && (HELD.has(status) || status === 'stopped' || status === 'unknown'))
    return held(mapping, status);
  const intent = text(resource, 'intent');
  if (kind === 'MedicationRequest' && (intent === 'proposal' || intent === 'plan'))
    return held(mapping, intent);
  const date = medicationDate(resource, kind);
  if (date === null)
    return undated(mapping, kind === 'MedicationRequest' ? '/authoredOn' : '/effectiveDateTime');
  const concept = medicationConcept(mapping);
  const coding = codingOf(concept, ['rxnorm', 'ndc']) ?? firstCoding(concept);
  if (coding === null) return mapping.reject('/medication', 'code_missing', 'the medication has no code');
  const code = coding.kind === 'ndc' ? ndcOf(coding.code) : coding.code;
  const dosage = [...list(resource, 'dosageInstruction'), ...list(resource, 'dosage')][0] ?? {};
  const routeConcept = at(dosage, 'route');
  const resolved = options.lookups.drug?.({
    ndc: coding.kind === 'ndc' ? code : null,
    rxnorm: coding.kind === 'rxnorm' ? code : null,
    name: coding.display,
  });
  const medication: Medication = {
    code,
    system: coding.kind,
    ingredient: resolved?.ingredient ?? null,
    route: text(routeConcept, 'text') ?? codings(routeConcept)[0]?.display ?? resolved?.route ?? null,
    date,
    daysSupply: daysSupplyOf(resource),
    source: SOURCES[kind] ?? 'order',
    setting:
      codesAt(resource, 'category').find((each) => /^(inpatient|outpatient|community)$/.test(each)) ?? null,
    status,
  };
  return { ok: true, records: [{ kind: 'medication', memberId, source, key: id, medication }] };
}

const SOURCES: Readonly<Record<string, MedicationSource>> = {
  MedicationRequest: 'order',
  MedicationStatement: 'order',
  MedicationDispense: 'fill',
  MedicationAdministration: 'administration',
};

function medicationDate(resource: Json, kind: string): string | null {
  if (kind === 'MedicationRequest') return dayAt(resource, 'authoredOn');
  if (kind === 'MedicationDispense')
    return dayAt(resource, 'whenHandedOver') ?? dayAt(resource, 'whenPrepared');
  return lastDay(resource, 'effective') ?? dayAt(resource, 'dateAsserted');
}

/** The concept itself, or the code of the Medication that is referred to, contained or in the batch. */
function medicationConcept(mapping: Mapping): Json {
  const { resource, index } = mapping;
  const concept = at(resource, 'medicationCodeableConcept');
  if (codings(concept).length > 0) return concept;
  const reference = text(at(resource, 'medicationReference'), 'reference');
  if (reference === null) return {};
  if (reference.startsWith('#')) return at(mapping.contained(reference) ?? {}, 'code');
  return index.medicationOf(reference) ?? index.medicationOf(plainReference(reference)) ?? {};
}

function daysSupplyOf(resource: Json): number | null {
  const days =
    number(at(resource, 'daysSupply'), 'value') ??
    number(at(at(resource, 'dispenseRequest'), 'expectedSupplyDuration'), 'value');
  return days !== null && days > 0 && days <= 1_000 ? Math.round(days) : null;
}

/** Appointment: one still to come, with the provider who takes part. */
export function mapAppointment(mapping: Mapping): Mapped {
  const { resource, id, source } = mapping;
  const parties = list(resource, 'participant').map((each) => at(each, 'actor'));
  const patient = parties.find((actor) => /(^|\/)Patient\/|^urn:/.test(text(actor, 'reference') ?? ''));
  const given = patient === undefined ? null : memberOfActor(mapping, patient);
  const memberId = given ?? mapping.member('patient') ?? mapping.member('subject');
  if (memberId === null) return unresolved(mapping, 'participant');
  const status = text(resource, 'status');
  if (
    status === 'cancelled' ||
    status === 'noshow' ||
    status === 'entered-in-error' ||
    status === 'proposed'
  ) {
    return held(mapping, status);
  }
  const date = dayAt(resource, 'start');
  if (date === null) return undated(mapping, '/start');
  const npi =
    parties.map((actor) => mapping.provider(actor)?.npi ?? null).find((each) => each !== null) ?? null;
  const appointment = { date, provider: providerRecord(npi, null) };
  return { ok: true, records: [{ kind: 'appointment', memberId, source, key: id, appointment }] };
}

function memberOfActor(mapping: Mapping, actor: Json): string | null {
  const reference = text(actor, 'reference') ?? '';
  const key = plainReference(reference);
  return (
    mapping.index.memberOf(reference) ??
    mapping.index.memberOf(key) ??
    (key.startsWith('Patient/') ? cleanText(key.slice('Patient/'.length)) : null)
  );
}

export function firstCoding(concept: Json): { code: string; kind: 'other'; display: string | null } | null {
  const first = codings(concept)[0];
  return first ? { code: first.code, kind: 'other', display: first.display } : null;
}

export function unresolved(mapping: Mapping, field: string): Mapped {
  return mapping.reject(`/${field}`, 'member_unresolved', 'the reference names no patient');
}

function held(mapping: Mapping, status: string): Mapped {
  mapping.warn('/status', 'status_not_used', 'in this status the resource is no fact', status);
  return { ok: true, records: [] };
}

function undated(mapping: Mapping, path: string): Mapped {
  return mapping.reject(path, 'date_missing', 'the resource has no usable date');
}
