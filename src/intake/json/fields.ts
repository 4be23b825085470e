import { z } from 'zod';
import { isIsoDate } from '../../engine/dates.ts';
import { undotted } from '../../engine/icd10.ts';
import { isStorable } from '../text.ts';

/** Pieces of the request schemas. Optional fields take absence and null alike and come out with their default. */

const MAX_TEXT = 500;

export const isoDate = z
  .string()
  .refine(isIsoDate, { error: 'not a calendar date (want YYYY-MM-DD)', params: { code: 'bad_date' } })
  .meta({ format: 'date', example: '2026-03-14' });

export const optionalDate = isoDate.nullish().transform((value) => value ?? null);

/** An identifier as the sender gives it: any text without control characters. */
export const identifier = z
  .string()
  .min(1)
  .max(128)
  .refine((text) => text.trim() !== '' && !hasControlCharacter(text), {
    error: 'must be text without control characters',
    params: { code: 'bad_id' },
  });

export const optionalIdentifier = identifier.nullish().transform((value) => value ?? null);

export const text = z
  .string()
  .max(MAX_TEXT)
  .refine(isStorable, {
    error: 'must not hold a NUL or half a surrogate pair',
    params: { code: 'bad_text' },
  });
export const optionalText = text.nullish().transform((value) => value ?? null);

/** Yes or no; absent or null means no. */
export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
/** Yes, no, or unknown (null). */
export const optionalFlag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? null);

/** An ICD-10-CM code, dotted or not, in any case; comes out undotted and upper-case. Its validity is judged later. */
export const icd10Code = text
  .min(1)
  .transform(undotted)
  .refine((code) => code !== '', { error: 'is no code', params: { code: 'bad_diagnosis' } })
  .meta({ example: 'E11.22' });

/** A procedure code or modifier; comes out trimmed and upper-case. */
export const upperCode = text.min(1).transform((value) => value.trim().toUpperCase());

export const optionalUpperCode = upperCode.nullish().transform((value) => value ?? null);

export function optionalOneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z
    .enum(values)
    .nullish()
    .transform((value) => value ?? null);
}

export function oneOfWithDefault<const T extends readonly [string, ...string[]]>(
  values: T,
  fallback: T[number],
) {
  return z
    .enum(values)
    .nullish()
    .transform((value): T[number] => value ?? fallback);
}

/** An array that may be left out or null, which both mean empty. */
export function listOf<S extends z.ZodType>(item: S) {
  return z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
}

/** An array whose absence means that there is no such feed. */
export function feedOf<S extends z.ZodType>(item: S) {
  return z
    .array(item)
    .nullish()
    .transform((value) => value ?? null);
}

export const SEXES = ['F', 'M'] as const;
export const PROGRAMS = ['ma', 'pace', 'aca'] as const;
export const SNPS = ['none', 'cSnp', 'dSnp', 'iSnp'] as const;
export const PART_DS = ['none', 'mapd', 'pdp', 'pace'] as const;
export const ENTITLEMENTS = ['0', '1', '2', '3'] as const;
export const DUAL_STATUSES = [
  '00',
  '01',
  '02',
  '03',
  '04',
  '05',
  '06',
  '07',
  '08',
  '09',
  '99',
  'NA',
] as const;

export const esrd = z
  .strictObject({
    status: z.enum(['dialysis', 'transplant', 'graft']),
    monthsSinceTransplant: z
      .int()
      .min(0)
      .max(1200)
      .nullish()
      .transform((value) => value ?? null),
  })
  .nullish()
  .transform((value) => value ?? null);

export const provider = z
  .strictObject({ npi: optionalText, specialty: optionalText })
  .nullish()
  .transform((value) => value ?? null);

function hasControlCharacter(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 32 || code === 127) return true;
  }
  return !isStorable(value);
}
