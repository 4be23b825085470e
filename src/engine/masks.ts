import type { Person } from './demographics.ts';
import type { Expression } from './expression.ts';

/** HCCs as bits of four 32-bit words: enough for every Medicare model (V28 has 115). */
export const WORDS = 4;
export const MOST_HCCS = 32 * WORDS;

/** Position of each HCC, in numeric order, and the masks made from it. */
export interface HccIndex {
  readonly hccs: readonly string[];
  readonly positions: ReadonlyMap<string, number>;
}

export function hccIndex(hccs: readonly string[]): HccIndex {
  if (hccs.length > MOST_HCCS) throw new Error(`${hccs.length} HCCs do not fit in ${WORDS} words`);
  return { hccs, positions: new Map(hccs.map((hcc, position) => [hcc, position])) };
}

/** Mask of a list of HCCs; an HCC that no code and no rule of the model gives is left out. */
export function maskOf(index: HccIndex, hccs: Iterable<string>): Int32Array {
  const mask = new Int32Array(WORDS);
  for (const hcc of hccs) {
    const position = index.positions.get(hcc);
    if (position !== undefined) mask[position >> 5] = (mask[position >> 5] ?? 0) | (1 << (position & 31));
  }
  return mask;
}

/**
 * A condition for one person on HCC words: every mask of `each` must be hit and no mask of `none`. Masks are laid
 * end to end, four words each. null: the condition cannot hold for this person.
 */
export interface MaskTest {
  readonly each: Int32Array;
  readonly none: Int32Array;
}

/** Reduces a condition to masks for one person; throws when it is not a conjunction of any-of and none-of lists. */
export function maskTest(index: HccIndex, expression: Expression, person: Person): MaskTest | null {
  const folded = fold(expression, person);
  if (folded === false) return null;
  const each: number[] = [];
  const none: number[] = [];
  for (const part of folded === true ? [] : folded.kind === 'all' ? folded.parts : [folded]) {
    const negated = part.kind === 'not';
    const hccs = anyOf(negated ? part.part : part);
    (negated ? none : each).push(...maskOf(index, hccs));
  }
  return { each: Int32Array.from(each), none: Int32Array.from(none) };
}

function anyOf(expression: Expression): string[] {
  if (expression.kind === 'hcc') return [expression.hcc];
  if (expression.kind === 'any') return expression.parts.flatMap(anyOf);
  throw new Error('condition is not a conjunction of lists of HCCs');
}

/** Replaces what is about the person by its truth and drops what that settles. */
function fold(expression: Expression, person: Person): Expression | boolean {
  switch (expression.kind) {
    case 'person':
      return expression.holds(person);
    case 'hcc':
      return expression;
    case 'not': {
      const part = fold(expression.part, person);
      return typeof part === 'boolean' ? !part : { kind: 'not', part };
    }
    case 'any':
    case 'all': {
      const settles = expression.kind === 'any';
      const parts: Expression[] = [];
      for (const part of expression.parts) {
        const folded = fold(part, person);
        if (folded === settles) return settles;
        if (typeof folded !== 'boolean')
          parts.push(...(folded.kind === expression.kind ? folded.parts : [folded]));
      }
      if (parts.length === 0) return !settles;
      return parts.length === 1 && parts[0] ? parts[0] : { kind: expression.kind, parts };
    }
  }
}
