import { z } from 'zod';
import type { IsoDate } from '../../engine/dates.ts';
import type { CodeSystem, MemberHistory } from '../../engine/history.ts';
import { undotted } from '../../engine/icd10.ts';
import {
  DUAL_STATUSES,
  ENTITLEMENTS,
  esrd,
  feedOf,
  flag,
  icd10Code,
  identifier,
  isoDate,
  listOf,
  oneOfWithDefault,
  optionalDate,
  optionalFlag,
  optionalIdentifier,
  optionalOneOf,
  optionalText,
  optionalUpperCode,
  PART_DS,
  PROGRAMS,
  provider,
  SEXES,
  SNPS,
  text,
  upperCode,
} from './fields.ts';
import { type Refused, validate } from './validate.ts';

const CODE_SYSTEMS = [
  'icd10cm',
  'snomed',
  'loinc',
  'rxnorm',
  'ndc',
  'cpt',
  'hcpcs',
  'icd10pcs',
  'other',
] as const satisfies readonly CodeSystem[];

/** Adds a `date_order` issue at `later` unless it is empty or not before `earlier`. */
function inOrder(
  context: z.core.$RefinementCtx,
  dates: { readonly earlier: IsoDate; readonly later: IsoDate | null; readonly at: string },
): void {
  if (dates.later === null || dates.later >= dates.earlier) return;
  context.addIssue({
    code: 'custom',
    path: [dates.at],
    input: dates.later,
    message: `${dates.later} is before ${dates.earlier}`,
    params: { code: 'date_order' },
  });
}

const coveragePeriod = z
  .strictObject({
    program: z.enum(PROGRAMS),
    contractId: optionalText,
    planId: optionalText,
    from: isoDate,
    to: optionalDate,
    originalEntitlement: optionalOneOf(ENTITLEMENTS),
    currentEntitlement: optionalOneOf(ENTITLEMENTS),
    dualStatus: optionalOneOf(DUAL_STATUSES),
    institutional: flag,
    newEnrollee: flag,
    snp: oneOfWithDefault(SNPS, 'none'),
    lowIncome: flag,
    partD: oneOfWithDefault(PART_DS, 'none'),
    esrd,
    hospice: flag,
    switcher: flag,
  })
  .superRefine((period, context) => inOrder(context, { earlier: period.from, later: period.to, at: 'to' }))
  .meta({ id: 'CoveragePeriod', description: 'One enrollment span; `to` null is open-ended' });

const serviceLine = z.strictObject({
  procedure: optionalUpperCode,
  modifiers: listOf(upperCode),
  date: optionalDate,
});

const encounter = z
  .strictObject({
    encounterId: identifier,
    from: isoDate,
    to: isoDate.nullish(),
    setting: z.enum(['professional', 'inpatient', 'outpatient', 'other']),
    billType: optionalText,
    modality: oneOfWithDefault(['in_person', 'audio_video', 'audio_only'], 'in_person'),
    source: oneOfWithDefault(['claim', 'ehr', 'chart_review'], 'claim'),
    linkedEncounterId: optionalIdentifier,
    claimStatus: oneOfWithDefault(['original', 'replacement', 'void'], 'original'),
    replacesEncounterId: optionalIdentifier,
    icn: optionalText,
    acceptance: optionalOneOf(['accepted', 'rejected']),
    mao004: optionalOneOf(['allowed', 'disallowed']),
    crrAction: optionalOneOf(['add', 'delete']),
    placeOfService: optionalText,
    hra: flag,
    signed: optionalFlag,
    provider,
    lines: listOf(serviceLine),
    diagnoses: z.array(
      z.strictObject({
        code: icd10Code,
        position: z
          .int()
          .min(1)
          .max(999)
          .nullish()
          .transform((value) => value ?? null),
      }),
    ),
  })
  .superRefine((value, context) =>
    inOrder(context, { earlier: value.from, later: value.to ?? null, at: 'to' }),
  )
  .transform(({ to, ...value }) => ({ ...value, to: to ?? value.from }))
  .meta({
    id: 'Encounter',
    description: 'A claim, an EHR encounter or a chart review record, with lines and diagnoses',
  });

const condition = z
  .strictObject({
    conditionId: optionalIdentifier,
    code: text.min(1),
    system: oneOfWithDefault(CODE_SYSTEMS, 'icd10cm'),
    source: z.enum(['problem_list', 'note', 'referral']),
    encounterId: optionalIdentifier,
    recorded: optionalDate,
    clinicalStatus: optionalOneOf(['active', 'recurrence', 'relapse', 'inactive', 'remission', 'resolved']),
    verification: optionalOneOf([
      'confirmed',
      'unconfirmed',
      'provisional',
      'differential',
      'refuted',
      'entered-in-error',
    ]),
    context: optionalOneOf(['family_history', 'history_of']),
    meat: feedOf(z.enum(['monitored', 'evaluated', 'assessed', 'treated'])),
    signed: optionalFlag,
  })
  .transform((value) => ({
    ...value,
    code: value.system === 'icd10cm' ? undotted(value.code) : value.code.trim(),
  }))
  .meta({ id: 'Condition' });

