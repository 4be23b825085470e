import type { Atom, CompareOp, Expression, SuspectRule } from './rule.ts';
import type { SuspectTables } from './tables.ts';

/** A rule for people: `GET /v1/reference/suspecting-rules`. For coders and administrators, never for a provider. */
export interface RuleDescription {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly kind: string;
  readonly status: string;
  readonly defaultEnabled: boolean;
  readonly sensitivity: string | null;
  readonly tier: string;
  readonly tierReason: string;
  readonly targets: Readonly<
    Record<'V24' | 'V28', readonly { readonly hcc: string; readonly label: string }[]>
  >;
  /** Who the rule is for. */
  readonly appliesTo: string;
  /** What makes it fire, in words. */
  readonly firesWhen: string;
  /** What rules it out, in words. */
  readonly ruledOutBy: readonly string[];
  /** What makes it fall silent because the condition is already coded. */
  readonly silentWhen: string;
  readonly citations: readonly {
    readonly title: string;
    readonly url: string | null;
    readonly reRead: boolean;
  }[];
  readonly complianceCaution: string;
  /** Clinical review status of the library; no certified person has signed it unless it says so. */
  readonly clinicalReviewStatus: string;
  readonly libraryVersion: string;
}

/** Puts a rule into plain words, with its citations, its switch and the review status of the library. */
export function describeRule(
  tables: Omit<SuspectTables, 'rules' | 'drugs'>,
  rule: SuspectRule,
): RuleDescription {
  return {
    id: rule.id,
    version: rule.version,
    title: rule.title,
    kind: rule.kind,
    status: rule.status,
    defaultEnabled: rule.defaultEnabled,
    sensitivity: rule.sensitivity,
    tier: rule.tier,
    tierReason: rule.tierReason,
    targets: rule.targets,
    appliesTo: whoFor(rule),
    firesWhen: wordsOf(tables, rule.evidence),
    ruledOutBy: [
      ...rule.exclusions.map((exclusion) => `${exclusion.reason} (${wordsOf(tables, exclusion.when)})`),
      ...rule.contradictedBy.map((expression) => `later than the evidence: ${wordsOf(tables, expression)}`),
    ],
    silentWhen:
      rule.suppression.mode === 'hcc'
        ? 'a claim of the service year carries a target HCC or one above it'
        : `a claim of the service year carries a code of ${rule.suppression.patterns.join(', ')}`,
    citations: rule.references,
    complianceCaution: rule.complianceCaution,
    clinicalReviewStatus: tables.library.reviewStatus,
    libraryVersion: tables.library.version,
  };
}

function whoFor(rule: SuspectRule): string {
  const { minAge, maxAge, sex } = rule.applicability;
  const who = sex === 'M' ? 'men' : sex === 'F' ? 'women' : 'everyone';
  if (minAge !== null && maxAge !== null) return `${who} aged ${minAge} to ${maxAge}`;
  if (minAge !== null) return `${who} aged ${minAge} or older`;
  return maxAge === null ? who : `${who} aged ${maxAge} or younger`;
}

function wordsOf(tables: Omit<SuspectTables, 'rules' | 'drugs'>, expression: Expression): string {
  switch (expression.kind) {
    case 'all':
    case 'any': {
      const parts = expression.parts.map((part) => wordsOf(tables, part));
      if (parts.length === 1) return parts[0] ?? '';
      return `${expression.kind === 'all' ? 'all of' : 'any of'}: (${parts.join('; ')})`;
    }
    default:
      return atomWords(tables, expression);
  }
}

const OP_WORDS: Readonly<Record<CompareOp, string>> = {
  '>': 'above',
  '>=': 'at or above',
  '<': 'below',
  '<=': 'at or below',
};

function atomWords(tables: Omit<SuspectTables, 'rules' | 'drugs'>, atom: Atom): string {
  const analyte = (valueSet: string): string => tables.observationSets.get(valueSet)?.analyte ?? valueSet;
  const since = atom.lookbackMonths === null ? 'ever' : `in the last ${atom.lookbackMonths} months`;
  switch (atom.kind) {
    case 'measure':
      return `${analyte(atom.valueSet)} ${OP_WORDS[atom.op]} ${atom.value} ${atom.unit}, ${times(atom)}, ${since}`;
    case 'result':
      return `${analyte(atom.valueSet)} ${atom.result}, ${times(atom)}, ${since}`;
    case 'persistent_band': {
      const from = atom.minInclusive === null ? '' : ` of at least ${atom.minInclusive}`;
      const to = atom.maxExclusive === null ? '' : ` below ${atom.maxExclusive}`;
      return `highest ${analyte(atom.valueSet)}${from}${to} ${atom.unit} over results at least ${atom.minSpanDays} days apart, ${since}`;
    }
    case 'medication': {
      const routes = atom.routes === null ? '' : ` (${atom.routes.join(' or ')})`;
      const partner =
        atom.productAlsoContains === null
          ? ''
          : ` in a product with ${drugNames(tables, atom.productAlsoContains)}`;
      return `${drugNames(tables, atom.valueSet)}${routes}${partner} dispensed ${times(atom)}, ${since}`;
    }
    case 'diagnosis':
      return `a diagnosis of ${codes(tables.diagnosisSets.get(atom.valueSet), atom.valueSet)}, ${times(atom)}, ${since}`;
    case 'procedure':
      return `a procedure or supply of ${codes(tables.procedureSets.get(atom.valueSet), atom.valueSet)}, ${times(atom)}, ${since}`;
    case 'derived': {
      const formula = tables.formulas.get(atom.formula);
      return `${atom.formula} (${formula?.expression ?? ''}) ${OP_WORDS[atom.op]} ${atom.value}, ${times(atom)}, ${since}`;
    }
    case 'cluster': {
      const parts = atom.parts.map((part) => atomWords(tables, part)).join('; ');
      return `within ${atom.withinDays} days of each other, ${times(atom)}, ${since}: (${parts})`;
    }
    case 'change':
      return `${analyte(atom.valueSet)} with a ${atom.direction} of at least ${atom.minPercent} % within ${atom.withinDays} days, ${since}`;
  }
}

function times(atom: { readonly count: number; readonly minSpanDays: number }): string {
  if (atom.count === 1) return 'at least once';
  const apart = atom.minSpanDays === 0 ? '' : `, first to last ${atom.minSpanDays} days or more`;
  return `on at least ${atom.count} dates${apart}`;
}

function drugNames(tables: Omit<SuspectTables, 'rules' | 'drugs'>, valueSet: string): string {
  const names = [...(tables.medicationSets.get(valueSet) ?? [valueSet])].sort();
  return names.length > 6
    ? `${names.slice(0, 6).join(', ')} or ${names.length - 6} more`
    : names.join(' or ');
}

function codes(set: Iterable<string> | undefined, valueSet: string): string {
  const list = [...(set ?? [])].sort();
  const shown = list.slice(0, 8).join(', ');
  return list.length > 8 ? `${valueSet} (${shown} and ${list.length - 8} more)` : `${valueSet} (${shown})`;
}
