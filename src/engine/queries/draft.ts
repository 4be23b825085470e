import type { Evidence, Gap } from '../analysis-contract.ts';
import { type IsoDate, yearOf } from '../dates.ts';
import { undotted } from '../icd10.ts';
import type { ReferenceData } from '../reference-data.ts';
import { resolveDrug } from '../suspects/drugs.ts';
import type { QueryFinding } from './findings.ts';
import { lintQuery } from './linter.ts';
import {
  indicatorWords,
  type ProviderQuery,
  type QueryIndicator,
  type QueryOption,
  type QuerySubject,
  type QueryTemplate,
} from './query.ts';

export type QueryDraftResult =
  | { readonly ok: true; readonly query: ProviderQuery; readonly subject: QuerySubject }
  | {
      readonly ok: false;
      /** `no_template`: the kind has no question for a provider; `no_indicator`: nothing to cite; `refused`: the linter. */
      readonly reason: 'no_template' | 'no_indicator' | 'refused';
      readonly findings: readonly QueryFinding[];
    };

interface ConditionWords {
  readonly terms: readonly string[];
  readonly question: string | null;
}

type QueryReference = Pick<ReferenceData, 'codes' | 'suspecting' | 'queries'>;
/** The parts of a gap that a query is drawn from. */
export type QueryGap = Pick<
  Gap,
  'kind' | 'hcc' | 'model' | 'hccLabel' | 'dosYear' | 'candidateCodes' | 'evidence' | 'encounterLink'
>;

export interface QueryDraftOptions {
  readonly asOf: IsoDate;
  /** Most indicators cited; the newest are taken. */
  readonly maxIndicators?: number;
}

/**
 * Drafts a provider query from a gap's evidence by the template of its kind, and passes it through the linter; what
 * the linter refuses is not returned as a draft. Prior-year records are cited only before or at a visit (C-4).
 */
export function draftQuery(
  reference: QueryReference,
  gap: QueryGap,
  { asOf, maxIndicators = 6 }: QueryDraftOptions,
): QueryDraftResult {
  const { queries } = reference;
  const template = queries.templates.find(({ gapKind }) => gapKind === gap.kind);
  if (template === undefined) return { ok: false, reason: 'no_template', findings: [] };
  const subject = querySubject(reference, gap);
  const anchor = template.timing === 'retrospective' ? anchorOf(gap) : null;
  const indicators = gap.evidence
    .map((item) => indicatorOf(reference, item))
    .filter((item) => item !== null)
    .filter((item) => anchor === null || ofVisit(item, anchor.encounterId))
    .sort((a, b) => (a.date > b.date ? -1 : a.date < b.date ? 1 : compareLabels(a, b)))
    .slice(0, maxIndicators);
  if (indicators.length === 0) return { ok: false, reason: 'no_indicator', findings: [] };
  const query: ProviderQuery = {
    templateId: template.id,
    templateVersion: template.version,
    type: template.type,
    timing: template.timing,
    title: null,
    opening: template.opening.replace('{facts}', indicators.map(indicatorWords).join('; ')),
    question: questionOf(reference, gap, template),
    indicators,
    options: template.answers.map(
      (kind): QueryOption => ({ kind, text: queries.answers[kind], indicators: [] }),
    ),
    encounterId: anchor?.encounterId ?? null,
    dateOfService: anchor?.dos ?? null,
    documentedRef: null,
    priorOnly: indicators.every(({ date }) => yearOf(date) < gap.dosYear),
    defaultAnswer: null,
  };
  const policy = { asOf, retrospectiveWindowDays: queries.retrospectiveWindowDays };
  const findings = lintQuery({ tables: queries, query, subject, policy });
  return findings.length === 0 ? { ok: true, query, subject } : { ok: false, reason: 'refused', findings };
}

function compareLabels(a: QueryIndicator, b: QueryIndicator): number {
  return a.label < b.label ? -1 : a.label > b.label ? 1 : 0;
}

/** Words that a query about this gap may not put into the provider's mouth, and whether they are documented. */
export function querySubject(reference: QueryReference, gap: QueryGap): QuerySubject {
  const known = conditionOf(reference, gap);
  const descriptions = gap.candidateCodes.map(
    ({ code }) => reference.codes.description(undotted(code)) ?? '',
  );
  return {
    gapKind: gap.kind,
    terms: [...new Set([...(known?.terms ?? []), ...[gap.hccLabel, ...descriptions].flatMap(phrasesOf)])],
    // Specificity and conflict clarify words that the encounter's own record already holds.
    documented: gap.kind === 'specificity' || gap.kind === 'over_coding',
    testNames: gap.evidence.flatMap((item) =>
      item.type === 'observation' ? [labelOf(reference, item)] : [],
    ),
    noHccOptions: [],
  };
}

