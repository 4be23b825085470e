import type { Confidence, Evidence } from '../analysis-contract.ts';
import type { Submission } from '../captured.ts';
import type { JudgedEncounter } from '../eligibility.ts';
import { type AnalysisContext, distinctRecords } from './context.ts';

/** OIG groups whose selector matches a code, in order. */
export function oigGroups(context: AnalysisContext, codes: Iterable<string>): readonly string[] {
  const groups = new Set<string>();
  for (const code of codes) {
    for (const { group, pattern } of context.reference.gaps.oigSelectors) {
      if (!groups.has(group) && pattern.matches(code)) groups.add(group);
    }
  }
  return [...groups].sort();
}

/** C-9: marks of weak sources, shown wherever the HCC appears. */
export function sourceFlags(context: AnalysisContext, submissions: readonly Submission[]): readonly string[] {
  const records = distinctRecords(submissions);
  const flags = [...oigGroups(context, new Set(submissions.map(({ code }) => code)))];
  if (records.length === 1) flags.push('single_mention');
  const all = (test: (record: JudgedEncounter) => boolean): boolean =>
    records.length > 0 && records.every(test);
  if (all(({ encounter }) => encounter.hra)) flags.push('HRA');
  if (all(({ unlinkedReview }) => unlinkedReview)) flags.push('UNLINKED_CRR');
  if (all(({ audioOnly }) => audioOnly)) flags.push('AUDIO_ONLY');
  if (all(({ verdict }) => verdict.flags.includes('SPECIALTY'))) flags.push('SPECIALTY');
  if (all(({ verdict }) => verdict.flags.includes('UNSIGNED_RECORD'))) flags.push('UNSIGNED_RECORD');
  return flags;
}

/**
 * Recapture confidence: two or more eligible encounters in D-1 high, one medium; low from D-2 or older alone, from a
 * single HRA, from unlinked chart reviews or audio-only visits alone, or with a code of an OIG group.
 */
export function recaptureConfidence(context: AnalysisContext, behind: readonly Submission[]): Confidence {
  const records = distinctRecords(behind);
  const lastYear = records.filter(({ dosYear }) => dosYear === context.dosYear - 1).length;
  const [only] = records;
  if (lastYear === 0 || (records.length === 1 && only?.encounter.hra === true)) return 'low';
  if (records.every(({ unlinkedReview, audioOnly }) => unlinkedReview || audioOnly)) return 'low';
  if (oigGroups(context, new Set(behind.map(({ code }) => code))).length > 0) return 'low';
  return lastYear >= 2 ? 'high' : 'medium';
}

/** A diagnosis as evidence. */
export function diagnosisEvidence({ code, date, record }: Submission): Evidence {
  return {
    type: 'diagnosis',
    code,
    date,
    encounterId: record.encounter.encounterId,
    source: record.encounter.source,
    eligible: record.verdict.eligible,
  };
}

/** The diagnoses of the newest `count` dates, newest first. */
export function latestEvidence(submissions: readonly Submission[], count: number): readonly Evidence[] {
  const dates = [...new Set(submissions.map(({ date }) => date))].sort().slice(-count);
  return submissions
    .filter(({ date }) => dates.includes(date))
    .reverse()
    .map(diagnosisEvidence);
}
