import type { ImportProblem, ReadRows } from './problem.ts';

export interface CodeHcc {
  readonly code: string;
  readonly hcc: string;
}

export interface Edge {
  readonly hcc: string;
  readonly drops: string;
}

export interface HccLabel {
  readonly hcc: string;
  readonly label: string;
}

/**
 * CMS format text (`F2824T1N.TXT`): one code and its category a line, apart by tabs or blanks; a second category
 * of a code stands on its own line with a trailing `D`.
 */
export function readSasFormat(file: string, text: string): ReadRows<CodeHcc> {
  const rows: CodeHcc[] = [];
  const problems: ImportProblem[] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trim();
    if (line === '') return;
    const match = /^([A-Z][0-9A-Z]{2,6})\s+(\d{1,3})(?:\s+[A-Z])?$/.exec(line);
    if (match) rows.push({ code: match[1] ?? '', hcc: String(Number(match[2])) });
    else
      problems.push({
        file,
        line: index + 1,
        code: 'bad_row',
        message: `not a code and a category: ${line.slice(0, 40)}`,
      });
  });
  return { rows, problems };
}

/** `%SET0(CC=17, HIER=%STR(18, 19))` statements of a hierarchy macro, which may run over several lines. */
export function readSasHierarchies(file: string, text: string): ReadRows<Edge> {
  const rows: Edge[] = [];
  const body = text.replace(/\/\*[\s\S]*?\*\//g, ' ');
  const statements = [
    ...body.matchAll(/%SET0\s*\(\s*CC\s*=\s*(\d+)\s*,\s*HIER\s*=\s*%STR\s*\(([^)]*)\)\s*\)/gi),
  ];
  const problems: ImportProblem[] = [];
  for (const [, parent = '', list = ''] of statements) {
    for (const child of list.split(/[\s,]+/).filter((cell) => cell !== '')) {
      if (/^\d+$/.test(child)) rows.push({ hcc: String(Number(parent)), drops: String(Number(child)) });
      else
        problems.push({
          file,
          line: null,
          code: 'bad_row',
          message: `HCC ${parent} drops ${child}, not a number`,
        });
    }
  }
  const calls = body.match(/%SET0\s*\(\s*CC\s*=\s*\d/gi)?.length ?? 0;
  if (calls !== statements.length) {
    problems.push({
      file,
      line: null,
      code: 'bad_row',
      message: `${calls} SET0 statements, only ${statements.length} could be read`,
    });
  }
  return { rows, problems };
}

/** `HCC17 ="…"` lines of a label macro; the `CC` lines repeat them. */
export function readSasLabels(file: string, text: string): ReadRows<HccLabel> {
  const rows = [...text.matchAll(/^\s*(?:RX)?HCC(\d+)\s*=\s*"([^"]*)"/gim)].map(
    ([, hcc = '', label = '']): HccLabel => ({
      hcc: String(Number(hcc)),
      label: label.replace(/\s+/g, ' ').trim(),
    }),
  );
  const problems: ImportProblem[] =
    rows.length > 0 ? [] : [{ file, line: null, code: 'unreadable', message: 'holds no HCC label' }];
  return { rows, problems };
}
