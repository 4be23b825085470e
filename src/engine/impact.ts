import { type ImpactWorth, impactOf, type Valuation, type Value } from './attribution.ts';
import { mapDiagnoses } from './diagnoses.ts';
import { distinctCodes } from './diagnosis-report.ts';
import { scoreHhsRequest } from './hhs/score.ts';
import { undotted } from './icd10.ts';
import { type MemberScoring, prepareMember } from './member-scoring.ts';
import { type EngineError, type Outcome, refuse, succeed } from './outcome.ts';
import type { ReferenceData } from './reference-data.ts';
import type { ModelId, ScoreRequest } from './score-contract.ts';
import { isHhsRequest } from './score-request.ts';
import { divideRounded, type Thousandths, toDecimal } from './thousandths.ts';

/** One change whose worth is asked for: codes or an HCC, added or (`delete`) taken away. */
export interface ImpactCandidate {
  readonly id: string;
  readonly diagnoses: readonly string[] | null;
  readonly hcc: string | null;
  /** Model of `hcc`; absent: the request's model, in a blend the newest. */
  readonly model?: ModelId | null;
  /** `delete` removes the codes or the HCC from the base; absent: `add`. */
  readonly action?: 'add' | 'delete' | null;
  /** Only orders a sequential allocation. */
  readonly confidence?: 'high' | 'medium' | 'low' | null;
}

export interface ImpactRequest extends ScoreRequest {
  readonly candidates: readonly ImpactCandidate[];
  /** Monthly base rate; without it there are no dollars. */
  readonly baseRate?: { readonly cents: number; readonly currency: 'USD' } | null;
  /** Months enrolled and paid in the payment year; absent: 12, and said so. */
  readonly months?: number | null;
}

/** A score, or a change of score; `payment` is null where no payment score can be given. */
export interface Worth {
  readonly raw: number;
  readonly payment: number | null;
}

export interface ImpactGap {
  readonly id: string;
  readonly standalone: Worth;
  readonly incremental: Worth;
  /** Share of the joint change: nine decimals when exact, so that shares add up to the joint change. */
  readonly shapley: Worth;
}

export interface ImpactDollars {
  readonly currency: 'USD';
  readonly baseRateCents: number;
  readonly months: number;
  readonly jointCents: number;
  readonly gaps: readonly {
    readonly id: string;
    readonly standaloneCents: number;
    readonly incrementalCents: number;
    readonly shapleyCents: number;
  }[];
  readonly label: string;
}

export interface ImpactResult {
  readonly id: string | null;
  readonly baseline: Worth;
  readonly joint: Worth;
  readonly gaps: readonly ImpactGap[];
  readonly method: 'exact' | 'sequential';
  readonly dollars: ImpactDollars | null;
  readonly assumptions: readonly string[];
  /** Tables and parameters used that are single-source, unverified, proposed or overridden. */
  readonly provenance: readonly string[];
}

export type ImpactAnswer =
  | { readonly ok: true; readonly result: ImpactResult }
  | { readonly ok: false; readonly error: EngineError };

const ESTIMATE = 'estimate, before bid, benchmark, rebate, sequestration and county adjustment';

/**
 * What candidates are worth: each alone, each last in, its share of the whole, and all together. Every figure is a
 * difference of two full scorings; coefficients are never added up.
 */
export function impactRequest(reference: ReferenceData, request: ImpactRequest): ImpactAnswer {
  const valuation = isHhsRequest(request)
    ? hhsValuation(reference, request)
    : medicareValuation(reference, request);
  if (!valuation.ok) return valuation;
  const { value, assumptions, provenance } = valuation.value;
  const worth = impactOf(request.candidates, value);
  const months = request.months ?? 12;
  const dollars = request.baseRate ? dollarsOf(worth, request.baseRate, months) : null;
  return {
    ok: true,
    result: {
      id: request.id,
      baseline: shown(worth.baseline),
      joint: shown(worth.joint),
      gaps: worth.gaps.map((gap) => ({
        id: gap.id,
        standalone: shown(gap.standalone),
        incremental: shown(gap.incremental),
        shapley: {
          raw: share(gap.shapley.raw),
          payment: gap.shapley.payment === null ? null : share(gap.shapley.payment),
        },
      })),
      method: worth.method,
      dollars,
      assumptions:
        dollars !== null && (request.months ?? null) === null
          ? [...assumptions, 'months not given, dollars for 12 months']
          : assumptions,
      provenance,
    },
  };
}

interface Prepared {
  readonly value: Valuation;
  readonly assumptions: readonly string[];
  readonly provenance: readonly string[];
}

