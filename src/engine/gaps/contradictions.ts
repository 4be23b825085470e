import type { Submission } from '../captured.ts';
import { yearOf } from '../dates.ts';
import { firingEdit } from '../diagnoses.ts';
import { plainBillType } from '../record-versions.ts';
import { satisfies } from '../suspects/values.ts';
import {
  absentFeeds,
  clinicalFacts,
  measurementsOfYear,
  observationEvidence,
  takenInYear,
} from './clinical-facts.ts';
import { datedConditions, isPresent } from './conditions.ts';
import { type AnalysisContext, distinctRecords, type ModelPart } from './context.ts';
import { clearedByFacility, untreated } from './oig-tests.ts';
import {
  allOutcomes,
  blockedBy,
  eligibleOfYear,
  hit,
  matchesAny,
  PASSED,
  type TestOutcome,
} from './over-coding-findings.ts';
import type { ExclusiveCodes, ValueTest } from './over-coding-tables.ts';

/** The contradiction tests of the gap taxonomy, section 7, on the eligible diagnoses of D. */
export function contradictionTests(context: AnalysisContext): TestOutcome {
  const own = eligibleOfYear(context);
  if (own.length === 0) return PASSED;
  const tables = context.reference.overCoding;
  return allOutcomes([
    ...tables.valueTests.map((test) => valueTest(context, test, own)),
    ...tables.exclusive.map((rule) => exclusiveCodes(rule, own)),
    ...tables.acuteInOffice.groups.map((group) => {
      const found = own.filter(
        ({ code, record }) => record.encounter.setting === 'professional' && matchesAny(group, code),
      );
      const { windowDays } = tables.acuteInOffice;
      // A facility record of the same year, or near the visit when the stay ended before New Year.
      const facility = ['inpatient', 'outpatient'];
      const doubtful = found.filter(
        ({ record }) =>
          !clearedByFacility(context, record, group, facility, null) &&
          !clearedByFacility(context, record, group, facility, windowDays),
      );
      if (doubtful.length === 0) return PASSED;
      return hit({
        reasons: ['ACUTE_IN_OFFICE'],
        submissions: doubtful,
        note: 'an acute event on a professional claim, and no facility record of it',
      });
    }),
    ...cancers(context, own),
    dialysis(context, own),
    ...transplants(context, own),
  ]);
}

function valueTest(context: AnalysisContext, test: ValueTest, own: readonly Submission[]): TestOutcome {
  const found = own.filter(({ code }) => matchesAny(test.selectors, code));
  if (found.length === 0) return PASSED;
  const values = measurementsOfYear(context, test.valueSet, context.dosYear);
  // No value recorded decides nothing: not evaluable, with or without a feed.
  if (values.length === 0) return blockedBy(test.test ?? 'VALUE_CONTRADICTS_CODE', found, ['observations']);
  const threshold = { op: test.contradictedWhen, value: test.bound };
  const contradicted = values.every(({ event, value }) => satisfies(event, value, threshold));
  if (!contradicted) return PASSED;
  const unit = context.reference.suspecting.observationSets.get(test.valueSet);
  const bound = `${test.contradictedWhen === '<' ? 'below' : 'at or above'} ${test.bound}`;
  return hit({
    reasons: [...(test.test === null ? [] : [test.test]), 'VALUE_CONTRADICTS_CODE'],
    submissions: found,
    evidence: values.map(({ event }) => observationEvidence(event)),
    note: `every ${unit?.analyte ?? test.valueSet} of ${context.dosYear} is ${bound} ${unit?.canonicalUnit ?? ''}`,
  });
}

function exclusiveCodes(rule: ExclusiveCodes, own: readonly Submission[]): TestOutcome {
  const buckets = new Map<string, Map<number, Submission[]>>();
  for (const submission of own) {
    const group = rule.groups.findIndex((patterns) => matchesAny(patterns, submission.code));
    if (group < 0) continue;
    const span = rule.within === 'day' ? 10 : rule.within === 'month' ? 7 : 4;
    const key = submission.date.slice(0, span);
    const bucket = buckets.get(key) ?? new Map<number, Submission[]>();
    bucket.set(group, [...(bucket.get(group) ?? []), submission]);
    buckets.set(key, bucket);
  }
  return allOutcomes(
    [...buckets.values()].map((bucket) => {
      if (bucket.size < 2) return PASSED;
      const alternatives = [...bucket.values()];
      const submissions = alternatives.flat();
      const codes = [...new Set(submissions.map(({ code }) => code))].sort();
      return hit({
        reasons: ['EXCLUSIVE_CODES'],
        submissions,
        alternatives,
        note: `${rule.name}: ${codes.join(', ')} exclude each other within one ${rule.within}`,
      });
    }),
  );
}

