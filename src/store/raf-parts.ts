import type { ScoreResult } from '../engine/score-contract.ts';
import { toDecimal } from '../engine/thousandths.ts';

/** A raw score by kind of factor; the parts add up to it. `other` holds what a divisor takes away. */
export interface RafParts {
  readonly demographic: number;
  readonly hcc: number;
  readonly interaction: number;
  readonly count: number;
  readonly other: number;
}

/** The parts of a raw score, from its factors; in a blend those of the newest model. */
export function rafParts({ factors, rawScore }: Pick<ScoreResult, 'factors' | 'rawScore'>): RafParts {
  const thousandths = (value: number): number => Math.round(value * 1000);
  const of = (kind: string): number =>
    factors.reduce((sum, factor) => sum + (factor.kind === kind ? thousandths(factor.value) : 0), 0);
  const [demographic, hcc, interaction, count] = [
    of('demographic'),
    of('hcc'),
    of('interaction'),
    of('count'),
  ];
  return {
    demographic: toDecimal(demographic),
    hcc: toDecimal(hcc),
    interaction: toDecimal(interaction),
    count: toDecimal(count),
    other: toDecimal(thousandths(rawScore) - demographic - hcc - interaction - count),
  };
}
