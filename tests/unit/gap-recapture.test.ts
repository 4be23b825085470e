import { describe, expect, it } from 'vitest';
import type { Analysis, AnalysisOptions } from '../../src/engine/analysis-contract.ts';
import {
  analysisOf,
  gapOf,
  gapsOf,
  historyOf,
  note,
  problem,
  reasonsOf,
  review,
  stay,
  visit,
} from '../helpers/gap-histories.ts';

type Extra = Readonly<Record<string, unknown>>;

/** Codes twice in 2025 and nothing of them in 2026, unless `more` says otherwise. */
function lastYear(
  codes: string,
  extra: Extra = {},
  more: readonly Extra[] = [],
  options: Partial<AnalysisOptions> = {},
): Analysis {
  const base = [
    visit('L1', '2025-03-04', codes),
    visit('L2', '2025-09-16', codes),
    visit('D1', '2026-02-10', 'Z00.00'),
  ];
  return analysisOf(historyOf([...base, ...more], extra), options);
}

describe('persistence classes', () => {
  it.each([
    ['B20', '1', 'lifelong'],
    ['Z89.511', '409', 'lifelong_status'],
    ['I50.22', '226', 'chronic'],
    ['N18.32', '328', 'stateful'],
    ['Z93.3', '463', 'device_status'],
    ['J96.11', '213', 'mixed'],
    ['G93.1', '202', 'mixed'],
    ['I82.501', '267', 'mixed'],
  ])('%s asks about HCC %s, class %s', (code, hcc, persistenceClass) => {
    expect(gapOf(lastYear(code), 'recapture', hcc)).toMatchObject({ status: 'open', persistenceClass });
  });

  it.each(['A41.9', 'I21.4', 'I63.9', 'S72.001A', 'J15.0', 'R09.2'])(
    '%s is acute and never asked about',
    (code) => {
      const found = lastYear(code);
      expect(gapsOf(found, 'recapture')).toEqual([]);
      expect(found.notGaps.map(({ reason }) => reason)).toEqual(['acute_not_recapturable']);
    },
  );

  it.each(['J96.01', 'I51.4', 'I26.99', 'K83.09', 'I46.9', 'I74.3', 'Z79.4', 'Z68.41', 'T40.1X1A', 'R56.9'])(
    '%s is no chronic code of its HCC',
    (code) => {
      const found = lastYear(code);
      expect(gapsOf(found, 'recapture')).toEqual([]);
      expect(found.notGaps.map(({ reason }) => reason)).toEqual(['not_chronic_code']);
    },
  );

  it('asks about J96.2x of last year as J96.1x', () => {
    const gap = gapOf(lastYear('J96.21'), 'recapture', '213');
    expect(gap?.candidateCodes.map(({ code }) => code)).toEqual(['J96.11']);
    expect(gap?.evidence[0]?.code).toBe('J96.21');
  });

  it.each([
    ['I50.23', '226', ['I50.20', 'I50.22']],
    ['I50.33', '226', ['I50.30', 'I50.32']],
    ['E11.00', '38', []],
    ['F10.251', '139', []],
    ['F11.250', '137', []],
    ['G70.01', '196', ['G70.00']],
  ])('%s is acute on chronic: only its base HCC %s is asked about', (code, hcc, candidates) => {
    const found = lastYear(code);
    expect(gapsOf(found, 'recapture').map((gap) => gap.hcc)).toEqual([hcc]);
    expect(gapOf(found, 'recapture', hcc)?.candidateCodes.map((row) => row.code)).toEqual(candidates);
    expect(gapOf(found, 'recapture', hcc)?.ruleId).toBe('recapture.acute_on_chronic');
  });

  it('takes the base that the look-back holds', () => {
    const both = analysisOf(
      historyOf([stay('L1', '2025-04-08', '2025-04-12', 'E11.00'), visit('L2', '2025-06-08', 'E11.42')]),
    );
    expect(gapsOf(both, 'recapture').map(({ hcc }) => hcc)).toEqual(['37']);
    expect(gapOf(both, 'recapture', '37')?.candidateCodes.map(({ code }) => code)).toEqual(['E11.42']);
  });

  it.each(['F10.959', 'F11.950', 'F19.959'])('%s, use without a stated disorder, has no base', (code) => {
    const found = lastYear(code);
    expect(gapsOf(found, 'recapture')).toEqual([]);
    expect(found.notGaps.map(({ reason }) => reason)).toEqual(['not_chronic_code']);
  });

  it('names the description of the code, never the label of the HCC', () => {
    const gap = gapOf(lastYear('I27.20'), 'recapture', '226');
    expect(gap?.explanation).toContain('Pulmonary hypertension, unspecified (I27.20)');
    expect(gap?.explanation).not.toContain('Heart Failure');
    expect(gapOf(lastYear('N18.32'), 'recapture', '328')?.explanation).toMatch(
      /^Current status of Chronic kidney disease/,
    );
  });
});

