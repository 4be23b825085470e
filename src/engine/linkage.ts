import { daysBetween, type IsoDate } from './dates.ts';
import type { JudgedEncounter } from './eligibility.ts';
import type { Condition } from './history.ts';

/**
 * What is to be linked: an added diagnosis or an unlinked chart review. From services of 2026 a chart review counts
 * only with an accepted, eligible encounter behind it (encounter eligibility, CRR-4; gap taxonomy, section 4).
 */
export interface LinkSubject {
  /** Undotted codes that the link is for. */
  readonly codes: readonly string[];
  readonly dosYear: number;
  /** Date of service that the finding itself states; null: not documented in the year yet. */
  readonly dos: IsoDate | null;
  readonly providerNpi: string | null;
  /** Encounters that a note or a stated link of the finding names. */
  readonly named: readonly string[];
}

/** An eligible encounter that could carry the diagnosis. A proposal: a person reads the record and chooses. */
export interface LinkCandidate {
  readonly encounterId: string;
  readonly icn: string | null;
  readonly from: IsoDate;
  readonly dos: IsoDate;
  readonly providerNpi: string | null;
  /** `link_pending_icn`: eligible, and its ICN has not come yet. */
  readonly status: 'linked' | 'link_pending_icn';
  readonly documentedThere: boolean;
  readonly sameDay: boolean;
  readonly sameProvider: boolean;
  /** 0 on any day of the encounter; null where the finding states no date. */
  readonly daysApart: number | null;
  readonly why: readonly string[];
}

/**
 * Eligible encounters of the finding's service year, best first: documented there; on the same day (a stay holds all
 * its days); by the same provider; nearest date; ICN known. Chart reviews and records that are not claims are no
 * encounters to link to. Order of the input and repeats change nothing.
 */
export function linkCandidates(
  subject: LinkSubject,
  records: readonly JudgedEncounter[],
  conditions: readonly Condition[],
): readonly LinkCandidate[] {
  const codes = new Set(subject.codes);
  const documented = new Set(subject.named);
  for (const { code, source, encounterId, verification } of conditions) {
    if (encounterId !== null && source === 'note' && verification !== 'refuted' && codes.has(code)) {
      documented.add(encounterId);
    }
  }
  return records
    .filter((record) => isLinkable(record, subject.dosYear))
    .map((record) => candidate(subject, record, documented.has(record.encounter.encounterId)))
    .sort(byRank);
}

/** True for an accepted claim of the year that passes the filter; CMS links to encounters, never to a review. */
function isLinkable({ encounter, verdict, dosYear, carries }: JudgedEncounter, year: number): boolean {
  return encounter.source === 'claim' && carries && verdict.eligible && dosYear === year;
}

function candidate(
  { dos, providerNpi }: LinkSubject,
  { encounter }: JudgedEncounter,
  documentedThere: boolean,
): LinkCandidate {
  const npi = encounter.provider?.npi ?? null;
  const daysApart = dos === null ? null : distance(dos, encounter.from, encounter.to);
  const sameDay = daysApart === 0;
  const sameProvider = npi !== null && npi === providerNpi;
  return {
    encounterId: encounter.encounterId,
    icn: encounter.icn,
    from: encounter.from,
    dos: encounter.to,
    providerNpi: npi,
    status: encounter.icn === null ? 'link_pending_icn' : 'linked',
    documentedThere,
    sameDay,
    sameProvider,
    daysApart,
    why: [
      documentedThere ? 'the diagnosis is documented in this encounter' : '',
      sameDay ? 'the same day of service' : '',
      !sameDay && daysApart !== null
        ? `${daysApart} day${daysApart === 1 ? '' : 's'} apart: the note must be shown to belong to this visit`
        : '',
      sameProvider ? 'the same provider' : '',
      encounter.icn === null ? 'its ICN has not come yet' : `its ICN is known`,
    ].filter((text) => text !== ''),
  };
}

function distance(date: IsoDate, from: IsoDate, to: IsoDate): number {
  if (date < from) return daysBetween(date, from);
  return date > to ? daysBetween(to, date) : 0;
}

function byRank(a: LinkCandidate, b: LinkCandidate): number {
  return (
    Number(b.documentedThere) - Number(a.documentedThere) ||
    Number(b.sameDay) - Number(a.sameDay) ||
    Number(b.sameProvider) - Number(a.sameProvider) ||
    (a.daysApart ?? 0) - (b.daysApart ?? 0) ||
    Number(b.icn !== null) - Number(a.icn !== null) ||
    compare(b.dos, a.dos) ||
    compare(a.encounterId, b.encounterId)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Why a chart review that is not linked has nothing to be linked to, or what it has. */
export type LinkState =
  | 'linked'
  | 'linkable_documented'
  | 'linkable_same_day'
  | 'linkable_other_day'
  | 'linked_record_unknown'
  | 'linked_record_void'
  | 'linked_record_not_eligible'
  | 'no_eligible_encounter';

export const LINK_STATES = [
  'linked',
  'linkable_documented',
  'linkable_same_day',
  'linkable_other_day',
  'linked_record_unknown',
  'linked_record_void',
  'linked_record_not_eligible',
  'no_eligible_encounter',
] as const satisfies readonly LinkState[];

/**
 * State of one adding chart review: linked, or what it could be linked to, or why nothing. A link that was stated and
 * does not hold is named only where nothing else could carry the review.
 */
export function linkState(
  review: JudgedEncounter,
  records: readonly JudgedEncounter[],
  conditions: readonly Condition[],
): LinkState {
  if (!review.unlinkedReview) return 'linked';
  const [best] = linkCandidates(reviewSubject(review), records, conditions);
  if (best !== undefined) {
    if (best.documentedThere) return 'linkable_documented';
    return best.sameDay ? 'linkable_same_day' : 'linkable_other_day';
  }
  const { linkedEncounterId } = review.encounter;
  if (linkedEncounterId === null) return 'no_eligible_encounter';
  const target = records.find(({ encounter }) => encounter.encounterId === linkedEncounterId);
  if (target === undefined) return 'linked_record_unknown';
  return target.withdrawn ? 'linked_record_void' : 'linked_record_not_eligible';
}

/** What an unlinked chart review is to be linked for. */
export function reviewSubject({ encounter, codes, dosYear }: JudgedEncounter): LinkSubject {
  return {
    codes,
    dosYear,
    dos: encounter.to,
    providerNpi: encounter.provider?.npi ?? null,
    named: encounter.linkedEncounterId === null ? [] : [encounter.linkedEncounterId],
  };
}
