import type { SuspectEvent } from './events.ts';
import { matchesPattern, type SuspectTables } from './tables.ts';

/** Events of a person by the value set they belong to; an event of several sets stands under each. */
export type EventIndex = ReadonlyMap<string, readonly SuspectEvent[]>;

/**
 * Sorts events into value sets once, so that a rule looks only at its own events: most rules then cost one look-up
 * for most members.
 */
export function indexEvents(tables: SuspectTables, events: readonly SuspectEvent[]): EventIndex {
  const reverse = reverseSets(tables);
  const index = new Map<string, SuspectEvent[]>();
  for (const event of events) {
    for (const valueSet of setsOf(tables, reverse, event)) {
      const known = index.get(valueSet);
      if (known) known.push(event);
      else index.set(valueSet, [event]);
    }
  }
  return index;
}

interface ReverseSets {
  readonly byIngredient: ReadonlyMap<string, readonly string[]>;
  readonly byProcedure: ReadonlyMap<string, readonly string[]>;
  /** Grows with the codes met; bounded by the code set. */
  readonly byDiagnosis: Map<string, readonly string[]>;
}

const reversed = new WeakMap<SuspectTables, ReverseSets>();

function reverseSets(tables: SuspectTables): ReverseSets {
  const known = reversed.get(tables);
  if (known) return known;
  const made = {
    byIngredient: invert(tables.medicationSets),
    byProcedure: invert(tables.procedureSets),
    byDiagnosis: new Map<string, readonly string[]>(),
  };
  reversed.set(tables, made);
  return made;
}

function invert(sets: ReadonlyMap<string, ReadonlySet<string>>): Map<string, string[]> {
  const inverted = new Map<string, string[]>();
  for (const [id, members] of sets) {
    for (const member of members) inverted.set(member, [...(inverted.get(member) ?? []), id]);
  }
  return inverted;
}

const NONE: readonly string[] = [];

function setsOf(tables: SuspectTables, reverse: ReverseSets, event: SuspectEvent): readonly string[] {
  switch (event.type) {
    case 'observation': {
      const set = event.valueSet ?? tables.observationCodes.get(event.code?.trim() ?? '');
      return set === undefined ? NONE : [set];
    }
    case 'medication': {
      const [only, ...more] = event.ingredients;
      if (only === undefined) return NONE;
      if (more.length === 0) return reverse.byIngredient.get(only) ?? NONE;
      return [...new Set(event.ingredients.flatMap((name) => reverse.byIngredient.get(name) ?? NONE))];
    }
    case 'procedure':
      return reverse.byProcedure.get(event.code.trim().toUpperCase()) ?? NONE;
    case 'diagnosis':
      return diagnosisSets(tables, reverse, event.code);
  }
}

function diagnosisSets(tables: SuspectTables, reverse: ReverseSets, code: string): readonly string[] {
  const known = reverse.byDiagnosis.get(code);
  if (known) return known;
  const sets = [...tables.diagnosisSets]
    .filter(([, patterns]) => patterns.some((pattern) => matchesPattern(code, pattern)))
    .map(([id]) => id);
  reverse.byDiagnosis.set(code, sets);
  return sets;
}
