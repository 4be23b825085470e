import type { ObservationEvent } from './events.ts';
import type { CompareOp, Qualitative } from './rule.ts';
import type { ObservationSet, SuspectTables, UnitConversion } from './tables.ts';

/** A usable number in the canonical unit. `nudge` is +1 for "more than value" (`>`), -1 for "less than" (`<`). */
export interface CanonicalValue {
  readonly value: number;
  readonly nudge: -1 | 0 | 1;
}

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** UCUM and common spellings brought to one form: lower case, no blanks, annotations and brackets dropped. */
export function normalUnit(unit: string): string {
  const plain = unit
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/µ|μ/g, 'u')
    .replace(/10\^/g, '10*')
    .replace(/\{(1\.73_?m2)\}/g, '1.73m2')
    .replace(/m\^2|m²/g, 'm2')
    .replace(/[[\]]/g, '');
  // An annotation alone ({score}, {ratio}) is the unit one.
  return /^\{[^}]*\}$/.test(plain) ? '1' : plain;
}

/** Drops the binary noise of a conversion (0.57 * 100), so that a threshold is met on the decimal value. */
function settled(value: number): number {
  return Number(value.toPrecision(12));
}

/** The result as a number in the value set's canonical unit, or why it cannot be used. Never guesses a unit. */
export function canonicalValue(
  tables: SuspectTables,
  set: ObservationSet,
  event: ObservationEvent,
): Reading<CanonicalValue> {
  if (event.value === null || !Number.isFinite(event.value)) return { ok: false, reason: 'no numeric value' };
  const conversion = conversionOf(tables, set, event.unit);
  if (conversion === null) {
    const unit = event.unit?.trim() ?? '';
    return { ok: false, reason: unit === '' ? 'no unit' : `unknown unit ${unit}` };
  }
  const value =
    conversion.kind === 'power10'
      ? settled(10 ** event.value)
      : settled(event.value * conversion.factor + conversion.offset);
  const tooLow = set.plausibleMin !== null && value < set.plausibleMin;
  const tooHigh = set.plausibleMax !== null && value > set.plausibleMax;
  if (!Number.isFinite(value) || tooLow || tooHigh) {
    return { ok: false, reason: `implausible: ${value} ${set.canonicalUnit}` };
  }
  const nudge = event.comparator === '>' ? 1 : event.comparator === '<' ? -1 : 0;
  return { ok: true, value: { value, nudge } };
}

const SAME: UnitConversion = { kind: 'linear', factor: 1, offset: 0 };

function conversionOf(
  tables: SuspectTables,
  set: ObservationSet,
  sent: string | null,
): UnitConversion | null {
  const text = sent?.trim() ?? '';
  if (text === '' && !set.emptyUnitIsOne) return null;
  const spelled = text === '' ? '1' : normalUnit(text);
  const unit = tables.unitSpellings.get(spelled) ?? spelled;
  const canonical = normalUnit(set.canonicalUnit);
  if (unit === (tables.unitSpellings.get(canonical) ?? canonical)) return SAME;
  return tables.unitConversions.get(set.valueSet)?.get(unit) ?? null;
}

/**
 * Whether a result, with its comparator, is sure to satisfy `op threshold`: `>60` satisfies only tests for "more",
 * with a threshold of at most 60; `<20` only tests for "less", with a threshold of at least 20.
 */
export function satisfies(
  event: ObservationEvent,
  value: number,
  test: { op: CompareOp; value: number },
): boolean {
  const up = test.op === '>' || test.op === '>=';
  switch (event.comparator) {
    case '>':
      return up && test.value <= value;
    case '<':
      return !up && test.value >= value;
    case '>=':
      return up && compare(value, test);
    case '<=':
      return !up && compare(value, test);
    case null:
      return compare(value, test);
  }
}

/** Plain comparison of a number with a threshold. */
export function compare(value: number, test: { op: CompareOp; value: number }): boolean {
  switch (test.op) {
    case '>':
      return value > test.value;
    case '>=':
      return value >= test.value;
    case '<':
      return value < test.value;
    case '<=':
      return value <= test.value;
  }
}

const POSITIVE_WORDS = new Set(['positive', 'pos', 'detected', 'reactive', 'present']);
const NEGATIVE_WORDS = new Set([
  'negative',
  'neg',
  'not detected',
  'undetected',
  'none detected',
  'nondetected',
  'non detected',
  'not reactive',
  'nonreactive',
  'non reactive',
  'not present',
  'absent',
]);
const INTERPRETATIONS: Readonly<Record<string, Qualitative>> = {
  POS: 'positive',
  DET: 'positive',
  NEG: 'negative',
  ND: 'negative',
};

/** Positive, negative, or why the result decides nothing. */
export function qualitativeValue(
  tables: SuspectTables,
  set: ObservationSet,
  event: ObservationEvent,
): Reading<Qualitative> {
  const interpretation = event.interpretation?.trim().toUpperCase() ?? '';
  const coded = INTERPRETATIONS[interpretation];
  if (coded !== undefined) return { ok: true, value: coded };
  for (const words of [event.text, event.interpretation]) {
    const said = words === null ? null : qualitativeWords(words);
    if (said !== null) return { ok: true, value: said };
  }
  if (set.qualitative === 'antibody' && (interpretation === 'H' || interpretation === 'HH')) {
    return { ok: true, value: 'positive' };
  }
  if (set.qualitative !== 'viral_load' || event.value === null) {
    return { ok: false, reason: 'result is neither positive nor negative' };
  }
  if (event.comparator === '<' || event.comparator === '<=') return { ok: true, value: 'negative' };
  const number = canonicalValue(tables, set, event);
  if (!number.ok) return number;
  return { ok: true, value: number.value.value > 0 || number.value.nudge > 0 ? 'positive' : 'negative' };
}

function qualitativeWords(text: string): Qualitative | null {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/[-_\s]+/g, ' ')
    .replace(/[.()]/g, '')
    .trim();
  if (NEGATIVE_WORDS.has(plain)) return 'negative';
  return POSITIVE_WORDS.has(plain) ? 'positive' : null;
}
