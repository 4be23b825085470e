import type { IsoDate } from '../engine/dates.ts';
import { type JudgedEncounter, judgeEncounters, unlinkedExcluded } from '../engine/eligibility.ts';
import type { CoveragePeriod, MemberHistory } from '../engine/history.ts';
import { historyAsOf } from '../engine/history-as-of.ts';
import { LINK_STATES, type LinkState, linkState } from '../engine/linkage.ts';
import { resolveVersions } from '../engine/record-versions.ts';
import type { ReferenceData } from '../engine/reference-data.ts';

export const LINKAGE_GROUPS = ['none', 'contract', 'provider', 'dosYear'] as const;
export type LinkageGroup = (typeof LINKAGE_GROUPS)[number];

/** Findings of chart reviews (a review's diagnosis each) of one group. The states add up to `findings`. */
export interface LinkageRow {
  readonly group: string;
  readonly reviews: number;
  readonly findings: number;
  readonly states: Readonly<Record<LinkState, number>>;
  /** Findings that count for payment as things stand, and were no member a switcher (CRR-5, CRR-6). */
  readonly counting: number;
  readonly countingWithoutException: number;
}

type Counts = { -readonly [K in keyof Omit<LinkageRow, 'group' | 'states'>]: number } & {
  readonly states: Record<LinkState, number>;
};

/** Adds up the chart reviews of many members, chunk by chunk. */
export class LinkageTally {
  readonly #groups = new Map<string, Counts>();
  readonly #reference: ReferenceData;
  readonly #given: {
    readonly dosYears: readonly number[];
    readonly asOf: IsoDate;
    readonly by: LinkageGroup;
    readonly contracts: readonly string[] | null;
  };

  constructor(
    reference: ReferenceData,
    given: {
      readonly dosYears: readonly number[];
      readonly asOf: IsoDate;
      readonly by: LinkageGroup;
      /** Contracts that the caller may see, by the coverage on the date of service; null: all. */
      readonly contracts: readonly string[] | null;
    },
  ) {
    this.#reference = reference;
    this.#given = given;
  }

  add(loaded: MemberHistory): void {
    const { dosYears, asOf } = this.#given;
    const versions = resolveVersions(loaded.encounters, asOf);
    const history = historyAsOf(loaded, asOf, versions);
    // Records are judged by the rules of their own year, so one pass does for several years.
    const records = judgeEncounters(this.#reference.eligibility, versions, {
      dosYear: Math.max(...dosYears),
      lookbackYears: Math.max(...dosYears) - Math.min(...dosYears),
      asOf,
      coverage: history.coverage,
    });
    for (const review of records) {
      // A deleting review adds nothing, a void one was never sent, another year's is another report's.
      if (review.encounter.source !== 'chart_review' || !review.carries) continue;
      if (!dosYears.includes(review.dosYear)) continue;
      const contract = contractOn(history.coverage, review.encounter.to);
      if (this.#given.contracts !== null && !this.#given.contracts.includes(contract)) continue;
      this.#count(review, { contract, state: linkState(review, records, history.conditions), history });
    }
  }

  rows(): readonly LinkageRow[] {
    return [...this.#groups]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([group, counts]) => ({ group, ...counts }));
  }

  #count(
    review: JudgedEncounter,
    {
      contract,
      state,
      history,
    }: { readonly contract: string; readonly state: LinkState; readonly history: MemberHistory },
  ): void {
    const { eligibility } = this.#reference;
    const findings = review.codes.length;
    const counts = this.#group(review, contract);
    counts.reviews += 1;
    counts.findings += findings;
    counts.states[state] += findings;
    if (!review.verdict.eligible) return;
    counts.counting += findings;
    const coverage = history.coverage.map((period) => ({ ...period, switcher: false }));
    const stays =
      !review.unlinkedReview ||
      review.encounter.mao004 === 'allowed' ||
      !unlinkedExcluded(eligibility.rules, { coverage, asOf: this.#given.asOf }, review.encounter.to);
    if (stays) counts.countingWithoutException += findings;
  }

  #group({ encounter, dosYear }: JudgedEncounter, contract: string): Counts {
    const name = {
      none: 'all',
      contract,
      provider: encounter.provider?.npi ?? '',
      dosYear: String(dosYear),
    }[this.#given.by];
    const known = this.#groups.get(name);
    if (known) return known;
    const made: Counts = {
      reviews: 0,
      findings: 0,
      counting: 0,
      countingWithoutException: 0,
      states: Object.fromEntries(LINK_STATES.map((state) => [state, 0])) as Record<LinkState, number>,
    };
    this.#groups.set(name, made);
    return made;
  }
}

function contractOn(coverage: readonly CoveragePeriod[], date: IsoDate): string {
  const period = coverage.find(({ from, to }) => from <= date && (to === null || to >= date));
  return period?.contractId ?? '';
}
