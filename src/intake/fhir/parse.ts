import { createHash } from 'node:crypto';
import type { IntakeEvent, ResourceDeletion } from '../../store/records.ts';
import { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeOptions, Parser } from '../parser.ts';
import { claimIdOf } from './claim-facts.ts';
import { Deletions, deletedResource, isRetracted } from './deletions.ts';
import { at, type Json, list, number, text } from './json.ts';
import { mapClaim } from './map-claim.ts';
import {
  mapAppointment,
  mapMedication,
  mapObservation,
  mapProcedure,
  procedureLine,
} from './map-clinical.ts';
import { mapCondition, mapEncounter } from './map-encounter.ts';
import { mapCoverage, mapPatient } from './map-member.ts';
import { type FhirSettings, type Mapped, Mapping } from './mapping.ts';
import { BUNDLE_NOT_READ, type Occurrence, type Read, type ReadFault, readResources } from './read.ts';
import { claimKey, ResourceIndex, resourceKey } from './resource-index.ts';

const STRICT: FhirSettings = { memberIdSystems: [], includeNonFinalDiagnoses: false };

/**
 * A parser of FHIR R4 (and the STU3 claims of Blue Button v1): Bundles, single resources, lists, NDJSON and bulk
 * exports. Every file is read twice: once into an index of versions and of what references need, once to map each
 * resource. So references resolve across files and in any order, the newest version of a resource stands, and what
 * is held is that index and one resource (see {@link ResourceIndex} for its size).
 */
export function fhirParser(settings: Partial<FhirSettings> = {}): Parser {
  return (inputs, options) => parseAll(inputs, options, { ...STRICT, ...settings });
}

/** {@link fhirParser} with the bare Patient id as member id. */
export const parseFhir: Parser = fhirParser();

/** Types that are read for what they tell of others, or not at all. Any other name is counted as `unknown`. */
const INDEXED = new Set([
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Medication',
  'DocumentReference',
]);
const UNUSED =
  /^(AllergyIntolerance|Basic|Binary|CarePlan|CareTeam|ClaimResponse|Communication|Composition|Consent|Device|DiagnosticReport|EpisodeOfCare|Goal|Group|HealthcareService|ImagingStudy|Immunization|InsurancePlan|List|Location|Measure|MeasureReport|Media|OperationOutcome|Parameters|Provenance|Questionnaire|QuestionnaireResponse|RelatedPerson|ServiceRequest|Specimen|SupplyDelivery|SupplyRequest|Task)$/;
const MAPPERS: Readonly<Record<string, (mapping: Mapping, type: string) => Mapped>> = {
  Patient: mapPatient,
  Coverage: mapCoverage,
  Encounter: mapEncounter,
  Condition: mapCondition,
  Claim: mapClaim,
  ExplanationOfBenefit: mapClaim,
  Observation: mapObservation,
  Procedure: mapProcedure,
  MedicationRequest: mapMedication,
  MedicationDispense: mapMedication,
  MedicationStatement: mapMedication,
  MedicationAdministration: mapMedication,
  Appointment: mapAppointment,
};

async function* parseAll(
  inputs: readonly IntakeInput[],
  options: IntakeOptions,
  settings: FhirSettings,
): AsyncGenerator<IntakeEvent> {
  const deletions = new Deletions((await options.lookups.deletedResources?.()) ?? []);
  const given = { options, settings, deletions };
  let { index, refused, deletes } = await readIndex(inputs, given);
  // A deletion may stand after what it deletes, which has to be left out of the index then.
  if (deletes) ({ index, refused, deletes } = await readIndex(inputs, given));
  let ordinal = 0;
  for (const input of inputs) {
    const outcome = new FileOutcome(input.file, 'fhir', options.limits);
    const file = new FhirFile(input.file, { inputs, index, deletions, options, settings, outcome });
    for await (const read of readResources(input, options.limits)) {
      if (read.kind === 'resource' && read.deletes === null) ordinal += 1;
      yield* refused.has(input) ? file.refuse(read) : file.take(read, ordinal);
      if (outcome.exhausted) break;
    }
    if (outcome.exhausted) {
      const message = 'too many resources were rejected; the rest of the file was not read';
      yield outcome.error({ row: null, field: null, code: 'too_many_rejected', message });
      // Later files go on counting where this one would have ended.
      ordinal += await remaining(input, options, file.taken);
    }
    yield* outcome.close();
  }
}

interface FirstReading {
  readonly index: ResourceIndex;
  /** Files that are one Bundle of a type that is not read, which may be said after its entries. */
  readonly refused: ReadonlySet<IntakeInput>;
  /** Deletions were found that were not known before. */
  readonly deletes: boolean;
}

