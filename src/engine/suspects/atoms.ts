import { addDays, ageOn, daysBetween, type IsoDate, isIsoDate } from '../dates.ts';
import type { EventIndex } from './event-index.ts';
import {
  type DiagnosisEvent,
  type Feed,
  isUsableResult,
  type MedicationEvent,
  type ObservationEvent,
  type ProcedureEvent,
  type SuspectEvent,
  type SuspectPerson,
  wasDone,
  wasTaken,
} from './events.ts';
import { allOf, anyOf, type DataIssue, FALSE, type SuspectEvidence, type Truth } from './evidence.ts';
import { evaluateFormula, type FormulaNode, parseFormula } from './formula.ts';
import type { Atom, Expression } from './rule.ts';
import type { DerivedFormula, ObservationSet, SuspectTables } from './tables.ts';
import { canonicalValue, compare, qualitativeValue, satisfies } from './values.ts';

/** What an expression is evaluated against. */
export interface Scope {
  readonly tables: SuspectTables;
  readonly person: SuspectPerson;
  readonly index: EventIndex;
  readonly asOf: IsoDate;
  /** Resolved or inactive conditions rule out and never support. */
  readonly role: 'support' | 'rule_out';
  /** Date of the last evidence event, for atoms with `afterEvidence`. */
  readonly lastEvidence: IsoDate | null;
  /** Days around the anchor, inside a cluster. */
  readonly within: { readonly from: IsoDate; readonly to: IsoDate } | null;
  readonly issues: DataIssue[];
}

const IGNORED_DIAGNOSIS = new Set(['refuted', 'entered-in-error', 'provisional', 'differential']);

/** Evaluates an expression; every true branch contributes its records. */
export function evaluateExpression(scope: Scope, expression: Expression): Truth {
  switch (expression.kind) {
    case 'all':
      return allOf(expression.parts.map((part) => evaluateExpression(scope, part)));
    case 'any':
      return anyOf(expression.parts.map((part) => evaluateExpression(scope, part)));
    default:
      return evaluateAtom(scope, expression);
  }
}

function evaluateAtom(scope: Scope, atom: Atom): Truth {
  switch (atom.kind) {
    case 'measure': {
      const hits = measurements(scope, atom, atom.valueSet)
        .filter((hit) => satisfies(hit.event, hit.value, atom))
        .map((hit) => hit.evidence);
      return repeated(scope, hits, atom, 'observations');
    }
    case 'result': {
      const set = scope.tables.observationSets.get(atom.valueSet);
      const hits = results(scope, atom, atom.valueSet).flatMap((event) => {
        if (set === undefined) return [];
        const reading = qualitativeValue(scope.tables, set, event);
        if (!reading.ok) report(scope, event, atom.valueSet, reading.reason);
        return reading.ok && reading.value === atom.result ? [observed(event, set, null)] : [];
      });
      return repeated(scope, hits, atom, 'observations');
    }
    case 'persistent_band':
      return persistentBand(scope, atom);
    case 'medication':
      return repeated(scope, medications(scope, atom), atom, 'medications');
    case 'diagnosis': {
      const hits = eventsOf(scope, atom, atom.valueSet, 'diagnosis')
        .filter((event) => usableDiagnosis(scope, event))
        .map((event) => plain(event, event.code, atom.valueSet));
      return repeated(scope, hits, atom, null);
    }
    case 'procedure': {
      const hits = eventsOf(scope, atom, atom.valueSet, 'procedure')
        .filter(wasDone)
        .map((event) => plain(event, event.code, atom.valueSet));
      return repeated(scope, hits, atom, 'procedures');
    }
    case 'derived':
      return repeated(scope, derived(scope, atom), atom, 'observations');
    case 'cluster':
      return cluster(scope, atom);
    case 'change':
      return change(scope, atom);
  }
}

