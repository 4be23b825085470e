import { ageOn, type IsoDate, yearOf } from '../dates.ts';
import { evaluateExpression, type Scope } from './atoms.ts';
import { type EventIndex, indexEvents } from './event-index.ts';
import type { DiagnosisEvent, Feed, SuspectPerson, SuspectReview } from './events.ts';
import {
  compareText,
  type DataIssue,
  distinctEvidence,
  type SuspectEvidence,
  type Truth,
} from './evidence.ts';
import { SUSPECT_MODEL_VERSIONS, type SuspectModelVersion, type SuspectRule } from './rule.ts';
import { matchesPattern, type SuspectTables } from './tables.ts';

export type SuspectOutcome =
  | 'not_applicable'
  | 'no_evidence'
  /** A feed that could decide does not exist: never a pass, never a suspect. */
  | 'not_evaluable'
  | 'excluded'
  | 'not_targeted'
  | 'captured'
  | 'recapture'
  | 'suspect'
  | 'dismissed';

/** What the evaluator must know of a model: which HCCs a claim diagnosis gives, and who stands above whom. */
export interface SuspectModel {
  /** HCCs of an undotted code, edits applied; empty when it maps to none. */
  hccsOf(code: string, date: IsoDate): readonly string[];
  /** True when `upper` stands above `lower` in the hierarchy, through others too. */
  dominates(upper: string, lower: string): boolean;
}

export interface RuleEvaluation {
  readonly ruleId: string;
  readonly ruleVersion: string;
  readonly outcomes: Readonly<Partial<Record<SuspectModelVersion, SuspectOutcome>>>;
  /** Every record that made the evidence true. */
  readonly evidence: readonly SuspectEvidence[];
  readonly lastEvidence: IsoDate | null;
  /** What ruled the suspect out: the exclusions and later contrary records that were met. */
  readonly ruledOut: readonly { readonly reason: string; readonly evidence: readonly SuspectEvidence[] }[];
  /** Exclusions that could not be checked because their feed does not exist. */
  readonly unchecked: readonly string[];
  readonly missing: readonly Feed[];
  readonly issues: readonly DataIssue[];
  /** The review that hides the suspect, or the one that newer evidence has overtaken. */
  readonly review: SuspectReview | null;
}

export interface EvaluationInput {
  readonly tables: SuspectTables;
  readonly rule: SuspectRule;
  readonly person: SuspectPerson;
  /** Events by value set, when the caller evaluates several rules for one person. */
  readonly index?: EventIndex;
  /** Evaluation date; never the system clock. */
  readonly asOf: IsoDate;
  /** Models to answer for; one left out gets no outcome. */
  readonly models: Readonly<Partial<Record<SuspectModelVersion, SuspectModel>>>;
  /** Previous calendar years in which a captured target makes a recapture instead of a suspect. */
  readonly priorYears: number;
}

/**
 * Evaluates one rule: applicability, evidence, exclusions and contradictions, then per model captured, recapture or
 * suspect, then reviews; the first that applies wins. Independent of the order and repetition of events.
 */
export function evaluateRule(input: EvaluationInput): RuleEvaluation {
  const { rule, person, asOf, tables } = input;
  const issues: DataIssue[] = [];
  const base: RuleEvaluation = {
    ruleId: rule.id,
    ruleVersion: rule.version,
    outcomes: {},
    evidence: [],
    lastEvidence: null,
    ruledOut: [],
    unchecked: [],
    missing: [],
    issues: [],
    review: null,
  };
  if (!applies(rule, person, asOf)) return { ...base, outcomes: targetedOr(input, 'not_applicable') };

  const index = input.index ?? indexEvents(tables, person.events);
  const scope: Scope = {
    tables,
    person,
    index,
    asOf,
    role: 'support',
    lastEvidence: null,
    within: null,
    issues,
  };
  const truth = evaluateExpression(scope, rule.evidence);
  if (truth.state === 'unknown') {
    return {
      ...base,
      outcomes: targetedOr(input, 'not_evaluable'),
      missing: truth.missing,
      issues: distinctIssues(issues),
    };
  }
  if (truth.state === 'false') {
    return { ...base, outcomes: targetedOr(input, 'no_evidence'), issues: distinctIssues(issues) };
  }
  const evidence = distinctEvidence(truth.evidence);
  const lastEvidence = evidence.at(-1)?.date ?? null;
  const against: Scope = { ...scope, role: 'rule_out', lastEvidence };
  const checks = [
    ...rule.exclusions.map((exclusion) => ({
      reason: exclusion.reason,
      truth: evaluateExpression(against, exclusion.when),
    })),
    ...rule.contradictedBy.map((expression) => ({
      reason: 'contrary record after the evidence',
      truth: evaluateExpression(against, expression),
    })),
  ];
  const found = {
    ...base,
    evidence,
    lastEvidence,
    ruledOut: checks.flatMap((check) => metCheck(check.reason, check.truth)),
    unchecked: checks.filter((check) => check.truth.state === 'unknown').map((check) => check.reason),
    missing: [
      ...new Set(checks.flatMap((check) => (check.truth.state === 'unknown' ? check.truth.missing : []))),
    ].sort(),
    issues: distinctIssues(issues),
  };
  if (found.ruledOut.length > 0) return { ...found, outcomes: targetedOr(input, 'excluded') };
  return settle(input, found, lastEvidence ?? asOf);
}

function metCheck(
  reason: string,
  truth: Truth,
): readonly { readonly reason: string; readonly evidence: readonly SuspectEvidence[] }[] {
  return truth.state === 'true' ? [{ reason, evidence: distinctEvidence(truth.evidence) }] : [];
}

