import { dateOfDay, dayNumber } from '../../engine/dates.ts';
import { KeyMap } from '../key-map.ts';
import { idText } from '../x12/values.ts';
import { claimIdOf } from './claim-facts.ts';
import { conditionFacts, isEncounterDiagnosis } from './condition-facts.ts';
import { CoverageFacts } from './coverage-facts.ts';
import { type Span, spanAt } from './dates.ts';
import { at, codesAt, codings, type Json, list, text } from './json.ts';
import type { Occurrence } from './read.ts';

export const MBI = 'http://hl7.org/fhir/sid/us-mbi';
const NPI = 'http://hl7.org/fhir/sid/us-npi';
/** Day numbers are stored unsigned; this one is 1800-01-01. */
const DAY_ZERO = -62_091;
/** Claim numbers that differ from the id of their resource; their texts are kept. */
const CLAIM_NUMBERS_KEPT = 1_000_000;

export interface IndexedProvider {
  readonly npi: string | null;
  readonly specialty: string | null;
}

/**
 * What one pass over all files of a batch keeps so that references resolve across files and in any order: which
 * version of each resource is the newest, who each Patient is, where each Encounter lies in time, which ICD-10-CM
 * code each Condition has, and who each Practitioner is. Keys are hashed (about 25 bytes each); texts are kept only
 * for patients and practitioners, and for encounters that others name.
 */
export class ResourceIndex {
  readonly #versions = new KeyMap(3);
  readonly #members = new Map<string, string>();
  readonly #encounters = new KeyMap(2);
  readonly #conditions = new KeyMap(1);
  readonly #encounterOfCondition = new KeyMap(1);
  /** Full URL of an encounter -> `Encounter/id`, where the two differ. */
  readonly #aliases = new Map<string, string>();
  readonly #eobClaims = new KeyMap(0);
  readonly #signed = new KeyMap(0);
  /** `Type/id` or full URL of a claim -> its claim number, where the two differ. */
  readonly #claimNumbers = new KeyMap(1);
  readonly #providers = new Map<string, IndexedProvider>();
  readonly #medications = new Map<string, Json>();
  readonly #texts = new Texts();
  readonly #systems: readonly string[];
  readonly coverage = new CoverageFacts();
  #ordinal = 0;

  /** `memberIdSystems`: identifier systems whose value is the member id, the preferred one first. */
  constructor(memberIdSystems: readonly string[]) {
    this.#systems = memberIdSystems;
  }

  /** Counts an occurrence that is not to be known, because its resource is deleted. */
  pass(): void {
    this.#ordinal += 1;
  }

  add({ resource, fullUrl }: Occurrence): void {
    this.#ordinal += 1;
    const type = text(resource, 'resourceType') ?? '';
    const key = resourceKey(resource, fullUrl);
    if (key !== null) this.#noteVersion(key, resource);
    const keys = [key, fullUrl].filter((each) => each !== null);
    switch (type) {
      case 'Patient':
        this.#addPatient(resource, keys);
        return;
      case 'Encounter':
        this.#addEncounter(resource, keys);
        return;
      case 'Condition':
        this.#addCondition(resource, keys);
        return;
      case 'Claim':
      case 'ExplanationOfBenefit':
        this.#addClaim(resource, type, keys);
        return;
      case 'Practitioner':
      case 'PractitionerRole':
      case 'Organization':
        this.#addProvider(resource, keys);
        return;
      case 'Medication':
        if (this.#medications.size < 500_000) {
          for (const each of keys) this.#medications.set(each, at(resource, 'code'));
        }
        return;
      case 'DocumentReference':
        this.#addDocument(resource);
        return;
      case 'Coverage':
        this.coverage.add(resource, plainReference(text(at(resource, 'beneficiary'), 'reference') ?? ''));
        return;
      default:
        return;
    }
  }