describe('cancer', () => {
  const noted = (extra: Extra = {}) => ({ conditions: [note('C61', '2026-02-10', 'D1', extra)] });

  it('is asked about only with treatment or a note of active disease', () => {
    expect(reasonsOf(lastYear('C18.9'))).toEqual(['22 no_treatment_evidence']);
    const drug = {
      medications: [{ ingredient: 'Anastrozole', date: '2026-03-02', daysSupply: 90, source: 'fill' }],
    };
    expect(gapOf(lastYear('C50.912', drug), 'recapture', '23')?.status).toBe('open');
    const radiation = visit('T', '2025-05-05', 'Z51.0', { lines: [{ procedure: '77427' }] });
    expect(gapOf(lastYear('C18.9', {}, [radiation]), 'recapture', '22')?.status).toBe('open');
    const chemo = {
      procedures: [{ code: 'J9035', system: 'hcpcs', date: '2026-01-20', status: 'completed' }],
    };
    expect(gapOf(lastYear('C18.9', chemo), 'recapture', '22')?.status).toBe('open');
    expect(
      gapOf(lastYear('C50.912', {}, [visit('T', '2026-05-05', 'Z79.811')]), 'recapture', '23')?.status,
    ).toBe('open');
  });

  it('treatment before the year of the look-back, or after asOf, is none', () => {
    const early = { medications: [{ ingredient: 'anastrozole', date: '2024-12-30', source: 'fill' }] };
    const late = { medications: [{ ingredient: 'anastrozole', date: '2026-12-01', source: 'fill' }] };
    expect(reasonsOf(lastYear('C50.912', early))).toEqual(['23 no_treatment_evidence']);
    expect(reasonsOf(lastYear('C50.912', late))).toEqual(['23 no_treatment_evidence']);
  });

  it('a note that states active, untreated disease is evidence; a problem list is not', () => {
    // The note of an eligible visit of D is itself kind (c), which comes before (a).
    expect(gapOf(lastYear('C61', noted()), 'documented_not_coded', '23')?.status).toBe('open');
    const lastYearNote = { conditions: [note('C61', '2025-09-16', 'L2')] };
    expect(gapOf(lastYear('C61', lastYearNote), 'recapture', '23')?.status).toBe('open');
    const listed = { conditions: [problem('C61', '2025-09-16', 'active')] };
    expect(reasonsOf(lastYear('C61', listed))).toContain('23 no_treatment_evidence');
  });

  it('a history code of the same site ends it, one of another site does not', () => {
    const drug = { medications: [{ ingredient: 'bicalutamide', date: '2026-01-02', source: 'fill' }] };
    const own = lastYear('C61', drug, [visit('H', '2026-03-10', 'Z85.46')]);
    expect(reasonsOf(own)).toEqual(['23 state_changed']);
    expect(gapOf(lastYear('C61', drug, [visit('H', '2026-03-10', 'Z85.3')]), 'recapture', '23')?.status).toBe(
      'open',
    );
  });
});

describe('later states', () => {
  it.each([
    ['E11.9', 'E11.A', '38'],
    ['F31.81', 'F31.74', '154'],
    ['F33.1', 'F33.42', '155'],
    ['F32.1', 'F32.5', '155'],
    ['F32.1', 'F32.0', '155'],
    ['N18.4', 'Z99.2', '327'],
    ['I48.20', 'Z86.79', '238'],
    ['I82.501', 'Z86.718', '267'],
    ['G40.909', 'Z86.69', '201'],
    ['E66.813', 'E66.812', '48'],
  ])('%s then %s is a changed state', (before, after, hcc) => {
    expect(reasonsOf(lastYear(before, {}, [visit('S', '2026-03-10', after)]))).toContain(
      `${hcc} state_changed`,
    );
  });

  it('evidence on or before the last date of service changes nothing', () => {
    const earlier = lastYear('F33.1', {}, [visit('S', '2025-09-16', 'F33.42')]);
    expect(gapOf(earlier, 'recapture', '155')?.status).toBe('open');
  });

  it('a resolved, inactive or refuted entry ends a recapture of any class but lifelong', () => {
    const entry = (extra: Extra) => ({ conditions: [problem('I48.20', '2026-01-05', 'resolved', extra)] });
    expect(reasonsOf(lastYear('I48.20', entry({})))).toContain('238 resolved');
    expect(reasonsOf(lastYear('I48.20', entry({ clinicalStatus: 'inactive' })))).toContain('238 resolved');
    expect(
      reasonsOf(lastYear('I48.20', entry({ clinicalStatus: 'active', verification: 'refuted' }))),
    ).toContain('238 assessed_not_present');
    const lifelong = { conditions: [problem('G20.A1', '2026-01-05', 'resolved')] };
    expect(gapOf(lastYear('G20.A1', lifelong), 'recapture', '199')?.status).toBe('open');
  });

  it('refuted outranks resolved outranks changed', () => {
    const conditions = [
      problem('F33.1', '2026-01-05', 'resolved'),
      problem('F33.1', '2026-01-06', 'active', { verification: 'refuted' }),
    ];
    expect(reasonsOf(lastYear('F33.1', { conditions }, [visit('S', '2026-03-10', 'F33.42')]))).toContain(
      '155 assessed_not_present',
    );
  });

  it('entered in error and family history say nothing', () => {
    const conditions = [
      problem('I48.20', '2026-01-05', 'resolved', { verification: 'entered-in-error' }),
      problem('I48.20', '2026-01-06', 'resolved', { context: 'family_history' }),
    ];
    expect(gapOf(lastYear('I48.20', { conditions }), 'recapture', '238')?.status).toBe('open');
  });

  it('a later stage on the problem list alone is a changed state; one captured is judged by the graph', () => {
    const listed = { conditions: [problem('N18.4', '2026-01-05', 'active')] };
    expect(reasonsOf(lastYear('N18.32', listed))).toContain('328 state_changed');
    expect(reasonsOf(lastYear('N18.32', listed, [visit('S', '2026-03-10', 'N18.4')]))).toContain(
      '328 closed_higher',
    );
  });
});

