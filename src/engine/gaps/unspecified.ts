import type { Gap, NotGap, UnspecifiedFlag } from '../analysis-contract.ts';
import type { Submission } from '../captured.ts';
import { dotted } from '../icd10.ts';
import type { SpecificityRow } from '../specificity.ts';
import { unspecifiedClass } from '../specificity.ts';
import type { Thousandths } from '../thousandths.ts';
import { type AnalysisContext, describe, type ModelPart } from './context.ts';
import { named, notGap } from './explain.ts';

export interface UnspecifiedResult {
  readonly flags: readonly UnspecifiedFlag[];
  /** One `provider_education` for each flag without evidence. */
  readonly notGaps: readonly NotGap[];
}

/**
 * Every unspecified eligible diagnosis of D that weighs less than a more specific sibling which the clinical review
 * lets a person see, or that a specificity gap refines. Soft codes are never called unspecified. Without evidence it is
 * provider education: unspecified may be right (guideline I.B.18).
 */
export function unspecifiedFlags(context: AnalysisContext, gaps: readonly Gap[]): UnspecifiedResult {
  if (context.yearState !== 'prospective_open' && context.yearState !== 'retrospective_open') return NOTHING;
  if (context.inactive && !context.paidMonths) return NOTHING;
  const byCode = new Map<string, Submission[]>();
  for (const submission of context.submissions.get(context.dosYear) ?? []) {
    const { code, valid, record } = submission;
    if (!valid || !record.verdict.eligible) continue;
    if (unspecifiedClass(context.reference.specificity, code) !== 'hard') continue;
    const known = byCode.get(code);
    if (known) known.push(submission);
    else byCode.set(code, [submission]);
  }
  const flags: UnspecifiedFlag[] = [];
  const notGaps: NotGap[] = [];
  for (const code of [...byCode.keys()].sort()) {
    const flag = flagOf(context, gaps, code, byCode.get(code) ?? []);
    if (!flag) continue;
    flags.push(flag);
    if (flag.evidence === 'none') {
      const text = `${named(context, code)} says less than codes beside it, and nothing recorded in ${context.dosYear} gives a specificity gap; it may be right as it stands.`;
      notGaps.push(notGap(flag.hcc, code, 'provider_education', text));
    }
  }
  return { flags, notGaps };
}

const NOTHING: UnspecifiedResult = { flags: [], notGaps: [] };

function flagOf(
  context: AnalysisContext,
  gaps: readonly Gap[],
  code: string,
  submissions: readonly Submission[],
): UnspecifiedFlag | null {
  const refined = context.parts.map((part) => ({ part, gap: refinementOf(gaps, part, code) }));
  // In a blend, the part that has a gap before one that only has a heavier sibling.
  for (const { part, gap } of refined.sort((a, b) => Number(b.gap !== null) - Number(a.gap !== null))) {
    const row = rowOf(context, part, code);
    if (!gap && !row) continue;
    const recorded = gap ? gap.candidateCodes.map((candidate) => candidate.code.replace('.', '')) : [];
    const siblings = siblingsOf(context, row, recorded, code);
    if (siblings.length === 0) continue;
    const weight = weightOf(part, code, siblings);
    if (weight === 'equal' && !gap) continue;
    const last = submissions.at(-1)?.record.encounter;
    return {
      code: dotted(code),
      description: describe(context, code),
      weight,
      hcc: heaviest(part, part.hccsOf(code)),
      siblings: siblings.map((sibling) => ({
        code: dotted(sibling),
        hcc: heaviest(part, part.hccsOf(sibling)),
      })),
      encounterIds: [...new Set(submissions.map(({ record }) => record.encounter.encounterId))].sort(),
      providerNpi: last?.provider?.npi ?? null,
      evidence: gap ? 'recorded' : 'none',
      gapId: gap?.gapId ?? null,
    };
  }
  return null;
}

/** The specificity gap of a part that refines the code within its category. */
function refinementOf(gaps: readonly Gap[], part: ModelPart, code: string): Gap | null {
  const found = gaps.find(
    ({ kind, model, evidence, candidateCodes }) =>
      kind === 'specificity' &&
      model === part.id &&
      evidence.some((item) => item.type === 'diagnosis' && item.code === dotted(code)) &&
      candidateCodes.some((candidate) => candidate.code.slice(0, 3) === code.slice(0, 3)),
  );
  return found ?? null;
}

function rowOf(context: AnalysisContext, part: ModelPart, code: string): SpecificityRow | undefined {
  const version = part.id === 'cms-hcc-v28' ? 'V28' : part.id === 'cms-hcc-v24' ? 'V24' : null;
  return version === null ? undefined : context.reference.specificity.rows.get(version)?.get(code);
}

/** All reviewed siblings; otherwise what the record names, beside the codes of the same subcategory. */
function siblingsOf(
  context: AnalysisContext,
  row: SpecificityRow | undefined,
  recorded: readonly string[],
  code: string,
): readonly string[] {
  const { codes, specificity } = context.reference;
  const found = new Set([...(row?.siblings ?? []), ...recorded]);
  // Another event, substance or stage is no detail of this code: nothing but what the record says in words.
  const never = row?.review.startsWith('never_') === true;
  if (!never && (!row || row.siblings.length === 0)) {
    for (const sibling of recorded) {
      if (sibling.length < 5) continue;
      for (const beside of codes.billableBelow(sibling.slice(0, -1), context.dosYear)) {
        if (beside !== code && !specificity.unspecified.has(beside)) found.add(beside);
      }
    }
  }
  return [...found].filter((sibling) => codes.billableInYear(sibling, context.dosYear)).sort();
}

/** By rescoring: the sibling in place of the code, wherever the code stands in D. */
function weightOf(part: ModelPart, code: string, siblings: readonly string[]): UnspecifiedFlag['weight'] {
  const without = new Set<string>();
  for (const [hcc, carriers] of part.captured.categories) {
    if (carriers.some((carrier) => carrier.code !== code)) without.add(hcc);
  }
  const known = new Map<string, Thousandths>();
  const rawWith = (hccs: readonly string[]): Thousandths => {
    const key = hccs.join();
    const before = known.get(key);
    if (before !== undefined) return before;
    const raw = part.scorer.rawThousandths(new Set([...without, ...hccs]));
    known.set(key, raw);
    return raw;
  };
  const own = part.hccsOf(code);
  const now = rawWith(own);
  if (!siblings.some((sibling) => rawWith(part.hccsOf(sibling)) > now)) return 'equal';
  return own.length === 0 ? 'zero' : 'reduced';
}

function heaviest(part: ModelPart, hccs: readonly string[]): string | null {
  let best: string | null = null;
  for (const hcc of hccs) {
    if (best === null || part.scorer.coefficient(hcc) > part.scorer.coefficient(best)) best = hcc;
  }
  return best;
}
