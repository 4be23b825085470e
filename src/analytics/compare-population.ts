import { type CompareReason, type Comparison, compareRequests } from '../engine/compare.ts';
import type { IsoDate } from '../engine/dates.ts';
import { eligibleDiagnoses } from '../engine/eligible-diagnoses.ts';
import type { MemberHistory } from '../engine/history.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { ModelId, ScoreRequest } from '../engine/score-contract.ts';
import { scoreMemberOf, segmentPeriod } from '../engine/segment-of-history.ts';
import { type Thousandths, toDecimal } from '../engine/thousandths.ts';
import { SMALL_SAMPLE } from './rates.ts';

/** One side of a comparison: a model (null: those in force) in a payment year. */
export interface CompareSide {
  readonly model: ModelId | null;
  readonly paymentYear: number;
}

export interface CompareOptions {
  readonly a: CompareSide;
  readonly b: CompareSide;
  /** Year of the services whose diagnoses both sides score: the same codes, so that only the rules differ. */
  readonly servicesOf: number;
  readonly asOf: IsoDate;
}

/** One member under both sides, or why there is no comparison. */
export interface ComparedMember {
  readonly memberKey: string;
  readonly contractId: string | null;
  readonly comparison: Comparison | null;
  readonly refused: { readonly side: 'a' | 'b'; readonly code: string; readonly message: string } | null;
}

/** Scores a stored member under both sides with the diagnoses of one service year, each in its own year's age. */
export function compareMember(
  reference: ReferenceData,
  history: MemberHistory,
  { a, b, servicesOf, asOf }: CompareOptions,
): ComparedMember {
  const diagnoses = eligibleDiagnoses(reference, history, { paymentYear: servicesOf + 1, asOf });
  // One status for both: a move between coverage periods is not what is compared.
  const period = segmentPeriod(history, b.paymentYear);
  const member = scoreMemberOf(history, period);
  const request = ({ model, paymentYear }: CompareSide): ScoreRequest => ({
    id: null,
    model,
    program: period.program,
    paymentYear,
    member,
    diagnoses,
    drugs: [],
    procedures: [],
  });
  const answer = compareRequests(reference, request(a), request(b));
  const of = { memberKey: history.memberId, contractId: period.contractId };
  if (answer.ok) return { ...of, comparison: answer.comparison, refused: null };
  const { code, message } = answer.error;
  return { ...of, comparison: null, refused: { side: answer.side, code, message } };
}

/** How much a reason, or a variable for a reason, moved the raw scores of a population. */
export interface Movement {
  readonly variable: string | null;
  readonly reason: CompareReason;
  /** Members whose score it moved. */
  readonly members: number;
  readonly difference: number;
  /** `difference` over all members compared. */
  readonly mean: number;
}

export interface PopulationComparison {
  readonly members: number;
  readonly smallSample: boolean;
  readonly meanRaw: {
    readonly a: number | null;
    readonly b: number | null;
    readonly difference: number | null;
  };
  /** Over members with a payment score on both sides. */
  readonly meanPayment: {
    readonly members: number;
    readonly a: number | null;
    readonly b: number | null;
    readonly difference: number | null;
  };
  /** The differences add up to that of the raw scores of all members. */
  readonly reasons: readonly Movement[];
  readonly factors: readonly Movement[];
  readonly refused: readonly {
    readonly side: 'a' | 'b';
    readonly code: string;
    readonly members: number;
    readonly example: string;
  }[];
  /** Tables and parameters of each side that are single-source, unverified, proposed or overridden. */
  readonly provenance: { readonly a: readonly string[]; readonly b: readonly string[] };
}

interface Sums {
  members: number;
  difference: Thousandths;
}

/** Adds up comparisons one at a time: a population does not have to be held. */
export function populationTotals(): {
  add(compared: ComparedMember): void;
  total(): PopulationComparison;
} {
  const raw = { a: 0, b: 0, members: 0 };
  const paid = { a: 0, b: 0, members: 0 };
  const reasons = new Map<string, Sums>();
  const factors = new Map<string, Sums>();
  const refused = new Map<string, { side: 'a' | 'b'; code: string; members: number; example: string }>();
  const provenance = { a: new Set<string>(), b: new Set<string>() };
  return {
    add: ({ comparison, refused: refusal }) => {
      if (refusal !== null) {
        const { side, code, message } = refusal;
        const known = refused.get(`${side} ${code}`) ?? { side, code, members: 0, example: message };
        refused.set(`${side} ${code}`, { ...known, members: known.members + 1 });
      }
      if (comparison === null) return;
      const { a, b } = comparison;
      for (const mark of a.provenance) provenance.a.add(mark);
      for (const mark of b.provenance) provenance.b.add(mark);
      raw.members += 1;
      raw.a += thousandths(a.rawScore);
      raw.b += thousandths(b.rawScore);
      if (a.payment && b.payment) {
        paid.members += 1;
        paid.a += thousandths(a.payment.score);
        paid.b += thousandths(b.payment.score);
      }
      const moved = new Map<string, Thousandths>();
      for (const { variable, reason, difference } of comparison.factors) {
        if (difference === 0) continue;
        addTo(factors, `${reason} ${variable}`, thousandths(difference));
        moved.set(reason, (moved.get(reason) ?? 0) + thousandths(difference));
      }
      for (const [reason, difference] of moved) addTo(reasons, reason, difference);
    },
    total: () => ({
      members: raw.members,
      smallSample: raw.members < SMALL_SAMPLE,
      meanRaw: means(raw),
      meanPayment: { members: paid.members, ...means(paid) },
      reasons: movements(reasons, raw.members),
      factors: movements(factors, raw.members),
      refused: [...refused.values()],
      provenance: { a: [...provenance.a], b: [...provenance.b] },
    }),
  };
}

function addTo(sums: Map<string, Sums>, key: string, difference: Thousandths): void {
  const sum = sums.get(key) ?? { members: 0, difference: 0 };
  sums.set(key, { members: sum.members + 1, difference: sum.difference + difference });
}

function means({ a, b, members }: { a: Thousandths; b: Thousandths; members: number }) {
  if (members === 0) return { a: null, b: null, difference: null };
  return { a: places(a / members), b: places(b / members), difference: places((b - a) / members) };
}

/** Largest absolute movement first. */
function movements(sums: ReadonlyMap<string, Sums>, all: number): readonly Movement[] {
  return [...sums]
    .map(([key, { members, difference }]): Movement => {
      const [reason = '', ...rest] = key.split(' ');
      return {
        variable: rest.length === 0 ? null : rest.join(' '),
        reason: reason as CompareReason,
        members,
        difference: toDecimal(difference),
        mean: places(difference / all),
      };
    })
    .sort(
      (x, y) =>
        Math.abs(y.difference) - Math.abs(x.difference) ||
        (`${x.reason} ${x.variable}` < `${y.reason} ${y.variable}` ? -1 : 1),
    );
}

/** Thousandths as a decimal of at most four places: a mean has no exact one. */
function places(mean: number): number {
  return Math.round(mean * 10) / 10_000;
}

function thousandths(value: number): Thousandths {
  return Math.round(value * 1000);
}
