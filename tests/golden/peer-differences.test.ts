import { describe, expect, test } from 'vitest';
import { scoreHhsRequest } from '../../src/engine/hhs/score.ts';
import type { ModelId, ScoreMember, ScoreResult } from '../../src/engine/score-contract.ts';
import { scoreRequest } from '../../src/engine/score-request.ts';
import { hhsRequest, hhsTables } from './hhs-request.ts';
import { person, reference, request } from './medicare-vectors.ts';

function score(
  model: ModelId,
  paymentYear: number,
  diagnoses: string[],
  fields: Partial<ScoreMember> = {},
): ScoreResult {
  const answer = scoreRequest(reference, request({ model, paymentYear, diagnoses, member: person(fields) }));
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.result;
}
const dialysis = { esrd: { status: 'dialysis', monthsSinceTransplant: null } } as const;
const graft = (months: number) => ({ esrd: { status: 'graft', monthsSinceTransplant: months } }) as const;
const transplant = (months: number) =>
  ({ esrd: { status: 'transplant', monthsSinceTransplant: months } }) as const;

/** Rows of the list of places where public engines depart from the CMS program text; numbers are the list's. */
describe('errors of public engines not repeated: CMS-HCC', () => {
  test('1: V28 62, 63, 202 leave 62 from PY2026, 62 and 202 up to PY2025', () => {
    const codes = ['Z94.4', 'K76.81', 'R40.2432'];
    expect(score('cms-hcc-v28', 2026, codes)).toMatchObject({ rawScore: 0.771, hccs: ['62'] });
    expect(score('cms-hcc-v28', 2025, codes)).toMatchObject({ rawScore: 1.314, hccs: ['62', '202'] });
  });
  test('2: V28 62 and 202 without 63 both stay', () => {
    expect(score('cms-hcc-v28', 2027, ['Z94.4', 'R40.2432']).rawScore).toBe(1.314);
  });
  test('3: V28 223 alone is removed before the hierarchies and removes nothing', () => {
    expect(score('cms-hcc-v28', 2027, ['Z95.811', 'I43'])).toMatchObject({
      rawScore: 0.584,
      hccs: ['227'],
      dropped: [{ hcc: '223', droppedBy: 'HCC223_PATCH' }],
    });
  });
  test('4: V28 edges of 191, 192, 221, 222', () => {
    expect(score('cms-hcc-v28', 2027, ['Z94.1', 'I50.9']).rawScore).toBe(1.448);
    expect(score('cms-hcc-v28', 2027, ['P57.0', 'S14.118S']).rawScore).toBe(0.709);
  });
  test('5: OREC 3 is not originally disabled', () => {
    expect(score('cms-hcc-v28', 2027, [], { originalEntitlement: '3' }).rawScore).toBe(0.395);
  });
  test('6: new enrollee of 67 with OREC 3', () => {
    const member = { sex: 'M', age: 67, originalEntitlement: '3', newEnrollee: true } as const;
    expect(score('cms-hcc-v24', 2025, [], member).rawScore).toBe(0.582);
  });
  test('7: new enrollee of 64 with OREC 0 is in the cell of 65', () => {
    const result = score('cms-hcc-v28', 2027, [], { age: 64, newEnrollee: true });
    expect(result).toMatchObject({ rawScore: 0.532, segment: 'NE' });
    expect(result.factors[0]?.variable).toBe('NMCAID_NORIGDIS_NEF65');
  });
  test('8: V22 diabetes and heart failure interaction', () => {
    expect(score('cms-hcc-v22', 2026, ['E11.9', 'I50.9']).rawScore).toBe(0.955);
  });
  test('9: sex and age edits in V22 and V24', () => {
    expect(score('cms-hcc-v24', 2025, ['D66'])).toMatchObject({ rawScore: 0.578, hccs: ['48'] });
    expect(score('cms-hcc-v22', 2026, ['F34.81']).rawScore).toBe(0.374);
    expect(score('cms-hcc-v24', 2025, ['F34.81']).rawScore).toBe(0.386);
    expect(score('cms-hcc-v24', 2025, ['J43.9'], { age: 10, originalEntitlement: '1' }).hccs).toEqual([
      '112',
    ]);
  });
  test('10: V24 institutional pressure ulcer interactions', () => {
    const member = { institutional: true };
    expect(score('cms-hcc-v24', 2025, ['Z93.52', 'L89.813'], member).rawScore).toBe(2.345);
    expect(score('cms-hcc-v24', 2025, ['J15.212', 'L89.134'], member).rawScore).toBe(2.632);
  });
  test('11: age 0', () => {
    const member = { sex: 'M', age: 0, originalEntitlement: '1' } as const;
    expect(score('cms-hcc-v28', 2027, ['I50.9'], member).rawScore).toBe(0.548);
  });
  test('12: blanks around a code', () => {
    expect(score('cms-hcc-v28', 2027, [' E119 ']).rawScore).toBe(0.561);
  });
});

