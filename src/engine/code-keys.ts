/**
 * ICD-10-CM codes as two integers: up to seven letters and digits, six bits each, the first five in the high half.
 * Keys are in code order, case and dots do not matter, and a table of them is searched without touching a string.
 */
export const HIGH_CHARS = 5;
export const CODE_CHARS = 7;
const DOT = 46;

const SIX_BITS = Uint8Array.from({ length: 128 }, (_, unit) => {
  if (unit >= 48 && unit <= 57) return unit - 47;
  const raised = unit & ~32;
  return raised >= 65 && raised <= 90 ? raised - 54 : 0;
});

/** Six bits of an ASCII letter (either case) or digit; 0 for anything else. */
export function sixBits(unit: number): number {
  return SIX_BITS[unit] ?? 0;
}

/** The two halves of the key read last by {@link readKey}. */
export const key = { high: 0, low: 0 };

/** Reads the key of a code as it came, dotted or not, in any case; false for text that has other characters. */
export function readKey(code: string): boolean {
  let high = 0;
  let low = 0;
  let chars = 0;
  for (let index = 0; index < code.length; index++) {
    const unit = code.charCodeAt(index);
    if (unit === DOT) continue;
    const bits = sixBits(unit);
    if (bits === 0 || chars === CODE_CHARS) return false;
    if (chars < HIGH_CHARS) high |= bits << (6 * (HIGH_CHARS - 1 - chars));
    else low |= bits << (6 * (CODE_CHARS - 1 - chars));
    chars++;
  }
  key.high = high;
  key.low = low;
  return true;
}

const CHARS = ' 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The code of a key, undotted and upper-case. */
export function codeOfKey(high: number, low: number): string {
  let code = '';
  for (let place = 0; place < CODE_CHARS; place++) {
    const bits =
      place < HIGH_CHARS
        ? (high >> (6 * (HIGH_CHARS - 1 - place))) & 63
        : (low >> (6 * (CODE_CHARS - 1 - place))) & 63;
    if (bits === 0) break;
    code += CHARS[bits] ?? '';
  }
  return code;
}

/** A place in code order for a key, as one number. */
export function keyOrder(high: number, low: number): number {
  return high * 4096 + low;
}

/** Keys with a value of zero or more each: open addressing, half empty, the three numbers of an entry together. */
export interface KeyTable {
  size: number;
  cells: Int32Array;
  /** Slots less one: a power of two less one. */
  mask: number;
}

const STRIDE = 4;
const FIRST_SLOTS = 1024;

export function keyTable(): KeyTable {
  return { size: 0, cells: new Int32Array(STRIDE * FIRST_SLOTS), mask: FIRST_SLOTS - 1 };
}

function slotOf(high: number, low: number, mask: number): number {
  const mixed = Math.imul(high ^ (low << 13), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}

/** The value of a key, -1 when it has none. */
export function valueOfKey({ cells, mask }: KeyTable, high: number, low: number): number {
  for (let slot = slotOf(high, low, mask); ; slot = (slot + 1) & mask) {
    const at = slot * STRIDE;
    const value = (cells[at + 2] ?? 0) - 1;
    if (value < 0 || (cells[at] === high && cells[at + 1] === low)) return value;
  }
}

/** Adds a key that the table does not have. */
export function addKey(table: KeyTable, high: number, low: number, value: number): void {
  if (2 * (table.size + 1) > table.mask) grow(table);
  const { cells, mask } = table;
  let slot = slotOf(high, low, mask);
  while (cells[slot * STRIDE + 2] !== 0) slot = (slot + 1) & mask;
  cells.set([high, low, value + 1], slot * STRIDE);
  table.size++;
}

function grow(table: KeyTable): void {
  const { cells, mask } = table;
  table.cells = new Int32Array(2 * cells.length);
  table.mask = 2 * mask + 1;
  table.size = 0;
  for (let at = 0; at < cells.length; at += STRIDE) {
    const value = (cells[at + 2] ?? 0) - 1;
    if (value >= 0) addKey(table, cells[at] ?? 0, cells[at + 1] ?? 0, value);
  }
}
