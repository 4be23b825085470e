import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import { oneSlipApart } from '../../src/engine/gaps/oig-tests.ts';
import { analyze, gapOf, type Row, stay, visit } from './support/invented-member.ts';

function doubts(analysis: Analysis): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    analysis.gaps.filter(({ kind }) => kind === 'over_coding').map((gap) => [gap.hcc, gap.reasons]),
  );
}

describe('acute events', () => {
  test('stroke and heart attack in one year: OIG01, OIG02 and their combination', () => {
    const found = doubts(
      analyze({ encounters: [visit('2025-06-10', ['I63.9']), visit('2025-08-10', ['I21.4'])] }),
    );
    expect(found).toEqual({
      '228': ['OIG02', 'OIG03', 'ACUTE_IN_OFFICE'],
      '249': ['OIG01', 'OIG03', 'ACUTE_IN_OFFICE'],
    });
  });

  test('two office records of a heart attack are beyond OIG02, and still acute in an office', () => {
    const encounters = [visit('2025-06-10', ['I21.4']), visit('2025-08-10', ['I21.4'])];
    expect(doubts(analyze({ encounters }))).toEqual({ '228': ['ACUTE_IN_OFFICE'] });
  });

  test('the window of 60 days is inclusive, either side, from the ends of the stay', () => {
    const office = visit('2025-06-10', ['I21.4']);
    const near = analyze({ encounters: [office, stay('2025-04-01', '2025-04-11', ['I21.4'])] });
    const far = analyze({ encounters: [office, stay('2025-04-01', '2025-04-10', ['I21.4'])] });
    const after = analyze({ encounters: [office, stay('2025-08-09', '2025-08-20', ['I21.4'])] });
    expect(doubts(near)).toEqual({});
    expect(doubts(far)).toEqual({ '228': ['OIG02'] });
    expect(doubts(after)).toEqual({});
  });

  test('what a stay supports stays: the worth of a doubted second record is zero', () => {
    const encounters = [visit('2025-06-10', ['I21.4']), stay('2025-01-10', '2025-01-15', ['I21.4'])];
    expect(gapOf(analyze({ encounters }), 'over_coding', '228').impact?.standalone).toBe(0);
  });

  test('a hospital outpatient record clears a stroke, not a heart attack or sepsis', () => {
    const hospital = (code: string) => [
      visit('2025-06-10', [code]),
      visit('2025-06-08', [code], { setting: 'outpatient', billType: '131' }),
    ];
    expect(doubts(analyze({ encounters: hospital('I63.9') }))).toEqual({});
    expect(doubts(analyze({ encounters: hospital('A41.9') }))).toEqual({ '2': ['OIG12'] });
  });

  test('pneumonia, fracture and diabetic coma are lawfully treated in an office', () => {
    const encounters = [visit('2025-06-10', ['J15.211', 'S72.001A', 'E11.01'])];
    expect(doubts(analyze({ encounters }))).toEqual({});
  });
});