/** The table is by V28 HCC; the numbers of other models mean other conditions. */
function conditionOf(reference: QueryReference, gap: QueryGap): ConditionWords | undefined {
  return gap.model === 'cms-hcc-v28' ? reference.queries.conditions.get(gap.hcc) : undefined;
}

/** Condition names inside a label or description: its parts, without qualifiers that stand alone. */
function phrasesOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .replace(/\([^)]*\)/g, ' ')
    .split(/[,;/]|\b(?:with|without|and|or|due to|except|in|of|other|unspecified|not)\b/)
    .map((part) => part.replace(/\s+/g, ' ').trim())
    .filter((part) => part.length > 4 && !GENERIC.has(part));
}

const GENERIC: ReadonlySet<string> = new Set([
  'acute',
  'chronic',
  'severe',
  'moderate',
  'complications',
  'disease',
  'disorder',
  'disorders',
  'heart',
  'stage',
  'status',
  'right',
  'lower',
  'upper',
  'limb',
  'extremity',
  'recurrent',
  'single episode',
  'elsewhere classified',
]);

function questionOf(reference: QueryReference, gap: QueryGap, template: QueryTemplate): string {
  if (template.gapKind !== 'clinical_suspect') return template.question;
  return conditionOf(reference, gap)?.question ?? template.question;
}

/** The encounter that a clarifying query is about: the gap's anchor, else the newest eligible record behind it. */
function anchorOf(gap: QueryGap): { readonly encounterId: string; readonly dos: IsoDate } | null {
  if (gap.encounterLink !== null) {
    return { encounterId: gap.encounterLink.encounterId, dos: gap.encounterLink.dos };
  }
  const records = gap.evidence.flatMap(({ encounterId, date, eligible }) =>
    encounterId === null || date === null || eligible !== true ? [] : [{ encounterId, dos: date }],
  );
  return records.sort((a, b) => (a.dos < b.dos ? -1 : 1)).at(-1) ?? null;
}

const SOURCE_WORDS: Readonly<Record<string, string>> = {
  claim: 'visit',
  ehr: 'visit',
  chart_review: 'chart',
  problem_list: 'problem list',
  note: 'note',
  referral: 'referral',
  fill: 'dispensed',
  administration: 'given',
  observation: 'result',
  procedure: 'procedure',
  calculated: 'calculated',
};

function indicatorOf(reference: QueryReference, item: Evidence): QueryIndicator | null {
  if (item.date === null || item.type === 'coverage') return null;
  const source = SOURCE_WORDS[item.source ?? ''] ?? 'record';
  return {
    type: item.type,
    label: labelOf(reference, item),
    value: item.value ?? null,
    unit: item.unit ?? null,
    date: item.date,
    encounterId: item.encounterId,
    sourceRef: item.encounterId === null ? source : `${source} ${item.encounterId}`,
  };
}

/** C-4: about a past visit only its own diagnoses are cited; results and fills stand by themselves. */
function ofVisit(item: QueryIndicator, encounterId: string): boolean {
  const diagnosis = item.type === 'diagnosis' || item.type === 'condition';
  return !diagnosis || item.encounterId === encounterId;
}

/** Procedures are named by what they are, not by code: descriptors of CPT are not ours to print. */
function labelOf(reference: QueryReference, item: Evidence): string {
  const code = item.code ?? '';
  switch (item.type) {
    case 'diagnosis':
    case 'condition':
      return reference.codes.description(undotted(code)) ?? 'a recorded diagnosis';
    case 'observation': {
      const set = reference.suspecting.observationCodes.get(code) ?? code;
      return reference.suspecting.observationSets.get(set)?.analyte ?? 'a result';
    }
    case 'medication': {
      const { drugs } = reference.suspecting;
      for (const system of ['rxnorm', 'ndc']) {
        const found = resolveDrug(drugs, { codings: [{ system, code }], name: null, route: null });
        if (found.ok) return found.ingredients.join(' and ');
      }
      return /^\d+$/.test(code) || code === '' ? 'a medication' : code.toLowerCase();
    }
    case 'procedure':
      return 'a procedure or supply';
    case 'coverage':
      return 'coverage';
  }
}
