import { RecentMap } from '../recent-map.ts';
import type { ClaimDraft, LineDraft, Located, Person, ProviderDraft } from './claim-draft.ts';
import type { Segment } from './tokenizer.ts';

/** A 2000 loop: what claims below it need to know. */
interface Level {
  /** HL03: 20 billing provider, 22 subscriber, 23 patient. */
  readonly code: string;
  readonly fault: string | null;
  /** Own, or of the level above; a level is complete before its children begin. */
  billing: ProviderDraft | null;
  person: Person;
}

type Loop =
  | 'header'
  | 'level'
  | 'claim'
  | 'claim-provider'
  | 'other-payer'
  | 'line'
  | 'line-provider'
  | 'line-payer';

const NOBODY: Person = { id: null, birth: null, sex: null, death: null };
/** Hierarchy levels kept to look a parent up; one that was not named for so long counts as missing. */
const LEVELS_KEPT = 10_000;
/** Segments of one CLM loop; the guides allow fewer (at most 999 lines of some twenty segments). */
const CLAIM_SEGMENTS = 25_000;
const RAW_CHARACTERS = 65_536;

/**
 * Reads the loops of one 837 transaction set (005010X222/X223) into claim drafts. HL02 names the parent, whatever
 * the order of the loops; without a 2000C loop the subscriber is the patient. Holds one claim and a bounded number
 * of hierarchy levels.
 */
export class ClaimReader {
  /** A provider is named again by each subscriber, and so is not forgotten, however many there are. */
  readonly #levels = new RecentMap<string, Level>(LEVELS_KEPT);
  #level: Level | null = null;
  #claim: ClaimDraft | null = null;
  #line: LineDraft | null = null;
  #loop: Loop = 'header';
  /** Entity code of the last NM1. */
  #entity = '';
  #segments = 0;

  /** Takes the next segment; a claim that it completes is returned. */
  read(segment: Segment, row: number, position: number): ClaimDraft | null {
    const { elements } = segment;
    const id = elements[0] ?? '';
    const located: Located = { row, position, elements };
    if (id === 'HL') {
      const done = this.end();
      this.#openLevel(elements);
      return done;
    }
    if (id === 'CLM') {
      const done = this.end();
      this.#openClaim(located, segment);
      return done;
    }
    if (this.#claim === null) this.#readLevel(id, elements);
    else this.#readClaim(this.#claim, id, located, segment);
    return null;
  }

  /** The claim still open, if any: the set or the file has ended, or a new loop begins. */
  end(): ClaimDraft | null {
    const done = this.#claim;
    this.#claim = null;
    this.#line = null;
    this.#loop = 'level';
    return done;
  }

  #openLevel(elements: readonly string[]): void {
    const [, id = '', parentId = '', code = ''] = elements;
    const parent = parentId === '' ? null : (this.#levels.get(parentId) ?? null);
    let fault = parent?.fault ?? null;
    if (parentId !== '' && parent === null) fault = 'hl_parent_missing';
    else if (parentId === '' && code !== '20') fault = 'hl_parent_missing';
    const level: Level = { code, fault, billing: parent?.billing ?? null, person: NOBODY };
    this.#levels.set(id, level);
    this.#level = level;
    this.#entity = '';
  }

  #readLevel(id: string, elements: readonly string[]): void {
    const level = this.#level;
    if (level === null) return;
    switch (id) {
      case 'PRV':
        if (elements[1] === 'BI') {
          level.billing = { role: '85', npi: level.billing?.npi ?? null, taxonomy: elements[3] ?? null };
        }
        return;
      case 'PAT':
        if (elements[5] === 'D8') level.person = { ...level.person, death: elements[6] ?? null };
        return;
      case 'NM1':
        this.#entity = elements[1] ?? '';
        if (this.#entity === '85') {
          level.billing = { role: '85', npi: elements[9] ?? null, taxonomy: level.billing?.taxonomy ?? null };
        } else if (this.#isPerson(level)) {
          level.person = { ...level.person, id: elements[9] ?? null };
        }
        return;
      case 'DMG':
        if (this.#isPerson(level)) {
          level.person = { ...level.person, birth: elements[2] ?? null, sex: elements[3] ?? null };
        }
        return;
      default:
        return;
    }
  }

