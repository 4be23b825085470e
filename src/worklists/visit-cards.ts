import type { Gap } from '../engine/analysis-contract.ts';
import { compareHccs } from '../engine/model.ts';
import type { StoredGap } from '../store/gaps.ts';

/** One card: what is open of one family of HCCs, several reasons together (gap taxonomy, section 1). */
export interface FamilyCard {
  readonly paymentYear: number;
  readonly model: Gap['model'];
  /** HCCs of the card's gaps, in numeric order. */
  readonly hccs: readonly string[];
  /** The highest of its gaps. */
  readonly priority: number;
  /** By priority, highest first. */
  readonly gaps: readonly StoredGap[];
}

/**
 * A member's gaps as cards, highest priority first: gaps of one payment year and model whose HCCs are of one family,
 * directly or through another gap of the member. Every gap is on exactly one card.
 */
export function familyCards(
  gaps: readonly StoredGap[],
  familyOf: (model: Gap['model'], hcc: string) => ReadonlySet<string>,
): readonly FamilyCard[] {
  const left = [...gaps].sort(byPriority);
  const cards: FamilyCard[] = [];
  for (let first = left.shift(); first !== undefined; first = left.shift()) {
    const card = [first];
    // The card grows while a gap is kin to any that is on it already.
    for (let index = 0; index < card.length; index++) {
      const held = card[index];
      if (held === undefined) break;
      for (const other of [...left]) {
        if (!areKin(held, other, familyOf)) continue;
        left.splice(left.indexOf(other), 1);
        card.push(other);
      }
    }
    cards.push({
      paymentYear: first.paymentYear,
      model: first.gap.model,
      hccs: [...new Set(card.map(({ gap }) => gap.hcc))].sort(compareHccs),
      priority: first.priority,
      gaps: card.sort(byPriority),
    });
  }
  return cards;
}

function areKin(
  a: StoredGap,
  b: StoredGap,
  familyOf: (model: Gap['model'], hcc: string) => ReadonlySet<string>,
): boolean {
  if (a.paymentYear !== b.paymentYear || a.gap.model !== b.gap.model) return false;
  return a.gap.hcc === b.gap.hcc || familyOf(a.gap.model, a.gap.hcc).has(b.gap.hcc);
}

function byPriority(a: StoredGap, b: StoredGap): number {
  return b.priority - a.priority || (a.gapId < b.gapId ? -1 : a.gapId > b.gapId ? 1 : 0);
}
