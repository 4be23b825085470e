import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeTable } from '../../src/engine/codes.ts';
import { readHhsMember } from '../../src/engine/hhs/member.ts';
import { scoreHhs, scoreHhsRequest } from '../../src/engine/hhs/score.ts';
import type { HhsYearTables } from '../../src/engine/hhs/tables.ts';
import type { ScoreRequest, ScoreResult } from '../../src/engine/score-contract.ts';
import { loadHhsTables } from '../../src/reference/hhs.ts';
import { hhsRequest, hhsTables } from '../golden/hhs-request.ts';

const codes = codeTable([
  { code: 'E9999', billable: true, from: '2026-10-01', to: null, description: 'invented, new in FY2027' },
  { code: 'Z0000', billable: true, from: '2021-10-01', to: null, description: 'invented, in no category' },
]);

function score(request: ScoreRequest): ScoreResult {
  const outcome = scoreHhsRequest(hhsTables, codes, request);
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

function refusal(request: ScoreRequest) {
  const outcome = scoreHhsRequest(hhsTables, codes, request);
  return outcome.ok ? null : outcome.error;
}

function yearTables(benefitYear: number): HhsYearTables {
  const tables = hhsTables.forYear(benefitYear);
  if (!tables) throw new Error(`no tables for ${benefitYear}`);
  return tables;
}

const variables = (result: ScoreResult): string[] => result.factors.map(({ variable }) => variable);

describe('HHS-HCC: what is refused', () => {
  test('a benefit year that has only proposed coefficients', () => {
    expect(refusal(hhsRequest(2027))).toEqual({
      code: 'unsupported_year',
      pointer: '/paymentYear',
      message:
        'benefit year 2027: only proposed coefficients are public, and no crosswalk or drug list; not scored',
    });
  });

  test('a benefit year without tables', () => {
    expect(refusal(hhsRequest(2019))?.message).toBe(
      'no HHS-HCC tables for benefit year 2019; available: 2021, 2022, 2023, 2024, 2025, 2026',
    );
  });

  test('the classification of another year', () => {
    expect(refusal({ ...hhsRequest(2024), model: 'hhs-hcc-v08' })?.message).toBe(
      'benefit year 2024 is scored with hhs-hcc-v07, not hhs-hcc-v08',
    );
  });

  test.each([
    [{ metal: null }, '/member/metal'],
    [{ age: null }, '/member/age'],
    [{ age: 3.5 }, '/member/age'],
    [{ age: -1 }, '/member/age'],
    [{ age: null, birthDate: '2027-01-01' }, '/member/age'],
    [{ enrollmentMonths: 0 }, '/member/enrollmentMonths'],
    [{ enrollmentMonths: 13 }, '/member/enrollmentMonths'],
    [{ csr: 'x' }, '/member/csr'],
    [{ csr: 14 }, '/member/csr'],
  ])('member %o', (member, pointer) => {
    expect(refusal(hhsRequest(2026, member))).toMatchObject({ code: 'invalid_member', pointer });
  });
});

describe('HHS-HCC: age and diagnosis', () => {
  test('a birth date is read on the last day of the benefit year', () => {
    const result = score(hhsRequest(2026, { age: null, birthDate: '2005-12-31' }));
    expect(result.segment).toBe('Adult_silver');
    expect(result.assumptions).toContain('AGE_LAST taken on 2026-12-31, the last day of the benefit year');
  });

  test.each([
    [0, 'Infant_silver'],
    [1, 'Infant_silver'],
    [2, 'Child_silver'],
    [20, 'Child_silver'],
    [21, 'Adult_silver'],
  ])('AGE_LAST %i is %s', (age, segment) => {
    expect(score(hhsRequest(2026, { age })).segment).toBe(segment);
  });

  test('hemophilia is HCC 66 in a male and HCC 75 in a female', () => {
    expect(score(hhsRequest(2026, { sex: 'M' }, { diagnoses: ['d66'] })).hccs).toEqual(['66']);
    expect(score(hhsRequest(2026, { sex: 'F' }, { diagnoses: ['D66'] })).hccs).toEqual(['75']);
  });

  test('a claim editor condition of sex holds to 2024 only, its ages in all years', () => {
    const male = { sex: 'M' as const, age: 30 };
    const o80 = { diagnoses: ['O80'] };
    expect(score(hhsRequest(2024, male, o80)).invalid).toEqual([
      { code: 'O80', reason: 'Medicare Code Editor condition: not valid at age 30 and sex M' },
    ]);
    expect(score(hhsRequest(2025, male, o80)).hccs).toEqual(['209']);
    expect(score(hhsRequest(2025, { age: 65 }, o80)).hccs).toEqual([]);
  });

  test('in 2022 an undated code is not edited, and the answer says so', () => {
    const result = score(hhsRequest(2022, { sex: 'M', age: 30 }, { diagnoses: ['O80'] }));
    expect(result.hccs).toEqual(['209']);
    expect(result.assumptions).toContain(
      'O80: undated, so its Medicare Code Editor condition was not applied (benefit year 2022)',
    );
  });

  test('a dated diagnosis is edited by the age on its day and the fiscal year of its day', () => {
    const year = yearTables(2022);
    const read = readHhsMember(year, {
      ...hhsRequest(2022).member,
      age: null,
      birthDate: '2007-06-15',
    });
    if (!read.ok) throw new Error(read.error.message);
    const at = (code: string, date: string) =>
      scoreHhs({ year, codes, member: read.value, request: hhsRequest(2022), diagnoses: [{ code, date }] });
    const adultOnly = [...year.categories].find(
      ([, rows]) => rows.length === 1 && rows[0]?.mceAge.min === 15 && rows[0]?.fiscalYears.max === null,
    );
    const code = adultOnly?.[0] ?? '';
    expect(at(code, '2022-06-14').hccs).toEqual([]);
    expect(at(code, '2022-06-15').hccs).toEqual([adultOnly?.[1][0]?.hcc]);
    expect(at(code, '2021-12-31').invalid[0]?.reason).toBe('service date is outside benefit year 2022');
    const newInFy2023 = [...year.categories].find(
      ([, rows]) =>
        rows.length === 1 &&
        rows[0]?.fiscalYears.min === 2023 &&
        rows[0].mceAge.min === null &&
        rows[0].mceAge.max === null &&
        rows[0].mceSex === null &&
        rows[0].age.min === null &&
        rows[0].age.max === null &&
        rows[0].sex === null,
    );
    const fresh = newInFy2023?.[0] ?? '';
    expect(at(fresh, '2022-09-30').invalid).toHaveLength(1);
    expect(at(fresh, '2022-10-01').hccsBeforeHierarchy).toEqual([newInFy2023?.[1][0]?.hcc]);
  });

  test('an unknown code is invalid, a code in no category unmapped, a code newer than the crosswalk pending', () => {
    const result = score(hhsRequest(2026, {}, { diagnoses: ['ZZZ', 'Z00.00', 'E99.99', 'E11.65'] }));
    expect(result.invalid).toEqual([{ code: 'ZZZ', reason: 'billable on no date of the service year' }]);
    expect(result.unmapped).toEqual(['Z00.00']);
    expect(result.pending).toEqual(['E99.99']);
    expect(result.hccs).toEqual(['21']);
  });
});

describe('HHS-HCC: variables', () => {
  test('a grouped HCC is scored by its group, with its diagnoses', () => {
    const result = score(hhsRequest(2026, {}, { diagnoses: ['E11.65'] }));
    expect(result.factors).toEqual([
      { variable: 'FAGE_LAST_40_44', kind: 'demographic', value: expect.any(Number) },
      { variable: 'G01', kind: 'group', value: expect.any(Number), diagnoses: ['E11.65'] },
    ]);
  });

  test('insulin removes the other diabetes drugs, and the interaction comes on top of the drug', () => {
    const result = score(
      hhsRequest(2026, {}, { diagnoses: ['E11.65'], drugs: ['2021301', '00002-1152-01'] }),
    );
    expect(variables(result)).toEqual(['FAGE_LAST_40_44', 'G01', 'RXC_06', 'RXC_06_X_HCC018_019_020_021']);
  });

  test('duration counts alone to 2022, only with a category from 2023, and not from seven months on', () => {
    const ill = { diagnoses: ['I50.23'] };
    expect(variables(score(hhsRequest(2022, { enrollmentMonths: 3 })))).toContain('ED_3');
    expect(variables(score(hhsRequest(2023, { enrollmentMonths: 3 })))).toEqual(['FAGE_LAST_40_44']);
    expect(variables(score(hhsRequest(2023, { enrollmentMonths: 3 }, ill)))).toContain('HCC_ED3');
    expect(variables(score(hhsRequest(2023, { enrollmentMonths: 7 }, ill)))).toEqual([
      'FAGE_LAST_40_44',
      'HHS_HCC130',
    ]);
  });

  test('PrEP counts from 2026, for adults without antiretroviral treatment and for children from 12', () => {
    const prep = { procedures: ['j0739'] };
    expect(variables(score(hhsRequest(2026, {}, prep)))).toEqual(['FAGE_LAST_40_44', 'ACF_PREP']);
    expect(variables(score(hhsRequest(2026, { age: 12 }, prep)))).toEqual([
      'FAGE_LAST_10_14',
      'ACF_PREP_CHILD',
    ]);
    expect(variables(score(hhsRequest(2026, { age: 11 }, prep)))).toEqual(['FAGE_LAST_10_14']);
    expect(variables(score(hhsRequest(2025, {}, prep)))).toEqual(['FAGE_LAST_40_44']);
    const treated = score(hhsRequest(2026, {}, { ...prep, drugs: ['49702024813'] }));
    expect(variables(treated)).toEqual(['FAGE_LAST_40_44', 'RXC_01']);
    const child = score(hhsRequest(2026, { age: 15 }, { ...prep, diagnoses: ['B20'] }));
    expect(variables(child)).toEqual(['FAGE_LAST_15_20', 'HHS_HCC001']);
  });

  test('a newborn boy without a birth category takes both age-1 terms', () => {
    expect(variables(score(hhsRequest(2026, { sex: 'M', age: 0 })))).toEqual([
      'AGE1_MALE',
      'AGE1_X_SEVERITY1',
    ]);
    expect(variables(score(hhsRequest(2026, { sex: 'M', age: 0 }, { diagnoses: ['Z38.00'] })))).toEqual([
      'AGE0_MALE',
      'TERM_X_SEVERITY1',
    ]);
  });

  test("a newborn's code on the mother's record is left out and flagged", () => {
    const result = score(hhsRequest(2026, { age: 30 }, { diagnoses: ['O80', 'Z38.00'] }));
    expect(result.hccs).toEqual(['209']);
    expect(result.assumptions).toContain(
      "possible bundled claim: newborn codes on the mother's record were left out",
    );
  });

  test('a category that the model lacks is dropped by the model', () => {
    const result = score(hhsRequest(2022, { age: 10 }, { diagnoses: ['E10.10'] }));
    expect(result.hccsBeforeHierarchy).toEqual(['19', '22']);
    expect(result.dropped).toEqual([{ hcc: '22', droppedBy: 'model:Child' }]);
    expect(variables(result)).toEqual(['FAGE_LAST_10_14', 'G01']);
  });
});

describe('HHS-HCC: cost-sharing reduction', () => {
  test('applies once to the raw score, rounded to three decimals', () => {
    const result = score(hhsRequest(2025, { sex: 'M', metal: 'bronze', csr: 4 }, { diagnoses: ['E11.65'] }));
    expect(result.rawScore).toBe(0.225);
    expect(result.csrAdjusted).toEqual({ indicator: '4', factor: 1.51, score: 0.34 });
  });

  test('an unlisted pair of indicator and metal has factor 1.00 and says so', () => {
    const result = score(hhsRequest(2025, { metal: 'gold', csr: '4' }));
    expect(result.csrAdjusted?.factor).toBe(1);
    expect(result.assumptions).toContain('csr 4 with gold is not in the CSR table of 2025: factor 1.00');
  });

  test('is absent when no indicator is given', () => {
    expect(score(hhsRequest(2025))).not.toHaveProperty('csrAdjusted');
  });
});

test('a missing package is an error that names it', () => {
  expect(() => loadHhsTables(path.join(import.meta.dirname, '../golden'))).toThrow(/package hhs-hcc-v07/);
});
