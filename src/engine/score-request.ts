import { type DiagnosisReport, distinctCodes, reportDiagnoses } from './diagnosis-report.ts';
import { scoreHhsRequest } from './hhs/score.ts';
import { dotted } from './icd10.ts';
import { type MemberScoring, prepareMember, type ScoringPart } from './member-scoring.ts';
import type { EngineError } from './outcome.ts';
import { blendScores, type CodedScore, codedScore, paymentAnswer, withFrailty } from './payment.ts';
import type { ReferenceData } from './reference-data.ts';
import type { RawFactor, RawScore } from './score.ts';
import type { Factor, PaymentScore, ScoreRequest, ScoreResult } from './score-contract.ts';
import { toDecimal } from './thousandths.ts';

export type ScoreAnswer =
  | { readonly ok: true; readonly result: ScoreResult }
  | { readonly ok: false; readonly error: EngineError };

/** True when the ACA family scores the request: an HHS-HCC model, or no model and program `aca`. */
export function isHhsRequest(request: Pick<ScoreRequest, 'model' | 'program'>): boolean {
  return request.model === null ? request.program === 'aca' : request.model.startsWith('hhs-hcc');
}

/**
 * The whole answer to one score request (`hccgap score`, `POST /v1/raf/score`): the named model, or the models and
 * blend in force for payment year and program. Refusals are values with a code and, where a field is at fault, its
 * JSON pointer.
 */
export function scoreRequest(reference: ReferenceData, request: ScoreRequest): ScoreAnswer {
  if (isHhsRequest(request)) {
    const outcome = scoreHhsRequest(reference.hhs, reference.codes, request);
    return outcome.ok ? { ok: true, result: outcome.value } : outcome;
  }
  const scoring = prepareMember(reference, {
    paymentYear: request.paymentYear,
    model: request.model,
    program: request.program,
    member: request.member,
    frailty: request.frailty == null ? null : Math.round(request.frailty * 1000),
  });
  if (!scoring.ok) return scoring;
  const codes = distinctCodes(request.diagnoses);
  return { ok: true, result: scoreMember(reference, scoring.value, { id: request.id, codes }) };
}

/** The answer for a prepared member and distinct undotted codes; used by score requests and analyses alike. */
export function scoreMember(
  reference: Pick<ReferenceData, 'codes'>,
  scoring: MemberScoring,
  { id, codes }: { readonly id: string | null; readonly codes: readonly string[] },
): ScoreResult {
  const parts = scoring.parts.map((part) => {
    const report = reportDiagnoses(reference.codes, part.scorer, codes);
    const raw = part.scorer.score(report.mapping.categories.keys());
    const coded = codedScore(raw.rawThousandths, {
      normalization: part.row.normalization,
      coding: part.row.coding ?? 0,
      ...(scoring.blended ? { label: partLabel(part, scoring) } : {}),
    });
    return { part, report, raw, coded };
  });
  const [main] = parts;
  if (!main) throw new Error('a member scoring has at least one part');
  if (!scoring.blended) {
    const coded = scoring.frailty === 0 ? main.coded : withFrailty(main.coded, scoring.frailty);
    const { part, report, raw } = main;
    return answer({ id, scoring, part, report, raw, payment: paymentOf(scoring, part, coded) });
  }
  const blend = blendScores(
    parts.map(({ part, coded }) => ({ label: partLabel(part, scoring), coded, weight: part.weight })),
  );
  const common = { id, scoring };
  const paid = scoring.frailty === 0 ? blend : withFrailty(blend, scoring.frailty);
  return {
    ...answer({ ...common, ...main, payment: paymentOf(scoring, main.part, paid) }),
    models: parts.map(({ part, report, raw, coded }) => ({
      ...answer({ ...common, part, report, raw, payment: paymentOf(scoring, part, coded) }),
      blendWeight: toDecimal(part.weight),
    })),
  };
}

/** `V28`, or the calibration where both parts are one model. */
function partLabel({ scorer }: ScoringPart, scoring: MemberScoring): string {
  const sameModel = scoring.parts.some(
    (other) => other.scorer !== scorer && other.scorer.model.id === scorer.model.id,
  );
  return sameModel ? `${scorer.model.id} set ${scorer.set.id}` : scorer.model.id;
}

function paymentOf(scoring: MemberScoring, { row }: ScoringPart, coded: CodedScore): PaymentScore | null {
  if (scoring.noPayment !== null) return null;
  return paymentAnswer({ normalization: row.normalization, coding: row.coding ?? 0 }, coded);
}

interface AnswerParts {
  readonly id: string | null;
  readonly scoring: MemberScoring;
  readonly part: ScoringPart;
  readonly report: DiagnosisReport;
  readonly raw: RawScore;
  readonly payment: PaymentScore | null;
}

function answer({ id, scoring, part, report, raw, payment }: AnswerParts): ScoreResult {
  const { categories } = report.mapping;
  return {
    id,
    model: part.scorer.model.id,
    paymentYear: scoring.paymentYear,
    segment: raw.segment,
    hccsBeforeHierarchy: raw.hccsBeforeHierarchy,
    hccs: raw.hccs,
    dropped: raw.dropped,
    paymentHccCount: raw.paymentHccCount,
    factors: raw.factors.map((factor) => shownFactor(factor, categories)),
    rawScore: toDecimal(raw.rawThousandths),
    payment,
    unmapped: report.unmapped,
    pending: report.pending,
    invalid: report.invalid,
    assumptions: scoring.assumptions,
    provenance: scoring.provenance,
  };
}

function shownFactor(factor: RawFactor, categories: ReadonlyMap<string, readonly string[]>): Factor {
  const { variable, kind, hcc } = factor;
  const value = toDecimal(factor.thousandths);
  const codes = hcc === undefined ? undefined : categories.get(hcc);
  return codes === undefined
    ? { variable, kind, value }
    : { variable, kind, value, diagnoses: codes.map(dotted) };
}
