import type { HierarchyGraph } from './hierarchies.ts';
import type { PartD } from './history.ts';
import type { ModelId } from './score-contract.ts';
import type { ModelTerms } from './terms.ts';
import type { Thousandths } from './thousandths.ts';

export type ModelFamily = 'cms-hcc' | 'esrd' | 'rxhcc';

/**
 * How hierarchies are applied: parent by parent on current values (CMS SAS programs, to PY2025), or every edge
 * tested on the set before any drop (CMS Python programs, from PY2026). A property of model and payment year.
 */
export type HierarchyOrder = 'sequential' | 'simultaneous';

/** One age or sex edit of a diagnosis; fires when every condition that is set holds (`dx_edits`). */
export interface DiagnosisEdit {
  readonly type: 'mandatory' | 'mce_age';
  readonly ageMin: number | null;
  readonly ageMax: number | null;
  readonly sex: 'F' | 'M' | null;
  /** `override` replaces all categories of the code by `toHcc`; `invalid` removes them. */
  readonly action: 'override' | 'invalid';
  readonly toHcc: string | null;
}

/** What of a model depends on the payment year. */
export interface ModelYear {
  readonly paymentYear: number;
  /** Undotted ICD-10-CM code to HCCs, before age and sex edits. */
  readonly mapping: ReadonlyMap<string, readonly string[]>;
  readonly edits: ReadonlyMap<string, readonly DiagnosisEdit[]>;
  readonly hierarchyOrder: HierarchyOrder;
  /** Newest ICD-10-CM fiscal year that the mapping covers; a billable code of a newer one is pending. */
  readonly codeSetYear: number;
  /** Single-source, unverified or initial tables of this year, in words. */
  readonly provenance: readonly string[];
}

/** One calibration of a model. `tables` is by coefficient segment, then CMS variable name without prefix. */
export interface CoefficientSet {
  readonly id: string;
  readonly paymentYears: readonly number[];
  /** Part D plan types the set is for; empty for Part C models, which have one set. */
  readonly partD: readonly PartD[];
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Thousandths>>;
  readonly provenance: readonly string[];
}

/** A model package compiled for scoring; built by `compileModel`, read-only afterwards. */
export interface CompiledModel {
  readonly id: ModelId;
  readonly family: ModelFamily;
  /** Clinical version: 22, 24, 28; 21 and 24 for ESRD; 5 and 8 for RxHCC. */
  readonly version: number;
  readonly title: string;
  /** Prefix of HCC variables: `HCC` or `RXHCC`. */
  readonly hccPrefix: string;
  /** Payment years with a mapping, ascending. */
  readonly paymentYears: readonly number[];
  readonly years: ReadonlyMap<number, ModelYear>;
  /** Payment HCCs and their labels. */
  readonly labels: ReadonlyMap<string, string>;
  readonly hierarchy: HierarchyGraph;
  readonly sets: readonly CoefficientSet[];
  readonly terms: ModelTerms;
}

/** HCC numbers in numeric order (`35.1` after `35`). */
export function compareHccs(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0);
}