describe('closure', () => {
  it.each([
    ['E11.42', 'E11.22', '37', 'closed_same'],
    ['N18.31', 'N18.4', '329', 'closed_higher'],
    ['E11.42', 'E11.9', '37', 'closed_equivalent'],
  ])('%s then %s: HCC %s is %s', (before, after, hcc, reason) => {
    const found = lastYear(before, {}, [visit('S', '2026-03-10', after)]);
    expect(gapsOf(found, 'recapture')).toEqual([]);
    expect(reasonsOf(found)).toContain(`${hcc} ${reason}`);
  });

  it('stays open below, with the change as its worth, and inverted with a negative one', () => {
    const lower = gapOf(lastYear('N18.4', {}, [visit('S', '2026-03-10', 'N18.32')]), 'recapture', '327');
    expect(lower).toMatchObject({ status: 'closed_lower', impact: { standalone: 0.387 } });
    const inverted = gapOf(lastYear('Z94.1', {}, [visit('S', '2026-03-10', 'I50.84')]), 'recapture', '221');
    expect(inverted).toMatchObject({ status: 'closed_lower_inverted', impact: { standalone: -1.452 } });
  });

  it('one gap per family: the state with the latest date of service', () => {
    const found = analysisOf(
      historyOf([visit('L1', '2024-05-01', 'N18.4'), visit('L2', '2025-05-01', 'N18.31')]),
    );
    expect(gapsOf(found, 'recapture').map(({ hcc }) => hcc)).toEqual(['329']);
    const sameDay = analysisOf(
      historyOf([visit('L1', '2025-05-01', 'E11.9'), visit('L2', '2024-05-01', 'E11.42')]),
    );
    expect(gapsOf(sameDay, 'recapture').map(({ hcc }) => hcc)).toEqual(['38']);
  });

  it('a captured HCC 223 alone pays nothing and is not asked about again', () => {
    const found = lastYear('Z95.811', {}, [visit('S', '2026-03-10', 'Z95.811')]);
    expect(gapsOf(found, 'recapture')).toEqual([]);
  });
});

describe('confidence', () => {
  const of = (encounters: readonly Extra[], hcc: string) =>
    gapOf(analysisOf(historyOf(encounters)), 'recapture', hcc)?.confidence;

  it('counts eligible encounters of D-1, those of one ICN as one', () => {
    expect(of([visit('A', '2025-03-04', 'J44.9'), visit('B', '2025-05-04', 'J44.9')], '280')).toBe('high');
    expect(of([visit('A', '2025-03-04', 'J44.9'), visit('B', '2024-05-04', 'J44.9')], '280')).toBe('medium');
    const icn = { icn: 'ICN1' };
    expect(of([visit('A', '2025-03-04', 'J44.9', icn), visit('B', '2025-03-04', 'J44.9', icn)], '280')).toBe(
      'medium',
    );
    expect(of([visit('A', '2024-03-04', 'J44.9'), visit('B', '2024-05-04', 'J44.9')], '280')).toBe('low');
  });

  it('is low from a single HRA, from unlinked chart reviews or audio-only visits alone, and in an OIG group', () => {
    expect(of([visit('A', '2025-03-04', 'J44.9', { hra: true })], '280')).toBe('low');
    expect(
      of([visit('A', '2025-03-04', 'J44.9', { hra: true }), visit('B', '2025-05-04', 'J44.9')], '280'),
    ).toBe('high');
    expect(of([review('A', '2025-03-04', 'J44.9'), review('B', '2025-05-04', 'J44.9')], '280')).toBe('low');
    expect(of([visit('A', '2025-03-04', 'J44.9', { modality: 'audio_only' })], '280')).toBe('low');
    expect(of([visit('A', '2025-03-04', 'F33.1'), visit('B', '2025-05-04', 'F33.1')], '155')).toBe('low');
    const flagged = gapOf(
      analysisOf(historyOf([visit('A', '2025-03-04', 'F33.1', { hra: true })])),
      'recapture',
      '155',
    );
    expect(flagged?.flags).toEqual(['OIG06', 'single_mention', 'HRA']);
  });
});

