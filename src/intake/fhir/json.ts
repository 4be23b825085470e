import { isStorable } from '../text.ts';

/** A JSON object as read; members are judged where they are used. */
export type Json = Readonly<Record<string, unknown>>;

/** Elements of one list that are read; no resource needs more, and hostile ones may have millions. */
const LIST_LENGTH = 10_000;
const TEXT_CHARACTERS = 2_000;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `key`, or an empty one. */
export function at(value: Json, key: string): Json {
  const found = value[key];
  return isObject(found) ? found : EMPTY;
}

const EMPTY: Json = {};

/** The objects at `key`: a list, or the single object that STU3 has where R4 has a list. */
export function list(value: Json, key: string): readonly Json[] {
  const found = value[key];
  if (Array.isArray(found)) return found.slice(0, LIST_LENGTH).filter(isObject);
  return isObject(found) ? [found] : [];
}

/** The text at `key`, trimmed; null when it is absent, empty, no string, overlong or not storable. */
export function text(value: Json, key: string): string | null {
  return cleanText(value[key]);
}

export function cleanText(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const trimmed = value.trim();
  if (trimmed === '' || trimmed.length > TEXT_CHARACTERS) return null;
  return isStorable(trimmed) ? trimmed : null;
}

/** The finite number at `key`; null otherwise. */
export function number(value: Json, key: string): number | null {
  const found = value[key];
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

export interface Coding {
  readonly system: string | null;
  readonly code: string;
  readonly display: string | null;
}

/** The codings of a CodeableConcept that have a code, in order. */
export function codings(concept: Json): readonly Coding[] {
  return list(concept, 'coding').flatMap((coding) => {
    const code = text(coding, 'code');
    return code === null ? [] : [{ system: text(coding, 'system'), code, display: text(coding, 'display') }];
  });
}

/** All codes of the CodeableConcepts at `key`, whatever their system. */
export function codesAt(value: Json, key: string): readonly string[] {
  return list(value, key).flatMap((concept) => codings(concept).map(({ code }) => code));
}

/** Deepest nesting of objects and arrays; a resource of FHIR stays far below. */
export const MAX_DEPTH = 100;

/** Whether the text nests deeper than {@link MAX_DEPTH}; strings are passed over. */
export function isTooDeep(json: string): boolean {
  let depth = 0;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === 0x22) {
      for (index += 1; index < json.length; index += 1) {
        const inner = json.charCodeAt(index);
        if (inner === 0x5c) index += 1;
        else if (inner === 0x22) break;
      }
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}
