import { type HierarchyEdge, hierarchyGraph } from '../engine/hierarchies.ts';
import type { PartD } from '../engine/history.ts';
import type {
  CoefficientSet,
  CompiledModel,
  DiagnosisEdit,
  HierarchyOrder,
  ModelFamily,
  ModelYear,
} from '../engine/model.ts';
import type { ModelId } from '../engine/score-contract.ts';
import { compileTerms, type TermRow } from '../engine/terms.ts';
import { parseThousandths, type Thousandths } from '../engine/thousandths.ts';
import { type MappingPackage, openPackage, PackageError } from './package.ts';
import { listCell, tsvRows } from './rows.ts';

/** Medicare model packages: CMS-HCC, ESRD, RxHCC. */
export const MEDICARE_MODELS: readonly ModelId[] = [
  'cms-hcc-v22',
  'cms-hcc-v24',
  'cms-hcc-v28',
  'esrd-v21',
  'esrd-v24',
  'rxhcc-v05',
  'rxhcc-v08',
];

interface ModelProperties {
  readonly family: ModelFamily;
  readonly version: number;
  readonly hccPrefix: string;
  readonly hierarchyOrder: Readonly<Record<string, HierarchyOrder>>;
  readonly codeSetYear: Readonly<Record<string, number>>;
}

/** Opens a model package, verifies its checksums and compiles it. Throws PackageError naming file and reason. */
export function loadModel(root: string, id: ModelId): CompiledModel {
  const mapping = openPackage(root, id);
  try {
    return compile(mapping, id);
  } catch (cause) {
    if (cause instanceof PackageError) throw cause;
    throw new PackageError(`package ${id}: ${(cause as Error).message}`, { cause });
  }
}

function compile(mapping: MappingPackage, id: ModelId): CompiledModel {
  const { manifest } = mapping;
  const properties = modelProperties(mapping);
  const marks = (scope: string): string[] =>
    manifest.provenance
      .filter((entry) => entry.scope === scope)
      .map((entry) => `${id} ${scope}: ${entry.mark}`);
  const mappings = diagnosisTables(mapping);
  const edits = editTables(mapping);
  const years = new Map<number, ModelYear>();
  for (const paymentYear of manifest.paymentYears) {
    const hierarchyOrder = properties.hierarchyOrder[paymentYear];
    const codeSetYear = properties.codeSetYear[paymentYear];
    const table = mappings.get(paymentYear);
    if (!hierarchyOrder || !codeSetYear || !table) {
      throw new PackageError(`package ${id}: payment year ${paymentYear} lacks a mapping or a property`);
    }
    years.set(paymentYear, {
      paymentYear,
      mapping: table,
      edits: edits.get(paymentYear) ?? new Map(),
      hierarchyOrder,
      codeSetYear,
      provenance: marks(`mapping ${paymentYear}`),
    });
  }
  return {
    id,
    family: properties.family,
    version: properties.version,
    title: manifest.title,
    hccPrefix: properties.hccPrefix,
    paymentYears: [...years.keys()].sort((a, b) => a - b),
    years,
    labels: new Map(
      tsvRows(mapping, 'labels.tsv', ['hcc', 'label']).map(([hcc = '', label = '']) => [hcc, label]),
    ),
    hierarchy: hierarchyGraph(
      tsvRows(mapping, 'hierarchies.tsv', ['hcc', 'drops']).map(
        ([hcc = '', drops = '']): HierarchyEdge => ({ hcc, drops }),
      ),
    ),
    sets: coefficientSets(mapping, id),
    terms: compileTerms(termRows(mapping), properties.hccPrefix),
  };
}

function modelProperties(mapping: MappingPackage): ModelProperties {
  const properties = mapping.manifest.properties as Partial<ModelProperties> | undefined;
  const { family, version, hccPrefix, hierarchyOrder, codeSetYear } = properties ?? {};
  if (!family || !version || !hccPrefix || !hierarchyOrder || !codeSetYear) {
    throw new PackageError(`package ${mapping.manifest.id}: manifest properties are incomplete`);
  }
  return { family, version, hccPrefix, hierarchyOrder, codeSetYear };
}

