import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Comparison, compareRequests, compareTotals } from '../../src/engine/compare.ts';
import type { ScoreMember, ScoreRequest } from '../../src/engine/score-contract.ts';
import { loadReference } from '../../src/reference/load.ts';

const reference = loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));

function request(
  change: Partial<Pick<ScoreRequest, 'model' | 'program' | 'paymentYear' | 'diagnoses'>> = {},
  member: Partial<ScoreMember> = {},
): ScoreRequest {
  return {
    id: 'invented',
    model: 'cms-hcc-v28',
    program: null,
    paymentYear: 2026,
    diagnoses: [],
    drugs: [],
    procedures: [],
    ...change,
    member: {
      sex: 'F',
      birthDate: null,
      age: 76,
      originalEntitlement: '0',
      currentEntitlement: '0',
      dualStatus: '00',
      institutional: false,
      newEnrollee: false,
      snp: 'none',
      lowIncome: false,
      esrd: null,
      partD: null,
      metal: null,
      enrollmentMonths: null,
      csr: null,
      ...member,
    },
  };
}

function compare(a: ScoreRequest, b: ScoreRequest): Comparison {
  const answer = compareRequests(reference, a, b);
  if (!answer.ok) throw new Error(`${answer.side}: ${answer.error.message}`);
  return answer.comparison;
}

const moved = (comparison: Comparison) =>
  comparison.factors
    .filter(({ difference }) => difference !== 0)
    .map(({ variable, difference, reason, why }) => `${variable} ${difference} ${reason}: ${why}`);

describe('comparison of two scores', () => {
  test('the same request twice differs in nothing', () => {
    const result = compare(request({ diagnoses: ['E11.22'] }), request({ diagnoses: ['E11.22'] }));
    expect(result.difference).toEqual({ raw: 0, payment: 0 });
    expect(new Set(result.factors.map(({ reason }) => reason))).toEqual(new Set(['same']));
  });

  test('a code that maps only from the later year is gained', () => {
    const codes = { diagnoses: ['G35.A'] };
    const result = compare(
      request({ ...codes, paymentYear: 2025 }),
      request({ ...codes, paymentYear: 2026 }),
    );
    expect(moved(result)).toEqual([
      'HCC198 0.647 code_gained: G35.A: in a G35.A is not valid (billable on no date of the service year)',
    ]);
  });

  test('a higher category takes a lower one away', () => {
    const result = compare(request({ diagnoses: ['E11.9'] }), request({ diagnoses: ['E11.9', 'E11.22'] }));
    expect(moved(result)).toEqual([
      'HCC38 -0.166 hierarchy: in b dropped by HCC 37',
      'HCC37 0.166 code_gained: E11.22: in a is not reported',
    ]);
    expect(result.difference.raw).toBe(0);
  });

  test('another segment changes coefficients and cells', () => {
    const codes = { diagnoses: ['I50.22'] };
    const result = compare(request(codes), request(codes, { dualStatus: '02' }));
    expect(moved(result)).toEqual([
      'F75_79 0.131 coefficient: segment CNA -> CFA',
      'HCC226 0.046 coefficient: segment CNA -> CFA',
    ]);
  });

  test('another model: each HCC stands for itself and says what the code is on the other side', () => {
    const codes = { diagnoses: ['I50.22'], paymentYear: 2025 };
    const result = compare(request({ ...codes, model: 'cms-hcc-v24' }), request(codes));
    expect(moved(result)).toEqual([
      'F75_79 0.014 coefficient: cms-hcc-v24 and cms-hcc-v28 weigh it differently',
      'HCC85 -0.331 model: I50.22: in cms-hcc-v28 is HCC226',
      'HCC226 0.36 model: I50.22: in cms-hcc-v24 is HCC85',
    ]);
  });

  test('interactions and counts are told apart', () => {
    const five = ['E11.22', 'I50.22', 'J44.9', 'I48.91'];
    const result = compare(request({ diagnoses: five }), request({ diagnoses: [...five, 'F33.1'] }));
    expect(moved(result).map((line) => line.replace(/:.*/, ''))).toEqual([
      'HCC155 0.299 code_gained',
      'D5 0.05 count',
    ]);
  });

  test('payment moves by raw score, normalization and coding adjustment, which add up', () => {
    const codes = { diagnoses: ['E11.22', 'G35.A'] };
    const result = compare(
      request({ ...codes, paymentYear: 2026 }),
      request({ ...codes, paymentYear: 2027 }),
    );
    expect(result.difference.raw).toBe(0);
    expect(result.payment.map(({ part, why }) => `${part}: ${why}`)).toEqual([
      'raw: raw score 1.278 -> 1.278',
      'normalization: normalization factor 1.067 -> 1.079',
      'codingAdjustment: coding adjustment 0.059 -> 0.059',
    ]);
    expect(result.payment[1]?.difference).toBe(result.difference.payment);
  });

  test('a blend against one model leaves the rest to the blend', () => {
    const codes = { diagnoses: ['E11.22'], model: null, program: 'ma' as const };
    const result = compare(
      request({ ...codes, paymentYear: 2025 }),
      request({ ...codes, paymentYear: 2026 }),
    );
    expect(result.payment.map(({ part }) => part)).toEqual([
      'raw',
      'normalization',
      'codingAdjustment',
      'blend',
    ]);
  });

  test('a side that cannot be scored is named', () => {
    const answer = compareRequests(reference, request(), request({ paymentYear: 2031 }));
    expect(answer.ok ? null : answer.side).toBe('b');
  });

  test('totals of a list add up by reason', () => {
    const gain = compare(request(), request({ diagnoses: ['I50.22'] }));
    const dual = compare(request(), request({}, { dualStatus: '02' }));
    expect(compareTotals([gain, dual])).toEqual({
      members: 2,
      raw: 0.491,
      payment: expect.any(Number),
      byReason: { code_gained: 0.36, coefficient: 0.131 },
    });
  });
});
