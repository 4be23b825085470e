/**
 * Exact decimal arithmetic on integers. A score or coefficient is held in thousandths (1.406 -> 1406), so sums
 * are exact; rounding is half away from zero on decimals, never on binary floating point (rule RAF-3).
 */
export type Thousandths = number;

/** Parses a decimal text of at most three significant places into thousandths; throws on more or on non-numbers. */
export function parseThousandths(text: string): Thousandths {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match) throw new Error(`not a decimal number: ${text}`);
  const [, sign, whole = '0', fraction = ''] = match;
  if (fraction.length > 3 && /[1-9]/.test(fraction.slice(3)))
    throw new Error(`more than three decimals: ${text}`);
  const magnitude = Number(whole) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  return sign === '-' ? -magnitude : magnitude;
}

/** Thousandths as the nearest double of the decimal, for JSON: 1406 -> 1.406. */
export function toDecimal(value: Thousandths): number {
  return value / 1000;
}

/** `numerator / denominator` rounded half away from zero to an integer. Both are safe integers, denominator > 0. */
export function divideRounded(numerator: number, denominator: number): number {
  const magnitude = Math.abs(numerator);
  const quotient = Math.floor(magnitude / denominator);
  const rounded = 2 * (magnitude - quotient * denominator) >= denominator ? quotient + 1 : quotient;
  return numerator < 0 ? -rounded || 0 : rounded;
}

const FRACTIONS: readonly string[] = Array.from({ length: 1000 }, (_, value) =>
  value === 0 ? '' : `.${String(value).padStart(3, '0').replace(/0+$/, '')}`,
);

/** The text that JSON has for {@link toDecimal}: no trailing zeros, `0.5`, `-1.25`, `2`. Made from integers. */
export function decimalJson(value: Thousandths): string {
  const magnitude = value < 0 ? -value : value;
  const whole = Math.floor(magnitude / 1000);
  const text = `${whole}${FRACTIONS[magnitude - whole * 1000] ?? ''}`;
  return value < 0 ? `-${text}` : text;
}
