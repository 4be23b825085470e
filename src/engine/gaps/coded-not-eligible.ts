import type { NotGap } from '../analysis-contract.ts';
import { editionsOf, type Submission } from '../captured.ts';
import { firingEdit, mapCode } from '../diagnoses.ts';
import { compareHccs } from '../model.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import type { GapDraft, KindResult } from './draft.ts';
import { listed, named, notGap } from './explain.ts';
import { shownClass } from './persistence.ts';
import { diagnosisEvidence, sourceFlags } from './weak-sources.ts';

interface Carrier {
  readonly submission: Submission;
  readonly reasons: readonly string[];
}

/**
 * Kind (d): a diagnosis of D that is on a record in force, and every record that carries its HCC fails the filter or
 * the diagnosis itself does (gap taxonomy, section 5). Withdrawn records no longer submit anything.
 */
export function codedNotEligibleGaps(context: AnalysisContext): KindResult {
  const gaps: GapDraft[] = [];
  const notGaps: NotGap[] = [];
  for (const part of context.parts) {
    const carriers = failedCarriers(context, part);
    for (const hcc of [...carriers.keys()].sort(compareHccs)) {
      const failed = carriers.get(hcc) ?? [];
      const above = [...part.model.hierarchy.dominators(hcc)].find((other) =>
        part.captured.surviving.has(other),
      );
      if (above === undefined) {
        gaps.push(draft(context, part, hcc, failed));
        continue;
      }
      const code = failed[0]?.submission.code ?? '';
      const text = `${named(context, code)} is on records that do not count; HCC ${above}, above it, is captured.`;
      notGaps.push(notGap(hcc, code, 'closed_higher', text));
    }
  }
  return { gaps, notGaps, notEvaluable: [] };
}

/** Failing carriers of D by HCC, for the HCCs that no eligible record gives. */
function failedCarriers(context: AnalysisContext, part: ModelPart): Map<string, Carrier[]> {
  const byHcc = new Map<string, Carrier[]>();
  for (const submission of context.submissions.get(context.dosYear) ?? []) {
    const { code, valid, record } = submission;
    const mapped = intendedHccs(part, code);
    if (mapped === null) continue;
    const reasons = [
      ...record.verdict.reasons,
      ...(valid ? [] : ['INVALID_CODE_ON_DOS']),
      ...(mapped.edited ? ['AGE_SEX_EDIT'] : []),
    ];
    if (reasons.length === 0) continue;
    for (const hcc of mapped.hccs) {
      if (part.captured.categories.has(hcc)) continue;
      const known = byHcc.get(hcc);
      if (known) known.push({ submission, reasons });
      else byHcc.set(hcc, [{ submission, reasons }]);
    }
  }
  return byHcc;
}

/** HCCs of a code, or those it would have without the edit that removes it; null when it has none in any edition. */
function intendedHccs(
  part: ModelPart,
  code: string,
): { readonly hccs: readonly string[]; readonly edited: boolean } | null {
  const edition = editionsOf(part.model, part.year).find(({ mapping }) => mapping.has(code));
  if (!edition) return null;
  const edit = firingEdit(edition, code, part.who);
  if (edit === null) return { hccs: mapCode(edition, code), edited: false };
  if (edit.action === 'override' && edit.toHcc !== null) return { hccs: [edit.toHcc], edited: false };
  return { hccs: mapCode(edition, code), edited: true };
}

function draft(context: AnalysisContext, part: ModelPart, hcc: string, failed: readonly Carrier[]): GapDraft {
  const submissions = failed.map(({ submission }) => submission);
  const codes = [...new Set(submissions.map(({ code }) => code))].sort();
  const reasons = [...new Set(failed.flatMap((carrier) => carrier.reasons))];
  // Under an age or sex edit no encounter can make the code count.
  const hopeless = failed.every((carrier) => carrier.reasons.includes('AGE_SEX_EDIT'));
  const missing = [...new Set(submissions.flatMap(({ record }) => record.missing))];
  const disallowed = reasons.includes('MAO004_DISALLOWED');
  const candidates = codes.filter(
    (code) =>
      part.hccsOf(code).includes(hcc) && context.reference.codes.billableInYear(code, context.dosYear),
  );
  const where = listed(
    [...new Map(submissions.map(({ record, date }) => [record.encounter.encounterId, date]))]
      .slice(0, 3)
      .map(([id, date]) => `${date} (${id})`),
  );
  return {
    kind: 'coded_not_eligible',
    model: part.id,
    hcc,
    status: 'open',
    subKind: null,
    reasons,
    flags: sourceFlags(context, submissions),
    candidateCodes: candidates,
    persistenceClass: shownClass(context, part, hcc, codes),
    evidence: submissions.map(diagnosisEvidence),
    encounterLink: null,
    change: hopeless ? null : { add: [hcc], remove: [] },
    confidence: disallowed || missing.length === 0 ? 'high' : 'medium',
    ruleId: `coded_not_eligible.${(reasons[0] ?? '').toLowerCase()}`,
    explanation:
      `${listed(codes.map((code) => named(context, code)))}: submitted for ${where}, and no record that carries it ` +
      `counts (${reasons.join(', ')})${missing.length > 0 ? `; not given: ${missing.join(', ')}` : ''}.`,
    subjectCodes: codes,
  };
}