/** True for a person of the age and sex that the rule speaks of. */
export function applies(
  rule: SuspectRule,
  person: Pick<SuspectPerson, 'birthDate' | 'sex'>,
  asOf: IsoDate,
): boolean {
  const { minAge, maxAge, sex } = rule.applicability;
  const age = ageOn(person.birthDate, asOf);
  if (minAge !== null && age < minAge) return false;
  if (maxAge !== null && age > maxAge) return false;
  return sex === null || sex === person.sex;
}

function modelsOf(input: EvaluationInput): SuspectModelVersion[] {
  return SUSPECT_MODEL_VERSIONS.filter((version) => input.models[version] !== undefined);
}

/** A model that the rule does not target says so whatever the evidence says. */
function targetedOr(input: EvaluationInput, outcome: SuspectOutcome): RuleEvaluation['outcomes'] {
  return Object.fromEntries(
    modelsOf(input).map((version) => [
      version,
      input.rule.targets[version].length === 0 ? 'not_targeted' : outcome,
    ]),
  );
}

function settle(input: EvaluationInput, found: RuleEvaluation, lastEvidence: IsoDate): RuleEvaluation {
  const { rule, person, asOf } = input;
  const serviceYear = yearOf(asOf);
  const claims = person.events.filter(
    (event): event is DiagnosisEvent =>
      event.type === 'diagnosis' && event.riskAdjustable && event.date <= asOf && !unsupported(event),
  );
  const reviews = person.reviews.filter((review) => review.ruleId === rule.id && review.date <= asOf);
  const hiding = latest(
    reviews.filter(
      (review) =>
        review.status === 'ruled_out' ||
        (review.status === 'dismissed' && yearOf(review.date) === serviceYear),
    ),
  );
  const hidden = hiding !== null && lastEvidence <= hiding.date;
  const outcomes = modelsOf(input).map((version): [SuspectModelVersion, SuspectOutcome] => {
    const model = input.models[version];
    const targets = rule.targets[version].map((target) => target.hcc);
    if (model === undefined || targets.length === 0) return [version, 'not_targeted'];
    const meets = (event: DiagnosisEvent): boolean => meetsTarget(rule, model, targets, event);
    const inYears = (from: number, to: number): boolean =>
      claims.some((event) => yearOf(event.date) >= from && yearOf(event.date) <= to && meets(event));
    if (inYears(serviceYear, serviceYear)) return [version, 'captured'];
    if (inYears(serviceYear - input.priorYears, serviceYear - 1)) return [version, 'recapture'];
    return [version, hidden ? 'dismissed' : 'suspect'];
  });
  return { ...found, outcomes: Object.fromEntries(outcomes), review: hiding };
}

function unsupported(event: DiagnosisEvent): boolean {
  return event.verification === 'refuted' || event.verification === 'entered-in-error';
}

function latest(reviews: readonly SuspectReview[]): SuspectReview | null {
  return [...reviews].sort((a, b) => compareText(a.date + a.status, b.date + b.status)).at(-1) ?? null;
}

/** `mode: hcc`: a target HCC or one above it; `mode: code`: a code of the pattern, whatever its HCC. */
function meetsTarget(
  rule: SuspectRule,
  model: SuspectModel,
  targets: readonly string[],
  event: DiagnosisEvent,
): boolean {
  if (rule.suppression.mode === 'code') {
    return rule.suppression.patterns.some((pattern) => matchesPattern(event.code, pattern));
  }
  return model
    .hccsOf(event.code, event.date)
    .some((hcc) => targets.some((target) => hcc === target || model.dominates(hcc, target)));
}

function distinctIssues(issues: readonly DataIssue[]): DataIssue[] {
  const byKey = new Map(issues.map((issue) => [JSON.stringify(issue), issue]));
  return [...byKey].sort(([a], [b]) => compareText(a, b)).map(([, issue]) => issue);
}

export interface RuleSelection {
  /** Tenant's switches by rule id; a rule not named follows its own default. */
  readonly enabledRules?: Readonly<Record<string, boolean>>;
  /** A tenant's own rules; one with the id of a library rule takes its place. */
  readonly extraRules?: readonly SuspectRule[];
}

/** A tenant's switches, own rules and review decisions; all optional. */
export interface SuspectSelection extends RuleSelection {
  readonly reviews?: readonly SuspectReview[];
}

const inForce = new WeakMap<RuleSelection, WeakMap<SuspectTables, readonly SuspectRule[]>>();
const DEFAULTS: RuleSelection = {};

/**
 * Rules that run for a tenant: active ones, each switched by the tenant or by its own default, in id order. Worked out
 * once per selection object, so a caller keeps one object per tenant and setting.
 */
export function rulesInForce(
  tables: SuspectTables,
  selection: RuleSelection = DEFAULTS,
): readonly SuspectRule[] {
  const known = inForce.get(selection)?.get(tables);
  if (known) return known;
  const byId = new Map(tables.rules.map((rule) => [rule.id, rule]));
  for (const rule of selection.extraRules ?? []) byId.set(rule.id, rule);
  const rules = [...byId.values()]
    .filter((rule) => rule.status === 'active')
    .filter((rule) => selection.enabledRules?.[rule.id] ?? rule.defaultEnabled)
    .sort((a, b) => compareText(a.id, b.id));
  const byTables = inForce.get(selection) ?? new WeakMap<SuspectTables, readonly SuspectRule[]>();
  inForce.set(selection, byTables.set(tables, rules));
  return rules;
}
