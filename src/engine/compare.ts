import { dotted, undotted } from './icd10.ts';
import type { EngineError } from './outcome.ts';
import { codedThousandths } from './payment.ts';
import type { ReferenceData } from './reference-data.ts';
import type { Factor, ScoreRequest, ScoreResult } from './score-contract.ts';
import { scoreRequest } from './score-request.ts';
import { type Thousandths, toDecimal } from './thousandths.ts';

/** Why a factor differs between two scores. */
export type CompareReason =
  | 'same'
  | 'coefficient'
  | 'code_gained'
  | 'code_lost'
  | 'hierarchy'
  | 'demographic'
  | 'interaction'
  | 'count'
  | 'model'
  | 'divisor'
  | 'other';

/** One variable of either score; `difference` is b less a, and the differences add up to that of the raw scores. */
export interface ComparedFactor {
  readonly variable: string;
  readonly kind: Factor['kind'];
  readonly a: number | null;
  readonly b: number | null;
  readonly difference: number;
  readonly reason: CompareReason;
  readonly why: string;
}

/** One step from payment score a to payment score b; the steps add up to the difference. */
export interface ComparedPayment {
  readonly part: 'raw' | 'normalization' | 'codingAdjustment' | 'blend';
  readonly difference: number;
  readonly why: string;
}

export interface Comparison {
  readonly id: string | null;
  readonly a: ScoreResult;
  readonly b: ScoreResult;
  readonly difference: { readonly raw: number; readonly payment: number | null };
  readonly factors: readonly ComparedFactor[];
  /** Empty when either side has no payment score. */
  readonly payment: readonly ComparedPayment[];
}

export type ComparisonAnswer =
  | { readonly ok: true; readonly comparison: Comparison }
  | { readonly ok: false; readonly side: 'a' | 'b'; readonly error: EngineError };

/** The same member under two models, years or statuses: factor by factor, what moved and why. */
export function compareRequests(
  reference: ReferenceData,
  a: ScoreRequest,
  b: ScoreRequest,
): ComparisonAnswer {
  const left = scoreRequest(reference, a);
  if (!left.ok) return { ok: false, side: 'a', error: left.error };
  const right = scoreRequest(reference, b);
  if (!right.ok) return { ok: false, side: 'b', error: right.error };
  return { ok: true, comparison: compareResults(left.result, right.result) };
}

/** Totals of several comparisons: how much each reason moved, in raw points. */
export interface ComparisonTotals {
  readonly members: number;
  readonly raw: number;
  readonly payment: number | null;
  readonly byReason: Readonly<Partial<Record<CompareReason, number>>>;
}

/** Sums comparisons of a list of members; the reasons add up to `raw`. `payment` is null when one has none. */
export function compareTotals(comparisons: readonly Comparison[]): ComparisonTotals {
  const byReason = new Map<CompareReason, Thousandths>();
  for (const { factors } of comparisons) {
    for (const { reason, difference } of factors) {
      if (difference !== 0) byReason.set(reason, (byReason.get(reason) ?? 0) + thousandths(difference));
    }
  }
  const sum = (pick: (comparison: Comparison) => number | null): number | null => {
    let total: Thousandths = 0;
    for (const comparison of comparisons) {
      const value = pick(comparison);
      if (value === null) return null;
      total += thousandths(value);
    }
    return toDecimal(total);
  };
  return {
    members: comparisons.length,
    raw: sum(({ difference }) => difference.raw) ?? 0,
    payment: sum(({ difference }) => difference.payment),
    byReason: Object.fromEntries([...byReason].map(([reason, value]) => [reason, toDecimal(value)])),
  };
}

