import type {
  Combination,
  SpecificityReview,
  SpecificityRow,
  SpecificityTables,
  UnspecifiedCode,
} from '../engine/specificity.ts';
import { type MappingPackage, openPackage } from './package.ts';

/** Loads unspecified codes, their reviewed siblings, combination codes and the chronic condition indicator. */
export function loadSpecificity(root: string): SpecificityTables {
  const opened = openPackage(root, 'icd10cm-specificity');
  const combinations = new Map<string, Combination[]>();
  for (const row of opened.table('combinations.tsv')) {
    const code = row.code ?? '';
    const withPrefix = (row.with ?? '').replace('*', '');
    const known = combinations.get(code) ?? [];
    known.push({ code, withPrefix, combined: row.combined ?? '' });
    combinations.set(code, known);
  }
  return {
    unspecified: new Map(
      opened.table('unspecified.tsv').map((row): [string, UnspecifiedCode] => [
        row.code ?? '',
        {
          class: row.class === 'soft' ? 'soft' : 'hard',
          terms: Number(row.terms),
          falsePositive: row.false_positive !== '',
        },
      ]),
    ),
    rows: new Map([
      ['V24', rows(opened, 'specificity-v24.tsv')],
      ['V28', rows(opened, 'specificity-v28.tsv')],
    ]),
    combinations,
    chronicCodes: new Set(opened.table('chronic.tsv').map((row) => row.code ?? '')),
  };
}

function rows(opened: MappingPackage, file: string): ReadonlyMap<string, SpecificityRow> {
  return new Map(
    opened.table(file).map((row): [string, SpecificityRow] => [
      row.code ?? '',
      {
        kind: row.kind === 'zero' ? 'zero' : 'reduced',
        review: row.review as SpecificityReview,
        scope: row.scope ?? '',
        siblings: row.siblings === '' ? [] : (row.siblings ?? '').split(' '),
      },
    ]),
  );
}
