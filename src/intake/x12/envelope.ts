import type { Segment } from './tokenizer.ts';

/** The part of the envelope that a fault makes unusable: everything inside it is rejected. */
export type Unit = 'interchange' | 'group' | 'transaction';

export interface EnvelopeFault {
  readonly unit: Unit;
  /** 1-based number of the unit in the file. */
  readonly ordinal: number;
  readonly row: number;
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly value: string | null;
}

/** Where a segment stands. */
export interface Place {
  readonly interchange: number;
  readonly group: number;
  readonly transaction: number;
  /** ST01: `837`, `834`, ... */
  readonly set: string;
  /** ST02, safe to print. */
  readonly control: string;
  /** GS08, or ST03 when that is empty. */
  readonly guide: string;
  /** Position counted from ST as a 999 counts it. */
  readonly position: number;
}

export type Step =
  | { readonly kind: 'outside' }
  | { readonly kind: 'start'; readonly place: Place }
  | { readonly kind: 'body'; readonly place: Place }
  | { readonly kind: 'end' };

const NOWHERE: Step = { kind: 'outside' };
const ENDED: Step = { kind: 'end' };

/**
 * Follows ISA/GS/ST ... SE/GE/IEA and checks control numbers and counts (X12.5, X12.6). Feed it every segment, then
 * call `finish`. Faults are collected in `faults` until taken. It keeps the interchange keys it has seen, to tell a
 * second interchange with the sender and control number of an earlier one.
 */
export class EnvelopeReader {
  faults: EnvelopeFault[] = [];
  readonly #seen: Set<string>;
  #row = 0;
  #interchanges = 0;
  #groups = 0;
  #transactions = 0;
  #isa: { control: string; groups: number } | null = null;
  #gs: { control: string; guide: string; sets: number } | null = null;
  #st: { set: string; control: string; guide: string; segments: number } | null = null;

  constructor(seenInterchanges: Set<string> = new Set()) {
    this.#seen = seenInterchanges;
  }

  get row(): number {
    return this.#row;
  }

  step(segment: Segment): Step {
    this.#row += 1;
    const [id = '', ...rest] = segment.elements;
    switch (id) {
      case 'ISA':
        return this.#openInterchange(segment.elements);
      case 'GS':
        return this.#openGroup(segment.elements);
      case 'ST':
        return this.#openTransaction(segment.elements);
      case 'SE':
        return this.#closeTransaction(rest);
      case 'GE':
        return this.#closeGroup(rest);
      case 'IEA':
        return this.#closeInterchange(rest);
      default:
        if (this.#st === null) return NOWHERE;
        this.#st.segments += 1;
        return { kind: 'body', place: this.#place(this.#st) };
    }
  }

  /** The input is at its end: whatever is still open lacks its trailer. */
  finish(): void {
    this.#dropTransaction();
    this.#dropGroup();
    this.#dropInterchange();
  }

  #openInterchange(elements: readonly string[]): Step {
    this.finish();
    this.#interchanges += 1;
    const control = (elements[13] ?? '').trim();
    const key = [elements[5], elements[6], elements[7], elements[8], elements[13], elements[15]]
      .map((element) => (element ?? '').trim())
      .join('\t');
    if (this.#seen.has(key)) {
      this.#fault('interchange', 'ISA13', 'duplicate_interchange', control, [
        'sender, receiver and control number are those of an earlier interchange',
      ]);
    }
    if (this.#seen.size < 100_000) this.#seen.add(key);
    this.#isa = { control, groups: 0 };
    return NOWHERE;
  }

  #openGroup(elements: readonly string[]): Step {
    this.#dropTransaction();
    this.#dropGroup();
    this.#groups += 1;
    if (this.#isa) this.#isa.groups += 1;
    this.#gs = { control: (elements[6] ?? '').trim(), guide: (elements[8] ?? '').trim(), sets: 0 };
    return NOWHERE;
  }

