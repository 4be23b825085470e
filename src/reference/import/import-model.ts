import { type CodeTable, fiscalYearOf } from '../../engine/codes.ts';
import { hierarchyGraph } from '../../engine/hierarchies.ts';
import { compareHccs } from '../../engine/model.ts';
import { type MappingPackage, openPackage } from '../package.ts';
import { listCell, tsvRows } from '../rows.ts';
import { toTsv } from '../tsv.ts';
import type { PackageContent, PackageFile } from '../write-package.ts';
import { importCoefficients } from './model-coefficients.ts';
import { logicNotes } from './model-logic.ts';
import { type ModelSources, readModelSources } from './model-sources.ts';
import type { ImportProblem } from './problem.ts';

export interface ModelImportOptions {
  readonly root: string;
  readonly from: string;
  /** Package to write, e.g. `cms-hcc-v28`. */
  readonly packageId: string;
  /** Package that lends terms (segments, interactions), edits and earlier years; by default the one written. */
  readonly base: string;
  readonly paymentYear: number;
  /** Edition of the package, e.g. a date. */
  readonly version: string;
  /** RxHCC: plan types the coefficients are for, joined with a bar (`mapd|pdp`). */
  readonly partD: string;
  readonly codes: CodeTable;
}

export interface DraftPackage {
  readonly content: PackageContent | null;
  readonly problems: readonly ImportProblem[];
  readonly notes: readonly string[];
}

/** A mapping smaller than this share of the year before is taken for a truncated file. */
const LEAST_SHARE = 0.9;

/** Reads the published files of a model and payment year into the content of our package; problems refuse it whole. */
export async function draftModel(options: ModelImportOptions): Promise<DraftPackage> {
  const base = openPackage(options.root, options.base);
  const sources = await readModelSources({
    from: options.from,
    modelId: options.packageId,
    paymentYear: options.paymentYear,
    segments: segmentsOf(base),
  });
  const notes = logicNotes(base, sources.logic);
  const problems = [...sources.problems];
  const fresh = options.base !== options.packageId;
  const hierarchies = hierarchyRows(base, sources, fresh, problems);
  const labels = labelRows(base, sources, fresh, problems);
  const diagnoses = diagnosisRows(base, sources, { ...options, fresh }, problems);
  const known = new Set(labels.map(([hcc = '']) => hcc));
  checkClosure(
    { sources, hierarchies, known, codes: options.codes, paymentYear: options.paymentYear },
    problems,
  );
  const coefficients = importCoefficients(
    { mapping: base, sources, known, fresh, paymentYear: options.paymentYear, partD: options.partD },
    problems,
    notes,
  );
  if (problems.length > 0) return { content: null, problems, notes };
  const codeSetYear = newestFiscalYear(sources, options.codes, options.paymentYear);
  return {
    content: {
      ...head(base, options, sources, codeSetYear, fresh),
      files: [
        { name: 'diagnoses.tsv', content: toTsv(['code', 'hccs', 'payment_years'], diagnoses) },
        { name: 'hierarchies.tsv', content: toTsv(['hcc', 'drops'], hierarchies) },
        { name: 'labels.tsv', content: toTsv(['hcc', 'label'], labels) },
        editFile(base, sources, options.paymentYear, fresh),
        { name: 'terms.tsv', content: base.text('terms.tsv') },
        ...coefficients,
      ],
    },
    problems,
    notes,
  };
}

function segmentsOf(base: MappingPackage): string[] {
  const files = base.manifest.files.filter(({ name }) => name.startsWith('coefficients/'));
  return [
    ...new Set(
      files.flatMap(({ name }) =>
        tsvRows(base, name, ['segment', 'variable', 'value']).map(([segment = '']) => segment),
      ),
    ),
  ];
}

function hierarchyRows(
  base: MappingPackage,
  sources: ModelSources,
  fresh: boolean,
  problems: ImportProblem[],
): string[][] {
  const held = tsvRows(base, 'hierarchies.tsv', ['hcc', 'drops']);
  if (sources.hierarchies === null) {
    if (fresh) problems.push(missing('the hierarchies of the new model'));
    return held;
  }
  const rows = [...new Set(sources.hierarchies.map(({ hcc, drops }) => `${hcc}\t${drops}`))]
    .map((key) => key.split('\t'))
    .sort(([a = '', b = ''], [c = '', d = '']) => compareHccs(a, c) || compareHccs(b, d));
  const keys = (table: readonly string[][]): Set<string> => new Set(table.map((row) => row.join(' over ')));
  if (!fresh) {
    const [now, before] = [keys(rows), keys(held)];
    const added = [...now].filter((key) => !before.has(key));
    const lost = [...before].filter((key) => !now.has(key));
    if (added.length + lost.length > 0) {
      problems.push({
        file: 'hierarchies',
        line: null,
        code: 'hierarchy_changed',
        message: `a model keeps its hierarchies for all years: new ${added.slice(0, 3).join(', ') || 'none'}; gone ${lost.slice(0, 3).join(', ') || 'none'}. Import it as a new package`,
      });
    }
  }
  return rows;
}

