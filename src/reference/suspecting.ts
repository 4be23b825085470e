import { undotted } from '../engine/icd10.ts';
import { parseFormula } from '../engine/suspects/formula.ts';
import type {
  DerivedFormula,
  ObservationSet,
  SuspectTables,
  UnitConversion,
} from '../engine/suspects/tables.ts';
import { normalUnit } from '../engine/suspects/values.ts';
import { loadDrugs } from './drugs.ts';
import { type MappingPackage, openPackage, PackageError } from './package.ts';
import { parseRuleFile, type RuleVocabulary } from './suspect-rules.ts';

interface RuleHeader {
  readonly version: string;
  readonly dated: string;
  readonly defaults: { readonly prior_year_window_years: number };
  readonly derived_formulas: Readonly<
    Record<string, { readonly inputs: readonly string[]; readonly expression: string }>
  >;
}

/** Loads and compiles the suspect rule library. Throws a PackageError that names the first thing that is wrong. */
export function loadSuspecting(root: string): SuspectTables {
  const pack = openPackage(root, 'suspecting');
  const file = pack.json<RuleHeader>('rules.json');
  const spellings = new Map(
    pack.table('unit_spellings.csv').map((row) => [row.spelling ?? '', row.unit ?? '']),
  );
  const tables: Omit<SuspectTables, 'rules'> = {
    library: { version: file.version, dated: file.dated, reviewStatus: reviewStatus(pack) },
    priorYearWindowYears: file.defaults.prior_year_window_years,
    observationSets: observationSets(pack),
    observationCodes: new Map(pack.table('loinc.csv').map((row) => [row.code ?? '', row.value_set ?? ''])),
    medicationSets: grouped(pack.table('medications.csv'), 'ingredient'),
    procedureSets: grouped(
      [...pack.table('procedures_cpt.csv'), ...pack.table('procedures_hcpcs.csv')],
      'code',
    ),
    diagnosisSets: new Map(
      [...grouped(pack.table('diagnoses.csv'), 'pattern')].map(([id, patterns]) => [
        id,
        [...patterns].map(undotted),
      ]),
    ),
    unitConversions: conversions(pack, spellings),
    unitSpellings: spellings,
    formulas: formulas(file),
    drugs: loadDrugs(root),
  };
  const parsed = parseRuleFile(file, ruleVocabulary(tables));
  if (!parsed.ok) {
    const [first] = parsed.errors;
    throw new PackageError(`package suspecting: rules.json ${first?.pointer}: ${first?.message}`);
  }
  return { ...tables, rules: parsed.rules };
}

/** What a rule may name, for checking a tenant's own rule file against the value sets loaded. */
export function ruleVocabulary(tables: Omit<SuspectTables, 'rules'>): RuleVocabulary {
  return {
    observationUnits: new Map([...tables.observationSets].map(([id, set]) => [id, set.canonicalUnit])),
    medicationSets: new Set(tables.medicationSets.keys()),
    procedureSets: new Set(tables.procedureSets.keys()),
    diagnosisSets: new Set(tables.diagnosisSets.keys()),
    formulas: new Set(tables.formulas.keys()),
  };
}

function reviewStatus(pack: MappingPackage): string {
  const review = pack.manifest.properties?.clinicalReview;
  const status =
    typeof review === 'object' && review !== null && 'status' in review ? review.status : undefined;
  if (typeof status !== 'string') throw new PackageError('package suspecting: no clinical review status');
  return status;
}

function observationSets(pack: MappingPackage): Map<string, ObservationSet> {
  const bound = (text: string | undefined): number | null =>
    text === undefined || text === '' ? null : Number(text);
  return new Map(
    pack.table('observation_sets.csv').map((row) => {
      const qualitative = row.qualitative;
      if (qualitative !== 'antibody' && qualitative !== 'viral_load' && qualitative !== 'words') {
        throw new PackageError(`package suspecting: ${row.value_set} has qualitative kind ${qualitative}`);
      }
      const valueSet = row.value_set ?? '';
      const set: ObservationSet = {
        valueSet,
        analyte: row.analyte ?? '',
        category: row.category ?? '',
        canonicalUnit: row.canonical_unit ?? '',
        plausibleMin: bound(row.plausible_min),
        plausibleMax: bound(row.plausible_max),
        emptyUnitIsOne: row.empty_unit_is_one === 'Y',
        qualitative,
      };
      return [valueSet, set];
    }),
  );
}

function grouped(rows: readonly Record<string, string>[], column: string): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const row of rows) {
    const id = row.value_set ?? '';
    groups.set(id, (groups.get(id) ?? new Set<string>()).add(row[column] ?? ''));
  }
  return groups;
}

function conversions(
  pack: MappingPackage,
  spellings: ReadonlyMap<string, string>,
): Map<string, Map<string, UnitConversion>> {
  const bySet = new Map<string, Map<string, UnitConversion>>();
  for (const row of pack.table('unit_conversions.csv')) {
    const id = row.value_set ?? '';
    const unit = normalUnit(row.from_unit ?? '');
    const conversion: UnitConversion =
      row.kind === 'power10'
        ? { kind: 'power10' }
        : { kind: 'linear', factor: Number(row.factor), offset: Number(row.offset) };
    const known = bySet.get(id) ?? new Map<string, UnitConversion>();
    bySet.set(id, known.set(spellings.get(unit) ?? unit, conversion));
  }
  return bySet;
}

function formulas(file: RuleHeader): Map<string, DerivedFormula> {
  return new Map(
    Object.entries(file.derived_formulas).map(([name, { inputs, expression }]) => {
      parseFormula(expression);
      return [name, { name, inputs, expression }];
    }),
  );
}
