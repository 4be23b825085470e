import { z } from 'zod';
import { type AnalysisOptions, DEFAULT_LOOKBACK_YEARS, GAP_KINDS } from '../../engine/analysis-contract.ts';
import type { IsoDate } from '../../engine/dates.ts';
import type { ImpactRequest } from '../../engine/impact.ts';
import { MODEL_IDS, type ModelId, type ScoreRequest } from '../../engine/score-contract.ts';
import {
  DUAL_STATUSES,
  ENTITLEMENTS,
  esrd,
  flag,
  identifier,
  isoDate,
  listOf,
  oneOfWithDefault,
  optionalDate,
  optionalOneOf,
  PROGRAMS,
  SEXES,
  SNPS,
  text,
} from './fields.ts';
import { type FieldError, type Refused, validate } from './validate.ts';

const METALS = ['platinum', 'gold', 'silver', 'bronze', 'catastrophic'] as const;
const year = z.int().min(2000).max(2100);

function isHhs(model: ModelId | null | undefined): boolean {
  return model?.startsWith('hhs-') ?? false;
}

const scoreMember = z
  .strictObject({
    sex: z.enum(SEXES),
    birthDate: optionalDate,
    age: z
      .int()
      .min(0)
      .max(130)
      .nullish()
      .transform((value) => value ?? null),
    originalEntitlement: optionalOneOf(ENTITLEMENTS),
    currentEntitlement: optionalOneOf(ENTITLEMENTS),
    dualStatus: optionalOneOf(DUAL_STATUSES),
    institutional: flag,
    newEnrollee: flag,
    snp: oneOfWithDefault(SNPS, 'none'),
    lowIncome: flag,
    esrd,
    partD: optionalOneOf(['none', 'mapd', 'pdp', 'pace']),
    metal: optionalOneOf(METALS),
    enrollmentMonths: z
      .int()
      .min(1)
      .max(12)
      .nullish()
      .transform((value) => value ?? null),
    csr: z
      .union([text, z.int().min(0).max(99)])
      .nullish()
      .transform((value) => value ?? null),
  })
  .superRefine((member, context) => {
    if ((member.birthDate === null) !== (member.age === null)) return;
    context.addIssue({
      code: 'custom',
      path: [member.birthDate === null ? 'birthDate' : 'age'],
      input: member.age,
      message: 'exactly one of birthDate, age is required',
      params: { code: 'required_one_of' },
    });
  })
  .meta({ id: 'ScoreMember', description: 'What a score reads about the person' });

const scoreFields = {
  id: identifier.nullish().transform((value) => value ?? null),
  model: optionalOneOf(MODEL_IDS),
  program: optionalOneOf(PROGRAMS),
  paymentYear: year.nullish(),
  benefitYear: year.nullish().describe('HHS-HCC only, in place of paymentYear'),
  member: scoreMember,
  diagnoses: listOf(text),
  drugs: listOf(text),
  procedures: listOf(text),
  frailty: z
    .number()
    .min(-1)
    .max(1)
    .nullish()
    .transform((value) => value ?? null)
    .describe("The organization's own frailty points, added last; absent: not applied"),
};

interface Years {
  readonly model: ModelId | null;
  readonly program: string | null;
  readonly paymentYear?: number | null | undefined;
  readonly benefitYear?: number | null | undefined;
}

/** One year, under the name that fits the model: HHS-HCC answers for a benefit year, all others for a payment year. */
function checkYears(request: Years, context: z.core.$RefinementCtx): void {
  const { paymentYear = null, benefitYear = null } = request;
  const fault = (path: string, code: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], input: request.benefitYear, message, params: { code } });
  if (paymentYear === null && benefitYear === null) {
    fault(isHhs(request.model) ? 'benefitYear' : 'paymentYear', 'required', 'this field is required');
  } else if (benefitYear !== null && !isHhs(request.model) && request.program !== 'aca') {
    fault('benefitYear', 'unknown_field', 'benefitYear goes with the HHS-HCC models only');
  } else if (benefitYear !== null && paymentYear !== null && benefitYear !== paymentYear) {
    fault('benefitYear', 'contradiction', 'benefitYear and paymentYear differ');
  }
}

/** `paymentYear` of what came: zod has checked that one of the two is there. */
function withOneYear<T extends Years>({ benefitYear, paymentYear, ...rest }: T) {
  return { ...rest, paymentYear: paymentYear ?? benefitYear ?? 0 };
}