function labelRows(
  base: MappingPackage,
  sources: ModelSources,
  fresh: boolean,
  problems: ImportProblem[],
): string[][] {
  const held = fresh ? [] : tsvRows(base, 'labels.tsv', ['hcc', 'label']);
  if (sources.labels === null && fresh) problems.push(missing('the labels of the new model'));
  const labels = new Map(held.map(([hcc = '', label = '']) => [hcc, label]));
  for (const { hcc, label } of sources.labels ?? []) {
    // The ESRD tables label renal categories whose coefficients are all 0: they are no payment HCCs.
    const wanted = labels.has(hcc) ? sources.labelsOfficial : pays(sources, hcc);
    if (label !== '' && wanted) labels.set(hcc, label);
  }
  return [...labels].sort(([a], [b]) => compareHccs(a, b));
}

/** True when the source gives the HCC a coefficient other than 0, or gives no coefficients at all. */
function pays(sources: ModelSources, hcc: string): boolean {
  if (sources.coefficients === null) return true;
  return sources.coefficients.some(
    ({ variable, value }) => Number(value) !== 0 && (variable === `HCC${hcc}` || variable === `RXHCC${hcc}`),
  );
}

function diagnosisRows(
  base: MappingPackage,
  sources: ModelSources,
  { paymentYear, fresh }: ModelImportOptions & { readonly fresh: boolean },
  problems: ImportProblem[],
): string[][] {
  const year = String(paymentYear);
  const table = new Map<string, Map<string, Set<string>>>();
  const put = (code: string, hccs: string, years: readonly string[]): void => {
    const ofCode = table.get(code) ?? new Map<string, Set<string>>();
    table.set(code, ofCode);
    const held = ofCode.get(hccs) ?? new Set<string>();
    ofCode.set(hccs, held);
    for (const each of years) held.add(each);
  };
  const counts = new Map<string, number>();
  for (const [code = '', hccs = '', years = ''] of fresh
    ? []
    : tsvRows(base, 'diagnoses.tsv', ['code', 'hccs', 'payment_years'])) {
    const kept = listCell(years).filter((each) => each !== year);
    for (const each of kept) counts.set(each, (counts.get(each) ?? 0) + 1);
    if (kept.length > 0) put(code, hccs, kept);
  }
  if (sources.mapping === null) {
    problems.push(missing('the ICD-10-CM mapping'));
    return [];
  }
  const byCode = new Map<string, Set<string>>();
  for (const { code, hcc } of sources.mapping) byCode.set(code, (byCode.get(code) ?? new Set()).add(hcc));
  for (const [code, hccs] of byCode) put(code, [...hccs].sort(compareHccs).join('|'), [year]);
  const before = Math.max(0, ...counts.values());
  if (byCode.size < before * LEAST_SHARE) {
    problems.push({
      file: 'mapping',
      line: null,
      code: 'count',
      message: `${byCode.size} codes, ${before} in an earlier year: the file looks truncated`,
    });
  }
  return [...table]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([code, ofCode]) =>
      [...ofCode].map(([hccs, years]) => [code, hccs, [...years].sort().join('|')]),
    );
}

interface Closure {
  readonly sources: ModelSources;
  readonly hierarchies: readonly string[][];
  readonly known: ReadonlySet<string>;
  readonly codes: CodeTable;
  readonly paymentYear: number;
}

/** Every category has a label, the hierarchy is acyclic among known HCCs, every code is billable in its years. */
function checkClosure(
  { sources, hierarchies, known, codes, paymentYear }: Closure,
  problems: ImportProblem[],
): void {
  const add = (code: ImportProblem['code'], message: string): void => {
    problems.push({ file: 'closure', line: null, code, message });
  };
  for (const hcc of new Set((sources.mapping ?? []).map((row) => row.hcc))) {
    if (!known.has(hcc) && pays(sources, hcc)) add('no_label', `HCC ${hcc} is mapped and has no label`);
  }
  for (const hcc of new Set(hierarchies.flat())) {
    if (!known.has(hcc) && pays(sources, hcc)) {
      add('unknown_hcc', `HCC ${hcc} is in the hierarchy and is no payment HCC`);
    }
  }
  const graph = hierarchyGraph(hierarchies.map(([hcc = '', drops = '']) => ({ hcc, drops })));
  for (const hcc of graph.children.keys()) {
    if (graph.dominated(hcc).has(hcc))
      add('hierarchy_cycle', `HCC ${hcc} drops itself, directly or through others`);
  }
  // A mapping of payment year P covers services of P-1; initial mappings still list the codes of the year before.
  const invalid = [...new Set((sources.mapping ?? []).map(({ code }) => code))].filter(
    (code) => !codes.billableInYear(code, paymentYear - 1) && !codes.billableInYear(code, paymentYear - 2),
  );
  for (const code of invalid) {
    add('code_not_valid', `${code} is billable on no date of ${paymentYear - 2} or ${paymentYear - 1}`);
  }
}

