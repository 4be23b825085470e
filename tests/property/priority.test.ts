import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PRIORITY_WEIGHTS,
  type PriorityContext,
  priorityParts,
  weightFault,
} from '../../src/analysis/priority.ts';
import type { Gap } from '../../src/engine/analysis-contract.ts';
import { addDays } from '../../src/engine/dates.ts';
import { PRIORITY_PARTS, packPart, unpackPart } from '../../src/store/priority-parts.ts';

type Ordered = Pick<Gap, 'impact' | 'direction' | 'confidence' | 'act'>;

const ASOF = '2026-11-23';
const date = fc.integer({ min: -400, max: 700 }).map((days) => addDays(ASOF, days));
const thousandths = fc.integer({ min: 0, max: 4000 });
const adds = fc.constantFrom('add', 'refine', 'link', 'question');
const confidence = fc.constantFrom('high', 'medium', 'low');
const context: fc.Arbitrary<PriorityContext> = fc.record({
  asOf: fc.constant(ASOF),
  nextAppointment: fc.option(date, { nil: null }),
  foundOn: date,
});

function gap(worth: number | null, direction: Gap['direction'], rest: Partial<Ordered> = {}): Ordered {
  const impact =
    worth === null
      ? null
      : { standalone: worth / 1000, incremental: worth / 1000, shapley: worth / 1000, payment: null };
  return { impact, direction, confidence: 'low', act: { by: null, who: 'coder' }, ...rest };
}

const weights = fc
  .record({
    impact: fc.integer({ min: 0, max: 5000 }),
    deadline: fc.integer({ min: 0, max: 500 }),
    confidence: fc.integer({ min: 0, max: 500 }),
    visitSoon: fc.integer({ min: 0, max: 500 }),
    findingAge: fc.integer({ min: 0, max: 500 }),
    above: fc.integer({ min: 1, max: 500 }),
  })
  .map(({ above, ...rest }) => ({
    ...rest,
    complianceFirst: rest.deadline + rest.confidence + rest.visitSoon + rest.findingAge + above,
  }));

describe('the order of a worklist', () => {
  test('a delete never sorts below an add of equal absolute impact, whatever is said for the add', () => {
    fc.assert(
      fc.property(
        weights,
        thousandths,
        adds,
        confidence,
        confidence,
        context,
        context,
        fc.option(date, { nil: null }),
        (chosen, worth, direction, high, low, ofAdd, ofDelete, by) => {
          expect(weightFault(chosen)).toBeNull();
          const add = gap(worth, direction, { confidence: high, act: { by, who: 'coder' } });
          const remove = gap(-worth, 'delete', { confidence: low });
          expect(priorityParts(remove, ofDelete, chosen).total).toBeGreaterThan(
            priorityParts(add, ofAdd, chosen).total,
          );
        },
      ),
    );
  });

  test('the total is the sum of the parts, each its value times its weight', () => {
    fc.assert(
      fc.property(
        weights,
        fc.option(thousandths, { nil: null }),
        fc.constantFrom('add' as const, 'delete' as const),
        context,
        (chosen, worth, direction, at) => {
          const { parts, total } = priorityParts(gap(worth, direction), at, chosen);
          expect(parts.map(({ name }) => name)).toEqual(PRIORITY_PARTS);
          expect(parts.map(packPart).map(unpackPart)).toEqual(parts);
          expect(parts.map(unpackPart)).toEqual(parts);
          expect(total).toBe(parts.reduce((sum, { points }) => sum + points, 0));
          for (const part of parts) {
            expect(Number.isInteger(part.points)).toBe(true);
            expect(part.points).toBe(Math.round((Math.round(part.value * 1000) * part.weight) / 1000));
            expect(part.weight).toBe(chosen[part.name]);
            expect(part.why).not.toBe('');
          }
        },
      ),
    );
  });

  test('more absolute impact, an earlier date, a nearer visit and more confidence never sort lower', () => {
    fc.assert(
      fc.property(thousandths, thousandths, date, date, confidence, (a, b, one, two, level) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        const [early, late] = one < two ? [one, two] : [two, one];
        const at = (nextAppointment: string | null) => ({ asOf: ASOF, nextAppointment, foundOn: ASOF });
        const of = (worth: number, by: string) =>
          gap(worth, 'add', { confidence: level, act: { by, who: 'coder' } });
        const total = (item: Ordered, visit: string | null = null) => priorityParts(item, at(visit)).total;
        expect(total(of(large, early))).toBeGreaterThanOrEqual(total(of(small, early)));
        expect(total(of(small, early))).toBeGreaterThanOrEqual(total(of(small, late)));
        if (early >= ASOF) {
          expect(total(of(small, early), early)).toBeGreaterThanOrEqual(total(of(small, early), late));
        }
        expect(total(gap(small, 'add', { confidence: 'high' }))).toBeGreaterThanOrEqual(
          total(gap(small, 'add', { confidence: level })),
        );
      }),
    );
  });

  test('an example by hand', () => {
    const { parts, total } = priorityParts(
      gap(360, 'add', { confidence: 'medium', act: { by: '2026-12-31', who: 'provider' } }),
      { asOf: ASOF, nextAppointment: '2026-12-04', foundOn: '2026-10-01' },
    );
    // 360 of impact; 5 whole weeks of 26 left: 40 x 0.808; medium: 30 x 0.5; 11 of 60 days: 20 x 0.817; 7 weeks: 10 x 0.269.
    expect(parts.map(({ points }) => points)).toEqual([0, 360, 32, 15, 16, 3]);
    expect(total).toBe(426);
  });

  test('weights that would let an add pass a delete of its size are refused in words', () => {
    expect(weightFault(DEFAULT_PRIORITY_WEIGHTS)).toBeNull();
    expect(weightFault({ ...DEFAULT_PRIORITY_WEIGHTS, complianceFirst: 100 })).toContain('together (100)');
  });
});
