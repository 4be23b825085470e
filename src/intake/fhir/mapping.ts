import type { Provider } from '../../engine/history.ts';
import type { CanonicalRecord, SourceRef } from '../../store/records.ts';
import type { IntakeOptions } from '../parser.ts';
import { idText } from '../x12/values.ts';
import { at, codesAt, type Json, list, text } from './json.ts';
import { type IndexedProvider, MBI, plainReference, type ResourceIndex } from './resource-index.ts';

/** Policy switches of the FHIR formats. */
export interface FhirSettings {
  /**
   * Identifier systems whose value is the member id, the preferred one first, e.g. the plan's own system or
   * `http://hl7.org/fhir/sid/us-mbi`. Without any, and for a patient who has none of them, it is the bare Patient id.
   */
  readonly memberIdSystems: readonly string[];
  /** Admitting diagnoses, reasons for visit and external causes count as diagnoses of the claim. */
  readonly includeNonFinalDiagnoses: boolean;
}

/** A finding about a part of a resource; `path` is a JSON pointer from the resource. */
export interface Note {
  readonly severity: 'error' | 'warning';
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly value: string | null;
}

/** What became of a resource: its records, or why it is rejected. */
export type Mapped =
  | { readonly ok: true; readonly records: readonly CanonicalRecord[] }
  | {
      readonly ok: false;
      readonly path: string;
      readonly code: string;
      readonly message: string;
      readonly value: string | null;
    };

/** All that mapping one resource needs to know. */
export class Mapping {
  readonly resource: Json;
  readonly index: ResourceIndex;
  readonly options: IntakeOptions;
  readonly settings: FhirSettings;
  readonly source: SourceRef;
  /** Stable key of the resource: its id, its full URL, or a digest of its content. */
  readonly id: string;
  /** Keys that other resources may name it by. */
  readonly keys: readonly string[];
  readonly notes: Note[] = [];

  constructor(
    given: Omit<Mapping, 'notes' | 'warn' | 'fail' | 'reject' | 'member' | 'provider' | 'contained'>,
  ) {
    this.resource = given.resource;
    this.index = given.index;
    this.options = given.options;
    this.settings = given.settings;
    this.source = given.source;
    this.id = given.id;
    this.keys = given.keys;
  }

  warn(path: string, code: string, message: string, value: string | null = null): void {
    this.notes.push({ severity: 'warning', path, code, message, value });
  }

  /** A part was not taken; the resource stands. */
  fail(path: string, code: string, message: string, value: string | null = null): void {
    this.notes.push({ severity: 'error', path, code, message, value });
  }

  reject(path: string, code: string, message: string, value: string | null = null): Mapped {
    return { ok: false, path, code, message, value };
  }

  contained(reference: string): Json | null {
    const id = reference.slice(1);
    return list(this.resource, 'contained').find((each) => text(each, 'id') === id) ?? null;
  }

  /**
   * The member a reference names: contained Patient, full URL, `Patient/id`, conditional reference, identifier, in
   * this order. A relative reference to a Patient that no file brings is still the bare id.
   */
  member(field: string): string | null {
    const given = at(this.resource, field);
    const reference = text(given, 'reference');
    if (reference?.startsWith('#')) {
      const patient = this.contained(reference);
      return patient === null ? null : this.#identified(list(patient, 'identifier'));
    }
    const query = reference === null ? null : conditional(reference);
    if (query !== null) return this.index.memberOf(query) ?? idText(query.split('|')[1]);
    if (reference !== null) {
      const key = plainReference(reference);
      const known = this.index.memberOf(reference) ?? this.index.memberOf(key);
      if (known !== undefined) return known;
      if (key.startsWith('Patient/')) return idText(key.slice('Patient/'.length));
    }
    const identifier = at(given, 'identifier');
    return this.#identified([identifier]);
  }

  #identified(identifiers: readonly Json[]): string | null {
    const values = identifiers.flatMap((identifier) => {
      const value = idText(text(identifier, 'value') ?? undefined);
      return value === null ? [] : [{ identifier, value, system: text(identifier, 'system') ?? '' }];
    });
    for (const { system, value } of values) {
      const known = this.index.memberOf(`${system}|${value}`);
      if (known !== undefined) return known;
    }
    for (const wanted of [...this.settings.memberIdSystems, MBI]) {
      const found = values.find(({ system }) => system === wanted);
      if (found) return found.value;
    }
    const numbered = values.find(({ identifier }) => codesAt(identifier, 'type').includes('MB'));
    return (numbered ?? values[0])?.value ?? null;
  }

  /** The provider a Reference names, by its own identifier or by what it points to. */
  provider(given: Json): IndexedProvider | null {
    const identifier = at(given, 'identifier');
    const own = idText(text(identifier, 'value') ?? undefined);
    const system = text(identifier, 'system') ?? '';
    const isNumber =
      system.endsWith('us-npi') || codesAt(identifier, 'type').some((code) => code.toLowerCase() === 'npi');
    if (own !== null && isNumber) return { npi: own, specialty: null };
    const reference = text(given, 'reference');
    if (reference === null) return null;
    if (reference.startsWith('#')) {
      const contained = this.contained(reference);
      return contained === null ? null : this.index.providerFacts(contained);
    }
    const query = conditional(reference);
    if (query !== null) {
      const [from = '', value] = query.split('|');
      return from.endsWith('us-npi') ? { npi: idText(value), specialty: null } : null;
    }
    return this.index.providerOf(reference) ?? this.index.providerOf(plainReference(reference));
  }
}

/** `system|value` of a conditional reference (`Patient?identifier=system|value`); null for any other. */
function conditional(reference: string): string | null {
  const match = /^[A-Za-z]+\?identifier=([^&]*)/.exec(reference);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1] ?? '');
  } catch {
    return match[1] ?? '';
  }
}

/** A Provider, or null when nothing is known of it. */
export function providerRecord(npi: string | null, specialty: string | null): Provider | null {
  return npi === null && specialty === null ? null : { npi, specialty };
}
