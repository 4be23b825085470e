import type { StoredGap } from '../store/gaps.ts';

/** Whose data a caller may see of a tenant. */
export interface Scope {
  /** Set for the provider role: only this provider's patients; an empty text sees nobody. */
  readonly npi: string | null;
  /** Contracts the key is limited to; null: all. */
  readonly contracts: readonly string[] | null;
  /** The provider sees what a clinician is asked; deletes are for compliance. */
  readonly clinicianOnly: boolean;
  /** HCCs that the caller may not see, as `model hcc`; null: none. */
  readonly hiddenHccs: ReadonlySet<string> | null;
}

/** The scope of a role and key. */
export function scopeOf(caller: {
  readonly role: string;
  readonly npi: string | null;
  readonly contracts: readonly string[] | null;
  readonly hiddenHccs?: ReadonlySet<string> | null;
}): Scope {
  const provider = caller.role === 'provider';
  return {
    npi: provider ? (caller.npi ?? '') : null,
    contracts: caller.contracts,
    clinicianOnly: provider,
    hiddenHccs: caller.hiddenHccs ?? null,
  };
}

/** Kinds a clinician is asked about. */
export const CLINICIAN_KINDS = [
  'recapture',
  'specificity',
  'documented_not_coded',
  'coded_not_eligible',
  'clinical_suspect',
] as const;

/** True when the caller may see the gap; one that may not is answered as if it did not exist. */
export function mayView(scope: Scope, gap: StoredGap): boolean {
  if (scope.npi !== null && gap.providerNpi !== scope.npi) return false;
  if (scope.contracts !== null && !scope.contracts.includes(gap.contractId ?? '')) return false;
  if (scope.hiddenHccs?.has(`${gap.gap.model} ${gap.gap.hcc}`)) return false;
  return !scope.clinicianOnly || CLINICIAN_KINDS.some((kind) => kind === gap.gap.kind);
}
