import { daysBetween } from '../../engine/dates.ts';
import type { Encounter, Setting } from '../../engine/history.ts';
import type { CanonicalRecord } from '../../store/records.ts';
import { modalityOf } from '../modality.ts';
import { idText, isNpi } from '../x12/values.ts';
import {
  billTypeOf,
  type ClaimKind,
  claimFrequency,
  claimIdOf,
  claimKind,
  icnOf,
  infoCategory,
  supportingInfo,
} from './claim-facts.ts';
import { codingOf, diagnosisOf, ndcOf, procedureOf } from './codes.ts';
import { dayAt, type Span, spanAt } from './dates.ts';
import { deletedResource } from './deletions.ts';
import { at, codesAt, codings, type Json, list, number, text } from './json.ts';
import { unresolved } from './map-clinical.ts';
import { noteDiagnosis } from './map-encounter.ts';
import { type Mapped, type Mapping, providerRecord } from './mapping.ts';
import { isSpecialty, plainReference } from './resource-index.ts';

const NOT_FINAL = new Set(['admitting', 'patientreasonforvisit', 'externalcauseofinjury']);
const EARLIEST = '1900-01-01';

/**
 * ExplanationOfBenefit (Blue Button v1 to v3, BCDA, CARIN) or Claim as an encounter of source `claim`, or as a fill
 * when it is a pharmacy claim. Where both a Claim and an ExplanationOfBenefit of one claim number come, the latter
 * wins. A cancelled or mistaken one is a void of itself.
 */
export function mapClaim(mapping: Mapping, type: string): Mapped {
  const { resource, index, keys } = mapping;
  const memberId = mapping.member('patient') ?? mapping.member('subject');
  if (memberId === null) return unresolved(mapping, 'patient');
  const use = text(resource, 'use');
  if (use === 'preauthorization' || use === 'predetermination' || use === 'proposed') {
    mapping.warn('/use', 'claim_not_of_service', 'no claim for a service rendered', use);
    return { ok: true, records: [] };
  }
  const claimId = claimIdOf(resource) ?? idText(mapping.id);
  if (claimId === null)
    return mapping.reject('/identifier', 'claim_id_missing', 'the claim has no usable number');
  const status = text(resource, 'status');
  if (status === 'draft') {
    mapping.warn('/status', 'status_not_used', 'the claim is a draft', status);
    return { ok: true, records: [] };
  }
  if (type === 'Claim' && (index.hasEob(claimId) || keys.some((key) => index.hasEob(key)))) {
    mapping.warn('', 'claim_superseded_by_eob', 'an ExplanationOfBenefit of the same claim is taken instead');
    return { ok: true, records: [] };
  }
  const kind = claimKind(resource);
  const retracted = status === 'cancelled' || status === 'entered-in-error';
  const mapped =
    kind === 'pharmacy'
      ? mapFill(mapping, memberId, claimId)
      : mapService(mapping, { memberId, claimId, kind, retracted });
  const stating = keys.map(deletedResource).find((key) => key !== null) ?? null;
  if (!mapped.ok || mapped.records.length === 0 || stating === null) return mapped;
  const { source } = mapping;
  const stated: CanonicalRecord = { kind: 'claim_resource', memberId, source, claimId, resource: stating };
  return { ok: true, records: [...mapped.records, stated] };
}

/** The visits that the lines of a claim name. */
function* visitsOf(
  { index, source }: Mapping,
  claim: { readonly memberId: string; readonly claimId: string; readonly items: readonly Json[] },
): Generator<CanonicalRecord> {
  const { memberId, claimId, items } = claim;
  const references = items.flatMap((item) => list(item, 'encounter').map((each) => text(each, 'reference')));
  for (const reference of new Set(references)) {
    const encounterId = reference === null ? null : index.encounterIdOf(plainReference(reference));
    if (encounterId !== null) yield { kind: 'visit_claim', memberId, source, encounterId, claimId };
  }
}

interface ClaimContext {
  readonly memberId: string;
  readonly claimId: string;
  readonly kind: Exclude<ClaimKind, 'pharmacy'>;
  readonly retracted: boolean;
}

