import type { Submission } from '../captured.ts';
import { ageOn, dayNumber } from '../dates.ts';
import type { JudgedEncounter } from '../eligibility.ts';
import { absentFeeds, cancerTreatedNear, hasUnnamedDrugs, takenInYear } from './clinical-facts.ts';
import { type AnalysisContext, distinctRecords } from './context.ts';
import {
  allOutcomes,
  blockedBy,
  eligibleOfYear,
  type Hit,
  hit,
  matchesAny,
  PASSED,
  type TestOutcome,
} from './over-coding-findings.ts';
import type { AcuteTest } from './over-coding-tables.ts';
import type { CodePattern } from './tables.ts';

/**
 * The OIG-style data tests OIG01 to OIG14 on the eligible diagnoses of D. "Only one record" counts eligible records of
 * D, those with one ICN as one. Our own version of the published tests, named by their ids: the official code and
 * treatment lists were not read.
 */
export function oigTests(context: AnalysisContext): TestOutcome {
  const own = eligibleOfYear(context);
  if (own.length === 0) return PASSED;
  const tables = context.reference.overCoding;
  const of = (selectors: readonly CodePattern[]): readonly Submission[] =>
    own.filter(({ code }) => matchesAny(selectors, code));
  const single = allOutcomes([
    ...tables.acuteWithoutFacility.map((test) => acuteWithoutFacility(context, test, of(test.selectors))),
    ...tables.oneRecordWithoutDrug.map((test) => {
      const found = of(test.selectors);
      if (distinctRecords(found).length !== 1) return PASSED;
      const missing = absentFeeds(context, ['medications']);
      if (missing.length > 0) return blockedBy(test.test, found, missing);
      if (takenInYear(context, test.drugs, context.dosYear) !== null) return PASSED;
      return hit({
        reasons: [test.test],
        submissions: found,
        note: `on one record only, and no drug for it was dispensed in ${context.dosYear}`,
        confidence: hasUnnamedDrugs(context, context.dosYear, context.dosYear) ? 'medium' : 'high',
      });
    }),
    ...tables.oneRecordWithoutTreatment.map((test) => oneRecordUntreated(context, test, of(test.selectors))),
    ...tables.newWithDrug.map((test) => {
      const found = of(test.selectors);
      if (found.length === 0 || inPriorYears(context, test.selectors, test.priorYears)) return PASSED;
      const missing = absentFeeds(context, ['medications']);
      if (test.drugs === null) return blockedBy(test.test, found, [...missing, 'verified_drug_list']);
      if (missing.length > 0) return blockedBy(test.test, found, missing);
      if (takenInYear(context, test.drugs, context.dosYear) === null) return PASSED;
      return hit({
        reasons: [test.test],
        submissions: found,
        note: `in none of the ${test.priorYears} years before, and a drug of another condition was dispensed`,
      });
    }),
    ...tables.oneRecordAlone.map((test) => {
      const found = of(test.selectors);
      const [record, ...more] = distinctRecords(found);
      if (record === undefined || more.length > 0) return PASSED;
      const cared = recordsWith(context, test.careSelectors).some(
        (other) => other.dosYear === context.dosYear && !sameRecord(other, record),
      );
      if (cared) return PASSED;
      return hit({
        reasons: [test.test],
        submissions: found,
        note: 'on one record only, and no other record of the year shows care of it',
      });
    }),
    misKeyed(context, own),
  ]);
  const combined = tables.combinations.flatMap(({ test, of: parts }): Hit[] => {
    const met = single.hits.filter(({ reasons }) => reasons.some((reason) => parts.includes(reason)));
    if (!parts.every((part) => met.some(({ reasons }) => reasons.includes(part)))) return [];
    const submissions = met.flatMap((item) => item.submissions);
    const note = `${parts.join(' and ')} are both met in one year`;
    return hit({ reasons: [test], submissions, note }).hits.slice();
  });
  return { hits: [...single.hits, ...combined], blocked: single.blocked };
}

function acuteWithoutFacility(
  context: AnalysisContext,
  test: AcuteTest,
  matching: readonly Submission[],
): TestOutcome {
  const found = matching.filter(({ record }) => test.settings.includes(record.encounter.setting));
  if (found.length === 0 || (test.onlyOneRecord && distinctRecords(found).length !== 1)) return PASSED;
  const doubtful = found.filter(
    ({ record }) => !clearedByFacility(context, record, test.selectors, test.facility, test.windowDays),
  );
  if (doubtful.length === 0) return PASSED;
  const window = test.windowDays === null ? `in ${context.dosYear}` : `within ${test.windowDays} days`;
  return hit({
    reasons: [test.test],
    submissions: doubtful,
    note: `on ${listWords(test.settings)} records, and on no ${listWords(test.facility)} record ${window}`,
  });
}

function listWords(words: readonly string[]): string {
  return words.join(' or ');
}

/** A record in force of one of the settings with a code of the same selectors, in the same DOS year or the window. */
export function clearedByFacility(
  context: AnalysisContext,
  record: JudgedEncounter,
  selectors: readonly CodePattern[],
  settings: readonly string[],
  windowDays: number | null,
): boolean {
  return recordsWith(context, selectors).some((other) => {
    if (!settings.includes(other.encounter.setting)) return false;
    if (windowDays === null) return other.dosYear === record.dosYear;
    return daysBetweenStays(record, other) <= windowDays;
  });
}

