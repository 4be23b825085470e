import { describe, expect, test } from 'vitest';
import { ageSexCell, dualGroup, paymentAge, readPerson } from '../../src/engine/demographics.ts';
import { conditionOf, parseCondition } from '../../src/engine/expression.ts';
import { hierarchyGraph } from '../../src/engine/hierarchies.ts';
import { blendThousandths, codedThousandths, decimal } from '../../src/engine/payment.ts';
import type { ScoreRequest } from '../../src/engine/score-contract.ts';
import { scoreRequest } from '../../src/engine/score-request.ts';
import { decimalJson, parseThousandths, toDecimal } from '../../src/engine/thousandths.ts';
import { person, reference, request } from '../golden/medicare-vectors.ts';

function refusal(fields: Partial<ScoreRequest> & Pick<ScoreRequest, 'paymentYear'>) {
  const answer = scoreRequest(reference, request(fields));
  if (answer.ok) throw new Error('scored');
  return answer.error;
}
function result(fields: Partial<ScoreRequest> & Pick<ScoreRequest, 'paymentYear'>) {
  const answer = scoreRequest(reference, request(fields));
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.result;
}
const dialysis = person({ esrd: { status: 'dialysis', monthsSinceTransplant: null } });

describe('age and cell', () => {
  test.each([
    ['1950-02-01', 77],
    ['1950-02-02', 76],
    ['1950-01-31', 77],
    ['2027-06-01', 0],
  ])('born %s: age %i on 1 February 2027', (birthDate, age) => {
    expect(paymentAge({ birthDate, age: null }, 2027)).toBe(age);
  });
  test('64 with OREC 0 moves to 65 in new-enrollee cells only', () => {
    const reading = readPerson(person({ age: 64, newEnrollee: true }), 2027);
    if (!reading.ok) throw new Error(reading.error.message);
    expect(ageSexCell(reading.value.person, 'new_enrollee')).toBe('F65');
    expect(ageSexCell(reading.value.person, 'new_enrollee_merged')).toBe('F65_69');
    expect(ageSexCell(reading.value.person, 'continuing')).toBe('F60_64');
  });
  test('dual status groups', () => {
    expect(['02', '04', '08'].map(dualGroup)).toEqual(['full', 'full', 'full']);
    expect(['01', '03', '05', '06'].map(dualGroup)).toEqual(['partial', 'partial', 'partial', 'partial']);
    expect(['00', '09', '99', 'NA', null].map(dualGroup)).toEqual(['none', 'none', 'none', 'none', 'none']);
  });
});

describe('conditions', () => {
  const who = readPerson(person({ age: 50, originalEntitlement: '1' }), 2027);
  const holds = (text: string, hccs: string[] = []): boolean => {
    if (!who.ok) throw new Error(who.error.message);
    const names = new Map([['HF', parseCondition('HCC1 | HCC2', new Map(), 'HCC')]]);
    return conditionOf(parseCondition(text, names, 'HCC'))(who.value.person, new Set(hccs));
  };
  test('any, all, not, parentheses, comparisons, names and HCCs', () => {
    expect(holds('age<65 & orec!=0 & HF', ['2'])).toBe(true);
    expect(holds('!(HCC1 | HCC2)', ['2'])).toBe(false);
    expect(holds('age>=65 | sex=F & HCC3', ['3'])).toBe(true);
    expect(holds('')).toBe(true);
  });
  test.each(['HF &', '(HF', 'WHAT', 'HF HF', 'age~5'])('unreadable: %s', (text) => {
    expect(() => holds(text)).toThrow(/condition/);
  });
});

test('family is what dominates and what is dominated, not the whole component', () => {
  const graph = hierarchyGraph([
    { hcc: '1', drops: '2' },
    { hcc: '2', drops: '3' },
    { hcc: '4', drops: '3' },
  ]);
  expect([...graph.dominators('3')].sort()).toEqual(['1', '2', '4']);
  expect([...graph.dominated('1')].sort()).toEqual(['2', '3']);
  expect([...graph.family('2')].sort()).toEqual(['1', '2', '3']);
});

describe('payment arithmetic', () => {
  test.each([
    ['1.103', '1.079', '0.962'],
    ['2.229', '1.079', '1.944'],
    ['1.000', '1.067', '0.882'],
    ['1.500', '1.067', '1.323'],
    ['3.141', '1.079', '2.739'],
    ['0.465', '1.079', '0.406'],
  ])('raw %s, normalization %s: payment %s', (raw, normalization, payment) => {
    const coded = codedThousandths(parseThousandths(raw), parseThousandths(normalization), 59);
    expect(decimal(coded)).toBe(payment);
  });
  test('a blend is rounded once, not part by part', () => {
    expect(
      blendThousandths([
        { coded: 2007, weight: 670 },
        { coded: 1890, weight: 330 },
      ]),
    ).toBe(1968);
  });
  test('decimals in JSON are those of the number', () => {
    for (const value of [0, 5, 50, 500, 1000, 1406, 12_340, -28, -1250]) {
      expect(decimalJson(value)).toBe(JSON.stringify(toDecimal(value)));
    }
  });
});

