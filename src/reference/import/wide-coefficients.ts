import { isProblem, readCsvTable } from './csv-table.ts';
import type { Coefficient, RelativeFactors } from './internal-tables.ts';
import type { ImportProblem } from './problem.ts';

/**
 * The coefficient file of CMS's SAS software exported as CSV: one row of names with their segment as prefix
 * (`CNA_HCC17`), one row of values; or one name and value a row. `segmentsOf` lists the model's segments.
 */
export function readWideCoefficients(
  file: string,
  text: string,
  segments: readonly string[],
): RelativeFactors {
  const nothing = { coefficients: [], labels: [], blanks: new Set<string>() };
  const table = readCsvTable(file, text);
  if (isProblem(table)) return { ...nothing, problems: [table] };
  const pairs =
    table.rows.length === 1 && table.header.length > 2
      ? table.header.map((name, index) => [name, table.rows[0]?.cells[index] ?? ''] as const)
      : table.rows.map(({ cells }) => [cells[0] ?? '', cells[1] ?? ''] as const);
  const longestFirst = [...segments].sort((a, b) => b.length - a.length);
  const coefficients: Coefficient[] = [];
  const problems: ImportProblem[] = [];
  for (const [name, value] of pairs) {
    const plain = name.trim().replace(/^Rx_/i, '');
    const segment = longestFirst.find((candidate) =>
      plain.toUpperCase().startsWith(`${candidate.toUpperCase()}_`),
    );
    const whole =
      segment ?? (/^TRANSPLANT/i.test(plain) ? 'TRANSPLANT' : /DUR\d/i.test(plain) ? 'GRAFT_DURATION' : null);
    if (whole === null || !/^-?\d*\.?\d+$/.test(value)) {
      problems.push({
        file,
        line: null,
        code: 'bad_row',
        message: `unreadable coefficient ${name} = ${value}`,
      });
      continue;
    }
    const variable = segment === undefined ? plain : plain.slice(segment.length + 1);
    coefficients.push({ segment: whole, variable, value });
  }
  return { ...nothing, coefficients, problems };
}
