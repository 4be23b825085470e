import type { WordPlace } from './words.ts';

export type QueryRule = `CQ-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 12 | 13 | 14}` | 'C-4';

/** A rule of the compliance brief that a query breaks, where, and the very words at fault. */
export interface QueryFinding {
  readonly rule: QueryRule;
  readonly pointer: string;
  readonly message: string;
  readonly words: readonly string[];
  /** Where those words stand in the text at `pointer`; empty for what is missing or is no text. */
  readonly places: readonly WordPlace[];
}

/** A text of a query and where it stands in it. */
export interface Passage {
  readonly pointer: string;
  readonly text: string;
}

/** A finding about what is missing, or is no text. */
export function finding(
  rule: QueryRule,
  pointer: string,
  message: string,
  words: readonly string[] = [],
): QueryFinding {
  return { rule, pointer, message, words, places: [] };
}

/** A finding about words that stand in a text, if there are any. */
export function marked(
  rule: QueryRule,
  { pointer }: Passage,
  message: string,
  places: readonly WordPlace[],
): QueryFinding[] {
  if (places.length === 0) return [];
  const words = [...new Set(places.map((one) => one.words))];
  const inOrder = [...places].sort((a, b) => a.start - b.start || a.end - b.end);
  return [{ rule, pointer, message, words, places: inOrder }];
}

/** The whole of a text. */
export function whole(text: string): readonly WordPlace[] {
  return [{ words: text.trim(), start: 0, end: text.length }];
}
