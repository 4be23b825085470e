import type { ReferenceData } from '../engine/reference-data.ts';
import type { ScoreResult } from '../engine/score-contract.ts';
import type { PaidMonth } from '../store/paid-raf.ts';

/** Differences up to this are rounding (MMR carries four decimals, our scores three). */
const TOLERANCE = 0.0005;

/** One reason, or part, of a difference; `value` is paid minus ours in payment RAF, null where no amount follows. */
export interface PaidDifference {
  readonly kind:
    | 'hcc_paid_not_ours'
    | 'hcc_ours_not_paid'
    | 'segment'
    | 'dual_status'
    | 'institutional'
    | 'entitlement'
    | 'hospice'
    | 'score_missing'
    | 'unexplained';
  readonly model: string | null;
  readonly hcc: string | null;
  readonly paid: string | null;
  readonly ours: string | null;
  readonly value: number | null;
}

export interface PaidReconciliation {
  readonly memberKey: string;
  readonly paymentMonth: string;
  readonly contractId: string | null;
  readonly paidRaf: number;
  readonly ourRaf: number | null;
  /** Paid minus ours, four decimals. */
  readonly difference: number | null;
  readonly agrees: boolean;
  readonly differences: readonly PaidDifference[];
  /** What would say more and is not at hand, e.g. the model output report of a model. */
  readonly missing: readonly string[];
}

/**
 * Sets what CMS paid for a member and month (MMR, RAF A of a row without adjustment reason) against our score of the
 * payment year, and explains a difference by factor: HCCs of the model output report that we lack and the reverse, each
 * at its coefficient of our segment, normalised and adjusted as our part of the blend is; then what CMS and we take the
 * member for. What no single HCC explains (interactions, counts, demographics, another normalisation) is left as
 * `unexplained`, so that the parts sum to the difference.
 */
export function reconcilePaid(reference: ReferenceData, month: PaidMonth): PaidReconciliation {
  const { memberKey, paymentMonth, paid, current } = month;
  const paidRaf = Number(paid.rafA);
  const ourRaf = current?.payment?.score ?? null;
  const of = { memberKey, paymentMonth, contractId: paid.contractId, paidRaf, ourRaf };
  if (current === null || ourRaf === null) {
    return {
      ...of,
      difference: null,
      agrees: false,
      differences: [plain('score_missing', String(paidRaf), null)],
      missing: [],
    };
  }
  const difference = round(paidRaf - ourRaf);
  const agrees = Math.abs(difference) <= TOLERANCE + 1e-9;
  const parts = current.models ?? [{ ...current, blendWeight: 1 }];
  const differences: PaidDifference[] = [];
  const missing: string[] = [];
  for (const part of parts) {
    const reported = month.modelOutput.find(({ model }) => model === part.model);
    if (reported === undefined) missing.push(`model output report of ${part.model}`);
    else differences.push(...hccDifferences(reference, part, reported.hccs));
  }
  differences.push(...statusDifferences(month, parts[0]?.segment ?? current.segment));
  const explained = differences.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const rest = round(difference - explained);
  if (!agrees && Math.abs(rest) > TOLERANCE) {
    differences.push({ ...plain('unexplained', null, null), value: rest });
  }
  return { ...of, difference, agrees, differences, missing };
}

function hccDifferences(
  reference: ReferenceData,
  part: ScoreResult & { readonly blendWeight: number },
  paidHccs: readonly string[],
): readonly PaidDifference[] {
  const ours = new Set(part.hccs);
  const paid = new Set(paidHccs);
  const { payment } = part;
  const weight =
    payment === null
      ? null
      : (part.blendWeight * (1 - (payment.codingAdjustment ?? 0))) / payment.normalization;
  const inPayment = (raw: number | null) => (raw === null || weight === null ? null : round(raw * weight));
  const lacking = [...paid].filter((hcc) => !ours.has(hcc));
  const unpaid = [...ours].filter((hcc) => !paid.has(hcc));
  return [
    ...lacking.map(
      (hcc): PaidDifference => ({
        kind: 'hcc_paid_not_ours',
        model: part.model,
        hcc,
        paid: hcc,
        ours: null,
        value: inPayment(coefficientOf(reference, part, hcc)),
      }),
    ),
    ...unpaid.map((hcc): PaidDifference => {
      const factor = part.factors.find(({ kind, variable }) => kind === 'hcc' && hccOf(variable) === hcc);
      const value = inPayment(factor?.value ?? null);
      return {
        kind: 'hcc_ours_not_paid',
        model: part.model,
        hcc,
        paid: null,
        ours: hcc,
        value: value === null ? null : -value,
      };
    }),
  ];
}

/** Coefficient of an HCC in the segment of our score; null when the segment has none. */
function coefficientOf(reference: ReferenceData, part: ScoreResult, hcc: string): number | null {
  const model = reference.models.get(part.model);
  if (model === undefined) return null;
  for (const set of model.sets) {
    if (!set.paymentYears.includes(part.paymentYear)) continue;
    const found = set.tables.get(part.segment)?.get(`${model.hccPrefix}${hcc}`);
    if (found !== undefined) return found / 1000;
  }
  return null;
}

function hccOf(variable: string): string {
  return variable.replace(/^(?:RX)?HCC0*/, '');
}

/** What CMS takes the member for, against the coverage we know for the month. Only what both state is compared. */
function statusDifferences({ paid, coverage }: PaidMonth, segment: string): readonly PaidDifference[] {
  const family = paid.factorType === null ? null : segmentFamily(paid.factorType);
  const own = segmentFamily(segment);
  const found: PaidDifference[] = [];
  if (family !== null && own !== null && family !== own) {
    found.push(plain('segment', paid.factorType, segment));
  }
  if (coverage === null) return found;
  const compare = (kind: PaidDifference['kind'], theirs: unknown, ours: unknown) => {
    if (theirs === null || ours === null || theirs === ours) return;
    found.push(plain(kind, String(theirs), String(ours)));
  };
  compare('dual_status', paid.dualStatus, coverage.dualStatus);
  compare('institutional', paid.institutional, coverage.institutional);
  compare('entitlement', paid.originalEntitlement, coverage.originalEntitlement);
  compare('hospice', paid.hospice, coverage.hospice);
  return found;
}

/**
 * What an MMR factor type and a segment of ours have in common: community by dual status, institutional, new enrollee,
 * dialysis, graft. null for a type whose meaning is not stated; it is then not compared.
 */
function segmentFamily(code: string): string | null {
  const text = code.toUpperCase();
  if (/^(?:E|SE|NE|SNPNE|SNP_NE)/.test(text)) return 'new enrollee';
  if (/^(?:I|INS)/.test(text)) return 'institutional';
  if (/^D/.test(text)) return 'dialysis';
  if (/^G/.test(text)) return 'graft';
  const community = /^C([NFP])/.exec(text);
  return community === null ? null : `community ${community[1]}`;
}

function plain(kind: PaidDifference['kind'], paid: string | null, ours: string | null): PaidDifference {
  return { kind, model: null, hcc: null, paid, ours, value: null };
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
