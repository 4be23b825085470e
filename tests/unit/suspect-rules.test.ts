import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { monthsBefore } from '../../src/engine/suspects/atoms.ts';
import { describeRule } from '../../src/engine/suspects/describe.ts';
import { evaluateRule, rulesInForce } from '../../src/engine/suspects/evaluate.ts';
import type { ObservationEvent, SuspectEvent, SuspectPerson } from '../../src/engine/suspects/events.ts';
import { evaluateFormula, parseFormula } from '../../src/engine/suspects/formula.ts';
import type { SuspectRule } from '../../src/engine/suspects/rule.ts';
import { canonicalValue, normalUnit, qualitativeValue, satisfies } from '../../src/engine/suspects/values.ts';
import { evaluateCase } from '../../src/reference/suspect-cases.ts';
import { parseRuleFile } from '../../src/reference/suspect-rules.ts';
import { loadSuspecting, ruleVocabulary } from '../../src/reference/suspecting.ts';

const tables = loadSuspecting(path.resolve(import.meta.dirname, '../../hcc-mappings'));
const asOf = '2026-11-23';

function observation(parts: Partial<ObservationEvent>): ObservationEvent {
  return {
    type: 'observation',
    date: '2026-05-01',
    code: null,
    valueSet: null,
    value: null,
    text: null,
    unit: null,
    comparator: null,
    interpretation: null,
    status: null,
    source: null,
    encounterId: null,
    ...parts,
  };
}

function ruleNamed(id: string): SuspectRule {
  const rule = tables.rules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw new Error(`rule ${id} is not in the library`);
  return rule;
}

function setNamed(id: string) {
  const set = tables.observationSets.get(id);
  if (set === undefined) throw new Error(`value set ${id} is not in the library`);
  return set;
}

function evaluate(id: string, events: readonly SuspectEvent[], person: Partial<SuspectPerson> = {}) {
  return evaluateRule({
    tables,
    rule: ruleNamed(id),
    asOf,
    person: {
      birthDate: '1958-04-12',
      sex: 'F',
      events,
      reviews: [],
      missingFeeds: new Set(),
      ...person,
    },
    models: { V28: { hccsOf: () => [], dominates: () => false } },
    priorYears: 2,
  });
}

describe('windows', () => {
  test.each([
    ['2026-03-31', 1, '2026-02-28'],
    ['2024-03-31', 1, '2024-02-29'],
    ['2026-11-23', 12, '2025-11-23'],
    ['2026-11-23', 120, '2016-11-23'],
    ['2024-02-29', 12, '2023-02-28'],
    ['2026-01-15', 1, '2025-12-15'],
  ])('%s less %i months is %s', (date, months, expected) => {
    expect(monthsBefore(date, months)).toBe(expected);
  });

  test('the first day of the window is outside, the evaluation date inside', () => {
    const bmi = (date: string) => observation({ date, code: '39156-5', value: 41, unit: 'kg/m2' });
    expect(evaluate('OBESITY-40', [bmi('2025-11-23'), bmi('2026-11-23')]).outcomes.V28).toBe('no_evidence');
    expect(evaluate('OBESITY-40', [bmi('2025-11-24'), bmi('2026-11-23')]).outcomes.V28).toBe('suspect');
  });
});

