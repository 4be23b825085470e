import type { AnalysisOptions } from './analysis-contract.ts';
import { type AnalysisIdentity, decideGaps, idOfDraft, prepareContext } from './analyze.ts';
import { editionsOf } from './captured.ts';
import { compareResults } from './compare.ts';
import type { AnalysisContext, ModelPart } from './gaps/context.ts';
import type { GapDraft } from './gaps/draft.ts';
import { changed } from './gaps/worth.ts';
import type { MemberHistory } from './history.ts';
import { scoreOfCategories } from './joint-score.ts';
import { type Outcome, succeed } from './outcome.ts';
import type { ReferenceData } from './reference-data.ts';
import type { Factor, PaymentStep, ScoreResult } from './score-contract.ts';

/** How one code of a gap reaches HCCs in the gap's model, or why not. */
export interface ExplainedCode {
  /** Undotted. */
  readonly code: string;
  readonly description: string | null;
  readonly role: 'candidate' | 'evidence' | 'in_question';
  /** HCCs by the table of `mappedBy`, after age and sex edits. */
  readonly hccs: readonly string[];
  /** Payment year of the mapping table that holds the code: the target's own, or the newest edition that had it. */
  readonly mappedBy: number | null;
}

/** One factor of the score with and without the gap; the differences add up to that of the raw scores. */
export interface ExplainedFactor {
  readonly variable: string;
  readonly kind: Factor['kind'];
  readonly without: number | null;
  readonly with: number | null;
  readonly difference: number;
  readonly why: string;
}

/** One side of the comparison, in the gap's own model. */
export interface ExplainedScore {
  readonly hccsBeforeHierarchy: readonly string[];
  readonly hccs: readonly string[];
  readonly dropped: readonly { readonly hcc: string; readonly droppedBy: string }[];
  readonly rawScore: number;
  /** Payment score of the whole, blended where the year blends; null where none can be given. */
  readonly paymentScore: number | null;
  readonly steps: readonly PaymentStep[];
}

/** From codes to the difference of the score, step by step, so that a person can check it by hand. */
export interface GapChain {
  readonly codes: readonly ExplainedCode[];
  readonly hierarchy: {
    readonly order: string;
    /** HCCs that this one drops, and those that drop it; `captured` tells which the member has. */
    readonly drops: readonly string[];
    readonly droppedBy: readonly string[];
    readonly captured: readonly string[];
  };
  readonly program: string;
  readonly segment: string;
  readonly coefficientSet: string;
  /** Payment year of the mapping; the coefficients are those of `coefficientSet`. */
  readonly mappingYear: number;
  /** null: the member has no impact (new enrollee, ESRD), or no record can make the gap count. */
  readonly score: {
    readonly without: ExplainedScore;
    readonly with: ExplainedScore;
    readonly factors: readonly ExplainedFactor[];
    readonly difference: { readonly raw: number; readonly payment: number | null };
    /** Parameters that are single-source, unverified, proposed or overridden, with who set them. */
    readonly provenance: readonly string[];
  } | null;
  /** Why there is no `score`, in words. */
  readonly noScore: string | null;
}

/**
 * Works a stored gap out again from the member's history and shows every step between the codes and the score:
 * mapping, hierarchy, factors, payment. The difference is the gap's `standalone` impact, by rescoring. null when an
 * analysis of the history as it is now does not find the gap. Refuses what an analysis refuses.
 */
export function explainGap(
  reference: ReferenceData,
  history: MemberHistory,
  options: AnalysisOptions,
  wanted: { readonly gapId: string; readonly identity: AnalysisIdentity },
): Outcome<GapChain | null> {
  const prepared = prepareContext(reference, history, options);
  if (!prepared.ok) return prepared;
  const context = prepared.value;
  const draft = decideGaps(context)
    .listed.map((listed) => listed.draft)
    .find((one) => idOfDraft(context, wanted.identity, one) === wanted.gapId);
  const part = context.parts.find(({ id }) => id === draft?.model);
  if (draft === undefined || part === undefined) return succeed(null);
  const { hierarchy } = part.model;
  return succeed({
    codes: codesOf(context, part, draft),
    hierarchy: {
      order: part.year.hierarchyOrder,
      drops: [...hierarchy.dominated(draft.hcc)],
      droppedBy: [...hierarchy.dominators(draft.hcc)],
      captured: [...part.captured.surviving],
    },
    program: context.coverage.program,
    segment: part.scorer.segment,
    coefficientSet: part.scorer.set.id,
    mappingYear: part.year.paymentYear,
    ...scoreOf(context, part, draft),
  });
}

