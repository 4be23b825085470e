import type { Gap } from '../engine/analysis-contract.ts';

const CONFIDENCE = { high: 3, medium: 2, low: 1 } as const;
/** Above every confidence: a delete never sorts below an add of equal absolute impact (gap taxonomy, section 7). */
const DELETE = 4;

/**
 * Place of a gap in its list, higher first: the absolute change of the raw score in thousandths, whichever its sign,
 * then deletes, then confidence. One formula for adds and deletes. Without an impact (new enrollees, ESRD) the gap
 * stands behind those with one, and is not left out.
 */
export function priorityOf(gap: Pick<Gap, 'impact' | 'direction' | 'confidence'>): number {
  const thousandths = Math.round(Math.abs(gap.impact?.standalone ?? 0) * 1000);
  return thousandths * 10 + (gap.direction === 'delete' ? DELETE : CONFIDENCE[gap.confidence]);
}
