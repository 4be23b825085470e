/** How a code leaves something open: `hard` by its official wording, `soft` complete yet a prompt to look further. */
export type UnspecifiedClass = 'hard' | 'soft';

export interface UnspecifiedCode {
  readonly class: UnspecifiedClass;
  /** How many things the description leaves open. */
  readonly terms: number;
  /** The unspecified code is the right one, or nothing better exists: never raised. */
  readonly falsePositive: boolean;
}

/** Whether a heavier, more specific sibling may be shown to a person (clinical review of the row). */
export type SpecificityReview =
  | 'same_disease'
  | 'site_or_side'
  | 'different_disease'
  | 'injury_detail'
  | 'soft_complete'
  | 'never_7th_character'
  | 'never_event'
  | 'never_remission'
  | 'never_substance'
  | 'never_stage';

export interface SpecificityRow {
  readonly kind: 'zero' | 'reduced';
  readonly review: SpecificityReview;
  /** Ancestor that holds the heavier sibling. */
  readonly scope: string;
  /** Every more specific sibling in code order where the review allows all; else empty. */
  readonly siblings: readonly string[];
}

/** A pair of codes of one year that a combination code states as one. */
export interface Combination {
  readonly code: string;
  readonly withPrefix: string;
  readonly combined: string;
}

/** Loaded from the package `icd10cm-specificity`. Codes undotted. */
export interface SpecificityTables {
  readonly unspecified: ReadonlyMap<string, UnspecifiedCode>;
  /** Rows by code, for V24 and V28. */
  readonly rows: ReadonlyMap<'V24' | 'V28', ReadonlyMap<string, SpecificityRow>>;
  readonly combinations: ReadonlyMap<string, readonly Combination[]>;
  /** AHRQ CCIR v2026.1 says chronic. */
  readonly chronicCodes: ReadonlySet<string>;
}

/**
 * Class of an unspecified code for kind (b); null when it says all there is to say. An unstageable pressure ulcer
 * (L89.xx0) counts as unspecified though the reference list does not have it (gap taxonomy, S3_down).
 */
export function unspecifiedClass(tables: SpecificityTables, code: string): UnspecifiedClass | null {
  const row = tables.unspecified.get(code);
  if (row) return row.falsePositive ? null : row.class;
  return isUnstageable(code) ? 'hard' : null;
}

/** Pressure ulcer, unstageable. */
export function isUnstageable(code: string): boolean {
  return code.length === 6 && code.startsWith('L89') && code.endsWith('0');
}

/** True when `other`, of the same category, leaves less open than `code`. */
export function isMoreSpecific(tables: SpecificityTables, code: string, other: string): boolean {
  if (other === code || other.slice(0, 3) !== code.slice(0, 3)) return false;
  const open = tables.unspecified.get(other);
  // An ulcer of another site is another ulcer, not this one's stage.
  if (isUnstageable(code)) {
    return open === undefined && !isUnstageable(other) && other.slice(0, 5) === code.slice(0, 5);
  }
  const own = tables.unspecified.get(code);
  if (own === undefined) return false;
  if (own.class === 'soft') return open === undefined;
  return (open?.class === 'soft' ? 0 : (open?.terms ?? 0)) < own.terms;
}
