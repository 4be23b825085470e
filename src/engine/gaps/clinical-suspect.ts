import type { Confidence, Evidence, NotEvaluable } from '../analysis-contract.ts';
import { yearOf } from '../dates.ts';
import { compareHccs } from '../model.ts';
import type { ModelId } from '../score-contract.ts';
import { rulesWorthEvaluating } from '../suspects/could-fire.ts';
import {
  applies,
  evaluateRule,
  type RuleEvaluation,
  rulesInForce,
  type SuspectModel,
  type SuspectSelection,
} from '../suspects/evaluate.ts';
import type { Feed } from '../suspects/events.ts';
import { compareText, type SuspectEvidence } from '../suspects/evidence.ts';
import type { SuspectModelVersion, SuspectRule } from '../suspects/rule.ts';
import type { SuspectTables } from '../suspects/tables.ts';
import { clinicalFacts } from './clinical-facts.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import { type GapDraft, type KindResult, NOTHING_FOUND } from './draft.ts';
import { listed } from './explain.ts';
import { shownClass } from './persistence.ts';

const DEFAULTS: SuspectSelection = {};

const VERSIONS: Readonly<Partial<Record<ModelId, SuspectModelVersion>>> = {
  'cms-hcc-v24': 'V24',
  'cms-hcc-v28': 'V28',
};

interface Firing {
  readonly rule: SuspectRule;
  readonly evaluation: RuleEvaluation;
}

/**
 * Kind (e): a pattern of results, drugs, procedures or diagnoses that a declarative rule associates with an HCC which
 * neither D nor the look-back holds (gap taxonomy, section 6; rule format). Prospective only, and a question. One gap
 * a model and HCC; several rules that point at it are its evidence together, the best tier its confidence.
 */
export function clinicalSuspectGaps(
  context: AnalysisContext,
  selection: SuspectSelection = context.options.suspecting ?? DEFAULTS,
): KindResult {
  // Suspects are for visits that can still happen; no rule runs for a member who cannot have one.
  if (context.yearState !== 'prospective_open' || context.inactive) return NOTHING_FOUND;
  const tables = context.reference.suspecting;
  const known = clinicalFacts(context);
  const parts = context.parts.flatMap((part) => {
    const version = VERSIONS[part.id];
    return version === undefined ? [] : [{ part, version, model: suspectModel(context, part) }];
  });
  if (parts.length === 0) return NOTHING_FOUND;
  const person = { ...known.person, reviews: selection.reviews ?? [] };
  const models = Object.fromEntries(parts.map(({ version, model }) => [version, model]));
  const inForce = rulesInForce(tables, selection);
  const firings: Firing[] = [];
  const notEvaluable: NotEvaluable[] = [];
  for (const { rule, open } of rulesWorthEvaluating(tables, inForce, known.index, person.missingFeeds)) {
    if (open !== null) {
      if (applies(rule, person, context.asOf)) notEvaluable.push(...notEvaluableOf(parts, rule, open));
      continue;
    }
    const evaluation = evaluateRule({
      tables,
      rule,
      person,
      index: known.index,
      asOf: context.asOf,
      models,
      priorYears: context.options.lookbackYears,
    });
    firings.push({ rule, evaluation });
    const unsure = parts.filter(({ version }) => evaluation.outcomes[version] === 'not_evaluable');
    notEvaluable.push(...notEvaluableOf(unsure, rule, evaluation.missing));
  }
  return {
    gaps: parts.flatMap(({ part, version }) => suspectsOf(context, part, version, firings)),
    notGaps: [],
    notEvaluable,
  };
}

function suspectModel(context: AnalysisContext, part: ModelPart): SuspectModel {
  return {
    hccsOf: (code, date) => (yearOf(date) === context.dosYear ? part.hccsOf(code) : part.pastHccsOf(code)),
    dominates: (upper, lower) => part.model.hierarchy.dominated(upper).has(lower),
  };
}

/** A rule whose evidence hangs on a feed that does not exist, unless its target is captured anyway. */
function notEvaluableOf(
  parts: readonly { readonly part: ModelPart; readonly version: SuspectModelVersion }[],
  rule: SuspectRule,
  missing: readonly Feed[],
): readonly NotEvaluable[] {
  const found: NotEvaluable[] = [];
  for (const { part, version } of parts) {
    const targets = rule.targets[version];
    const [target] = targets;
    if (target === undefined) continue;
    if (rule.suppression.mode === 'hcc' && targets.some(({ hcc }) => isCapturedOrAbove(part, hcc))) continue;
    const hcc = targets.length === 1 ? target.hcc : null;
    if (!found.some((item) => item.hcc === hcc)) found.push({ test: rule.id, hcc, missing });
  }
  return found;
}

function isCapturedOrAbove({ captured, model }: ModelPart, hcc: string): boolean {
  const { categories } = captured;
  if (categories.size === 0) return false;
  if (categories.has(hcc)) return true;
  for (const above of model.hierarchy.dominators(hcc)) if (categories.has(above)) return true;
  return false;
}

function suspectsOf(
  context: AnalysisContext,
  part: ModelPart,
  version: SuspectModelVersion,
  firings: readonly Firing[],
): readonly GapDraft[] {
  const byHcc = new Map<string, Firing[]>();
  for (const firing of firings) {
    if (firing.evaluation.outcomes[version] !== 'suspect') continue;
    const hcc = namedTarget(part, firing.rule, version);
    if (hcc === null) continue;
    byHcc.set(hcc, [...(byHcc.get(hcc) ?? []), firing]);
  }
  return [...byHcc.keys()]
    .sort(compareHccs)
    .map((hcc) => draft(context, part, version, hcc, byHcc.get(hcc) ?? []));
}

