import { undotted } from '../engine/icd10.ts';
import type { Role } from './roles.ts';
import type { TenantSettings } from './settings.ts';

/**
 * Substance use disorder records (42 CFR part 2; security M-4). Which records a part 2 program made is not known from
 * claims, so the service treats every such HCC and code alike: found by roles that the tenant grants, by nobody else.
 */
const HCCS: Readonly<Record<string, readonly string[]>> = {
  'cms-hcc-v22': ['54', '55'],
  'cms-hcc-v24': ['54', '55', '56'],
  'cms-hcc-v28': ['135', '136', '137', '138', '139'],
  'esrd-v21': ['54', '55'],
  'esrd-v24': ['54', '55', '56'],
  'hhs-hcc-v07': ['81', '82', '83', '84'],
  'hhs-hcc-v08': ['81', '82', '83', '84'],
};
/** ICD-10-CM F10 to F16, F18 and F19: alcohol and drugs; F17 is nicotine. */
const CODE = /^F1[0-689]/;
/** A code of them in a sentence. */
const NAMED = /\bF1[0-689](?:\.\w{1,4})?\b/;

/** Every one of them as `model hcc`. */
export const SUBSTANCE_USE: ReadonlySet<string> = new Set(
  Object.entries(HCCS).flatMap(([model, hccs]) => hccs.map((hcc) => `${model} ${hcc}`)),
);

/** True for an HCC of substance use; where the model is not known, of the present one (V28). */
export function isSubstanceUseHcc(model: string | null, hcc: string): boolean {
  return HCCS[model ?? 'cms-hcc-v28']?.includes(hcc) ?? false;
}

export function isSubstanceUseCode(code: string): boolean {
  return CODE.test(undotted(code));
}

/** True when the tenant grants the role substance use records. */
export function seesSubstanceUse(role: Role, settings: Pick<TenantSettings, 'substanceUseRoles'>): boolean {
  return settings.substanceUseRoles.includes(role);
}

/** Keys whose string items are HCCs. */
const HCC_LISTS = new Set(['hccs', 'hccsBeforeHierarchy', 'relatedHccs']);

function tells(item: unknown, model: string | null): boolean {
  if (typeof item === 'string') return isSubstanceUseCode(item) && /^[A-Z]\d\w\.?\w{0,4}$/i.test(item);
  if (typeof item !== 'object' || item === null) return false;
  // Any object of ours: the fields read are checked one by one.
  const { hcc, code, variable, model: own, explanation } = item as Readonly<Record<string, unknown>>;
  if (typeof explanation === 'string' && NAMED.test(explanation)) return true;
  const named = typeof own === 'string' ? own : model;
  if (typeof hcc === 'string' && isSubstanceUseHcc(named, hcc)) return true;
  if (typeof code === 'string' && isSubstanceUseCode(code)) return true;
  const number = typeof variable === 'string' ? /^(?:HCC|HHS_HCC)0*(\d+)/.exec(variable)?.[1] : undefined;
  return number !== undefined && isSubstanceUseHcc(named, number);
}

/**
 * A copy of an answer without what speaks of substance use: items of any list (gaps, diagnoses, conditions, factors,
 * events) that name such a code or HCC. Applied to every answer of a role without the right, in one place.
 */
export function withoutSubstanceUse(value: unknown, model: string | null = null): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.filter((item) => !tells(item, model)).map((item) => withoutSubstanceUse(item, model));
  }
  // As above: an object of ours.
  const record = value as Readonly<Record<string, unknown>>;
  const named = typeof record.model === 'string' ? record.model : model;
  return Object.fromEntries(
    Object.entries(record).map(([key, inner]) => [
      key,
      HCC_LISTS.has(key) && Array.isArray(inner)
        ? withoutSubstanceUse(
            inner.filter((hcc) => typeof hcc !== 'string' || !isSubstanceUseHcc(named, hcc)),
            named,
          )
        : withoutSubstanceUse(inner, named),
    ]),
  );
}
