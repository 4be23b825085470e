import { buildDrugs } from './drugs.ts';
import { buildCalendar, buildEligibility } from './eligibility.ts';
import { buildGaps } from './gaps.ts';
import { buildHhsV07, buildHhsV08 } from './hhs.ts';
import { buildIcd10cm } from './icd10cm.ts';
import { modelBuilders } from './models.ts';
import { buildOverCoding } from './over-coding.ts';
import type { PackageContent } from './package-writer.ts';
import { buildPayment } from './payment.ts';
import { buildQueries } from './queries.ts';
import { buildSpecificity } from './specificity.ts';
import { buildSuspecting } from './suspecting.ts';

/** One builder a package: from the folder with `reference/` and `domain/` to the package's content. */
export const packageBuilders: Readonly<Record<string, (source: string) => PackageContent>> = {
  drugs: buildDrugs,
  ...modelBuilders,
  payment: buildPayment,
  icd10cm: buildIcd10cm,
  'hhs-hcc-v07': buildHhsV07,
  'hhs-hcc-v08': buildHhsV08,
  'over-coding': buildOverCoding,
  queries: buildQueries,
  suspecting: buildSuspecting,
  eligibility: buildEligibility,
  calendar: buildCalendar,
  gaps: buildGaps,
  'icd10cm-specificity': buildSpecificity,
};