/** Enough distinct dates, far enough apart; else false, or unknown where the feed does not exist. */
function repeated(
  scope: Scope,
  hits: readonly SuspectEvidence[],
  need: { readonly count: number; readonly minSpanDays: number },
  feed: Feed | null,
): Truth {
  const dates = distinctDates(hits);
  const [first] = dates;
  const last = dates.at(-1);
  if (first !== undefined && last !== undefined) {
    if (dates.length >= need.count && daysBetween(first, last) >= need.minSpanDays) {
      return { state: 'true', evidence: hits };
    }
  }
  return absent(scope, feed);
}

function absent(scope: Scope, feed: Feed | null): Truth {
  return feed !== null && scope.person.missingFeeds.has(feed) ? { state: 'unknown', missing: [feed] } : FALSE;
}

function distinctDates(items: readonly { readonly date: IsoDate }[]): IsoDate[] {
  return [...new Set(items.map((item) => item.date))].sort();
}

/** Events of a type that lie in the atom's window: `asOf - N months < date <= asOf`, months clamped to their end. */
function eventsOf<T extends SuspectEvent['type']>(
  scope: Scope,
  atom: Atom,
  valueSet: string,
  type: T,
): Extract<SuspectEvent, { type: T }>[] {
  const events = scope.index.get(valueSet);
  if (events === undefined) return [];
  const after = atom.lookbackMonths === null ? null : monthsBefore(scope.asOf, atom.lookbackMonths);
  return events.filter((event): event is Extract<SuspectEvent, { type: T }> => {
    if (event.type !== type || event.date > scope.asOf) return false;
    if (after !== null && event.date <= after) return false;
    if (atom.afterEvidence && (scope.lastEvidence === null || event.date <= scope.lastEvidence)) return false;
    return scope.within === null || (event.date >= scope.within.from && event.date <= scope.within.to);
  });
}

