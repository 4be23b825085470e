import { addKey, type KeyTable, key, keyTable, readKey, valueOfKey } from './code-keys.ts';
import { mapCodeFor } from './diagnoses.ts';
import { undotted } from './icd10.ts';
import { type HccIndex, hccIndex, type MaskTest, MOST_HCCS, maskOf, maskTest, WORDS } from './masks.ts';
import { type CompiledModel, compareHccs, type ModelYear } from './model.ts';
import type { Scorer, SegmentProgram } from './score.ts';
import { divideRounded, type Thousandths } from './thousandths.ts';

/** Set in a packed code that an age or sex edit may move or remove. */
export const EDITED = 1 << 16;

/** What the kernel needs of a model and payment year, whoever the person is. */
interface KernelTables extends HccIndex {
  /** By code: its HCC positions plus one, eight bits each, and the edit mark. */
  readonly codes: KeyTable;
  /** Scratch words of one scoring at a time, shared by every member of the model and year. */
  readonly state: KernelState;
  /** Sets the bits of a packed code in `state.before`. */
  add(packed: number): void;
  /** Applies the hierarchies of the year to `state.after`. */
  drop(): void;
  /** By HCC position: what dropped it in the last scoring; {@link ANY_PARENT} is worked out when asked. */
  readonly droppers: Int16Array;
  /** The parent that is named for an HCC marked {@link ANY_PARENT}. */
  parentThatDropped(position: number): number;
}

/** Dropped by its parents together: a surviving one is named where there is one. */
const ANY_PARENT = -1;

/** The HCC words that a scoring left behind: before rules and hierarchies, and after. */
export interface KernelState {
  readonly before: Int32Array;
  readonly after: Int32Array;
}

/**
 * One prepared member on integers: the same scores as the clear path (`Scorer`), which a property test holds, at
 * many times its speed. Codes in HCC words instead of sets; no BigInt, no objects a member.
 */
export interface Kernel extends HccIndex {
  readonly scorer: Scorer;
  /** Raw score of codes as they come: any case, dotted or not, repeated, unknown. */
  rawThousandths(codes: readonly string[]): Thousandths;
  /** Raw score of the HCCs in `state.before`, which the caller has set; fills `state.after`. */
  settle(): Thousandths;
  readonly state: KernelState;
  /** Whether the interaction at a place of the segment program held in the last `settle`. */
  interactionHeld(place: number): boolean;
  /**
   * What dropped the HCC at a position that `settle` left out: the position of a parent, or, from `MOST_HCCS` on, a
   * model rule by its place.
   */
  dropperOf(position: number): number;
}

const tablesOf = new WeakMap<ModelYear, KernelTables>();

function kernelTables(model: CompiledModel, year: ModelYear): KernelTables {
  const known = tablesOf.get(year);
  if (known) return known;
  const hccs = new Set(model.labels.keys());
  for (const list of year.mapping.values()) for (const hcc of list) hccs.add(hcc);
  for (const edits of year.edits.values()) for (const { toHcc } of edits) if (toHcc !== null) hccs.add(toHcc);
  const index = hccIndex([...hccs].sort(compareHccs));
  const codes = keyTable();
  for (const [code, list] of year.mapping) {
    let packed = year.edits.has(code) ? EDITED : 0;
    list.forEach((hcc, place) => {
      packed |= ((index.positions.get(hcc) ?? -1) + 1) << (8 * place);
    });
    if (list.length > 2) throw new Error(`code ${code} has more than two HCCs`);
    if (!readKey(code)) throw new Error(`code ${code} has no key`);
    addKey(codes, key.high, key.low, packed);
  }
  const before = new Int32Array(WORDS);
  const after = new Int32Array(WORDS);
  const droppers = new Int16Array(MOST_HCCS);
  const tables: KernelTables = {
    ...index,
    codes,
    state: { before, after },
    droppers,
    parentThatDropped: parentNamer(model, index, { before, after }, droppers),
    add: (packed) => {
      const first = (packed & 255) - 1;
      before[first >> 5] = (before[first >> 5] ?? 0) | (1 << (first & 31));
      const second = ((packed >> 8) & 255) - 1;
      if (second >= 0) before[second >> 5] = (before[second >> 5] ?? 0) | (1 << (second & 31));
    },
    drop:
      year.hierarchyOrder === 'sequential'
        ? dropInTurn(model, index, after, droppers)
        : dropAtOnce(model, index, after, droppers),
  };
  tablesOf.set(year, tables);
  return tables;
}