function medicareValuation(reference: ReferenceData, request: ImpactRequest): Outcome<Prepared> {
  const prepared = prepareMember(reference, {
    paymentYear: request.paymentYear,
    model: request.model,
    program: request.program,
    member: request.member,
    frailty: request.frailty == null ? null : Math.round(request.frailty * 1000),
  });
  if (!prepared.ok) return prepared;
  const scoring = prepared.value;
  const fault = candidateFault(request.candidates, scoring);
  if (fault) return fault;
  const base = distinctCodes(request.diagnoses);
  const parts = scoring.parts.map(({ scorer }, index) => {
    const categories = mapDiagnoses(scorer.year, scorer.person, base).categories;
    const changes = request.candidates.map((candidate) => {
      const ownHcc = candidate.hcc !== null && partOf(candidate, scoring) === index ? [candidate.hcc] : [];
      const codes = new Set((candidate.diagnoses ?? []).map(undotted));
      if (candidate.action === 'delete') return { added: [], codes, hccs: new Set(ownHcc) };
      const mapped = mapDiagnoses(scorer.year, scorer.person, codes).categories;
      return { added: [...mapped.keys(), ...ownHcc], codes: new Set<string>(), hccs: new Set<string>() };
    });
    return (chosen: ReadonlySet<number>): Thousandths => {
      const deletes = [...chosen].filter((at) => request.candidates[at]?.action === 'delete');
      const present = new Set<string>();
      for (const [hcc, codes] of categories) {
        if (deletes.some((at) => changes[at]?.hccs.has(hcc))) continue;
        if (codes.some((code) => !deletes.some((at) => changes[at]?.codes.has(code)))) present.add(hcc);
      }
      for (const at of chosen) for (const hcc of changes[at]?.added ?? []) present.add(hcc);
      return scorer.rawThousandths(present);
    };
  });
  return succeed({
    value: (chosen) => {
      const raws = parts.map((raw) => raw(chosen));
      return { raw: raws[0] ?? 0, payment: scoring.payment(raws) };
    },
    assumptions: scoring.assumptions,
    provenance: scoring.provenance,
  });
}

function partOf(candidate: ImpactCandidate, scoring: MemberScoring): number {
  const { model } = candidate;
  return model ? scoring.parts.findIndex(({ scorer }) => scorer.model.id === model) : 0;
}

function candidateFault(candidates: readonly ImpactCandidate[], scoring: MemberScoring) {
  for (const [index, candidate] of candidates.entries()) {
    if (candidate.hcc === null) {
      if (candidate.diagnoses !== null) continue;
      return refuse('invalid_request', 'exactly one of diagnoses, hcc is required', `/candidates/${index}`);
    }
    const part = scoring.parts[partOf(candidate, scoring)];
    if (!part) {
      return refuse(
        'invalid_request',
        `${candidate.model} does not score this member`,
        `/candidates/${index}/model`,
      );
    }
    if (!part.scorer.model.labels.has(candidate.hcc)) {
      return refuse(
        'invalid_request',
        `${part.scorer.model.id} has no payment HCC ${candidate.hcc}`,
        `/candidates/${index}/hcc`,
      );
    }
  }
  return null;
}

/** HHS-HCC: rescoring of the whole request; candidates are codes, since payment models there have no bare HCC input. */
function hhsValuation(reference: ReferenceData, request: ImpactRequest): Outcome<Prepared> {
  const bare = request.candidates.findIndex(({ diagnoses }) => diagnoses === null);
  if (bare >= 0) {
    return refuse('invalid_request', 'HHS-HCC candidates are given by diagnoses', `/candidates/${bare}`);
  }
  const base = distinctCodes(request.diagnoses);
  const score = (codes: readonly string[]) =>
    scoreHhsRequest(reference.hhs, reference.codes, { ...request, diagnoses: codes });
  const first = score(base);
  if (!first.ok) return first;
  const codesOf = request.candidates.map(({ diagnoses }) => (diagnoses ?? []).map(undotted));
  return succeed({
    value: (chosen) => {
      const present = new Set(base);
      for (const at of chosen) {
        if (request.candidates[at]?.action === 'delete')
          for (const code of codesOf[at] ?? []) present.delete(code);
      }
      for (const at of chosen) {
        if (request.candidates[at]?.action !== 'delete')
          for (const code of codesOf[at] ?? []) present.add(code);
      }
      const scored = score([...present]);
      if (!scored.ok) throw new Error('a request that was scored once can be scored again');
      return { raw: Math.round(scored.value.rawScore * 1000), payment: null };
    },
    assumptions: first.value.assumptions,
    provenance: first.value.provenance,
  });
}

function shown({ raw, payment }: Value): Worth {
  return { raw: toDecimal(raw), payment: payment === null ? null : toDecimal(payment) };
}

/** A share in thousandths as a decimal of nine places. */
function share(thousandths: number): number {
  return Math.round(thousandths * 1_000_000) / 1_000_000_000 || 0;
}

/** `base rate x change of payment score x months`, in cents, rounded half away from zero (section 7). */
function dollarsOf(
  worth: ImpactWorth,
  { cents, currency }: { readonly cents: number; readonly currency: 'USD' },
  months: number,
): ImpactDollars | null {
  const { joint } = worth;
  if (joint.payment === null) return null;
  const amount = (payment: number | null): number =>
    divideRounded(Math.round((payment ?? 0) * 1_000_000) * cents * months, 1_000_000_000);
  return {
    currency,
    baseRateCents: cents,
    months,
    jointCents: amount(joint.payment),
    gaps: worth.gaps.map((gap) => ({
      id: gap.id,
      standaloneCents: amount(gap.standalone.payment),
      incrementalCents: amount(gap.incremental.payment),
      shapleyCents: amount(gap.shapley.payment),
    })),
    label: ESTIMATE,
  };
}
