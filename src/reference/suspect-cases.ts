import { z } from 'zod';
import { ageOn, isIsoDate, yearOf } from '../engine/dates.ts';
import { mapCodeFor } from '../engine/diagnoses.ts';
import type { Sex } from '../engine/history.ts';
import { undotted } from '../engine/icd10.ts';
import type { CompiledModel } from '../engine/model.ts';
import type { ModelId } from '../engine/score-contract.ts';
import { normalIngredient, normalRoute } from '../engine/suspects/drugs.ts';
import { evaluateRule, type RuleEvaluation, type SuspectModel } from '../engine/suspects/evaluate.ts';
import type { SuspectEvent } from '../engine/suspects/events.ts';
import type { SuspectModelVersion, SuspectRule } from '../engine/suspects/rule.ts';
import type { SuspectTables } from '../engine/suspects/tables.ts';

/** What a case is evaluated with: the rule library and the compiled V24 and V28 models. */
export interface SuspectReference {
  readonly suspecting: SuspectTables;
  readonly models: ReadonlyMap<ModelId, CompiledModel>;
}

export interface CaseError {
  readonly pointer: string;
  readonly code: 'bad_value' | 'unknown_rule';
  readonly message: string;
}

export type SuspectCaseAnswer =
  | {
      readonly ok: true;
      readonly id: string;
      readonly outcomes: RuleEvaluation['outcomes'];
      readonly evaluation: RuleEvaluation;
    }
  | { readonly ok: false; readonly id: string | null; readonly errors: readonly CaseError[] };

const date = z.string().refine(isIsoDate, 'a calendar date YYYY-MM-DD');
const text = z.string().nullish();

const event = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('observation'),
    date,
    code: text,
    value_set_hint: text,
    value: z.number().nullish(),
    text,
    unit: text,
    comparator: z.enum(['<', '<=', '>=', '>']).nullish(),
    interpretation: text,
    status: text,
    source: text,
  }),
  z.strictObject({
    type: z.literal('medication'),
    date,
    code: text,
    ingredients: z.array(z.string().min(1)).min(1),
    route: text,
    source: z.enum(['dispense', 'fill', 'administration', 'order']),
    setting: text,
    status: text,
  }),
  z.strictObject({
    type: z.literal('diagnosis'),
    date,
    code: z.string().min(3),
    source: text,
    risk_adjustable: z.boolean().default(false),
    verification: text,
  }),
  z.strictObject({ type: z.literal('procedure'), date, code: z.string().min(1), status: text, source: text }),
]);

const suspectCase = z.looseObject({
  id: z.string().min(1),
  rule_id: z.string().min(1),
  as_of: date,
  patient: z.strictObject({
    birth_date: date,
    sex: z.enum(['F', 'M']),
    events: z.array(event),
    reviews: z
      .array(
        z.strictObject({
          rule_id: z.string().min(1),
          status: z.enum(['dismissed', 'ruled_out', 'confirmed']),
          date,
          by: text,
          reason: text,
        }),
      )
      .default([]),
  }),
});

/**
 * Evaluates one case of a rule test file (`hccgap suspect --cases`): the rule by its id, whatever its switch, for V24
 * and V28, with the library's own prior-year window. A bad case gives its errors, each with a pointer.
 */
