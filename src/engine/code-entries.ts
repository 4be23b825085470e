import { bytesOf } from './byte-text.ts';
import type { CodeTable } from './codes.ts';
import { isPending } from './diagnosis-report.ts';
import { dotted } from './icd10.ts';
import { EDITED } from './kernel.ts';
import type { ModelYear } from './model.ts';

/** What the scoring of a code comes to, whoever the person is. */
export const MAPPED = 0;
export const UNMAPPED = 1;
export const PENDING = 2;
/** Billable on no date of the service year: mapped all the same, and not. */
export const RETIRED = 3;
export const INVALID = 4;

/** Longest code as shown, with its quotes: `"S48.012A"`. */
export const SHOWN_BYTES = 10;

/**
 * The codes met so far in a model and payment year, found by the two halves of their key without making a string.
 * A key holds up to seven letters and digits, six bits each, so that keys are in code order. Only codes that exist
 * are remembered: bad input cannot grow the memory.
 */
export interface CodeEntries {
  readonly table: CodeTable;
  readonly year: ModelYear;
  readonly positions: ReadonlyMap<string, number>;
  size: number;
  /** Open addressing: place plus one, 0 where free; twice as many slots as entries and a power of two. */
  slots: Int32Array;
  /** By place: the key in one number, and its halves. */
  order: Float64Array;
  high: Int32Array;
  low: Int32Array;
  kinds: Uint8Array;
  /** By place: HCC positions plus one, eight bits each, and the mark of an edit, as the kernel packs them. */
  packed: Int32Array;
  /** By place, {@link SHOWN_BYTES} each: the code as shown, in quotes; and how many bytes of it count. */
  shown: Uint8Array;
  shownLength: Uint8Array;
  readonly codes: string[];
}

const FIRST_SIZE = 1024;
/** Characters of the high half of a key; the other two are the low half. */
export const HIGH_CHARS = 5;
export const CODE_CHARS = 7;

const entriesOf = new WeakMap<ModelYear, CodeEntries>();

/** The entries of a model and payment year, filled as codes are met. */
export function codeEntries(
  table: CodeTable,
  year: ModelYear,
  positions: ReadonlyMap<string, number>,
): CodeEntries {
  const known = entriesOf.get(year);
  if (known && known.table === table) return known;
  const entries: CodeEntries = {
    table,
    year,
    positions,
    size: 0,
    slots: new Int32Array(2 * FIRST_SIZE),
    order: new Float64Array(FIRST_SIZE),
    high: new Int32Array(FIRST_SIZE),
    low: new Int32Array(FIRST_SIZE),
    kinds: new Uint8Array(FIRST_SIZE),
    packed: new Int32Array(FIRST_SIZE),
    shown: new Uint8Array(FIRST_SIZE * SHOWN_BYTES),
    shownLength: new Uint8Array(FIRST_SIZE),
    codes: [],
  };
  entriesOf.set(year, entries);
  return entries;
}

const SIX_BITS = Uint8Array.from({ length: 128 }, (_, unit) => {
  if (unit >= 48 && unit <= 57) return unit - 47;
  const raised = unit & ~32;
  return raised >= 65 && raised <= 90 ? raised - 54 : 0;
});

/** Six bits of an ASCII letter (either case) or digit; 0 for anything else. */
export function sixBits(unit: number): number {
  return SIX_BITS[unit] ?? 0;
}

function slotOf(high: number, low: number, mask: number): number {
  const mixed = Math.imul(high ^ (low << 13), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}

/** Place of a key, -1 when it was never added. */
export function placeOfKey(entries: CodeEntries, high: number, low: number): number {
  const { slots } = entries;
  const mask = slots.length - 1;
  for (let slot = slotOf(high, low, mask); ; slot = (slot + 1) & mask) {
    const place = (slots[slot] ?? 0) - 1;
    if (place < 0 || (entries.high[place] === high && entries.low[place] === low)) return place;
  }
}

/** Place of a code as it came (any case, dotted or not), added when it is new; -1 for what is no code that exists. */
export function placeOfCode(entries: CodeEntries, raw: string): number {
  let high = 0;
  let low = 0;
  let chars = 0;
  for (let index = 0; index < raw.length; index++) {
    const unit = raw.charCodeAt(index);
    if (unit === 46) continue;
    const bits = sixBits(unit);
    if (bits === 0 || chars === CODE_CHARS) return -1;
    if (chars < HIGH_CHARS) high |= bits << (6 * (HIGH_CHARS - 1 - chars));
    else low |= bits << (6 * (CODE_CHARS - 1 - chars));
    chars++;
  }
  const place = placeOfKey(entries, high, low);
  return place >= 0 ? place : addCode(entries, raw, high, low);
}

function addCode(entries: CodeEntries, raw: string, high: number, low: number): number {
  const { table, year, positions } = entries;
  const code = raw.replaceAll('.', '').toUpperCase();
  const mapped = year.mapping.get(code);
  if (mapped === undefined && table.rows(code).length === 0) return -1;
  if (entries.size === entries.order.length) grow(entries);
  const place = entries.size++;
  entries.codes.push(code);
  entries.high[place] = high;
  entries.low[place] = low;
  entries.order[place] = high * 4096 + low;
  const billable = table.billableInYear(code, year.paymentYear - 1);
  entries.kinds[place] = kindOf(entries, code, billable);
  let packed = mapped !== undefined && year.edits.has(code) ? EDITED : 0;
  (mapped ?? []).forEach((hcc, index) => {
    packed |= ((positions.get(hcc) ?? -1) + 1) << (8 * index);
  });
  entries.packed[place] = packed;
  const shown = bytesOf(`"${dotted(code)}"`);
  entries.shown.set(shown, place * SHOWN_BYTES);
  entries.shownLength[place] = shown.length;
  takeSlot(entries, place);
  return place;
}

function kindOf({ table, year }: CodeEntries, code: string, billable: boolean): number {
  if (year.mapping.has(code)) return billable ? MAPPED : RETIRED;
  if (!billable) return INVALID;
  return isPending(table, year, code) ? PENDING : UNMAPPED;
}

function takeSlot({ slots, high, low }: CodeEntries, place: number): void {
  const mask = slots.length - 1;
  let slot = slotOf(high[place] ?? 0, low[place] ?? 0, mask);
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = place + 1;
}

function grow(entries: CodeEntries): void {
  const size = 2 * entries.order.length;
  const larger = <T extends Float64Array | Int32Array | Uint8Array>(into: T, from: T): T => {
    into.set(from);
    return into;
  };
  entries.order = larger(new Float64Array(size), entries.order);
  entries.high = larger(new Int32Array(size), entries.high);
  entries.low = larger(new Int32Array(size), entries.low);
  entries.kinds = larger(new Uint8Array(size), entries.kinds);
  entries.packed = larger(new Int32Array(size), entries.packed);
  entries.shown = larger(new Uint8Array(size * SHOWN_BYTES), entries.shown);
  entries.shownLength = larger(new Uint8Array(size), entries.shownLength);
  entries.slots = new Int32Array(2 * size);
  for (let place = 0; place < entries.size; place++) takeSlot(entries, place);
}
