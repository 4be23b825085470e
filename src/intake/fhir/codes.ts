import type { CodeSystem } from '../../engine/history.ts';
import { undotted } from '../../engine/icd10.ts';
import { normalizeNdc } from '../../engine/suspects/drugs.ts';
import { isIcd10Form, isProcedureForm } from '../x12/values.ts';
import { type Coding, codings, type Json } from './json.ts';

const ICD10_SYSTEMS = new Set([
  'http://hl7.org/fhir/sid/icd-10-cm',
  'http://hl7.org/fhir/sid/icd-10',
  'https://hl7.org/fhir/sid/icd-10-cm',
  'urn:oid:2.16.840.1.113883.6.90',
  '2.16.840.1.113883.6.90',
]);
const ICD9_SYSTEMS = new Set([
  'http://hl7.org/fhir/sid/icd-9-cm',
  'http://hl7.org/fhir/sid/icd-9-cm/diagnosis',
  'urn:oid:2.16.840.1.113883.6.103',
]);
/** CMS fills empty diagnosis fields with this. */
const FILLER = '9999999';

export type Diagnosis =
  | { readonly kind: 'icd10'; readonly code: string; readonly systemStated: boolean }
  | { readonly kind: 'icd9' | 'snomed' | 'other'; readonly code: string }
  | { readonly kind: 'invalid'; readonly code: string }
  | { readonly kind: 'none' };

/**
 * The diagnosis of a concept, by system and not by order: ICD-10-CM under any URI in use, dotted or not; else a code
 * without system that has the form of one; else SNOMED CT, ICD-9-CM or another code, none of which is mapped.
 */
export function diagnosisOf(concept: Json): Diagnosis {
  const all = codings(concept).filter(({ code }) => code !== FILLER);
  const icd10 = all.filter(({ system }) => system !== null && ICD10_SYSTEMS.has(system));
  const valid = icd10.map(({ code }) => undotted(code)).find(isIcd10Form);
  if (valid !== undefined) return { kind: 'icd10', code: valid, systemStated: true };
  const bare = all.filter(({ system }) => system === null).map(({ code }) => undotted(code));
  const guessed = bare.find(isIcd10Form);
  if (guessed !== undefined && icd10.length === 0)
    return { kind: 'icd10', code: guessed, systemStated: false };
  const snomed = all.find(({ system }) => systemOf(system) === 'snomed');
  if (snomed) return { kind: 'snomed', code: snomed.code };
  const wrong = icd10[0];
  if (wrong) return { kind: 'invalid', code: wrong.code };
  const icd9 = all.find(({ system }) => system !== null && ICD9_SYSTEMS.has(system));
  if (icd9) return { kind: 'icd9', code: icd9.code };
  const first = all[0];
  return first ? { kind: 'other', code: first.code } : { kind: 'none' };
}

const SYSTEMS: ReadonlyMap<string, CodeSystem> = new Map([
  ...[...ICD10_SYSTEMS].map((system) => [system, 'icd10cm'] as const),
  ['http://snomed.info/sct', 'snomed'],
  ['urn:oid:2.16.840.1.113883.6.96', 'snomed'],
  ['http://loinc.org', 'loinc'],
  ['urn:oid:2.16.840.1.113883.6.1', 'loinc'],
  ['http://www.nlm.nih.gov/research/umls/rxnorm', 'rxnorm'],
  ['http://hl7.org/fhir/sid/ndc', 'ndc'],
  ['https://www.accessdata.fda.gov/scripts/cder/ndc', 'ndc'],
  ['http://www.ama-assn.org/go/cpt', 'cpt'],
  ['urn:oid:2.16.840.1.113883.6.12', 'cpt'],
  ['https://bluebutton.cms.gov/resources/codesystem/hcpcs', 'hcpcs'],
  ['https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', 'hcpcs'],
  ['http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', 'hcpcs'],
  ['urn:oid:2.16.840.1.113883.6.285', 'hcpcs'],
  ['http://www.cms.gov/Medicare/Coding/ICD10', 'icd10pcs'],
  ['https://www.cms.gov/Medicare/Coding/ICD10', 'icd10pcs'],
  ['urn:oid:2.16.840.1.113883.6.4', 'icd10pcs'],
]);

export function systemOf(uri: string | null): CodeSystem {
  return (uri === null ? undefined : SYSTEMS.get(uri)) ?? 'other';
}

/** The first coding of the wanted systems, in the order they are wanted. */
export function codingOf(
  concept: Json,
  wanted: readonly CodeSystem[],
): (Coding & { kind: CodeSystem }) | null {
  const all = codings(concept);
  for (const kind of wanted) {
    const found = all.find(({ system }) => systemOf(system) === kind);
    if (found) return { ...found, kind };
  }
  return null;
}

/** The CPT or HCPCS code of a concept; a coding of another system (SNOMED CT, data-absent) is none. */
export function procedureOf(concept: Json): string | null {
  const found = codingOf(concept, ['cpt', 'hcpcs']);
  const code = found?.code.toUpperCase();
  return code !== undefined && isProcedureForm(code) ? code : null;
}

/** An NDC in the 11-digit form of claims where its segments tell it; else its digits as sent. */
export function ndcOf(code: string): string {
  const reading = normalizeNdc(code);
  return reading.ok && reading.ndc11 !== null ? reading.ndc11 : code.replaceAll('-', '');
}
