import { createHash } from 'node:crypto';
import type { Encounter } from '../../engine/history.ts';
import type { CanonicalRecord, SourceRef } from '../../store/records.ts';
import type { IntakeLookups } from '../parser.ts';
import { RecentMap } from '../recent-map.ts';
import type { JudgedClaim } from './claim-judge.ts';

interface Known {
  readonly encounterId: string;
  readonly from: string;
  readonly to: string;
  /** The standing version: the last replacement, or the claim itself. */
  latest: string;
  /** Chart review: the encounter it links to. */
  linked: string | null;
  /** A void of this number was read. */
  ended: boolean;
}

export interface Identified {
  readonly encounterId: string;
  readonly target: string | null;
  /** Chart review: the encounter it links to; a replacement keeps the link of the review it replaces. */
  readonly linked: string | null;
  /** REF*F8 or CLM01 name nothing seen so far. */
  readonly targetUnknown: boolean;
  readonly duplicate: boolean;
  readonly reusedNumber: boolean;
  /** A replacement whose number was voided, by a void that came before it: nothing of it stands. */
  readonly ended: boolean;
}

const CLAIMS_KEPT = 500_000;
/** Ids of replacements and voids. */
const ACTION = /:[78]$/;

/**
 * Gives claims their encounter ids and finds the claims they act on. Rules:
 * - an original is known by CLM01; an interim bill (frequency 2, 3, 4) by CLM01, frequency and first date, since all
 *   bills of one stay share CLM01; an original whose CLM01 the member has with other dates gets its first date too;
 * - replacement and void are CLM01 with `:7` or `:8`, so that neither overwrites the claim it acts on;
 * - the claim acted on is the one whose number REF*F8 gives, else CLM01 of the same member on a shared date, first
 *   in this batch, then among earlier ones (`knownEncounters`); else REF*F8 as it stands;
 * - a void ends the claim of its number in whichever version, so that a replacement read after it does not stand.
 * The index keeps the last claims of a batch, up to 500,000: beyond that, targets are found in earlier batches only.
 */
export class ClaimIndex {
  readonly #claims = new RecentMap<string, Known>(CLAIMS_KEPT);
  readonly #contents = new Set<string>();
  readonly #lookups: IntakeLookups;

  constructor(lookups: IntakeLookups) {
    this.#lookups = lookups;
  }

  /** A promise only when earlier batches have to be asked: most claims are originals. */
  identify(claim: JudgedClaim): Identified | Promise<Identified> {
    const duplicate = this.#isDuplicate(claim);
    const { memberId, claimNumber, frequency, from, to } = claim;
    if (frequency === '7' || frequency === '8') return this.#identifyAction(claim, duplicate);
    const key = `${memberId}\t${claimNumber}`;
    const before = this.#claims.get(key);
    let encounterId = claimNumber;
    let reusedNumber = false;
    if (/^[234]$/.test(frequency)) encounterId = `${claimNumber}:${frequency}:${from}`;
    else if (before && before.from !== from && before.encounterId === claimNumber) {
      encounterId = `${claimNumber}:${from}`;
      reusedNumber = true;
    }
    // What acts on the claim may have been read before it.
    const acted = reusedNumber || !ACTION.test(before?.latest ?? '') ? undefined : before;
    const latest = acted?.latest ?? encounterId;
    const known: Known = { encounterId, from, to, latest, linked: null, ended: acted?.ended ?? false };
    if (!duplicate) this.#claims.set(key, known);
    const nothing = { target: null, linked: null, targetUnknown: false, ended: false };
    const plain = { encounterId, ...nothing, duplicate, reusedNumber };
    if (!claim.chartReview || claim.original === null) return plain;
    return this.#link(claim, { plain, known });
  }

  async #identifyAction(claim: JudgedClaim, duplicate: boolean): Promise<Identified> {
    const { memberId, claimNumber, frequency, original } = claim;
    const encounterId = `${claimNumber}:${frequency}`;
    const plain = { encounterId, duplicate, reusedNumber: false };
    const key = `${memberId}\t${claimNumber}`;
    const known = this.#claims.get(key);
    if (await this.#hasEnded(claim, known)) {
      // It acts on the claim that the void ended, never on the void.
      const target = original ?? claimNumber;
      return { ...plain, target, linked: null, targetUnknown: false, ended: true };
    }
    const here = this.#find(claim);
    const replaced = here === `${claimNumber}:7` ? null : await this.#replacement(claim);
    const found = replaced ?? here ?? (await this.#findEarlier(memberId, this.#candidates(claim)));
    const target = found ?? original ?? claimNumber;
    const named = original === null ? undefined : this.#claims.get(`${memberId}\t${original}`);
    const linked = claim.chartReview ? ((named ?? known)?.linked ?? null) : null;
    const isVoid = frequency === '8';
    if (known) {
      known.latest = encounterId;
      known.ended ||= isVoid;
    } else {
      const { from, to } = claim;
      this.#claims.set(key, { encounterId, from, to, latest: encounterId, linked, ended: isVoid });
    }
    return { ...plain, target, linked, targetUnknown: found === null, ended: false };
  }

