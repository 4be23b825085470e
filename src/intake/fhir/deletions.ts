import { at, codesAt, type Json, text } from './json.ts';
import { plainReference, resourceKey } from './resource-index.ts';

/** Types whose records can be told from the name of their resource. */
const TAKEN_BACK =
  /^(Condition|Observation|Procedure|Encounter|Appointment|Claim|ExplanationOfBenefit|Medication(?:Request|Dispense|Statement|Administration))\/[A-Za-z0-9\-.]{1,64}$/;

/** `Type/id` of the address that a DELETE names; null when what it brought cannot be taken back by its name. */
export function deletedResource(url: string): string | null {
  const key = plainReference(url);
  return TAKEN_BACK.test(key) ? key : null;
}

/** Deleted resources that are known: a version does not count unless it is later than its deletion. */
export class Deletions {
  /** `Type/id` -> milliseconds up to which versions are gone. */
  readonly #until = new Map<string, number>();

  constructor(known: Iterable<readonly [string, string | null]>) {
    for (const [resource, instant] of known) this.add(resource, instant);
  }

  /** `instant` (ISO) null or unreadable: no version counts. True when something new was said. */
  add(resource: string, instant: string | null): boolean {
    const said = instant === null ? Number.NaN : Date.parse(instant);
    const until = Number.isNaN(said) ? Number.POSITIVE_INFINITY : said;
    if (until <= (this.#until.get(resource) ?? Number.NEGATIVE_INFINITY)) return false;
    this.#until.set(resource, until);
    return true;
  }

  covers(resource: Json, fullUrl: string | null): boolean {
    const key = this.#until.size === 0 ? null : resourceKey(resource, fullUrl);
    const until = key === null ? undefined : this.#until.get(plainReference(key));
    if (until === undefined) return false;
    const updated = Date.parse(text(at(resource, 'meta'), 'lastUpdated') ?? '');
    return Number.isNaN(updated) || updated <= until;
  }
}

/** Status in which a resource of this type says that it was never true; of an appointment also that it is off. */
export function isRetracted(type: string, resource: Json): boolean {
  if (type === 'Condition') {
    const { verificationStatus } = resource;
    if (typeof verificationStatus === 'string') return verificationStatus === 'entered-in-error';
    return codesAt(resource, 'verificationStatus').includes('entered-in-error');
  }
  const status = text(resource, 'status') ?? '';
  if (type === 'Appointment') return /^(cancelled|noshow|entered-in-error)$/.test(status);
  return /^(Observation|Procedure|Medication)/.test(type) && status === 'entered-in-error';
}
