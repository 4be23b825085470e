/** Partitions grow one by one, so that no single growth step doubles the memory of the whole map. */
const PARTITION_BITS = 6;
const PARTITIONS = 1 << PARTITION_BITS;
const FIRST_CAPACITY = 16;
const MAX_LOAD = 0.75;

/**
 * Map from text to a few 32-bit numbers that keeps a 64-bit hash of each key instead of the key: about
 * 4 × (2 + values) / load bytes an entry, so the keys of a batch of tens of millions of rows stay in memory.
 * Two different keys fall together with a chance of n² / 2^65: one in 90,000 batches of twenty million keys.
 */
export class KeyMap {
  readonly #stride: number;
  readonly #slots: Uint32Array[];
  readonly #used: Uint32Array;
  #high = 0;
  #low = 0;

  constructor(valuesPerKey: number) {
    this.#stride = 2 + valuesPerKey;
    this.#slots = Array.from({ length: PARTITIONS }, () => new Uint32Array(FIRST_CAPACITY * this.#stride));
    this.#used = new Uint32Array(PARTITIONS);
  }

  get size(): number {
    return this.#used.reduce((sum, used) => sum + used, 0);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Value number `index` of a key; 0 for a map without values; undefined when the key is not there. */
  get(key: string, index = 0): number | undefined {
    this.#hash(key);
    const slots = this.#partition();
    const at = this.#find(slots);
    return slots[at] === 0 && slots[at + 1] === 0 ? undefined : (slots[at + 2 + index] ?? 0);
  }

  /** Adds the key with its values, or changes the values of a key that is there. True when it was new. */
  set(key: string, ...values: readonly number[]): boolean {
    this.#hash(key);
    let slots = this.#partition();
    let at = this.#find(slots);
    const fresh = slots[at] === 0 && slots[at + 1] === 0;
    if (fresh) {
      const partition = this.#high & (PARTITIONS - 1);
      const used = (this.#used[partition] ?? 0) + 1;
      this.#used[partition] = used;
      if (used * this.#stride > slots.length * MAX_LOAD) {
        slots = this.#grow(partition);
        at = this.#find(slots);
      }
      slots[at] = this.#high;
      slots[at + 1] = this.#low;
    }
    for (let index = 0; index < values.length; index += 1) slots[at + 2 + index] = values[index] ?? 0;
    return fresh;
  }

  #partition(): Uint32Array {
    return this.#slots[this.#high & (PARTITIONS - 1)] ?? new Uint32Array();
  }

  /** Position of the key whose hash was taken last, or of the free slot where it belongs. */
  #find(slots: Uint32Array): number {
    const capacity = slots.length / this.#stride;
    let slot = (this.#low & (capacity - 1)) >>> 0;
    for (;;) {
      const at = slot * this.#stride;
      const high = slots[at];
      const low = slots[at + 1];
      if ((high === this.#high && low === this.#low) || (high === 0 && low === 0)) return at;
      slot = slot + 1 === capacity ? 0 : slot + 1;
    }
  }

  #grow(partition: number): Uint32Array {
    const old = this.#slots[partition] ?? new Uint32Array();
    const slots = new Uint32Array(old.length * 2);
    this.#slots[partition] = slots;
    const [high, low] = [this.#high, this.#low];
    for (let from = 0; from < old.length; from += this.#stride) {
      this.#high = old[from] ?? 0;
      this.#low = old[from + 1] ?? 0;
      if (this.#high === 0 && this.#low === 0) continue;
      slots.set(old.subarray(from, from + this.#stride), this.#find(slots));
    }
    this.#high = high;
    this.#low = low;
    return slots;
  }

  #hash(key: string): void {
    let first = 0x9e3779b9;
    let second = 0x41c6ce57;
    for (let index = 0; index < key.length; index += 1) {
      const code = key.charCodeAt(index);
      first = Math.imul(first ^ code, 0x85ebca6b);
      first ^= first >>> 15;
      second = Math.imul(second ^ code, 0xc2b2ae35);
      second ^= second >>> 13;
    }
    first = Math.imul(first ^ (first >>> 16) ^ second, 0x2c1b3c6d);
    second = Math.imul(second ^ (second >>> 15) ^ first, 0x297a2d39);
    first ^= second >>> 17;
    this.#high = (first ^ (first >>> 12)) >>> 0;
    // (0, 0) marks a free slot.
    this.#low = (second ^ (second >>> 14)) >>> 0 || 1;
  }
}

/** 32-bit fingerprint of a text, to notice that two rows with one key differ. */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
