import type { EsrdStatus, PartD } from './history.ts';
import { type Outcome, refuse, succeed } from './outcome.ts';
import type { ModelId, PaymentScore, PaymentStep } from './score-contract.ts';
import { divideRounded, type Thousandths, toDecimal } from './thousandths.ts';

export type PaymentProgram = 'ma' | 'pace';
export type PaymentGroup = 'aged_disabled' | 'dialysis_transplant' | 'graft' | 'all';

/** One row of the payment parameters: a factor that is not established is null and is never defaulted. */
export interface PaymentRow {
  readonly paymentYear: number;
  readonly program: PaymentProgram;
  /** Part D plan types the row is for; empty for Part C. */
  readonly partD: readonly PartD[];
  readonly model: ModelId;
  /** Part D calibration, where the row names one. */
  readonly set: string | null;
  readonly group: PaymentGroup;
  /** Blend weight in thousandths; 1000 where no blend applies. */
  readonly weight: Thousandths | null;
  readonly normalization: Thousandths | null;
  /** Coding pattern adjustment in thousandths: 59 is 5.9 %; 0 for Part D. */
  readonly coding: Thousandths | null;
  readonly status: string;
}

export interface PaymentParameters {
  readonly rows: readonly PaymentRow[];
}

/** What selects rows: Part D rows when `partD` is given, else Part C rows by ESRD status. */
export interface PaymentSelection {
  readonly paymentYear: number;
  readonly program: PaymentProgram;
  readonly partD: PartD | null;
  readonly esrd: EsrdStatus | null;
}

/** A row whose normalization is known. `coding` may still be null: raw can be given, payment cannot. */
export type ReadyRow = PaymentRow & { readonly normalization: Thousandths };

/** Payment group of an ESRD status; aged and disabled for everyone else. */
export function paymentGroup(esrd: EsrdStatus | null): PaymentGroup {
  if (esrd === null) return 'aged_disabled';
  return esrd === 'graft' ? 'graft' : 'dialysis_transplant';
}

function matches(row: PaymentRow, selection: PaymentSelection): boolean {
  if (row.paymentYear !== selection.paymentYear) return false;
  if (selection.partD !== null) return row.partD.includes(selection.partD);
  return (
    row.partD.length === 0 && row.program === selection.program && row.group === paymentGroup(selection.esrd)
  );
}

/** Every row in force for a program (or Part D plan type), payment year and payment group. */
export function rowsInForce(
  parameters: PaymentParameters,
  selection: PaymentSelection,
): readonly PaymentRow[] {
  return parameters.rows.filter((row) => matches(row, selection));
}

/** What a row is about, for error messages and provenance. */
export function rowName(row: PaymentRow): string {
  const scope = row.partD.length > 0 ? `Part D ${row.partD.join(' and ')}` : row.program.toUpperCase();
  const set = row.set === null ? '' : ` set ${row.set}`;
  const group = row.group === 'all' ? '' : ` ${row.group.replace('_', ' and ')}`;
  return `${scope} ${row.model}${set}${group} payment year ${row.paymentYear}`;
}

/** Refuses a row whose normalization factor is not established (never defaulted to 1). */
export function readyRow(row: PaymentRow): Outcome<ReadyRow> {
  const { normalization } = row;
  if (normalization === null) {
    return refuse(
      'missing_parameter',
      `normalization factor of ${rowName(row)} is not established`,
      '/paymentYear',
    );
  }
  return succeed({ ...row, normalization });
}

/** A model's score after normalization and coding adjustment, with the steps that lead there. */
export interface CodedScore {
  readonly thousandths: Thousandths;
  readonly steps: readonly PaymentStep[];
}

/**
 * Rule RAF-1: divide by the normalization factor and round to 3 decimals, then multiply by one minus the coding
 * pattern adjustment and round to 3 decimals; half away from zero (RAF-3).
 */
export function codedThousandths(
  raw: Thousandths,
  normalization: Thousandths,
  coding: Thousandths,
): Thousandths {
  return divideRounded(divideRounded(raw * 1000, normalization) * (1000 - coding), 1000);
}

/** {@link codedThousandths} with every step listed; `label` names the model part in a blend. */
export function codedScore(
  raw: Thousandths,
  { normalization, coding, label = '' }: { normalization: Thousandths; coding: Thousandths; label?: string },
): CodedScore {
  const normalized = divideRounded(raw * 1000, normalization);
  const coded = divideRounded(normalized * (1000 - coding), 1000);
  const suffix = label === '' ? '' : ` ${label}`;
  return {
    thousandths: coded,
    steps: [
      {
        step: `normalization${suffix}`,
        formula: `${decimal(raw)} / ${decimal(normalization)}`,
        value: toDecimal(normalized),
      },
      {
        step: `coding adjustment${suffix}`,
        formula: `${decimal(normalized)} x (1 - ${decimal(coding)})`,
        value: toDecimal(coded),
      },
    ],
  };
}

export interface BlendPart {
  readonly label: string;
  readonly coded: CodedScore;
  readonly weight: Thousandths;
}

/** Rule RAF-2: weight each coded score, add, round once (where CMS rounds last is unverified). */
export function blendThousandths(
  parts: readonly { readonly coded: Thousandths; readonly weight: Thousandths }[],
): Thousandths {
  return divideRounded(
    parts.reduce((sum, { coded, weight }) => sum + coded * weight, 0),
    1000,
  );
}

/** {@link blendThousandths} with every step listed. */
export function blendScores(parts: readonly BlendPart[]): CodedScore {
  const products = parts.map(({ coded, weight }) => coded.thousandths * weight);
  const blended = blendThousandths(parts.map(({ coded, weight }) => ({ coded: coded.thousandths, weight })));
  return {
    thousandths: blended,
    steps: [
      ...parts.flatMap(({ coded, label, weight }, index) => [
        ...coded.steps,
        {
          step: `blend weight ${label}`,
          formula: `${decimal(coded.thousandths)} x ${decimal(weight)}`,
          value: (products[index] ?? 0) / 1_000_000,
        },
      ]),
      {
        step: 'blend',
        formula: products.map((product) => String(product / 1_000_000)).join(' + '),
        value: toDecimal(blended),
      },
    ],
  };
}

/**
 * Rule RAF-5: frailty points are added after normalization and coding adjustment, not multiplied by them. The
 * figure is the organization's own, an input; no value is built in.
 */
export function withFrailty(coded: CodedScore, frailty: Thousandths): CodedScore {
  const sum = coded.thousandths + frailty;
  return {
    thousandths: sum,
    steps: [
      ...coded.steps,
      {
        step: 'frailty',
        formula: `${decimal(coded.thousandths)} + ${decimal(frailty)}`,
        value: toDecimal(sum),
      },
    ],
  };
}

/** The payment part of an answer. */
export function paymentAnswer(
  { normalization, coding }: { normalization: Thousandths; coding: Thousandths },
  coded: CodedScore,
): PaymentScore {
  return {
    normalization: toDecimal(normalization),
    codingAdjustment: toDecimal(coding),
    score: toDecimal(coded.thousandths),
    steps: coded.steps,
  };
}

/** Thousandths as text with three decimals. */
export function decimal(value: Thousandths): string {
  const magnitude = Math.abs(value);
  const text = `${Math.floor(magnitude / 1000)}.${String(magnitude % 1000).padStart(3, '0')}`;
  return value < 0 ? `-${text}` : text;
}
