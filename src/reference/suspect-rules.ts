import { z } from 'zod';
import { undotted } from '../engine/icd10.ts';
import type { Atom, Expression, SuspectRule } from '../engine/suspects/rule.ts';

/** One thing wrong in a rule file: where (JSON pointer) and what, in words for its author. */
export interface RuleFileError {
  readonly pointer: string;
  readonly message: string;
}

export type RuleFileResult =
  | { readonly ok: true; readonly rules: readonly SuspectRule[] }
  | { readonly ok: false; readonly errors: readonly RuleFileError[] };

/** Names that rules may use; a rule that names anything else could never fire. */
export interface RuleVocabulary {
  /** Canonical unit by observation value set. */
  readonly observationUnits: ReadonlyMap<string, string>;
  readonly medicationSets: ReadonlySet<string>;
  readonly procedureSets: ReadonlySet<string>;
  readonly diagnosisSets: ReadonlySet<string>;
  readonly formulas: ReadonlySet<string>;
}

const months = z.int().min(1);
const window = { lookback_months: months.nullable(), after_evidence: z.boolean().default(false) };
const repetition = { count: z.int().min(1), min_span_days: z.int().min(0) };
const op = z.enum(['>', '>=', '<', '<=']);
const name = z.string().min(1);

const measure = z.strictObject({
  value_set: name,
  op,
  value: z.number(),
  unit: z.string(),
  ...repetition,
  ...window,
});
const result = z.strictObject({
  value_set: name,
  result: z.enum(['positive', 'negative']),
  ...repetition,
  ...window,
});
const band = z.strictObject({
  value_set: name,
  unit: z.string(),
  min_inclusive: z.number().nullable(),
  max_exclusive: z.number().nullable(),
  min_span_days: z.int().min(0),
  stage_by: z.literal('max').default('max'),
  ...window,
});
const medication = z.strictObject({
  value_set: name,
  routes: z.array(name).min(1).optional(),
  product_also_contains: name.optional(),
  ...repetition,
  ...window,
});
const coded = z.strictObject({ value_set: name, ...repetition, ...window });
const derived = z.strictObject({ formula: name, op, value: z.number(), ...repetition, ...window });
const change = z.strictObject({
  value_set: name,
  direction: z.enum(['decrease', 'increase']),
  min_percent: z.number().positive(),
  within_days: z.int().min(1),
  ...window,
});
const cluster = z.strictObject({
  within_days: z.int().min(0),
  parts: z.array(z.unknown()).min(2),
  ...repetition,
  ...window,
});

const hccList = z.array(z.string().regex(/^\d+(\.\d)?$/, 'an HCC number such as "37"'));
const target = z.strictObject({ hcc: z.string().regex(/^\d+(\.\d)?$/), label: z.string() });
const code = z.string().regex(/^[A-Za-z]\d[0-9A-Za-z](\.?[0-9A-Za-z]{1,4})?$/, 'an ICD-10-CM code');
const pattern = z
  .string()
  .regex(/^[A-Za-z]\d[0-9A-Za-z.]*\*?$/, 'an ICD-10-CM code, or a prefix ending in *');

const rule = z.strictObject({
  id: z.string().regex(/^[A-Z0-9][A-Z0-9-]*$/, 'capital letters, digits and hyphens'),
  version: name,
  status: z.enum(['active', 'draft', 'retired']),
  default_enabled: z.boolean(),
  sensitivity: z.enum(['hiv', 'substance_use']).nullable(),
  title: name,
  kind: z.enum(['new_condition', 'specificity', 'combination', 'status']),
  targets: z.strictObject({ V24: z.array(target), V28: z.array(target) }),
  candidate_codes: z.array(z.strictObject({ icd10cm: code, hcc: z.record(z.string(), hccList) })),
  candidate_codes_not_in_mapping: z.array(z.unknown()).optional(),
  applicability: z.strictObject({
    min_age: z.int().min(0).nullable(),
    max_age: z.int().min(0).nullable(),
    sex: z.enum(['F', 'M']).nullable(),
  }),
  evidence: z.unknown(),
  exclusions: z.array(z.strictObject({ when: z.unknown(), reason: name })),
  contradicted_by: z.array(z.unknown()),
  suppression: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('hcc') }),
    z.strictObject({ mode: z.literal('code'), codes: z.array(pattern).min(1) }),
  ]),
  data_required: z.array(name).optional(),
  confidence: z.strictObject({ tier: z.enum(['high', 'medium', 'low']), reason: z.string() }),
  references: z.array(
    z.strictObject({ title: z.string(), url: z.string().nullable().optional(), re_read: z.boolean() }),
  ),
  compliance_caution: z.string(),
  auto_code: z.literal(false, 'a rule may never write a diagnosis: auto_code is false'),
});

const ruleFile = z.looseObject({ rules: z.array(z.unknown()).min(1, 'the file holds no rule') });

interface Reader {
  readonly vocabulary: RuleVocabulary | null;
  readonly errors: RuleFileError[];
}

