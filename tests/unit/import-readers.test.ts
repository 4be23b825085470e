import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readDiyTables } from '../../src/reference/import/hhs-diy.ts';
import { readOrderAddenda, readOrderFile } from '../../src/reference/import/icd10-files.ts';
import {
  readHierarchyCsv,
  readMappingCsv,
  readRelativeFactors,
} from '../../src/reference/import/internal-tables.ts';
import { readMappingsWorkbook } from '../../src/reference/import/mappings-workbook.ts';
import { readSasFormat, readSasHierarchies, readSasLabels } from '../../src/reference/import/sas-text.ts';
import { readServiceCodes, readServiceCodesCsv } from '../../src/reference/import/service-codes.ts';
import { segmentOfColumn, variableKey } from '../../src/reference/import/variable-names.ts';
import { readWideCoefficients } from '../../src/reference/import/wide-coefficients.ts';
import { readWorkbook } from '../../src/reference/import/workbook.ts';
import { writeWorkbook } from '../fixtures/import/workbook-writer.ts';

const fixtures = path.resolve(import.meta.dirname, '../fixtures/import');
const read = (name: string): string => readFileSync(path.join(fixtures, name), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'hccgap-readers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('SAS software text', () => {
  test('a format file gives code and category, a second category on its own line', () => {
    const { rows, problems } = readSasFormat('F', read('sas/F2828T1N.TXT'));
    expect(problems).toEqual([]);
    expect(rows.slice(-2)).toEqual([
      { code: 'T8630', hcc: '221' },
      { code: 'T8630', hcc: '276' },
    ]);
    expect(rows).toHaveLength(7);
  });

  test('an unreadable line is named', () => {
    expect(readSasFormat('F', 'A0104\t92\nnonsense\n').problems).toMatchObject([
      { line: 2, code: 'bad_row' },
    ]);
  });

  test('hierarchy statements may run over several lines', () => {
    const { rows, problems } = readSasHierarchies('H', read('sas/V28005H1.TXT'));
    expect(problems).toEqual([]);
    expect(rows.map(({ hcc, drops }) => `${hcc}>${drops}`)).toEqual([
      '37>38',
      '221>226',
      '221>227',
      '226>227',
    ]);
  });

  test('a statement that cannot be read is a problem, never left out', () => {
    expect(
      readSasHierarchies('H', '%SET0(CC=17 , HIER=%STR(18));\n%SET0(CC=18 , HIER=19);').problems,
    ).toMatchObject([{ message: '2 SET0 statements, only 1 could be read' }]);
  });

  test('labels are taken from the HCC lines', () => {
    expect(readSasLabels('L', read('sas/V28005L3.TXT')).rows).toEqual([
      { hcc: '37', label: 'Diabetes with something' },
      { hcc: '38', label: 'Diabetes without' },
      { hcc: '221', label: 'Heart, transplanted' },
    ]);
  });

  test('a coefficient row of names and one of values is split by segment', () => {
    const { coefficients, problems } = readWideCoefficients(
      'C',
      'CNA_HCC37,SNPNE_NMCAID_NORIGDIS_NEF65,Rx_CE_LowAged_F65_69,TRANSPLANT_KIDNEY_ONLY_1M\n0.166,0.9,0.05,5.985\n',
      ['CNA', 'NE', 'SNPNE', 'CE_LowAged'],
    );
    expect(problems).toEqual([]);
    expect(coefficients.map(({ segment, variable }) => `${segment} ${variable}`)).toEqual([
      'CNA HCC37',
      'SNPNE NMCAID_NORIGDIS_NEF65',
      'CE_LowAged F65_69',
      'TRANSPLANT TRANSPLANT_KIDNEY_ONLY_1M',
    ]);
  });
});

