import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { PackageContent, PackageFile } from './package-writer.ts';

type Row = Record<string, string>;

/** Scores and ratios whose empty unit means 1 (rule format, section 5). */
const EMPTY_UNIT_IS_ONE = new Set(['OBS_PHQ9', 'LAB_FEV1FVC', 'OBS_ABI']);
/** Viral loads: a plain number above 0 is positive, a `<` result negative (rule format, section 5). */
const VIRAL_LOADS = new Set(['LAB_HCVRNA', 'LAB_HBVDNA', 'LAB_HIVRNA']);

/** Spellings of a unit beside UCUM, in normal form (lower case, no blanks, brackets or power signs). */
const UNIT_SPELLINGS: readonly (readonly [string, string])[] = [
  ['10e3/ul', '10*3/ul'],
  ['x10*3/ul', '10*3/ul'],
  ['x10e3/ul', '10*3/ul'],
  ['k/ul', '10*3/ul'],
  ['10e9/l', '10*9/l'],
  ['x10*9/l', '10*9/l'],
  ['x10e9/l', '10*9/l'],
  ['cells/ul', '/ul'],
  ['{cells}/ul', '/ul'],
  ['{copies}/ml', 'copies/ml'],
  ['log10{copies}/ml', 'log10copies/ml'],
  ['{log_copies}/ml', 'log10copies/ml'],
  ['{log_iu}/ml', 'log10iu/ml'],
  ['lb', 'lb_av'],
  ['lbs', 'lb_av'],
  ['percent', '%'],
];

/** Spellings of a route beside the tables' own words. */
const ROUTE_SPELLINGS: readonly (readonly [string, string])[] = [
  ['by mouth', 'oral'],
  ['po', 'oral'],
  ['inhalation', 'inhaled'],
  ['respiratory (inhalation)', 'inhaled'],
  ['oral inhalation', 'inhaled'],
];

/** Salts, esters and hydrates at the end of an ingredient name. */
const SALT_WORDS =
  'acetate besylate bitartrate bromide calcium carbonate chloride citrate dihydrate esylate ethanolate fumarate hcl hemihydrate hydrobromide hydrochloride hydroxide lactate magnesium malate maleate mesylate monohydrate nitrate phosphate potassium sodium succinate sulfate tartrate tosylate trihydrate'.split(
    ' ',
  );

function readRows(source: string, file: string): Row[] {
  return parse(readFileSync(path.join(source, 'domain/suspecting', file)), { columns: true });
}

function csv(name: string, columns: readonly string[], rows: readonly Row[]): PackageFile {
  return { name, content: stringify([...rows], { header: true, columns: [...columns] }) };
}

/** Reads `pct = 0.09148*x + 2.152`, `x*18.016`, `x/1000`, `x` or `10^x` into numbers. */
export function readConversion(formula: string): { kind: string; factor: number; offset: number } {
  const text = formula.replace(/\s+/g, '').replace(/^\w+=/, '');
  if (text === '10^x') return { kind: 'power10', factor: 1, offset: 0 };
  const linear = /^(?:([\d.]+)\*)?x(?:([*/])([\d.]+))?(?:\+([\d.]+))?$/.exec(text);
  if (!linear) throw new Error(`unit conversion not understood: ${formula}`);
  const [, before = '1', sign, after = '1', plus = '0'] = linear;
  const factor = sign === '/' ? Number(before) / Number(after) : Number(before) * Number(after);
  return { kind: 'linear', factor, offset: Number(plus) };
}

