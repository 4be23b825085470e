import type { Setting } from '../history.ts';
import type { CodePattern } from './tables.ts';

/** One row of the test catalogue: what a test is, and how far it was verified. Shown, never computed with. */
export interface OverCodingTest {
  readonly id: string;
  readonly group: string;
  readonly test: string;
  readonly window: string;
  readonly dataNeeded: string;
  readonly usualCorrectCoding: string;
  readonly publishedErrorRate: string;
  readonly verification: string;
  readonly note: string;
}

export interface AcuteTest {
  readonly test: string;
  readonly selectors: readonly CodePattern[];
  readonly settings: readonly Setting[];
  readonly onlyOneRecord: boolean;
  /** Settings of the records that clear the test. */
  readonly facility: readonly Setting[];
  /** Days either side of the record; null: the same DOS year. */
  readonly windowDays: number | null;
}

export interface DrugTest {
  readonly test: string;
  readonly selectors: readonly CodePattern[];
  /** Ingredient names that clear the test. */
  readonly drugs: ReadonlySet<string>;
}

export interface ValueTest {
  /** Further reason beside VALUE_CONTRADICTS_CODE. */
  readonly test: string | null;
  readonly selectors: readonly CodePattern[];
  readonly valueSet: string;
  readonly contradictedWhen: '<' | '>=';
  readonly bound: number;
}

export interface ExclusiveCodes {
  readonly name: string;
  readonly within: 'day' | 'month' | 'year';
  readonly groups: readonly (readonly CodePattern[])[];
}

/** The OIG-style tests and contradictions, loaded from the package `over-coding`. */
export interface OverCodingTables {
  readonly catalogue: ReadonlyMap<string, OverCodingTest>;
  readonly acuteWithoutFacility: readonly AcuteTest[];
  readonly combinations: readonly { readonly test: string; readonly of: readonly string[] }[];
  readonly oneRecordWithoutDrug: readonly DrugTest[];
  readonly oneRecordWithoutTreatment: readonly {
    readonly test: string;
    readonly selectors: readonly CodePattern[];
    readonly minAge: number | null;
  }[];
  readonly newWithDrug: readonly {
    readonly test: string;
    readonly selectors: readonly CodePattern[];
    readonly priorYears: number;
    /** null: no verified drug list is at hand, so the test cannot be evaluated. */
    readonly drugs: ReadonlySet<string> | null;
  }[];
  readonly oneRecordAlone: readonly {
    readonly test: string;
    readonly selectors: readonly CodePattern[];
    readonly careSelectors: readonly CodePattern[];
  }[];
  readonly misKeyed: { readonly test: string; readonly minRecords: number };
  readonly chartReviewWithoutAssessment: readonly {
    readonly test: string;
    readonly selectors: readonly CodePattern[];
  }[];
  readonly valueTests: readonly ValueTest[];
  readonly statusCodeWithoutDiagnosis: readonly {
    readonly test: string;
    readonly selectors: readonly CodePattern[];
    readonly diagnosisSelectors: readonly CodePattern[];
  }[];
  readonly exclusive: readonly ExclusiveCodes[];
  readonly acuteInOffice: {
    readonly windowDays: number;
    readonly groups: readonly (readonly CodePattern[])[];
  };
  readonly cancerSelectors: readonly CodePattern[];
  readonly dialysis: {
    readonly selectors: readonly CodePattern[];
    readonly procedures: ReadonlySet<string>;
    readonly billTypes: readonly string[];
  };
  readonly transplant: {
    readonly selectors: readonly CodePattern[];
    readonly drugs: ReadonlySet<string>;
    readonly followUp: readonly CodePattern[];
  };
}
