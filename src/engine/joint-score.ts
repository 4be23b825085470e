import type { MemberScoring } from './member-scoring.ts';
import { blendScores, codedScore, paymentAnswer, withFrailty } from './payment.ts';
import type { RawScore } from './score.ts';
import type { ScoreResult } from './score-contract.ts';
import { toDecimal } from './thousandths.ts';

/**
 * The score of categories that no list of codes stands behind (every gap closed): one rescoring per part, in the shape
 * of a score answer. `categories` is by part, in the order of the scoring's parts.
 */
export function scoreOfCategories(
  scoring: MemberScoring,
  categories: readonly ReadonlySet<string>[],
  assumptions: readonly string[],
): ScoreResult {
  const parts = scoring.parts.map((part, index) => {
    const raw = part.scorer.score(categories[index] ?? []);
    const { normalization, coding } = part.row;
    const label = part.scorer.model.id;
    const coded = codedScore(raw.rawThousandths, {
      normalization,
      coding: coding ?? 0,
      ...(scoring.blended ? { label } : {}),
    });
    return { part, raw, coded, label };
  });
  const [main] = parts;
  if (!main) throw new Error('a member scoring has at least one part');
  const paymentOf = (part: typeof main, coded = part.coded): ScoreResult['payment'] => {
    if (scoring.noPayment !== null) return null;
    const { normalization, coding } = part.part.row;
    return paymentAnswer({ normalization, coding: coding ?? 0 }, coded);
  };
  const whole = scoring.blended
    ? blendScores(parts.map(({ part, coded, label }) => ({ label, coded, weight: part.weight })))
    : main.coded;
  const paid = scoring.frailty === 0 ? whole : withFrailty(whole, scoring.frailty);
  const answer = (part: typeof main, payment: ScoreResult['payment']): ScoreResult => ({
    ...shape(part.raw),
    model: part.part.scorer.model.id,
    paymentYear: scoring.paymentYear,
    payment,
    assumptions: [...scoring.assumptions, ...assumptions],
    provenance: scoring.provenance,
  });
  const result = answer(main, paymentOf(main, paid));
  if (!scoring.blended) return result;
  return {
    ...result,
    models: parts.map((part) => ({
      ...answer(part, paymentOf(part)),
      blendWeight: toDecimal(part.part.weight),
    })),
  };
}

function shape(
  raw: RawScore,
): Omit<ScoreResult, 'model' | 'paymentYear' | 'payment' | 'assumptions' | 'provenance'> {
  return {
    id: null,
    segment: raw.segment,
    hccsBeforeHierarchy: raw.hccsBeforeHierarchy,
    hccs: raw.hccs,
    dropped: raw.dropped,
    paymentHccCount: raw.paymentHccCount,
    factors: raw.factors.map(({ variable, kind, thousandths }) => ({
      variable,
      kind,
      value: toDecimal(thousandths),
    })),
    rawScore: toDecimal(raw.rawThousandths),
    unmapped: [],
    pending: [],
    invalid: [],
  };
}
