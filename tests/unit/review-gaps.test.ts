import { describe, expect, it } from 'vitest';
import {
  analysisOf,
  gapOf,
  gapsOf,
  historyOf,
  note,
  reasonsOf,
  review,
  stay,
  visit,
} from '../helpers/gap-histories.ts';

const CHECKUP = visit('D0', '2026-02-10', 'Z00.00');

describe('use, unspecified (F1x.9-) and the base it may have', () => {
  it('gives no base alone', () => {
    const found = analysisOf(historyOf([visit('L1', '2025-03-04', 'F10.951'), CHECKUP]));
    expect(gapsOf(found, 'recapture')).toEqual([]);
    expect(reasonsOf(found)).toEqual(['136 not_chronic_code']);
  });

  it.each([
    ['F10.951 F10.20', '139', 'F10.20'],
    ['F11.950 F11.20', '137', 'F11.20'],
  ])('%s: the base that another code states is asked about', (codes, hcc, asked) => {
    const found = analysisOf(historyOf([visit('L1', '2025-03-04', codes), CHECKUP]));
    const gap = gapOf(found, 'recapture', hcc);
    expect(gap).toMatchObject({ status: 'open', persistenceClass: 'stateful', confidence: 'medium' });
    expect(gap?.candidateCodes.map(({ code }) => code)).toEqual([asked]);
    expect(gap?.evidence.map(({ code }) => code)).toEqual([asked]);
  });
});

describe('services before the oldest code set held', () => {
  it('a code of the oldest set was valid before it', () => {
    const found = analysisOf(historyOf([stay('L1', '2021-03-04', '2021-03-09', 'K50.90'), CHECKUP]), {
      lookbackYears: 5,
    });
    expect(gapOf(found, 'recapture', '80')).toMatchObject({ status: 'open', confidence: 'low' });
  });

  it('the second look-back year of payment year 2024 counts', () => {
    const history = historyOf([review('L1', '2021-03-04', 'K50.90'), visit('D1', '2023-03-01', 'Z00.00')]);
    const found = analysisOf(history, { paymentYear: 2024, asOf: '2024-06-01' });
    expect(gapsOf(found, 'recapture').map(({ model, hcc }) => `${model} ${hcc}`)).toEqual([
      'cms-hcc-v28 80',
      'cms-hcc-v24 35',
    ]);
  });
});

describe('a refinement and an HCC above it', () => {
  it('closed_lower stays beside the specificity gap of the lower HCC', () => {
    const history = historyOf(
      [visit('L1', '2025-03-04', 'N18.4'), visit('D1', '2026-03-01', 'N18.30', { icn: 'ICN1' })],
      { conditions: [note('N18.31', '2026-03-01', 'D1')] },
    );
    const found = analysisOf(history);
    expect(gapOf(found, 'specificity', '329')).toMatchObject({ subKind: 'S2_equal' });
    expect(gapOf(found, 'recapture', '327')).toMatchObject({
      status: 'closed_lower',
      impact: { standalone: 0.387 },
    });
  });

  it('a refinement to the look-back HCC or above leaves nothing to recapture', () => {
    const history = historyOf([visit('L1', '2025-03-04', 'N18.32'), visit('D1', '2026-03-01', 'N18.9')], {
      conditions: [note('N18.4', '2026-03-01', 'D1')],
    });
    const found = analysisOf(history);
    expect(gapOf(found, 'specificity', '327')).toBeDefined();
    expect(gapsOf(found, 'recapture')).toEqual([]);
  });
});

