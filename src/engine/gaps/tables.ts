import type { ModelId } from '../score-contract.ts';

export const PERSISTENCE_CLASSES = [
  'lifelong',
  'lifelong_status',
  'chronic',
  'stateful',
  'active_treatment',
  'device_status',
  'acute_on_chronic',
  'mixed',
  'acute',
] as const;
export type PersistenceClass = (typeof PERSISTENCE_CLASSES)[number];

export interface HccPersistence {
  readonly class: PersistenceClass;
  /** What must be seen this year, in words for a reviewer. */
  readonly evidenceNeeded: string;
  readonly successor: string;
}

/** Facts of the gap taxonomy, loaded from the package `gaps`. Code patterns are undotted. */
export interface GapTables {
  readonly reviewStatus: string;
  /** By V28 HCC. */
  readonly persistence: ReadonlyMap<string, HccPersistence>;
  /** Patterns of codes that never make a recapture gap, by V28 HCC. */
  readonly neverRecapture: ReadonlyMap<string, readonly CodePattern[]>;
  /** HCCs flagged chronic, by model, for codes that map in no V28 HCC. */
  readonly chronicHccs: ReadonlyMap<ModelId, ReadonlySet<string>>;
  /** Chronic bases of an acute-on-chronic HCC, in order of preference. */
  readonly acuteOnChronic: ReadonlyMap<ModelId, ReadonlyMap<string, readonly string[]>>;
  /** Codes that state what came after the condition, by V28 HCC. */
  readonly successors: ReadonlyMap<string, readonly Successor[]>;
  readonly cancerHistory: readonly CancerHistory[];
  /** A look-back code that is asked about as another one (J96.2x as J96.1x). */
  readonly askedAs: ReadonlyMap<string, string>;
  readonly cancerTreatment: CancerTreatment;
  readonly oigSelectors: readonly { readonly group: string; readonly pattern: CodePattern }[];
}

export interface Successor {
  readonly pattern: CodePattern;
  readonly meaning: string;
}

/** A personal history code and the cancer categories (first three characters) that it closes. */
export interface CancerHistory {
  readonly pattern: CodePattern;
  readonly from: string;
  readonly to: string;
}

export interface CancerTreatment {
  readonly procedureRanges: readonly { readonly from: string; readonly to: string }[];
  readonly diagnosisPatterns: readonly CodePattern[];
  /** Ingredient names in lower case. */
  readonly drugs: ReadonlySet<string>;
}

/** A compiled code pattern: a final `*` is any rest, `*` before it is one character. */
export interface CodePattern {
  readonly text: string;
  matches(code: string): boolean;
}

/** Compiles a selector of the tables: `I63*`, `C61`, `L89**3` (`**` inside is two characters). */
export function codePattern(text: string): CodePattern {
  const open = text.endsWith('*');
  const fixed = open ? text.slice(0, -1) : text;
  if (!fixed.includes('*')) {
    return { text, matches: open ? (code) => code.startsWith(fixed) : (code) => code === fixed };
  }
  return {
    text,
    matches: (code) => {
      if (open ? code.length < fixed.length : code.length !== fixed.length) return false;
      for (let index = 0; index < fixed.length; index++) {
        if (fixed[index] !== '*' && fixed[index] !== code[index]) return false;
      }
      return true;
    },
  };
}
