import { evaluateExpression } from './atoms.ts';
import type { EventIndex } from './event-index.ts';
import type { Feed } from './events.ts';
import type { Truth } from './evidence.ts';
import type { Expression, SuspectRule } from './rule.ts';
import type { SuspectTables } from './tables.ts';

/** A rule and, where the member has no event of any value set that its evidence reads, what its evidence then is. */
export interface RuleAtHand {
  readonly rule: SuspectRule;
  /** The feeds without which the evidence stays open; null when there are events, so that the rule must be evaluated. */
  readonly open: readonly Feed[] | null;
}

interface Needs {
  /** Rules that read a value set in their evidence. */
  readonly byValueSet: ReadonlyMap<string, readonly SuspectRule[]>;
  /** By the feeds that do not exist: what a member without a single event that a rule reads gets, in id order. */
  readonly withoutEvents: Map<string, readonly RuleAtHand[]>;
}

const needs = new WeakMap<readonly SuspectRule[], Needs>();
const NO_EVENTS: EventIndex = new Map();

/**
 * The rules worth a look for a member, in id order: those whose evidence is not sure to be false for want of any event
 * of a value set that it needs. A feed that does not exist leaves the answer open, so its rules stay. Found from the
 * member's few value sets, not by asking every rule: without events the evidence of a rule is the same for everybody
 * with the same feeds, and is worked out once.
 */
export function rulesWorthEvaluating(
  tables: SuspectTables,
  rules: readonly SuspectRule[],
  index: EventIndex,
  missing: ReadonlySet<Feed>,
): readonly RuleAtHand[] {
  const known = needsOf(tables, rules);
  const touched = new Set<SuspectRule>();
  for (const valueSet of index.keys()) {
    for (const rule of known.byValueSet.get(valueSet) ?? []) touched.add(rule);
  }
  const open = withoutEvents(tables, rules, known, missing);
  if (touched.size === 0) return open;
  const firing = [...touched]
    .filter((rule) => couldFire(tables, index, missing, rule.evidence))
    .map((rule): RuleAtHand => ({ rule, open: null }));
  const untouched = open.filter(({ rule }) => !touched.has(rule));
  return firing.length === 0 ? untouched : [...untouched, ...firing].sort(byId);
}

function byId(a: RuleAtHand, b: RuleAtHand): number {
  return a.rule.id < b.rule.id ? -1 : 1;
}

function withoutEvents(
  tables: SuspectTables,
  rules: readonly SuspectRule[],
  { withoutEvents: known }: Needs,
  missing: ReadonlySet<Feed>,
): readonly RuleAtHand[] {
  const key = [...missing].sort().join();
  const made = known.get(key);
  if (made !== undefined) return made;
  const open = rules
    .flatMap((rule): RuleAtHand[] => {
      const truth = evidenceWithoutEvents(tables, rule.evidence, missing);
      return truth.state === 'unknown' ? [{ rule, open: truth.missing }] : [];
    })
    .sort(byId);
  known.set(key, open);
  return open;
}

/** No atom is true without events, and which person or day it is asked for then makes no difference. */
function evidenceWithoutEvents(
  tables: SuspectTables,
  evidence: Expression,
  missingFeeds: ReadonlySet<Feed>,
): Truth {
  return evaluateExpression(
    {
      tables,
      person: { birthDate: '', sex: 'F', events: [], reviews: [], missingFeeds },
      index: NO_EVENTS,
      asOf: '',
      role: 'support',
      lastEvidence: null,
      within: null,
      issues: [],
    },
    evidence,
  );
}

function needsOf(tables: SuspectTables, rules: readonly SuspectRule[]): Needs {
  const known = needs.get(rules);
  if (known) return known;
  const byValueSet = new Map<string, SuspectRule[]>();
  for (const rule of rules) {
    for (const { valueSet } of readSets(tables, rule.evidence)) {
      byValueSet.set(valueSet, [...(byValueSet.get(valueSet) ?? []), rule]);
    }
  }
  const made: Needs = { byValueSet, withoutEvents: new Map() };
  needs.set(rules, made);
  return made;
}

interface ReadSet {
  readonly valueSet: string;
  readonly feed: Feed | null;
}

/** Value sets that an expression reads, with the feed they come from; null for diagnoses, which always exist. */
function readSets(tables: SuspectTables, expression: Expression): readonly ReadSet[] {
  switch (expression.kind) {
    case 'all':
    case 'any':
    case 'cluster':
      return expression.parts.flatMap((part) => readSets(tables, part));
    case 'derived': {
      const inputs = tables.formulas.get(expression.formula)?.inputs ?? [];
      return inputs.map((valueSet) => ({ valueSet, feed: 'observations' }));
    }
    case 'measure':
    case 'result':
    case 'persistent_band':
    case 'change':
      return [{ valueSet: expression.valueSet, feed: 'observations' }];
    case 'medication':
      return [{ valueSet: expression.valueSet, feed: 'medications' }];
    case 'procedure':
      return [{ valueSet: expression.valueSet, feed: 'procedures' }];
    case 'diagnosis':
      return [{ valueSet: expression.valueSet, feed: null }];
  }
}

function couldFire(
  tables: SuspectTables,
  index: EventIndex,
  missing: ReadonlySet<Feed>,
  expression: Expression,
): boolean {
  if (expression.kind === 'any') {
    return expression.parts.some((part) => couldFire(tables, index, missing, part));
  }
  if (expression.kind === 'all' || expression.kind === 'cluster') {
    return expression.parts.every((part) => couldFire(tables, index, missing, part));
  }
  return readSets(tables, expression).every(
    ({ valueSet, feed }) => index.has(valueSet) || (feed !== null && missing.has(feed)),
  );
}