export function evaluateCase(
  reference: SuspectReference,
  json: unknown,
  extraRules: readonly SuspectRule[] = [],
): SuspectCaseAnswer {
  const parsed = suspectCase.safeParse(json);
  if (!parsed.success) {
    const errors = parsed.error.issues.map(
      (issue): CaseError => ({
        code: 'bad_value',
        pointer: `/${issue.path.map(String).join('/')}`,
        message: issue.message,
      }),
    );
    return { ok: false, id: idOf(json), errors };
  }
  const { id, rule_id: ruleId, as_of: asOf, patient } = parsed.data;
  const tables = reference.suspecting;
  const rule =
    extraRules.find((candidate) => candidate.id === ruleId) ??
    tables.rules.find((candidate) => candidate.id === ruleId);
  if (rule === undefined) {
    return {
      ok: false,
      id,
      errors: [
        { pointer: '/rule_id', code: 'unknown_rule', message: `rule ${ruleId} is not in the library` },
      ],
    };
  }
  const person = { birthDate: patient.birth_date, sex: patient.sex };
  const evaluation = evaluateRule({
    tables,
    rule,
    asOf,
    person: {
      ...person,
      events: patient.events.map((item) => eventOf(tables, item)),
      reviews: patient.reviews.map((review) => ({
        ruleId: review.rule_id,
        status: review.status,
        date: review.date,
        by: review.by ?? null,
        reason: review.reason ?? null,
      })),
      missingFeeds: new Set(),
    },
    models: suspectModels(reference.models, yearOf(asOf) + 1, person),
    priorYears: tables.priorYearWindowYears,
  });
  return { ok: true, id, outcomes: evaluation.outcomes, evaluation };
}

function idOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('id' in json)) return null;
  return typeof json.id === 'string' ? json.id : null;
}

function eventOf(tables: SuspectTables, item: z.infer<typeof event>): SuspectEvent {
  const origin = {
    date: item.date,
    source: item.source ?? null,
    encounterId: null,
  };
  switch (item.type) {
    case 'observation':
      return {
        ...origin,
        type: 'observation',
        code: item.code ?? null,
        valueSet: item.value_set_hint ?? null,
        value: item.value ?? null,
        text: item.text ?? null,
        unit: item.unit ?? null,
        comparator: item.comparator ?? null,
        interpretation: item.interpretation ?? null,
        status: item.status ?? null,
      };
    case 'medication':
      return {
        ...origin,
        type: 'medication',
        code: item.code ?? null,
        ingredients: item.ingredients.map((name) => normalIngredient(tables.drugs, name)),
        route: item.route ? normalRoute(tables.drugs, item.route) : null,
        kind: item.source === 'dispense' ? 'fill' : item.source,
        setting: item.setting ?? null,
        status: item.status ?? null,
      };
    case 'diagnosis':
      return {
        ...origin,
        type: 'diagnosis',
        code: undotted(item.code),
        riskAdjustable: item.risk_adjustable,
        verification: item.verification ?? null,
        active: true,
      };
    case 'procedure':
      return { ...origin, type: 'procedure', code: item.code, status: item.status ?? null };
  }
}

const MODEL_OF: Readonly<Record<SuspectModelVersion, ModelId>> = { V24: 'cms-hcc-v24', V28: 'cms-hcc-v28' };

/**
 * V24 and V28 as the evaluator reads them: the mapping of the payment year, else the model's last one before it (V24
 * ends with PY2025), else its first; age and sex edits for this person.
 */
export function suspectModels(
  models: ReadonlyMap<ModelId, CompiledModel>,
  paymentYear: number,
  person: { readonly birthDate: string; readonly sex: Sex },
): Partial<Record<SuspectModelVersion, SuspectModel>> {
  const entries = (['V24', 'V28'] as const).flatMap((version): [SuspectModelVersion, SuspectModel][] => {
    const model = models.get(MODEL_OF[version]);
    const last = model?.paymentYears.filter((year) => year <= paymentYear).at(-1) ?? model?.paymentYears[0];
    const year = last === undefined ? undefined : model?.years.get(last);
    if (model === undefined || year === undefined) return [];
    const who = { sex: person.sex, age: ageOn(person.birthDate, `${paymentYear}-02-01`) };
    return [
      [
        version,
        {
          hccsOf: (code) => mapCodeFor(year, code, who),
          dominates: (upper, lower) => model.hierarchy.dominated(upper).has(lower),
        },
      ],
    ];
  });
  return Object.fromEntries(entries);
}