describe('errors of public engines not repeated: ESRD', () => {
  test('15: V21 community graft', () => {
    expect(score('esrd-v21', 2026, ['I50.9'], graft(6)).rawScore).toBe(3.248);
  });
  test('16: V21 institutional graft, dual', () => {
    expect(score('esrd-v21', 2026, [], { ...graft(6), institutional: true, dualStatus: '02' }).rawScore).toBe(
      3.756,
    );
  });
  test('17: V21 dialysis new enrollee of 90', () => {
    expect(score('esrd-v21', 2026, [], { ...dialysis, age: 90, newEnrollee: true }).rawScore).toBe(1.164);
  });
  test('18: V21 dialysis new enrollee of 50 with OREC 1', () => {
    const member = { ...dialysis, age: 50, originalEntitlement: '1', newEnrollee: true };
    expect(score('esrd-v21', 2026, [], member).rawScore).toBe(1.12);
  });
  test('19: V21 graft new enrollee has an age/sex cell and a duration', () => {
    const result = score('esrd-v21', 2026, [], { ...graft(6), age: 67, newEnrollee: true });
    expect(result.factors.map(({ variable }) => variable)).toEqual([
      'NMCAID_NORIGDIS_G_NEF67',
      'GE65_DUR4_9',
    ]);
  });
  test.each([
    [1, 6.03],
    [2, 0.895],
    [3, 0.895],
  ])('20: V21 transplant month %i', (month, expected) => {
    expect(score('esrd-v21', 2026, [], transplant(month)).rawScore).toBe(expected);
  });
  test('21: V21 NonAged terms mean disabled', () => {
    expect(score('esrd-v21', 2026, [], { ...dialysis, age: 50, dualStatus: '02' }).rawScore).toBe(0.589);
  });
  test('22: V21 demographic terms of men', () => {
    expect(score('esrd-v21', 2026, [], { ...dialysis, sex: 'M', dualStatus: '02' }).rawScore).toBe(0.733);
    expect(score('esrd-v21', 2026, [], { ...dialysis, sex: 'M', originalEntitlement: '2' }).rawScore).toBe(
      0.562,
    );
  });
  test('23: V21 dialysis status is no HCC', () => {
    expect(score('esrd-v21', 2026, ['Z99.2'], dialysis).hccs).toEqual([]);
  });
  test('25: V24 dialysis, institutional', () => {
    expect(score('esrd-v24', 2026, [], { ...dialysis, institutional: true }).rawScore).toBe(0.644);
  });
  test('26: V24 graft new enrollee is divided by the actuarial adjuster', () => {
    const result = score('esrd-v24', 2026, [], { ...graft(6), age: 67, newEnrollee: true, dualStatus: '02' });
    expect(result.rawScore).toBe(3.979);
    expect(result.factors.at(-1)).toEqual({ variable: 'ActAdj_DUR4_9', kind: 'divisor', value: 0.905 });
  });
  test('27: V24 dialysis new enrollees', () => {
    expect(score('esrd-v24', 2026, [], { ...dialysis, age: 90, newEnrollee: true }).rawScore).toBe(0.963);
    const man = { ...dialysis, sex: 'M', age: 50, originalEntitlement: '1', newEnrollee: true } as const;
    expect(score('esrd-v24', 2026, [], man).rawScore).toBe(0.851);
  });
  test('28: V24 transplant month 1', () => {
    expect(score('esrd-v24', 2026, [], transplant(1)).rawScore).toBe(5.985);
  });
  test('29: V24 renal categories are no HCC', () => {
    expect(score('esrd-v24', 2026, ['N18.30'], dialysis)).toMatchObject({
      hccsBeforeHierarchy: ['138'],
      hccs: [],
      dropped: [{ hcc: '138', droppedBy: 'ZERO_RENAL' }],
    });
  });
});

describe('errors of public engines not repeated: RxHCC V08', () => {
  const mapd = { partD: 'mapd' } as const;
  test('30: hierarchies', () => {
    expect(score('rxhcc-v08', 2026, ['C92.12', 'C25.3'], mapd)).toMatchObject({
      rawScore: 4.942,
      hccs: ['15'],
    });
  });
  test('31: new enrollee of 67', () => {
    expect(score('rxhcc-v08', 2026, [], { ...mapd, age: 67, newEnrollee: true }).rawScore).toBe(0.414);
  });
  test('32: originally disabled, aged, low income; institutional', () => {
    const man = { ...mapd, sex: 'M', originalEntitlement: '1', lowIncome: true } as const;
    expect(score('rxhcc-v08', 2026, [], man).rawScore).toBe(0.409);
    expect(score('rxhcc-v08', 2026, [], { ...man, institutional: true }).rawScore).toBe(0.996);
  });
  test('33: one calibration at a time', () => {
    expect(score('rxhcc-v08', 2026, ['A07.2'], mapd).rawScore).toBe(0.689);
  });
  test('34: 83, 84 and 317 leave 83 from PY2026', () => {
    expect(score('rxhcc-v08', 2026, ['I77.82', 'M30.0', 'H01.121'], mapd)).toMatchObject({
      hccsBeforeHierarchy: ['83', '84', '317'],
      hccs: ['83'],
    });
  });
});

/** Rows 35 to 43 are of HHS-HCC V05, which ends before the benefit years offered here. */
describe('errors of public engines not repeated: HHS-HCC V07', () => {
  const thousandthsOfMan = (
    age: number,
    diagnoses: readonly string[],
    drugs: readonly string[] = [],
  ): number => {
    const given = hhsRequest(2022, { sex: 'M', age }, { diagnoses, drugs });
    const answer = scoreHhsRequest(hhsTables, reference.codes, given);
    if (!answer.ok) throw new Error(answer.error.message);
    return Math.round(answer.value.rawScore * 1000);
  };
  test('44: groups are those of V07', () => {
    expect(thousandthsOfMan(46, ['D61.09'])).toBe(14_066);
    expect(thousandthsOfMan(46, ['J82.83'])).toBe(693);
    expect(thousandthsOfMan(36, ['A32.7', 'M72.6'])).toBe(16_792);
  });
  test('45: an interaction of a drug reads the HCC before grouping', () => {
    expect(thousandthsOfMan(51, ['E11.9'], ['00002739359'])).toBe(2089);
  });
});
