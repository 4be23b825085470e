import { addKey, type KeyTable, key, keyTable, readKey, valueOfKey } from './code-keys.ts';
import { mapCodeFor } from './diagnoses.ts';
import { undotted } from './icd10.ts';
import {
  interactionHolds,
  interactionProgram,
  segmentTable,
  sumOfInteractions,
} from './interaction-program.ts';
import { type HccIndex, hccIndex, type MaskTest, MOST_HCCS, maskOf, maskTest, WORDS } from './masks.ts';
import { type CompiledModel, compareHccs, type ModelYear } from './model.ts';
import type { Scorer } from './score.ts';
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
  /** By HCC position: what dropped it in the last scoring, of what a rule or a parent in its turn dropped. */
  readonly droppers: Int16Array;
  /** Bits of what the model's rules dropped in the last scoring. */
  readonly ruled: Int32Array;
  /** What dropped the HCC at a position that the hierarchies dropped: the position of a parent. */
  parentThatDropped(position: number): number;
}

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
  const ruled = new Int32Array(WORDS);
  const inTurn = year.hierarchyOrder === 'sequential';
  const tables: KernelTables = {
    ...index,
    codes,
    state: { before, after },
    droppers,
    ruled,
    parentThatDropped: inTurn
      ? (position) => droppers[position] ?? 0
      : parentNamer(model, index, { before, after }, ruled),
    add: (packed) => {
      const first = (packed & 255) - 1;
      before[first >> 5] = (before[first >> 5] ?? 0) | (1 << (first & 31));
      const second = ((packed >> 8) & 255) - 1;
      if (second >= 0) before[second >> 5] = (before[second >> 5] ?? 0) | (1 << (second & 31));
    },
    drop: inTurn ? dropInTurn(model, index, after, droppers) : dropAtOnce(model, index, after),
  };
  tablesOf.set(year, tables);
  return tables;
}

/** Every edge tested on the set before any drop: the HCCs that are there drop their children, dropped or not. */
function dropAtOnce(model: CompiledModel, index: HccIndex, after: Int32Array): () => void {
  const children = new Int32Array(MOST_HCCS * WORDS);
  for (const [hcc, list] of model.hierarchy.children) {
    const position = index.positions.get(hcc);
    if (position !== undefined) children.set(maskOf(index, list), position * WORDS);
  }
  const parents = maskOf(index, model.hierarchy.children.keys());
  return () => {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let word = 0; word < WORDS; word++) {
      let left = (after[word] ?? 0) & (parents[word] ?? 0);
      while (left !== 0) {
        const bit = left & -left;
        const at = ((word << 5) + 31 - Math.clz32(bit)) * WORDS;
        a |= children[at] ?? 0;
        b |= children[at + 1] ?? 0;
        c |= children[at + 2] ?? 0;
        d |= children[at + 3] ?? 0;
        left ^= bit;
      }
    }
    after[0] = (after[0] ?? 0) & ~a;
    after[1] = (after[1] ?? 0) & ~b;
    after[2] = (after[2] ?? 0) & ~c;
    after[3] = (after[3] ?? 0) & ~d;
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
  ruled: Int32Array,
): (position: number) => number {
  const parents = index.hccs.map((hcc) =>
    (model.hierarchy.parents.get(hcc) ?? []).flatMap((parent) => index.positions.get(parent) ?? []),
  );
  return (position) => {
    const mine = parents[position] ?? [];
    const survivor = mine.find((parent) => has(after, parent));
    return survivor ?? mine.find((parent) => has(before, parent) && !has(ruled, parent)) ?? position;
  };
}

function has(words: Int32Array, position: number): boolean {
  return ((words[position >> 5] ?? 0) & (1 << (position & 31))) !== 0;
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
  const { codes, add, drop, droppers, ruled } = tables;
  const { before, after } = tables.state;
  const { hccs, byCount } = segmentTable(program, tables);
  const interactions = interactionProgram(program, tables, person);
  const rules = model.terms.rules.flatMap((rule, place) => {
    const test = maskTest(tables, rule.expression, person);
    return test === null ? [] : [{ test, drops: maskOf(tables, rule.drops), by: MOST_HCCS + place }];
  });
  const fixed = scorer.fixed.reduce((sum, factor) => sum + factor.thousandths, 0);
  const divisor = scorer.divisor?.thousandths ?? null;

  const addEdited = (code: string): void => {
    for (const hcc of mapCodeFor(year, undotted(code), person)) add((tables.positions.get(hcc) ?? 0) + 1);
  };
  /** The groups of HCCs that the last scoring hit. */
  let groups = 0;
  const applyRules = (): void => {
    ruled.fill(0);
    for (const { test, drops, by } of rules) {
      if (!hits(after, drops, 0) || !holds(after, test)) continue;
      for (let word = 0; word < WORDS; word++) {
        const hit = (after[word] ?? 0) & (drops[word] ?? 0);
        after[word] = (after[word] ?? 0) & ~hit;
        ruled[word] = (ruled[word] ?? 0) | hit;
        mark(droppers, word, hit, by);
      }
    }
  };
  const settle = (): Thousandths => {
    after[0] = before[0] ?? 0;
    after[1] = before[1] ?? 0;
    after[2] = before[2] ?? 0;
    after[3] = before[3] ?? 0;
    if (rules.length > 0) applyRules();
    drop();
    let sum = fixed;
    if (program.usesHccs) {
      let count = 0;
      let hit = 0;
      for (let word = 0; word < WORDS; word++) {
        let left = after[word] ?? 0;
        while (left !== 0) {
          const bit = left & -left;
          const at = 2 * ((word << 5) + 31 - Math.clz32(bit));
          sum += hccs[at] ?? 0;
          hit |= hccs[at + 1] ?? 0;
          count++;
          left ^= bit;
        }
      }
      groups = hit;
      sum += sumOfInteractions(interactions, hit) + (byCount[count] ?? 0);
    }
    return divisor === null ? sum : divideRounded(sum * 1000, divisor);
  };
  return {
    hccs: tables.hccs,
    positions: tables.positions,
    scorer,
    state: tables.state,
    settle,
    dropperOf: (position) =>
      has(ruled, position) ? (droppers[position] ?? 0) : tables.parentThatDropped(position),
    interactionHeld: (place) => interactionHolds(interactions, place, groups),
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
