import type { HierarchyGraph } from '../hierarchies.ts';
import type { ModelId } from '../score-contract.ts';
import type { Thousandths } from '../thousandths.ts';

/** The three HHS-HCC models, by AGE_LAST (rule 17): Adult 21 and over, Child 2-20, Infant 0-1. */
export type HhsModel = 'Adult' | 'Child' | 'Infant';
export const HHS_METALS = ['platinum', 'gold', 'silver', 'bronze', 'catastrophic'] as const;
export type Metal = (typeof HHS_METALS)[number];
type Sex = 'F' | 'M';

/** Inclusive range; null is open. */
export interface Range {
  readonly min: number | null;
  readonly max: number | null;
}

/** One row of the crosswalk (DIY Table 3): every condition must hold for the code to give the category. */
export interface CategoryRow {
  readonly hcc: string;
  /** Medicare Code Editor condition, tested with the age at diagnosis. */
  readonly mceAge: Range;
  readonly mceSex: Sex | null;
  /** Split of a category, tested with AGE_LAST. */
  readonly age: Range;
  readonly sex: Sex | null;
  /** Fiscal years in which the ICD-10-CM code is valid. */
  readonly fiscalYears: Range;
}

export interface DemographicRow {
  readonly variable: string;
  readonly sex: Sex;
  readonly age: Range;
}

/** Definition of a count, interaction, duration or affiliated cost factor variable (rule 24). */
export interface DerivedRow {
  readonly variable: string;
  /** An indicator, an RXC, or ACF_CODE; null: no requirement. */
  readonly requires: string | null;
  readonly anyOf: readonly (readonly string[])[];
  readonly hccCount: Range;
  readonly enrollmentMonths: number | null;
  readonly age: Range;
  readonly excludedBy: string | null;
}

/** What one model (Adult, Child or Infant) reads in one benefit year. */
export interface HhsModelTables {
  /** HCC to its group variable. */
  readonly groups: ReadonlyMap<string, string>;
  readonly exclusions: ReadonlySet<string>;
  readonly demographics: readonly DemographicRow[];
  readonly indicators: ReadonlyMap<string, ReadonlySet<string>>;
  readonly derived: readonly DerivedRow[];
  readonly coefficients: ReadonlyMap<string, Readonly<Record<Metal, Thousandths>>>;
}

/** Tables in force for one benefit year, compiled from a package. */
export interface HhsYearTables {
  readonly benefitYear: number;
  readonly model: ModelId;
  readonly categories: ReadonlyMap<string, readonly CategoryRow[]>;
  /** False in benefit years 2021-2022, whose reference results leave the claim editor out for bare codes. */
  readonly mceOnUndated: boolean;
  /** Newest ICD-10-CM fiscal year that the crosswalk covers; a billable code of a newer one is pending. */
  readonly codeSetYear: number;
  /** Transitively closed. */
  readonly hierarchy: HierarchyGraph;
  readonly models: Readonly<Record<HhsModel, HhsModelTables>>;
  readonly infantSeverity: ReadonlyMap<string, number>;
  /** HCC to maturity; a lower priority wins. */
  readonly infantMaturity: ReadonlyMap<string, { readonly maturity: string; readonly priority: number }>;
  readonly rxcByNdc: ReadonlyMap<string, string>;
  readonly rxcByHcpcs: ReadonlyMap<string, string>;
  /** RXC to the RXCs it drops. */
  readonly rxcHierarchies: ReadonlyMap<string, readonly string[]>;
  /** NDC or HCPCS to the affiliated cost factors it supports. */
  readonly acfByCode: ReadonlyMap<string, readonly string[]>;
  /** `indicator|metal` to the factor in hundredths. */
  readonly csrFactors: ReadonlyMap<string, number>;
  readonly labels: ReadonlyMap<string, string>;
  /** Accepted types of bill, and whether each needs a listed service code. */
  readonly billTypes: ReadonlyMap<string, boolean>;
  /** CPT/HCPCS codes that make outpatient and professional claims acceptable; null when no list is held. */
  readonly serviceCodes: ReadonlySet<string> | null;
  /** Enrolled days to months of duration. */
  readonly durations: readonly { readonly months: number; readonly min: number; readonly max: number }[];
  readonly provenance: readonly string[];
}

/** Every benefit year that can be scored, and why the others known of cannot. */
export interface HhsTables {
  readonly benefitYears: readonly number[];
  /** Compiled tables of a benefit year; undefined when it cannot be scored. */
  forYear(benefitYear: number): HhsYearTables | undefined;
  /** Reason for a year that is known and refused. */
  refusal(benefitYear: number): string | undefined;
}

/** CMS's variable of an HCC: `35.1` is `HHS_HCC035_1`. */
export function hccVariable(hcc: string): string {
  const [number = '', part] = hcc.split('.');
  return `HHS_HCC${number.padStart(3, '0')}${part === undefined ? '' : `_${part}`}`;
}

export function within(value: number, range: Range): boolean {
  return (range.min === null || value >= range.min) && (range.max === null || value <= range.max);
}