async function readIndex(
  inputs: readonly IntakeInput[],
  given: {
    readonly options: IntakeOptions;
    readonly settings: FhirSettings;
    readonly deletions: Deletions;
  },
): Promise<FirstReading> {
  const { options, settings, deletions } = given;
  const index = new ResourceIndex(settings.memberIdSystems);
  const refused = new Set<IntakeInput>();
  let deletes = false;
  for (const input of inputs) {
    for await (const read of readResources(input, options.limits)) {
      if (read.kind === 'fault') {
        if (read.whole && read.code === BUNDLE_NOT_READ.code) refused.add(input);
      } else if (read.kind === 'resource') {
        const gone = read.deletes === null ? null : deletedResource(read.deletes.url);
        if (gone !== null) deletes = deletions.add(gone, read.deletes?.at ?? null) || deletes;
        else if (read.deletes !== null) continue;
        else if (deletions.covers(read.resource, read.fullUrl)) index.pass();
        else index.add(read);
      }
    }
  }
  return { index, refused, deletes };
}

async function remaining(input: IntakeInput, options: IntakeOptions, taken: number): Promise<number> {
  let all = 0;
  for await (const read of readResources(input, options.limits)) {
    if (read.kind === 'resource' && read.deletes === null) all += 1;
  }
  return all - taken;
}

interface FileContext {
  readonly inputs: readonly IntakeInput[];
  readonly index: ResourceIndex;
  readonly deletions: Deletions;
  readonly options: IntakeOptions;
  readonly settings: FhirSettings;
  readonly outcome: FileOutcome;
}

/** Turns what is read of one file into events. */
class FhirFile {
  readonly #file: string;
  readonly #context: FileContext;
  readonly #unused = new Set<string>();
  /** Resources taken so far. */
  taken = 0;

  constructor(file: string, context: FileContext) {
    this.#file = file;
    this.#context = context;
  }

  *take(read: Read, ordinal: number): Generator<IntakeEvent> {
    if (read.kind === 'fault') yield this.#refuse(read);
    else if (read.kind === 'manifest') yield* this.#compare(read.manifest, read.row);
    else if (read.deletes !== null) yield* this.#delete(read, read.deletes);
    else {
      this.taken += 1;
      yield* this.#map(read, ordinal);
    }
  }

  /** Anything found in a file of which nothing is taken. */
  *refuse(read: Read): Generator<IntakeEvent> {
    if (read.kind === 'fault') {
      yield this.#refuse(read);
      return;
    }
    if (read.kind !== 'resource') return;
    this.taken += read.deletes === null ? 1 : 0;
    const { row, pointer, resource } = read;
    const named = text(resource, 'resourceType') ?? '';
    const type = Object.hasOwn(MAPPERS, named) ? named : 'unknown';
    const raw = JSON.stringify(resource);
    yield this.#context.outcome.reject(type, { row, field: pointer, ...BUNDLE_NOT_READ, raw });
  }

