import { bytesOf } from './byte-text.ts';
import {
  addKey,
  codeOfKey,
  type KeyTable,
  key,
  keyOrder,
  keyTable,
  readKey,
  valueOfKey,
} from './code-keys.ts';
import type { CodeTable } from './codes.ts';
import { isPending } from './diagnosis-report.ts';
import { dotted } from './icd10.ts';
import { EDITED } from './kernel.ts';
import type { DiagnosisEdit, ModelYear } from './model.ts';

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
 * The codes met so far in a model and payment year, found by key. Only codes that exist are remembered: bad input
 * cannot grow the memory.
 */
export interface CodeEntries {
  readonly table: CodeTable;
  readonly year: ModelYear;
  readonly positions: ReadonlyMap<string, number>;
  size: number;
  /** Places by key. */
  readonly keys: KeyTable;
  /** By place: its place in code order. */
  order: Float64Array;
  kinds: Uint8Array;
  /** By place: HCC positions plus one, eight bits each, and the mark of an edit, as the kernel packs them. */
  packed: Int32Array;
  /** By place, {@link SHOWN_BYTES} each: the code as shown, in quotes; and how many bytes of it count. */
  shown: Uint8Array;
  shownLength: Uint8Array;
  readonly codes: string[];
  /** By place: the edits of a mapped code; empty for most. */
  readonly edits: (readonly DiagnosisEdit[])[];
}

const FIRST_SIZE = 1024;
const NO_EDITS: readonly DiagnosisEdit[] = [];

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
    keys: keyTable(),
    order: new Float64Array(FIRST_SIZE),
    kinds: new Uint8Array(FIRST_SIZE),
    packed: new Int32Array(FIRST_SIZE),
    shown: new Uint8Array(FIRST_SIZE * SHOWN_BYTES),
    shownLength: new Uint8Array(FIRST_SIZE),
    codes: [],
    edits: [],
  };
  entriesOf.set(year, entries);
  return entries;
}

/** Place of a code as it came (any case, dotted or not), added when it is new; -1 for what is no code that exists. */
export function placeOfCode(entries: CodeEntries, raw: string): number {
  return readKey(raw) ? placeOfKey(entries, key.high, key.low) : -1;
}

/** Place of the code of a key, added when it is new; -1 for what is no code that exists. */
export function placeOfKey(entries: CodeEntries, high: number, low: number): number {
  const place = valueOfKey(entries.keys, high, low);
  return place >= 0 ? place : addCode(entries, high, low);
}

function addCode(entries: CodeEntries, high: number, low: number): number {
  const { table, year, positions } = entries;
  const code = codeOfKey(high, low);
  const mapped = year.mapping.get(code);
  if (mapped === undefined && table.rows(code).length === 0) return -1;
  if (entries.size === entries.order.length) grow(entries);
  const place = entries.size++;
  entries.codes.push(code);
  entries.order[place] = keyOrder(high, low);
  const billable = table.billableInYear(code, year.paymentYear - 1);
  entries.kinds[place] = kindOf(entries, code, billable);
  const edits = mapped === undefined ? NO_EDITS : (year.edits.get(code) ?? NO_EDITS);
  entries.edits.push(edits);
  let packed = edits.length > 0 ? EDITED : 0;
  (mapped ?? []).forEach((hcc, index) => {
    packed |= ((positions.get(hcc) ?? -1) + 1) << (8 * index);
  });
  entries.packed[place] = packed;
  const shown = bytesOf(`"${dotted(code)}"`);
  entries.shown.set(shown, place * SHOWN_BYTES);
  entries.shownLength[place] = shown.length;
  addKey(entries.keys, high, low, place);
  return place;
}

function kindOf({ table, year }: CodeEntries, code: string, billable: boolean): number {
  if (year.mapping.has(code)) return billable ? MAPPED : RETIRED;
  if (!billable) return INVALID;
  return isPending(table, year, code) ? PENDING : UNMAPPED;
}

function grow(entries: CodeEntries): void {
  const size = 2 * entries.order.length;
  const larger = <T extends Float64Array | Int32Array | Uint8Array>(into: T, from: T): T => {
    into.set(from);
    return into;
  };
  entries.order = larger(new Float64Array(size), entries.order);
  entries.kinds = larger(new Uint8Array(size), entries.kinds);
  entries.packed = larger(new Int32Array(size), entries.packed);
  entries.shown = larger(new Uint8Array(size * SHOWN_BYTES), entries.shown);
  entries.shownLength = larger(new Uint8Array(size), entries.shownLength);
}
