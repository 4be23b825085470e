import { DEFAULT_LOOKBACK_YEARS, type EncounterVerdict, type Evidence } from '../engine/analysis-contract.ts';
import type { Calendar } from '../engine/calendar.ts';
import { judgeEncounters } from '../engine/eligibility.ts';
import { explainGap, type GapChain } from '../engine/explanation.ts';
import type { PaymentOverride } from '../engine/payment-overrides.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { RuleSelection } from '../engine/suspects/evaluate.ts';
import type { MappingRow, RowLocator } from '../reference/row-locator.ts';
import type { TenantTx } from '../store/database.ts';
import { type EvidenceSource, evidenceSources } from '../store/evidence-sources.ts';
import { listMemberGaps, type StoredGap } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { listRafScores } from '../store/raf-scores.ts';
import { reviewerFindings } from './reviewer-findings.ts';
import { type RuleWords, ruleWords } from './rule-words.ts';

export interface ExplainedEvidence extends Evidence {
  /** The row of the received file that said so. */
  readonly from: EvidenceSource | null;
  /** What the filter says of the encounter, by the rules of the payment year after its own DOS year. */
  readonly verdict: Pick<EncounterVerdict, 'eligible' | 'reasons' | 'reason'> | null;
}

export interface GapExplanation {
  readonly asOf: string;
  readonly evidence: readonly ExplainedEvidence[];
  readonly rule: RuleWords;
  /** null: an analysis of what is stored now no longer finds the gap, or refuses the member, for this reason. */
  readonly chain: GapChain | null;
  readonly noChain: string | null;
  readonly rows: ExplainedRows;
}

/** The table rows that the chain rests on. */
export interface ExplainedRows {
  /** By undotted code. */
  readonly codes: ReadonlyMap<string, MappingRow>;
  readonly hierarchy: readonly MappingRow[];
  /** By CMS variable name. */
  readonly factors: ReadonlyMap<string, MappingRow>;
  readonly payment: MappingRow | null;
}

/**
 * The whole chain of a stored gap: evidence with its source rows, rule in words, codes, mapping, hierarchy, factors
 * and payment, each with the table row it rests on. Worked out again as of the date of the member's stored score.
 */
export async function explainStoredGap(
  tx: TenantTx,
  given: {
    readonly reference: ReferenceData;
    readonly locateRow: RowLocator | undefined;
    readonly gap: StoredGap;
    readonly tenantId: string;
    readonly suspecting: RuleSelection;
    readonly paymentOverrides: readonly PaymentOverride[];
    readonly calendar: Calendar;
    readonly today: string;
  },
): Promise<GapExplanation> {
  const { gap, reference, suspecting } = given;
  const [score] = await listRafScores(tx, gap.memberKey, gap.paymentYear);
  const asOf = score?.asOf ?? given.today;
  const [history] = await loadHistories(tx, [gap.memberKey]);
  // One list for the gap's own finding and those beside it, which outrank adds of their families.
  const ofYear = (await listMemberGaps(tx, gap.memberKey)).filter(
    ({ paymentYear }) => paymentYear === gap.paymentYear,
  );
  const options = {
    paymentYear: gap.paymentYear,
    asOf,
    kinds: null,
    lookbackYears: DEFAULT_LOOKBACK_YEARS,
    suspecting,
    calendar: given.calendar,
    paymentOverrides: given.paymentOverrides,
    reviewerFindings: (await reviewerFindings(tx, ofYear)).get(gap.memberKey) ?? [],
  };
  const outcome = history
    ? explainGap(reference, history, options, {
        gapId: gap.gapId,
        identity: { tenant: given.tenantId, member: gap.memberKey },
      })
    : null;
  const chain = outcome?.ok ? outcome.value : null;
  const sources = await evidenceSources(tx, gap.memberKey, gap.gap.evidence);
  const verdicts = new Map(
    history
      ? judgeEncounters(reference.eligibility, resolveVersions(history.encounters, asOf), {
          dosYear: gap.gap.dosYear,
          lookbackYears: DEFAULT_LOOKBACK_YEARS,
          asOf,
          coverage: history.coverage,
        }).map(({ verdict }) => [verdict.encounterId, verdict])
      : [],
  );
  return {
    asOf,
    evidence: gap.gap.evidence.map((item, place) => {
      const verdict = item.encounterId === null ? undefined : verdicts.get(item.encounterId);
      return {
        ...item,
        from: sources[place] ?? null,
        verdict: verdict
          ? { eligible: verdict.eligible, reasons: verdict.reasons, reason: verdict.reason }
          : null,
      };
    }),
    rule: ruleWords(reference, gap.gap.ruleId, suspecting.extraRules),
    chain,
    noChain: chain
      ? null
      : outcome?.ok === false
        ? outcome.error.message
        : 'an analysis of what is stored now no longer finds this gap',
    rows: rowsOfChain(given.locateRow, gap, chain),
  };
}

function rowsOfChain(
  locate: RowLocator | undefined,
  { gap, paymentYear }: StoredGap,
  chain: GapChain | null,
): ExplainedRows {
  const codes = new Map<string, MappingRow>();
  const factors = new Map<string, MappingRow>();
  if (!chain || !locate) return { codes, factors, hierarchy: [], payment: null };
  for (const { code, mappedBy } of chain.codes) {
    const found =
      mappedBy === null
        ? null
        : locate(
            gap.model,
            'diagnoses.tsv',
            (row) => row.code === code && (row.payment_years ?? '').split('|').includes(String(mappedBy)),
          );
    if (found) codes.set(code, found);
  }
  const { captured, drops, droppedBy } = chain.hierarchy;
  const edges = [
    ...drops.filter((hcc) => captured.includes(hcc)).map((hcc) => [gap.hcc, hcc] as const),
    ...droppedBy.filter((hcc) => captured.includes(hcc)).map((hcc) => [hcc, gap.hcc] as const),
  ];
  const hierarchy = edges.flatMap(([upper, lower]) => {
    const found = locate(gap.model, 'hierarchies.tsv', (row) => row.hcc === upper && row.drops === lower);
    return found ? [found] : [];
  });
  const set = locate(gap.model, 'coefficient-sets.tsv', (row) => row.set === chain.coefficientSet);
  for (const { variable } of chain.score?.factors ?? []) {
    const found = locate(
      gap.model,
      set?.row.file ?? '',
      (row) => row.segment === chain.segment && row.variable === variable,
    );
    if (found) factors.set(variable, found);
  }
  const payment = locate(
    'payment',
    'parameters.tsv',
    (row) =>
      row.payment_year === String(paymentYear) && row.model === gap.model && row.program === chain.program,
  );
  return { codes, factors, hierarchy, payment };
}