/** Every edge tested on the set before any drop: an HCC goes when one of its parents is there. */
function dropAtOnce(
  model: CompiledModel,
  index: HccIndex,
  after: Int32Array,
  droppers: Int16Array,
): () => void {
  const parents = new Int32Array(MOST_HCCS * WORDS);
  for (const [hcc, list] of model.hierarchy.parents) {
    const position = index.positions.get(hcc);
    if (position !== undefined) parents.set(maskOf(index, list), position * WORDS);
  }
  return () => {
    const a = after[0] ?? 0;
    const b = after[1] ?? 0;
    const c = after[2] ?? 0;
    const d = after[3] ?? 0;
    for (let word = 0; word < WORDS; word++) {
      let left = after[word] ?? 0;
      let kept = left;
      while (left !== 0) {
        const bit = left & -left;
        const position = (word << 5) + 31 - Math.clz32(bit);
        const at = position * WORDS;
        const hit =
          ((parents[at] ?? 0) & a) |
          ((parents[at + 1] ?? 0) & b) |
          ((parents[at + 2] ?? 0) & c) |
          ((parents[at + 3] ?? 0) & d);
        if (hit !== 0) {
          kept &= ~bit;
          droppers[position] = ANY_PARENT;
        }
        left ^= bit;
      }
      after[word] = kept;
    }
  };
}

/** Parent by parent in table order on current values: a dropped HCC drops nothing more. */
function dropInTurn(
  model: CompiledModel,
  index: HccIndex,
  after: Int32Array,
  droppers: Int16Array,
): () => void {
  const turns = [...model.hierarchy.children].flatMap(([hcc, children]) => {
    const position = index.positions.get(hcc);
    return position === undefined ? [] : [{ position, children: maskOf(index, children) }];
  });
  return () => {
    for (const { position, children } of turns) {
      if (((after[position >> 5] ?? 0) & (1 << (position & 31))) === 0) continue;
      for (let word = 0; word < WORDS; word++) {
        const hit = (after[word] ?? 0) & (children[word] ?? 0);
        if (hit === 0) continue;
        after[word] = (after[word] ?? 0) & ~hit;
        mark(droppers, word, hit, position);
      }
    }
  };
}

/** Writes down what dropped the HCCs of one word. */
function mark(droppers: Int16Array, word: number, hit: number, by: number): void {
  for (let left = hit; left !== 0; left &= left - 1) {
    droppers[(word << 5) + 31 - Math.clz32(left & -left)] = by;
  }
}

/** The first surviving parent in table order, else the first that was there when the hierarchies were applied. */
function parentNamer(
  model: CompiledModel,
  index: HccIndex,
  { before, after }: KernelState,
  droppers: Int16Array,
): (position: number) => number {
  const parents = index.hccs.map((hcc) =>
    (model.hierarchy.parents.get(hcc) ?? []).flatMap((parent) => index.positions.get(parent) ?? []),
  );
  const has = (words: Int32Array, position: number): boolean =>
    ((words[position >> 5] ?? 0) & (1 << (position & 31))) !== 0;
  return (position) => {
    const mine = parents[position] ?? [];
    const survivor = mine.find((parent) => has(after, parent));
    const there = (parent: number): boolean => has(before, parent) && (droppers[parent] ?? 0) < MOST_HCCS;
    return survivor ?? mine.find(there) ?? position;
  };
}

/** Coefficients by HCC position and by number of payment HCCs: the same for everyone in a segment. */
interface SegmentValues {
  readonly byHcc: Int32Array;
  readonly byCount: Int32Array;
}
const valuesOf = new WeakMap<SegmentProgram, SegmentValues>();

function segmentValues(program: SegmentProgram, index: HccIndex): SegmentValues {
  const known = valuesOf.get(program);
  if (known) return known;
  const byHcc = new Int32Array(MOST_HCCS);
  for (const [hcc, factor] of program.hccs) byHcc[index.positions.get(hcc) ?? 0] = factor.thousandths;
  const byCount = new Int32Array(MOST_HCCS + 1);
  for (const { term, factor } of program.counts) {
    for (let count = term.from; count <= Math.min(term.to, MOST_HCCS); count++) {
      byCount[count] = (byCount[count] ?? 0) + factor.thousandths;
    }
  }
  const values = { byHcc, byCount };
  valuesOf.set(program, values);
  return values;
}

