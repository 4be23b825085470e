import type { Setting } from '../../engine/history.ts';
import { idText } from '../x12/values.ts';
import { at, type Coding, codesAt, codings, type Json, list, text } from './json.ts';

export type ClaimKind = Setting | 'pharmacy' | 'oral' | 'unknown';

const EOB_TYPES: Readonly<Record<string, ClaimKind>> = {
  CARRIER: 'professional',
  INPATIENT: 'inpatient',
  OUTPATIENT: 'outpatient',
  SNF: 'inpatient',
  HHA: 'outpatient',
  HOSPICE: 'outpatient',
  DME: 'other',
  PDE: 'pharmacy',
};
/** NCH claim type codes. */
const NCH_TYPES: Readonly<Record<string, ClaimKind>> = {
  '10': 'outpatient',
  '20': 'inpatient',
  '30': 'inpatient',
  '40': 'outpatient',
  '50': 'outpatient',
  '60': 'inpatient',
  '71': 'professional',
  '72': 'professional',
  '81': 'other',
  '82': 'other',
};

/**
 * What kind of claim an ExplanationOfBenefit or Claim is. Blue Button's own eob-type first, because v1 outpatient
 * claims carry `professional` as claim type; then the NCH code; then claim-type with sub-type; then the profile.
 */
export function claimKind(resource: Json): ClaimKind {
  const types = codings(at(resource, 'type'));
  const bySystem = (pattern: RegExp, known: Readonly<Record<string, ClaimKind>>) =>
    types
      .filter(({ system }) => system !== null && pattern.test(system))
      .map(({ code }) => (Object.hasOwn(known, code) ? known[code] : undefined))
      .find((kind) => kind !== undefined);
  const cms = bySystem(/eob-type$/i, EOB_TYPES) ?? bySystem(/nch_clm_type_cd$|clm-type-cd$/i, NCH_TYPES);
  if (cms !== undefined) return cms;
  const codes = types.map(({ code }) => code);
  if (codes.includes('professional')) return 'professional';
  if (codes.includes('pharmacy')) return 'pharmacy';
  if (codes.includes('oral') || codes.includes('vision')) return 'oral';
  const profiles = profileNames(resource);
  if (codes.includes('institutional')) {
    const subTypes = codings(at(resource, 'subType')).map(({ code }) => code);
    const inpatient = subTypes.includes('inpatient') || /Inpatient/.test(profiles);
    return inpatient || isInpatientBill(billTypeOf(resource)) ? 'inpatient' : 'outpatient';
  }
  if (/Inpatient-Institutional/.test(profiles)) return 'inpatient';
  if (/Outpatient-Institutional/.test(profiles)) return 'outpatient';
  if (/Professional-NonClinician/.test(profiles)) return 'professional';
  if (/Pharmacy/.test(profiles)) return 'pharmacy';
  return /Oral/.test(profiles) ? 'oral' : 'unknown';
}

function profileNames(resource: Json): string {
  const profiles = at(resource, 'meta').profile;
  return Array.isArray(profiles)
    ? profiles
        .slice(0, 20)
        .filter((name) => typeof name === 'string')
        .join(' ')
    : '';
}

function isInpatientBill(billType: string | null): boolean {
  return billType !== null && /^0(11|18|21|22|41)/.test(billType);
}

/** The claim's supporting information: `supportingInfo` in R4, `information` in STU3. */
export function supportingInfo(resource: Json): readonly Json[] {
  return [...list(resource, 'supportingInfo'), ...list(resource, 'information')];
}

export function infoCategory(info: Json): readonly string[] {
  return codings(at(info, 'category')).map(({ code }) => code);
}

/**
 * Type of bill as `0` and three characters. Whole from the NUBC code; else put together from CMS's pieces: facility
 * type, service classification and frequency. The frequency alone is no bill type.
 */
export function billTypeOf(resource: Json): string | null {
  const whole = supportingInfo(resource)
    .filter((info) => infoCategory(info).includes('typeofbill'))
    .flatMap((info) => codings(at(info, 'code')))
    .map(({ code }) => code)
    .find((code) => /^0?\d{2}[0-9A-Z]$/.test(code));
  if (whole !== undefined) return whole.padStart(4, '0');
  const facility = pieceOf(list(at(resource, 'facility'), 'extension'), 'clm_fac_type_cd');
  const classification =
    pieceOf(list(resource, 'extension'), 'clm_srvc_clsfctn_type_cd') ??
    codings(at(resource, 'type')).find((coding) => isVariable(coding, 'clm_srvc_clsfctn_type_cd'))?.code;
  if (facility === undefined || classification === undefined) return null;
  const bill = `0${facility}${classification}${frequencyOf(resource) ?? '1'}`;
  return /^0\d{2}[0-9A-Z]$/.test(bill) ? bill : null;
}

function frequencyOf(resource: Json): string | undefined {
  return supportingInfo(resource)
    .flatMap((info) => codings(at(info, 'code')))
    .find((coding) => isVariable(coding, 'clm_freq_cd') || isVariable(coding, 'freq-cd'))?.code;
}

function pieceOf(extensions: readonly Json[], variable: string): string | undefined {
  const found = extensions.find((extension) => text(extension, 'url')?.endsWith(`/${variable}`));
  return found ? (text(at(found, 'valueCoding'), 'code') ?? undefined) : undefined;
}

function isVariable({ system }: Coding, variable: string): boolean {
  return system?.endsWith(`/${variable}`) ?? false;
}

/** Claim frequency: the last character of the bill type, else its piece alone; null when not given. */
export function claimFrequency(resource: Json): string | null {
  return billTypeOf(resource)?.slice(-1) ?? frequencyOf(resource) ?? null;
}

/** The claim's own number: identifier of type `uc` (CARIN unique claim id), else CMS's clm_id, else the resource id. */
export function claimIdOf(resource: Json): string | null {
  const identifiers = list(resource, 'identifier');
  const isGroup = (identifier: Json) => text(identifier, 'system')?.endsWith('claim-group') ?? false;
  const unique = identifiers.find(
    (identifier) => !isGroup(identifier) && codesAt(identifier, 'type').includes('uc'),
  );
  const cms = identifiers.find((identifier) => text(identifier, 'system')?.endsWith('/clm_id'));
  for (const identifier of [unique, cms]) {
    const value = identifier === undefined ? null : idText(text(identifier, 'value') ?? undefined);
    if (value !== null) return value;
  }
  return idText(text(resource, 'id') ?? undefined);
}

/** The payer's control number (ICN), when one is given that is not all zeros. */
export function icnOf(resource: Json): string | null {
  const named = /(CLM-CNTL-NUM|carr_clm_cntl_num|fi_doc_clm_cntl_num|\/dcn)$/i;
  const identifiers = [
    ...list(resource, 'identifier'),
    ...list(resource, 'extension').map((extension) => at(extension, 'valueIdentifier')),
  ];
  const found = identifiers.find((identifier) => named.test(text(identifier, 'system') ?? ''));
  const value = found === undefined ? null : idText(text(found, 'value') ?? undefined);
  return value !== null && /[^0]/.test(value) ? value : null;
}
