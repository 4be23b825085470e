import type { NotGap } from '../analysis-contract.ts';
import { isVideoUnproven } from '../eligibility.ts';
import { compareHccs } from '../model.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import {
  conditionEvidence,
  type DocumentedDiagnosis,
  documentedDiagnoses,
  FAULTS,
} from './documented-evidence.ts';
import type { GapDraft, KindResult } from './draft.ts';
import { named, notGap } from './explain.ts';
import { shownClass } from './persistence.ts';
import { oigGroups } from './weak-sources.ts';

const ANCHOR_RANK = { anchored: 0, unlinked: 1, none: 2 } as const;

/**
 * Kind (c): a diagnosis in the note of an eligible, face-to-face encounter of D whose HCC no accepted record of D
 * gives (gap taxonomy, section 4). A problem list alone is never (c).
 */
export function documentedGaps(context: AnalysisContext): KindResult {
  const documented = documentedDiagnoses(context);
  const gaps: GapDraft[] = [];
  const notGaps: NotGap[] = [];
  for (const part of context.parts) {
    const passing = new Map<string, DocumentedDiagnosis[]>();
    const failing: { readonly hcc: string; readonly diagnosis: DocumentedDiagnosis }[] = [];
    for (const diagnosis of documented) {
      for (const hcc of part.hccsOf(diagnosis.code)) {
        if (part.captured.categories.has(hcc)) continue;
        if (diagnosis.fault !== null) failing.push({ hcc, diagnosis });
        else passing.set(hcc, [...(passing.get(hcc) ?? []), diagnosis]);
      }
    }
    for (const hcc of [...passing.keys()].sort(compareHccs)) {
      const found = passing.get(hcc) ?? [];
      const above = [...part.model.hierarchy.dominators(hcc)].find((other) =>
        part.captured.surviving.has(other),
      );
      if (above === undefined) gaps.push(draft(context, part, hcc, found));
      else notGaps.push(covered(context, hcc, found, above));
    }
    for (const { hcc, diagnosis } of failing) {
      if (!passing.has(hcc)) notGaps.push(failed(context, hcc, diagnosis));
    }
  }
  return { gaps, notGaps, notEvaluable: [] };
}

/** The best-anchored documentation, of several the latest. */
export function bestDocumented(found: readonly DocumentedDiagnosis[]): DocumentedDiagnosis | undefined {
  return [...found].sort((a, b) => {
    const rank =
      ANCHOR_RANK[a.anchor] - ANCHOR_RANK[b.anchor] ||
      Number(a.uncertainSupport) - Number(b.uncertainSupport);
    if (rank !== 0) return rank;
    if (a.dos !== b.dos) return a.dos > b.dos ? -1 : 1;
    const [idA, idB] = [a.link?.encounterId ?? '', b.link?.encounterId ?? ''];
    return idA < idB ? -1 : idA > idB ? 1 : 0;
  })[0];
}

function draft(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  found: readonly DocumentedDiagnosis[],
): GapDraft {
  const best = bestDocumented(found);
  const codes = [...new Set(found.map(({ code }) => code))].sort();
  const unanchored = best?.anchor === 'none';
  const flags = [...oigGroups(context, codes)];
  if (best?.anchor === 'unlinked') flags.push('UNLINKED_CRR');
  if (best?.found.record?.verdict.flags.includes('SPECIALTY')) flags.push('SPECIALTY');
  if (best?.found.record?.encounter.hra) flags.push('HRA');
  const { condition } = best?.found ?? {};
  const visit = best?.found.record?.encounter;
  const complete =
    condition?.verification != null &&
    condition.clinicalStatus !== null &&
    !(visit && isVideoUnproven(context.reference.eligibility.rules, visit));
  const where = best?.link
    ? `on ${best.dos} (${best.link.encounterId})`
    : `on ${best?.dos}, in a note that names no encounter`;
  return {
    kind: 'documented_not_coded',
    model: part.id,
    hcc,
    status: unanchored ? 'no_anchor' : 'open',
    subKind: null,
    reasons: unanchored ? ['UNLINKED_EXCLUDED'] : [],
    flags,
    candidateCodes: codes,
    persistenceClass: shownClass(context, part, hcc, codes),
    evidence: found.map(conditionEvidence),
    encounterLink: best?.link ?? null,
    change: unanchored ? null : { add: [hcc], remove: [] },
    confidence: best?.uncertainSupport !== false ? 'low' : complete ? 'high' : 'medium',
    ruleId: 'documented_not_coded.note',
    explanation:
      `${named(context, best?.code ?? '')}: documented ${where} and on no accepted record of ${context.dosYear}` +
      `${unanchored ? '; without an encounter to link to, it cannot count' : ''}.`,
  };
}

function covered(
  context: AnalysisContext,
  hcc: string,
  found: readonly DocumentedDiagnosis[],
  above: string,
): NotGap {
  const code = found.at(-1)?.code ?? '';
  return notGap(
    hcc,
    code,
    'closed_higher',
    `${named(context, code)} is documented; HCC ${above}, above it, is captured.`,
  );
}

function failed(context: AnalysisContext, hcc: string, { code, dos, fault }: DocumentedDiagnosis): NotGap {
  const why = fault === null ? '' : FAULTS[fault];
  return notGap(hcc, code, fault ?? 'no_meat', `${named(context, code)}, recorded on ${dos}: ${why}.`);
}