  #refuse({ row, pointer, code, message, raw, whole }: ReadFault): IntakeEvent {
    const { outcome } = this.#context;
    const fault = { row, field: pointer, code, message, raw };
    return whole ? outcome.error(fault) : outcome.reject('unknown', { ...fault, raw: raw ?? '' });
  }

  *#map(read: Occurrence, ordinal: number): Generator<IntakeEvent> {
    const { outcome, index, deletions } = this.#context;
    const { resource, row, pointer } = read;
    const named = text(resource, 'resourceType') ?? '';
    const key = resourceKey(resource, read.fullUrl);
    const mapper = Object.hasOwn(MAPPERS, named) ? MAPPERS[named] : undefined;
    if (mapper === undefined) {
      yield* this.#pass(named, row, pointer);
      return;
    }
    if (deletions.covers(resource, read.fullUrl)) {
      outcome.accept(named);
      const message = 'its server has deleted it: nothing of it counts';
      const event = outcome.warn({ row, field: pointer, code: 'resource_deleted', message, value: key });
      if (event) yield event;
      return;
    }
    if (key !== null && !index.isNewest(key, ordinal)) {
      outcome.accept(named, true);
      return;
    }
    const retracted = key === null || !isRetracted(named, resource) ? null : deletedResource(key);
    if (retracted !== null) {
      outcome.accept(named);
      // Without an instant nothing tells a later version from an earlier one: then the one received last holds.
      const instant = text(at(resource, 'meta'), 'lastUpdated');
      yield this.#deletion(row, { resource: retracted, at: instant, lasting: instant !== null });
      return;
    }
    const claimId = named === 'ExplanationOfBenefit' ? claimIdOf(resource) : null;
    if (claimId !== null && !index.isNewest(claimKey(resource, claimId), ordinal)) {
      outcome.accept(named);
      const message = 'another, newer or earlier read ExplanationOfBenefit of this claim number is taken';
      const event = outcome.warn({ row, field: pointer, code: 'claim_number_repeated', message });
      if (event) yield event;
      return;
    }
    const mapping = this.#mapping(read, key);
    const mapped = mapper(mapping, named);
    for (const { severity, path, code, message, value } of mapping.notes) {
      const fault = { row, field: pointer + path, code, message, value };
      const raw = severity === 'error' ? JSON.stringify(resource) : null;
      const event = severity === 'error' ? outcome.error({ ...fault, raw }) : outcome.warn(fault);
      if (event) yield event;
    }
    if (!mapped.ok) {
      const { path, code, message, value } = mapped;
      const raw = JSON.stringify(resource);
      yield outcome.reject(named, { row, field: pointer + path, code, message, value, raw });
      return;
    }
    outcome.accept(named);
    for (const record of mapped.records) yield { type: 'record', record };
  }

  #mapping({ resource, row, fullUrl }: Occurrence, key: string | null): Mapping {
    const { index, options, settings } = this.#context;
    const id =
      text(resource, 'id') ??
      fullUrl?.replace(/^.*[/:]/, '') ??
      createHash('sha256').update(JSON.stringify(resource)).digest('base64url').slice(0, 32);
    const keys = [...new Set([key, fullUrl].filter((each) => each !== null))];
    return new Mapping({ resource, index, options, settings, source: { file: this.#file, row }, id, keys });
  }

  /** A resource that gives no record of its own. */
  *#pass(named: string, row: number, pointer: string): Generator<IntakeEvent> {
    const { outcome } = this.#context;
    const type = INDEXED.has(named) || UNUSED.test(named) ? named : 'unknown';
    outcome.accept(type);
    if (INDEXED.has(named) || this.#unused.has(type)) return;
    this.#unused.add(type);
    const message = 'resources of this type are counted and not used';
    const field = `${pointer}/resourceType`;
    const event = outcome.warn({ row, field, code: 'resource_type_not_used', message, value: named });
    if (event) yield event;
  }

  *#delete(
    { row, pointer }: Occurrence,
    deletes: NonNullable<Occurrence['deletes']>,
  ): Generator<IntakeEvent> {
    const { outcome } = this.#context;
    outcome.accept('deletion');
    const resource = deletedResource(deletes.url);
    if (resource !== null) {
      yield this.#deletion(row, { resource, at: deletes.at, lasting: true });
      return;
    }
    const message =
      'what this resource brought is not known by its name; members and coverages are ended, not deleted';
    const fault = { row, field: pointer, code: 'deletion_not_applied', message, value: deletes.url };
    const event = outcome.warn(fault);
    if (event) yield event;
  }

  #deletion(row: number, given: Pick<ResourceDeletion, 'resource' | 'at' | 'lasting'>): IntakeEvent {
    const instant = given.at === null ? Number.NaN : Date.parse(given.at);
    const procedure = /^Procedure\/(.*)$/.exec(given.resource)?.[1];
    const deletion: ResourceDeletion = {
      ...given,
      at: Number.isNaN(instant) ? null : new Date(instant).toISOString(),
      lineNumber: procedure === undefined ? null : procedureLine(procedure),
      source: { file: this.#file, row },
    };
    return { type: 'deletion', deletion };
  }

  /** A bulk export manifest: every file it lists should be in the batch. */
  *#compare(manifest: Json, row: number): Generator<IntakeEvent> {
    const { inputs, outcome } = this.#context;
    outcome.accept('manifest');
    for (const [position, output] of list(manifest, 'output').entries()) {
      const name = text(output, 'url')?.split('?')[0]?.split('/').at(-1) ?? '';
      const here = inputs.some(({ file }) => file === name || file.endsWith(`/${name}`));
      if (here || name === '') continue;
      const message = `the export lists a file of ${number(output, 'count') ?? 'unstated'} resources that is not here`;
      const fault = {
        row,
        field: `/output/${position}/url`,
        code: 'bulk_file_missing',
        message,
        value: name,
      };
      const event = outcome.warn(fault);
      if (event) yield event;
    }
    for (const position of list(manifest, 'error').keys()) {
      const message = 'the export reports errors of its own';
      const event = outcome.warn({ row, field: `/error/${position}`, code: 'bulk_export_errors', message });
      if (event) yield event;
    }
  }
}
