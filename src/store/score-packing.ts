import type { Analysis } from '../engine/analysis-contract.ts';
import type { Factor, PaymentScore, ScoreResult } from '../engine/score-contract.ts';

/** A factor without the names of its fields. */
type PackedFactor = readonly [
  variable: string,
  kind: Factor['kind'],
  value: number,
  diagnoses?: readonly string[],
];

/** Fields that are mostly empty: kept only when they say something. */
const MOSTLY_EMPTY = ['dropped', 'unmapped', 'pending', 'invalid', 'assumptions'] as const;
/** Fields that a score with every gap closed mostly has in common with the current one. */
const MOSTLY_SHARED = ['model', 'paymentYear', 'segment', 'provenance', 'assumptions'] as const;

/** Payment arithmetic without the names of its fields. */
type PackedPayment = readonly [
  normalization: number,
  codingAdjustment: number | null,
  score: number,
  steps: readonly (readonly [step: string, formula: string, value: number])[],
];

type Packed = Partial<Omit<ScoreResult, 'factors' | 'payment' | 'models'>> & {
  readonly factors: readonly PackedFactor[];
  readonly payment: PackedPayment | null;
  readonly models?: readonly (Packed & { readonly blendWeight: number })[];
};

/** Both score results of an analysis as they are kept: nothing is left out that cannot be put back. */
export interface PackedScores {
  readonly current: Packed | null;
  /** What differs from `current`. */
  readonly closed: Packed | null;
}

/**
 * Packs the two results of an analysis, which are most of what a night writes of a member: factors lose the names of
 * their fields, empty lists are left out, and the second result keeps what differs from the first.
 */
export function packScores({ current, ifAllClosed }: Analysis['raf']): PackedScores {
  return {
    current: current === null ? null : packed(current, null),
    closed: ifAllClosed === null ? null : packed(ifAllClosed, current),
  };
}

/** The results as they were packed, or as older versions stored them whole. */
export function unpackScores(stored: PackedScores | Analysis['raf']): Analysis['raf'] {
  if ('ifAllClosed' in stored) return stored;
  const current = stored.current === null ? null : unpacked(stored.current, null);
  return { current, ifAllClosed: stored.closed === null ? null : unpacked(stored.closed, current) };
}

function packed(result: ScoreResult, base: ScoreResult | null): Packed {
  const { factors, payment, models, ...rest } = result;
  const kept: Record<string, unknown> = { ...rest };
  if (rest.id === null) delete kept.id;
  for (const name of MOSTLY_EMPTY) {
    // An empty list of assumptions beside a base that has some is no default.
    if (rest[name].length === 0 && (base === null || name !== 'assumptions')) delete kept[name];
  }
  if (base !== null) for (const name of MOSTLY_SHARED) if (isSame(rest[name], base[name])) delete kept[name];
  const parts = models?.map((part, index) => ({
    ...packed(part, base?.models?.[index] ?? null),
    blendWeight: part.blendWeight,
  }));
  return {
    // Every field of a result but those packed below, or put back from the base.
    ...(kept as Omit<Packed, 'factors' | 'payment' | 'models'>),
    factors: factors.map(packedFactor),
    payment: payment === null ? null : packedPayment(payment),
    ...(parts === undefined ? {} : { models: parts }),
  };
}

function unpacked(stored: Packed, base: ScoreResult | null): ScoreResult {
  const { factors, payment, models, ...rest } = stored;
  const filled: Record<string, unknown> = { id: null };
  for (const name of MOSTLY_EMPTY) filled[name] = [];
  if (base !== null) for (const name of MOSTLY_SHARED) filled[name] = base[name];
  const parts = models?.map((part, index) => ({
    ...unpacked(part, base?.models?.[index] ?? null),
    blendWeight: part.blendWeight,
  }));
  return {
    // What was left out is put back; the rest is as packed.
    ...(filled as unknown as ScoreResult),
    ...rest,
    factors: factors.map(unpackedFactor),
    payment: payment === null ? null : unpackedPayment(payment),
    ...(parts === undefined ? {} : { models: parts }),
  };
}

function packedFactor({ variable, kind, value, diagnoses }: Factor): PackedFactor {
  return diagnoses === undefined ? [variable, kind, value] : [variable, kind, value, diagnoses];
}

function unpackedFactor([variable, kind, value, diagnoses]: PackedFactor): Factor {
  return diagnoses === undefined ? { variable, kind, value } : { variable, kind, value, diagnoses };
}

function packedPayment({ normalization, codingAdjustment, score, steps }: PaymentScore): PackedPayment {
  return [
    normalization,
    codingAdjustment,
    score,
    steps.map(({ step, formula, value }) => [step, formula, value] as const),
  ];
}

function unpackedPayment([normalization, codingAdjustment, score, steps]: PackedPayment): PaymentScore {
  return {
    normalization,
    codingAdjustment,
    score,
    steps: steps.map(([step, formula, value]) => ({ step, formula, value })),
  };
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, index) => item === b[index]);
}
