import type { DrugTables } from './drugs.ts';
import type { SuspectRule } from './rule.ts';

/** How a value set's results are read. */
export interface ObservationSet {
  readonly valueSet: string;
  readonly analyte: string;
  readonly category: string;
  readonly canonicalUnit: string;
  readonly plausibleMin: number | null;
  readonly plausibleMax: number | null;
  /** Scores and ratios: an empty unit means 1. */
  readonly emptyUnitIsOne: boolean;
  /**
   * How a qualitative answer is read: `antibody` (H and HH are positive, a bare number decides nothing), `viral_load`
   * (a number above 0 is positive, a `<` result negative), `words` (words and interpretation only).
   */
  readonly qualitative: 'antibody' | 'viral_load' | 'words';
}

/** Canonical value = `factor * x + offset`, or 10 to the power x. */
export type UnitConversion =
  | { readonly kind: 'linear'; readonly factor: number; readonly offset: number }
  | { readonly kind: 'power10' };

export interface DerivedFormula {
  readonly name: string;
  /** Value sets of the inputs; in the expression they are named without their `LAB_` or `OBS_` prefix. */
  readonly inputs: readonly string[];
  readonly expression: string;
}

/** Everything the evaluator reads, compiled once from the package `suspecting`. */
export interface SuspectTables {
  readonly library: { readonly version: string; readonly dated: string; readonly reviewStatus: string };
  readonly priorYearWindowYears: number;
  readonly rules: readonly SuspectRule[];
  readonly observationSets: ReadonlyMap<string, ObservationSet>;
  /** LOINC code to value set. */
  readonly observationCodes: ReadonlyMap<string, string>;
  readonly medicationSets: ReadonlyMap<string, ReadonlySet<string>>;
  readonly procedureSets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Undotted patterns; a final `*` is a prefix. */
  readonly diagnosisSets: ReadonlyMap<string, readonly string[]>;
  /** By value set and {@link normalUnit} of the unit sent. */
  readonly unitConversions: ReadonlyMap<string, ReadonlyMap<string, UnitConversion>>;
  /** Other spellings of a unit, both already in normal form. */
  readonly unitSpellings: ReadonlyMap<string, string>;
  readonly formulas: ReadonlyMap<string, DerivedFormula>;
  readonly drugs: DrugTables;
}

/** True when the undotted code matches the pattern; a trailing `*` is a prefix. */
export function matchesPattern(code: string, pattern: string): boolean {
  return pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern;
}