describe('siblings of an unspecified code', () => {
  it('use, abuse and dependence are other diagnoses: only what the record names is shown', () => {
    const history = historyOf([visit('D1', '2026-03-01', 'F10.90')], {
      conditions: [note('F10.20', '2026-03-01', 'D1')],
    });
    expect(analysisOf(history).unspecified).toMatchObject([
      { code: 'F10.90', evidence: 'recorded', siblings: [{ code: 'F10.20', hcc: '139' }] },
    ]);
  });

  it('in a blend, a gap of either part is recorded evidence', () => {
    const history = historyOf([visit('D1', '2024-03-01', 'F32.A')], {
      conditions: [note('F32.0', '2024-03-01', 'D1')],
    });
    const found = analysisOf(history, { paymentYear: 2025, asOf: '2025-06-01' });
    const gap = gapOf(found, 'specificity', '59');
    expect(gap).toMatchObject({ model: 'cms-hcc-v24', subKind: 'S0_unmapped' });
    expect(found.unspecified).toMatchObject([{ code: 'F32.A', evidence: 'recorded', gapId: gap?.gapId }]);
    expect(found.notGaps).toEqual([]);
  });

  it('E66.9 with a class in the record shows every class', () => {
    const history = historyOf([visit('D1', '2026-03-01', 'E66.9')], {
      conditions: [note('E66.813', '2026-03-01', 'D1')],
    });
    expect(analysisOf(history).unspecified[0]?.siblings.map(({ code }) => code)).toEqual([
      'E66.811',
      'E66.812',
      'E66.813',
    ]);
  });
});

describe('a BMI status code with no weight diagnosis on its encounter', () => {
  const bmi = {
    code: '39156-5',
    system: 'loinc',
    date: '2026-03-20',
    value: 41,
    unit: 'kg/m2',
    status: 'final',
  };

  it('is a review, worth nothing while another diagnosis supports the HCC', () => {
    const history = historyOf(
      [visit('D1', '2026-03-20', 'Z68.41'), visit('D2', '2026-04-20', 'E66.813 Z68.41')],
      { observations: [bmi] },
    );
    const gap = gapOf(analysisOf(history), 'over_coding', '48');
    expect(gap).toMatchObject({ reasons: ['X01'], impact: { standalone: 0 } });
    expect(gap?.evidence.map(({ encounterId }) => encounterId)).toEqual(['D1']);
  });

  it('with its diagnosis is none', () => {
    const history = historyOf([visit('D1', '2026-03-20', 'E66.813 Z68.41')], { observations: [bmi] });
    expect(gapsOf(analysisOf(history), 'over_coding')).toEqual([]);
  });
});

describe('telehealth does not prove video (F2F-5)', () => {
  it.each([
    [{ placeOfService: '02' }, 'medium'],
    [{ placeOfService: '10' }, 'medium'],
    [{ lines: [{ procedure: '99214', modifiers: ['95'] }] }, 'medium'],
    [{ lines: [{ procedure: '99214', modifiers: ['GT'] }] }, 'medium'],
    [{ placeOfService: '02', modality: 'audio_video' }, 'high'],
    [{ placeOfService: '11' }, 'high'],
  ])('%j gives confidence %s', (extra, confidence) => {
    const history = historyOf([visit('D1', '2026-03-01', 'Z00.00', extra)], {
      conditions: [note('K50.90', '2026-03-01', 'D1')],
    });
    expect(gapOf(analysisOf(history), 'documented_not_coded', '80')).toMatchObject({ confidence });
  });
});

describe('evidence of a recapture gap', () => {
  it('shows the last three dates, with every code of them', () => {
    const history = historyOf([
      visit('L0', '2025-01-04', 'E11.42 E11.22'),
      visit('L1', '2025-03-04', 'E11.42 E11.22'),
      visit('L2', '2025-06-04', 'E11.42 E11.22'),
      visit('L3', '2025-09-04', 'E11.42'),
      CHECKUP,
    ]);
    const shown = gapOf(analysisOf(history), 'recapture', '37')?.evidence;
    expect(shown?.map(({ date, code }) => `${date} ${code}`)).toEqual([
      '2025-09-04 E11.42',
      '2025-06-04 E11.42',
      '2025-06-04 E11.22',
      '2025-03-04 E11.42',
      '2025-03-04 E11.22',
    ]);
  });
});
