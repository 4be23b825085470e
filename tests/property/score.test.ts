import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { impactOf } from '../../src/engine/attribution.ts';
import { applyHierarchies } from '../../src/engine/hierarchies.ts';
import type { CompiledModel } from '../../src/engine/model.ts';
import { codedThousandths } from '../../src/engine/payment.ts';
import { prepareScorer } from '../../src/engine/score.ts';
import type { ScoreMember } from '../../src/engine/score-contract.ts';
import { scoreRequest } from '../../src/engine/score-request.ts';
import { divideRounded } from '../../src/engine/thousandths.ts';
import { person, reference, request } from '../golden/medicare-vectors.ts';

const v28 = reference.models.get('cms-hcc-v28') as CompiledModel;
const codes = [...(v28.years.get(2027)?.mapping.keys() ?? [])];
const someCodes = fc.array(fc.constantFrom(...codes, 'Z0000', 'NONSENSE', ''), { maxLength: 14 });
const someMember: fc.Arbitrary<ScoreMember> = fc
  .record({
    sex: fc.constantFrom('F' as const, 'M' as const),
    age: fc.integer({ min: 0, max: 104 }),
    originalEntitlement: fc.constantFrom('0', '1', '2', '3', null),
    dualStatus: fc.constantFrom('00', '01', '02', '08', 'NA', '99', null),
    institutional: fc.boolean(),
    newEnrollee: fc.boolean(),
    snp: fc.constantFrom('none' as const, 'cSnp' as const),
  })
  .map((fields) => person(fields));

function answer(diagnoses: readonly string[], member: ScoreMember, paymentYear = 2027) {
  const scored = scoreRequest(reference, request({ paymentYear, member, diagnoses }));
  if (!scored.ok) throw new Error(scored.error.message);
  return scored.result;
}

describe('laws of a score', () => {
  test('order, repetition and spelling of diagnoses change nothing', () => {
    fc.assert(
      fc.property(someCodes, someMember, fc.infiniteStream(fc.nat()), (diagnoses, member, picks) => {
        const shuffled = [...diagnoses, ...diagnoses.slice(0, 3)]
          .map((code) => ({ code: ` ${code.toLowerCase()} `, at: picks.next().value }))
          .sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
          .map(({ code }) => code);
        expect(answer(shuffled, member)).toEqual(answer(diagnoses, member));
      }),
      { numRuns: 150 },
    );
  });

  test('factors add up to the raw score', () => {
    fc.assert(
      fc.property(
        someCodes,
        someMember,
        fc.constantFrom(2024, 2025, 2026, 2027),
        (diagnoses, member, year) => {
          const result = answer(diagnoses, member, year);
          for (const part of result.models ?? [result]) {
            const sum = part.factors.reduce((total, { value }) => total + Math.round(value * 1000), 0);
            expect(Math.round(part.rawScore * 1000)).toBe(sum);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a code whose every HCC is dropped already adds nothing', () => {
    const edges = [...v28.hierarchy.edges].filter(({ hcc }) => hcc !== '223' && hcc !== '62');
    const codeOf = (hcc: string): string =>
      [...(v28.years.get(2027)?.mapping ?? [])].find(
        ([, hccs]) => hccs.length === 1 && hccs[0] === hcc,
      )?.[0] ?? '';
    fc.assert(
      fc.property(fc.constantFrom(...edges), someMember, ({ hcc, drops }, member) => {
        const parent = codeOf(hcc);
        const child = codeOf(drops);
        fc.pre(parent !== '' && child !== '' && member.age !== null && member.age > 20 && member.age < 50);
        expect(answer([parent, child], member).rawScore).toBe(answer([parent], member).rawScore);
      }),
    );
  });

  test('the score of a set alone equals the score with its factors', () => {
    const hccs = [...v28.labels.keys()];
    fc.assert(
      fc.property(fc.subarray(hccs, { maxLength: 12 }), someMember, (present, member) => {
        const scorer = prepareScorer(v28, { paymentYear: 2027, member });
        if (!scorer.ok) throw new Error(scorer.error.message);
        expect(scorer.value.rawThousandths(present)).toBe(scorer.value.score(present).rawThousandths);
      }),
    );
  });

  test('both hierarchy orders leave the same HCCs unless 62, 63 and 202 meet', () => {
    fc.assert(
      fc.property(fc.subarray([...v28.labels.keys()], { maxLength: 20 }), (present) => {
        fc.pre(!['62', '63', '202'].every((hcc) => present.includes(hcc)));
        const inTurn = new Set(present);
        const atOnce = new Set(present);
        applyHierarchies(v28.hierarchy, 'sequential', inTurn);
        applyHierarchies(v28.hierarchy, 'simultaneous', atOnce);
        expect(atOnce).toEqual(inTurn);
      }),
    );
  });
});

describe('laws of impact', () => {
  const hccs = [...v28.labels.keys()];
  test('shares add up to the joint change; a candidate without effect gets nothing', () => {
    fc.assert(
      fc.property(
        someCodes,
        someMember,
        fc.uniqueArray(fc.constantFrom(...hccs), { minLength: 1, maxLength: 11 }),
        (diagnoses, member, gaps) => {
          const scorer = prepareScorer(v28, { paymentYear: 2027, member });
          if (!scorer.ok) throw new Error(scorer.error.message);
          const base = diagnoses.flatMap((code) => v28.years.get(2027)?.mapping.get(code) ?? []);
          const worth = impactOf(
            [...gaps.map((hcc) => ({ id: hcc, hcc })), { id: 'nothing', hcc: null }],
            (chosen) => {
              const added = gaps.filter((_, index) => chosen.has(index));
              const raw = scorer.value.rawThousandths([...base, ...added]);
              return { raw, payment: codedThousandths(raw, 1079, 59) };
            },
          );
          const total = worth.gaps.reduce((sum, { shapley }) => sum + shapley.raw, 0);
          const paid = worth.gaps.reduce((sum, { shapley }) => sum + (shapley.payment ?? 0), 0);
          expect(Math.abs(total - worth.joint.raw)).toBeLessThan(1e-6);
          expect(Math.abs(paid - (worth.joint.payment ?? 0))).toBeLessThan(1e-6);
          expect(worth.gaps.at(-1)?.shapley).toEqual({ raw: 0, payment: 0 });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('rounding', () => {
  test('half away from zero, exact on decimals', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -10_000_000, max: 10_000_000 }),
        fc.integer({ min: 1, max: 5000 }),
        (n, d) => {
          const exact = BigInt(Math.abs(n)) * 2n + BigInt(d);
          const rounded = Number(exact / (2n * BigInt(d)));
          expect(divideRounded(n, d)).toBe(n < 0 ? -rounded || 0 : rounded);
        },
      ),
    );
  });
});
