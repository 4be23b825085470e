import type { Evidence, NotGap } from '../analysis-contract.ts';
import { hasEnrollmentGap } from '../segment-of-history.ts';
import { recaptureCandidates } from './candidates.ts';
import { closureOf } from './closure.ts';
import { type DatedCondition, datedConditions } from './conditions.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import { familyCaptured } from './context.ts';
import type { GapDraft, KindResult } from './draft.ts';
import { listed, named, notGap, place } from './explain.ts';
import { type LookbackHcc, lookbackHccs, onePerFamily } from './lookback.ts';
import { laterState } from './state-change.ts';
import { activeDiseaseNote, treatmentEvidence } from './treatment.ts';
import { latestEvidence, recaptureConfidence, sourceFlags } from './weak-sources.ts';

/** Dates shown as evidence of a recapture gap. */
const EVIDENCE_DATES = 3;

interface Facts {
  readonly conditions: readonly DatedCondition[];
  treatment(): readonly Evidence[];
}

/**
 * Kind (a): a payment HCC of the look-back that its class permits to ask about and that is not closed for D
 * (gap taxonomy, section 2). A code that the target model lost is a not-gap of its own.
 */
export function recaptureGaps(context: AnalysisContext): KindResult {
  let treatment: readonly Evidence[] | null = null;
  const facts: Facts = {
    conditions: datedConditions(context),
    treatment: () => {
      treatment ??= treatmentEvidence(context);
      return treatment;
    },
  };
  const gaps: GapDraft[] = [];
  const lost = modelLost(context);
  // Of the three "never" states an inactive member comes first (gap_taxonomy.json, closurePrecedence).
  const notGaps: NotGap[] = mayList(context) ? [...lost] : lost.map(asInactive);
  for (const part of context.parts) {
    const { hccs, notGaps: reduced } = lookbackHccs(context, part);
    if (!mayList(context)) {
      notGaps.push(
        ...[
          ...reduced,
          ...hccs.map(({ hcc, behind }) => inactiveNotGap(context, hcc, behind.at(-1)?.code)),
        ].map(asInactive),
      );
      continue;
    }
    notGaps.push(...reduced);
    const standing: LookbackHcc[] = [];
    for (const candidate of hccs) {
      const over = stateNotGap(context, part, facts, candidate);
      if (over) notGaps.push(over);
      else standing.push(candidate);
    }
    for (const candidate of onePerFamily(part, standing)) {
      const found = judge(context, part, facts, candidate);
      if ('kind' in found) gaps.push(found);
      else notGaps.push(found);
    }
  }
  return { gaps, notGaps, notEvaluable: [] };
}

/** Recapture is prospective while visits can happen, retrospective afterwards (rule (1) on people). */
function mayList(context: AnalysisContext): boolean {
  if (!context.inactive) return true;
  return context.yearState !== 'prospective_open' && context.paidMonths;
}

function inactiveNotGap(context: AnalysisContext, hcc: string, code = ''): NotGap {
  return notGap(
    hcc,
    code,
    'member_inactive',
    `${named(context, code)} was coded in the look-back; the member is deceased, disenrolled or in hospice.`,
  );
}

function asInactive(entry: NotGap): NotGap {
  if (entry.reason === 'member_inactive') return entry;
  return {
    ...entry,
    reason: 'member_inactive',
    explanation: 'The member is deceased, disenrolled or in hospice.',
  };
}

/** Resolved, refuted or followed by another state; never for lifelong classes, nor once the family is captured in D. */
function stateNotGap(
  context: AnalysisContext,
  part: ModelPart,
  facts: Facts,
  candidate: LookbackHcc,
): NotGap | null {
  if (candidate.class === 'lifelong' || candidate.class === 'lifelong_status') return null;
  if (familyCaptured(part, candidate.hcc)) return null;
  const codes = codesOf(candidate);
  const { hcc, lastDos } = candidate;
  const later = laterState(context, part, facts.conditions, { hcc, codes, lastDos });
  if (!later) return null;
  const last = candidate.behind.at(-1)?.code ?? '';
  return notGap(
    hcc,
    last,
    later.status,
    `${named(context, last)} was last coded on ${lastDos}; ${later.explanation}.`,
  );
}

