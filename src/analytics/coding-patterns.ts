import { isMoreSpecific, type SpecificityTables } from '../engine/specificity.ts';
import { type CodingPattern, specificityRate } from './programme.ts';
import type { Rate } from './rates.ts';

/** Members that a provider gave a code, in one service year. */
export interface CodedMembers {
  readonly npi: string;
  readonly specialty: string;
  readonly code: string;
  readonly members: number;
}

export interface ProviderPattern {
  readonly npi: string;
  readonly specialty: string;
  readonly rate: Rate;
  /** Unspecified without detail on record: education, never an error (guideline I.B.18). */
  readonly unspecifiedWithoutDetail: number;
  /** All other providers of the specialty taken together; null without any. */
  readonly peers: Rate | null;
  readonly peerProviders: number;
}

/** Codes that say more than an unspecified code of their category, by category: worked out once a table. */
function specifiedIn(tables: SpecificityTables): (code: string) => boolean {
  const open = new Map<string, string[]>();
  for (const [code, { falsePositive }] of tables.unspecified) {
    const category = code.slice(0, 3);
    if (!falsePositive) open.set(category, [...(open.get(category) ?? []), code]);
  }
  const known = new Map<string, boolean>();
  return (code) => {
    const found = known.get(code);
    if (found !== undefined) return found;
    const says = (open.get(code.slice(0, 3)) ?? []).some((other) => isMoreSpecific(tables, other, code));
    known.set(code, says);
    return says;
  };
}

/**
 * Specificity of each provider's coding (KPIs, section 4): specified codes of all codes in categories where a more
 * specific code exists and the record holds the detail, beside the peers of the specialty. No money in it.
 */
export function codingPatterns(
  tables: SpecificityTables,
  coded: readonly CodedMembers[],
  findings: ReadonlyMap<string, { readonly withDetail: number; readonly withoutDetail: number }>,
): readonly ProviderPattern[] {
  const isSpecified = specifiedIn(tables);
  const providers = new Map<string, { specialty: string; specified: number }>();
  for (const { npi, specialty, code, members } of coded) {
    const known = providers.get(npi) ?? { specialty, specified: 0 };
    if (isSpecified(code)) known.specified += members;
    providers.set(npi, known);
  }
  const patterns = [...providers].map(([npi, { specialty, specified }]) => ({
    npi,
    specialty,
    specified,
    unspecifiedWithDetail: findings.get(npi)?.withDetail ?? 0,
    unspecifiedWithoutDetail: findings.get(npi)?.withoutDetail ?? 0,
  }));
  const totals = new Map<string, { providers: number } & CodingPattern>();
  for (const { specialty, specified, unspecifiedWithDetail } of patterns) {
    const sum = totals.get(specialty) ?? { providers: 0, specified: 0, unspecifiedWithDetail: 0 };
    totals.set(specialty, {
      providers: sum.providers + 1,
      specified: sum.specified + specified,
      unspecifiedWithDetail: sum.unspecifiedWithDetail + unspecifiedWithDetail,
    });
  }
  return patterns.map(({ npi, specialty, unspecifiedWithoutDetail, ...own }) => {
    const all = totals.get(specialty);
    const peers = (all?.providers ?? 1) - 1;
    return {
      npi,
      specialty,
      rate: specificityRate(own),
      unspecifiedWithoutDetail,
      peers:
        all === undefined || peers === 0
          ? null
          : specificityRate({
              specified: all.specified - own.specified,
              unspecifiedWithDetail: all.unspecifiedWithDetail - own.unspecifiedWithDetail,
            }),
      peerProviders: peers,
    };
  });
}
