import type { EncounterLink, Evidence, SpecificitySubKind } from '../analysis-contract.ts';
import type { Submission } from '../captured.ts';
import { compareHccs } from '../model.ts';
import { isMoreSpecific, type UnspecifiedClass, unspecifiedClass } from '../specificity.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import { bestDocumented } from './documented.ts';
import { conditionEvidence, type DocumentedDiagnosis, documentedDiagnoses } from './documented-evidence.ts';
import type { GapDraft, KindResult } from './draft.ts';
import { listed, named } from './explain.ts';
import { shownClass } from './persistence.ts';
import { diagnosisEvidence, oigGroups } from './weak-sources.ts';

/** An unspecified code of D and a more specific one with evidence for the detail it adds. */
interface Refinement {
  readonly code: string;
  readonly class: UnspecifiedClass;
  readonly submissions: readonly Submission[];
  readonly specific: string;
  readonly documented: readonly DocumentedDiagnosis[];
  /** For a combination code: the other part, coded in D. */
  readonly other: readonly Submission[];
}

/**
 * Kind (b): an unspecified eligible code of D and a more specific one for which D holds evidence: a documented
 * condition in the same category, or the other part of a curated combination (gap taxonomy, section 3). A gap's RAF is
 * the rescoring with the specific code in place of the unspecified one, up, equal or down.
 */
export function specificityGaps(context: AnalysisContext): KindResult {
  const refinements = findRefinements(context);
  if (refinements.length === 0) return { gaps: [], notGaps: [], notEvaluable: [] };
  const gaps: GapDraft[] = [];
  for (const part of context.parts) {
    const byHcc = new Map<string, Refinement[]>();
    for (const refinement of refinements) {
      for (const hcc of targetHccs(part, refinement)) {
        byHcc.set(hcc, [...(byHcc.get(hcc) ?? []), refinement]);
      }
    }
    for (const hcc of [...byHcc.keys()].sort(compareHccs))
      gaps.push(draft(context, part, hcc, byHcc.get(hcc) ?? []));
  }
  return { gaps, notGaps: [], notEvaluable: [] };
}

function findRefinements(context: AnalysisContext): readonly Refinement[] {
  const { specificity } = context.reference;
  const eligible = (context.submissions.get(context.dosYear) ?? []).filter(
    ({ valid, record }) => valid && record.verdict.eligible,
  );
  const byCode = new Map<string, Submission[]>();
  for (const submission of eligible) {
    const known = byCode.get(submission.code);
    if (known) known.push(submission);
    else byCode.set(submission.code, [submission]);
  }
  const open = [...byCode].flatMap(([code, submissions]) => {
    const unspecified = unspecifiedClass(specificity, code);
    return unspecified === null ? [] : [{ code, class: unspecified, submissions }];
  });
  if (open.length === 0) return [];
  const documented = documentedDiagnoses(context).filter(({ fault }) => fault === null);
  const found: Refinement[] = [];
  for (const unspecified of open.sort((a, b) => (a.code < b.code ? -1 : 1))) {
    const details = new Set(documented.map(({ code }) => code));
    for (const specific of [...details].sort()) {
      if (byCode.has(specific) || !isMoreSpecific(specificity, unspecified.code, specific)) continue;
      const support = documented.filter(({ code }) => code === specific);
      found.push({ ...unspecified, specific, documented: support, other: [] });
    }
    for (const { withPrefix, combined } of specificity.combinations.get(unspecified.code) ?? []) {
      const stem = combined.slice(0, 4);
      if ([...byCode.keys()].some((code) => code.startsWith(stem)) || details.has(combined)) continue;
      if (!context.reference.codes.billableInYear(combined, context.dosYear)) continue;
      const other = eligible.filter(({ code }) => code.startsWith(withPrefix));
      const noted = documented.filter(({ code }) => code.startsWith(withPrefix));
      if (other.length + noted.length === 0) continue;
      found.push({ ...unspecified, specific: combined, documented: other.length > 0 ? [] : noted, other });
    }
  }
  return found;
}

/** The HCC of the specific code, or of the unspecified one when the specific code has none. */
function targetHccs(part: ModelPart, { code, specific }: Refinement): readonly string[] {
  const own = part.hccsOf(code);
  const next = part.hccsOf(specific);
  if (next.length === 0) return own;
  // Of several HCCs, one that another code of D already gives and that is not the refined one has nothing to refine.
  return next.filter(
    (hcc) =>
      own.length === 0 || own.includes(hcc) || related(part, hcc, own) || !part.captured.categories.has(hcc),
  );
}

function related(part: ModelPart, hcc: string, own: readonly string[]): boolean {
  const family = part.model.hierarchy.family(hcc);
  return own.some((other) => family.has(other));
}

