import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Comparison, compareRequests } from '../../src/engine/compare.ts';
import type { CoveragePeriod } from '../../src/engine/history.ts';
import { scoreMemberMonths } from '../../src/engine/member-months.ts';
import type { ScoreRequest } from '../../src/engine/score-contract.ts';
import { loadReference } from '../../src/reference/load.ts';

const reference = loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));
const v28 = reference.models.get('cms-hcc-v28')?.years.get(2026)?.mapping;
const codes = [...(v28?.keys() ?? [])];

const sides = fc.record({
  model: fc.constantFrom('cms-hcc-v24' as const, 'cms-hcc-v28' as const, 'esrd-v24' as const, null),
  paymentYear: fc.constantFrom(2024, 2025, 2026, 2027),
  dualStatus: fc.constantFrom('00', '01', '02'),
  institutional: fc.boolean(),
  newEnrollee: fc.boolean(),
  diagnoses: fc.array(fc.constantFrom(...codes), { maxLength: 8 }),
});
const person = fc.record({
  sex: fc.constantFrom('F' as const, 'M' as const),
  age: fc.integer({ min: 30, max: 96 }),
  originalEntitlement: fc.constantFrom('0', '1'),
});

function toRequest(
  { diagnoses, model, paymentYear, ...status }: typeof sides extends fc.Arbitrary<infer T> ? T : never,
  who: typeof person extends fc.Arbitrary<infer T> ? T : never,
): ScoreRequest {
  return {
    id: null,
    model,
    program: 'ma',
    paymentYear,
    diagnoses,
    drugs: [],
    procedures: [],
    member: {
      ...who,
      ...status,
      birthDate: null,
      currentEntitlement: null,
      snp: 'none',
      lowIncome: false,
      esrd: model === 'esrd-v24' ? { status: 'graft', monthsSinceTransplant: 5 } : null,
      partD: null,
      metal: null,
      enrollmentMonths: null,
      csr: null,
    },
  };
}

const milli = (value: number): number => Math.round(value * 1000);

test('factors add up to the raw difference and parts to the payment difference', () => {
  let compared = 0;
  fc.assert(
    fc.property(sides, sides, person, (a, b, who) => {
      const answer = compareRequests(reference, toRequest(a, who), toRequest(b, who));
      if (!answer.ok) return;
      compared++;
      const { comparison }: { comparison: Comparison } = answer;
      const sum = (list: readonly { readonly difference: number }[]): number =>
        list.reduce((total, { difference }) => total + milli(difference), 0);
      expect(sum(comparison.factors)).toBe(milli(comparison.difference.raw));
      if (comparison.difference.payment !== null) {
        expect(sum(comparison.payment)).toBe(milli(comparison.difference.payment));
      }
    }),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(50);
});

test('a year of one status is the score of that status; order of periods carries no meaning', () => {
  const status = fc.record({
    dualStatus: fc.constantFrom('00', '02'),
    institutional: fc.boolean(),
    from: fc.constantFrom('2025-06-01', '2026-01-01', '2026-03-15', '2026-08-01'),
    to: fc.constantFrom('2026-05-31', '2026-09-30', null),
  });
  fc.assert(
    fc.property(fc.array(status, { minLength: 1, maxLength: 4 }), (statuses) => {
      const coverage = statuses.map(
        (each): CoveragePeriod => ({
          program: 'ma',
          contractId: null,
          planId: null,
          originalEntitlement: '0',
          currentEntitlement: null,
          newEnrollee: false,
          snp: 'none',
          lowIncome: false,
          partD: 'none',
          esrd: null,
          hospice: false,
          switcher: false,
          ...each,
        }),
      );
      const of = (periods: readonly CoveragePeriod[]) => {
        const outcome = scoreMemberMonths(reference, {
          history: {
            memberId: 'INVENTED-2',
            birthDate: '1949-05-05',
            sex: 'M',
            deathDate: null,
            coverage: periods,
            encounters: [],
            conditions: [],
            observations: null,
            medications: null,
            procedures: null,
            appointments: [],
          },
          paymentYear: 2026,
          diagnoses: ['I50.22'],
          model: 'cms-hcc-v28',
        });
        if (!outcome.ok) throw new Error(outcome.error.message);
        return outcome.value;
      };
      const result = of(coverage);
      expect(of([...coverage].reverse())).toEqual(result);
      const paid = result.months.filter(({ rawScore }) => rawScore !== null);
      expect(paid).toHaveLength(result.memberMonths);
      const [only, second] = result.statuses;
      if (only && !second) expect(result.rawScore).toBe(only.score.rawScore);
      const sum = paid.reduce((total, { rawScore }) => total + milli(rawScore ?? 0), 0);
      if (result.rawScore !== null) {
        expect(Math.abs(milli(result.rawScore) * paid.length - sum)).toBeLessThanOrEqual(paid.length / 2);
      }
    }),
    { numRuns: 60 },
  );
});
