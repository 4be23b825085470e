import type { Submission } from '../captured.ts';
import { yearOf } from '../dates.ts';
import { datedConditions, isPresent } from './conditions.ts';
import { type AnalysisContext, distinctRecords, type ModelPart } from './context.ts';
import { ageSexTest } from './contradictions.ts';
import { type Hit, hit, matchesAny } from './over-coding-findings.ts';

/**
 * Tests of one HCC as a whole: all its eligible records are of one weak source (X02, X03, audio-only), a diagnosis
 * that chart review added without an assessment (X04), a status code without its diagnosis (X01), and AGE_SEX.
 */
export function hccTests(
  context: AnalysisContext,
  part: ModelPart,
  submissions: readonly Submission[],
): readonly Hit[] {
  const records = distinctRecords(submissions);
  const sources = submissions.map(({ record }) => record);
  const found: Hit[] = [];
  const add = (reason: string, doubted: readonly Submission[], note: string): void => {
    if (doubted.length > 0) found.push(...hit({ reasons: [reason], submissions: doubted, note }).hits);
  };
  if (records.length > 0 && sources.every(({ encounter }) => encounter.hra)) {
    add('X02', submissions, 'the only eligible record is a health risk assessment');
  }
  if (sources.every(({ unlinkedReview }) => unlinkedReview)) {
    add('X03', submissions, 'the only carrier is an unlinked chart review');
  }
  if (sources.every(({ audioOnly }) => audioOnly)) {
    add('AUDIO_ONLY', submissions, 'the only eligible record is audio-only');
  }
  for (const test of context.reference.overCoding.chartReviewWithoutAssessment) {
    if (!sources.every(({ encounter }) => encounter.source === 'chart_review')) continue;
    const doubted = submissions.filter(({ code }) => matchesAny(test.selectors, code));
    if (doubted.length < submissions.length || assessed(context, test.selectors)) continue;
    add(test.test, doubted, 'added by chart review, and no note of the year assesses it');
  }
  for (const test of context.reference.overCoding.statusCodeWithoutDiagnosis) {
    const bare = submissions.filter(
      ({ code, record }) =>
        matchesAny(test.selectors, code) &&
        !record.codes.some((other) => matchesAny(test.diagnosisSelectors, other)),
    );
    add(test.test, bare, 'a status code with no diagnosis of the condition on its encounter');
  }
  add('AGE_SEX', ageSexTest(part, submissions), 'next to impossible for this age or sex; the model moved it');
  return found;
}

function assessed(context: AnalysisContext, selectors: Parameters<typeof matchesAny>[0]): boolean {
  return datedConditions(context).some(
    ({ condition, code, date }) =>
      condition.source === 'note' &&
      isPresent(condition) &&
      (condition.meat?.length ?? 0) > 0 &&
      yearOf(date) === context.dosYear &&
      matchesAny(selectors, code),
  );
}