function mapService(mapping: Mapping, { memberId, claimId, kind, retracted }: ClaimContext): Mapped {
  const { resource, source, options } = mapping;
  const setting: Setting = kind === 'oral' || kind === 'unknown' ? 'other' : kind;
  if (kind === 'unknown') {
    mapping.warn('/type', 'claim_type_unknown', 'the type says neither professional nor institutional');
  }
  const items = list(resource, 'item');
  const span = serviceSpan(resource, items, setting);
  if (span === null) {
    return mapping.reject(
      '/billablePeriod',
      'claim_without_service_date',
      'neither lines nor claim are dated',
    );
  }
  if (span.to > options.asOf) {
    return mapping.reject(
      '/billablePeriod/end',
      'service_date_in_future',
      'the date of service is after today',
      span.to,
    );
  }
  if (span.from < EARLIEST) {
    return mapping.reject('/billablePeriod/start', 'service_date_too_early', 'before 1900', span.from);
  }
  const frequency = claimFrequency(resource);
  const related = relatedClaim(mapping);
  let claimStatus: Encounter['claimStatus'] = 'original';
  if (retracted || frequency === '8') claimStatus = 'void';
  else if (frequency === '7' || related !== null) claimStatus = 'replacement';
  const lines = items.flatMap((item) => {
    const line = lineOf(item);
    return line === null ? [] : [line];
  });
  const placeOfService = lines.find((line) => line.placeOfService !== null)?.placeOfService ?? null;
  const review = chartReview(resource);
  const encounter: Omit<Encounter, 'lines' | 'diagnoses'> = {
    encounterId: claimId,
    ...span,
    setting,
    billType: setting === 'inpatient' || setting === 'outpatient' ? billTypeOf(resource) : null,
    modality: modalityOf(
      lines.map(({ line }) => line),
      placeOfService,
    ),
    source: review === null ? 'claim' : 'chart_review',
    linkedEncounterId: review?.linked ?? null,
    claimStatus,
    replacesEncounterId: claimStatus === 'original' || retracted ? null : related,
    icn: icnOf(resource),
    acceptance: null,
    mao004: null,
    crrAction: review?.action ?? null,
    placeOfService,
    hra: false,
    signed: null,
    provider: providerOf(mapping, setting),
  };
  const records: CanonicalRecord[] = [{ kind: 'encounter', memberId, source, encounter, complete: true }];
  if (claimStatus === 'void') return { ok: true, records };
  records.push(...visitsOf(mapping, { memberId, claimId, items }));
  const taken = new Set<number>();
  let free = 1;
  for (const { sequence, line } of lines) {
    while (taken.has(free)) free += 1;
    const lineNumber = sequence !== null && !taken.has(sequence) ? sequence : free;
    taken.add(lineNumber);
    records.push({ kind: 'service_line', memberId, source, encounterId: claimId, lineNumber, line });
  }
  if (kind === 'oral') return { ok: true, records };
  for (const [code, position] of diagnosesOf(mapping, span)) {
    records.push({ kind: 'diagnosis', memberId, source, encounterId: claimId, code, position });
  }
  return { ok: true, records };
}

/**
 * The lines' dates, else the billable period; inpatient the other way round, since discharge decides. A period of a
 * year or more beside dated lines is no stay (one generator ends it a year late).
 */
function serviceSpan(resource: Json, items: readonly Json[], setting: Setting): Span | null {
  const spans = items.map(itemSpan).filter((span) => span !== null);
  const from = spans.map((span) => span.from).sort()[0];
  const to = spans
    .map((span) => span.to)
    .sort()
    .at(-1);
  const lines = from === undefined || to === undefined ? null : { from, to };
  const billed = spanAt(resource, 'billablePeriod');
  if (setting !== 'inpatient') return lines ?? billed;
  if (billed !== null && lines !== null && daysBetween(billed.from, billed.to) >= 365) return lines;
  return billed ?? spanAt(resource, 'hospitalization') ?? lines;
}

function itemSpan(item: Json): Span | null {
  const day = dayAt(item, 'servicedDate');
  return day === null ? spanAt(item, 'servicedPeriod') : { from: day, to: day };
}

interface Line {
  readonly sequence: number | null;
  readonly line: {
    readonly procedure: string | null;
    readonly modifiers: readonly string[];
    readonly date: string | null;
  };
  readonly placeOfService: string | null;
}

