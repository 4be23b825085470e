import type { Calendar } from './calendar.ts';
import type { CodeTable } from './codes.ts';
import type { EligibilityTables } from './eligibility.ts';
import type { OverCodingTables } from './gaps/over-coding-tables.ts';
import type { GapTables } from './gaps/tables.ts';
import type { HhsTables } from './hhs/tables.ts';
import type { CompiledModel } from './model.ts';
import type { PaymentParameters } from './payment.ts';
import type { QueryTables } from './queries/query.ts';
import type { ModelId } from './score-contract.ts';
import type { SpecificityTables } from './specificity.ts';
import type { SuspectTables } from './suspects/tables.ts';

/**
 * Every fact the engine reads, compiled and immutable. `loadReference` (src/reference) builds it from the
 * mapping packages; a new part is a new field here and a new loader there.
 */
export interface ReferenceData {
  /** CMS-HCC, ESRD and RxHCC models; the ACA family has its own field. */
  readonly models: ReadonlyMap<ModelId, CompiledModel>;
  readonly payment: PaymentParameters;
  readonly codes: CodeTable;
  /** HHS-HCC V07 and V08 by benefit year. */
  readonly hhs: HhsTables;
  /** Suspect rules, value sets and drug product codes. */
  readonly suspecting: SuspectTables;
  /** Provider query templates and word lists. */
  readonly queries: QueryTables;
  /** OIG-style tests and contradictions of submitted diagnoses. */
  readonly overCoding: OverCodingTables;
  readonly eligibility: EligibilityTables;
  readonly calendar: Calendar;
  /** Persistence classes and the code lists behind recapture. */
  readonly gaps: GapTables;
  /** Unspecified codes and the chronic condition indicator. */
  readonly specificity: SpecificityTables;
}