/** One object of `POST /v1/raf/score`, one line of `hccgap score`. */
export const scoreRequestSchema = z
  .strictObject(scoreFields)
  .superRefine(checkYears)
  .transform(withOneYear)
  .meta({
    id: 'ScoreRequest',
    description:
      'Person, codes, model and year. With no model: the models, blend and parameters in force for the payment year and program',
    example: {
      id: 'case-1',
      model: 'cms-hcc-v28',
      paymentYear: 2026,
      member: { sex: 'F', birthDate: '1950-01-01', originalEntitlement: '0', dualStatus: '00' },
      diagnoses: ['E11.22', 'N18.32', 'I50.22'],
    },
  });

const candidate = z
  .strictObject({
    id: identifier,
    diagnoses: z.array(text).min(1).nullish(),
    hcc: z
      .string()
      .regex(/^\d{1,3}(\.\d)?$/)
      .nullish(),
    model: optionalOneOf(MODEL_IDS),
    action: optionalOneOf(['add', 'delete']),
    confidence: optionalOneOf(['high', 'medium', 'low']),
  })
  .superRefine((value, context) => {
    const given = [value.diagnoses, value.hcc].filter((part) => (part ?? null) !== null).length;
    if (given === 1) return;
    context.addIssue({
      code: 'custom',
      path: [],
      input: null,
      message: 'exactly one of diagnoses, hcc is required',
      params: { code: 'required_one_of' },
    });
  })
  .transform((value) => ({ ...value, diagnoses: value.diagnoses ?? null, hcc: value.hcc ?? null }));

/** One object of `POST /v1/raf/impact`, one line of `hccgap impact`. */
export const impactRequestSchema = z
  .strictObject({
    ...scoreFields,
    candidates: z.array(candidate).min(1).max(500),
    baseRate: z
      .strictObject({ cents: z.int().min(1), currency: z.literal('USD') })
      .nullish()
      .transform((value) => value ?? null)
      .describe('Monthly base rate; absent, no dollars are given'),
    months: z
      .int()
      .min(1)
      .max(12)
      .nullish()
      .transform((value) => value ?? null)
      .describe('Months enrolled and paid in the payment year; absent: 12'),
  })
  .superRefine(checkYears)
  .superRefine((request, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of request.candidates.entries()) {
      if (seen.has(id)) {
        context.addIssue({
          code: 'custom',
          path: ['candidates', index, 'id'],
          input: id,
          message: 'another candidate has the same id',
          params: { code: 'duplicate_key' },
        });
      }
      seen.add(id);
    }
  })
  .transform(withOneYear)
  .meta({
    id: 'ImpactRequest',
    description: 'A score request with candidates, each some diagnoses or one HCC, to be valued by rescoring',
    example: {
      id: 'case-1',
      model: 'cms-hcc-v28',
      paymentYear: 2026,
      member: { sex: 'F', birthDate: '1950-01-01' },
      diagnoses: ['E11.22'],
      candidates: [
        { id: 'g1', diagnoses: ['I50.22'] },
        { id: 'g2', hcc: '48' },
      ],
    },
  });

/** Options of an analysis; `asOf` has no default here because parsers know no clock. */
export const analysisOptionsSchema = z
  .strictObject({
    paymentYear: year,
    asOf: isoDate.nullish(),
    kinds: z
      .array(z.enum(GAP_KINDS))
      .min(1)
      .nullish()
      .transform((value) => value ?? null),
    lookbackYears: z
      .int()
      .min(1)
      .max(5)
      .nullish()
      .transform((value) => value ?? DEFAULT_LOOKBACK_YEARS),
  })
  .meta({ id: 'AnalysisOptions', example: { paymentYear: 2027, asOf: '2026-11-23', lookbackYears: 2 } });

/** The score request with defaults applied, or every field that is wrong. */
export function parseScoreRequest(
  value: unknown,
): { readonly ok: true; readonly request: ScoreRequest } | Refused {
  const result = validate(scoreRequestSchema, value);
  return result.ok ? { ok: true, request: result.value } : result;
}

/** The impact request with defaults applied, or every field that is wrong. */
export function parseImpactRequest(
  value: unknown,
): { readonly ok: true; readonly request: ImpactRequest } | Refused {
  const result = validate(impactRequestSchema, value);
  return result.ok ? { ok: true, request: result.value } : result;
}

/** The options with defaults applied; `today` stands in for an absent `asOf`. */
export function parseAnalysisOptions(
  value: unknown,
  today: IsoDate,
): { readonly ok: true; readonly options: AnalysisOptions } | Refused {
  const result = validate(analysisOptionsSchema, value);
  if (!result.ok) return result;
  return { ok: true, options: { ...result.value, asOf: result.value.asOf ?? today } };
}

export type { FieldError, Refused };
