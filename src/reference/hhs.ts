import {
  type CategoryRow,
  type DerivedRow,
  HHS_METALS,
  type HhsModel,
  type HhsModelTables,
  type HhsTables,
  type HhsYearTables,
  type Metal,
  type Range,
} from '../engine/hhs/tables.ts';
import { hierarchyGraph } from '../engine/hierarchies.ts';
import type { ModelId } from '../engine/score-contract.ts';
import { parseThousandths, type Thousandths } from '../engine/thousandths.ts';
import { type MappingPackage, openPackage } from './package.ts';

type Row = Record<string, string>;

const HHS_PACKAGES: readonly ModelId[] = ['hhs-hcc-v07', 'hhs-hcc-v08'];

/**
 * The HHS-HCC packages below a mappings folder. Every checksum is verified here; a benefit year is parsed and
 * compiled when it is first asked for, and kept.
 */
export function loadHhsTables(root: string): HhsTables {
  const packages = HHS_PACKAGES.map((id) => openPackage(root, id));
  const sources = new Map<number, YearSource>();
  for (const mapping of packages) {
    const source = readSource(mapping);
    for (const benefitYear of mapping.manifest.paymentYears) sources.set(benefitYear, source);
  }
  const refusals = new Map(
    packages.flatMap(({ manifest }) =>
      Object.entries((manifest.properties?.refusedYears ?? {}) as Record<string, string>),
    ),
  );
  const compiled = new Map<number, HhsYearTables>();
  return {
    benefitYears: [...sources.keys()].sort(),
    refusal: (benefitYear) => refusals.get(String(benefitYear)),
    forYear(benefitYear) {
      const known = compiled.get(benefitYear);
      const source = sources.get(benefitYear);
      if (known || !source) return known;
      const tables = compileYear(source, benefitYear);
      compiled.set(benefitYear, tables);
      return tables;
    },
  };
}

interface YearSource {
  readonly mapping: MappingPackage;
  readonly model: ModelId;
  readonly table: (name: string) => Row[];
}

function readSource(mapping: MappingPackage): YearSource {
  for (const { name } of mapping.manifest.files) mapping.text(name);
  const read = new Map<string, Row[]>();
  return {
    mapping,
    model: mapping.manifest.id as ModelId,
    table: (name) => {
      const rows = read.get(name) ?? mapping.table(name);
      read.set(name, rows);
      return rows;
    },
  };
}

function compileYear({ mapping, model, table }: YearSource, benefitYear: number): HhsYearTables {
  const rows = (name: string): Row[] =>
    table(name).filter((row) => Number(row.by_first) <= benefitYear && benefitYear <= Number(row.by_last));
  return {
    benefitYear,
    model,
    categories: grouped(rows('dx_to_hcc.csv'), 'icd10', categoryRow),
    mceOnUndated: benefitYear >= Number(mapping.manifest.properties?.mceOnUndatedFrom ?? 0),
    codeSetYear:
      ((mapping.manifest.properties?.codeSetYears ?? {}) as Record<string, number>)[benefitYear] ??
      benefitYear,
    hierarchy: hierarchyGraph(
      rows('hierarchies.csv').map((row) => ({ hcc: cell(row, 'hcc'), drops: cell(row, 'drops_hcc') })),
    ),
    models: {
      Adult: modelTables('Adult', benefitYear, table, rows),
      Child: modelTables('Child', benefitYear, table, rows),
      Infant: modelTables('Infant', benefitYear, table, rows),
    },
    infantSeverity: new Map(
      rows('infant_severity.csv').map((row) => [cell(row, 'hcc'), Number(row.severity)]),
    ),
    infantMaturity: new Map(
      table('infant_maturity.csv').map((row) => [
        cell(row, 'hcc'),
        { maturity: cell(row, 'maturity'), priority: Number(row.priority) },
      ]),
    ),
    rxcByNdc: pairs(rows('rxc_ndc.csv'), 'ndc', 'rxc'),
    rxcByHcpcs: pairs(rows('rxc_hcpcs.csv'), 'hcpcs', 'rxc'),
    rxcHierarchies: grouped(rows('rxc_hierarchies.csv'), 'rxc', (row) => cell(row, 'drops_rxc')),
    acfByCode: grouped(rows('acf_codes.csv'), 'code', (row) => cell(row, 'acf')),
    csrFactors: new Map(
      rows('csr_factors.csv').map((row) => [
        `${row.csr_indicator}|${row.metal}`,
        parseThousandths(cell(row, 'factor')) / 10,
      ]),
    ),
    labels: new Map(
      table('labels.csv').map((row) => [
        row.hcc ? cell(row, 'hcc') : cell(row, 'variable'),
        cell(row, 'label'),
      ]),
    ),
    billTypes: new Map(
      table('eligible_bill_types.csv').map((row) => [
        cell(row, 'bill_type'),
        row.service_code_required === 'yes',
      ]),
    ),
    serviceCodes: serviceCodes(rows('eligible_service_codes.csv')),
    durations: table('enrollment_duration.csv').map((row) => ({
      months: Number(row.months),
      min: Number(row.days_min),
      max: Number(row.days_max),
    })),
    provenance: mapping.manifest.provenance
      .filter(({ scope }) => scope === `benefitYear ${benefitYear}`)
      .map(({ scope, mark }) => `${scope}: ${mark}`),
  };
}