  /** What a void of an own number acts on when earlier batches brought a replacement under that number. */
  async #replacement({ memberId, claimNumber, frequency, original, chartReview }: JudgedClaim) {
    const isOwn = original === null || original === claimNumber;
    if (frequency !== '8' || chartReview || !isOwn) return null;
    return this.#findEarlier(memberId, [`${claimNumber}:7`]);
  }

  async #hasEnded(claim: JudgedClaim, known: Known | undefined): Promise<boolean> {
    const { memberId, claimNumber, frequency, chartReview } = claim;
    if (frequency !== '7' || chartReview) return false;
    return known?.ended === true || (await this.#findEarlier(memberId, [`${claimNumber}:8`])) !== null;
  }

  async #link(
    claim: JudgedClaim,
    { plain, known }: { plain: Identified; known: Known },
  ): Promise<Identified> {
    const { memberId, original } = claim;
    if (original === null) return plain;
    const here = this.#claims.get(`${memberId}\t${original}`)?.encounterId;
    const found = here ?? (await this.#findEarlier(memberId, [original]));
    known.linked = found ?? original;
    return { ...plain, linked: known.linked, targetUnknown: found === null };
  }

  #candidates({ claimNumber, frequency, original, chartReview }: JudgedClaim): string[] {
    const own = frequency === '8' ? [`${claimNumber}:7`, claimNumber] : [claimNumber];
    return [...(original === null ? [] : [original]), ...(chartReview && original !== null ? [] : own)];
  }

  #find(claim: JudgedClaim): string | null {
    const { memberId, claimNumber, original, frequency } = claim;
    const named = original === null ? undefined : this.#claims.get(`${memberId}\t${original}`);
    const own = this.#claims.get(`${memberId}\t${claimNumber}`);
    const shared = own !== undefined && own.from <= claim.to && claim.from <= own.to;
    const known = named ?? (shared ? own : undefined);
    if (known === undefined) return null;
    const self = `${claimNumber}:${frequency}`;
    return known.latest === self ? known.encounterId : known.latest;
  }

  async #findEarlier(memberId: string, candidates: readonly string[]): Promise<string | null> {
    const ask = this.#lookups.knownEncounters;
    if (ask === undefined) return null;
    const known = await ask(candidates.map((candidate) => `${memberId}\t${candidate}`));
    return candidates.find((candidate) => known.has(`${memberId}\t${candidate}`)) ?? null;
  }

  #isDuplicate(claim: JudgedClaim): boolean {
    const digest = createHash('sha256').update(JSON.stringify(claim)).digest('base64url').slice(0, 22);
    if (this.#contents.has(digest)) return true;
    if (this.#contents.size < CLAIMS_KEPT) this.#contents.add(digest);
    return false;
  }
}

const STATUSES: Readonly<Record<string, Encounter['claimStatus']>> = { '7': 'replacement', '8': 'void' };

/** The canonical records of a claim: member, encounter, lines, diagnoses and drugs administered. */
export function* claimRecords(
  claim: JudgedClaim,
  identified: Identified,
  source: SourceRef,
): Generator<CanonicalRecord> {
  const { memberId, from, to } = claim;
  const { encounterId } = identified;
  const { birthDate, sex, deathDate } = claim;
  yield { kind: 'member', memberId, source, birthDate, sex, deathDate, pcpNpi: null };
  const claimStatus = identified.ended ? 'void' : (STATUSES[claim.frequency] ?? 'original');
  const encounter: Omit<Encounter, 'lines' | 'diagnoses'> = {
    encounterId,
    from,
    to,
    setting: claim.setting,
    billType: claim.billType,
    modality: claim.modality,
    source: claim.chartReview ? 'chart_review' : 'claim',
    linkedEncounterId: identified.linked,
    claimStatus,
    replacesEncounterId: identified.target,
    icn: null,
    acceptance: null,
    mao004: null,
    crrAction: claim.chartReview ? (claim.deletes ? 'delete' : 'add') : null,
    placeOfService: claim.placeOfService,
    hra: false,
    signed: null,
    provider: claim.provider,
  };
  yield { kind: 'encounter', memberId, source, encounter, complete: true };
  const acts = claimStatus === 'void' || (claimStatus === 'replacement' && !claim.chartReview);
  if (acts && identified.targetUnknown && identified.target !== claim.claimNumber) {
    // Remembered against both numbers the original may come under later, by a record that does nothing else.
    const also: typeof encounter = {
      ...encounter,
      encounterId: `${encounterId}:own`,
      claimStatus: 'void',
      replacesEncounterId: claim.claimNumber,
    };
    yield { kind: 'encounter', memberId, source, encounter: also, complete: true };
  }
  if (claimStatus === 'void') return;
  for (const { number, line, drugs } of claim.lines) {
    yield { kind: 'service_line', memberId, source, encounterId, lineNumber: number, line };
    for (const code of drugs) {
      yield {
        kind: 'medication',
        memberId,
        source,
        key: `${encounterId}:${number}:${code}`,
        medication: {
          code,
          system: 'ndc',
          ingredient: null,
          route: null,
          date: line.date ?? to,
          daysSupply: null,
          source: 'administration',
          setting: claim.setting === 'professional' ? 'outpatient' : claim.setting,
          status: 'completed',
        },
      };
    }
  }
  for (const { code, position } of claim.diagnoses) {
    yield { kind: 'diagnosis', memberId, source, encounterId, code, position };
  }
}
