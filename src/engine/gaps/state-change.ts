import type { IsoDate } from '../dates.ts';
import { type DatedCondition, isOver, isPresent } from './conditions.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import { named } from './explain.ts';
import { conceptHccs } from './persistence.ts';

export interface LaterState {
  readonly status: 'assessed_not_present' | 'resolved' | 'state_changed';
  readonly explanation: string;
}

export interface StateQuery {
  readonly hcc: string;
  /** Look-back codes behind the HCC. */
  readonly codes: readonly string[];
  /** Last date of service of the HCC; only later evidence changes the state. */
  readonly lastDos: IsoDate;
}

/**
 * Evidence dated after the HCC's last date of service that the state is another one: refuted, then resolved, then a
 * successor that is not itself a captured HCC of the family (gap taxonomy, section 2). null: none.
 */
export function laterState(
  context: AnalysisContext,
  part: ModelPart,
  conditions: readonly DatedCondition[],
  query: StateQuery,
): LaterState | null {
  const family = part.model.hierarchy.family(query.hcc);
  const later = conditions.filter(({ date }) => date > query.lastDos);
  const ofFamily = later.filter(({ code }) => part.pastHccsOf(code).some((hcc) => family.has(hcc)));
  const own = ofFamily.filter(({ condition }) => condition.context !== 'family_history');
  const refuted = own.find(({ condition }) => condition.verification === 'refuted');
  if (refuted)
    return said('assessed_not_present', `${named(context, refuted.code)} was ruled out on ${refuted.date}`);
  const over = own.find(({ condition }) => isOver(condition));
  if (over) {
    const how = over.condition.clinicalStatus ?? 'resolved';
    return said('resolved', `${named(context, over.code)} was recorded as ${how} on ${over.date}`);
  }
  const past = own.find(({ condition }) => condition.context === 'history_of');
  if (past)
    return said('state_changed', `${named(context, past.code)} was recorded as history on ${past.date}`);
  return successorState(context, part, later, ofFamily, query);
}

function successorState(
  context: AnalysisContext,
  part: ModelPart,
  later: readonly DatedCondition[],
  ofFamily: readonly DatedCondition[],
  query: StateQuery,
): LaterState | null {
  const isSuccessor = successorTest(context, part, query);
  for (const { code, date, condition } of later) {
    const meaning = isPresent(condition) ? isSuccessor(code) : null;
    if (meaning !== null)
      return said('state_changed', `${named(context, code)} was recorded on ${date}: ${meaning}`);
  }
  for (const submissions of context.submissions.values()) {
    for (const { code, date, valid, record } of submissions) {
      if (date <= query.lastDos || !valid || !record.verdict.eligible) continue;
      const meaning = isSuccessor(code);
      if (meaning !== null)
        return said('state_changed', `${named(context, code)} was coded on ${date}: ${meaning}`);
    }
  }
  const above = part.model.hierarchy.dominators(query.hcc);
  const stage = ofFamily.find(
    ({ code, condition }) =>
      condition.source === 'problem_list' &&
      isPresent(condition) &&
      part.pastHccsOf(code).some((hcc) => above.has(hcc)),
  );
  if (!stage) return null;
  return said(
    'state_changed',
    `the problem list has the later state ${named(context, stage.code)} since ${stage.date}`,
  );
}

/** Meaning of a code as a state after the HCC, or null. */
function successorTest(
  context: AnalysisContext,
  part: ModelPart,
  { hcc, codes }: StateQuery,
): (code: string) => string | null {
  const { successors, cancerHistory } = context.reference.gaps;
  const concepts =
    part.id === 'cms-hcc-v28'
      ? [hcc]
      : [...new Set(codes.flatMap((code) => conceptHccs(context, part, code)))];
  const rules = concepts.flatMap((concept) => successors.get(concept) ?? []);
  const sites = new Set(codes.map((code) => code.slice(0, 3)));
  return (code) => {
    if (!codes.includes(code)) {
      const rule = rules.find(({ pattern }) => pattern.matches(code));
      if (rule) return rule.meaning;
    }
    if (!code.startsWith('Z85')) return null;
    const closes = cancerHistory.some(
      ({ pattern, from, to }) =>
        pattern.matches(code) && [...sites].some((site) => site >= from && site <= to),
    );
    return closes ? 'personal history of this cancer' : null;
  };
}

function said(status: LaterState['status'], explanation: string): LaterState {
  return { status, explanation };
}
