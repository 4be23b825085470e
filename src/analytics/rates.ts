/** A rate with what it was made of; under 30 it says so. */
export interface Rate {
  readonly numerator: number;
  readonly denominator: number;
  /** null without a denominator. */
  readonly rate: number | null;
  /** 95 % Wilson interval. */
  readonly low: number | null;
  readonly high: number | null;
  readonly smallSample: boolean;
}

/** 97.5th percentile of the normal distribution. */
export const Z = 1.959963984540054;
/** Under this many a figure says that its sample is small. */
export const SMALL_SAMPLE = 30;
const PLACES = 10_000;

function round(value: number): number {
  return Math.round(value * PLACES) / PLACES;
}

/** Wilson score interval of a proportion (E. B. Wilson, 1927); four places. Weighted counts need not be whole. */
export function rateOf(numerator: number, denominator: number): Rate {
  const smallSample = denominator < SMALL_SAMPLE;
  if (denominator <= 0) return { numerator, denominator, rate: null, low: null, high: null, smallSample };
  const p = numerator / denominator;
  const z2 = Z * Z;
  const centre = p + z2 / (2 * denominator);
  const spread = Z * Math.sqrt((p * (1 - p) + z2 / (4 * denominator)) / denominator);
  const scale = 1 + z2 / denominator;
  return {
    numerator,
    denominator,
    rate: round(p),
    low: round(Math.max(0, (centre - spread) / scale)),
    high: round(Math.min(1, (centre + spread) / scale)),
    smallSample,
  };
}
