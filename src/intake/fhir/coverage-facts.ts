import { at, codesAt, codings, type Json, list, text } from './json.ts';

/** What the Coverages of one member state; FHIR has no element for most of it, CMS uses extensions. */
export interface MemberCoverage {
  dualStatus: string | null;
  originalEntitlement: string | null;
  currentEntitlement: string | null;
  contractId: string | null;
  planId: string | null;
  partD: boolean;
  esrd: boolean;
}

const MEMBERS_KEPT = 5_000_000;

/**
 * Facts of Coverage resources by member. A member has one Coverage each for Part A, B, C, D and Medicaid, and dual
 * status, entitlement and contract stand in different ones: they are put together here.
 */
export class CoverageFacts {
  readonly #members = new Map<string, MemberCoverage>();

  add(resource: Json, beneficiary: string): void {
    if (text(resource, 'status') === 'entered-in-error') return;
    const facts = coverageFacts(resource);
    const known = this.#members.get(beneficiary);
    if (known === undefined) {
      if (this.#members.size < MEMBERS_KEPT) this.#members.set(beneficiary, facts);
      return;
    }
    known.dualStatus ??= facts.dualStatus;
    known.originalEntitlement ??= facts.originalEntitlement;
    known.currentEntitlement ??= facts.currentEntitlement;
    if (known.contractId === null) {
      known.contractId = facts.contractId;
      known.planId = facts.planId;
    }
    known.partD ||= facts.partD;
    known.esrd ||= facts.esrd;
  }

  of(beneficiary: string): MemberCoverage | null {
    return this.#members.get(beneficiary) ?? null;
  }
}

const DUAL = /^(0[0-9]|99|NA)$/;
const ENTITLEMENT = /^[0-3]$/;

/** One Coverage: CMS extensions of the newest shape, then those of Blue Button v1 and v2. */
export function coverageFacts(resource: Json): MemberCoverage {
  const values = new Map<string, string>();
  for (const extension of list(resource, 'extension').slice(0, 300)) {
    const name = text(extension, 'url')?.split('/').at(-1);
    const value =
      text(extension, 'valueString') ??
      text(extension, 'valueCode') ??
      text(at(extension, 'valueCoding'), 'code') ??
      text(at(extension, 'valueIdentifier'), 'value');
    if (name !== undefined && value !== null) values.set(name, value);
  }
  const fitting = (value: string | undefined, form: RegExp) =>
    value !== undefined && form.test(value) ? value : null;
  const parts = list(resource, 'class').map((each) => text(each, 'value') ?? '');
  const contract = values.get('BENE-CNTRCT-NUM') ?? monthly(values, 'ptc_cntrct_id_', /^[A-Z]\d{4}$/);
  const product = codesAt(resource, 'type');
  return {
    dualStatus: fitting(values.get('BENE-DUAL-STUS-CD'), DUAL) ?? monthly(values, 'dual_', DUAL),
    originalEntitlement: fitting(values.get('orec'), ENTITLEMENT),
    currentEntitlement: fitting(values.get('BENE-MDCR-ENTLMT-RSN-CD') ?? values.get('crec'), ENTITLEMENT),
    contractId: fitting(contract ?? undefined, /^[A-Z]\d{4}$/),
    planId: fitting(
      values.get('BENE-PBP-NUM') ?? monthly(values, 'ptc_pbp_id_', /^\d{3}$/) ?? undefined,
      /^\d{3}$/,
    ),
    partD: parts.includes('Part D') || product.includes('DRUGPOL'),
    esrd: /^[1Y]$/.test(values.get('BENE-ESRD-STUS-ID') ?? values.get('esrd_ind') ?? ''),
  };
}

/** The latest month whose value fits: months are `prefix01` to `prefix12`. */
function monthly(values: ReadonlyMap<string, string>, prefix: string, form: RegExp): string | null {
  for (let month = 12; month >= 1; month -= 1) {
    const value = values.get(`${prefix}${String(month).padStart(2, '0')}`);
    if (value !== undefined && form.test(value)) return value;
  }
  return null;
}

/** Product of a Coverage by the source-of-payment typology: Medicaid alone is no Medicare enrollment. */
export function isMedicaidOnly(resource: Json): boolean {
  return codings(at(resource, 'type')).some(
    ({ system, code }) => /sopt|PHDSC/i.test(system ?? '') && /^2/.test(code),
  );
}