describe('tests that need a feed', () => {
  const depressed = { encounters: [visit('2025-06-10', ['F33.1'])] };
  const fill = (code: string, ingredient: string, date: string, more: Row = {}) => ({
    medications: [{ code, system: 'rxnorm', ingredient, date, source: 'fill', ...more }],
  });

  test('no antidepressant: a hit; one dispensed in the year, by code or by name: none', () => {
    expect(doubts(analyze(depressed))).toEqual({ '155': ['OIG06'] });
    expect(doubts(analyze({ ...depressed, ...fill('36437', 'sertraline', '2025-03-01') }))).toEqual({});
    expect(doubts(analyze({ ...depressed, ...fill('x', 'Sertraline Hydrochloride', '2025-03-01') }))).toEqual(
      {},
    );
  });

  test('an order, a reversed fill, or last year’s fill does not clear', () => {
    const drug = (date: string, more: Row) => ({ ...depressed, ...fill('36437', 'sertraline', date, more) });
    expect(doubts(analyze(drug('2025-03-01', { source: 'order' })))).toEqual({ '155': ['OIG06'] });
    expect(doubts(analyze(drug('2025-03-01', { status: 'reversed' })))).toEqual({ '155': ['OIG06'] });
    expect(doubts(analyze(drug('2024-12-28', {})))).toEqual({ '155': ['OIG06'] });
  });

  test('a drug that cannot be named leaves the absence less sure', () => {
    const unnamed = { medications: [{ code: '999', system: 'rxnorm', date: '2025-03-01', source: 'fill' }] };
    expect(gapOf(analyze(depressed), 'over_coding', '155').confidence).toBe('high');
    expect(gapOf(analyze({ ...depressed, ...unnamed }), 'over_coding', '155').confidence).toBe('medium');
  });

  test('without the feed: not evaluable, never a pass and never a gap', () => {
    const analysis = analyze({ ...depressed, medications: null });
    expect(doubts(analysis)).toEqual({});
    expect(analysis.notEvaluable).toContainEqual({ test: 'OIG06', hcc: '155', missing: ['medications'] });
  });

  test('a BMI never recorded leaves X01 open; one at the floor contradicts nothing', () => {
    const obese = { encounters: [visit('2025-06-10', ['E66.813'])] };
    const bmi = (value: number) => ({
      observations: [
        { code: '39156-5', system: 'loinc', date: '2025-02-01', value, unit: 'kg/m2', status: 'final' },
      ],
    });
    expect(analyze(obese).notEvaluable).toContainEqual({ test: 'X01', hcc: '48', missing: ['observations'] });
    expect(doubts(analyze({ ...obese, ...bmi(39.9) }))).toEqual({ '48': ['X01', 'VALUE_CONTRADICTS_CODE'] });
    expect(doubts(analyze({ ...obese, ...bmi(40) }))).toEqual({});
    expect(gapOf(analyze({ ...obese, ...bmi(39.9) }), 'over_coding', '48').evidence).toContainEqual({
      type: 'observation',
      code: '39156-5',
      date: '2025-02-01',
      encounterId: null,
      source: 'observation',
      eligible: null,
      value: 39.9,
      unit: 'kg/m2',
    });
  });

  test('Z68.41 with no weight diagnosis on its encounter is a review too', () => {
    const bmi = [
      { code: '39156-5', system: 'loinc', date: '2025-02-01', value: 41, unit: 'kg/m2', status: 'final' },
    ];
    const bare = analyze({ encounters: [visit('2025-06-10', ['Z68.41'])], observations: bmi });
    const both = analyze({ encounters: [visit('2025-06-10', ['Z68.41', 'E66.813'])], observations: bmi });
    expect(doubts(bare)).toEqual({ '48': ['X01'] });
    expect(doubts(both)).toEqual({});
  });
});

