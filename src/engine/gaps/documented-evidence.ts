import type { EncounterLink, Evidence } from '../analysis-contract.ts';
import { type IsoDate, yearOf } from '../dates.ts';
import { unlinkedExcluded } from '../eligibility.ts';
import { type DatedCondition, datedConditions, isOver, isUncertain } from './conditions.ts';
import type { AnalysisContext } from './context.ts';

/** Why a documented diagnosis of D is no gap (`notGapReasons` of the taxonomy). */
export type DocumentedFault =
  | 'problem_list_only'
  | 'ruled_out'
  | 'uncertain'
  | 'family_history'
  | 'history_of'
  | 'resolved'
  | 'encounter_not_eligible'
  | 'no_meat'
  | 'unsigned';

/** A condition dated in D, put to the tests of kind (c). */
export interface DocumentedDiagnosis {
  readonly code: string;
  readonly dos: IsoDate;
  readonly found: DatedCondition;
  /** null: passes every test. */
  readonly fault: DocumentedFault | null;
  /** MEAT or signature unknown: confidence low. */
  readonly uncertainSupport: boolean;
  /** The encounter that the condition itself names, never one guessed from a date. */
  readonly link: EncounterLink | null;
  /**
   * `anchored`: in an eligible encounter; `unlinked`: without one, where unlinked chart reviews still count; `none`:
   * without one, and excluded.
   */
  readonly anchor: 'anchored' | 'unlinked' | 'none';
}

/** Conditions of D with a code valid on their date, tested (gap taxonomy, section 4); by date, then code. */
export function documentedDiagnoses(context: AnalysisContext): readonly DocumentedDiagnosis[] {
  const results: DocumentedDiagnosis[] = [];
  for (const found of datedConditions(context)) {
    const dos = found.record?.encounter.to ?? found.date;
    if (yearOf(dos) !== context.dosYear) continue;
    if (!context.reference.codes.billableOn(found.code, dos)) continue;
    results.push(tested(context, found, dos));
  }
  return results.sort((a, b) => (a.dos !== b.dos ? (a.dos < b.dos ? -1 : 1) : a.code < b.code ? -1 : 1));
}

function tested(context: AnalysisContext, found: DatedCondition, dos: IsoDate): DocumentedDiagnosis {
  const { condition, record } = found;
  const { eligibility } = context.reference;
  const anchor =
    record !== null
      ? 'anchored'
      : unlinkedExcluded(eligibility.rules, { coverage: context.history.coverage, asOf: context.asOf }, dos)
        ? 'none'
        : 'unlinked';
  const signed = condition.signed ?? record?.encounter.signed ?? null;
  return {
    code: found.code,
    dos,
    found,
    fault: faultOf(context, found, signed),
    uncertainSupport: condition.meat === null || signed === null || anchor === 'unlinked',
    link: linkOf(found, dos),
    anchor,
  };
}

function faultOf(
  context: AnalysisContext,
  found: DatedCondition,
  signed: boolean | null,
): DocumentedFault | null {
  const { condition, record, code } = found;
  if (condition.source !== 'note') return 'problem_list_only';
  if (condition.verification === 'refuted') return 'ruled_out';
  if (isUncertain(condition)) return 'uncertain';
  if (condition.context !== null) return condition.context;
  if (isOver(condition) && !(condition.clinicalStatus === 'remission' && statesRemission(context, code))) {
    return 'resolved';
  }
  // Audio-only is not face to face, even where CMS's filter lets the record pass (F2F-3).
  if (record !== null && (!record.verdict.eligible || record.audioOnly)) return 'encounter_not_eligible';
  if (condition.meat !== null && condition.meat.length === 0) return 'no_meat';
  if (signed === false) return 'unsigned';
  return null;
}

/** Leukaemia, lymphoma and myeloma in remission have codes of their own, which are coded as present. */
function statesRemission(context: AnalysisContext, code: string): boolean {
  return context.reference.codes.description(code)?.includes('remission') === true;
}

function linkOf({ condition, record }: DatedCondition, dos: IsoDate): EncounterLink | null {
  if (condition.encounterId === null) return null;
  const icn = record?.encounter.icn ?? null;
  return {
    encounterId: condition.encounterId,
    icn,
    dos,
    providerNpi: record?.encounter.provider?.npi ?? null,
    status: record === null ? 'no_match' : icn === null ? 'link_pending_icn' : 'linked',
  };
}

/** A documented diagnosis as evidence. */
export function conditionEvidence({ code, dos, found }: DocumentedDiagnosis): Evidence {
  return {
    type: 'condition',
    code,
    date: dos,
    encounterId: found.condition.encounterId,
    source: found.condition.source,
    eligible: found.record?.verdict.eligible ?? null,
  };
}

/** In words, for the explanation. */
export const FAULTS: Readonly<Record<DocumentedFault, string>> = {
  problem_list_only: 'it stands on a list or referral only, without an assessment in the note of a visit',
  ruled_out: 'it was ruled out',
  uncertain: 'it was only suspected',
  family_history: 'it is family history',
  history_of: 'it is history',
  resolved: 'it is over',
  encounter_not_eligible: 'the visit is not an eligible face-to-face encounter',
  no_meat: 'the note shows no monitoring, evaluation, assessment or treatment of it',
  unsigned: 'the note is not signed',
};
