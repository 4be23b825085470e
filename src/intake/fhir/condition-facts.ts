import type { Condition } from '../../engine/history.ts';
import { type Diagnosis, diagnosisOf } from './codes.ts';
import { at, codesAt, codings, type Json } from './json.ts';

export interface ConditionFacts {
  readonly diagnosis: Diagnosis;
  /** `health_concern` is left out of everything about HCCs. */
  readonly category: 'encounter' | 'problem' | 'health_concern' | null;
  readonly clinicalStatus: Condition['clinicalStatus'];
  readonly verification: Condition['verification'];
}

const CLINICAL = new Set(['active', 'recurrence', 'relapse', 'inactive', 'remission', 'resolved']);
const VERIFICATION = new Set([
  'confirmed',
  'unconfirmed',
  'provisional',
  'differential',
  'refuted',
  'entered-in-error',
]);

/** What a Condition says, by `category` and not by profile: US Core 3, 5, 6 and 7 differ in profiles only. */
export function conditionFacts(resource: Json): ConditionFacts {
  const categories = codesAt(resource, 'category');
  let category: ConditionFacts['category'] = null;
  if (categories.includes('encounter-diagnosis')) category = 'encounter';
  else if (categories.includes('problem-list-item') || categories.includes('problem')) category = 'problem';
  else if (categories.includes('health-concern')) category = 'health_concern';
  return {
    diagnosis: diagnosisOf(at(resource, 'code')),
    category,
    clinicalStatus: (status(resource, 'clinicalStatus', CLINICAL) ??
      (hasEnded(resource) ? 'resolved' : null)) as Condition['clinicalStatus'],
    verification: (status(resource, 'verificationStatus', VERIFICATION) ?? null) as Condition['verification'],
  };
}

/** `abatement[x]` closes the condition, also where no status says so. */
function hasEnded(resource: Json): boolean {
  return (
    resource.abatementBoolean === true ||
    ['DateTime', 'Age', 'Period', 'Range', 'String'].some(
      (kind) => (resource[`abatement${kind}`] ?? null) !== null,
    )
  );
}

/** R4 has a CodeableConcept where STU3 has a code. */
function status(resource: Json, key: string, known: ReadonlySet<string>): string | undefined {
  const value = resource[key];
  if (typeof value === 'string') return known.has(value) ? value : undefined;
  return codings(at(resource, key))
    .map(({ code }) => code)
    .find((code) => known.has(code));
}

/** Whether the condition stands as a diagnosis made at an encounter: confirmed or unstated, and present. */
export function isEncounterDiagnosis(facts: ConditionFacts): boolean {
  const present = facts.clinicalStatus === null || /^(active|recurrence|relapse)$/.test(facts.clinicalStatus);
  return (
    facts.diagnosis.kind === 'icd10' &&
    (facts.category === 'encounter' || facts.category === null) &&
    (facts.verification === null || facts.verification === 'confirmed') &&
    present
  );
}
