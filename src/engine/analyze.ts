import {
  type Analysis,
  type AnalysisOptions,
  type CandidateCode,
  type Evidence,
  GAP_KINDS,
  type Gap,
  type GapDirection,
  type GapKind,
} from './analysis-contract.ts';
import { finalDeadline, yearState } from './calendar.ts';
import { captureYear, hccsOfAnyEdition, type Submission, submissionsOf } from './captured.ts';
import { mapCodeFor } from './diagnoses.ts';
import { judgeEncounters } from './eligibility.ts';
import type { AnalysisContext, ModelPart } from './gaps/context.ts';
import { describe } from './gaps/context.ts';
import { decide, type ListedDraft } from './gaps/decision.ts';
import type { KindResult } from './gaps/draft.ts';
import { gapId } from './gaps/gap-id.ts';
import { KINDS } from './gaps/kinds.ts';
import { unspecifiedFlags } from './gaps/unspecified.ts';
import { type GapWorths, worthOf } from './gaps/worth.ts';
import type { CoveragePeriod, MemberHistory } from './history.ts';
import { historyAsOf } from './history-as-of.ts';
import { dotted } from './icd10.ts';
import { scoreOfCategories } from './joint-score.ts';
import { type MemberScoring, prepareMember, type ScoringPart } from './member-scoring.ts';
import { type Outcome, refuse, succeed } from './outcome.ts';
import { paidBy } from './payment-overrides.ts';
import { resolveVersions } from './record-versions.ts';
import type { ReferenceData } from './reference-data.ts';
import { scoreMember } from './score-request.ts';
import { hasPaidMonths, isInactive, scoreMemberOf, segmentPeriod } from './segment-of-history.ts';

/** Whose gap ids: the tenant and the stored member's opaque key; absent in a stateless analysis. */
export interface AnalysisIdentity {
  readonly tenant: string;
  readonly member: string;
}

const DIRECTIONS: Readonly<Record<GapKind, GapDirection>> = {
  recapture: 'add',
  specificity: 'refine',
  documented_not_coded: 'add',
  coded_not_eligible: 'link',
  clinical_suspect: 'question',
  over_coding: 'delete',
};

/**
 * Gap analysis of one member for a payment year, as of a date: encounter verdicts, captured categories, the six gap
 * kinds in both directions with their worth, and what is no gap and why. A function of its arguments alone; the order
 * and repetition of rows in the history change nothing. Refuses ACA members (a concurrent model: no look-back gaps
 * and no gap rules) and years without an announced model, never guessing figures.
 */
export function analyzeHistory(
  reference: ReferenceData,
  history: MemberHistory,
  options: AnalysisOptions,
  identity?: AnalysisIdentity,
): Outcome<Analysis> {
  const context = prepareContext(reference, history, options);
  if (!context.ok) {
    const state = yearState(options.calendar ?? reference.calendar, options.paymentYear, options.asOf);
    const unannounced = state === 'not_started' && context.error.code === 'unsupported_year';
    return unannounced ? succeed(notStarted(reference, history, options)) : context;
  }
  return succeed(analyzed(context.value, identity ?? { tenant: '', member: history.memberId }));
}

/** Builds what the kinds read; refuses a member or year that has no gap rules. */
export function prepareContext(
  loaded: ReferenceData,
  history: MemberHistory,
  options: AnalysisOptions,
): Outcome<AnalysisContext> {
  const reference = paidBy(loaded, options.paymentOverrides ?? []);
  const { paymentYear, asOf, calendar = reference.calendar } = options;
  const coverage = segmentPeriod(history, paymentYear);
  if (coverage.program === 'aca') {
    return refuse(
      'not_applicable',
      'gap analysis covers Medicare Advantage and PACE; a member of an ACA plan can be scored (hhs-hcc models), and ' +
        'no gap rules exist for the concurrent HHS-HCC model',
      '/coverage',
    );
  }
  const scorings = prepareScorings(reference, history, coverage, paymentYear);
  if (!scorings.ok) return scorings;
  const { scoring, comparison, hasImpact } = scorings.value;
  const dosYear = paymentYear - 1;
  const versions = resolveVersions(history.encounters, asOf);
  const records = judgeEncounters(reference.eligibility, versions, {
    dosYear,
    lookbackYears: options.lookbackYears,
    asOf,
    coverage: history.coverage,
  });
  const years = Array.from({ length: options.lookbackYears + 1 }, (_, back) => dosYear - back);
  const submissions = new Map(years.map((year) => [year, submissionsOf(records, year, reference.codes)]));
  return succeed({
    reference,
    history: historyAsOf(history, asOf, versions),
    options,
    paymentYear,
    dosYear,
    asOf,
    yearState: yearState(calendar, paymentYear, asOf),
    finalDeadline: finalDeadline(calendar, paymentYear),
    records,
    recordById: new Map(records.map((record) => [record.encounter.encounterId, record])),
    submissions,
    coverage,
    inactive: isInactive(history, asOf),
    paidMonths: hasPaidMonths(history, paymentYear, asOf),
    scoring,
    hasImpact,
    parts: comparison.parts.map((part) => modelPart(part, submissions, dosYear)),
  });
}