  /** Whether the occurrence numbered `ordinal` (from 1, in reading order) is the newest version of its resource. */
  isNewest(key: string, ordinal: number): boolean {
    return (this.#versions.get(key, 0) ?? ordinal) === ordinal;
  }

  /** The member id of a Patient by `Patient/id`, full URL or `system|value`. */
  memberOf(key: string): string | undefined {
    return this.#members.get(key);
  }

  spanOf(encounterKey: string): Span | null {
    const from = this.#encounters.get(encounterKey, 0);
    const to = this.#encounters.get(encounterKey, 1);
    return from === undefined || to === undefined || to === 0
      ? null
      : { from: dateOfDay(from + DAY_ZERO), to: dateOfDay(to + DAY_ZERO) };
  }

  /** ICD-10-CM code of a Condition; `evidence` when it stands as a diagnosis made at an encounter. */
  codeOf(conditionKey: string): { readonly code: string; readonly evidence: boolean } | null {
    const value = this.#conditions.get(conditionKey);
    return value === undefined ? null : { code: this.#texts.at(value >>> 1), evidence: (value & 1) === 1 };
  }

  /** The encounter that names this condition among its diagnoses, as a key. */
  encounterOf(conditionKey: string): string | null {
    const value = this.#encounterOfCondition.get(conditionKey);
    return value === undefined ? null : this.#texts.at(value);
  }

  /** The id an encounter is stored under, by any key that names it. */
  encounterIdOf(encounterKey: string): string | null {
    return idText((this.#aliases.get(encounterKey) ?? encounterKey).replace(/^.*[/:]/, ''));
  }

  /** The claim number of a claim that the batch brings under another resource id. */
  claimNumberOf(claimKey: string): string | null {
    const value = this.#claimNumbers.get(claimKey);
    return value === undefined ? null : this.#texts.at(value);
  }

  hasEob(claimId: string): boolean {
    return this.#eobClaims.has(claimId);
  }

  isSigned(encounterKey: string): boolean {
    return this.#signed.has(encounterKey);
  }

  providerOf(key: string): IndexedProvider | null {
    return this.#providers.get(key) ?? null;
  }

  medicationOf(key: string): Json | null {
    return this.#medications.get(key) ?? null;
  }

  #noteVersion(key: string, resource: Json): void {
    const meta = at(resource, 'meta');
    const updated = Math.floor(Date.parse(text(meta, 'lastUpdated') ?? '') / 1000);
    const seconds = updated > 0 && updated < 2 ** 32 ? updated : 0;
    const stated = Number(text(meta, 'versionId') ?? '');
    const version = Number.isInteger(stated) && stated > 0 && stated < 2 ** 32 ? stated : 0;
    const knownSeconds = this.#versions.get(key, 1) ?? 0;
    const knownVersion = this.#versions.get(key, 2) ?? 0;
    if (seconds < knownSeconds || (seconds === knownSeconds && version < knownVersion)) return;
    // Versions that nothing orders: the first stands, so that an exact repeat changes nothing.
    const known = this.#versions.get(key, 0);
    if (known !== undefined && seconds === knownSeconds && version === knownVersion) return;
    this.#versions.set(key, this.#ordinal, seconds, version);
  }

  #addPatient(resource: Json, keys: readonly string[]): void {
    const id = this.#memberId(resource, keys);
    if (id === null) return;
    for (const key of keys) this.#members.set(key, id);
    for (const identifier of list(resource, 'identifier').slice(0, 50)) {
      const value = text(identifier, 'value');
      if (value === null) continue;
      this.#members.set(`${text(identifier, 'system') ?? ''}|${value}`, id);
    }
  }

  /** By configured identifier system, else the bare id of the resource, else of its urn. */
  #memberId(resource: Json, keys: readonly string[]): string | null {
    for (const system of this.#systems) {
      const held = list(resource, 'identifier').filter((each) => text(each, 'system') === system);
      const open = held.find((each) => text(at(each, 'period'), 'end') === null) ?? held[0];
      const value = open === undefined ? null : idText(text(open, 'value') ?? undefined);
      if (value !== null) return value;
    }
    const id = text(resource, 'id') ?? keys[0]?.replace(/^.*[/:]/, '');
    return idText(id ?? undefined);
  }

  #addEncounter(resource: Json, keys: readonly string[]): void {
    const span = spanAt(resource, 'period');
    const id = text(resource, 'id') ?? keys[0]?.replace(/^.*[/:]/, '') ?? '';
    for (const key of keys) {
      if (key.replace(/^.*[/:]/, '') !== id) this.#aliases.set(key, `Encounter/${id}`);
      if (span) this.#encounters.set(key, dayNumber(span.from) - DAY_ZERO, dayNumber(span.to) - DAY_ZERO);
      else this.#encounters.set(key, 0, 0);
    }
    for (const diagnosis of list(resource, 'diagnosis').slice(0, 200)) {
      const condition = text(at(diagnosis, 'condition'), 'reference');
      if (condition === null || id === '') continue;
      this.#encounterOfCondition.set(plainReference(condition), this.#texts.index(`Encounter/${id}`));
    }
  }

