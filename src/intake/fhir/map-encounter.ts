import type { IsoDate } from '../../engine/dates.ts';
import type { Encounter, Modality, Setting } from '../../engine/history.ts';
import type { CanonicalRecord } from '../../store/records.ts';
import { idText } from '../x12/values.ts';
import { procedureOf } from './codes.ts';
import { conditionFacts, isEncounterDiagnosis } from './condition-facts.ts';
import { dayAt, spanAt } from './dates.ts';
import { at, codesAt, list, text } from './json.ts';
import { unresolved } from './map-clinical.ts';
import { type Mapped, type Mapping, providerRecord } from './mapping.ts';
import { plainReference } from './resource-index.ts';

/** v3-ActCode classes. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  IMP: 'inpatient',
  ACUTE: 'inpatient',
  NONAC: 'inpatient',
  AMB: 'professional',
  VR: 'professional',
  HH: 'professional',
  FLD: 'professional',
  EMER: 'outpatient',
  OBSENC: 'outpatient',
  SS: 'outpatient',
};
const NOT_YET = new Set(['planned', 'arrived', 'triaged', 'in-progress', 'onleave', 'unknown']);

/**
 * Encounter: a record of source `ehr` beside any claim for the same visit, with the diagnoses made there. Where a claim
 * line names it, they become evidence on the claim's record when the history is put together. Without a CPT of its own
 * (`type`, Procedure) its eligibility is unknown.
 */
export function mapEncounter(mapping: Mapping): Mapped {
  const { resource, index, source, keys } = mapping;
  const memberId = mapping.member('subject') ?? mapping.member('patient');
  if (memberId === null) return unresolved(mapping, 'subject');
  const encounterId = idText(mapping.id);
  if (encounterId === null)
    return mapping.reject('/id', 'encounter_id_missing', 'the encounter has no usable id');
  const status = text(resource, 'status');
  if (status !== null && NOT_YET.has(status)) {
    mapping.warn('/status', 'status_not_used', 'the encounter is not finished', status);
    return { ok: true, records: [] };
  }
  const span = spanAt(resource, 'period');
  if (span === null) {
    return mapping.reject('/period', 'date_missing', 'the encounter has no usable period');
  }
  if (span.to > mapping.options.asOf) {
    return mapping.reject('/period/end', 'service_date_in_future', 'the encounter ends after today', span.to);
  }
  const retracted = status === 'entered-in-error' || status === 'cancelled';
  const classCode = classOf(mapping);
  const setting =
    (classCode !== null && Object.hasOwn(SETTINGS, classCode) ? SETTINGS[classCode] : undefined) ?? 'other';
  if (setting === 'other') {
    mapping.warn(
      '/class',
      'encounter_class_unknown',
      'the class says neither inpatient nor outpatient',
      classCode,
    );
  }
  const modality: Modality = classCode === 'VR' ? 'audio_video' : 'in_person';
  const encounter: Omit<Encounter, 'lines' | 'diagnoses'> = {
    encounterId,
    ...span,
    setting,
    billType: null,
    modality,
    source: 'ehr',
    linkedEncounterId: null,
    claimStatus: retracted ? 'void' : 'original',
    replacesEncounterId: null,
    icn: null,
    acceptance: null,
    mao004: null,
    crrAction: null,
    placeOfService: null,
    hra: false,
    signed: keys.some((key) => index.isSigned(key)) ? true : null,
    provider: providerOf(mapping),
  };
  // Conditions come as resources of their own, at other times: the encounter is never whole by itself.
  const records: CanonicalRecord[] = [{ kind: 'encounter', memberId, source, encounter, complete: false }];
  if (retracted) return { ok: true, records };
  const lines = new Set(
    list(resource, 'type')
      .map(procedureOf)
      .filter((code) => code !== null),
  );
  for (const [number, procedure] of [...lines].entries()) {
    const line = { procedure, modifiers: [], date: span.to };
    records.push({ kind: 'service_line', memberId, source, encounterId, lineNumber: number + 1, line });
  }
  for (const code of diagnosesOf(mapping)) {
    records.push({ kind: 'diagnosis', memberId, source, encounterId, code, position: null });
  }
  return { ok: true, records };
}

function classOf({ resource }: Mapping): string | null {
  const single = text(at(resource, 'class'), 'code');
  // R5 has a list of concepts here.
  return single ?? codesAt(resource, 'class')[0] ?? null;
}

function providerOf(mapping: Mapping) {
  const parties = list(mapping.resource, 'participant');
  const of = (role: string) => parties.find((each) => codesAt(each, 'type').includes(role));
  const chosen = of('ATND') ?? of('PPRF') ?? parties[0];
  const individual = chosen === undefined ? {} : { ...at(chosen, 'individual'), ...at(chosen, 'actor') };
  const provider = mapping.provider(individual);
  return providerRecord(provider?.npi ?? null, provider?.specialty ?? null);
}

