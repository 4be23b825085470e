import {
  GAP_KINDS,
  type GapKind,
  type GapList,
  type NotEvaluable,
  type NotGap,
} from '../analysis-contract.ts';
import type { IsoDate } from '../dates.ts';
import { compareHccs } from '../model.ts';
import type { AnalysisContext } from './context.ts';
import type { GapDraft, KindResult } from './draft.ts';
import { named, notGap } from './explain.ts';
import { REVIEWER } from './over-coding.ts';

/** A draft that the decision table lets stand, with its list and date. */
export interface ListedDraft {
  readonly draft: GapDraft;
  readonly list: GapList;
  readonly act: { readonly by: IsoDate | null; readonly who: 'provider' | 'coder' };
}

export interface DecisionResult {
  readonly listed: readonly ListedDraft[];
  readonly notGaps: readonly NotGap[];
  readonly notEvaluable: readonly NotEvaluable[];
}

/**
 * The decision table over all kinds (gap taxonomy, section 1): rows from the top, rows 1 and 2 outrank every add of
 * their family; then which list and by when, by the state of the payment year and the member's.
 */
export function decide(
  context: AnalysisContext,
  results: Readonly<Record<GapKind, KindResult>>,
): DecisionResult {
  const notGaps = GAP_KINDS.flatMap((kind) => results[kind].notGaps);
  const notEvaluable = GAP_KINDS.flatMap((kind) => results[kind].notEvaluable);
  if (context.yearState === 'not_started') return { listed: [], notGaps: [], notEvaluable: [] };
  const standing = precedence(context, results);
  const listed: ListedDraft[] = [];
  for (const draft of standing) {
    const outcome = listOf(context, draft);
    if (outcome === null) continue;
    if ('reason' in outcome) notGaps.push(outcome);
    else listed.push(outcome);
  }
  return {
    listed: listed.sort((a, b) => byPlace(context, a.draft, b.draft)),
    notGaps: distinctNotGaps(notGaps),
    notEvaluable,
  };
}

/** Rows 1 to 8: which finding of a family stands. */
function precedence(
  context: AnalysisContext,
  results: Readonly<Record<GapKind, KindResult>>,
): readonly GapDraft[] {
  const doubtful = results.over_coding.gaps;
  const failing = results.coded_not_eligible.gaps;
  const near = relation(context);
  const blocksAdd = (add: GapDraft): boolean =>
    doubtful.some((gap) => near(gap, add)) || failing.some((gap) => near(gap, add));
  const refine = results.specificity.gaps.filter(
    (gap) =>
      !doubtful.some((doubt) => near(doubt, gap) || isRelated(doubt, gap)) &&
      !failing.some((fail) => fail.model === gap.model && fail.hcc === gap.hcc),
  );
  const documented = results.documented_not_coded.gaps.flatMap((gap): GapDraft[] => {
    if (blocksAdd(gap)) return [];
    // Row 3 comes before row 4: what refines a submitted unspecified code is kind (b).
    const refined = new Set(
      results.specificity.gaps
        .filter(({ model }) => model === gap.model)
        .flatMap((other) => other.candidateCodes),
    );
    const left = gap.candidateCodes.filter((code) => !refined.has(code));
    if (left.length === 0) return [];
    return [left.length === gap.candidateCodes.length ? gap : { ...gap, candidateCodes: left }];
  });
  const anchored = [...refine, ...documented].filter(({ status }) => status !== 'no_anchor');
  const above = dominance(context);
  // An HCC above a captured one stays listed, inverted or not, unless what stands above reaches it too.
  const answered = (gap: GapDraft): boolean =>
    anchored.some((other) =>
      gap.status === 'open' ? near(other, gap) : other.model === gap.model && above(other, gap),
    );
  const recapture = results.recapture.gaps.filter((gap) => !blocksAdd(gap) && !answered(gap));
  const listed = [...doubtful, ...failing, ...refine, ...documented, ...recapture];
  const suspects = results.clinical_suspect.gaps.filter((gap) => !listed.some((other) => near(other, gap)));
  return [...listed, ...suspects];
}