function judge(
  context: AnalysisContext,
  part: ModelPart,
  facts: Facts,
  candidate: LookbackHcc,
): GapDraft | NotGap {
  const { hcc, behind } = candidate;
  const last = behind.at(-1);
  const lastCode = last?.code ?? '';
  const closure = closureOf(part, hcc);
  const { status } = closure;
  if (status === 'closed_same' || status === 'closed_higher' || status === 'closed_equivalent') {
    const by = closure.by === hcc ? 'the same HCC' : `HCC ${closure.by}`;
    const where = captureOf(part, closure.by ?? hcc);
    return notGap(
      hcc,
      lastCode,
      status,
      `${named(context, lastCode)} of the look-back is covered: ${by} is captured in ${context.dosYear}${where}.`,
    );
  }
  const treatment = candidate.class === 'active_treatment' ? cancerEvidence(context, part, facts, hcc) : null;
  if (candidate.class === 'active_treatment' && treatment === null) {
    return notGap(hcc, lastCode, 'no_treatment_evidence', noTreatment(context, candidate));
  }
  if (context.yearState === 'delete_only' || context.yearState === 'delete_by_report') {
    return notGap(
      hcc,
      lastCode,
      'year_closed',
      `${named(context, lastCode)} was not captured in ${context.dosYear}; the final deadline was ${context.finalDeadline}.`,
    );
  }
  return {
    kind: 'recapture',
    model: part.id,
    hcc,
    status,
    subKind: null,
    reasons: [],
    flags: sourceFlags(context, behind),
    candidateCodes: recaptureCandidates(context, part, hcc, codesOf(candidate)),
    persistenceClass: candidate.class,
    evidence: [...latestEvidence(behind, EVIDENCE_DATES), ...(treatment ?? [])],
    encounterLink: null,
    change: { add: [hcc], remove: [] },
    confidence: recaptureConfidence(context, behind),
    ruleId: `recapture.${candidate.via}`,
    explanation: explanationOf(context, candidate, closure.by),
  };
}

function codesOf(candidate: LookbackHcc): readonly string[] {
  return [...new Set(candidate.behind.map(({ code }) => code))].sort();
}

function captureOf(part: ModelPart, hcc: string): string {
  const first = part.captured.categories.get(hcc)?.[0];
  return first ? ` on ${place(first)}` : '';
}

/** ENC-11: a diagnosis of a month with another plan or in Original Medicare counts too, and may be out of sight. */
function elsewhere(context: AnalysisContext): string {
  const gap = hasEnrollmentGap(context.history, context.dosYear, context.asOf);
  return gap ? `; not enrolled for part of ${context.dosYear}, it may be captured elsewhere` : '';
}

function explanationOf(context: AnalysisContext, candidate: LookbackHcc, closedBy: string | null): string {
  const last = candidate.behind.at(-1);
  if (!last) return '';
  const asked = candidate.class === 'stateful' ? 'current status of ' : '';
  const base =
    candidate.via === 'acute_on_chronic' ? '; only the lasting condition behind it is asked about' : '';
  const lower =
    closedBy === null
      ? ''
      : `; HCC ${closedBy}, below it in the hierarchy, is captured in ${context.dosYear}`;
  const subject = asked === '' ? named(context, last.code) : `${asked}${named(context, last.code)}`;
  const text = `${subject}: coded on ${place(last)} and on no eligible record of ${context.dosYear}${lower}${base}${elsewhere(context)}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function cancerEvidence(
  context: AnalysisContext,
  part: ModelPart,
  facts: Facts,
  hcc: string,
): readonly Evidence[] | null {
  const [treated] = facts.treatment();
  if (treated) return [treated];
  const note = activeDiseaseNote(context, part, facts.conditions, hcc);
  return note ? [note] : null;
}

/** Leukaemia, lymphoma and myeloma have remission codes that still map; other cancers have the history code. */
function noTreatment(context: AnalysisContext, candidate: LookbackHcc): string {
  const codes = codesOf(candidate);
  const blood = codes.every((code) => code >= 'C81' && code < 'C97');
  const offer = blood ? 'the code "in remission"' : 'the personal history code (Z85.-)';
  const feeds = context.history.medications === null ? ' There is no medication feed.' : '';
  return (
    `No treatment and no note of active disease since ${context.dosYear - 1}-01-01 for ` +
    `${listed(codes.map((code) => named(context, code)))}; if the disease is over, ${offer} describes it.${feeds}`
  );
}

/** Row 7: a look-back code that paid in an earlier model and is in no HCC of any model in force. */
function modelLost(context: AnalysisContext): readonly NotGap[] {
  const earlier = context.reference.models.get(
    context.coverage.program === 'pace' ? 'cms-hcc-v22' : 'cms-hcc-v24',
  );
  if (!earlier || context.parts.some(({ id }) => id === earlier.id)) return [];
  const found = new Map<string, NotGap>();
  for (const [year, submissions] of context.submissions) {
    if (year === context.dosYear) continue;
    for (const submission of submissions) {
      const { code, valid, record } = submission;
      if (!valid || !record.verdict.eligible || found.has(code)) continue;
      if (![...earlier.years.values()].some(({ mapping }) => mapping.has(code))) continue;
      if (context.parts.some((part) => inModel(part, code))) continue;
      const why = `paid under ${earlier.title} and is in no HCC of ${context.parts.map(({ id }) => id).join(', ')}`;
      found.set(
        code,
        notGap(null, code, 'model_lost', `${named(context, code)}, coded on ${place(submission)}, ${why}.`),
      );
    }
  }
  return [...found.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** In a table of the model, of any edition, before edits. */
function inModel(part: ModelPart, code: string): boolean {
  if (part.year.mapping.has(code)) return true;
  return [...part.model.years.values()].some(({ mapping }) => mapping.has(code));
}