  #addCondition(resource: Json, keys: readonly string[]): void {
    const facts = conditionFacts(resource);
    if (facts.diagnosis.kind !== 'icd10' || facts.verification === 'entered-in-error') return;
    const value = this.#texts.index(facts.diagnosis.code) * 2 + (isEncounterDiagnosis(facts) ? 1 : 0);
    for (const key of keys) this.#conditions.set(key, value);
  }

  #addClaim(resource: Json, type: string, keys: readonly string[]): void {
    const claimId = claimIdOf(resource);
    if (claimId === null) return;
    for (const key of keys) {
      if (key.replace(/^.*[/:]/, '') === claimId || this.#claimNumbers.size >= CLAIM_NUMBERS_KEPT) continue;
      this.#claimNumbers.set(key, this.#texts.index(claimId));
    }
    if (type === 'ExplanationOfBenefit') {
      this.#noteVersion(claimKey(resource, claimId), resource);
      this.#eobClaims.set(claimId);
      const claim = text(at(resource, 'claim'), 'reference');
      if (claim !== null) this.#eobClaims.set(plainReference(claim));
    }
  }

  #addProvider(resource: Json, keys: readonly string[]): void {
    if (this.#providers.size >= 2_000_000) return;
    const provider = this.providerFacts(resource);
    for (const key of keys) this.#providers.set(key, provider);
  }

  /** NPI and specialty of a Practitioner, PractitionerRole or Organization. */
  providerFacts(resource: Json): IndexedProvider {
    const identifiers = list(resource, 'identifier');
    const numbered =
      identifiers.find((each) => text(each, 'system') === NPI) ??
      identifiers.find((each) => codesAt(each, 'type').some((code) => code.toLowerCase() === 'npi'));
    const own = idText(text(numbered ?? {}, 'value') ?? undefined);
    const role = text(at(resource, 'practitioner'), 'reference');
    const person = role === null ? null : this.providerOf(plainReference(role));
    const specialty = [
      ...list(resource, 'specialty'),
      ...list(resource, 'qualification').map((each) => at(each, 'code')),
    ]
      .flatMap((concept) => codings(concept))
      .map(({ code }) => code)
      .find(isSpecialty);
    return { npi: own ?? person?.npi ?? null, specialty: specialty ?? person?.specialty ?? null };
  }

  /** A note in force, in its final state and authenticated, makes the encounters it belongs to signed. */
  #addDocument(resource: Json): void {
    const final = /^(final|amended)$/.test(text(resource, 'docStatus') ?? '');
    if (text(resource, 'status') !== 'current' || !final || !resource.authenticator) return;
    for (const encounter of list(at(resource, 'context'), 'encounter').slice(0, 50)) {
      const reference = text(encounter, 'reference');
      if (reference !== null) this.#signed.set(plainReference(reference));
    }
  }
}

/** `Type/id`; for a resource without id its full URL; null when nothing names it. */
export function resourceKey(resource: Json, fullUrl: string | null): string | null {
  const type = text(resource, 'resourceType');
  const id = text(resource, 'id');
  return type !== null && id !== null ? `${type}/${id}` : fullUrl;
}

/** Names a claim by member and number: several ExplanationOfBenefits may bring one claim, adjusted in between. */
export function claimKey(resource: Json, claimId: string): string {
  return `claim|${text(at(resource, 'patient'), 'reference') ?? ''}|${claimId}`;
}

/** A reference as the index keys it: `Type/id` of a relative or absolute URL without its version, or the urn. */
export function plainReference(reference: string): string {
  const match = /([A-Za-z]+\/[A-Za-z0-9\-._]+)(?:\/_history\/[^/]*)?$/.exec(reference);
  return /^urn:/.test(reference) || match === null ? reference : (match[1] ?? reference);
}

/** CMS two-character specialty, or ten-character NUCC taxonomy. */
export function isSpecialty(code: string): boolean {
  return /^[0-9A-Z]{2}$/.test(code) || /^[0-9]{3}[0-9A-Z]{6}X$/.test(code);
}

/** Texts by number, each kept once. */
class Texts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  index(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const next = this.#texts.length;
    this.#numbers.set(text, next);
    this.#texts.push(text);
    return next;
  }

  at(index: number): string {
    return this.#texts[index] ?? '';
  }
}
