import type { IsoDate } from '../dates.ts';
import type { AnalysisContext, ModelPart } from './context.ts';

/**
 * Codes that may answer a recapture question: those of the look-back that can still be billed and map to the HCC; for
 * a retired code, or the acute form of a chronic base, the codes next to it that do. The retired or acute code itself
 * is evidence, never a candidate; with no successor the gap stands without candidates.
 */
export function recaptureCandidates(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  codes: Iterable<string>,
): readonly string[] {
  const found = new Set<string>();
  const fits = (code: string): boolean => part.hccsOf(code).includes(hcc) && stillBillable(context, code);
  for (const past of codes) {
    const code = context.reference.gaps.askedAs.get(past) ?? past;
    if (fits(code)) {
      found.add(code);
      continue;
    }
    const { codes: table } = context.reference;
    const below = table.billableBelow(code, context.dosYear).filter(fits);
    const beside =
      below.length > 0 || part.pastHccsOf(code).includes(hcc) ? below : besides(context, code, fits);
    for (const next of beside) found.add(next);
  }
  return [...found].sort();
}

function besides(context: AnalysisContext, code: string, fits: (code: string) => boolean): readonly string[] {
  return code.length > 4
    ? context.reference.codes.billableBelow(code.slice(0, -1), context.dosYear).filter(fits)
    : [];
}

/** Billable in D; while visits can still happen, on a day that is still to come. */
function stillBillable(context: AnalysisContext, code: string): boolean {
  const { codes } = context.reference;
  if (context.yearState !== 'prospective_open') return codes.billableInYear(code, context.dosYear);
  const last: IsoDate = `${context.dosYear}-12-31`;
  return codes.billableOn(code, context.asOf) || codes.billableOn(code, last);
}
