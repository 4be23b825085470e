import { editionsOf } from '../captured.ts';
import { mapCodeFor } from '../diagnoses.ts';
import type { AnalysisContext, ModelPart } from './context.ts';
import type { PersistenceClass } from './tables.ts';

const V28 = 'cms-hcc-v28';
const NONE: readonly string[] = [];

/** V28 HCCs behind a code, whatever the part: the persistence tables speak in V28 HCCs. */
export function conceptHccs(context: AnalysisContext, part: ModelPart, code: string): readonly string[] {
  if (part.id === V28) return part.pastHccsOf(code);
  const model = context.reference.models.get(V28);
  const newest = model?.years.get(context.paymentYear) ?? [...(model?.years.values() ?? [])].at(-1);
  if (!model || !newest) return NONE;
  for (const edition of editionsOf(model, newest)) {
    if (edition.mapping.has(code)) return mapCodeFor(edition, code, part.who);
  }
  return NONE;
}

/**
 * Persistence class of an HCC for one code behind it. In V28 the class of the HCC; in another part of a blend that of
 * the V28 HCC that the code maps to, and for a code in none, `chronic` where that HCC is flagged chronic, else `acute`
 * (gap taxonomy, section 0).
 */
export function classOf(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  code: string,
): PersistenceClass {
  const { gaps } = context.reference;
  if (part.id === V28) return gaps.persistence.get(hcc)?.class ?? 'acute';
  for (const concept of conceptHccs(context, part, code)) {
    const known = gaps.persistence.get(concept);
    if (known) return known.class;
  }
  return gaps.chronicHccs.get(part.id)?.has(hcc) === true ? 'chronic' : 'acute';
}

/** Class shown on a gap of any kind: by the HCC and the first of its codes. */
export function shownClass(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  codes: readonly string[],
): PersistenceClass | null {
  if (part.id === V28) return context.reference.gaps.persistence.get(hcc)?.class ?? null;
  const [code] = codes;
  return code === undefined ? null : classOf(context, part, hcc, code);
}

/** A code that never makes a recapture gap for its HCC, whatever the class. */
export function neverRecaptured(
  context: AnalysisContext,
  part: ModelPart,
  hcc: string,
  code: string,
): boolean {
  const { neverRecapture } = context.reference.gaps;
  const hccs = part.id === V28 ? [hcc] : conceptHccs(context, part, code);
  return hccs.some(
    (concept) => neverRecapture.get(concept)?.some((pattern) => pattern.matches(code)) === true,
  );
}

/** On the chronic list by code: CCIR 1 (J96.2x included, which is asked about as J96.1x). */
export function chronicByCode(context: AnalysisContext, code: string): boolean {
  return context.reference.specificity.chronicCodes.has(code) || context.reference.gaps.askedAs.has(code);
}