describe('values and units', () => {
  test('UCUM and common spellings are one unit', () => {
    expect(normalUnit('mL/min/{1.73_m2}')).toBe(normalUnit('mL / min / 1.73m2'));
    expect(normalUnit('[iU]/mL')).toBe(normalUnit('IU/mL'));
    expect(normalUnit('10*9/L')).toBe(normalUnit('10^9/l'));
    expect(normalUnit('{score}')).toBe('1');
  });

  test.each([
    ['LAB_A1C', 48, 'mmol/mol', { ok: true, value: { value: 6.54304, nudge: 0 } }],
    ['LAB_A1C', 71, '%', { ok: false, reason: 'implausible: 71 %' }],
    ['LAB_A1C', 7.1, null, { ok: false, reason: 'no unit' }],
    ['LAB_A1C', 7.1, 'mg/dL', { ok: false, reason: 'unknown unit mg/dL' }],
    ['OBS_LVEF', 0.57, '1', { ok: true, value: { value: 57, nudge: 0 } }],
    ['OBS_PHQ9', 12, '', { ok: true, value: { value: 12, nudge: 0 } }],
    ['LAB_FEV1FVC', 61, '%', { ok: true, value: { value: 0.61, nudge: 0 } }],
    ['LAB_PLT', 81, 'K/uL', { ok: true, value: { value: 81, nudge: 0 } }],
    ['LAB_HIVRNA', 3, 'log10 copies/mL', { ok: true, value: { value: 1000, nudge: 0 } }],
  ])('%s %s %s', (set, value, unit, expected) => {
    expect(canonicalValue(tables, setNamed(set), observation({ value, unit }))).toEqual(expected);
  });

  test.each([
    ['>', 60, '>=', 60, true],
    ['>', 60, '>', 60, true],
    ['>', 60, '>=', 61, false],
    ['>', 60, '<', 100, false],
    ['<', 20, '<', 20, true],
    ['<', 20, '<=', 19, false],
    ['<', 20, '>=', 10, false],
    ['>=', 60, '>', 60, false],
    ['<=', 20, '<=', 20, true],
    ['<=', 20, '<', 20, false],
  ] as const)('%s%i satisfies %s %i: %s', (comparator, value, op, threshold, expected) => {
    expect(satisfies(observation({ value, comparator }), value, { op, value: threshold })).toBe(expected);
  });

  test.each([
    ['LAB_HBSAG', { text: 'Reactive' }, 'positive'],
    ['LAB_HBSAG', { text: 'Non-Reactive' }, 'negative'],
    ['LAB_HBSAG', { interpretation: 'HH' }, 'positive'],
    ['LAB_ACHRAB', { value: 12, unit: 'nmol/L' }, null],
    ['LAB_ACHRAB', { value: 12, unit: 'nmol/L', interpretation: 'H' }, 'positive'],
    ['LAB_HCVRNA', { value: 15, unit: 'IU/mL', comparator: '<' as const }, 'negative'],
    ['LAB_HCVRNA', { value: 15, unit: 'IU/mL' }, 'positive'],
    ['LAB_HCVRNA', { value: 0, unit: 'IU/mL' }, 'negative'],
    ['LAB_HCVRNA', { value: 15 }, null],
    ['LAB_HCVRNA', { interpretation: 'ND' }, 'negative'],
    ['LAB_HCVRNA', { text: 'equivocal' }, null],
  ] as const)('%s %o is %s', (set, parts, expected) => {
    const reading = qualitativeValue(tables, setNamed(set), observation(parts));
    expect(reading.ok ? reading.value : null).toBe(expected);
  });

  test('a formula is data', () => {
    const fib4 = parseFormula('age * AST / (PLT * sqrt(ALT))');
    const names = new Map([
      ['age', 60],
      ['AST', 80],
      ['PLT', 100],
      ['ALT', 64],
    ]);
    expect(evaluateFormula(fib4, names)).toBe(6);
    expect(evaluateFormula(fib4, new Map())).toBeNull();
    expect(() => parseFormula('AST / (PLT')).toThrow('unexpected end');
    expect(() => parseFormula('AST ; PLT')).toThrow('unexpected ;');
  });
});

