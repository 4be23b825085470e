import type { Analysis, AnalysisOptions, Gap } from '../engine/analysis-contract.ts';
import { type Calendar, yearState } from '../engine/calendar.ts';
import { type IsoDate, yearOf } from '../engine/dates.ts';
import type { CoveragePeriod, MemberHistory } from '../engine/history.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { ScoreResult } from '../engine/score-contract.ts';
import type { RafScore } from '../store/raf-scores.ts';
import type { GapContext } from './reconcile.ts';

/** The engine's analysis with its reference data bound; `identity` makes the gap ids. */
export type AnalyzeHistory = (
  history: MemberHistory,
  options: AnalysisOptions,
  identity: { readonly tenant: string; readonly member: string },
) => Outcome<Analysis>;

/** How far around a date payment years are looked at: D is P-1, and a final deadline lies at most a year after P. */
const YEARS_AROUND = 3;

/** Payment years that take adds on a date, oldest first: on 2026-11-23 these are 2026 and 2027. */
export function openPaymentYears(calendar: Calendar, asOf: IsoDate): readonly number[] {
  const year = yearOf(asOf);
  return Array.from({ length: 2 * YEARS_AROUND + 1 }, (_, index) => year - YEARS_AROUND + index).filter(
    (paymentYear) => {
      const state = yearState(calendar, paymentYear, asOf);
      return state === 'prospective_open' || state === 'retrospective_open';
    },
  );
}

/** The coverage period that holds the date, else the latest one that began before it. */
export function coverageOn(history: MemberHistory, asOf: IsoDate): CoveragePeriod | null {
  const begun = history.coverage
    .filter((period) => period.from <= asOf)
    .sort((a, b) =>
      a.from < b.from ? 1 : a.from > b.from ? -1 : (a.contractId ?? '') < (b.contractId ?? '') ? -1 : 1,
    );
  return begun.find((period) => period.to === null || period.to >= asOf) ?? begun[0] ?? null;
}

/** How worklists find a gap: its provider, the member's contract and next visit. */
export function gapContextOf(
  history: MemberHistory,
  given: { readonly asOf: IsoDate; readonly pcpNpi: string | null },
): (gap: Gap) => GapContext {
  const next = history.appointments
    .filter((appointment) => appointment.date >= given.asOf)
    .reduce<(typeof history.appointments)[number] | null>(
      (first, appointment) => (first === null || appointment.date < first.date ? appointment : first),
      null,
    );
  const contractId = coverageOn(history, given.asOf)?.contractId ?? null;
  const npiOf = new Map(
    history.encounters.map((encounter) => [encounter.encounterId, encounter.provider?.npi ?? null]),
  );
  return (gap) => {
    const latest = [...gap.evidence]
      .filter((item) => item.encounterId !== null && npiOf.get(item.encounterId) != null)
      .sort((a, b) => ((a.date ?? '') < (b.date ?? '') ? 1 : -1))[0];
    const fromEvidence = latest?.encounterId == null ? null : (npiOf.get(latest.encounterId) ?? null);
    // A visit to come is asked of who sees the member next; a finished record belongs to who wrote it.
    const providerNpi =
      gap.list === 'prospective'
        ? (next?.provider?.npi ?? given.pcpNpi ?? fromEvidence)
        : (gap.encounterLink?.providerNpi ?? fromEvidence ?? given.pcpNpi);
    return { providerNpi, contractId, nextAppointment: next?.date ?? null };
  };
}

/** The rows of an analysis's scores: the whole, and beside it each model's part of a blend. */
export function scoresOf(
  analysis: Analysis,
  given: { readonly memberKey: string; readonly coverage: CoveragePeriod | null },
): readonly RafScore[] {
  const { current, ifAllClosed } = analysis.raf;
  if (current === null || ifAllClosed === null) return [];
  const row = (
    now: ScoreResult,
    closed: ScoreResult,
    extra: Pick<RafScore, 'part' | 'blendWeight' | 'detail'>,
  ): RafScore => ({
    memberKey: given.memberKey,
    paymentYear: analysis.paymentYear,
    model: now.model,
    segment: now.segment,
    contractId: given.coverage?.contractId ?? null,
    planId: given.coverage?.planId ?? null,
    asOf: analysis.asOf,
    rawCurrent: now.rawScore,
    paymentCurrent: now.payment?.score ?? null,
    rawIfClosed: closed.rawScore,
    paymentIfClosed: closed.payment?.score ?? null,
    hccs: now.hccs,
    ...extra,
  });
  const parts = (current.models ?? []).flatMap((part): readonly RafScore[] => {
    const closed = ifAllClosed.models?.find((candidate) => candidate.model === part.model);
    if (closed === undefined) return [];
    return [row(part, closed, { part: true, blendWeight: part.blendWeight, detail: null })];
  });
  return [row(current, ifAllClosed, { part: false, blendWeight: null, detail: analysis.raf }), ...parts];
}