describe('cancer', () => {
  const cancer = (code: string, more: Row = {}) =>
    analyze({ encounters: [visit('2025-06-10', [code])], ...more });

  test('untreated on one record; prostate only from 74 under OIG10', () => {
    expect(doubts(cancer('C50.912', { sex: 'F' }))).toEqual({ '23': ['OIG08', 'NO_TREATMENT'] });
    expect(doubts(cancer('C61', { birthDate: '1951-06-10' }))).toEqual({ '23': ['OIG10', 'NO_TREATMENT'] });
    expect(doubts(cancer('C61', { birthDate: '1951-06-11' }))).toEqual({ '23': ['NO_TREATMENT'] });
  });

  test('a treatment within a year either side clears', () => {
    const drug = (date: string) =>
      cancer('C50.912', {
        sex: 'F',
        medications: [{ ingredient: 'letrozole', date, source: 'fill' }],
      });
    expect(doubts(drug('2024-06-10'))).toEqual({});
    expect(doubts(drug('2026-06-10'))).toEqual({});
    expect(doubts(drug('2024-06-09'))).not.toEqual({});
    const radiation = analyze({
      encounters: [
        visit('2025-06-10', ['C34.90']),
        visit('2025-07-01', ['Z51.0'], {
          lines: [{ procedure: '77385', modifiers: [], date: '2025-07-01' }],
        }),
      ],
    });
    expect(doubts(radiation)).toEqual({});
  });

  test('remission codes and a note of active disease clear NO_TREATMENT', () => {
    expect(doubts(cancer('C91.11'))).toEqual({});
    const note = {
      conditions: [
        {
          conditionId: 'C1',
          code: 'C61',
          system: 'icd10cm',
          source: 'note',
          encounterId: null,
          recorded: '2025-06-10',
          clinicalStatus: 'active',
          verification: 'confirmed',
          meat: ['monitored'],
          signed: true,
        },
      ],
      birthDate: '1960-01-01',
    };
    expect(doubts(cancer('C61', note))).toEqual({});
  });

  test('without a pharmacy feed nothing is decided', () => {
    const analysis = cancer('C34.90', { medications: null });
    expect(doubts(analysis)).toEqual({});
    expect(analysis.notEvaluable).toContainEqual({ test: 'OIG07', hcc: '20', missing: ['medications'] });
  });
});

describe('contradictions', () => {
  test('stages of kidney disease exclude each other within a month', () => {
    const stages = (a: string, b: string, date: string) =>
      doubts(analyze({ encounters: [visit('2025-06-10', [a]), visit(date, [b])] }));
    expect(Object.keys(stages('N18.4', 'N18.31', '2025-06-24'))).toEqual(['327', '329']);
    expect(stages('N18.4', 'N18.31', '2025-07-01')).toEqual({});
    expect(stages('N18.30', 'N18.31', '2025-06-24')).toEqual({});
  });

  test('two types of diabetes: the HCC stands whichever is struck out', () => {
    const encounters = [visit('2025-02-10', ['E10.21']), visit('2025-09-24', ['E11.22'])];
    const gap = gapOf(analyze({ encounters }), 'over_coding', '37');
    expect(gap.reasons).toEqual(['EXCLUSIVE_CODES']);
    expect(gap.impact?.standalone).toBe(0);
  });

  test('single and recurrent depression on one day only', () => {
    const drug = { medications: [{ ingredient: 'sertraline', date: '2025-03-01', source: 'fill' }] };
    const sameDay = analyze({ encounters: [visit('2025-06-10', ['F32.1', 'F33.1'])], ...drug });
    const apart = analyze({
      encounters: [visit('2025-06-10', ['F32.1']), visit('2025-06-11', ['F33.1'])],
      ...drug,
    });
    expect(doubts(sameDay)).toEqual({ '155': ['EXCLUSIVE_CODES'] });
    expect(doubts(apart)).toEqual({});
  });

  test('end-stage renal disease is cleared by a dialysis claim, and open without the feed', () => {
    const renal = (more: Row = {}, extra: Row[] = []) =>
      analyze({ encounters: [visit('2025-06-10', ['N18.6']), ...extra], ...more });
    expect(doubts(renal())).toEqual({ '326': ['STATUS_CONFLICT'] });
    expect(
      doubts(
        renal({ procedures: [{ code: '90935', system: 'cpt', date: '2025-03-01', status: 'completed' }] }),
      ),
    ).toEqual({});
    const facility = visit('2025-06-30', ['N18.6'], { setting: 'outpatient', billType: '721', lines: [] });
    expect(doubts(renal({}, [facility]))).toEqual({});
    const open = renal({ procedures: null });
    expect(doubts(open)).toEqual({});
    expect(open.notEvaluable).toContainEqual({
      test: 'STATUS_CONFLICT',
      hcc: '326',
      missing: ['procedures'],
    });
  });

  test('D66 in a woman is moved to HCC 112 and doubted there', () => {
    const encounters = [visit('2025-06-10', ['D66'])];
    expect(doubts(analyze({ encounters, sex: 'F' }))).toEqual({ '112': ['AGE_SEX'] });
    expect(doubts(analyze({ encounters }))).toEqual({});
  });

  test('one code a keystroke from another condition on three records: possibly mis-keyed', () => {
    const failing = (dates: readonly string[]) => dates.map((date) => visit(date, ['I50.9']));
    const three = ['2025-02-10', '2025-04-10', '2025-06-10'];
    const slip = visit('2025-08-10', ['I60.9']);
    expect(doubts(analyze({ encounters: [...failing(three), slip] }))).toEqual({
      '248': ['OIG14', 'ACUTE_IN_OFFICE', 'OUTLIER_CODE'],
    });
    expect(doubts(analyze({ encounters: [...failing(three.slice(1)), slip] }))).toEqual({
      '248': ['ACUTE_IN_OFFICE'],
    });
    const kin = [...three.map((date) => visit(date, ['K51.90'])), visit('2025-08-10', ['K50.90'])];
    expect(doubts(analyze({ encounters: kin }))).toEqual({});
  });

  test.each([
    ['E119', 'E719', true],
    ['C189', 'C819', true],
    ['C189', 'C981', false],
    ['C189', 'C189', false],
    ['C189', 'C1890', false],
  ])('%s and %s are one slip apart: %s', (a, b, expected) => {
    expect(oneSlipApart(a, b)).toBe(expected);
  });
});