/** A line with its CPT or HCPCS; one with neither that nor a revenue code says nothing. */
function lineOf(item: Json): Line | null {
  const procedure = procedureOf(at(item, 'productOrService')) ?? procedureOf(at(item, 'service'));
  const isRevenue = codings(at(item, 'revenue')).length > 0;
  if (procedure === null && !isRevenue) return null;
  const modifiers = codesAt(item, 'modifier')
    .map((code) => code.toUpperCase())
    .filter((code) => /^[0-9A-Z]{2}$/.test(code));
  const place = codings(at(item, 'locationCodeableConcept')).find(
    ({ system, code }) => /place|PLC/i.test(system ?? '') && /^\d{2}$/.test(code),
  );
  const sequence = number(item, 'sequence');
  return {
    sequence:
      sequence !== null && Number.isInteger(sequence) && sequence > 0 && sequence < 100_000 ? sequence : null,
    line: { procedure, modifiers: [...new Set(modifiers)], date: itemSpan(item)?.to ?? null },
    placeOfService: place?.code ?? null,
  };
}

/**
 * The claim this one replaces or voids: `related` with relationship prior or replaces. A reference names the resource,
 * and the encounter is known by the claim's number, so what the batch brings is looked up.
 */
function relatedClaim({ resource, index }: Mapping): string | null {
  for (const related of list(resource, 'related')) {
    const relations = codings(at(related, 'relationship')).map(({ code }) => code);
    if (!relations.includes('prior') && !relations.includes('replaces')) continue;
    const claim = at(related, 'claim');
    const reference = text(claim, 'reference');
    const key = reference === null ? null : plainReference(reference);
    const named =
      text(at(claim, 'identifier'), 'value') ??
      text(at(related, 'reference'), 'value') ??
      (key === null ? null : (index.claimNumberOf(key) ?? key.replace(/^.*[/:]/, '')));
    const id = idText(named ?? undefined);
    if (id !== null) return id;
  }
  return null;
}

interface Review {
  readonly action: 'add' | 'delete';
  readonly linked: string | null;
}

/**
 * FHIR has no element for a chart review. Read are: an extension whose URL ends in `/chart-review` (valueCode add or
 * delete) with `/chart-review-link` (valueString: claim number or ICN), or supportingInfo of category `chartreview`
 * (code add or delete, valueString the link).
 */
function chartReview(resource: Json): Review | null {
  const extensions = list(resource, 'extension');
  const ending = (name: string) => extensions.find((each) => text(each, 'url')?.endsWith(`/${name}`));
  const own = ending('chart-review');
  if (own !== undefined) {
    const action = text(own, 'valueCode') === 'delete' ? 'delete' : 'add';
    return { action, linked: idText(text(ending('chart-review-link') ?? {}, 'valueString') ?? undefined) };
  }
  const info = supportingInfo(resource).find((each) => infoCategory(each).includes('chartreview'));
  if (info === undefined) return null;
  const action = codings(at(info, 'code')).some(({ code }) => code === 'delete') ? 'delete' : 'add';
  return { action, linked: idText(text(info, 'valueString') ?? undefined) };
}

const ROLES: Readonly<Record<'institutional' | 'professional', readonly string[]>> = {
  institutional: ['attending', 'rendering', 'performing', 'primary'],
  professional: ['rendering', 'performing', 'primary'],
};

function providerOf(mapping: Mapping, setting: Setting) {
  const { resource } = mapping;
  const team = list(resource, 'careTeam');
  const roles = setting === 'professional' ? ROLES.professional : ROLES.institutional;
  const chosen = roles
    .map((role) => team.find((each) => codings(at(each, 'role')).some(({ code }) => code === role)))
    .find((each) => each !== undefined);
  const person = chosen === undefined ? null : mapping.provider(at(chosen, 'provider'));
  const stated = codings(at(chosen ?? {}, 'qualification'))
    .map(({ code }) => code)
    .find(isSpecialty);
  const billing = person?.npi ? null : mapping.provider(at(resource, 'provider'));
  const npi = person?.npi ?? billing?.npi ?? null;
  if (npi !== null && !isNpi(npi)) {
    mapping.warn('/careTeam', 'npi_invalid', 'the provider number fails its check digit', npi);
  }
  return providerRecord(npi, stated ?? person?.specialty ?? billing?.specialty ?? null);
}