/** The same day `months` calendar months earlier, the day clamped: 31 March less one month is 28 or 29 February. */
export function monthsBefore(date: IsoDate, months: number): IsoDate {
  const index = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 - months;
  const stem = `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
  for (let day = Number(date.slice(8)); day > 28; day -= 1) {
    if (isIsoDate(`${stem}-${day}`)) return `${stem}-${day}`;
  }
  return `${stem}-${date.slice(8) > '28' ? '28' : date.slice(8)}`;
}

function usableDiagnosis(scope: Scope, event: DiagnosisEvent): boolean {
  if (event.verification !== null && IGNORED_DIAGNOSIS.has(event.verification.toLowerCase())) return false;
  return event.active || scope.role === 'rule_out';
}

/** Usable results of a value set, by LOINC code or by the value set that intake mapped a local code to. */
function results(scope: Scope, atom: Atom, valueSet: string): ObservationEvent[] {
  return eventsOf(scope, atom, valueSet, 'observation').filter(isUsableResult);
}

interface Measurement {
  readonly event: ObservationEvent;
  readonly value: number;
  readonly nudge: -1 | 0 | 1;
  readonly evidence: SuspectEvidence;
}

function measurements(scope: Scope, atom: Atom, valueSet: string): Measurement[] {
  const set = scope.tables.observationSets.get(valueSet);
  if (set === undefined) return [];
  return results(scope, atom, valueSet).flatMap((event) => {
    const reading = canonicalValue(scope.tables, set, event);
    if (!reading.ok) {
      report(scope, event, valueSet, reading.reason);
      return [];
    }
    const { value, nudge } = reading.value;
    return [{ event, value, nudge, evidence: observed(event, set, value) }];
  });
}

function report(
  scope: Scope,
  event: SuspectEvent & { code: string | null },
  valueSet: string,
  reason: string,
): void {
  scope.issues.push({ code: event.code, valueSet, date: event.date, reason });
}

function persistentBand(scope: Scope, atom: Extract<Atom, { kind: 'persistent_band' }>): Truth {
  const usable = measurements(scope, atom, atom.valueSet);
  const dates = distinctDates(usable.map((hit) => hit.event));
  const latest = dates.at(-1);
  if (latest === undefined) return absent(scope, 'observations');
  const start = dates.filter((date) => daysBetween(date, latest) >= atom.minSpanDays).at(-1);
  if (start === undefined) return absent(scope, 'observations');
  const window = usable.filter((hit) => hit.event.date >= start);
  // The highest result is the conservative stage; ">60" counts as just above 60.
  const staging = window.reduce((top, hit) =>
    hit.value > top.value || (hit.value === top.value && hit.nudge > top.nudge) ? hit : top,
  );
  const { minInclusive: min, maxExclusive: max } = atom;
  const below = min !== null && (staging.value < min || (staging.value === min && staging.nudge < 0));
  const above = max !== null && (staging.value > max || (staging.value === max && staging.nudge >= 0));
  if (below || above) return FALSE;
  return { state: 'true', evidence: window.map((hit) => hit.evidence) };
}

function medications(scope: Scope, atom: Extract<Atom, { kind: 'medication' }>): SuspectEvidence[] {
  const wanted = scope.tables.medicationSets.get(atom.valueSet);
  const partner = atom.productAlsoContains;
  const partners = partner === null ? null : (scope.tables.medicationSets.get(partner) ?? new Set([partner]));
  return eventsOf(scope, atom, atom.valueSet, 'medication').flatMap((event) => {
    const matched = event.ingredients.filter((ingredient) => wanted?.has(ingredient) ?? false);
    if (!countsAsTaken(scope, event, atom.valueSet)) return [];
    if (partners !== null && !event.ingredients.some((ingredient) => partners.has(ingredient))) return [];
    if (atom.routes !== null) {
      if (event.route === null) {
        report(scope, event, atom.valueSet, 'route is missing and the rule names routes');
        return [];
      }
      if (!atom.routes.includes(event.route)) return [];
    }
    return [
      { ...plain(event, event.code ?? matched[0] ?? null, atom.valueSet), ingredients: event.ingredients },
    ];
  });
}

/** Dispensings and outpatient administrations count; an administration of unknown setting is reported. */
function countsAsTaken(scope: Scope, event: MedicationEvent, valueSet: string): boolean {
  if (event.kind === 'administration' && event.setting === null) {
    report(scope, event, valueSet, 'administration without setting: inpatient or outpatient is unknown');
  }
  return wasTaken(event);
}

const parsed = new WeakMap<DerivedFormula, FormulaNode>();

function formulaOf(formula: DerivedFormula): FormulaNode {
  const known = parsed.get(formula) ?? parseFormula(formula.expression);
  parsed.set(formula, known);
  return known;
}

/** Of several results on one day, every combination must satisfy the test. */
function derived(scope: Scope, atom: Extract<Atom, { kind: 'derived' }>): SuspectEvidence[] {
  const formula = scope.tables.formulas.get(atom.formula);
  if (formula === undefined) return [];
  const node = formulaOf(formula);
  const inputs = formula.inputs.map((valueSet) => ({
    name: valueSet.replace(/^(?:LAB|OBS)_/, ''),
    // A result with a comparator is a bound, not a number to calculate with.
    hits: measurements(scope, atom, valueSet).filter((hit) => hit.event.comparator === null),
  }));
  return distinctDates(inputs.flatMap((input) => input.hits.map((hit) => hit.event))).flatMap((date) => {
    const sameDay = inputs.map((input) => input.hits.filter((hit) => hit.event.date === date));
    const age = ageOn(scope.person.birthDate, date);
    const values = combinations(sameDay).map((combination) => {
      const names = new Map(combination.map((hit, index) => [inputs[index]?.name ?? '', hit.value]));
      return evaluateFormula(node, names.set('age_years_at_result_date', age));
    });
    if (values.length === 0 || !values.every((value) => value !== null && compare(value, atom))) return [];
    const least = values.reduce((a, b) => ((a ?? 0) < (b ?? 0) ? a : b), values[0] ?? null);
    const result: SuspectEvidence = {
      type: 'derived',
      code: atom.formula,
      valueSet: atom.formula,
      date,
      value: least === null ? null : Number(least.toFixed(2)),
      unit: null,
      comparator: null,
      convertedValue: null,
      canonicalUnit: null,
      ingredients: [],
      source: 'calculated',
      encounterId: null,
      eligible: null,
    };
    return [result, ...sameDay.flat().map((hit) => hit.evidence)];
  });
}

function combinations(lists: readonly (readonly Measurement[])[]): Measurement[][] {
  return lists.reduce<Measurement[][]>(
    (sofar, list) => sofar.flatMap((start) => list.map((hit) => [...start, hit])),
    [[]],
  );
}

function cluster(scope: Scope, atom: Extract<Atom, { kind: 'cluster' }>): Truth {
  const [first, ...others] = atom.parts;
  if (first === undefined) return FALSE;
  const bounded = (part: Atom): Atom => ({
    ...part,
    lookbackMonths: shorter(part.lookbackMonths, atom.lookbackMonths),
    afterEvidence: part.afterEvidence || atom.afterEvidence,
  });
  const leading = evaluateAtom(scope, bounded(first));
  if (leading.state !== 'true') return leading;
  const anchored: SuspectEvidence[] = [];
  const anchors: { date: IsoDate }[] = [];
  const missing: Truth[] = [];
  for (const date of distinctDates(leading.evidence)) {
    const within = { from: addDays(date, -atom.withinDays), to: addDays(date, atom.withinDays) };
    const truth = allOf(others.map((part) => evaluateAtom({ ...scope, within }, bounded(part))));
    missing.push(truth);
    if (truth.state !== 'true') continue;
    anchors.push({ date });
    anchored.push(...leading.evidence.filter((item) => item.date === date), ...truth.evidence);
  }
  const dates = distinctDates(anchors);
  const [start] = dates;
  const end = dates.at(-1);
  if (start !== undefined && end !== undefined && dates.length >= atom.count) {
    if (daysBetween(start, end) >= atom.minSpanDays) return { state: 'true', evidence: anchored };
  }
  return missing.find((truth) => truth.state === 'unknown') ?? FALSE;
}

function shorter(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function change(scope: Scope, atom: Extract<Atom, { kind: 'change' }>): Truth {
  const hits = measurements(scope, atom, atom.valueSet).filter((hit) => hit.event.comparator === null);
  const latest = distinctDates(hits.map((hit) => hit.event)).at(-1);
  if (latest === undefined) return absent(scope, 'observations');
  const sign = atom.direction === 'decrease' ? 1 : -1;
  // Of several last values the one that shows the least change decides.
  const last = hits
    .filter((hit) => hit.event.date === latest)
    .reduce((a, b) => (sign * a.value >= sign * b.value ? a : b));
  const earlier = hits.filter((hit) => {
    const apart = daysBetween(hit.event.date, latest);
    if (apart <= 0 || apart > atom.withinDays) return false;
    return sign * (hit.value - last.value) * 100 >= atom.minPercent * hit.value - 1e-9;
  });
  if (earlier.length === 0) return absent(scope, 'observations');
  return { state: 'true', evidence: [...earlier, last].map((hit) => hit.evidence) };
}

function observed(event: ObservationEvent, set: ObservationSet, converted: number | null): SuspectEvidence {
  return {
    ...plain(event, event.code, set.valueSet),
    value: event.value ?? event.text ?? event.interpretation,
    unit: event.unit,
    comparator: event.comparator,
    convertedValue: converted,
    canonicalUnit: converted === null ? null : set.canonicalUnit,
  };
}

function plain(
  event: DiagnosisEvent | ProcedureEvent | MedicationEvent | ObservationEvent,
  code: string | null,
  valueSet: string,
): SuspectEvidence {
  return {
    type: event.type,
    code,
    valueSet,
    date: event.date,
    value: null,
    unit: null,
    comparator: null,
    convertedValue: null,
    canonicalUnit: null,
    ingredients: [],
    source: event.source,
    encounterId: event.encounterId,
    eligible: event.type === 'diagnosis' && event.encounterId !== null ? event.riskAdjustable : null,
  };
}