/** Codes of the conditions it names; admission and complaint are not final diagnoses. */
function diagnosesOf({ resource, index }: Mapping): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const diagnosis of list(resource, 'diagnosis')) {
    const use = list(diagnosis, 'use').flatMap((each) => codesAt({ each }, 'each'));
    if (use.includes('AD') || use.includes('CC')) continue;
    const reference = text(at(diagnosis, 'condition'), 'reference');
    const found = reference === null ? null : index.codeOf(plainReference(reference));
    if (found?.evidence) codes.add(found.code);
  }
  return codes;
}

/**
 * Condition: of the problem list, or made at an encounter (source `note`). Dated by the end of its encounter, else
 * when it was recorded, else its onset. A code in SNOMED CT only is kept and reported as not mapped.
 */
export function mapCondition(mapping: Mapping): Mapped {
  const { resource, source, id } = mapping;
  const memberId = mapping.member('subject') ?? mapping.member('patient');
  if (memberId === null) return unresolved(mapping, 'subject');
  const facts = conditionFacts(resource);
  if (facts.category === 'health_concern') {
    mapping.warn('/category', 'health_concern_not_used', 'a health concern is no condition of an HCC');
    return { ok: true, records: [] };
  }
  const { diagnosis } = facts;
  if (diagnosis.kind === 'none') return mapping.reject('/code', 'code_missing', 'the condition has no code');
  if (diagnosis.kind === 'invalid') {
    const message = 'not an ICD-10-CM code by its form';
    return mapping.reject('/code', 'diagnosis_invalid', message, diagnosis.code);
  }
  noteDiagnosis(mapping, '/code', diagnosis);
  if (facts.verification === null) {
    mapping.warn(
      '/verificationStatus',
      'verification_missing',
      'taken as confirmed, since nothing is stated',
    );
  }
  const encounter = encounterOf(mapping);
  const recorded =
    encounter?.to ??
    dayAt(resource, 'recordedDate') ??
    dayAt(resource, 'assertedDate') ??
    dayAt(resource, 'onsetDateTime') ??
    spanAt(resource, 'onsetPeriod')?.from ??
    null;
  const condition = {
    conditionId: idText(id),
    code: diagnosis.code,
    system: SYSTEMS[diagnosis.kind],
    source:
      facts.category === 'problem' || (facts.category === null && encounter === null)
        ? 'problem_list'
        : 'note',
    encounterId: encounter?.id ?? null,
    recorded,
    clinicalStatus: facts.clinicalStatus,
    verification: facts.verification,
    context: null,
    meat: null,
    signed: null,
  } as const;
  const records: CanonicalRecord[] = [{ kind: 'condition', memberId, source, key: id, condition }];
  if (encounter?.id && encounter.named && isEncounterDiagnosis(facts)) {
    const { code } = diagnosis;
    records.push({ kind: 'diagnosis', memberId, source, encounterId: encounter.id, code, position: null });
  }
  return { ok: true, records };
}

interface ConditionEncounter {
  readonly id: string | null;
  readonly to: IsoDate | null;
  /** By the condition itself, whether or not the batch brings the encounter; else the encounter names the condition. */
  readonly named: boolean;
}

function encounterOf({ resource, index, keys }: Mapping): ConditionEncounter | null {
  const named = text(at(resource, 'encounter'), 'reference') ?? text(at(resource, 'context'), 'reference');
  const naming = keys.map((key) => index.encounterOf(key)).find((key) => key !== null);
  const key = named === null ? naming : plainReference(named);
  if (key === undefined || key === null) return null;
  return { id: index.encounterIdOf(key), to: index.spanOf(key)?.to ?? null, named: named !== null };
}

const SYSTEMS = { icd10: 'icd10cm', snomed: 'snomed', icd9: 'other', other: 'other' } as const;

/** Remarks on a diagnosis that is taken but not, or not plainly, an ICD-10-CM code. */
export function noteDiagnosis(
  mapping: Mapping,
  path: string,
  diagnosis: {
    readonly kind: 'icd10' | 'icd9' | 'snomed' | 'other';
    readonly code: string;
    readonly systemStated?: boolean;
  },
): void {
  const { code, kind } = diagnosis;
  if (kind === 'icd10' && diagnosis.systemStated === false) {
    mapping.warn(path, 'code_system_missing', 'taken as ICD-10-CM by its form', code);
  } else if (kind === 'snomed') {
    mapping.warn(path, 'snomed_not_mapped', 'coded in SNOMED CT only: kept, and mapped to no HCC', code);
  } else if (kind === 'icd9') {
    mapping.warn(path, 'icd9_not_mapped', 'ICD-9-CM diagnoses belong to no model in use', code);
  } else if (kind === 'other') {
    mapping.warn(path, 'code_not_mapped', 'the code system is none that is mapped', code);
  }
}