interface Scorings {
  /** The member as he is; an ESRD or PACE parameter that is not established refuses it, and gaps are listed all the same. */
  readonly scoring: Outcome<MemberScoring>;
  /** The same member as a continuing enrollee without ESRD: whose categories and coefficients gaps are judged by. */
  readonly comparison: MemberScoring;
  readonly hasImpact: boolean;
}

function prepareScorings(
  reference: ReferenceData,
  history: MemberHistory,
  coverage: CoveragePeriod,
  paymentYear: number,
): Outcome<Scorings> {
  const member = scoreMemberOf(history, coverage);
  const common = { paymentYear, model: null, program: coverage.program };
  const scoring = prepareMember(reference, { ...common, member });
  if (!member.newEnrollee && member.esrd === null) {
    return scoring.ok ? succeed({ scoring, comparison: scoring.value, hasImpact: true }) : scoring;
  }
  const comparison = prepareMember(reference, {
    ...common,
    member: { ...member, newEnrollee: false, esrd: null },
  });
  if (!comparison.ok) return comparison;
  return succeed({ scoring, comparison: comparison.value, hasImpact: false });
}

function modelPart(
  { scorer }: ScoringPart,
  submissions: ReadonlyMap<number, readonly Submission[]>,
  dosYear: number,
): ModelPart {
  const { model, year, person } = scorer;
  const hccsOf = (code: string): readonly string[] => mapCodeFor(year, code, person);
  const pastHccsOf = hccsOfAnyEdition(model, year, person);
  const captured = captureYear(dosYear, submissions.get(dosYear) ?? [], scorer, hccsOf);
  const lookback = [...submissions]
    .filter(([past]) => past !== dosYear)
    .map(([past, sent]) => captureYear(past, sent, scorer, pastHccsOf));
  return { id: model.id, model, year, scorer, who: person, hccsOf, pastHccsOf, captured, lookback };
}

/** Runs the kinds and the decision table over a prepared context. */
export function decideGaps(context: AnalysisContext): ReturnType<typeof decide> {
  const results = Object.fromEntries(GAP_KINDS.map((kind) => [kind, KINDS[kind](context)])) as Record<
    GapKind,
    KindResult
  >;
  return decide(context, results);
}

/** The id that a finding of this context has. */
export function idOfDraft(
  context: AnalysisContext,
  { tenant, member }: AnalysisIdentity,
  { kind, model, hcc }: Pick<Gap, 'kind' | 'model' | 'hcc'>,
): string {
  return gapId({ tenant, member, paymentYear: context.paymentYear, model, kind, hcc });
}

function analyzed(context: AnalysisContext, identity: AnalysisIdentity): Analysis {
  const decision = decideGaps(context);
  const worths = worthOf(
    context,
    decision.listed.map(({ draft }) => draft),
  );
  const gaps = decision.listed.map((listed, index) =>
    gapOf(context, identity, listed, worths.impacts[index] ?? null),
  );
  const unspecified = unspecifiedFlags(context, gaps);
  const { kinds } = context.options;
  return {
    memberId: context.history.memberId,
    paymentYear: context.paymentYear,
    dosYear: context.dosYear,
    asOf: context.asOf,
    yearState: context.yearState,
    raf: scoresOf(context, worths),
    gaps: kinds === null ? gaps : gaps.filter(({ kind }) => kinds.includes(kind)),
    notGaps: [...decision.notGaps, ...unspecified.notGaps],
    unspecified: unspecified.flags,
    notEvaluable: [...unscored(context), ...decision.notEvaluable],
    encounters: context.records.map(({ verdict }) => verdict),
  };
}

