import type { GapStatus } from '../analysis-contract.ts';
import type { ModelPart } from './context.ts';

export type ClosureStatus = GapStatus | 'closed_same' | 'closed_higher' | 'closed_equivalent';

export interface Closure {
  readonly status: ClosureStatus;
  /** The captured HCC that decides; null when open. */
  readonly by: string | null;
}

/**
 * What the captures of D leave of a look-back HCC (gap taxonomy, section 2): same, higher, equivalent, inverted,
 * lower, open, in this order. "Higher" means dominates in the model's graph, not costs more; coefficients are those of
 * the member's segment.
 */
export function closureOf(part: ModelPart, hcc: string): Closure {
  const { categories, surviving } = part.captured;
  const { hierarchy } = part.model;
  if (categories.size === 0) return { status: 'open', by: null };
  if (surviving.has(hcc)) return { status: 'closed_same', by: hcc };
  for (const above of hierarchy.dominators(hcc)) {
    if (surviving.has(above)) return { status: 'closed_higher', by: above };
  }
  // Submitted and eligible, though a model rule keeps it from paying (V28 223 alone): nothing is left to capture.
  if (categories.has(hcc)) return { status: 'closed_same', by: hcc };
  let lower: Closure | null = null;
  for (const below of hierarchy.dominated(hcc)) {
    if (!surviving.has(below)) continue;
    const difference = part.scorer.coefficient(hcc) - part.scorer.coefficient(below);
    if (difference === 0) return { status: 'closed_equivalent', by: below };
    if (difference < 0) lower = { status: 'closed_lower_inverted', by: below };
    else lower ??= { status: 'closed_lower', by: below };
  }
  return lower ?? { status: 'open', by: null };
}
