import { bySubmission, type Submission } from '../captured.ts';
import type { AnalysisContext, ModelPart } from './context.ts';

/**
 * The diagnoses submitted for D behind each HCC of a model, after age and sex edits: those of every record in force,
 * eligible or not, by date. An EHR note submits nothing: what it documents and no claim carries is an add.
 */
export function submittedFor(
  context: Pick<AnalysisContext, 'submissions' | 'dosYear'>,
  part: Pick<ModelPart, 'hccsOf'>,
): ReadonlyMap<string, readonly Submission[]> {
  const found = new Map<string, Submission[]>();
  for (const submission of [...(context.submissions.get(context.dosYear) ?? [])].sort(bySubmission)) {
    if (submission.record.encounter.source === 'ehr') continue;
    for (const hcc of part.hccsOf(submission.code)) {
      const known = found.get(hcc);
      if (known) known.push(submission);
      else found.set(hcc, [submission]);
    }
  }
  return found;
}
