import { type MappingPackage, PackageError } from './package.ts';

/**
 * Cells of a tab-separated table of a package, row by row without its header; faster than records for the large
 * tables. The header must be exactly `columns`.
 */
export function tsvRows(mapping: MappingPackage, file: string, columns: readonly string[]): string[][] {
  const lines = mapping.text(file).split('\n');
  if (lines.at(-1) === '') lines.pop();
  const header = lines.shift();
  if (header !== columns.join('\t')) {
    throw new PackageError(
      `package ${mapping.manifest.id}: ${file} has columns ${header?.replaceAll('\t', ', ')}, expected ${columns.join(', ')}`,
    );
  }
  return lines.map((line, index) => {
    const cells = line.split('\t');
    if (cells.length !== columns.length) {
      throw new PackageError(
        `package ${mapping.manifest.id}: ${file} line ${index + 2} has ${cells.length} cells, expected ${columns.length}`,
      );
    }
    return cells;
  });
}

/** Cell of a list column: values joined with a bar; empty for an empty cell. */
export function listCell(cell: string): string[] {
  return cell === '' ? [] : cell.split('|');
}
