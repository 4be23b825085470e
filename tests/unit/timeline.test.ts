import { describe, expect, it } from 'vitest';
import { hccTimeline, type TimelineYear } from '../../src/engine/timeline.ts';
import { historyOf, packagedReference, visit } from '../helpers/gap-histories.ts';

function timeline(encounters: readonly Readonly<Record<string, unknown>>[]): readonly TimelineYear[] {
  const reference = packagedReference();
  return hccTimeline(reference, historyOf(encounters), {
    asOf: '2026-11-23',
    lookbackYears: 2,
    calendar: reference.calendar,
    suspecting: {},
  });
}

const yearOf = (years: readonly TimelineYear[], paymentYear: number) =>
  years.find((year) => year.paymentYear === paymentYear);

describe('timeline of HCCs', () => {
  it('shows both models of a blend year, and what the new model alone no longer maps', () => {
    const years = timeline([visit('E1', '2024-05-05', 'I73.9 I50.22'), visit('E2', '2025-05-05', 'I73.9')]);
    expect(years.map(({ paymentYear }) => paymentYear)).toEqual([2025, 2026, 2027]);
    const blend = yearOf(years, 2025);
    expect(blend?.models.map(({ model }) => model)).toEqual(['cms-hcc-v28', 'cms-hcc-v24']);
    const old = blend?.models[1]?.hccs.map(({ hcc }) => hcc);
    expect(old).toContain('108');
    expect(yearOf(years, 2026)?.models).toMatchObject([
      {
        model: 'cms-hcc-v28',
        hccs: [],
        lost: [{ code: 'I73.9', hcc: '108', formerModel: 'cms-hcc-v24', encounterIds: ['E1'] }],
      },
    ]);
  });

  it('names the HCC that drops another, and what captured each', () => {
    const years = timeline([visit('E1', '2026-05-05', 'N18.4 N18.31')]);
    const [model] = yearOf(years, 2027)?.models ?? [];
    expect(model?.hccs).toMatchObject([
      { hcc: '327', droppedBy: null, capturedBy: [{ encounterId: 'E1', code: 'N18.4', date: '2026-05-05' }] },
      { hcc: '329', droppedBy: '327' },
    ]);
  });

  it('a year without a model announced says so and shows nothing', () => {
    const years = timeline([visit('E1', '2026-05-05', 'I50.22')]);
    expect(years.every(({ refused }) => refused === null)).toBe(true);
    const far = hccTimeline(packagedReference(), historyOf([visit('E1', '2028-05-05', 'I50.22')]), {
      asOf: '2028-11-23',
      lookbackYears: 2,
      calendar: packagedReference().calendar,
      suspecting: {},
    });
    expect(far.at(-1)).toMatchObject({ paymentYear: 2029, models: [], yearState: null });
    expect(far.at(-1)?.refused).toContain('2029');
  });
});