/** Days between two stays; 0 when they touch or overlap. */
function daysBetweenStays(a: JudgedEncounter, b: JudgedEncounter): number {
  const gap = (first: JudgedEncounter, second: JudgedEncounter): number =>
    dayNumber(second.encounter.from) - dayNumber(first.encounter.to);
  return Math.max(0, gap(a, b), gap(b, a));
}

/** Records in force that carry a code of the selectors, eligible or not. */
function recordsWith(
  context: AnalysisContext,
  selectors: readonly CodePattern[],
): readonly JudgedEncounter[] {
  return context.records.filter(
    ({ withdrawn, carries, codes }) =>
      !withdrawn && carries && codes.some((code) => matchesAny(selectors, code)),
  );
}

function sameRecord(a: JudgedEncounter, b: JudgedEncounter): boolean {
  const [icnA, icnB] = [a.encounter.icn, b.encounter.icn];
  if (icnA !== null && icnA !== '' && icnA === icnB) return true;
  return a.encounter.encounterId === b.encounter.encounterId;
}

function inPriorYears(context: AnalysisContext, selectors: readonly CodePattern[], years: number): boolean {
  return recordsWith(context, selectors).some(
    ({ dosYear }) => dosYear < context.dosYear && dosYear >= context.dosYear - years,
  );
}

function oneRecordUntreated(
  context: AnalysisContext,
  test: { readonly test: string; readonly minAge: number | null },
  found: readonly Submission[],
): TestOutcome {
  const [record, ...more] = distinctRecords(found);
  if (record === undefined || more.length > 0) return PASSED;
  const date = record.encounter.to;
  if (test.minAge !== null && ageOn(context.history.birthDate, date) < test.minAge) return PASSED;
  return untreated(context, [test.test], test.test, found);
}

/** The cancer of these records has no treatment within a year of any of them: a hit, or not evaluable. */
export function untreated(
  context: AnalysisContext,
  reasons: readonly string[],
  test: string,
  found: readonly Submission[],
): TestOutcome {
  const dates = [...new Set(found.map(({ date }) => date))];
  if (dates.some((date) => cancerTreatedNear(context, date))) return PASSED;
  const missing = absentFeeds(context, ['medications', 'procedures']);
  if (missing.length > 0) return blockedBy(test, found, missing);
  // The year after the record is not over: treatment may still come.
  const open = dates.some((date) => dayNumber(context.asOf) < dayNumber(date) + 365);
  const unnamed = hasUnnamedDrugs(context, context.dosYear - 1, context.dosYear + 1);
  return hit({
    reasons,
    submissions: found,
    note: 'no radiation, antineoplastic procedure or drug within a year of it; an operation is for the reviewer to find',
    confidence: open || unnamed ? 'medium' : 'high',
  });
}

/**
 * OIG14: a code on exactly one record that one keystroke or a transposition parts from a code of an unrelated
 * condition that is on several. An approximation: OIG's own pairs were not read.
 */
function misKeyed(context: AnalysisContext, own: readonly Submission[]): TestOutcome {
  const { test, minRecords } = context.reference.overCoding.misKeyed;
  const byCode = new Map<string, Submission[]>();
  for (const submission of context.submissions.get(context.dosYear) ?? []) {
    const known = byCode.get(submission.code);
    if (known) known.push(submission);
    else byCode.set(submission.code, [submission]);
  }
  const common = [...byCode].filter(([, found]) => distinctRecords(found).length >= minRecords);
  if (common.length === 0) return PASSED;
  return allOutcomes(
    [...new Set(own.map(({ code }) => code))].map((code) => {
      if (distinctRecords(byCode.get(code) ?? []).length !== 1) return PASSED;
      const likely = common.find(([other]) => oneSlipApart(code, other) && unrelated(context, code, other));
      if (likely === undefined) return PASSED;
      return hit({
        reasons: [test, 'OUTLIER_CODE'],
        submissions: own.filter((submission) => submission.code === code),
        note: `on one record only, and one keystroke from ${likely[0]}, which is on several: possibly mis-keyed`,
      });
    }),
  );
}

/** One character typed differently, or two neighbours exchanged. */
export function oneSlipApart(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  const places = [...a].flatMap((char, index) => (char === b[index] ? [] : [index]));
  const [first, second, ...more] = places;
  if (first === undefined || more.length > 0) return false;
  if (second === undefined) return true;
  return second === first + 1 && a[first] === b[second] && a[second] === b[first];
}

/** Other category, and in no model in force of one HCC family. */
function unrelated(context: AnalysisContext, code: string, other: string): boolean {
  if (code.slice(0, 3) === other.slice(0, 3)) return false;
  return context.parts.every((part) =>
    part.hccsOf(code).every((hcc) => {
      const family = part.model.hierarchy.family(hcc);
      return !part.hccsOf(other).some((held) => family.has(held));
    }),
  );
}