describe('tables of the Python packages', () => {
  test('mapping with claim editor ages', () => {
    const { rows, problems } = readMappingCsv('M', read('package/ICD10_CC_mappings_CMS_HCC_2028_v28.csv'));
    expect(problems).toEqual([]);
    expect(rows.slice(2)).toEqual([
      { code: 'I5022', hcc: '226', minAge: null, maxAge: null },
      { code: 'C9150', hcc: '17', minAge: 15, maxAge: null },
      { code: 'O903', hcc: '226', minAge: 9, maxAge: 64 },
      { code: 'P2900', hcc: '226', minAge: null, maxAge: 0 },
    ]);
  });

  test('an age condition that is not understood is refused', () => {
    expect(readMappingCsv('M', 'ICD10,CC,MCE_AGE_CONDITION\nC9150,17,about 15\n').problems).toHaveLength(1);
  });

  test('hierarchies are one row a parent', () => {
    expect(readHierarchyCsv('H', read('package/V28_HCC_Hierarchies.csv')).rows).toEqual([
      { hcc: '37', drops: '38' },
      { hcc: '221', drops: '226' },
      { hcc: '221', drops: '227' },
    ]);
  });

  test('relative factors by segment, with labels and stated blanks', () => {
    const factors = readRelativeFactors('CE', read('package/V28_CE_Relative_Factors.csv'), (column) =>
      segmentOfColumn('CE', column),
    );
    expect(factors.coefficients).toContainEqual({ segment: 'INS', variable: 'HCC37', value: '0.28' });
    expect(factors.labels).toEqual([
      { hcc: '37', label: 'Diabetes, with something' },
      { hcc: '38', label: 'Diabetes without' },
    ]);
    expect([...factors.blanks]).toEqual(['INS|HCC38']);
  });

  test('a column that is no segment is refused', () => {
    const { problems } = readRelativeFactors('CE', 'Variable,Label,MOON\nF0_34,x,0.1\n', (column) =>
      segmentOfColumn('CE', column),
    );
    expect(problems[0]?.message).toBe('columns that are no segment of the model: MOON');
  });

  test('tables with one score column are told by their file', () => {
    expect(segmentOfColumn('V24_NE_Dialysis_Relative_Factors.csv', 'Score')).toBe('DNE');
    expect(segmentOfColumn('V24_Transplant_Scores.csv', 'Score')).toBe('TRANSPLANT');
    expect(segmentOfColumn('V21_NE_Graft_Relative_Factors.csv', 'GRAFT_NE')).toBe('GNE');
    expect(segmentOfColumn('T_NE_Relative_Factors.csv', 'NE_Low_Community')).toBe('NE_Lo');
  });

  test('spellings of one variable are one key', () => {
    expect(variableKey('ESRD_NORIGDIS_X_F85_89')).toBe(variableKey('ESRD_NOD_x_F85_89'));
    expect(variableKey('ESRD_ORIGDIS_X_M65')).toBe(variableKey('ESRD_OD_x_M65'));
    expect(variableKey('DUR10PL_GE65')).toBe('GE65_DUR10PL');
    expect(variableKey('SCHIZOPHRENIA_CHF ')).toBe('SCHIZOPHRENIA_CHF');
    expect(variableKey('FGC_PBD_GE65_flag')).toBe(variableKey('PBD_GE65_flag'));
  });
});

