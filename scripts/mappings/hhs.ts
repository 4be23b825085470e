import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { PackageContent, PackageFile } from './package-writer.ts';

type Row = Record<string, string>;
type Transform = (row: Row) => Row | null;

interface Edition {
  readonly id: string;
  readonly title: string;
  readonly firstYear: number;
  readonly lastYear: number;
  readonly provenance: PackageContent['provenance'];
  readonly refusedYears: Readonly<Record<string, string>>;
  /** First benefit year whose claim editor (MCE) conditions also test a bare, undated code. */
  readonly mceOnUndatedFrom: number;
  /** Newest ICD-10-CM fiscal year in the crosswalk of each benefit year. */
  readonly codeSetYears: Readonly<Record<string, number>>;
}

/** V07 covers benefit years 2021-2024, V08 2025 on (status table of the reference set). */
const V07: Edition = {
  id: 'hhs-hcc-v07',
  title: 'HHS-HCC V07, ACA individual and small-group markets, benefit years 2021-2024',
  firstYear: 2021,
  lastYear: 2024,
  provenance: [
    { scope: 'benefitYear 2021', mark: 'final tables; no second implementation was run' },
    { scope: 'benefitYear 2022', mark: 'final tables; no second implementation was run' },
    { scope: 'benefitYear 2024', mark: 'coefficients rounded to three decimals by the reference set' },
  ],
  refusedYears: {},
  mceOnUndatedFrom: 2023,
  codeSetYears: { 2021: 2022, 2022: 2023, 2023: 2024, 2024: 2025 },
};

const V08: Edition = {
  id: 'hhs-hcc-v08',
  title: 'HHS-HCC V08, ACA individual and small-group markets, benefit years 2025-2026',
  firstYear: 2025,
  lastYear: 2026,
  provenance: [
    {
      scope: 'benefitYear 2026',
      mark: 'crosswalk covers service dates to 2026-09-30; adult and child coefficients have one full source',
    },
    { scope: 'benefitYear 2026', mark: 'no list of eligible service codes has been published' },
    {
      scope: 'benefitYear 2027',
      mark: 'left out: proposed coefficients only, no crosswalk and no drug list',
    },
  ],
  refusedYears: {
    2027: 'benefit year 2027: only proposed coefficients are public, and no crosswalk or drug list; not scored',
  },
  mceOnUndatedFrom: 2023,
  codeSetYears: { 2025: 2026, 2026: 2026 },
};

/** HHS-HCC packages from the tables of `reference/hhs-hcc`, cut to the benefit years of the classification. */
export function buildHhsV07(source: string): PackageContent {
  return build(source, V07, 'label_v07');
}

/** See {@link buildHhsV07}; the proposed coefficients of 2027 are left out on purpose. */
export function buildHhsV08(source: string): PackageContent {
  return build(source, V08, 'label_v08');
}

function build(source: string, edition: Edition, labelColumn: 'label_v07' | 'label_v08'): PackageContent {
  const folder = path.join(source, 'reference/hhs-hcc');
  const table = (name: string, target: string, transform: Transform): PackageFile => {
    const rows: Row[] = parse(readFileSync(path.join(folder, name)), { columns: true });
    const kept = rows.map(transform).filter((row) => row !== null);
    const header = Object.keys(kept[0] ?? rows[0] ?? {});
    return { name: target, content: stringify(kept, { header: true, columns: header }) };
  };
  const years = inYears(edition);
  const withHcc = (row: Row): Row | null => years({ ...row, hcc: bareHcc(row.hcc ?? '') });
  const asIs: Transform = (row) => row;
  return {
    id: edition.id,
    kind: 'model',
    title: edition.title,
    version: '2026-11-23',
    paymentYears: yearsOf(edition),
    sources: [
      'CMS, HHS-Developed Risk Adjustment Model Algorithm "Do It Yourself" software and tables (DIY Tables 1-13)',
      'CMS, 45 CFR 153.320 and the Payment Notice of each benefit year (coefficients)',
    ],
    provenance: edition.provenance,
    properties: {
      family: 'hhs',
      refusedYears: edition.refusedYears,
      mceOnUndatedFrom: edition.mceOnUndatedFrom,
      codeSetYears: edition.codeSetYears,
    },
    files: [
      table('dx_to_cc.csv', 'dx_to_hcc.csv', ({ cc, icd10, ...rest }) =>
        years({ icd10: icd10 ?? '', hcc: bareHcc(cc ?? ''), ...rest }),
      ),
      table('hierarchies.csv', 'hierarchies.csv', (row) =>
        years({ ...row, hcc: bareHcc(row.hcc ?? ''), drops_hcc: bareHcc(row.drops_hcc ?? '') }),
      ),
      table('groups.csv', 'groups.csv', withHcc),
      table('model_exclusions.csv', 'model_exclusions.csv', withHcc),
      table('infant_severity.csv', 'infant_severity.csv', withHcc),
      table('infant_maturity.csv', 'infant_maturity.csv', (row) => ({ ...row, hcc: bareHcc(row.hcc ?? '') })),
      table('infant_cells.csv', 'infant_cells.csv', asIs),
      table('labels.csv', 'labels.csv', (row) => {
        const label = row[labelColumn] ?? '';
        if (label === '') return null;
        const variable = row.variable ?? '';
        return {
          variable,
          kind: row.kind ?? '',
          hcc: row.kind === 'HCC' ? bareHcc(variable.replace('HHS_HCC', '')) : '',
          label,
        };
      }),
      table('coefficients.csv', 'coefficients.csv', (row) =>
        between(Number(row.benefit_year), edition) ? row : null,
      ),
      table('demographic_variables.csv', 'demographic_variables.csv', asIs),
      table('severity_indicators.csv', 'severity_indicators.csv', years),
      table('derived_variables.csv', 'derived_variables.csv', years),
      table('rxc_ndc.csv', 'rxc_ndc.csv', years),
      table('rxc_hcpcs.csv', 'rxc_hcpcs.csv', years),
      table('rxc_hierarchies.csv', 'rxc_hierarchies.csv', years),
      table('acf_codes.csv', 'acf_codes.csv', years),
      table('csr_factors.csv', 'csr_factors.csv', years),
      table('enrollment_duration.csv', 'enrollment_duration.csv', asIs),
      table('eligible_bill_types.csv', 'eligible_bill_types.csv', asIs),
      table('eligible_service_codes.csv', 'eligible_service_codes.csv', years),
    ],
  };
}

/** `035_1` as the bare number we use everywhere: `35.1`. */
function bareHcc(cc: string): string {
  const [number = '', part] = cc.split('_');
  return part === undefined ? String(Number(number)) : `${Number(number)}.${part}`;
}

function between(year: number, edition: Edition): boolean {
  return year >= edition.firstYear && year <= edition.lastYear;
}

function yearsOf(edition: Edition): number[] {
  return Array.from(
    { length: edition.lastYear - edition.firstYear + 1 },
    (_, index) => edition.firstYear + index,
  );
}

/** Keeps a row whose years touch the edition's, with the years cut to it. */
function inYears(edition: Edition): Transform {
  return (row) => {
    const first = Math.max(Number(row.by_first), edition.firstYear);
    const last = Math.min(Number(row.by_last), edition.lastYear);
    return first > last ? null : { ...row, by_first: String(first), by_last: String(last) };
  };
}