/** Same model and family. */
function relation(context: AnalysisContext): (a: GapDraft, b: GapDraft) => boolean {
  return (a, b) => {
    if (a.model !== b.model) return false;
    const part = context.parts.find(({ id }) => id === a.model);
    return part?.model.hierarchy.family(b.hcc).has(a.hcc) === true;
  };
}

/** True when the first gap's HCC is the second's or dominates it. */
function dominance(context: AnalysisContext): (a: GapDraft, b: GapDraft) => boolean {
  return (a, b) => {
    const part = context.parts.find(({ id }) => id === b.model);
    return a.hcc === b.hcc || part?.model.hierarchy.dominators(b.hcc).has(a.hcc) === true;
  };
}

function isRelated(a: GapDraft, b: GapDraft): boolean {
  return a.model === b.model && b.relatedHccs?.includes(a.hcc) === true;
}

/** Which list and by when; null where the kind has no list in this state of the year. */
function listOf(context: AnalysisContext, draft: GapDraft): ListedDraft | NotGap | null {
  const list = listName(context, draft.kind);
  if (list === null) {
    if (draft.kind !== 'recapture' && draft.kind !== 'coded_not_eligible') return null;
    const text = `the final deadline of payment year ${context.paymentYear} was ${context.finalDeadline}`;
    return closedOut(
      context,
      draft,
      context.inactive && !context.paidMonths ? 'member_inactive' : 'year_closed',
      text,
    );
  }
  // What a reviewer found unsupported is acted on, paid months or not (compliance C-2).
  const isFound = draft.reasons.includes(REVIEWER);
  const barred = context.inactive && !isFound && (list === 'prospective' || !context.paidMonths);
  if (barred)
    return closedOut(context, draft, 'member_inactive', 'the member is deceased, disenrolled or in hospice');
  const closed = context.yearState === 'delete_only' || context.yearState === 'delete_by_report';
  const by = list === 'prospective' ? `${context.dosYear}-12-31` : closed ? null : context.finalDeadline;
  return { draft, list, act: { by, who: list === 'prospective' ? 'provider' : 'coder' } };
}

function listName({ yearState }: AnalysisContext, kind: GapKind): GapList | null {
  const prospective = yearState === 'prospective_open';
  const open = prospective || yearState === 'retrospective_open';
  switch (kind) {
    case 'recapture':
    case 'coded_not_eligible':
      return prospective ? 'prospective' : open ? 'retrospective' : null;
    case 'clinical_suspect':
      return prospective ? 'prospective' : null;
    case 'specificity':
    case 'documented_not_coded':
      return open ? 'retrospective' : null;
    case 'over_coding':
      return 'retrospective';
  }
}

function closedOut(context: AnalysisContext, draft: GapDraft, reason: string, why: string): NotGap {
  const code = draft.candidateCodes[0] ?? draft.evidence.find((item) => item.code !== null)?.code ?? '';
  const subject = code === '' ? `HCC ${draft.hcc}` : named(context, code);
  return notGap(draft.hcc, code, reason, `${subject}: ${why}.`);
}

function byPlace(context: AnalysisContext, a: GapDraft, b: GapDraft): number {
  const kind = GAP_KINDS.indexOf(a.kind) - GAP_KINDS.indexOf(b.kind);
  if (kind !== 0) return kind;
  const place = (gap: GapDraft): number => context.parts.findIndex(({ id }) => id === gap.model);
  return place(a) - place(b) || compareHccs(a.hcc, b.hcc) || (a.ruleId < b.ruleId ? -1 : 1);
}

/** One entry per HCC, code and reason, in this order. */
function distinctNotGaps(entries: readonly NotGap[]): readonly NotGap[] {
  const found = new Map<string, NotGap>();
  for (const entry of entries) {
    const key = `${entry.hcc ?? ''} ${entry.code} ${entry.reason}`;
    if (!found.has(key)) found.set(key, entry);
  }
  return [...found.values()].sort(
    (a, b) =>
      compareHccs(a.hcc ?? '0', b.hcc ?? '0') ||
      (a.code !== b.code
        ? a.code < b.code
          ? -1
          : 1
        : a.reason < b.reason
          ? -1
          : a.reason > b.reason
            ? 1
            : 0),
  );
}