/** Cancers without treatment, by category; remission codes and a note that states active disease clear the test. */
function cancers(context: AnalysisContext, own: readonly Submission[]): readonly TestOutcome[] {
  const { cancerSelectors } = context.reference.overCoding;
  const { codes } = context.reference;
  const found = own.filter(
    ({ code }) =>
      matchesAny(cancerSelectors, code) && !/\bin remission\b/i.test(codes.description(code) ?? ''),
  );
  const categories = [...new Set(found.map(({ code }) => code.slice(0, 3)))].sort();
  return categories.map((category) => {
    const noted = datedConditions(context).some(
      ({ condition, code, date }) =>
        condition.source === 'note' &&
        condition.signed !== false &&
        condition.clinicalStatus !== null &&
        isPresent(condition) &&
        code.startsWith(category) &&
        date >= `${context.dosYear - 1}-01-01` &&
        date <= context.asOf,
    );
    if (noted) return PASSED;
    const same = found.filter(({ code }) => code.startsWith(category));
    return untreated(context, ['NO_TREATMENT'], 'NO_TREATMENT', same);
  });
}

/** End-stage renal disease or dialysis status without a dialysis claim in D; the member's own ESRD status clears it. */
function dialysis(context: AnalysisContext, own: readonly Submission[]): TestOutcome {
  const { selectors, procedures, billTypes } = context.reference.overCoding.dialysis;
  const found = own.filter(({ code }) => matchesAny(selectors, code));
  if (found.length === 0) return PASSED;
  const claimed =
    onDialysis(context) ||
    clinicalFacts(context).procedures.some(
      ({ code, date }) => yearOf(date) === context.dosYear && procedures.has(code.trim().toUpperCase()),
    ) ||
    context.records.some(({ encounter, dosYear, withdrawn }) => {
      const billType = encounter.billType;
      if (withdrawn || dosYear !== context.dosYear || billType === null) return false;
      return billTypes.some((prefix) => plainBillType(billType).startsWith(prefix));
    });
  if (claimed) return PASSED;
  const missing = absentFeeds(context, ['procedures']);
  if (missing.length > 0) return blockedBy('STATUS_CONFLICT', found, missing);
  return hit({
    reasons: ['STATUS_CONFLICT'],
    submissions: found,
    note: `no dialysis claim in ${context.dosYear}`,
  });
}

function onDialysis({ history, dosYear }: AnalysisContext): boolean {
  return history.coverage.some(
    ({ esrd, from, to }) =>
      esrd?.status === 'dialysis' && from <= `${dosYear}-12-31` && (to === null || to >= `${dosYear}-01-01`),
  );
}

/** A transplant status on one record only, with neither follow-up nor a drug against rejection in D. */
function transplants(context: AnalysisContext, own: readonly Submission[]): readonly TestOutcome[] {
  const { selectors, drugs, followUp } = context.reference.overCoding.transplant;
  const found = own.filter(({ code }) => matchesAny(selectors, code));
  return [...new Set(found.map(({ code }) => code))].sort().map((code) => {
    const same = found.filter((submission) => submission.code === code);
    if (distinctRecords(same).length !== 1) return PASSED;
    const followed = (context.submissions.get(context.dosYear) ?? []).some((submission) =>
      matchesAny(followUp, submission.code),
    );
    if (followed || takenInYear(context, drugs, context.dosYear) !== null) return PASSED;
    const missing = absentFeeds(context, ['medications']);
    if (missing.length > 0) return blockedBy('STATUS_CONFLICT', same, missing);
    return hit({
      reasons: ['STATUS_CONFLICT'],
      submissions: same,
      note: `no follow-up of the transplant and no drug for it in ${context.dosYear}`,
    });
  });
}

/**
 * AGE_SEX: the code is next to impossible for this person, so the model moved it to another HCC (D66 in a woman to
 * HCC 112). A code that the edits remove outright is not captured and belongs to kind (d).
 */
export function ageSexTest(part: ModelPart, submissions: readonly Submission[]): readonly Submission[] {
  return submissions.filter(({ code }) => {
    const edit = firingEdit(part.year, code, part.who);
    if (edit === null || edit.action !== 'override') return false;
    return edit.sex !== null || (edit.ageMax !== null && edit.ageMax < 18);
  });
}
