import { describe, expect, test } from 'vitest';
import { inventedMembers } from '../../bench/analyze.ts';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import type { MemberHistory } from '../../src/engine/history.ts';
import { loadReference } from '../../src/reference/load.ts';
import { packScores, unpackScores } from '../../src/store/score-packing.ts';

const reference = loadReference('hcc-mappings');

function rafOf(history: MemberHistory, paymentYear: number, asOf = '2026-11-23'): Analysis['raf'] {
  const outcome = analyzeHistory(reference, history, { paymentYear, asOf, kinds: null, lookbackYears: 2 });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value.raf;
}

/** As it comes back from the database. */
function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe('packed score results', () => {
  test.each([
    ['blend of two models', 2025, '2024-12-01'],
    ['one model', 2026, '2026-11-23'],
    ['one model', 2027, '2026-11-23'],
  ])('give back what was packed: %s of %d', (_name, paymentYear, asOf) => {
    for (const history of inventedMembers(200)) {
      const raf = rafOf(history, paymentYear, asOf);
      expect(unpackScores(stored(packScores(raf)))).toEqual(stored(raf));
    }
  });

  test('a new enrollee, whose closed score has one assumption more', () => {
    const [history] = inventedMembers(1);
    if (history === undefined) throw new Error('one member is invented');
    const joined = { ...history, coverage: history.coverage.map((one) => ({ ...one, newEnrollee: true })) };
    const raf = rafOf(joined, 2027);
    expect(raf.ifAllClosed?.assumptions.length).toBeGreaterThan(raf.current?.assumptions.length ?? 0);
    expect(unpackScores(stored(packScores(raf)))).toEqual(stored(raf));
  });

  test('no score', () => {
    const none = { current: null, ifAllClosed: null };
    expect(unpackScores(stored(packScores(none)))).toEqual(none);
  });

  test('results that an older version stored whole are read as they are', () => {
    const [history] = inventedMembers(1);
    if (history === undefined) throw new Error('one member is invented');
    const raf = stored(rafOf(history, 2027));
    expect(unpackScores(raf)).toEqual(raf);
  });

  test('they are much shorter', () => {
    const size = (pick: (raf: Analysis['raf']) => unknown) =>
      inventedMembers(100).reduce(
        (sum, history) => sum + JSON.stringify(pick(rafOf(history, 2027))).length,
        0,
      );
    expect(size(packScores)).toBeLessThan(size((raf) => raf) * 0.6);
  });
});