function codesOf(context: AnalysisContext, part: ModelPart, draft: GapDraft): readonly ExplainedCode[] {
  const roles = new Map<string, ExplainedCode['role']>();
  for (const code of draft.candidateCodes) roles.set(code, 'candidate');
  for (const code of draft.subjectCodes ?? []) if (!roles.has(code)) roles.set(code, 'in_question');
  for (const { code, type } of draft.evidence) {
    if (code !== null && (type === 'diagnosis' || type === 'condition') && !roles.has(code)) {
      roles.set(code, 'evidence');
    }
  }
  return [...roles].sort(byCode).map(([code, role]) => {
    const edition = editionsOf(part.model, part.year).find(({ mapping }) => mapping.has(code));
    return {
      code,
      role,
      description: context.reference.codes.description(code) ?? null,
      hccs: part.pastHccsOf(code),
      mappedBy: edition?.paymentYear ?? null,
    };
  });
}

function byCode([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function scoreOf(
  context: AnalysisContext,
  part: ModelPart,
  draft: GapDraft,
): Pick<GapChain, 'score' | 'noScore'> {
  if (!context.hasImpact) {
    return { score: null, noScore: 'a new enrollee or an ESRD member: gaps carry no RAF' };
  }
  if (!context.scoring.ok) return { score: null, noScore: context.scoring.error.message };
  if (draft.change === null) {
    const why = draft.noWorth
      ? 'no worth is shown: the evidence is weak or cannot tell HCCs apart'
      : 'no record can make it count as it stands, so the difference is 0';
    return { score: null, noScore: why };
  }
  const scoring = context.scoring.value;
  const before = context.parts.map(
    ({ captured }): ReadonlySet<string> => new Set(captured.categories.keys()),
  );
  const after = context.parts.map((one, index) =>
    one === part ? changed(before[index] ?? new Set(), [draft.change]) : (before[index] ?? new Set<string>()),
  );
  const without = scoreOfCategories(scoring, before, []);
  const withGap = scoreOfCategories(scoring, after, []);
  const [ownBefore, ownAfter] = [ownPart(without, part), ownPart(withGap, part)];
  const own = compareResults(ownBefore, ownAfter);
  const whole = compareResults(without, withGap);
  return {
    noScore: null,
    score: {
      without: sideOf(ownBefore, without),
      with: sideOf(ownAfter, withGap),
      factors: own.factors.map(({ variable, kind, a, b, difference, reason }) => ({
        variable,
        kind,
        without: a,
        with: b,
        difference,
        why:
          reason === 'same'
            ? 'the same with and without'
            : whyOf(variable, { kind, before: ownBefore, after: ownAfter }),
      })),
      difference: { raw: own.difference.raw, payment: whole.difference.payment },
      provenance: withGap.provenance,
    },
  };
}

/** In a blend the part of the gap's own model; else the whole. */
function ownPart(result: ScoreResult, part: ModelPart): ScoreResult {
  return result.models?.find(({ model }) => model === part.id) ?? result;
}

function sideOf(own: ScoreResult, whole: ScoreResult): ExplainedScore {
  const { hccsBeforeHierarchy, hccs, dropped, rawScore } = own;
  return {
    hccsBeforeHierarchy,
    hccs,
    dropped,
    rawScore,
    paymentScore: whole.payment?.score ?? null,
    steps: whole.payment?.steps ?? [],
  };
}

function whyOf(
  variable: string,
  {
    kind,
    before,
    after,
  }: { readonly kind: Factor['kind']; readonly before: ScoreResult; readonly after: ScoreResult },
): string {
  const gained = after.factors.some((factor) => factor.variable === variable);
  if (kind === 'count') return `payment HCCs ${before.paymentHccCount} -> ${after.paymentHccCount}`;
  if (kind !== 'hcc')
    return gained ? 'its conditions hold with the gap only' : 'its conditions no longer hold';
  if (gained) return 'counts with the gap';
  const dropped = after.dropped.find(({ hcc }) => variable.endsWith(`HCC${hcc}`));
  return dropped ? `dropped by HCC ${dropped.droppedBy}` : 'no longer counts';
}