function draft(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  found: readonly Refinement[],
): GapDraft {
  const heaviest = [...found].sort(
    (a, b) => weightOf(part, b.specific) - weightOf(part, a.specific) || (a.specific < b.specific ? -1 : 1),
  )[0];
  const codes = [...new Set(found.map(({ code }) => code))].sort();
  const specifics = [...new Set(found.map(({ specific }) => specific))].sort();
  const documented = found.flatMap((refinement) => refinement.documented);
  const best = bestDocumented(documented);
  const unanchored = found.every(({ other }) => other.length === 0) && best?.anchor === 'none';
  const evidence: Evidence[] = [
    ...distinctSubmissions(found.flatMap(({ submissions }) => submissions)).map(diagnosisEvidence),
    ...distinctSubmissions(found.flatMap(({ other }) => other)).map(diagnosisEvidence),
    ...[...new Set(documented)].map(conditionEvidence),
  ];
  const weak = best?.uncertainSupport === true;
  const soft = found.every((refinement) => refinement.class === 'soft');
  const subject = listed(codes.map((code) => named(context, code)));
  return {
    kind: 'specificity',
    model: part.id,
    hcc,
    status: unanchored ? 'no_anchor' : 'open',
    subKind: heaviest ? subKindOf(part, heaviest, hcc) : null,
    reasons: unanchored ? ['UNLINKED_EXCLUDED'] : [],
    flags: oigGroups(context, specifics),
    candidateCodes: specifics,
    persistenceClass: shownClass(context, part, hcc, specifics),
    evidence,
    encounterLink: best?.link ?? combinationLink(found),
    change: unanchored ? null : changeOf(part, hcc, found),
    confidence: weak ? 'low' : 'high',
    ruleId: heaviest?.other.length ? 'specificity.combination' : 'specificity.category',
    explanation:
      `${subject} ${codes.length > 1 ? 'are' : 'is'} coded in ${context.dosYear}; the record of ${context.dosYear} ` +
      `${heaviest?.other.length ? 'holds both parts of' : 'documents'} ` +
      `${listed(specifics.map((code) => named(context, code)))}${soft ? '' : ', which says more'}.`,
    relatedHccs: [...new Set(codes.flatMap((code) => part.hccsOf(code)))],
    subjectCodes: codes,
  };
}

/** S0: only the specific code pays; S1, S2, S3: it weighs more, the same, less, in the member's segment. */
function subKindOf(part: ModelPart, { code, specific }: Refinement, hcc: string): SpecificitySubKind {
  const own = part.hccsOf(code);
  if (own.length === 0) return 'S0_unmapped';
  const next = part.hccsOf(specific);
  if (next.length > 1 && !own.includes(hcc) && !related(part, hcc, own)) return 'S1_lower';
  const counterpart = own.filter((other) => other === hcc || related(part, hcc, [other]));
  const before =
    next.length > 1
      ? Math.max(...counterpart.map((other) => part.scorer.coefficient(other)))
      : weightOf(part, code);
  const after = next.length > 1 ? part.scorer.coefficient(hcc) : weightOf(part, specific);
  return after > before ? 'S1_lower' : after === before ? 'S2_equal' : 'S3_down';
}

/** Sum of the coefficients of a single code's HCCs after hierarchies. */
function weightOf(part: ModelPart, code: string): number {
  const hccs = part.hccsOf(code);
  if (hccs.length === 0) return 0;
  let sum = 0;
  for (const hcc of part.scorer.surviving(hccs)) sum += part.scorer.coefficient(hcc);
  return sum;
}

/** The specific code in place of the unspecified ones: their HCCs go where no other code of D gives them. */
function changeOf(part: ModelPart, hcc: string, found: readonly Refinement[]): GapDraft['change'] {
  const replaced = new Set(found.map(({ code }) => code));
  const remove = new Set<string>();
  let add: string[] = [hcc];
  for (const { code, specific } of found) {
    const next = part.hccsOf(specific);
    if (next.length === 0) add = [];
    for (const own of part.hccsOf(code)) {
      if (next.length > 1 && own !== hcc && !related(part, hcc, [own])) continue;
      const carriers = part.captured.categories.get(own) ?? [];
      if (carriers.every((carrier) => replaced.has(carrier.code))) remove.add(own);
    }
  }
  return { add, remove: [...remove].filter((own) => !add.includes(own)) };
}

/** The encounter that carries both parts, else the latest one that carries the other part. */
function combinationLink(found: readonly Refinement[]): EncounterLink | null {
  const [refinement] = found.filter(({ other }) => other.length > 0);
  if (!refinement) return null;
  const own = new Set(refinement.submissions.map(({ record }) => record));
  const both = refinement.other.filter(({ record }) => own.has(record));
  const anchor = (both.length > 0 ? both : refinement.other).at(-1)?.record.encounter;
  if (!anchor) return null;
  return {
    encounterId: anchor.encounterId,
    icn: anchor.icn,
    dos: anchor.to,
    providerNpi: anchor.provider?.npi ?? null,
    status: anchor.icn === null ? 'link_pending_icn' : 'linked',
  };
}

function distinctSubmissions(submissions: readonly Submission[]): readonly Submission[] {
  return [...new Set(submissions)];
}