describe('workbooks', () => {
  test('the mappings spreadsheet: the columns of the model, rows of the year only', async () => {
    const file = path.join(folder, '2028 Initial ICD-10-CM Mappings.xlsx');
    await writeWorkbook(file, [
      {
        name: 'FY27-28 ICD10 Mappings',
        rows: [
          ['2028 Initial ICD-10-CM Mappings'],
          [
            'Diagnosis Code',
            'Description',
            'CMS-HCC ESRD Model Category V24',
            'CMS-HCC Model Category V28',
            'CMS-HCC ESRD Model Category V24 for 2028 Payment Year',
            'CMS-HCC Model Category V28 for 2028 Payment Year',
          ],
          ['E1122', 'invented', '18', '37', 'Yes', 'Yes'],
          ['T8630', 'invented', '186', '221, 276', 'Yes', 'Yes'],
          ['C8339', 'invented', '10', '20', 'Yes', 'No'],
          ['Z0000', 'invented', '', '', '', ''],
          ['Note: an invented footnote'],
        ],
      },
    ]);
    const book = await readWorkbook('mappings.xlsx', file);
    if (!book.ok) throw new Error(book.problem.message);
    const options = { modelId: 'cms-hcc-v28', paymentYear: 2028 };
    expect(readMappingsWorkbook('mappings.xlsx', book.sheets, options)).toEqual({
      rows: [
        { code: 'E1122', hcc: '37' },
        { code: 'T8630', hcc: '221' },
        { code: 'T8630', hcc: '276' },
      ],
      problems: [],
    });
    const esrd = readMappingsWorkbook('mappings.xlsx', book.sheets, { ...options, modelId: 'esrd-v24' });
    expect(esrd.rows.map(({ hcc }) => hcc)).toEqual(['18', '186', '10']);
    const wrongYear = readMappingsWorkbook('mappings.xlsx', book.sheets, { ...options, paymentYear: 2031 });
    expect(wrongYear.problems).toHaveLength(1);
    const absent = readMappingsWorkbook('mappings.xlsx', book.sheets, { ...options, modelId: 'rxhcc-v08' });
    expect(absent.problems[0]?.code).toBe('no_header');
  });

  test('a file that is no workbook is a problem', async () => {
    const book = await readWorkbook('x.xlsx', path.join(fixtures, 'sas/F2828T1N.TXT'));
    expect(book.ok ? null : book.problem.code).toBe('unreadable');
  });

  test('the CPT/HCPCS list: codes only, those marked yes', () => {
    const rows = [
      ['CY 2028 list, invented'],
      ['CPT/HCPCS Code', 'Short Description', 'Included 2028'],
      ['99213', 'not kept', 'yes'],
      ['100', 'not kept', 'yes'],
      ['G0438', 'not kept', 'Yes'],
      ['99999', 'not kept', 'no'],
      ['Footnote', '', ''],
    ];
    expect(readServiceCodes('cpt.xlsx', [{ name: 'list', rows }], 2028).rows).toEqual([
      '00100',
      '99213',
      'G0438',
    ]);
    expect(readServiceCodesCsv('cpt.csv', 'hcpcs,eligible\n99213,yes\n', 2028).rows).toEqual(['99213']);
    expect(readServiceCodesCsv('cpt.csv', 'a,b\n1,2\n', 2028).problems[0]?.code).toBe('no_header');
  });

  test('HHS DIY tables 3, 4, 9, 10a and 10b', () => {
    const tables = readDiyTables(
      'diy.xlsx',
      [
        {
          name: 'Table 3',
          rows: [
            [
              'ICD10',
              'ICD10 Label',
              'Code Valid FY2027',
              'Code Valid FY2028',
              'MCE Age Condition',
              'MCE Sex Condition',
              'CC Age Split',
              'CC Sex Split',
              'CC',
              'Second CC',
              'Third CC',
            ],
            ['B252', 'invented', 'Y', 'Y', '', '', '', '', '6.0', '47', ''],
            ['D66', 'invented', 'Y', 'N', '', '', '', 'male', '66', '', ''],
            ['O80', 'invented', 'N', 'Y', '9 <= age <= 64', '', 'age < 50', '', '035_1', '', ''],
          ],
        },
        {
          name: 'Table 4',
          rows: [
            ['obs', 'v08_hcc', 'hccs_to_zero'],
            ['1', '35_1', '35_2 ,36'],
            ['2', '36', ''],
          ],
        },
        {
          name: 'Table 9',
          rows: [
            [
              'Model',
              'Variable',
              'Used',
              'Platinum Level',
              'Gold Level',
              'Silver Level',
              'Bronze Level',
              'Catastrophic Level',
            ],
            ['Adult', 'RXC_01_x_HCC001', 'Yes', '2.467', '2.5', '2.79', '3.1', '-1'],
          ],
        },
        {
          name: 'Table 10a',
          rows: [
            ['RXC', 'Label', 'NDC'],
            ['6', 'invented', '2021301'],
          ],
        },
        {
          name: 'Table 10b',
          rows: [
            ['RXC', 'Label', 'HCPCS'],
            ['10', 'invented', 'J7639'],
          ],
        },
      ],
      2027,
    );
    expect(tables.problems).toEqual([]);
    expect(
      tables.crosswalk.map(({ icd10, hcc, sex, age_max, mce_age_min, fy_first, fy_last }) =>
        [icd10, hcc, sex, age_max, mce_age_min, fy_first, fy_last].join(' '),
      ),
    ).toEqual(['B252 6     ', 'B252 47     ', 'D66 66 M    2027', 'O80 35.1  49 9 2028 ']);
    expect(tables.hierarchies).toEqual([
      { hcc: '35.1', drops_hcc: '35.2' },
      { hcc: '35.1', drops_hcc: '36' },
    ]);
    expect(tables.coefficients).toEqual([
      {
        model: 'Adult',
        variable: 'RXC_01_X_HCC001',
        platinum: '2.467',
        gold: '2.500',
        silver: '2.790',
        bronze: '3.100',
        catastrophic: '-1.000',
      },
    ]);
    expect(tables.ndc).toEqual([{ ndc: '00002021301', rxc: 'RXC_06' }]);
    expect(tables.hcpcs).toEqual([{ hcpcs: 'J7639', rxc: 'RXC_10' }]);
    expect(readDiyTables('diy.xlsx', [], 2027).problems).toHaveLength(5);
  });
});

describe('ICD-10-CM files', () => {
  test('the order file by its columns', () => {
    expect(readOrderFile('order', read('icd10cm-order-2028.txt'))).toEqual({
      rows: [
        { code: 'A00', billable: false, description: 'Cholera, invented long title' },
        { code: 'A000', billable: true, description: 'Cholera due to one' },
        { code: 'A001', billable: true, description: 'Cholera due to two' },
      ],
      problems: [],
    });
  });

  test('a gap in the order numbers is a truncated file', () => {
    const lines = read('icd10cm-order-2028.txt').split('\n');
    expect(readOrderFile('order', [lines[0], lines[2]].join('\n')).problems).toMatchObject([
      { code: 'count', message: 'order number 3 follows 1' },
    ]);
  });

  test('addenda: added, deleted, revised', () => {
    expect(readOrderAddenda('addenda', read('icd10cm-order-addenda-2028.txt')).rows).toEqual([
      { action: 'add', code: 'A002', billable: true, description: 'Cholera due to three' },
      { action: 'delete', code: 'A001', billable: true, description: 'Cholera due to two' },
      { action: 'revise', code: 'A000', billable: true, description: 'Cholera due to number one' },
    ]);
  });
});