describe('outcomes', () => {
  const a1c = (date: string, value: number) => observation({ date, code: '4548-4', value, unit: '%' });
  const firing = [a1c('2026-02-10', 7.1), a1c('2026-08-10', 7.4)];

  test('a firing shows the very results, and what it read of them', () => {
    const found = evaluate('DM-LAB', firing);
    expect(found.outcomes).toEqual({ V28: 'suspect' });
    expect(found.evidence.map((item) => [item.date, item.value, item.unit, item.convertedValue])).toEqual([
      ['2026-02-10', 7.1, '%', 7.1],
      ['2026-08-10', 7.4, '%', 7.4],
    ]);
    expect(found.lastEvidence).toBe('2026-08-10');
  });

  test('an unusable result never fires and is reported', () => {
    const found = evaluate('DM-LAB', [a1c('2026-02-10', 7.1), { ...a1c('2026-08-10', 7.4), unit: null }]);
    expect(found.outcomes).toEqual({ V28: 'no_evidence' });
    expect(found.issues).toEqual([
      { code: '4548-4', valueSet: 'LAB_A1C', date: '2026-08-10', reason: 'no unit' },
    ]);
  });

  test('without the feed the rule is not evaluable, never passed', () => {
    const found = evaluate('DM-LAB', [], { missingFeeds: new Set(['observations']) });
    expect(found.outcomes).toEqual({ V28: 'not_evaluable' });
    expect(found.missing).toEqual(['observations']);
  });

  test('an exclusion whose feed is missing is named as unchecked', () => {
    const rna = (date: string) => observation({ date, code: '11011-4', text: 'Detected' });
    const found = evaluate('HCV-RNA', [rna('2025-09-10'), rna('2026-05-10')], {
      missingFeeds: new Set(['medications']),
    });
    expect(found.outcomes).toEqual({ V28: 'suspect' });
    expect(found.unchecked).toEqual([
      'direct-acting antiviral dispensed: cure expected, check sustained response',
    ]);
  });

  test('a review hides the suspect until newer evidence; a dismissal lapses with its service year', () => {
    const review = { ruleId: 'DM-LAB', by: 'coder', reason: 'not supported' } as const;
    const outcome = (status: 'dismissed' | 'ruled_out', date: string) =>
      evaluate('DM-LAB', firing, { reviews: [{ ...review, status, date }] }).outcomes.V28;
    expect(outcome('dismissed', '2026-09-01')).toBe('dismissed');
    expect(outcome('dismissed', '2026-07-01')).toBe('suspect');
    expect(outcome('dismissed', '2025-12-01')).toBe('suspect');
    expect(outcome('ruled_out', '2026-09-01')).toBe('dismissed');
  });

  test('a resolved condition rules out and never supports', () => {
    const diagnosis = (code: string, active: boolean): SuspectEvent => ({
      type: 'diagnosis',
      date: '2026-09-01',
      code,
      source: 'problem_list',
      encounterId: null,
      riskAdjustable: false,
      verification: null,
      active,
    });
    expect(evaluate('DM-CKD', [diagnosis('E119', false), diagnosis('N1831', true)]).outcomes.V28).toBe(
      'no_evidence',
    );
    expect(evaluate('DM-CKD', [diagnosis('E119', true), diagnosis('N1831', true)]).outcomes.V28).toBe(
      'suspect',
    );
    const kidney = (date: string) => observation({ date, code: '33914-3', value: 50, unit: 'mL/min/1.73m2' });
    expect(
      evaluate('CKD-3A', [kidney('2026-01-01'), kidney('2026-09-01'), diagnosis('N179', false)]).outcomes.V28,
    ).toBe('excluded');
  });
});

describe('switches', () => {
  test('eight rules are off until a tenant turns them on', () => {
    const on = rulesInForce(tables).map((rule) => rule.id);
    expect(tables.rules).toHaveLength(92);
    expect(on).toHaveLength(84);
    const enabledRules = { 'HIV-RNA': true, 'DM-LAB': false };
    const changed = rulesInForce(tables, { enabledRules }).map((rule) => rule.id);
    expect(changed).toContain('HIV-RNA');
    expect(changed).not.toContain('DM-LAB');
  });

  test("a tenant's own rule joins; drafts and retired rules never run", () => {
    const own = { ...ruleNamed('DM-LAB'), id: 'OWN-1' };
    const draft = { ...own, id: 'OWN-2', status: 'draft' as const };
    const ids = rulesInForce(tables, { extraRules: [own, draft], enabledRules: { 'OWN-2': true } }).map(
      (rule) => rule.id,
    );
    expect(ids).toContain('OWN-1');
    expect(ids).not.toContain('OWN-2');
  });
});

