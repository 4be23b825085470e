import type { GapImpact } from '../analysis-contract.ts';
import { type ImpactWorth, impactOf } from '../attribution.ts';
import { kernelOf } from '../kernel.ts';
import { maskOf, WORDS } from '../masks.ts';
import { type Thousandths, toDecimal } from '../thousandths.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import type { CategoryChange, GapDraft } from './draft.ts';

export interface GapWorths {
  /** In the order of the drafts; null where the member has no impact. */
  readonly impacts: readonly (GapImpact | null)[];
  /** Categories by part with every gap closed: adds, refinements and deletes together. */
  readonly joint: readonly ReadonlySet<string>[];
  readonly method: 'exact' | 'sequential';
}

/**
 * What the gaps are worth, by rescoring (raf arithmetic, section 5): each alone, last in, its share of the joint
 * change, and in payment terms. A gap changes its own model's categories only; the other parts of a blend stay.
 */
export function worthOf(context: AnalysisContext, drafts: readonly GapDraft[]): GapWorths {
  const base = context.parts.map(({ captured }): ReadonlySet<string> => new Set(captured.categories.keys()));
  const baseRaws = context.parts.map(({ scorer }, index) => scorer.rawThousandths(base[index] ?? []));
  const impacts: (GapImpact | null)[] = drafts.map(() => null);
  const joint: ReadonlySet<string>[] = [];
  let method: GapWorths['method'] = 'exact';
  for (const [index, part] of context.parts.entries()) {
    const own = drafts.flatMap((draft, at) => (draft.model === part.id ? [{ draft, at }] : []));
    const moving = own.filter(({ draft }) => draft.change !== null);
    const before = base[index] ?? new Set<string>();
    joint.push(
      changed(
        before,
        moving.map(({ draft }) => draft.change),
      ),
    );
    if (!context.hasImpact) continue;
    for (const { at, draft } of own)
      if (draft.noWorth !== true)
        impacts[at] = { standalone: 0, incremental: 0, shapley: 0, payment: zeroPayment(context) };
    if (moving.length === 0) continue;
    const worth = partWorth(
      context,
      { part, index, before, baseRaws },
      moving.map(({ draft }) => draft),
    );
    if (worth.method === 'sequential') method = 'sequential';
    for (const [place, { at }] of moving.entries()) {
      const gap = worth.gaps[place];
      if (!gap) continue;
      impacts[at] = {
        standalone: toDecimal(gap.standalone.raw),
        incremental: toDecimal(gap.incremental.raw),
        shapley: toDecimal(Math.round(gap.shapley.raw)) || 0,
        payment: gap.standalone.payment === null ? null : toDecimal(gap.standalone.payment),
      };
    }
  }
  return { impacts, joint, method };
}

function zeroPayment({ scoring }: AnalysisContext): number | null {
  return scoring.ok && scoring.value.noPayment === null ? 0 : null;
}

interface PartState {
  readonly part: ModelPart;
  readonly index: number;
  readonly before: ReadonlySet<string>;
  readonly baseRaws: readonly Thousandths[];
}

function partWorth(
  context: AnalysisContext,
  { part, index, before, baseRaws }: PartState,
  drafts: readonly GapDraft[],
): ImpactWorth {
  const kernel = kernelOf(part.scorer);
  const base = maskOf(kernel, before);
  const removed = drafts.map(({ change }) => maskOf(kernel, change?.remove ?? []));
  const added = drafts.map(({ change }) => maskOf(kernel, change?.add ?? []));
  const words = kernel.state.before;
  const raws = [...baseRaws];
  return impactOf(
    drafts.map(({ hcc, confidence, kind }) => ({ id: `${kind} ${hcc}`, hcc, confidence })),
    (chosen) => {
      for (let word = 0; word < WORDS; word++) {
        let bits = base[word] ?? 0;
        for (const at of chosen) bits &= ~(removed[at]?.[word] ?? 0);
        for (const at of chosen) bits |= added[at]?.[word] ?? 0;
        words[word] = bits;
      }
      const raw = kernel.settle();
      raws[index] = raw;
      return { raw, payment: context.scoring.ok ? context.scoring.value.payment(raws) : null };
    },
  );
}

/** The categories after the changes: what is taken away first, then what is added. */
export function changed(
  before: ReadonlySet<string>,
  changes: readonly (CategoryChange | null)[],
): ReadonlySet<string> {
  const after = new Set(before);
  for (const change of changes) for (const hcc of change?.remove ?? []) after.delete(hcc);
  for (const change of changes) for (const hcc of change?.add ?? []) after.add(hcc);
  return after;
}