function serviceCodes(rows: readonly Row[]): ReadonlySet<string> | null {
  return rows.length === 0 ? null : new Set(rows.map((row) => cell(row, 'code')));
}

function modelTables(
  model: HhsModel,
  benefitYear: number,
  table: (name: string) => Row[],
  rows: (name: string) => Row[],
): HhsModelTables {
  const own = (row: Row): boolean => row.model === model;
  return {
    groups: pairs(rows('groups.csv').filter(own), 'hcc', 'group'),
    exclusions: new Set(
      rows('model_exclusions.csv')
        .filter(own)
        .map((row) => cell(row, 'hcc')),
    ),
    demographics: table('demographic_variables.csv')
      .filter(own)
      .map((row) => ({
        variable: cell(row, 'variable'),
        sex: row.sex === 'M' ? 'M' : 'F',
        age: range(row, 'age_last_min', 'age_last_max'),
      })),
    indicators: new Map(
      [
        ...grouped(rows('severity_indicators.csv').filter(own), 'indicator', (row) => cell(row, 'member')),
      ].map(([indicator, members]) => [indicator, new Set(members)]),
    ),
    derived: rows('derived_variables.csv').filter(own).map(derivedRow),
    coefficients: new Map(
      table('coefficients.csv')
        .filter((row) => own(row) && Number(row.benefit_year) === benefitYear)
        .map((row) => [cell(row, 'variable'), byMetal(row)]),
    ),
  };
}

function categoryRow(row: Row): CategoryRow {
  return {
    hcc: cell(row, 'hcc'),
    mceAge: range(row, 'mce_age_min', 'mce_age_max'),
    mceSex: sexOf(row.mce_sex),
    age: range(row, 'age_min', 'age_max'),
    sex: sexOf(row.sex),
    fiscalYears: range(row, 'fy_first', 'fy_last'),
  };
}

function derivedRow(row: Row): DerivedRow {
  const lists = [row.any_of_1, row.any_of_2].filter((text) => text !== undefined && text !== '');
  return {
    variable: cell(row, 'variable'),
    requires: row.requires || null,
    anyOf: lists.map((text) => (text ?? '').split('|')),
    hccCount: range(row, 'hcc_count_min', 'hcc_count_max'),
    enrollmentMonths: row.enrol_months ? Number(row.enrol_months) : null,
    age: range(row, 'age_min', 'age_max'),
    excludedBy: row.excluded_by || null,
  };
}

function byMetal(row: Row): Readonly<Record<Metal, Thousandths>> {
  const value = (metal: Metal): Thousandths => parseThousandths(cell(row, metal));
  const [platinum, gold, silver, bronze, catastrophic] = HHS_METALS;
  return {
    platinum: value(platinum),
    gold: value(gold),
    silver: value(silver),
    bronze: value(bronze),
    catastrophic: value(catastrophic),
  };
}

function range(row: Row, min: string, max: string): Range {
  return { min: row[min] ? Number(row[min]) : null, max: row[max] ? Number(row[max]) : null };
}

function sexOf(text: string | undefined): 'F' | 'M' | null {
  return text === 'F' || text === 'M' ? text : null;
}

function cell(row: Row, column: string): string {
  const value = row[column];
  if (value === undefined) throw new Error(`column ${column} is missing`);
  return value;
}

function pairs(rows: readonly Row[], key: string, value: string): Map<string, string> {
  return new Map(rows.map((row) => [cell(row, key), cell(row, value)]));
}

function grouped<T>(rows: readonly Row[], key: string, read: (row: Row) => T): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const known = groups.get(cell(row, key));
    if (known) known.push(read(row));
    else groups.set(cell(row, key), [read(row)]);
  }
  return groups;
}