describe('rule files', () => {
  const good = {
    id: 'OWN-BMI',
    version: '1.0.0',
    status: 'active',
    default_enabled: true,
    sensitivity: null,
    title: 'own rule',
    kind: 'new_condition',
    targets: { V24: [], V28: [{ hcc: '48', label: 'Morbid Obesity' }] },
    candidate_codes: [{ icd10cm: 'E66.813', hcc: { V28: ['48'] } }],
    applicability: { min_age: 18, max_age: null, sex: null },
    evidence: {
      observation: {
        value_set: 'OBS_BMI',
        op: '>=',
        value: 45,
        unit: 'kg/m2',
        count: 2,
        min_span_days: 30,
        lookback_months: 12,
      },
    },
    exclusions: [],
    contradicted_by: [],
    suppression: { mode: 'hcc' },
    confidence: { tier: 'high', reason: 'two measurements' },
    references: [],
    compliance_caution: 'a measurement is not a diagnosis',
    auto_code: false,
  };
  const errorsOf = (rule: unknown) => {
    const answer = parseRuleFile({ rules: [rule] }, ruleVocabulary(tables));
    return answer.ok ? [] : answer.errors;
  };

  test('a good one is taken', () => {
    const answer = parseRuleFile({ rules: [good] }, ruleVocabulary(tables));
    expect(answer.ok && answer.rules[0]?.candidates).toEqual([{ code: 'E66813', hccs: { V28: ['48'] } }]);
  });

  test.each([
    ['auto_code', { ...good, auto_code: true }, '/rules/0/auto_code'],
    ['unknown field', { ...good, colour: 'red' }, '/rules/0'],
    ['no target', { ...good, targets: { V24: [], V28: [] } }, '/rules/0/targets'],
    ['unknown operator', { ...good, evidence: { smell: {} } }, '/rules/0/evidence/smell'],
    ['empty any', { ...good, evidence: { any: [] } }, '/rules/0/evidence/any'],
    [
      'unknown value set',
      { ...good, evidence: { observation: { ...good.evidence.observation, value_set: 'OBS_BIM' } } },
      '/rules/0/evidence/observation/value_set',
    ],
    [
      'foreign unit',
      { ...good, evidence: { observation: { ...good.evidence.observation, unit: 'lb/in2' } } },
      '/rules/0/evidence/observation/unit',
    ],
    [
      'count 0',
      { ...good, evidence: { all: [{ observation: { ...good.evidence.observation, count: 0 } }] } },
      '/rules/0/evidence/all/0/observation/count',
    ],
    [
      'after_evidence outside a contradiction',
      { ...good, evidence: { observation: { ...good.evidence.observation, after_evidence: true } } },
      '/rules/0/evidence/observation/after_evidence',
    ],
  ])('%s is refused at its place', (_name, rule, pointer) => {
    expect(errorsOf(rule).map((error) => error.pointer)).toEqual([pointer]);
  });

  test('a rule given twice, and a file without rules', () => {
    expect(parseRuleFile({ rules: [good, good] })).toEqual({
      ok: false,
      errors: [{ pointer: '/rules/1/id', message: 'rule OWN-BMI is there twice' }],
    });
    expect(parseRuleFile([]).ok).toBe(false);
  });

  test('a bad case names its places', () => {
    const reference = { suspecting: tables, models: new Map() };
    const answer = evaluateCase(reference, {
      id: 'x',
      rule_id: 'DM-LAB',
      as_of: '2026-13-01',
      patient: { birth_date: '1950-01-01', sex: 'X', events: [] },
    });
    expect(answer.ok ? [] : answer.errors.map((error) => error.pointer)).toEqual(['/as_of', '/patient/sex']);
    const unknown = evaluateCase(reference, {
      id: 'y',
      rule_id: 'NO-SUCH',
      as_of: '2026-11-23',
      patient: { birth_date: '1950-01-01', sex: 'F', events: [] },
    });
    expect(unknown).toEqual({
      ok: false,
      id: 'y',
      errors: [{ pointer: '/rule_id', code: 'unknown_rule', message: 'rule NO-SUCH is not in the library' }],
    });
  });
});

describe('a rule in words', () => {
  test('states evidence, exclusions, switch, citations and review status', () => {
    const words = describeRule(tables, ruleNamed('CKD-3B'));
    expect(words.firesWhen).toBe(
      'highest Estimated GFR per 1.73 m2 of at least 30 below 45 mL/min/1.73m2 over results at least 90 days apart, in the last 24 months',
    );
    expect(words.ruledOutBy[0]).toContain('acute kidney injury in the last 4 months');
    expect(words.defaultEnabled).toBe(true);
    expect(words.clinicalReviewStatus).toBe('reviewed_by_software_author_not_certified');
    expect(words.citations.length).toBeGreaterThan(0);
    expect(words.appliesTo).toBe('everyone aged 18 or older');
  });

  test('every rule of the library can be described', () => {
    for (const rule of tables.rules) expect(describeRule(tables, rule).firesWhen).not.toContain('undefined');
  });
});
