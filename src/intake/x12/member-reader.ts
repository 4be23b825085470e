import type { Located } from './claim-draft.ts';
import type { Segment } from './tokenizer.ts';

export interface HealthCoverage {
  readonly hd: Located;
  readonly dates: Located[];
  readonly references: Located[];
}

/** One member loop (2000) of an 834 as read. */
export interface MemberDraft {
  readonly ins: Located;
  readonly references: Located[];
  readonly dates: Located[];
  readonly coverages: HealthCoverage[];
  name: Located | null;
  demographics: Located | null;
  pcp: Located | null;
  oversized: boolean;
  raw: string;
}

const MEMBER_SEGMENTS = 2_000;
const RAW_CHARACTERS = 16_384;

/** Reads the member loops of one 834 transaction set (005010X220A1); holds one member. */
export class MemberReader {
  #member: MemberDraft | null = null;
  #coverage: HealthCoverage | null = null;
  #reporting = false;
  #otherPayer = false;
  #segments = 0;

  read(segment: Segment, row: number, position: number): MemberDraft | null {
    const { elements } = segment;
    const located: Located = { row, position, elements };
    const id = elements[0] ?? '';
    if (id === 'INS') {
      const done = this.end();
      this.#member = {
        ins: located,
        references: [],
        dates: [],
        coverages: [],
        name: null,
        demographics: null,
        pcp: null,
        oversized: false,
        raw: segment.text + segment.separators.terminator,
      };
      this.#segments = 1;
      return done;
    }
    if (this.#member) this.#readMember(this.#member, { id, located, segment });
    return null;
  }

  end(): MemberDraft | null {
    const done = this.#member;
    this.#member = null;
    this.#coverage = null;
    this.#reporting = false;
    this.#otherPayer = false;
    return done;
  }

  #readMember(
    member: MemberDraft,
    { id, located, segment }: { id: string; located: Located; segment: Segment },
  ): void {
    this.#segments += 1;
    if (this.#segments > MEMBER_SEGMENTS) {
      member.oversized = true;
      return;
    }
    if (member.raw.length < RAW_CHARACTERS) member.raw += segment.text + segment.separators.terminator;
    const entity = located.elements[1] ?? '';
    switch (id) {
      case 'NM1':
        if (entity === 'IL' || entity === '74') member.name ??= located;
        else if (entity === 'P3') member.pcp ??= located;
        return;
      case 'DMG':
        member.demographics ??= located;
        return;
      case 'HD':
        this.#coverage = { hd: located, dates: [], references: [] };
        this.#otherPayer = false;
        member.coverages.push(this.#coverage);
        return;
      case 'COB':
        this.#otherPayer = true;
        return;
      case 'LS':
      case 'LE':
        this.#reporting = id === 'LS';
        return;
      case 'DTP':
        if (!this.#reporting && !this.#otherPayer) (this.#coverage ?? member).dates.push(located);
        return;
      case 'REF':
        if (this.#reporting || !this.#coverage) member.references.push(located);
        else if (!this.#otherPayer) this.#coverage.references.push(located);
        return;
      default:
        return;
    }
  }
}