/**
 * The HCC that the gap is filed under. A rule with several targets cannot tell them apart; the one lowest in the
 * hierarchy is named, and no worth is shown.
 */
function namedTarget(part: ModelPart, rule: SuspectRule, version: SuspectModelVersion): string | null {
  const hccs = rule.targets[version].map(({ hcc }) => hcc).sort(compareHccs);
  const lowest = hccs.filter((hcc) => !hccs.some((other) => part.model.hierarchy.dominated(hcc).has(other)));
  return lowest.at(-1) ?? null;
}

const TIERS: readonly Confidence[] = ['high', 'medium', 'low'];
const KIND_RANK = ['specificity', 'combination', 'status', 'new_condition'];

/** Specificity wording first, because something is coded already; then the better tier, then the id. */
function byLead(a: Firing, b: Firing): number {
  return (
    KIND_RANK.indexOf(a.rule.kind) - KIND_RANK.indexOf(b.rule.kind) ||
    TIERS.indexOf(a.rule.tier) - TIERS.indexOf(b.rule.tier) ||
    compareText(a.rule.id, b.rule.id)
  );
}

function draft(
  context: AnalysisContext,
  part: ModelPart,
  version: SuspectModelVersion,
  hcc: string,
  firings: readonly Firing[],
): GapDraft {
  const ordered = [...firings].sort(byLead);
  const tier = TIERS.find((level) => ordered.some(({ rule }) => rule.tier === level)) ?? 'low';
  const targets = [
    ...new Set(ordered.flatMap(({ rule }) => rule.targets[version].map((target) => target.hcc))),
  ];
  const { codes } = context.reference;
  const candidates = [...new Set(ordered.flatMap(({ rule }) => rule.candidates.map(({ code }) => code)))]
    .filter((code) => codes.billableOn(code, context.asOf))
    .sort();
  const held = part.captured.categories.has(hcc);
  // No worth where it would mislead: a low tier, or a target that the evidence cannot tell from others.
  const hidden = tier === 'low' || ordered.every(({ rule }) => rule.targets[version].length > 1);
  const evidence = ordered.flatMap(({ evaluation }) => evaluation.evidence.map(evidenceOf));
  return {
    kind: 'clinical_suspect',
    model: part.id,
    hcc,
    status: 'open',
    subKind: null,
    // Every rule that fired, the leading one first.
    reasons: ordered.map(({ rule }) => rule.id),
    flags: [],
    candidateCodes: candidates,
    persistenceClass: shownClass(context, part, hcc, candidates),
    evidence: [...new Map(evidence.map((item) => [JSON.stringify(item), item])).values()],
    encounterLink: null,
    change: hidden ? null : { add: held ? [] : [hcc], remove: [] },
    ...(hidden ? { noWorth: true } : {}),
    confidence: tier,
    ruleId: ordered[0]?.rule.id ?? '',
    explanation: [
      ...ordered.map((firing) => explain(context.reference.suspecting, firing)),
      ...(targets.length > 1 ? [`The evidence cannot tell HCC ${listed(targets)} apart.`] : []),
      ...(held
        ? ['The HCC is captured already; the open point is the code, and the RAF effect is zero.']
        : []),
      'A question for the provider, never a diagnosis.',
    ].join(' '),
    ...(targets.length > 1 ? { relatedHccs: targets.filter((other) => other !== hcc) } : {}),
  };
}

/** What fired, what would rule it out and what could not be checked, in words. */
function explain(tables: SuspectTables, { rule, evaluation }: Firing): string {
  const facts = evaluation.evidence.slice(0, 6).map((item) => factWords(tables, item));
  const more = evaluation.evidence.length - facts.length;
  const against = rule.exclusions.map(({ reason }) => reason);
  const { review } = evaluation;
  return [
    `${rule.title} (rule ${rule.id} ${rule.version}): ${listed(facts)}${more > 0 ? ` and ${more} more` : ''}.`,
    ...(against.length > 0 ? [`Would be ruled out by: ${against.join('; ')}.`] : []),
    ...(evaluation.unchecked.length > 0
      ? [`Not checked, for want of ${listed(evaluation.missing)}: ${evaluation.unchecked.join('; ')}.`]
      : []),
    ...(review === null
      ? []
      : [
          `Newer than the decision of ${review.date} (${review.status}${review.reason ? `: ${review.reason}` : ''}).`,
        ]),
    ...(evaluation.issues.length > 0 ? [`${evaluation.issues.length} results could not be used.`] : []),
    `Caution: ${rule.complianceCaution}`,
  ].join(' ');
}

function factWords(tables: SuspectTables, item: SuspectEvidence): string {
  const value =
    item.value === null ? '' : ` ${item.comparator ?? ''}${item.value}${item.unit ? ` ${item.unit}` : ''}`;
  const what =
    tables.observationSets.get(item.valueSet)?.analyte ??
    (item.ingredients.length > 0 ? item.ingredients.join('/') : (item.code ?? item.valueSet));
  return `${what}${value} on ${item.date}`;
}

function evidenceOf(item: SuspectEvidence): Evidence {
  return {
    type: typeOf(item),
    code: item.code,
    date: item.date,
    encounterId: item.encounterId,
    source: item.source,
    eligible: item.eligible,
    ...(item.value === null ? {} : { value: item.value, unit: item.unit }),
  };
}

/** A diagnosis of the problem list or a note is a condition, not a claim diagnosis. */
function typeOf(item: SuspectEvidence): Evidence['type'] {
  if (item.type === 'derived') return 'observation';
  const recorded = item.source === 'problem_list' || item.source === 'note' || item.source === 'referral';
  return item.type === 'diagnosis' && recorded ? 'condition' : item.type;
}
