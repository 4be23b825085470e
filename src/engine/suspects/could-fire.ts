import type { EventIndex } from './event-index.ts';
import type { Feed } from './events.ts';
import type { Expression, SuspectRule } from './rule.ts';
import type { SuspectTables } from './tables.ts';

interface Needs {
  /** Rules that read a value set in their evidence. */
  readonly byValueSet: ReadonlyMap<string, readonly SuspectRule[]>;
  readonly byFeed: ReadonlyMap<Feed, readonly SuspectRule[]>;
}

const needs = new WeakMap<readonly SuspectRule[], Needs>();

/**
 * The rules worth evaluating for a member, in id order: those whose evidence is not sure to be false for want of any
 * event of a value set that it needs. A feed that does not exist leaves the answer open, so its rules stay. Found from
 * the member's few value sets, not by asking every rule.
 */
export function rulesWorthEvaluating(
  tables: SuspectTables,
  rules: readonly SuspectRule[],
  index: EventIndex,
  missing: ReadonlySet<Feed>,
): readonly SuspectRule[] {
  const known = needsOf(tables, rules);
  const found = new Set<SuspectRule>();
  for (const valueSet of index.keys()) {
    for (const rule of known.byValueSet.get(valueSet) ?? []) found.add(rule);
  }
  for (const feed of missing) for (const rule of known.byFeed.get(feed) ?? []) found.add(rule);
  if (found.size === 0) return [];
  return [...found]
    .filter((rule) => couldFire(tables, index, missing, rule.evidence))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function needsOf(tables: SuspectTables, rules: readonly SuspectRule[]): Needs {
  const known = needs.get(rules);
  if (known) return known;
  const byValueSet = new Map<string, SuspectRule[]>();
  const byFeed = new Map<Feed, SuspectRule[]>();
  for (const rule of rules) {
    for (const { valueSet, feed } of readSets(tables, rule.evidence)) {
      byValueSet.set(valueSet, [...(byValueSet.get(valueSet) ?? []), rule]);
      if (feed !== null) byFeed.set(feed, [...(byFeed.get(feed) ?? []), rule]);
    }
  }
  const made = { byValueSet, byFeed };
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