/** Package `suspecting`: rules, value sets, unit conversions. LOINC, ATC and CPT values stand in files of their own. */
export function buildSuspecting(source: string): PackageContent {
  const rulesText = readFileSync(path.join(source, 'domain/suspecting/rules.json'), 'utf8');
  const { version, dated } = JSON.parse(rulesText) as { version: string; dated: string };
  const observations = readRows(source, 'value_sets/observations.csv');
  const medications = readRows(source, 'value_sets/medications.csv');
  const procedures = readRows(source, 'value_sets/procedures.csv');
  const sets = new Map(observations.map((row) => [row.value_set ?? '', row]));
  const conversions = readRows(source, 'value_sets/unit_conversions.csv').map((row) => {
    const { kind, factor, offset } = readConversion(row.formula ?? '');
    return { ...row, kind, factor: String(factor), offset: String(offset) };
  });
  const files: PackageFile[] = [
    { name: 'rules.json', content: rulesText },
    csv(
      'observation_sets.csv',
      [
        'value_set',
        'category',
        'analyte',
        'canonical_unit',
        'plausible_min',
        'plausible_max',
        'empty_unit_is_one',
        'qualitative',
      ],
      [...sets].map(([id, row]) => ({
        ...row,
        empty_unit_is_one: EMPTY_UNIT_IS_ONE.has(id) ? 'Y' : 'N',
        qualitative: VIRAL_LOADS.has(id)
          ? 'viral_load'
          : row.canonical_unit === 'qualitative'
            ? 'antibody'
            : 'words',
      })),
    ),
    csv(
      'loinc.csv',
      ['value_set', 'code', 'verification', 'provenance'],
      observations.filter((row) => row.code !== ''),
    ),
    csv(
      'medications.csv',
      ['value_set', 'ingredient', 'rxnorm_ingredient', 'rxnorm_verification', 'rxnorm_provenance'],
      medications,
    ),
    csv('atc.csv', ['value_set', 'ingredient', 'atc', 'atc_verification', 'atc_provenance'], medications),
    csv(
      'ingredient_synonyms.csv',
      ['synonym', 'canonical_ingredient'],
      readRows(source, 'value_sets/ingredient_synonyms.csv'),
    ),
    csv(
      'diagnoses.csv',
      ['value_set', 'pattern', 'meaning', 'verification', 'provenance'],
      readRows(source, 'value_sets/diagnoses.csv'),
    ),
    ...['CPT', 'HCPCS'].map((system) =>
      csv(
        `procedures_${system.toLowerCase()}.csv`,
        ['value_set', 'code', 'verification', 'provenance'],
        procedures.filter((row) => (row.code_system === 'CPT') === (system === 'CPT')),
      ),
    ),
    csv(
      'unit_conversions.csv',
      ['value_set', 'from_unit', 'to_canonical_unit', 'kind', 'factor', 'offset'],
      conversions,
    ),
    csv(
      'unit_spellings.csv',
      ['spelling', 'unit'],
      UNIT_SPELLINGS.map(([spelling, unit]) => ({ spelling, unit })),
    ),
    csv(
      'route_spellings.csv',
      ['spelling', 'route'],
      ROUTE_SPELLINGS.map(([spelling, route]) => ({ spelling, route })),
    ),
    csv(
      'salt_words.csv',
      ['word'],
      SALT_WORDS.map((word) => ({ word })),
    ),
    csv(
      'targets.csv',
      ['rule_id', 'icd10cm', 'V24_hcc', 'V28_hcc', 'RxHCC_V08', 'verification_against_2026_mapping'],
      readRows(source, 'value_sets/targets.csv'),
    ),
  ];
  return {
    id: 'suspecting',
    kind: 'suspecting',
    title: 'Clinical suspect rules and their value sets',
    version,
    paymentYears: [],
    sources: [
      `hcc-suspecting rule library ${version} of ${dated}; each code carries its own provenance`,
      'CMS diagnosis-to-HCC mappings: V28 and RxHCC V08 for payment years 2026 and 2027, V24 for payment year 2025',
      'LOINC codes: LOINC is copyright Regenstrief Institute, Inc. and is available under its license at loinc.org',
      'ATC codes: WHO Collaborating Centre for Drug Statistics Methodology',
      'CPT values: copyright American Medical Association; values only, no descriptors',
    ],
    provenance: [
      { scope: 'rules', mark: 'no rule has a measured positive predictive value' },
      { scope: 'thresholds', mark: "recalled clinical cut-offs; need a clinician's signature" },
    ],
    properties: {
      dated,
      clinicalReview: {
        status: 'reviewed_by_software_author_not_certified',
        dated,
        signedBy: [],
      },
    },
    files,
  };
}
