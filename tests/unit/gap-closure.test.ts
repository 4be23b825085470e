import { describe, expect, test } from 'vitest';
import { closureOf } from '../../src/analysis/closure.ts';
import type { Analysis, Gap, NotGap } from '../../src/engine/analysis-contract.ts';
import type { ScoreResult } from '../../src/engine/score-contract.ts';

const score = (fields: Partial<ScoreResult> = {}): ScoreResult => ({
  id: null,
  model: 'cms-hcc-v28',
  paymentYear: 2027,
  segment: 'CNA',
  hccsBeforeHierarchy: [],
  hccs: [],
  dropped: [],
  paymentHccCount: 0,
  factors: [],
  rawScore: 0.5,
  payment: null,
  unmapped: [],
  pending: [],
  invalid: [],
  assumptions: [],
  provenance: [],
  ...fields,
});

const gap = (fields: Partial<Gap> = {}): Gap => ({
  gapId: 'g1',
  kind: 'recapture',
  status: 'open',
  subKind: null,
  reasons: [],
  flags: [],
  list: 'prospective',
  direction: 'add',
  model: 'cms-hcc-v28',
  hcc: '226',
  hccLabel: 'made up',
  dosYear: 2026,
  candidateCodes: [{ code: 'I50.22', description: 'made up', hcc: '226' }],
  persistenceClass: 'chronic',
  evidence: [],
  encounterLink: null,
  impact: null,
  confidence: 'high',
  ruleId: 'made.up',
  act: { by: null, who: 'provider' },
  explanation: 'made up',
  ...fields,
});

const analysis = (current: ScoreResult | null, fields: Partial<Analysis> = {}): Analysis => ({
  memberId: 'm',
  paymentYear: 2027,
  dosYear: 2026,
  asOf: '2026-11-23',
  yearState: 'prospective_open',
  raf: { current, ifAllClosed: current },
  gaps: [],
  notGaps: [],
  unspecified: [],
  notEvaluable: [],
  encounters: [],
  ...fields,
});

const notGap = (reason: string, code = 'I50.22', hcc: string | null = '226'): NotGap => ({
  hcc,
  code,
  reason,
  explanation: 'made up',
});

describe('where a gap went that is no longer found', () => {
  test('its HCC is captured by an eligible record', () => {
    expect(closureOf(gap(), analysis(score({ hccs: ['226'] })))).toEqual({
      status: 'captured',
      reason: 'eligible_record',
    });
  });

  test('its HCC is captured and dropped by a higher one', () => {
    const current = score({ hccs: ['224'], dropped: [{ hcc: '226', droppedBy: '224' }] });
    expect(closureOf(gap(), analysis(current))).toEqual({ status: 'superseded', reason: 'hcc_224_captured' });
  });

  test.each([
    ['closed_same', 'captured'],
    ['closed_equivalent', 'captured'],
    ['closed_higher', 'superseded'],
    ['year_closed', 'expired'],
    ['resolved', 'withdrawn'],
    ['assessed_not_present', 'withdrawn'],
    ['state_changed', 'withdrawn'],
    ['member_inactive', 'withdrawn'],
    ['model_lost', 'withdrawn'],
  ])('the analysis says %s: %s, for that reason', (reason, status) => {
    expect(closureOf(gap(), analysis(score(), { notGaps: [notGap(reason)] }))).toEqual({ status, reason });
  });

  test("what is said of the gap's own code goes before what is said of its HCC", () => {
    const notGaps = [notGap('resolved', 'I27.20'), notGap('closed_higher', 'I50.22')];
    expect(closureOf(gap(), analysis(score(), { notGaps })).status).toBe('superseded');
    expect(
      closureOf(gap(), analysis(score(), { notGaps: [notGap('resolved', 'I50.22', '85')] })).reason,
    ).toBe('evidence_gone');
  });

  test('nothing is said: the evidence was voided', () => {
    expect(closureOf(gap(), analysis(score()))).toEqual({ status: 'withdrawn', reason: 'evidence_gone' });
    expect(closureOf(gap(), analysis(null))).toEqual({ status: 'withdrawn', reason: 'evidence_gone' });
  });

  test('nothing is said in a closed year: it expired', () => {
    expect(closureOf(gap(), analysis(score(), { yearState: 'delete_only' }))).toEqual({
      status: 'expired',
      reason: 'year_closed',
    });
  });

  test('a refinement is captured by its more specific code, not by the HCC that the vague one has too', () => {
    const refine = gap({ direction: 'refine', kind: 'specificity' });
    const vague = score({
      hccs: ['226'],
      factors: [{ variable: 'HCC226', kind: 'hcc', value: 0.36, diagnoses: ['I50.9'] }],
    });
    const precise = score({
      hccs: ['226'],
      factors: [{ variable: 'HCC226', kind: 'hcc', value: 0.36, diagnoses: ['I50.22', 'I50.9'] }],
    });
    expect(closureOf(refine, analysis(vague))).toEqual({ status: 'withdrawn', reason: 'evidence_gone' });
    expect(closureOf(refine, analysis(precise))).toEqual({ status: 'captured', reason: 'eligible_record' });
  });

  test('in a blend the part of the gap decides', () => {
    const v24 = { ...score({ model: 'cms-hcc-v24', hccs: ['85'] }), blendWeight: 0.33 };
    const v28 = { ...score(), blendWeight: 0.67 };
    const current = score({ hccs: ['226'], models: [v24, v28] });
    expect(closureOf(gap(), analysis(current)).status).toBe('withdrawn');
    expect(closureOf(gap({ model: 'cms-hcc-v24', hcc: '85' }), analysis(current)).status).toBe('captured');
  });

  test('a doubtful diagnosis is never called captured', () => {
    const doubtful = gap({ kind: 'over_coding', direction: 'delete' });
    expect(closureOf(doubtful, analysis(score()))).toEqual({
      status: 'withdrawn',
      reason: 'no_longer_submitted',
    });
    expect(closureOf(doubtful, analysis(score({ hccsBeforeHierarchy: ['226'], hccs: ['226'] })))).toEqual({
      status: 'withdrawn',
      reason: 'test_no_longer_hit',
    });
  });
});