/** Compares two answers; in a blend the newest model's factors stand, and the rest is the payment part `blend`. */
export function compareResults(a: ScoreResult, b: ScoreResult): Comparison {
  const sameModel = a.model === b.model;
  const left = byVariable(a.factors);
  const right = byVariable(b.factors);
  const names = sameModel
    ? [...new Set([...left.keys(), ...right.keys()])].map((name): readonly [string, string] => [name, name])
    : crossModel(left, right);
  const divisors = [...a.factors, ...b.factors].some(({ kind }) => kind === 'divisor');
  const factors = names
    .map(([nameA, nameB]) => compareFactor({ a, b, left: left.get(nameA), right: right.get(nameB) }))
    .filter((factor) => factor.kind !== 'divisor');
  const raw = thousandths(b.rawScore) - thousandths(a.rawScore);
  const explained = factors.reduce((sum, { difference }) => sum + thousandths(difference), 0);
  return {
    id: a.id ?? b.id,
    a,
    b,
    difference: {
      raw: toDecimal(raw),
      payment:
        a.payment && b.payment
          ? toDecimal(thousandths(b.payment.score) - thousandths(a.payment.score))
          : null,
    },
    factors: divisors ? [...factors, divisorRow(a, b, raw - explained)] : factors,
    payment: paymentParts(a, b),
  };
}

function byVariable(factors: readonly Factor[]): Map<string, Factor> {
  return new Map(factors.map((factor) => [factor.variable, factor]));
}

/** Across models an HCC number means another condition: only demographic cells and terms of one name are paired. */
function crossModel(
  left: ReadonlyMap<string, Factor>,
  right: ReadonlyMap<string, Factor>,
): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const [name, { kind }] of left) {
    pairs.push([name, kind !== 'hcc' && right.get(name)?.kind === kind ? name : '']);
  }
  const paired = new Set(pairs.map(([, name]) => name));
  for (const name of right.keys()) if (!paired.has(name)) pairs.push(['', name]);
  return pairs;
}

interface FactorPair {
  readonly a: ScoreResult;
  readonly b: ScoreResult;
  readonly left: Factor | undefined;
  readonly right: Factor | undefined;
}

function compareFactor(pair: FactorPair): ComparedFactor {
  const { left, right } = pair;
  const some = right ?? left;
  if (!some) throw new Error('a compared factor stands in one of the scores');
  const difference = thousandths(right?.value ?? 0) - thousandths(left?.value ?? 0);
  return {
    variable: some.variable,
    kind: some.kind,
    a: left?.value ?? null,
    b: right?.value ?? null,
    difference: toDecimal(difference),
    ...reasonOf(pair, some),
  };
}

function reasonOf({ a, b, left, right }: FactorPair, some: Factor): { reason: CompareReason; why: string } {
  if (left && right) {
    if (left.value === right.value) return { reason: 'same', why: 'the same in both' };
    return { reason: 'coefficient', why: coefficientWhy(a, b) };
  }
  const gained = left === undefined;
  if (some.kind === 'hcc') return hccReason({ a, b, gained, factor: some });
  const where = gained ? 'only in b' : 'only in a';
  switch (some.kind) {
    case 'demographic':
      return {
        reason: 'demographic',
        why: `${where}: age, sex, entitlement or segment ${a.segment} -> ${b.segment}`,
      };
    case 'interaction':
    case 'group':
      return { reason: 'interaction', why: `${where}: its conditions hold there only` };
    case 'count':
      return { reason: 'count', why: `${where}: payment HCCs ${a.paymentHccCount} -> ${b.paymentHccCount}` };
    default:
      return { reason: 'other', why: where };
  }
}

function coefficientWhy(a: ScoreResult, b: ScoreResult): string {
  if (a.model !== b.model) return `${a.model} and ${b.model} weigh it differently`;
  if (a.segment !== b.segment) return `segment ${a.segment} -> ${b.segment}`;
  return `coefficient of ${a.paymentYear} -> ${b.paymentYear}`;
}

interface HccSide {
  readonly a: ScoreResult;
  readonly b: ScoreResult;
  /** The factor stands only in b. */
  readonly gained: boolean;
  readonly factor: Factor;
}