describe('weak sources', () => {
  test('X02, X03 and X04', () => {
    expect(doubts(analyze({ encounters: [visit('2025-06-10', ['E11.42'], { hra: true })] }))).toEqual({
      '37': ['X02'],
    });
    const review = (code: string, linked: string | null) =>
      visit('2025-06-10', [code], { source: 'chart_review', linkedEncounterId: linked, lines: [] });
    expect(doubts(analyze({ encounters: [review('J44.9', null)] }))).toEqual({ '280': ['X03'] });
    const office = visit('2025-06-10', ['I10']);
    expect(doubts(analyze({ encounters: [office, review('F03.90', String(office.encounterId))] }))).toEqual({
      '127': ['X04'],
    });
  });

  test('a second, ordinary record is enough', () => {
    const encounters = [visit('2025-06-10', ['E11.42'], { hra: true }), visit('2025-07-10', ['E11.42'])];
    expect(doubts(analyze({ encounters }))).toEqual({});
  });

  test('a single mention outside the OIG groups is a flag, not a gap', () => {
    expect(doubts(analyze({ encounters: [visit('2025-06-10', ['E11.42'])] }))).toEqual({});
  });

  test('a pressure ulcer of stage 3 on one record, with and without other care of it', () => {
    const ulcer = visit('2025-06-10', ['L89.153']);
    expect(doubts(analyze({ encounters: [ulcer] }))).toEqual({ '381': ['OIG13'] });
    expect(doubts(analyze({ encounters: [ulcer, visit('2025-06-20', ['L89.152'])] }))).toEqual({});
  });
});

describe('laws', () => {
  const encounters = [
    visit('2025-06-10', ['I63.9', 'F33.1', 'C50.912', 'N18.4']),
    visit('2025-06-24', ['N18.31', 'E10.21', 'E11.22']),
    visit('2025-08-10', ['A41.9'], { hra: true }),
    stay('2025-01-10', '2025-01-15', ['I21.4']),
  ];

  test('the order and repetition of records change nothing', () => {
    const whole = JSON.stringify(analyze({ encounters }));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(encounters, { minLength: encounters.length }),
        fc.subarray(encounters),
        (order, repeats) => {
          expect(JSON.stringify(analyze({ encounters: [...repeats, ...order] }))).toBe(whole);
        },
      ),
      { numRuns: 20 },
    );
  });
});