describe('models and parameters in force', () => {
  test('PY2026 MA is V28 alone; PACE is V22 and V28', () => {
    expect(result({ paymentYear: 2026 })).toMatchObject({ model: 'cms-hcc-v28' });
    expect(result({ paymentYear: 2026 }).models).toBeUndefined();
    const pace = result({ paymentYear: 2026, program: 'pace' });
    expect(pace.models?.map(({ model, blendWeight }) => [model, blendWeight])).toEqual([
      ['cms-hcc-v28', 0.1],
      ['cms-hcc-v22', 0.9],
    ]);
    expect(pace.assumptions).toContain('frailty not given, not applied');
  });
  test('frailty is added after the blend', () => {
    const without = result({ paymentYear: 2027, program: 'pace' });
    const added = result({ paymentYear: 2027, program: 'pace', frailty: 0.2 });
    expect(added.payment?.score).toBe(Math.round(((without.payment?.score ?? 0) + 0.2) * 1000) / 1000);
    expect(added.payment?.steps.at(-1)?.step).toBe('frailty');
  });
  test('ESRD members are scored by the ESRD model', () => {
    expect(result({ paymentYear: 2027, member: dialysis })).toMatchObject({
      model: 'esrd-v24',
      segment: 'DI',
      payment: { normalization: 1.072 },
    });
  });
  test.each([
    ['a year without parameters', { paymentYear: 2028 }, 'unsupported_year'],
    [
      'PACE ESRD 2027: weights unknown',
      { paymentYear: 2027, program: 'pace', member: dialysis },
      'missing_parameter',
    ],
    ['ESRD 2025: factor unknown', { paymentYear: 2025, member: dialysis }, 'missing_parameter'],
    ['V24 after its last year', { paymentYear: 2026, model: 'cms-hcc-v24' }, 'missing_mapping'],
    ['RxHCC V05 PY2024: no mapping', { paymentYear: 2024, model: 'rxhcc-v05' }, 'missing_mapping'],
    ['RxHCC V08 PY2024: no calibration', { paymentYear: 2024, model: 'rxhcc-v08' }, 'missing_coefficients'],
    ['RxHCC V08 PY2025: factor unknown', { paymentYear: 2025, model: 'rxhcc-v08' }, 'missing_parameter'],
    ['V22 is no MA model', { paymentYear: 2026, model: 'cms-hcc-v22', program: 'ma' }, 'missing_parameter'],
    ['ESRD model, no ESRD status', { paymentYear: 2026, model: 'esrd-v24' }, 'not_applicable'],
  ] as const)('%s is refused', (_name, fields, code) => {
    expect(refusal(fields).code).toBe(code);
  });
  test('a refusal names what is missing', () => {
    expect(refusal({ paymentYear: 2027, program: 'pace', member: dialysis }).message).toContain(
      'blend weight of PACE esrd-v21 dialysis and transplant payment year 2027',
    );
  });
  test('PACE ESRD: raw score with the reason why there is no payment score', () => {
    const scored = result({ paymentYear: 2026, model: 'esrd-v21', member: dialysis });
    expect(scored.payment).toBeNull();
    expect(scored.assumptions.join()).toContain('coding pattern adjustment');
  });
  test('PACE Part D 2027 blends two calibrations', () => {
    const scored = result({ paymentYear: 2027, model: 'rxhcc-v08', member: person({ partD: 'pace' }) });
    expect(scored.models?.map(({ blendWeight, payment }) => [blendWeight, payment?.normalization])).toEqual([
      [0.5, 1.237],
      [0.5, 1.109],
    ]);
  });
});

describe('codes of a request', () => {
  const codes = ['', 'ZZZ', 'z00.00', 'E11.A', 'G35', 'G35.A', 'E119', 'e11.9', 'I42.0'];
  const scored = result({ paymentYear: 2027, diagnoses: codes });
  test('valid and in no HCC: unmapped', () => {
    expect(scored.unmapped).toEqual(['E11.A', 'Z00.00']);
  });
  test('billable on no date of the service year: invalid', () => {
    expect(scored.invalid.map(({ code }) => code)).toEqual(['', 'G35', 'ZZZ']);
    expect(scored.invalid.at(-1)?.reason).toBe('billable on no date of the service year');
  });
  test('a code retired during the service year counts', () => {
    expect(scored.factors.find(({ variable }) => variable === 'HCC38')?.diagnoses).toEqual(['E11.9']);
    expect(scored.hccs).toContain('227');
  });
  test('a code of a newer code set is pending, never zero', () => {
    const added = ['I42.00', 'I42.01', 'I42.09', 'I42.81', 'I42.89'];
    expect(result({ paymentYear: 2027, diagnoses: added }).pending).toEqual(added);
    const earlier = result({ paymentYear: 2026, diagnoses: added });
    expect(earlier.pending).toEqual([]);
    expect(earlier.invalid.map(({ code }) => code)).toEqual(added);
  });
  test('an age edit of the year removes the code and says so', () => {
    const edit = [...(reference.models.get('cms-hcc-v28')?.years.get(2027)?.edits ?? [])].find(
      ([, edits]) => edits[0]?.type === 'mce_age' && edits[0]?.ageMax !== null,
    );
    const code = edit?.[0] ?? '';
    const young = person({ age: edit?.[1][0]?.ageMax ?? 0 });
    expect(result({ paymentYear: 2027, diagnoses: [code], member: young }).hccs).toEqual([]);
    expect(result({ paymentYear: 2027, diagnoses: [code], member: young }).invalid[0]?.reason).toMatch(
      /age edit/,
    );
  });
  test('what is unknown of the member is said', () => {
    const unknown = person({ dualStatus: null, originalEntitlement: null });
    expect(result({ paymentYear: 2027, member: unknown }).assumptions).toEqual([
      'originalEntitlement unknown, scored as 0 (entitled by age)',
      'dualStatus unknown, scored as non-dual',
    ]);
  });
  test('marks of tables and parameters reach the answer', () => {
    expect(scored.provenance.some((mark) => mark.includes('mapping 2027'))).toBe(true);
    expect(scored.provenance.some((mark) => mark.startsWith('payment parameters MA cms-hcc-v28'))).toBe(true);
    const rx = result({ paymentYear: 2026, model: 'rxhcc-v08', member: person({ partD: 'mapd' }) });
    expect(rx.provenance.join()).toContain('Part D mapd');
  });
});