  #openTransaction(elements: readonly string[]): Step {
    this.#dropTransaction();
    this.#transactions += 1;
    if (this.#gs) this.#gs.sets += 1;
    const stated = (elements[3] ?? '').trim();
    const grouped = this.#gs?.guide ?? '';
    this.#st = {
      set: (elements[1] ?? '').trim(),
      control: (elements[2] ?? '').trim(),
      guide: grouped === '' ? stated : grouped,
      segments: 1,
    };
    return { kind: 'start', place: this.#place(this.#st) };
  }

  #closeTransaction([count = '', control = '']: readonly string[]): Step {
    const open = this.#st;
    if (open === null) return NOWHERE;
    const segments = open.segments + 1;
    if (control.trim() !== open.control) {
      this.#fault('transaction', 'SE02', 'se_control_mismatch', control, ['SE02 differs from ST02']);
    } else if (Number(count) !== segments) {
      this.#fault('transaction', 'SE01', 'se_count_mismatch', count, [`${segments} segments were read`]);
    }
    this.#st = null;
    return ENDED;
  }

  #closeGroup([count = '', control = '']: readonly string[]): Step {
    this.#dropTransaction();
    const open = this.#gs;
    if (open === null) return NOWHERE;
    if (control.trim() !== open.control) {
      this.#fault('group', 'GE02', 'ge_control_mismatch', control, ['GE02 differs from GS06']);
    } else if (Number(count) !== open.sets) {
      this.#fault('group', 'GE01', 'ge_count_mismatch', count, [`${open.sets} transaction sets were read`]);
    }
    this.#gs = null;
    return ENDED;
  }

  #closeInterchange([count = '', control = '']: readonly string[]): Step {
    this.#dropTransaction();
    this.#dropGroup();
    const open = this.#isa;
    if (open === null) return NOWHERE;
    if (control.trim() !== open.control) {
      this.#fault('interchange', 'IEA02', 'iea_control_mismatch', control, ['IEA02 differs from ISA13']);
    } else if (Number(count) !== open.groups) {
      this.#fault('interchange', 'IEA01', 'iea_count_mismatch', count, [`${open.groups} groups were read`]);
    }
    this.#isa = null;
    return ENDED;
  }

  #dropTransaction(): void {
    if (this.#st) this.#fault('transaction', 'SE', 'se_missing', null, ['the transaction set has no SE']);
    this.#st = null;
  }

  #dropGroup(): void {
    if (this.#gs) this.#fault('group', 'GE', 'ge_missing', null, ['the group has no GE']);
    this.#gs = null;
  }

  #dropInterchange(): void {
    if (this.#isa) this.#fault('interchange', 'IEA', 'iea_missing', null, ['the interchange has no IEA']);
    this.#isa = null;
  }

  #place(open: { set: string; control: string; guide: string; segments: number }): Place {
    return {
      interchange: this.#interchanges,
      group: this.#groups,
      transaction: this.#transactions,
      set: open.set,
      control: open.control.replace(/[^A-Za-z0-9]/g, '').slice(0, 9),
      guide: open.guide,
      position: open.segments,
    };
  }

  #fault(unit: Unit, field: string, code: string, value: string | null, [message = '']: string[]): void {
    const ordinal = { interchange: this.#interchanges, group: this.#groups, transaction: this.#transactions }[
      unit
    ];
    this.faults.push({ unit, ordinal, row: this.#row, field, code, message, value });
  }
}

/** The 5010 guides that are read: 837P, 837I, 834 and 277CA, with their published errata. */
const GUIDES: Readonly<Record<string, RegExp>> = {
  '837': /^005010X22[23](A[1-3])?$/,
  '834': /^005010X220(A1)?$/,
  '277': /^005010X214$/,
};

/** Whether transaction set `set` is of a kind that is read at all; the others (820, 999, ...) are skipped. */
export function isReadSet(set: string): boolean {
  return Object.hasOwn(GUIDES, set);
}

/** Whether `guide` is one of the versions of `set` that are read; 4010 is not. */
export function isReadGuide(set: string, guide: string): boolean {
  return isReadSet(set) && (GUIDES[set]?.test(guide) ?? false);
}