const kernels = new WeakMap<Scorer, Kernel>();

/** The kernel of a prepared member; made once a scorer. */
export function kernelOf(scorer: Scorer): Kernel {
  const known = kernels.get(scorer);
  if (known) return known;
  const kernel = buildKernel(scorer);
  kernels.set(scorer, kernel);
  return kernel;
}

function buildKernel(scorer: Scorer): Kernel {
  const { model, year, person, program } = scorer;
  const tables = kernelTables(model, year);
  const { codes, add, drop, droppers } = tables;
  const { before, after } = tables.state;
  const { byHcc, byCount } = segmentValues(program, tables);
  const possible = program.interactions.flatMap(({ expression, factor }, place) => {
    const test = maskTest(tables, expression, person);
    return test === null ? [] : [{ test, value: factor.thousandths, place }];
  });
  const held = new Uint8Array(program.interactions.length);
  const rules = model.terms.rules.flatMap((rule, place) => {
    const test = maskTest(tables, rule.expression, person);
    return test === null ? [] : [{ test, drops: maskOf(tables, rule.drops), by: MOST_HCCS + place }];
  });
  const fixed = scorer.fixed.reduce((sum, factor) => sum + factor.thousandths, 0);
  const divisor = scorer.divisor?.thousandths ?? null;

  const addEdited = (code: string): void => {
    for (const hcc of mapCodeFor(year, undotted(code), person)) add((tables.positions.get(hcc) ?? 0) + 1);
  };
  const settle = (): Thousandths => {
    after[0] = before[0] ?? 0;
    after[1] = before[1] ?? 0;
    after[2] = before[2] ?? 0;
    after[3] = before[3] ?? 0;
    for (const { test, drops, by } of rules) {
      if (!hits(after, drops, 0) || !holds(after, test)) continue;
      for (let word = 0; word < WORDS; word++) {
        const hit = (after[word] ?? 0) & (drops[word] ?? 0);
        after[word] = (after[word] ?? 0) & ~hit;
        mark(droppers, word, hit, by);
      }
    }
    drop();
    let sum = fixed;
    if (program.usesHccs) {
      let count = 0;
      for (let word = 0; word < WORDS; word++) {
        let left = after[word] ?? 0;
        while (left !== 0) {
          const bit = left & -left;
          sum += byHcc[(word << 5) + 31 - Math.clz32(bit)] ?? 0;
          count++;
          left ^= bit;
        }
      }
      for (const { test, value, place } of possible) {
        const does = holds(after, test);
        held[place] = does ? 1 : 0;
        if (does) sum += value;
      }
      sum += byCount[count] ?? 0;
    }
    return divisor === null ? sum : divideRounded(sum * 1000, divisor);
  };
  return {
    hccs: tables.hccs,
    positions: tables.positions,
    scorer,
    state: tables.state,
    settle,
    dropperOf: (position) => {
      const by = droppers[position] ?? ANY_PARENT;
      return by === ANY_PARENT ? tables.parentThatDropped(position) : by;
    },
    interactionHeld: (place) => held[place] === 1,
    rawThousandths: (given) => {
      before[0] = 0;
      before[1] = 0;
      before[2] = 0;
      before[3] = 0;
      for (const code of given) {
        // Blanks are the only other thing that is passed over in a code.
        if (!readKey(code) && !readKey(undotted(code))) continue;
        const packed = valueOfKey(codes, key.high, key.low);
        if (packed < 0) continue;
        if (packed >= EDITED) addEdited(code);
        else add(packed);
      }
      return settle();
    },
  };
}

function hits(words: Int32Array, masks: Int32Array, at: number): boolean {
  return (
    (((words[0] ?? 0) & (masks[at] ?? 0)) |
      ((words[1] ?? 0) & (masks[at + 1] ?? 0)) |
      ((words[2] ?? 0) & (masks[at + 2] ?? 0)) |
      ((words[3] ?? 0) & (masks[at + 3] ?? 0))) !==
    0
  );
}

function holds(words: Int32Array, { each, none }: MaskTest): boolean {
  for (let at = 0; at < each.length; at += WORDS) if (!hits(words, each, at)) return false;
  for (let at = 0; at < none.length; at += WORDS) if (hits(words, none, at)) return false;
  return true;
}
