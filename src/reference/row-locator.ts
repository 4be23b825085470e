import { type MappingPackage, openPackage } from './package.ts';

/** Where a fact stands: a row of a table of a mapping package. */
export interface MappingRow {
  readonly package: string;
  /** Edition of the package. */
  readonly version: string;
  readonly file: string;
  /** Line of the file; the heading is line 1. */
  readonly line: number;
  readonly row: Readonly<Record<string, string>>;
}

/** Finds the row a fact was loaded from, so that a person can look it up. null: the table has no such row. */
export type RowLocator = (
  packageId: string,
  file: string,
  matches: (row: Readonly<Record<string, string>>) => boolean,
) => MappingRow | null;

/** Tables kept parsed: the mapping and coefficients of a few models in use. */
const KEPT = 24;

/**
 * A locator over a mappings folder. Packages are opened (checksums verified) when first asked for; a table that the
 * package does not have gives null.
 */
export function rowLocator(root: string): RowLocator {
  const packages = new Map<string, MappingPackage>();
  const tables = new Map<string, readonly Record<string, string>[]>();
  const packageOf = (id: string): MappingPackage => {
    const known = packages.get(id) ?? openPackage(root, id);
    packages.set(id, known);
    return known;
  };
  const tableOf = (id: string, file: string): readonly Record<string, string>[] => {
    const key = `${id}/${file}`;
    const known = tables.get(key);
    if (known) return known;
    const rows = packageOf(id).table(file);
    if (tables.size >= KEPT) tables.clear();
    tables.set(key, rows);
    return rows;
  };
  return (packageId, file, matches) => {
    const { manifest } = packageOf(packageId);
    if (!manifest.files.some(({ name }) => name === file)) return null;
    const rows = tableOf(packageId, file);
    const index = rows.findIndex(matches);
    const row = rows[index];
    if (!row) return null;
    return { package: packageId, version: manifest.version, file, line: index + 2, row };
  };
}