const observation = z
  .strictObject({
    code: text.min(1),
    system: oneOfWithDefault(CODE_SYSTEMS, 'loinc'),
    date: isoDate,
    value: z
      .number()
      .nullish()
      .transform((value) => value ?? null),
    unit: optionalText,
    comparator: optionalOneOf(['<', '<=', '>=', '>']),
    text: optionalText,
    interpretation: optionalText,
    status: optionalText,
  })
  .meta({ id: 'Observation' });

const medication = z
  .strictObject({
    code: optionalText,
    system: optionalOneOf(CODE_SYSTEMS),
    ingredient: optionalText,
    route: optionalText,
    date: isoDate,
    daysSupply: z
      .number()
      .min(0)
      .max(9999)
      .nullish()
      .transform((value) => value ?? null),
    source: oneOfWithDefault(['fill', 'order', 'administration'], 'fill'),
    setting: optionalText,
    status: optionalText,
  })
  .superRefine((value, context) => {
    if (value.code !== null || value.ingredient !== null) return;
    context.addIssue({
      code: 'custom',
      path: ['code'],
      input: null,
      message: 'one of code, ingredient is required',
      params: { code: 'required_one_of' },
    });
  })
  .meta({ id: 'Medication' });

const procedure = z
  .strictObject({
    code: upperCode,
    system: oneOfWithDefault(CODE_SYSTEMS, 'cpt'),
    date: isoDate,
    status: optionalText,
  })
  .meta({ id: 'Procedure' });

const appointment = z.strictObject({ date: isoDate, provider }).meta({ id: 'Appointment' });

interface Numbered {
  readonly encounterId: string;
}

/** Order inside an array carries no meaning, so of two encounters with one id nothing says which one holds. */
function differingEncounters(encounters: readonly Numbered[], context: z.core.$RefinementCtx): void {
  const texts = new Map<string, string>();
  for (const [index, encounter] of encounters.entries()) {
    const known = texts.get(encounter.encounterId);
    const content = JSON.stringify(encounter);
    if (known === undefined) texts.set(encounter.encounterId, content);
    else if (known !== content) {
      context.addIssue({
        code: 'custom',
        path: ['encounters', index, 'encounterId'],
        input: encounter.encounterId,
        message: 'another encounter with other content has the same id',
        params: { code: 'duplicate_key' },
      });
    }
  }
}

/** Encounters that are repeated word for word stand once. */
function once<T extends Numbered>(encounters: readonly T[]): T[] {
  return [...new Map(encounters.map((each) => [each.encounterId, each])).values()];
}

/**
 * Body of an analysis and one line of NDJSON. Unknown fields are refused at every level; what comes out has every
 * default applied and ICD-10-CM codes undotted and upper-case.
 */
export const memberHistorySchema = z
  .strictObject({
    memberId: identifier,
    birthDate: isoDate,
    sex: z.enum(SEXES),
    deathDate: optionalDate,
    coverage: listOf(coveragePeriod),
    encounters: z.array(encounter),
    conditions: listOf(condition),
    observations: feedOf(observation),
    medications: feedOf(medication),
    procedures: feedOf(procedure),
    appointments: listOf(appointment),
  })
  .superRefine((value, context) => {
    inOrder(context, { earlier: value.birthDate, later: value.deathDate, at: 'deathDate' });
    differingEncounters(value.encounters, context);
  })
  .transform((value) => ({ ...value, encounters: once(value.encounters) }))
  .meta({
    id: 'MemberHistory',
    description:
      'Everything an analysis reads about one member. observations, medications or procedures left out or null: there is no such feed',
    example: {
      memberId: 'M-001',
      birthDate: '1948-03-02',
      sex: 'F',
      coverage: [{ program: 'ma', from: '2025-01-01', to: '2026-12-31', dualStatus: '00' }],
      encounters: [
        {
          encounterId: 'E1',
          from: '2025-03-04',
          setting: 'professional',
          lines: [{ procedure: '99214' }],
          diagnoses: [{ code: 'E11.9' }],
        },
      ],
    },
  });

/** The history with every default applied, or every field that is wrong with a pointer to it. */
export function parseHistory(
  value: unknown,
): { readonly ok: true; readonly history: MemberHistory } | Refused {
  const result = validate(memberHistorySchema, value);
  return result.ok ? { ok: true, history: result.value } : result;
}