/** Why an HCC counts on one side only: a dropped category, a code that maps there only, or another model. */
function hccReason({ a, b, gained, factor }: HccSide): { reason: CompareReason; why: string } {
  const other = gained ? a : b;
  const otherName = gained ? 'a' : 'b';
  const hcc = hccOf(factor.variable);
  const codes = factor.diagnoses ?? [];
  if (a.model !== b.model) {
    const there = other.factors.filter(
      ({ kind, diagnoses }) => kind === 'hcc' && diagnoses?.some((c) => codes.includes(c)),
    );
    const known = there.map(({ variable }) => variable).join(', ');
    const fate = known === '' ? fateOf(codes, other) : `is ${known}`;
    return { reason: 'model', why: `${codes.join(', ')}: in ${other.model} ${fate}` };
  }
  const dropped = other.dropped.find((row) => row.hcc === hcc);
  if (dropped) return { reason: 'hierarchy', why: `in ${otherName} dropped by HCC ${dropped.droppedBy}` };
  const reason = gained ? 'code_gained' : 'code_lost';
  return { reason, why: `${codes.join(', ')}: in ${otherName} ${fateOf(codes, other)}` };
}

/** What became of codes in the other score. */
function fateOf(codes: readonly string[], result: ScoreResult): string {
  const plain = new Set(codes.map(undotted));
  const among = (list: readonly string[]): boolean => list.some((code) => plain.has(undotted(code)));
  const invalid = result.invalid.find(({ code }) => plain.has(undotted(code)));
  if (invalid) return `${dotted(invalid.code)} is not valid (${invalid.reason})`;
  if (among(result.pending)) return 'the mapping is pending';
  if (among(result.unmapped)) return 'maps to no HCC';
  const elsewhere = result.factors.find(({ kind, diagnoses }) => kind === 'hcc' && among(diagnoses ?? []));
  return elsewhere ? `counts as ${elsewhere.variable}` : 'is not reported';
}

function hccOf(variable: string): string {
  const [, whole = '', part] = /HCC0*(\d+)(?:_(\d))?$/.exec(variable) ?? [];
  return part === undefined ? whole : `${whole}.${part}`;
}

/** A divisor changes the whole sum: its effect is what the other factors leave over. */
function divisorRow(a: ScoreResult, b: ScoreResult, difference: Thousandths): ComparedFactor {
  const of = (result: ScoreResult): number | null =>
    result.factors.find(({ kind }) => kind === 'divisor')?.value ?? null;
  return {
    variable: [...a.factors, ...b.factors].find(({ kind }) => kind === 'divisor')?.variable ?? 'divisor',
    kind: 'divisor',
    a: of(a),
    b: of(b),
    difference: toDecimal(difference),
    reason: 'divisor',
    why: 'the sum is divided: the part of the difference that no single factor carries',
  };
}

/** One change at a time, in the order raw, normalization, coding adjustment; the rest is blend and frailty. */
function paymentParts(a: ScoreResult, b: ScoreResult): ComparedPayment[] {
  if (!a.payment || !b.payment) return [];
  const [rawA, rawB] = [thousandths(a.rawScore), thousandths(b.rawScore)];
  const [normA, normB] = [thousandths(a.payment.normalization), thousandths(b.payment.normalization)];
  const [codingA, codingB] = [
    thousandths(a.payment.codingAdjustment ?? 0),
    thousandths(b.payment.codingAdjustment ?? 0),
  ];
  const start = codedThousandths(rawA, normA, codingA);
  const withRaw = codedThousandths(rawB, normA, codingA);
  const withNormalization = codedThousandths(rawB, normB, codingA);
  const withCoding = codedThousandths(rawB, normB, codingB);
  const rest = thousandths(b.payment.score) - withCoding - (thousandths(a.payment.score) - start);
  const parts: ComparedPayment[] = [
    { part: 'raw', difference: toDecimal(withRaw - start), why: `raw score ${a.rawScore} -> ${b.rawScore}` },
    {
      part: 'normalization',
      difference: toDecimal(withNormalization - withRaw),
      why: `normalization factor ${a.payment.normalization} -> ${b.payment.normalization}`,
    },
    {
      part: 'codingAdjustment',
      difference: toDecimal(withCoding - withNormalization),
      why: `coding adjustment ${a.payment.codingAdjustment ?? 0} -> ${b.payment.codingAdjustment ?? 0}`,
    },
  ];
  const blended = a.models !== undefined || b.models !== undefined;
  if (rest === 0 && !blended) return parts;
  return [
    ...parts,
    { part: 'blend', difference: toDecimal(rest), why: 'other parts of the blend, and frailty' },
  ];
}

function thousandths(value: number): Thousandths {
  return Math.round(value * 1000);
}