/**
 * Parses a rule file (the library's or a tenant's own): an object with `rules`. Every problem is listed with a pointer
 * to its place. With a vocabulary, value sets, formulas and units are checked too: a misspelt one would never fire.
 */
export function parseRuleFile(json: unknown, vocabulary: RuleVocabulary | null = null): RuleFileResult {
  const reader: Reader = { vocabulary, errors: [] };
  const file = check(reader, ruleFile, json, '');
  const rules = (file?.rules ?? []).flatMap((item, index) => readRule(reader, item, `/rules/${index}`));
  const seen = new Set<string>();
  rules.forEach((parsed, index) => {
    if (seen.has(parsed.id)) fail(reader, `/rules/${index}/id`, `rule ${parsed.id} is there twice`);
    seen.add(parsed.id);
  });
  return reader.errors.length > 0 ? { ok: false, errors: reader.errors } : { ok: true, rules };
}

function readRule(reader: Reader, json: unknown, pointer: string): SuspectRule[] {
  const raw = check(reader, rule, json, pointer);
  if (raw === null) return [];
  const evidence = readExpression(reader, raw.evidence, `${pointer}/evidence`, false);
  const exclusions = raw.exclusions.map((exclusion, index) => ({
    when: readExpression(reader, exclusion.when, `${pointer}/exclusions/${index}/when`, false),
    reason: exclusion.reason,
  }));
  const contradicted = raw.contradicted_by.map((item, index) =>
    readExpression(reader, item, `${pointer}/contradicted_by/${index}`, true),
  );
  if (raw.targets.V24.length === 0 && raw.targets.V28.length === 0) {
    fail(reader, `${pointer}/targets`, 'at least one model must be targeted');
  }
  const { min_age: minAge, max_age: maxAge, sex } = raw.applicability;
  if (minAge !== null && maxAge !== null && minAge > maxAge) {
    fail(reader, `${pointer}/applicability`, 'min_age is above max_age');
  }
  if (evidence === null) return [];
  return [
    {
      id: raw.id,
      version: raw.version,
      status: raw.status,
      defaultEnabled: raw.default_enabled,
      sensitivity: raw.sensitivity,
      title: raw.title,
      kind: raw.kind,
      targets: raw.targets,
      candidates: raw.candidate_codes.map((candidate) => ({
        code: undotted(candidate.icd10cm),
        hccs: candidate.hcc,
      })),
      applicability: { minAge, maxAge, sex },
      evidence,
      exclusions: exclusions.flatMap(({ when, reason }) => (when === null ? [] : [{ when, reason }])),
      contradictedBy: contradicted.filter((expression) => expression !== null),
      suppression:
        raw.suppression.mode === 'hcc'
          ? { mode: 'hcc' }
          : { mode: 'code', patterns: raw.suppression.codes.map(undotted) },
      tier: raw.confidence.tier,
      tierReason: raw.confidence.reason,
      references: raw.references.map((reference) => ({
        title: reference.title,
        url: reference.url ?? null,
        reRead: reference.re_read,
      })),
      complianceCaution: raw.compliance_caution,
    },
  ];
}

const OPERATORS =
  'all, any, observation, persistent_band, medication, diagnosis, procedure, derived, cluster, change';

function readExpression(reader: Reader, json: unknown, pointer: string, after: boolean): Expression | null {
  const entries =
    typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) {
    return fail(reader, pointer, `an expression is an object with exactly one of: ${OPERATORS}`);
  }
  const [operator, body] = entry;
  const place = `${pointer}/${operator}`;
  if (operator !== 'all' && operator !== 'any') return readAtom(reader, operator, body, place, after);
  if (!Array.isArray(body) || body.length === 0)
    return fail(reader, place, 'a list of at least one expression');
  const parts = body.map((part, index) => readExpression(reader, part, `${place}/${index}`, after));
  return { kind: operator, parts: parts.filter((part) => part !== null) };
}

/** Reads one atom; `after` says whether `after_evidence` has a meaning here. */
function readAtom(
  reader: Reader,
  operator: string,
  body: unknown,
  pointer: string,
  after: boolean,
): Atom | null {
  const atom = buildAtom(reader, operator, body, pointer, after);
  if (atom?.afterEvidence && !after) {
    return fail(
      reader,
      `${pointer}/after_evidence`,
      'only a contradicting record can be "after the evidence"',
    );
  }
  return atom;
}

