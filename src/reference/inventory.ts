import type { CodeTable } from '../engine/codes.ts';
import { type CompiledModel, compareHccs } from '../engine/model.ts';
import type { ModelId } from '../engine/score-contract.ts';
import { loadCodes } from './codes.ts';
import { loadHhsTables } from './hhs.ts';
import { loadModel, MEDICARE_MODELS } from './models.ts';
import { listPackages, openPackage, type PackageManifest } from './package.ts';

export interface PackageListing {
  readonly packages: readonly PackageManifest[];
  readonly text: string;
}

/** The packages below a mappings folder with what they cover. Throws PackageError for an unreadable manifest. */
export function listMappings(root: string): PackageListing {
  const packages = listPackages(root).map((id) => openPackage(root, id).manifest);
  const rows = packages.map((manifest) => [
    manifest.id,
    manifest.kind,
    manifest.version,
    years(manifest.paymentYears),
    String(manifest.files.reduce((sum, { rows: count }) => sum + count, 0)),
    manifest.title,
  ]);
  return { packages, text: columns([['package', 'kind', 'edition', 'years', 'rows', 'title'], ...rows]) };
}

export interface PackageVerdict {
  readonly id: string;
  readonly ok: boolean;
  /** Why the package cannot be used. */
  readonly problems: readonly string[];
  /** What a reader should know and does not make it unusable. */
  readonly notes: readonly string[];
  readonly files: number;
}

export interface MappingsVerdict {
  readonly ok: boolean;
  readonly packages: readonly PackageVerdict[];
  readonly text: string;
}

/**
 * Checks every package below a mappings folder: manifest, checksums, row counts, and for models that the package
 * closes: every category labelled, hierarchy acyclic, coefficients for each year, codes billable in their years.
 */
export function verifyMappings(root: string): MappingsVerdict {
  const packages = listPackages(root).map((id) => verifyPackage(root, id));
  const lines = packages.flatMap(({ id, ok, problems, notes, files }) => [
    `${ok ? 'ok  ' : 'BAD '} ${id} (${files} files)`,
    ...problems.map((text) => `     ${text}`),
    ...notes.map((text) => `     note: ${text}`),
  ]);
  return { ok: packages.every(({ ok }) => ok), packages, text: lines.join('\n') };
}

function verifyPackage(root: string, id: string): PackageVerdict {
  const problems: string[] = [];
  const notes: string[] = [];
  let files = 0;
  try {
    const mapping = openPackage(root, id);
    files = mapping.manifest.files.length;
    for (const { name } of mapping.manifest.files) {
      if (/\.(csv|tsv)$/.test(name)) mapping.table(name);
      else mapping.text(name);
    }
    const modelId = MEDICARE_MODELS.find((known) => known === id);
    if (modelId) {
      const found = verifyModel(loadModel(root, modelId), codesOf(root));
      problems.push(...found.problems);
      notes.push(...found.notes);
    }
    if (id.startsWith('hhs-hcc')) problems.push(...verifyHhs(root, id as ModelId));
  } catch (cause) {
    problems.push((cause as Error).message);
  }
  return { id, ok: problems.length === 0, problems, notes, files };
}

function codesOf(root: string): CodeTable | null {
  return listPackages(root).includes('icd10cm') ? loadCodes(root) : null;
}

/** Closure of a compiled Medicare model; see {@link verifyMappings}. */
export function verifyModel(
  model: CompiledModel,
  codes: CodeTable | null,
): { readonly problems: readonly string[]; readonly notes: readonly string[] } {
  const problems: string[] = [];
  const notes: string[] = [];
  const paying = (hcc: string): boolean =>
    model.sets.some((set) => [...set.tables.values()].some((table) => table.get(`${model.hccPrefix}${hcc}`)));
  for (const hcc of new Set(model.hierarchy.edges.flatMap(({ hcc, drops }) => [hcc, drops]))) {
    if (!model.labels.has(hcc) && paying(hcc))
      problems.push(`hierarchy names HCC ${hcc}, which has no label`);
  }
  for (const hcc of model.hierarchy.children.keys()) {
    if (model.hierarchy.dominated(hcc).has(hcc)) problems.push(`HCC ${hcc} drops itself`);
  }
  const unlabelled = new Set<string>();
  for (const year of model.years.values()) {
    const mapped = new Set([...year.mapping.values()].flat());
    for (const hcc of mapped) if (!model.labels.has(hcc)) unlabelled.add(hcc);
    const sets = model.sets.filter(({ paymentYears }) => paymentYears.includes(year.paymentYear));
    if (sets.length === 0) notes.push(`${year.paymentYear}: mapping without coefficients; not scored`);
    for (const set of sets) {
      const without = [...mapped].filter(
        (hcc) =>
          model.labels.has(hcc) &&
          ![...set.tables.values()].some((table) => table.has(`${model.hccPrefix}${hcc}`)),
      );
      if (without.length > 0) {
        notes.push(
          `${year.paymentYear} set ${set.id}: no coefficient in any segment for HCC ${without.join(', ')}`,
        );
      }
    }
    if (codes) notes.push(...notBillable(year.paymentYear, [...year.mapping.keys()], codes));
  }
  // ESRD models map renal categories that carry no weight: no payment HCCs, so no label is due.
  for (const hcc of [...unlabelled].sort(compareHccs)) {
    if (paying(hcc)) problems.push(`HCC ${hcc} is mapped, has coefficients and no label`);
    else notes.push(`HCC ${hcc} is mapped and is no payment HCC`);
  }
  return { problems, notes };
}

function notBillable(paymentYear: number, mapped: readonly string[], codes: CodeTable): string[] {
  // The code set begins with FY2022: earlier service years cannot be judged.
  if (paymentYear - 2 < 2022) return [];
  const out = mapped.filter(
    (code) => !codes.billableInYear(code, paymentYear - 1) && !codes.billableInYear(code, paymentYear - 2),
  );
  if (out.length === 0) return [];
  return [
    `${paymentYear}: ${out.length} mapped codes are billable on no date of ${paymentYear - 2} or ${paymentYear - 1}: ${out.slice(0, 5).join(', ')}`,
  ];
}

function verifyHhs(root: string, id: ModelId): string[] {
  const tables = loadHhsTables(root);
  return tables.benefitYears.flatMap((benefitYear) => {
    const year = tables.forYear(benefitYear);
    if (!year || year.model !== id) return [];
    const mapped = new Set([...year.categories.values()].flat().map(({ hcc }) => hcc));
    return [...mapped]
      .filter((hcc) => !year.labels.has(hcc))
      .map((hcc) => `${benefitYear}: HCC ${hcc} is mapped and has no label`);
  });
}

function years(list: readonly number[]): string {
  const first = list[0];
  const last = list.at(-1);
  if (first === undefined || last === undefined) return '-';
  return first === last ? String(first) : `${first}-${last}`;
}

/** Rows as text in columns; the last column is not padded. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
