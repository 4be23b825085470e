import type { NotEvaluable, ReviewerFinding } from '../analysis-contract.ts';
import { bySubmission, type Submission } from '../captured.ts';
import { compareHccs } from '../model.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import { contradictionTests } from './contradictions.ts';
import { type GapDraft, type KindResult, NOTHING_FOUND } from './draft.ts';
import { listed, named, place } from './explain.ts';
import { oigTests } from './oig-tests.ts';
import type { Blocked, Hit } from './over-coding-findings.ts';
import { shownClass } from './persistence.ts';
import { submittedFor } from './submitted.ts';
import { hccTests } from './weak-source-tests.ts';
import { diagnosisEvidence, sourceFlags } from './weak-sources.ts';

/**
 * Kind (f): submitted, eligible diagnoses of D that an OIG-style test or a contradiction doubts, or that rest on one
 * weak source (gap taxonomy, section 7). The output is a review task, never a delete; its worth is negative only when
 * every diagnosis behind the HCC is doubted. A single mention outside these tests is a flag, not a gap. What a
 * reviewer found unsupported is doubted in every record that submits it, eligible or not, and stays so whatever the
 * tests say (compliance C-2).
 */
export function overCodingGaps(context: AnalysisContext): KindResult {
  const found = findingsOf(context);
  if (found.length === 0 && context.parts.every((part) => part.captured.categories.size === 0)) {
    return NOTHING_FOUND;
  }
  const byCode = [oigTests(context), contradictionTests(context)];
  const hits = byCode.flatMap((outcome) => outcome.hits);
  const blocked = byCode.flatMap((outcome) => outcome.blocked);
  const gaps: GapDraft[] = [];
  const notEvaluable: NotEvaluable[] = [];
  for (const part of context.parts) {
    const reviewed = new Map(
      found.filter(({ model }) => model === part.id).map((finding) => [finding.hcc, finding]),
    );
    const carried = reviewed.size === 0 ? null : submittedFor(context, part);
    const hccs = new Set([...part.captured.categories.keys(), ...reviewed.keys()]);
    for (const hcc of [...hccs].sort(compareHccs)) {
      const captured = part.captured.categories.get(hcc) ?? [];
      const finding = reviewed.get(hcc);
      const carriers = finding === undefined ? [] : (carried?.get(hcc) ?? []);
      const unsupported = carriers.filter((submission) => wasRead(finding, submission));
      const behind = [...new Set([...captured, ...carriers])].sort(bySubmission);
      const doubts = [...hits.filter((item) => touches(item, behind)), ...hccTests(context, part, captured)];
      notEvaluable.push(...notEvaluableOf(hcc, captured, blocked));
      if (finding !== undefined && unsupported.length > 0) doubts.push(reviewerHit(finding, unsupported));
      if (doubts.length > 0) gaps.push(draft(context, part, hcc, behind, doubts));
    }
  }
  return { gaps, notGaps: [], notEvaluable };
}

function findingsOf({ options, paymentYear }: AnalysisContext): readonly ReviewerFinding[] {
  return (options.reviewerFindings ?? []).filter((finding) => finding.paymentYear === paymentYear);
}

function wasRead(finding: ReviewerFinding | undefined, { record }: Submission): boolean {
  const read = finding?.encounterIds ?? [];
  return read.length === 0 || read.includes(record.encounter.encounterId);
}

function reviewerHit({ identifiedAt }: ReviewerFinding, carriers: readonly Submission[]): Hit {
  return {
    reasons: [REVIEWER],
    submissions: carriers,
    evidence: [],
    note: `a reviewer found no support there, last on ${identifiedAt}`,
    confidence: 'high',
  };
}

function touches(item: Hit | Blocked, behind: readonly Submission[]): boolean {
  return item.submissions.some((submission) => behind.includes(submission));
}

function notEvaluableOf(
  hcc: string,
  behind: readonly Submission[],
  blocked: readonly Blocked[],
): readonly NotEvaluable[] {
  const byTest = new Map<string, Set<string>>();
  for (const item of blocked) {
    if (!touches(item, behind)) continue;
    const missing = byTest.get(item.test) ?? new Set<string>();
    for (const feed of item.missing) missing.add(feed);
    byTest.set(item.test, missing);
  }
  return [...byTest].map(([test, missing]) => ({ test, hcc, missing: [...missing].sort() }));
}

/** A reviewer's own finding (gap taxonomy, section 7, iii). */
export const REVIEWER = 'REVIEWER_UNSUPPORTED';
/** Order of the reasons as in the taxonomy: OIG tests, our own, contradictions, a reviewer's finding. */
const REASON_RANK = ['OIG', 'X0'];

function byReason(a: string, b: string): number {
  const rank = (reason: string): number => {
    if (reason === REVIEWER) return REASON_RANK.length + 1;
    const index = REASON_RANK.findIndex((prefix) => reason.startsWith(prefix));
    return index < 0 ? REASON_RANK.length : index;
  };
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function draft(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  behind: readonly Submission[],
  doubts: readonly Hit[],
): GapDraft {
  const doubted = behind.filter((submission) => doubts.some((item) => item.submissions.includes(submission)));
  const codes = [...new Set(doubted.map(({ code }) => code))].sort();
  const reasons = [...new Set(doubts.flatMap((item) => item.reasons))].sort(byReason);
  const gone = behind.every((submission) => doubts.some((item) => strikesOut(item, submission, behind)));
  const notes = [...new Set(doubts.map((item) => item.note))];
  const marks = reasons.flatMap((reason) => {
    const test = context.reference.overCoding.catalogue.get(reason);
    return test === undefined ? [] : [`${reason}: ${test.verification}`];
  });
  const isFound = reasons.includes(REVIEWER);
  const next = isFound
    ? `The clock runs until the delete is recorded, or support elsewhere`
    : `Review every record of ${context.dosYear} that carries HCC ${hcc}; a hit is a question, not an error`;
  const evidence = [...doubted.map(diagnosisEvidence), ...doubts.flatMap((item) => item.evidence)];
  return {
    kind: 'over_coding',
    model: part.id,
    hcc,
    status: 'open',
    subKind: null,
    reasons,
    flags: sourceFlags(context, behind),
    candidateCodes: [],
    persistenceClass: shownClass(context, part, hcc, codes),
    evidence: [...new Map(evidence.map((item) => [JSON.stringify(item), item])).values()],
    encounterLink: null,
    change: { add: [], remove: gone ? [hcc] : [] },
    confidence: doubts.some((item) => item.confidence === 'high') ? 'high' : 'medium',
    ruleId: `over_coding.${(reasons[0] ?? '').toLowerCase()}`,
    explanation:
      `${listed(codes.map((code) => named(context, code)))}, submitted for ${listed(doubted.slice(0, 3).map(place))}: ` +
      `${notes.join('; ')}. ${next}${gone ? '' : '; other diagnoses support the HCC'}` +
      `${marks.length > 0 ? ` (state of the tests: ${marks.join('; ')})` : ''}.`,
    subjectCodes: codes,
  };
}

/** True when upholding the doubt would take this diagnosis away from the HCC. */
function strikesOut(item: Hit, submission: Submission, behind: readonly Submission[]): boolean {
  if (!item.submissions.includes(submission)) return false;
  const held = (item.alternatives ?? []).filter((group) => group.some((one) => behind.includes(one)));
  return held.length < 2;
}
