import { describe, expect, test } from 'vitest';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import type { SuspectSelection } from '../../src/engine/suspects/evaluate.ts';
import type { SuspectReview } from '../../src/engine/suspects/events.ts';
import { analyze, gapOf, reference, visit } from './support/invented-member.ts';

describe('clinical suspects', () => {
  const lab = (date: string, value: number) => ({
    code: '33914-3',
    system: 'loinc',
    date,
    value,
    unit: 'mL/min/{1.73_m2}',
    status: 'final',
  });
  const now = { paymentYear: 2027 };
  const kidney = {
    encounters: [visit('2026-02-10', ['I10'])],
    observations: [lab('2026-01-05', 38), lab('2026-05-25', 40)],
  };

  test('a question on the prospective list, with the results that fired it', () => {
    const gap = gapOf(analyze(kidney, now), 'clinical_suspect', '328');
    expect(gap).toMatchObject({
      status: 'open',
      list: 'prospective',
      direction: 'question',
      confidence: 'high',
      ruleId: 'CKD-3B',
      act: { by: '2026-12-31', who: 'provider' },
      candidateCodes: [{ code: 'N18.32', hcc: '328' }],
    });
    expect(gap.evidence.map(({ date, value, unit }) => [date, value, unit])).toEqual([
      ['2026-01-05', 38, 'mL/min/{1.73_m2}'],
      ['2026-05-25', 40, 'mL/min/{1.73_m2}'],
    ]);
    expect(gap.explanation).toContain('acute kidney injury in the last 4 months');
    expect(gap.impact?.standalone).toBe(0.127);
  });

  test('history in the look-back makes it a recapture, not a suspect', () => {
    const encounters = [visit('2025-03-10', ['N18.32'])];
    const kinds = analyze({ ...kidney, encounters }, now).gaps.map(({ kind, hcc }) => `${kind} ${hcc}`);
    expect(kinds).toContain('recapture 328');
    expect(kinds).not.toContain('clinical_suspect 328');
  });

  test('nothing once the service year is over, nor for a member who has left', () => {
    const kinds = (analysis: Analysis) => analysis.gaps.map(({ kind }) => kind);
    expect(kinds(analyze(kidney, { paymentYear: 2027, asOf: '2027-02-01' }))).not.toContain(
      'clinical_suspect',
    );
    const coverage = [{ program: 'ma', from: '2022-01-01', to: '2026-06-30', dualStatus: '00' }];
    expect(kinds(analyze({ ...kidney, coverage }, now))).not.toContain('clinical_suspect');
  });

  test('without the laboratory feed the rules that need it are named', () => {
    const analysis = analyze({ encounters: kidney.encounters, observations: null }, now);
    expect(analysis.notEvaluable).toContainEqual({ test: 'CKD-3B', hcc: '328', missing: ['observations'] });
    expect(analysis.gaps.filter(({ kind }) => kind === 'clinical_suspect')).toEqual([]);
  });

  test('a rule that is off by default does not run', () => {
    const observations = [
      {
        code: '20447-9',
        system: 'loinc',
        date: '2026-05-01',
        value: 5000,
        unit: 'copies/mL',
        status: 'final',
      },
    ];
    expect(analyze({ encounters: [], observations }, now).gaps).toEqual([]);
  });

  test('a tenant may turn it on, bring a rule, and have a decision respected', () => {
    const observations = [
      {
        code: '20447-9',
        system: 'loinc',
        date: '2026-05-01',
        value: 5000,
        unit: 'copies/mL',
        status: 'final',
      },
    ];
    const kinds = (suspecting: SuspectSelection) =>
      analyze({ encounters: [], observations }, { ...now, suspecting }).gaps.map(({ ruleId }) => ruleId);
    const enabledRules = { 'HIV-RNA': true };
    expect(kinds({ enabledRules })).toEqual(['HIV-RNA']);
    const review = {
      ruleId: 'HIV-RNA',
      status: 'ruled_out',
      date: '2026-06-01',
      by: 'A. Sample',
      reason: null,
    };
    expect(kinds({ enabledRules, reviews: [review as SuspectReview] })).toEqual([]);
    const library = reference.suspecting.rules.find(({ id }) => id === 'HIV-RNA');
    if (library === undefined) throw new Error('rule not found');
    expect(kinds({ extraRules: [{ ...library, id: 'OWN-1', defaultEnabled: true }] })).toEqual(['OWN-1']);
  });

  test('a target that cannot be told from another shows no worth', () => {
    const medications = ['2026-02-01', '2026-05-01'].map((date) => ({
      ingredient: 'vedolizumab',
      date,
      source: 'fill',
    }));
    const gap = gapOf(analyze({ encounters: [], medications }, now), 'clinical_suspect', '81');
    expect(gap.impact).toBeNull();
    expect(gap.explanation).toContain('cannot tell HCC 80 and 81 apart');
  });
});
