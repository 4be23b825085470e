import type { IsoDate } from '../engine/dates.ts';
import type { CodeSystem, Program } from '../engine/history.ts';
import type { IntakeEvent } from '../store/records.ts';

/**
 * What every intake format implements. A parser gets all inputs of its format in one batch, because some rules
 * can only be judged over the whole set (references between FHIR files, members named by another CSV file).
 *
 * Laws that every parser keeps, whatever the bytes:
 * - it never throws for what it reads: bad input becomes a finding, and the next record is read;
 * - it emits one `report` per record type and file, after that file's records, with received = accepted + rejected;
 * - a rejected record has at least one `error` finding that carries it as sent in `raw`;
 * - memory does not grow with the input, apart from compact sets of keys.
 */
export type Parser = (inputs: readonly IntakeInput[], options: IntakeOptions) => AsyncIterable<IntakeEvent>;

/** One file of a batch, already unpacked. `open` may be called again: detection reads the start, parsing all. */
export interface IntakeInput {
  /** Name inside the batch, as shown in findings; never a path of the machine. */
  readonly file: string;
  /** Where the bytes lie on disk, if they do: archives are then read in place. */
  readonly localPath?: string;
  open(): AsyncIterable<Uint8Array>;
}

export const INTAKE_FORMATS = ['json-history', 'fhir', 'x12', 'csv', 'cms-return'] as const;
export type IntakeFormat = (typeof INTAKE_FORMATS)[number];

/** Validity of an ICD-10-CM code on a date of service; `header` is a code that needs more characters. */
export type Icd10Validity = 'billable' | 'header' | 'unknown';

export interface DrugQuery {
  /** 11 digits. */
  readonly ndc: string | null;
  readonly rxnorm: string | null;
  readonly name: string | null;
}

export interface ResolvedDrug {
  readonly ingredient: string;
  readonly route: string | null;
}

export interface IntakeLookups {
  /** Absent: no code table is at hand and no code is called unknown. `code` is undotted and upper-case. */
  readonly icd10?: (code: string, date: IsoDate) => Icd10Validity;
  readonly drug?: (query: DrugQuery) => ResolvedDrug | null;
  /** Which of these member ids earlier batches brought. Absent: only the members of this batch are known. */
  readonly knownMembers?: (memberIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** FHIR resources (`Type/id`) that earlier batches said are deleted, and up to when (ISO; null: not known). */
  readonly deletedResources?: () => Promise<ReadonlyMap<string, string | null>>;
  /** Which of these encounter ids earlier batches brought, as `memberId` TAB `encounterId`. */
  readonly knownEncounters?: (keys: readonly string[]) => Promise<ReadonlySet<string>>;
}

export interface IntakeLimits {
  /** Longest CSV row, in bytes. */
  readonly rowBytes: number;
  /** Longest line of NDJSON (one member history or resource), in bytes. */
  readonly lineBytes: number;
  /** Largest single file after unpacking, in bytes. */
  readonly fileBytes: number;
  /** Rows of the flat files of a batch: their keys are remembered, at 50 to 100 bytes a row. */
  readonly rows: number;
  /** Rejected records of one file after which reading it stops. */
  readonly rejectedRows: number;
  /** Warnings of one code in one file that are listed; the rest is counted in one closing finding. */
  readonly listedWarnings: number;
  /** Share of rejected records above which the batch counts as failed. */
  readonly rejectedShare: number;
  /** Files of a batch, archives unpacked. */
  readonly archiveEntries: number;
  /** Bytes of a batch, archives unpacked. */
  readonly archiveBytes: number;
  /** Unpacked bytes per packed byte. */
  readonly archiveRatio: number;
  /** Archives within archives. */
  readonly archiveDepth: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: IntakeLimits = {
  rowBytes: MIB,
  lineBytes: 32 * MIB,
  fileBytes: 5 * 1024 * MIB,
  rows: 50_000_000,
  rejectedRows: 10_000,
  listedWarnings: 1_000,
  rejectedShare: 0.05,
  archiveEntries: 10_000,
  archiveBytes: 20 * 1024 * MIB,
  archiveRatio: 200,
  archiveDepth: 2,
};

export interface IntakeOptions {
  /** Today, as the caller sees it: a date of service after it is in the future. */
  readonly asOf: IsoDate;
  /** Program of members whose extract does not name one. */
  readonly program: Program;
  readonly limits: IntakeLimits;
  readonly lookups: IntakeLookups;
  /** Overrides detection for every input. */
  readonly format: IntakeFormat | null;
  /** CSV only: overrides detection from the header row. */
  readonly delimiter: string | null;
}

/** Options with every default filled in; only `asOf` has none. */
export function intakeOptions(
  given: Pick<IntakeOptions, 'asOf'> &
    Partial<Omit<IntakeOptions, 'asOf' | 'limits'>> & {
      readonly limits?: Partial<IntakeLimits>;
    },
): IntakeOptions {
  return {
    program: 'ma',
    lookups: {},
    format: null,
    delimiter: null,
    ...given,
    limits: { ...DEFAULT_LIMITS, ...given.limits },
  };
}

/** Code systems by the names and URIs that extracts use for them. */
export const CODE_SYSTEM_NAMES: Readonly<Record<string, CodeSystem>> = {
  'icd-10-cm': 'icd10cm',
  icd10cm: 'icd10cm',
  'snomed-ct': 'snomed',
  snomed: 'snomed',
  loinc: 'loinc',
  rxnorm: 'rxnorm',
  ndc: 'ndc',
  cpt: 'cpt',
  hcpcs: 'hcpcs',
  'icd-10-pcs': 'icd10pcs',
  icd10pcs: 'icd10pcs',
};
