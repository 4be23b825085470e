import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedPrevalence, ratioOf } from '../../src/analytics/expected-prevalence.ts';

const stratum = (ageBand: string, hcc: string | null, members: number, sex = 'F') => ({
  model: 'cms-hcc-v28',
  segment: 'CNA',
  sex,
  ageBand,
  hcc,
  members,
});

describe('coded against expected prevalence', () => {
  test("the reference's rates of each stratum are applied to the members of the population", () => {
    const population = [stratum('65_69', null, 100), stratum('65_69', '37', 30), stratum('85_89', null, 50)];
    const reference = [
      stratum('65_69', null, 200),
      stratum('65_69', '37', 20),
      stratum('85_89', null, 10),
      stratum('85_89', '37', 4),
      stratum('85_89', '226', 5),
    ];
    // 100 x 20/200 + 50 x 4/10 = 30; 50 x 5/10 = 25.
    expect(expectedPrevalence(population, reference)).toMatchObject([
      { hcc: '37', numerator: 30, denominator: 150, expected: 30, rate: 0.2, ratio: 1, flag: null },
      { hcc: '226', numerator: 0, denominator: 150, expected: 25, ratio: 0, low: 0, flag: 'low' },
    ]);
  });

  test('strata that the reference lacks are in neither figure, and counted', () => {
    const [found] = expectedPrevalence(
      [
        stratum('65_69', null, 40),
        stratum('65_69', '37', 20),
        stratum('70_74', null, 9),
        stratum('70_74', '37', 9),
      ],
      [stratum('65_69', null, 10), stratum('65_69', '37', 2)],
    );
    expect(found).toMatchObject({
      numerator: 20,
      denominator: 40,
      expected: 8,
      uncovered: 9,
      ratio: 2.5,
      flag: 'high',
    });
  });

  test('a small sample is said and not flagged; an HCC that nobody of the reference has gives no ratio', () => {
    const rows = expectedPrevalence(
      [stratum('65_69', null, 29), stratum('65_69', '37', 29), stratum('65_69', '48', 1)],
      [stratum('65_69', null, 100), stratum('65_69', '37', 10)],
    );
    expect(rows).toMatchObject([
      { hcc: '37', smallSample: true, flag: null },
      { hcc: '48', expected: 0, ratio: null, low: null, high: null },
    ]);
  });

  test("Byar's limits: 10 observed against 10", () => {
    expect(ratioOf(10, 10)).toEqual({ ratio: 1, low: 0.479, high: 1.839 });
    expect(ratioOf(0, 2)).toMatchObject({ ratio: 0, low: 0 });
  });

  test('a population against itself is as expected, whatever it is', () => {
    const counts = fc.array(
      fc.tuple(fc.constantFrom('65_69', '70_74', '85_89'), fc.constantFrom('F', 'M'), fc.nat({ max: 40 })),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(counts, (given) => {
        const rows = given.flatMap(([band, sex, sick]) => [
          stratum(band, null, sick + 10, sex),
          stratum(band, '37', sick, sex),
        ]);
        for (const { ratio, low, high, numerator } of expectedPrevalence(rows, rows)) {
          if (numerator === 0) continue;
          expect(ratio).toBe(1);
          expect((low ?? 2) < 1 && (high ?? 0) > 1).toBe(true);
        }
      }),
    );
  });
});