function buildAtom(
  reader: Reader,
  operator: string,
  body: unknown,
  pointer: string,
  after: boolean,
): Atom | null {
  const { vocabulary } = reader;
  switch (operator) {
    case 'observation': {
      if (typeof body === 'object' && body !== null && 'result' in body) {
        const raw = check(reader, result, body, pointer);
        if (raw === null || !knownSet(reader, raw.value_set, vocabulary?.observationUnits, pointer))
          return null;
        return {
          kind: 'result',
          valueSet: raw.value_set,
          result: raw.result,
          ...repeated(raw),
          ...windowOf(raw),
        };
      }
      const raw = check(reader, measure, body, pointer);
      if (raw === null || !canonicalUnit(reader, raw.value_set, raw.unit, pointer)) return null;
      const { value_set: valueSet, value, unit } = raw;
      return { kind: 'measure', valueSet, op: raw.op, value, unit, ...repeated(raw), ...windowOf(raw) };
    }
    case 'persistent_band': {
      const raw = check(reader, band, body, pointer);
      if (raw === null || !canonicalUnit(reader, raw.value_set, raw.unit, pointer)) return null;
      if (raw.min_inclusive === null && raw.max_exclusive === null) {
        return fail(reader, pointer, 'at least one bound must be set');
      }
      return {
        kind: 'persistent_band',
        valueSet: raw.value_set,
        unit: raw.unit,
        minInclusive: raw.min_inclusive,
        maxExclusive: raw.max_exclusive,
        minSpanDays: raw.min_span_days,
        ...windowOf(raw),
      };
    }
    case 'medication': {
      const raw = check(reader, medication, body, pointer);
      if (raw === null || !knownSet(reader, raw.value_set, vocabulary?.medicationSets, pointer)) return null;
      return {
        kind: 'medication',
        valueSet: raw.value_set,
        routes: raw.routes?.map((route) => route.toLowerCase()) ?? null,
        productAlsoContains: raw.product_also_contains ?? null,
        ...repeated(raw),
        ...windowOf(raw),
      };
    }
    case 'diagnosis':
    case 'procedure': {
      const raw = check(reader, coded, body, pointer);
      const known = operator === 'diagnosis' ? vocabulary?.diagnosisSets : vocabulary?.procedureSets;
      if (raw === null || !knownSet(reader, raw.value_set, known, pointer)) return null;
      return { kind: operator, valueSet: raw.value_set, ...repeated(raw), ...windowOf(raw) };
    }
    case 'derived': {
      const raw = check(reader, derived, body, pointer);
      if (raw === null) return null;
      if (vocabulary !== null && !vocabulary.formulas.has(raw.formula)) {
        return fail(reader, `${pointer}/formula`, `formula ${raw.formula} is not known`);
      }
      return {
        kind: 'derived',
        formula: raw.formula,
        op: raw.op,
        value: raw.value,
        ...repeated(raw),
        ...windowOf(raw),
      };
    }
    case 'change': {
      const raw = check(reader, change, body, pointer);
      if (raw === null || !knownSet(reader, raw.value_set, vocabulary?.observationUnits, pointer))
        return null;
      return {
        kind: 'change',
        valueSet: raw.value_set,
        direction: raw.direction,
        minPercent: raw.min_percent,
        withinDays: raw.within_days,
        ...windowOf(raw),
      };
    }
    case 'cluster': {
      const raw = check(reader, cluster, body, pointer);
      if (raw === null) return null;
      const parts = raw.parts.map((part, index) =>
        readPart(reader, part, `${pointer}/parts/${index}`, after),
      );
      return {
        kind: 'cluster',
        withinDays: raw.within_days,
        parts: parts.filter((part) => part !== null),
        ...repeated(raw),
        ...windowOf(raw),
      };
    }
    default:
      return fail(reader, pointer, `unknown operator ${operator}; one of: ${OPERATORS}`);
  }
}

function readPart(reader: Reader, json: unknown, pointer: string, after: boolean): Atom | null {
  const part = readExpression(reader, json, pointer, after);
  if (part === null) return null;
  if (part.kind === 'all' || part.kind === 'any' || part.kind === 'cluster') {
    return fail(reader, pointer, 'a part of a cluster is a single test');
  }
  return part;
}

function repeated(raw: { count: number; min_span_days: number }): { count: number; minSpanDays: number } {
  return { count: raw.count, minSpanDays: raw.min_span_days };
}

function windowOf(raw: { lookback_months: number | null; after_evidence: boolean }): {
  lookbackMonths: number | null;
  afterEvidence: boolean;
} {
  return { lookbackMonths: raw.lookback_months, afterEvidence: raw.after_evidence };
}

function canonicalUnit(reader: Reader, valueSet: string, unit: string, pointer: string): boolean {
  const units = reader.vocabulary?.observationUnits;
  if (!knownSet(reader, valueSet, units, pointer)) return false;
  const canonical = units?.get(valueSet);
  if (canonical === undefined || canonical === unit) return true;
  fail(reader, `${pointer}/unit`, `thresholds of ${valueSet} are in ${canonical}, not ${unit}`);
  return false;
}

function knownSet(
  reader: Reader,
  valueSet: string,
  known: { has(name: string): boolean } | undefined,
  pointer: string,
): boolean {
  if (known === undefined || known.has(valueSet)) return true;
  fail(reader, `${pointer}/value_set`, `value set ${valueSet} is not known for this operator`);
  return false;
}

function fail(reader: Reader, pointer: string, message: string): null {
  reader.errors.push({ pointer, message });
  return null;
}

function check<T>(reader: Reader, schema: z.ZodType<T>, json: unknown, pointer: string): T | null {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const steps = issue.path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
    fail(reader, [pointer, ...steps].join('/'), issue.message);
  }
  return null;
}