/** Why there is no score, where there is none. */
function unscored({ scoring }: AnalysisContext): Analysis['notEvaluable'] {
  return scoring.ok ? [] : [{ test: 'raf', hcc: null, missing: [scoring.error.message] }];
}

function scoresOf(context: AnalysisContext, worths: GapWorths): Analysis['raf'] {
  const codes = new Set<string>();
  for (const { code, valid, record } of context.submissions.get(context.dosYear) ?? []) {
    if (valid && record.verdict.eligible) codes.add(code);
  }
  if (!context.scoring.ok) return { current: null, ifAllClosed: null };
  const scoring = context.scoring.value;
  const current = scoreMember(context.reference, scoring, { id: null, codes: [...codes].sort() });
  if (!context.hasImpact) {
    const text = 'gaps of a new enrollee or ESRD member carry no RAF; the score is the current one';
    return { current, ifAllClosed: { ...current, assumptions: [...current.assumptions, text] } };
  }
  const assumptions =
    worths.method === 'sequential'
      ? [
          'more than eight gaps: shares of the joint change were allocated in sequence, by confidence, worth and HCC',
        ]
      : [];
  return { current, ifAllClosed: scoreOfCategories(scoring, worths.joint, assumptions) };
}

function gapOf(
  context: AnalysisContext,
  identity: AnalysisIdentity,
  { draft, list, act }: ListedDraft,
  impact: Gap['impact'],
): Gap {
  const part = context.parts.find(({ id }) => id === draft.model);
  const { kind, model, hcc } = draft;
  return {
    gapId: idOfDraft(context, identity, draft),
    kind,
    status: draft.status,
    subKind: draft.subKind,
    reasons: draft.reasons,
    flags: draft.flags,
    list,
    direction: DIRECTIONS[kind],
    model,
    hcc,
    hccLabel: part?.model.labels.get(hcc) ?? hcc,
    dosYear: context.dosYear,
    candidateCodes: draft.candidateCodes.map((code) => candidate(context, part, code, hcc)),
    persistenceClass: draft.persistenceClass,
    evidence: draft.evidence.map(shownEvidence),
    encounterLink: draft.encounterLink,
    impact,
    confidence: draft.confidence,
    ruleId: draft.ruleId,
    act,
    explanation: draft.explanation,
  };
}

function candidate(
  context: AnalysisContext,
  part: ModelPart | undefined,
  code: string,
  hcc: string,
): CandidateCode {
  const hccs = part?.hccsOf(code) ?? [];
  return {
    code: dotted(code),
    description: describe(context, code),
    hcc: hccs.includes(hcc) ? hcc : (hccs[0] ?? null),
  };
}

function shownEvidence(item: Evidence): Evidence {
  if (item.code === null || (item.type !== 'diagnosis' && item.type !== 'condition')) return item;
  return { ...item, code: dotted(item.code) };
}

/** A year that has not begun and whose models are not announced: verdicts and state, no figures. */
function notStarted(reference: ReferenceData, history: MemberHistory, options: AnalysisOptions): Analysis {
  const dosYear = options.paymentYear - 1;
  const versions = resolveVersions(history.encounters, options.asOf);
  const records = judgeEncounters(reference.eligibility, versions, {
    dosYear,
    lookbackYears: options.lookbackYears,
    asOf: options.asOf,
    coverage: history.coverage,
  });
  return {
    memberId: history.memberId,
    paymentYear: options.paymentYear,
    dosYear,
    asOf: options.asOf,
    yearState: 'not_started',
    raf: { current: null, ifAllClosed: null },
    gaps: [],
    notGaps: [],
    unspecified: [],
    notEvaluable: [],
    encounters: records.map(({ verdict }) => verdict),
  };
}