function diagnosisTables(mapping: MappingPackage): Map<number, Map<string, readonly string[]>> {
  const tables = new Map<number, Map<string, readonly string[]>>();
  const targets = new Map<string, Map<string, readonly string[]>[]>();
  const lists = new Map<string, readonly string[]>();
  for (const [code = '', hccs = '', years = ''] of tsvRows(mapping, 'diagnoses.tsv', [
    'code',
    'hccs',
    'payment_years',
  ])) {
    let ofYears = targets.get(years);
    if (!ofYears) {
      ofYears = listCell(years).map((year) => {
        const table = tables.get(Number(year)) ?? new Map<string, readonly string[]>();
        tables.set(Number(year), table);
        return table;
      });
      targets.set(years, ofYears);
    }
    let list = lists.get(hccs);
    if (!list) {
      list = listCell(hccs);
      lists.set(hccs, list);
    }
    for (const table of ofYears) {
      const earlier = table.get(code);
      table.set(code, earlier ? [...earlier, ...list] : list);
    }
  }
  return tables;
}

const EDIT_COLUMNS = ['code', 'type', 'age_min', 'age_max', 'sex', 'action', 'to_hcc', 'payment_years'];

function editTables(mapping: MappingPackage): Map<number, Map<string, DiagnosisEdit[]>> {
  const tables = new Map<number, Map<string, DiagnosisEdit[]>>();
  const integer = (cell: string | undefined): number | null => (cell ? Number(cell) : null);
  for (const [code = '', type, ageMin, ageMax, sex, action, toHcc, years = ''] of tsvRows(
    mapping,
    'edits.tsv',
    EDIT_COLUMNS,
  )) {
    if ((type !== 'mandatory' && type !== 'mce_age') || (action !== 'override' && action !== 'invalid')) {
      throw new PackageError(`package ${mapping.manifest.id}: edits.tsv: edit of ${code} is unreadable`);
    }
    const edit: DiagnosisEdit = {
      type,
      ageMin: integer(ageMin),
      ageMax: integer(ageMax),
      sex: sex === 'F' || sex === 'M' ? sex : null,
      action,
      toHcc: toHcc || null,
    };
    for (const year of listCell(years)) {
      const table = tables.get(Number(year)) ?? new Map<string, DiagnosisEdit[]>();
      tables.set(Number(year), table);
      table.set(code, [...(table.get(code) ?? []), edit]);
    }
  }
  return tables;
}

function termRows(mapping: MappingPackage): TermRow[] {
  return tsvRows(mapping, 'terms.tsv', ['kind', 'name', 'when', 'segments', 'detail']).map(
    ([kind, name = '', when = '', segments = '', detail = '']) => ({
      // compileTerms refuses a kind that it does not know
      kind: kind as TermRow['kind'],
      name,
      when,
      segments: listCell(segments),
      detail,
    }),
  );
}

const SET_COLUMNS = ['set', 'payment_years', 'part_d', 'file', 'program', 'verification'];

function coefficientSets(mapping: MappingPackage, id: ModelId): CoefficientSet[] {
  return tsvRows(mapping, 'coefficient-sets.tsv', SET_COLUMNS).map(
    ([set = '', years = '', partD = '', file = '', , verification = '']) => ({
      id: set,
      paymentYears: listCell(years).map(Number),
      partD: listCell(partD) as PartD[],
      tables: coefficientTables(mapping, file),
      provenance: /unverified|single source/i.test(verification)
        ? [`${id} coefficients ${set}: ${verification}`]
        : [],
    }),
  );
}

function coefficientTables(mapping: MappingPackage, file: string): Map<string, Map<string, Thousandths>> {
  const tables = new Map<string, Map<string, Thousandths>>();
  for (const [segment = '', variable = '', value = ''] of tsvRows(mapping, file, [
    'segment',
    'variable',
    'value',
  ])) {
    const table = tables.get(segment) ?? new Map<string, Thousandths>();
    tables.set(segment, table);
    table.set(variable, parseThousandths(value));
  }
  return tables;
}