/** ICD-10-CM codes with their sequence, each once; those of types that are not final are left out by default. */
function diagnosesOf(mapping: Mapping, span: Span): ReadonlyMap<string, number | null> {
  const { resource, index, settings, options } = mapping;
  const codes = new Map<string, number | null>();
  for (const [position, entry] of list(resource, 'diagnosis').entries()) {
    const types = codesAt(entry, 'type');
    const isFinal = types.length === 0 || types.some((type) => !NOT_FINAL.has(type));
    if (!isFinal && !settings.includeNonFinalDiagnoses) continue;
    const path = `/diagnosis/${position}`;
    const sequence = number(entry, 'sequence') ?? position + 1;
    const reference = text(at(entry, 'diagnosisReference'), 'reference');
    if (reference !== null) {
      const found = conditionCode(mapping, reference);
      if (found === null) {
        const message = 'the condition referred to is not here, or has no ICD-10-CM code';
        mapping.warn(`${path}/diagnosisReference`, 'diagnosis_unresolved', message);
      } else if (!codes.has(found)) codes.set(found, sequence);
      continue;
    }
    const diagnosis = diagnosisOf(at(entry, 'diagnosisCodeableConcept'));
    if (diagnosis.kind === 'none') continue;
    if (diagnosis.kind === 'invalid') {
      mapping.fail(path, 'diagnosis_invalid', 'not an ICD-10-CM code by its form', diagnosis.code);
      continue;
    }
    noteDiagnosis(mapping, path, diagnosis);
    if (diagnosis.kind !== 'icd10') continue;
    const validity = options.lookups.icd10?.(diagnosis.code, span.to) ?? 'billable';
    if (validity !== 'billable') {
      const message =
        validity === 'header' ? 'not billable, more characters are needed' : 'in no edition of its date';
      mapping.warn(path, 'diagnosis_unknown', message, diagnosis.code);
    }
    if (!codes.has(diagnosis.code)) codes.set(diagnosis.code, sequence);
  }
  return codes;

  function conditionCode(from: Mapping, reference: string): string | null {
    if (reference.startsWith('#')) {
      const contained = diagnosisOf(at(from.contained(reference) ?? {}, 'code'));
      return contained.kind === 'icd10' ? contained.code : null;
    }
    return (index.codeOf(plainReference(reference)) ?? index.codeOf(reference))?.code ?? null;
  }
}

/** A pharmacy claim is a fill; it never carries a diagnosis. */
function mapFill(mapping: Mapping, memberId: string, claimId: string): Mapped {
  const { resource, source, options } = mapping;
  const daysSupply = supportingInfo(resource)
    .filter((info) => infoCategory(info).some((code) => /dayssupply|days_suply_num/.test(code)))
    .map(
      (info) => number(at(info, 'valueQuantity'), 'value') ?? Number(text(info, 'valueString') ?? Number.NaN),
    )
    .find((days) => days > 0 && days <= 1_000);
  const records: CanonicalRecord[] = [];
  const retracted = /^(cancelled|entered-in-error)$/.test(text(resource, 'status') ?? '');
  for (const [position, item] of list(resource, 'item').entries()) {
    const concepts = [
      at(item, 'productOrService'),
      at(item, 'service'),
      ...list(item, 'detail').map((each) => at(each, 'productOrService')),
    ];
    const coding = concepts
      .map((concept) => codingOf(concept, ['ndc', 'rxnorm']))
      .find((each) => each !== null);
    const date = itemSpan(item)?.to ?? spanAt(resource, 'billablePeriod')?.to ?? dayAt(resource, 'created');
    if (!coding || date === null) continue;
    const code = coding.kind === 'ndc' ? ndcOf(coding.code) : coding.code;
    const named = {
      ndc: coding.kind === 'ndc' ? code : null,
      rxnorm: coding.kind === 'rxnorm' ? code : null,
    };
    const drug = options.lookups.drug?.({ ...named, name: coding.display });
    const medication = {
      code,
      system: coding.kind,
      ingredient: drug?.ingredient ?? null,
      route: drug?.route ?? null,
      date,
      daysSupply: daysSupply === undefined ? null : Math.round(daysSupply),
      source: 'fill',
      setting: 'outpatient',
      status: retracted ? 'cancelled' : 'completed',
    } as const;
    records.push({ kind: 'medication', memberId, source, key: `${claimId}:${position + 1}`, medication });
  }
  if (records.length === 0) {
    mapping.warn('/item', 'drug_missing', 'the pharmacy claim has no dated line with an NDC');
  }
  return { ok: true, records };
}
