import type { IsoDate } from '../dates.ts';

/** A fact of this patient's record that a query cites (CQ-2). */
export interface QueryIndicator {
  readonly type: 'diagnosis' | 'condition' | 'observation' | 'medication' | 'procedure' | 'coverage';
  /** What was found, in words: `Body mass index`, `sertraline`, the recorded diagnosis in its own words. */
  readonly label: string;
  readonly value: number | string | null;
  readonly unit: string | null;
  readonly date: IsoDate;
  /** The record it can be opened in: `vitals E1`, `claim E2`. */
  readonly sourceRef: string;
  /** The encounter it belongs to; null for a result or fill that stands alone. */
  readonly encounterId: string | null;
}

export type QueryType = 'open_ended' | 'multiple_choice' | 'yes_no';
export type QueryTiming = 'prospective' | 'concurrent' | 'retrospective';
export const ANSWER_KINDS = [
  'condition',
  'present',
  'resolved',
  'in_remission',
  'history_of',
  'never_had',
  'not_clinically_significant',
  'unable_to_determine',
  'other',
  'yes',
  'no',
] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

export interface QueryOption {
  readonly kind: AnswerKind;
  readonly text: string;
  /** Positions of the indicators that support a condition; empty for the fixed answers. */
  readonly indicators: readonly number[];
}

/** A query as a provider would see it; CQ-13: no codes, HCCs, labels, tiers or worth anywhere in it. */
export interface ProviderQuery {
  readonly templateId: string;
  readonly templateVersion: string;
  readonly type: QueryType;
  readonly timing: QueryTiming;
  readonly title: string | null;
  /** Facts with dates and sources. */
  readonly opening: string;
  readonly question: string;
  readonly indicators: readonly QueryIndicator[];
  readonly options: readonly QueryOption[];
  /** The encounter that the query is about; null for a visit still to come. */
  readonly encounterId: string | null;
  readonly dateOfService: IsoDate | null;
  /** Yes/no only: where this very encounter's record already states it. */
  readonly documentedRef: { readonly encounterId: string; readonly locator: string } | null;
  /** All indicators are of earlier encounters (CQ-7). */
  readonly priorOnly: boolean;
  /** CQ-12: nothing is chosen beforehand. */
  readonly defaultAnswer: null;
}

/** What a query is about; for the linter, never for the provider. */
export interface QuerySubject {
  readonly gapKind: string;
  /** Words that name the hoped-for condition: title, codes' descriptions, synonyms. */
  readonly terms: readonly string[];
  /** The condition is already documented at the encounter in question. */
  readonly documented: boolean;
  /** Names of tests in the record that hold a condition's name (a hepatitis B antigen): facts, not suggestions. */
  readonly testNames: readonly string[];
  /** Options without an HCC that the same indicators support (CQ-4). */
  readonly noHccOptions: readonly string[];
}

export interface QueryPolicy {
  readonly asOf: IsoDate;
  /** Days after the date of service within which a retrospective query may be sent (CQ-8). */
  readonly retrospectiveWindowDays: number;
}

/** Words, templates and condition terms, loaded from the package `queries`. */
export interface QueryTables {
  readonly words: {
    readonly imperatives: readonly string[];
    readonly leading: readonly string[];
    readonly money: readonly string[];
    readonly pressure: readonly string[];
    readonly severity: readonly string[];
    readonly payloadFields: readonly string[];
  };
  readonly templates: readonly QueryTemplate[];
  readonly answers: Readonly<Record<AnswerKind, string>>;
  /** By V28 HCC. */
  readonly conditions: ReadonlyMap<
    string,
    { readonly terms: readonly string[]; readonly question: string | null }
  >;
  readonly retrospectiveWindowDays: number;
}

export interface QueryTemplate {
  readonly id: string;
  readonly version: string;
  readonly gapKind: string;
  readonly type: QueryType;
  readonly timing: QueryTiming;
  readonly priorOnly: boolean;
  /** `{facts}` stands for the indicators. */
  readonly opening: string;
  readonly question: string;
  readonly answers: readonly AnswerKind[];
}

/** The query as one text, as it is sent and kept (CQ-11: the same input gives the same text, so it can be hashed). */
export function renderQuery(query: ProviderQuery): string {
  const title = query.title === null ? '' : `${query.title}\n`;
  const options = query.options.map((option) => `\n( ) ${option.text}`).join('');
  return `${title}${query.opening} ${query.question}${options}`;
}

/** An indicator in words: `Body mass index 41.2 kg/m2 on 2026-03-04 (vitals E1)`; the unit one is not spelt out. */
export function indicatorWords(indicator: QueryIndicator): string {
  const unit =
    indicator.unit === null || /^(?:1|\{[^}]*\})?$/.test(indicator.unit) ? '' : ` ${indicator.unit}`;
  const value = indicator.value === null ? '' : ` ${indicator.value}${unit}`;
  return `${indicator.label}${value} on ${indicator.date} (${indicator.sourceRef})`;
}
