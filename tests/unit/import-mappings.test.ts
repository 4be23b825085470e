import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { loadCodes } from '../../src/reference/codes.ts';
import { loadHhsTables } from '../../src/reference/hhs.ts';
import {
  type ImportOptions,
  type ImportReport,
  importMappings,
} from '../../src/reference/import/import-mappings.ts';
import { verifyMappings } from '../../src/reference/inventory.ts';
import { loadModel } from '../../src/reference/models.ts';
import { openPackage } from '../../src/reference/package.ts';
import { type PackageContent, writePackage } from '../../src/reference/write-package.ts';
import { type SourceFiles, writePythonPackage } from '../fixtures/import/cms-source.ts';
import { writeWorkbook } from '../fixtures/import/workbook-writer.ts';

const packages = path.resolve(import.meta.dirname, '../../hcc-mappings');
const work = mkdtempSync(path.join(tmpdir(), 'hccgap-import-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

let root = '';
let source: SourceFiles;
let count = 0;

beforeEach(() => {
  count++;
  root = path.join(work, `packages-${count}`);
  lend('cms-hcc-v28');
  writePackage(root, slimCodes);
  source = writePythonPackage(path.join(root, 'cms-hcc-v28'), path.join(work, `source-${count}`));
});

/** The code set cut to what V28 maps, and the cholera codes: the whole one would only cost time here. */
function slim(): PackageContent {
  const mapped = new Set(
    openPackage(packages, 'cms-hcc-v28')
      .table('diagnoses.tsv')
      .map(({ code }) => code),
  );
  const { manifest, text } = openPackage(packages, 'icd10cm');
  const [header = '', ...lines] = text('codes.tsv').trimEnd().split('\n');
  const kept = lines.filter((line) => line.startsWith('A00') || mapped.has(line.split('\t', 1)[0]));
  const { files: _files, ...head } = manifest;
  return { ...head, files: [{ name: 'codes.tsv', content: `${[header, ...kept].join('\n')}\n` }] };
}
const slimCodes = slim();

/** Copies packages of this repository into the root of the test. */
function lend(...ids: readonly string[]): void {
  for (const id of ids) cpSync(path.join(packages, id), path.join(root, id), { recursive: true });
}

function run(change: Partial<ImportOptions> = {}): Promise<ImportReport> {
  return importMappings({
    root,
    from: source.folder,
    packageId: 'cms-hcc-v28',
    year: 2028,
    version: 'invented-2028',
    ...change,
  });
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

async function refusal(change: Partial<ImportOptions> = {}): Promise<string[]> {
  const before = readFileSync(path.join(root, 'cms-hcc-v28/manifest.json'), 'utf8');
  const report = await run(change);
  if (report.ok) throw new Error('the import was not refused');
  expect(readFileSync(path.join(root, 'cms-hcc-v28/manifest.json'), 'utf8')).toBe(before);
  expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(report.text).toContain('nothing was written');
  return report.problems.map(({ code, message }) => `${code}: ${message}`);
}

describe('import of a model from the Python package layout', () => {
  test('adds the year, keeps the others, and the package loads', async () => {
    const before = loadModel(root, 'cms-hcc-v28');
    const report = await run();
    if (!report.ok) throw new Error(report.text);
    expect(report.notes).toEqual(['coefficients equal set 2024, which gains 2028']);
    const model = loadModel(root, 'cms-hcc-v28');
    expect(model.paymentYears).toEqual([2024, 2025, 2026, 2027, 2028]);
    expect(model.years.get(2027)?.mapping).toEqual(before.years.get(2027)?.mapping);
    expect(model.years.get(2028)?.mapping.size).toBe((before.years.get(2027)?.mapping.size ?? 0) - 3);
    expect(model.years.get(2028)?.edits).toEqual(before.years.get(2027)?.edits);
    expect(model.years.get(2028)?.hierarchyOrder).toBe('simultaneous');
    expect(model.years.get(2028)?.codeSetYear).toBe(2026);
    expect(model.years.get(2028)?.provenance).toEqual([
      'cms-hcc-v28 mapping 2028: initial mapping, ends with the FY2026 code set',
    ]);
    expect(model.sets.map(({ id, paymentYears }) => `${id} ${paymentYears.join()}`)).toEqual([
      '2024 2024,2025,2026,2027,2028',
    ]);
    expect(openPackage(root, 'cms-hcc-v28').manifest.version).toBe('invented-2028');
    expect(verifyMappings(root).ok).toBe(true);
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('a second import of the same year changes nothing but sources', async () => {
    await run();
    const once = openPackage(root, 'cms-hcc-v28').manifest.files;
    await run();
    expect(openPackage(root, 'cms-hcc-v28').manifest.files).toEqual(once);
  });

  test('new values are a new set, and the report says what moved for coders', async () => {
    edit(source.ce, (text) =>
      text.replace('HCC37,"Diabetes with Chronic Complications",0.166', 'HCC37,"x",0.2'),
    );
    edit(source.mapping, (text) => text.replace('E1122,37.0,', 'E1122,36.0,'));
    const report = await run();
    if (!report.ok) throw new Error(report.text);
    expect(report.diff?.coefficients).toEqual([{ name: 'CNA HCC37', from: '0.166', to: '0.2' }]);
    expect(report.diff?.codesMoved).toEqual([{ code: 'E11.22', from: ['37'], to: ['36'] }]);
    expect(report.diff?.codesRetired.map(({ code }) => code)).toEqual(['D71', 'E72.53', 'G35']);
    // Captions of the factor table do not reword the labels of the model.
    expect(report.diff?.labels).toEqual([]);
    expect(loadModel(root, 'cms-hcc-v28').sets.map(({ id }) => id)).toEqual(['2024', '2028']);
  });

  test('published groups and interactions are compared with the terms and told', async () => {
    writeFileSync(
      path.join(source.folder, 'V28_Diagnosis_Categories.csv'),
      'diag_category,hcc_1,hcc_2\nSEPSIS,HCC2,\nKIDNEY_V28,HCC326,HCC327\n',
    );
    writeFileSync(
      path.join(source.folder, 'V28_Interactions.csv'),
      'interaction,var_1,var_2\nDIABETES_HF_V28,DIABETES_V28,HF_V28\nHF_MOON_V28,HF_V28,MOON\n',
    );
    const report = await run();
    expect(report.ok ? report.notes.slice(0, 2) : []).toEqual([
      'group KIDNEY_V28 is 326, 327; the model has 326, 327, 328, 329',
      'interaction HF_MOON_V28 is no term of the model',
    ]);
  });

  test('a dry run writes nothing', async () => {
    const before = readFileSync(path.join(root, 'cms-hcc-v28/manifest.json'), 'utf8');
    const report = await run({ dryRun: true });
    expect(report).toMatchObject({ ok: true, written: false, manifest: null });
    expect(readFileSync(path.join(root, 'cms-hcc-v28/manifest.json'), 'utf8')).toBe(before);
  });

  test('under a new id the package holds the new year only', async () => {
    const report = await run({ packageId: 'cms-hcc-v29', base: 'cms-hcc-v28' });
    // The files name version 28, so they are not those of version 29.
    expect(report.ok).toBe(false);
    for (const name of readdirSync(source.folder)) {
      const text = readFileSync(path.join(source.folder, name), 'utf8');
      rmSync(path.join(source.folder, name));
      writeFileSync(path.join(source.folder, name.replace(/v28/i, 'V29')), text);
    }
    const renamed = await run({ packageId: 'cms-hcc-v29', base: 'cms-hcc-v28' });
    if (!renamed.ok) throw new Error(renamed.text);
    const { manifest } = openPackage(root, 'cms-hcc-v29');
    expect(manifest.paymentYears).toEqual([2028]);
    expect(manifest.properties).toMatchObject({ version: 29, hierarchyOrder: { 2028: 'simultaneous' } });
  });
});

describe('what an import refuses', () => {
  test('a truncated mapping', async () => {
    edit(source.mapping, (text) => text.slice(0, text.length / 2).replace(/[^\n]*$/, ''));
    expect((await refusal())[0]).toMatch(
      /^count: \d+ codes, 8019 in an earlier year: the file looks truncated$/,
    );
  });

  test('relative factors that lack rows', async () => {
    edit(source.ce, (text) => text.replace(/^HCC37,.*\n/m, ''));
    const problems = await refusal();
    expect(problems).toHaveLength(7);
    expect(problems[0]).toBe(
      'no_coefficient: segment CFA has no HCC37, and the file does not state it blank',
    );
  });

  test('relative factors of no file at all', async () => {
    rmSync(source.ce);
    rmSync(source.ne);
    expect(await refusal()).toEqual(['missing_source: no file holds the relative factors']);
  });

  test('a variable that no term of the model has', async () => {
    edit(source.ce, (text) => `${text}HF_MOON_V28,invented,0.1,,,,,,\n`);
    expect(await refusal()).toEqual([
      'unknown_variable: CNA HF_MOON_V28 = 0.1: no term of the model has this name',
    ]);
  });

  test('another hierarchy under the same model', async () => {
    edit(source.hierarchies, (text) => text.replace('\nHCC37,HCC38', '\nHCC37,HCC36'));
    expect((await refusal()).join('\n')).toContain('new 37 over 36; gone 37 over 38');
  });

  test('a category without a label', async () => {
    edit(source.mapping, (text) => text.replace('E1122,37.0,', 'E1122,999.0,'));
    edit(source.ce, (text) => `${text}HCC999,,0.1,,,,,,\n`);
    expect(await refusal()).toEqual([
      'no_label: HCC 999 is mapped and has no label',
      'unknown_variable: CNA HCC999 = 0.1: no term of the model has this name',
    ]);
  });

  test('a code that is billable on no date', async () => {
    edit(source.mapping, (text) => `${text}G35,198.0,\n`);
    expect(await refusal()).toEqual(['code_not_valid: G35 is billable on no date of 2026 or 2027']);
  });

  test('two mapping files that disagree', async () => {
    writeFileSync(path.join(source.folder, 'F2828T1N.TXT'), 'E1122\t37\t\nE119\t38\t\n');
    expect((await refusal())[0]).toMatch(/^sources_disagree: differs from F2828T1N.TXT: 0 pairs only there/);
  });

  test('a row that cannot be read, with file and line', async () => {
    edit(source.mapping, (text) => text.replace('\n', '\nnonsense row\n'));
    const report = await run();
    expect(report.ok ? [] : report.problems).toMatchObject([
      { file: 'ICD10_CC_mappings_CMS_HCC_2028_v28_initial.csv', line: 2, code: 'bad_row' },
    ]);
  });

  test('a source that is not there, and a package that is not there', async () => {
    expect(await refusal({ from: path.join(work, 'nowhere') })).toEqual(['missing_source: does not exist']);
    expect((await refusal({ packageId: 'cms-hcc-v31' }))[0]).toMatch(/^package: package cms-hcc-v31/);
  });
});

describe('import of a model from the SAS software', () => {
  test('format text, hierarchy and label macros, coefficient row', async () => {
    const sas = path.join(source.folder, 'sas');
    const model = loadModel(root, 'cms-hcc-v28');
    cpSync(path.join(import.meta.dirname, '../fixtures/import/sas'), sas, { recursive: true });
    const mapping = readFileSync(source.mapping, 'utf8').trimEnd().split('\n').slice(1);
    writeFileSync(
      path.join(sas, 'F2828T1N.TXT'),
      mapping
        .map((line) => line.split(','))
        .map(([code, cc]) => `${code}\t${Number(cc)}\t`)
        .join('\n'),
    );
    const edges = [...model.hierarchy.children].map(
      ([hcc, children]) => ` %SET0(CC=${hcc} , HIER=%STR(${children.join(' ,')} ));`,
    );
    writeFileSync(path.join(sas, 'V28005H1.TXT'), edges.join('\n'));
    writeFileSync(
      path.join(sas, 'V28005L3.TXT'),
      [...model.labels].map(([hcc, label]) => ` HCC${hcc} ="${label} "`).join('\n'),
    );
    const values = [...(model.sets[0]?.tables ?? [])].flatMap(([segment, table]) =>
      [...table].map(([variable, value]) => [`${segment}_${variable}`, String(value / 1000)] as const),
    );
    writeFileSync(
      path.join(sas, 'V28hcccoefn.csv'),
      `${values.map(([name]) => name).join(',')}\n${values.map(([, value]) => value).join(',')}\n`,
    );
    const report = await run({ from: sas });
    if (!report.ok) throw new Error(report.text);
    expect(report.diff?.coefficients).toEqual([]);
    expect(report.diff?.labels).toEqual([]);
    // The format text states no claim editor ages: those of the year before carry over.
    expect(loadModel(root, 'cms-hcc-v28').years.get(2028)?.edits).toEqual(model.years.get(2027)?.edits);
  });
});

describe('import of the code set, the procedure list and the HHS tables', () => {
  test('order addenda against the set of the day before, twice with one result', async () => {
    const file = path.join(source.folder, 'icd10cm-order-addenda-2028.txt');
    const line = (word: string, code: string, long: string): string =>
      `${`${word}:`.padEnd(13)}${code.padEnd(7)} 1 ${'short'.padEnd(60)} ${long}`;
    writeFileSync(
      file,
      [
        line('Add', 'A0003', 'Invented new code'),
        line('Delete', 'A001', 'gone'),
        line('Revise to', 'A009', 'Cholera, reworded'),
      ].join('\n'),
    );
    const options = { packageId: 'icd10cm', from: file, year: 2028 };
    const report = await run(options);
    // A000 is billable, so nothing may stand below it.
    expect(report.ok ? [] : report.problems.map(({ message }) => message)).toEqual([
      'A000 is billable and has A0003 below it',
    ]);
    edit(file, (text) => text.replace('A0003', 'A002 '));
    const fixed = await run(options);
    if (!fixed.ok) throw new Error(fixed.text);
    expect(fixed.diff?.codesAdded.map(({ code }) => code)).toEqual(['A00.2']);
    expect(fixed.diff?.codesRetired.map(({ code }) => code)).toEqual(['A00.1']);
    const codes = loadCodes(root);
    expect(codes.rows('A001').at(-1)?.to).toBe('2027-09-30');
    expect(codes.billableOn('A002', '2027-10-01')).toBe(true);
    expect(codes.description('A009')).toBe('Cholera, reworded');
    const once = openPackage(root, 'icd10cm').manifest.files;
    await run(options);
    expect(openPackage(root, 'icd10cm').manifest.files).toEqual(once);
  });

  test('a short order file is refused', async () => {
    const file = path.resolve(import.meta.dirname, '../fixtures/import/icd10cm-order-2028.txt');
    const report = await run({ packageId: 'icd10cm', from: file, year: 2028 });
    expect(report.ok ? [] : report.problems.map(({ code }) => code)).toEqual(['count']);
  });

  test('the eligible CPT/HCPCS workbook of a year of service', async () => {
    lend('eligibility');
    const held = readFileSync(path.join(root, 'eligibility/cpt-2026.csv'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1);
    const file = path.join(source.folder, 'CY2027 CPT HCPCS.xlsx');
    const rows = [
      ['CPT/HCPCS Code', 'Short', 'CY 2027 eligible'],
      ...[...held, 'G9999'].map((code) => [code, 'x', 'yes']),
    ];
    await writeWorkbook(file, [{ name: 'list', rows }]);
    const report = await run({ packageId: 'eligibility', from: file, year: 2027 });
    if (!report.ok) throw new Error(report.text);
    const list = openPackage(root, 'eligibility').text('cpt-2027.csv');
    expect(list.startsWith('procedure\n')).toBe(true);
    expect(new Set(list.trimEnd().split('\n').slice(1))).toEqual(new Set([...held, 'G9999']));
    expect(openPackage(root, 'eligibility').manifest.paymentYears).toContain(2028);
    await writeWorkbook(file, [{ name: 'list', rows: rows.slice(0, 100) }]);
    const short = await run({ packageId: 'eligibility', from: file, year: 2027 });
    expect(short.ok ? [] : short.problems.map(({ code }) => code)).toEqual(['count']);
  });

  test('a DIY workbook gives the next benefit year, the logic tables carry over', async () => {
    lend('hhs-hcc-v07', 'hhs-hcc-v08');
    const base = openPackage(root, 'hhs-hcc-v08');
    const now = (row: Record<string, string>): boolean => row.by_last === '2026';
    const range = (min: string | undefined, max: string | undefined): string =>
      min && max ? `${min} <= age <= ${max}` : min ? `age >= ${min}` : max ? `age <= ${max}` : '';
    const edges = new Map<string, string[]>();
    for (const { hcc = '', drops_hcc: drops = '' } of base.table('hierarchies.csv')) {
      edges.set(hcc, [...(edges.get(hcc) ?? []), drops.replace('.', '_')]);
    }
    const file = path.join(source.folder, 'diy.xlsx');
    await writeWorkbook(file, [
      {
        name: 'Table 3',
        rows: [
          ['ICD10', 'MCE Age Condition', 'MCE Sex Condition', 'CC Age Split', 'CC Sex Split', 'CC'],
          ...base
            .table('dx_to_hcc.csv')
            .filter(now)
            .map((row) => [
              row.icd10 ?? '',
              range(row.mce_age_min, row.mce_age_max),
              row.mce_sex ?? '',
              range(row.age_min, row.age_max),
              row.sex ?? '',
              (row.hcc ?? '').replace('.', '_'),
            ]),
        ],
      },
      {
        name: 'Table 4',
        rows: [
          ['v08_hcc', 'hccs_to_zero'],
          ...[...edges].map(([hcc, list]) => [hcc.replace('.', '_'), list.join(' ,')]),
        ],
      },
      {
        name: 'Table 9',
        rows: [
          ['model', 'variable', 'platinum', 'gold', 'silver', 'bronze', 'catastrophic'],
          ...base
            .table('coefficients.csv')
            .filter((row) => row.benefit_year === '2026')
            .map(({ benefit_year: _year, ...row }) => Object.values(row)),
        ],
      },
      {
        name: 'Table 10a',
        rows: [
          ['rxc', 'ndc'],
          ...base
            .table('rxc_ndc.csv')
            .filter(now)
            .map((row) => [(row.rxc ?? '').replace('RXC_', ''), row.ndc ?? '']),
        ],
      },
      {
        name: 'Table 10b',
        rows: [
          ['rxc', 'hcpcs'],
          ...base
            .table('rxc_hcpcs.csv')
            .filter(now)
            .map((row) => [(row.rxc ?? '').replace('RXC_', ''), row.hcpcs ?? '']),
        ],
      },
    ]);
    const report = await run({ packageId: 'hhs-hcc-v08', from: file, year: 2027 });
    if (!report.ok) throw new Error(report.text);
    const tables = loadHhsTables(root);
    const [before, after] = [tables.forYear(2026), tables.forYear(2027)];
    expect(tables.benefitYears).toContain(2027);
    expect(after?.models.Adult).toEqual(before?.models.Adult);
    expect(after?.hierarchy.edges).toEqual(before?.hierarchy.edges);
    expect(after?.rxcByNdc).toEqual(before?.rxcByNdc);
    expect(after?.categories.size).toBe(before?.categories.size);
    expect(tables.refusal(2027)).toBeUndefined();
  });
});
