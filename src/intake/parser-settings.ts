import { z } from 'zod';
import type { FhirSettings } from './fhir/mapping.ts';
import type { X12Settings } from './x12/settings.ts';

const name = z.string().min(1).max(200);

/** What an 834 sender puts where the guide has no place for it (x12/settings.ts, EnrollmentRule). */
const enrollmentRule = z.strictObject({
  sender: name.describe('GS02 or ISA06'),
  loop: z.enum(['member', 'coverage']),
  qualifier: z.string().min(1).max(3).describe('REF01'),
  separator: z.string().length(1).nullable().default(null).describe('splits REF02 into pieces'),
  component: z.int().min(1).max(20).default(1).describe('the piece, from 1'),
  field: z.enum(['dualStatus', 'institutional', 'hospice', 'originalEntitlement', 'contractId', 'planId']),
  values: z.record(z.string(), z.string()).nullable().default(null).describe('value as sent to our value'),
});

/** How extracts of a tenant are to be read; a batch may say otherwise for itself. */
export const parserSettingsFields = {
  memberIdSystems: z
    .array(name)
    .max(20)
    .describe('FHIR: identifier systems whose value is the member id, the preferred one first'),
  includeNonFinalDiagnoses: z
    .boolean()
    .describe('admitting diagnoses, reasons for visit and external causes count as diagnoses of the claim'),
  lenientX12: z.boolean().describe('X12: faulty envelopes and malformed composites are read with a warning'),
  enrollmentRules: z
    .array(enrollmentRule)
    .max(500)
    .describe(
      'X12 834: where each sender puts dual status, institution, hospice, entitlement, contract and plan',
    ),
} as const;

const shape = z.object(parserSettingsFields).partial();
type Said = z.output<typeof shape>;

/** Settings of the parsers of one batch. */
export interface ParserSettings {
  readonly fhir: Partial<FhirSettings>;
  readonly x12: Partial<X12Settings>;
}

export const DEFAULT_PARSER_SETTINGS: ParserSettings = { fhir: {}, x12: {} };

/** The batch's own word where it has one, else the tenant's setting, else the strict default. */
export function readParserSettings(
  tenant: Readonly<Record<string, unknown>> | undefined,
  batch: Readonly<Record<string, unknown>>,
): ParserSettings {
  const { memberIdSystems, includeNonFinalDiagnoses, lenientX12, enrollmentRules } = {
    ...known(tenant ?? {}),
    ...known(batch),
  };
  const nonFinal = includeNonFinalDiagnoses === undefined ? {} : { includeNonFinalDiagnoses };
  return {
    fhir: { ...(memberIdSystems === undefined ? {} : { memberIdSystems }), ...nonFinal },
    x12: {
      ...(lenientX12 === undefined ? {} : { lenient: lenientX12 }),
      ...(enrollmentRules === undefined ? {} : { enrollment: enrollmentRules }),
      ...nonFinal,
    },
  };
}

/** Both were checked when they were stored; what an older version stored and cannot be read now is passed over. */
function known(given: Readonly<Record<string, unknown>>): Said {
  const parsed = shape.safeParse(given);
  return parsed.success ? parsed.data : {};
}
