import type { Person } from './demographics.ts';
import { type HccIndex, MOST_HCCS, maskTest, WORDS } from './masks.ts';
import type { SegmentProgram } from './score.ts';
import type { Thousandths } from './thousandths.ts';

/**
 * The factors of a segment as integers, the same for everyone in it. Every list of HCCs that an interaction asks for
 * (any of the heart failure HCCs) is a group with a bit of its own, and each HCC knows the bits of its groups. The
 * groups that a member's HCCs hit are then one word, gathered while their factors are summed, and an interaction is
 * two masks of that word, however long its lists are.
 */
export interface SegmentTable {
  /** By HCC position, two integers each: the factor in thousandths and the bits of the groups it belongs to. */
  readonly hccs: Int32Array;
  /** By number of payment HCCs: thousandths of the count terms. */
  readonly byCount: Int32Array;
  /** The bit of each group met so far, by its mask. */
  readonly groups: Map<string, number>;
  /** The programs made so far, by their integers: members who differ in nothing that the terms read share one. */
  readonly programs: Map<string, InteractionProgram>;
}

/**
 * The interactions of a segment program for one person, in their order, {@link TERM} integers each: the groups that
 * must be hit, the groups that must not, thousandths.
 */
export type InteractionProgram = Int32Array;

const TERM = 3;
/** A bit that no group has: what needs it cannot hold. */
const NEVER = 1 << 31;
/** The other bits of a word; the model with the most has 16 groups in a segment. */
const MOST_GROUPS = 31;

const tables = new WeakMap<SegmentProgram, SegmentTable>();

/** The table of a segment; made once. */
export function segmentTable(program: SegmentProgram, index: HccIndex): SegmentTable {
  const known = tables.get(program);
  if (known) return known;
  const hccs = new Int32Array(2 * MOST_HCCS);
  for (const [hcc, factor] of program.hccs) hccs[2 * (index.positions.get(hcc) ?? 0)] = factor.thousandths;
  const byCount = new Int32Array(MOST_HCCS + 1);
  for (const { term, factor } of program.counts) {
    for (let count = term.from; count <= Math.min(term.to, MOST_HCCS); count++) {
      byCount[count] = (byCount[count] ?? 0) + factor.thousandths;
    }
  }
  const table: SegmentTable = { hccs, byCount, groups: new Map(), programs: new Map() };
  tables.set(program, table);
  return table;
}

/** The interactions of a segment for one person. */
export function interactionProgram(
  program: SegmentProgram,
  index: HccIndex,
  person: Person,
): InteractionProgram {
  const table = segmentTable(program, index);
  const terms = Int32Array.from(
    program.interactions.flatMap(({ expression, factor }) => {
      const test = maskTest(index, expression, person);
      if (test === null) return [NEVER, 0, 0];
      return [bitsOf(table, test.each), bitsOf(table, test.none), factor.thousandths];
    }),
  );
  const key = terms.join();
  const known = table.programs.get(key);
  if (known) return known;
  table.programs.set(key, terms);
  return terms;
}

/** The bits of groups whose masks lie end to end. */
function bitsOf(table: SegmentTable, masks: Int32Array): number {
  let bits = 0;
  for (let at = 0; at < masks.length; at += WORDS) bits |= bitOf(table, masks.subarray(at, at + WORDS));
  return bits;
}

function bitOf({ groups, hccs }: SegmentTable, mask: Int32Array): number {
  const key = mask.join();
  const known = groups.get(key);
  if (known !== undefined) return known;
  if (groups.size === MOST_GROUPS) throw new Error(`more than ${MOST_GROUPS} groups of HCCs in a segment`);
  const bit = 1 << groups.size;
  groups.set(key, bit);
  for (let position = 0; position < MOST_HCCS; position++) {
    if (((mask[position >> 5] ?? 0) & (1 << (position & 31))) === 0) continue;
    hccs[2 * position + 1] = (hccs[2 * position + 1] ?? 0) | bit;
  }
  return bit;
}

/** What the interactions that hold come to, in thousandths, for the groups that are hit. */
export function sumOfInteractions(program: InteractionProgram, groups: number): Thousandths {
  let sum = 0;
  for (let at = 0; at < program.length; at += TERM) {
    const needed = program[at] ?? NEVER;
    if ((groups & needed) === needed && (groups & (program[at + 1] ?? 0)) === 0) sum += program[at + 2] ?? 0;
  }
  return sum;
}

/** Whether the interaction at a place of the segment program holds, for the groups that are hit. */
export function interactionHolds(program: InteractionProgram, place: number, groups: number): boolean {
  const needed = program[TERM * place] ?? NEVER;
  return (groups & needed) === needed && (groups & (program[TERM * place + 1] ?? 0)) === 0;
}