function newestFiscalYear(sources: ModelSources, codes: CodeTable, paymentYear: number): number {
  const newest = Math.max(
    ...(sources.mapping ?? []).map(({ code }) => {
      const row = codes.rows(code).find(({ billable }) => billable);
      return row ? fiscalYearOf(row.from) : 0;
    }),
  );
  return Math.min(newest, paymentYear);
}

/** Mandatory edits carry over; claim editor ages come from the mapping source when it states them, else carry over. */
function editFile(
  base: MappingPackage,
  sources: ModelSources,
  paymentYear: number,
  fresh: boolean,
): PackageFile {
  const columns = ['code', 'type', 'age_min', 'age_max', 'sex', 'action', 'to_hcc', 'payment_years'];
  const held = tsvRows(base, 'edits.tsv', columns);
  const year = String(paymentYear);
  const latest = held
    .flatMap((row) => listCell(row[7] ?? ''))
    .sort()
    .at(-1);
  const rows = new Map<string, Set<string>>();
  const put = (key: string, years: readonly string[]): void => {
    const known = rows.get(key) ?? new Set<string>();
    rows.set(key, known);
    for (const each of years) known.add(each);
  };
  for (const row of held) {
    const key = row.slice(0, 7).join('\t');
    const years = listCell(row[7] ?? '');
    const kept = fresh ? [] : years.filter((each) => each !== year);
    const stated = row[1] === 'mce_age' && sources.ages !== null;
    const carried = !stated && latest !== undefined && years.includes(latest) ? [year] : [];
    if (kept.length + carried.length > 0) put(key, [...kept, ...carried]);
  }
  for (const [code, { min, max }] of sources.ages ?? []) {
    if (min !== null && min > 0) put([code, 'mce_age', '', min - 1, '', 'invalid', ''].join('\t'), [year]);
    if (max !== null) put([code, 'mce_age', max + 1, '', '', 'invalid', ''].join('\t'), [year]);
  }
  return {
    name: 'edits.tsv',
    content: toTsv(
      columns,
      [...rows]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, years]) => [...key.split('\t'), [...years].sort().join('|')]),
    ),
  };
}

function head(
  base: MappingPackage,
  { packageId, paymentYear, version }: ModelImportOptions,
  sources: ModelSources,
  codeSetYear: number,
  fresh: boolean,
): Omit<PackageContent, 'files'> {
  const { manifest } = base;
  const properties = manifest.properties ?? {};
  const byYear = (name: string): Record<string, unknown> =>
    fresh ? {} : { ...((properties[name] ?? {}) as Record<string, unknown>) };
  const scope = `mapping ${paymentYear}`;
  return {
    id: packageId,
    kind: 'model',
    title: fresh ? packageId : manifest.title,
    version,
    paymentYears: [...new Set([...(fresh ? [] : manifest.paymentYears), paymentYear])].sort(),
    sources: [...(fresh ? [] : manifest.sources), `payment year ${paymentYear}: ${sources.files.join(', ')}`],
    provenance: [
      ...(fresh ? [] : manifest.provenance.filter((mark) => mark.scope !== scope)),
      ...(codeSetYear < paymentYear
        ? [{ scope, mark: `initial mapping, ends with the FY${codeSetYear} code set` }]
        : []),
    ],
    properties: {
      ...properties,
      ...(fresh ? { version: Number(/v0*(\d+)$/.exec(packageId)?.[1] ?? properties.version) } : {}),
      hierarchyOrder: {
        ...byYear('hierarchyOrder'),
        // SAS programs to PY2025 apply parents in turn, Python programs from PY2026 test the set before any drop.
        [paymentYear]: paymentYear <= 2025 ? 'sequential' : 'simultaneous',
      },
      codeSetYear: { ...byYear('codeSetYear'), [paymentYear]: codeSetYear },
    },
  };
}

function missing(what: string): ImportProblem {
  return { file: 'source', line: null, code: 'missing_source', message: `no file holds ${what}` };
}