  /** Whether the name last read is the one the claims of this level belong to. */
  #isPerson(level: Level): boolean {
    return this.#entity === (level.code === '23' ? 'QC' : 'IL');
  }

  /** A set without any HL still has its persons read; its claims carry the fault. */
  #orphan(): Level {
    const level: Level = { code: '22', fault: 'hl_parent_missing', billing: null, person: NOBODY };
    this.#level = level;
    return level;
  }

  #openClaim(claim: Located, segment: Segment): void {
    const level = this.#level ?? this.#orphan();
    this.#claim = {
      claim,
      person: level.person,
      hierarchyFault: level.code === '20' ? 'claim_outside_subscriber' : level.fault,
      billing: level.billing,
      providers: [],
      dates: [],
      references: [],
      attachments: [],
      diagnoses: [],
      lines: [],
      oversized: false,
      raw: segment.text + segment.separators.terminator,
    };
    this.#line = null;
    this.#loop = 'claim';
    this.#segments = 1;
  }

  #readClaim(claim: ClaimDraft, id: string, located: Located, segment: Segment): void {
    this.#segments += 1;
    if (this.#segments > CLAIM_SEGMENTS) {
      claim.oversized = true;
      return;
    }
    if (claim.raw.length < RAW_CHARACTERS) claim.raw += segment.text + segment.separators.terminator;
    const { elements } = located;
    switch (id) {
      case 'LX':
        this.#openLine(claim, Number(elements[1]));
        return;
      case 'SV1':
      case 'SV2': {
        const line =
          this.#line === null || this.#line.service !== null ? this.#openLine(claim, 0) : this.#line;
        line.service = located;
        this.#loop = 'line';
        return;
      }
      case 'NM1':
        this.#readName(claim, elements);
        return;
      case 'PRV':
        if (this.#loop === 'claim-provider') this.#specialty(claim.providers.at(-1), elements);
        else if (this.#loop === 'line-provider' && this.#entity === '82') {
          this.#specialty(this.#line?.provider, elements);
        }
        return;
      case 'SBR':
        this.#loop = 'other-payer';
        return;
      case 'SVD':
        this.#loop = 'line-payer';
        return;
      case 'DTP':
        if (this.#loop === 'line' && this.#line) this.#line.dates.push(located);
        else if (this.#line === null && this.#loop !== 'other-payer') claim.dates.push(located);
        return;
      case 'LIN':
        if (this.#line && elements[2] === 'N4') this.#line.drugs.push(located);
        return;
      case 'REF':
        if (this.#loop === 'claim') claim.references.push(located);
        return;
      case 'PWK':
        if (this.#loop === 'claim') claim.attachments.push(located);
        return;
      case 'HI':
        claim.diagnoses.push(located);
        return;
      default:
        return;
    }
  }

  #readName(claim: ClaimDraft, elements: readonly string[]): void {
    this.#entity = elements[1] ?? '';
    const provider: ProviderDraft = { role: this.#entity, npi: elements[9] ?? null, taxonomy: null };
    if (this.#line) {
      if (this.#loop === 'line-payer') return;
      this.#loop = 'line-provider';
      if (this.#entity === '82') this.#line.provider = provider;
    } else if (this.#loop !== 'other-payer') {
      this.#loop = 'claim-provider';
      claim.providers.push(provider);
    }
  }

  #specialty(provider: ProviderDraft | null | undefined, elements: readonly string[]): void {
    if (provider && elements[2] === 'PXC') provider.taxonomy = elements[3] ?? null;
  }

  #openLine(claim: ClaimDraft, stated: number): LineDraft {
    const number = Number.isInteger(stated) && stated > 0 && stated < 1e6 ? stated : claim.lines.length + 1;
    const line: LineDraft = { number, service: null, dates: [], drugs: [], provider: null };
    claim.lines.push(line);
    this.#line = line;
    this.#loop = 'line';
    return line;
  }
}