describe('retired and lost codes', () => {
  it('a retired code is evidence; its successors that map to the HCC are the candidates', () => {
    const found = analysisOf(historyOf([visit('L', '2025-03-12', 'G35')]));
    const gap = gapOf(found, 'recapture', '198');
    expect(gap?.evidence[0]?.code).toBe('G35');
    expect(gap?.candidateCodes.map(({ code }) => code)).toEqual([
      'G35.A',
      'G35.B0',
      'G35.B1',
      'G35.B2',
      'G35.C0',
      'G35.C1',
      'G35.C2',
      'G35.D',
    ]);
  });

  it('without a mapped successor the gap stands without candidates', () => {
    const found = lastYear('I42.0');
    expect(gapOf(found, 'recapture', '227')?.candidateCodes).toEqual([]);
  });

  it('a code that paid under V24 only is lost, once', () => {
    const found = lastYear('I73.9 D69.6');
    expect(gapsOf(found, 'recapture')).toEqual([]);
    expect(reasonsOf(found)).toEqual(['D69.6 model_lost', 'I73.9 model_lost']);
    expect(found.notGaps.every(({ hcc }) => hcc === null)).toBe(true);
  });

  it('a code never valid on its date is no look-back', () => {
    expect(analysisOf(historyOf([visit('L', '2025-11-12', 'G35')])).gaps).toEqual([]);
  });
});

describe('lists and people', () => {
  it('is prospective by 31 December of D, then retrospective by the final deadline, then closed', () => {
    expect(gapOf(lastYear('J44.9'), 'recapture', '280')).toMatchObject({
      list: 'prospective',
      act: { by: '2026-12-31', who: 'provider' },
    });
    expect(gapOf(lastYear('J44.9', {}, [], { asOf: '2027-06-01' }), 'recapture', '280')).toMatchObject({
      list: 'retrospective',
      act: { by: '2028-01-31', who: 'coder' },
    });
    expect(reasonsOf(lastYear('J44.9', {}, [], { asOf: '2028-02-01' }))).toEqual(['280 year_closed']);
  });

  it('an inactive member has no prospective gap, and a retrospective one only for months paid', () => {
    const left = {
      coverage: [
        { program: 'ma', from: '2020-01-01', to: '2026-06-30', originalEntitlement: '0', dualStatus: '00' },
      ],
    };
    expect(reasonsOf(lastYear('J44.9', left))).toEqual(['280 member_inactive']);
    expect(reasonsOf(lastYear('J44.9', left, [], { asOf: '2027-06-01' }))).toEqual(['280 member_inactive']);
    // Inactive comes before lost and before acute (closurePrecedence).
    expect(reasonsOf(lastYear('J44.9 I73.9 I21.4', left))).toEqual([
      'I73.9 member_inactive',
      '228 member_inactive',
      '280 member_inactive',
    ]);
    const paid = { deathDate: '2027-03-02' };
    expect(gapOf(lastYear('J44.9', paid, [], { asOf: '2027-06-01' }), 'recapture', '280')?.list).toBe(
      'retrospective',
    );
  });

  it('says that a member not enrolled for part of D may have been captured elsewhere', () => {
    const late = {
      coverage: [{ program: 'ma', from: '2026-02-01', to: null, originalEntitlement: '0', dualStatus: '00' }],
    };
    expect(gapOf(lastYear('J44.9', late), 'recapture', '280')?.explanation).toContain('captured elsewhere');
    expect(gapOf(lastYear('J44.9'), 'recapture', '280')?.explanation).not.toContain('captured elsewhere');
  });

  it('a new enrollee and an ESRD member have gaps for care without impact', () => {
    for (const coverage of [{ newEnrollee: true }, { esrd: { status: 'dialysis' } }]) {
      const found = lastYear('J44.9', { coverage });
      expect(gapOf(found, 'recapture', '280')?.impact).toBeNull();
      expect(found.raf.ifAllClosed?.rawScore).toBe(found.raf.current?.rawScore);
    }
  });
});
