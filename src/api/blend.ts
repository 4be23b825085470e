import type { EsrdStatus } from '../engine/history.ts';
import { type Outcome, refuse, succeed } from '../engine/outcome.ts';
import {
  blendScores,
  codedScore,
  type PaymentProgram,
  paymentAnswer,
  rowName,
  rowsInForce,
} from '../engine/payment.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { ModelId, PaymentScore, PaymentStep } from '../engine/score-contract.ts';
import { toDecimal } from '../engine/thousandths.ts';

export interface BlendInput {
  readonly paymentYear: number;
  readonly program: PaymentProgram;
  readonly esrd: EsrdStatus | null;
  readonly raw: Readonly<Partial<Record<ModelId, number>>>;
}

export interface BlendAnswer {
  readonly paymentYear: number;
  readonly program: PaymentProgram;
  readonly parts: readonly {
    readonly model: ModelId;
    readonly rawScore: number;
    readonly blendWeight: number;
    readonly payment: PaymentScore;
    readonly status: string;
  }[];
  readonly score: number;
  readonly steps: readonly PaymentStep[];
}

/**
 * Payment score from raw scores: each model normalized and coded with its own factors, weighted, added and rounded
 * once (RAF-1, RAF-2). Every model in force must be given, and none besides; a factor that is not established is
 * refused.
 */
export function blendAnswer(reference: ReferenceData, input: BlendInput): Outcome<BlendAnswer> {
  const { paymentYear, program, esrd, raw } = input;
  const rows = rowsInForce(reference.payment, { paymentYear, program, esrd, partD: null });
  if (rows.length === 0) {
    return refuse(
      'unsupported_year',
      `no payment parameters for ${program} in ${paymentYear}`,
      '/paymentYear',
    );
  }
  const extra = Object.keys(raw).find((model) => !rows.some((row) => row.model === model));
  if (extra !== undefined) {
    const inForce = rows.map(({ model }) => model).join(', ');
    return refuse('not_applicable', `in force for ${program} ${paymentYear}: ${inForce}`, `/raw/${extra}`);
  }
  const parts = [];
  for (const row of rows) {
    const { model, weight, normalization, coding } = row;
    const rawScore = raw[model];
    if (rawScore === undefined) {
      return refuse('invalid_request', `${model} is in force and has no raw score`, `/raw/${model}`);
    }
    if (weight === null || normalization === null || coding === null) {
      return refuse('missing_parameter', `a factor of ${rowName(row)} is not established`, '/paymentYear');
    }
    const factors = { normalization, coding };
    const coded = codedScore(Math.round(rawScore * 1000), {
      ...factors,
      label: rows.length > 1 ? model : '',
    });
    parts.push({ row, model, weight, rawScore, coded, payment: paymentAnswer(factors, coded) });
  }
  const only = parts.length === 1 ? parts[0] : undefined;
  const whole =
    only && only.weight === 1000
      ? only.coded
      : blendScores(parts.map(({ model, coded, weight }) => ({ label: model, coded, weight })));
  return succeed({
    paymentYear,
    program,
    parts: parts.map(({ row, model, weight, rawScore, payment }) => ({
      model,
      rawScore,
      blendWeight: toDecimal(weight),
      payment,
      status: row.status,
    })),
    score: toDecimal(whole.thousandths),
    steps: whole.steps,
  });
}
