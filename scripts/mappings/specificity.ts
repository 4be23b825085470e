import type { PackageContent } from './package-writer.ts';
import { readTable, toTsv } from './tables.ts';

/** Reviews whose rows may be shown with every sibling; others show only what the record names, or nothing. */
const WITH_SIBLINGS = new Set(['same_disease', 'site_or_side']);

/** Diabetes stated without complication, and the combination code with chronic kidney disease (guideline I.A.15). */
const DIABETES_WITH_CKD: readonly (readonly [string, string, string])[] = [
  ['E089', 'N18*', 'E0822'],
  ['E099', 'N18*', 'E0922'],
  ['E109', 'N18*', 'E1022'],
  ['E119', 'N18*', 'E1122'],
  ['E139', 'N18*', 'E1322'],
];

/** Unspecified codes, their more specific siblings, curated combinations, chronic condition indicator. */
export function buildSpecificity(source: string): PackageContent {
  const folder = 'reference/icd10cm';
  const unspecified = readTable(source, `${folder}/unspecified.csv`);
  const terms = new Map(unspecified.map((row) => [row.code ?? '', Number(row.unspecified_terms)]));
  const classes = new Map(unspecified.map((row) => [row.code ?? '', row.class ?? '']));
  const billable = [
    ...new Set(
      readTable(source, `${folder}/codes.tsv`)
        .filter((row) => row.billable === '1' && Number(row.last_fy) >= 2026)
        .map((row) => row.code ?? ''),
    ),
  ].sort();
  const siblings = (code: string, scope: string): string[] =>
    billable.filter((other) => {
      if (other === code || !other.startsWith(scope)) return false;
      if (classes.get(code) === 'soft') return !classes.has(other);
      return (terms.get(other) ?? 0) < (terms.get(code) ?? 0);
    });
  const weights = (file: string) =>
    toTsv(
      ['code', 'kind', 'fit', 'scope', 'review', 'siblings'],
      readTable(source, `${folder}/${file}.csv`).map((row) => {
        const code = row.code ?? '';
        const shown = WITH_SIBLINGS.has(row.review ?? '') && (row.fit === 'direct' || SHOWN_REMOTE.has(code));
        return [
          code,
          row.kind ?? '',
          row.fit ?? '',
          row.scope ?? '',
          row.review ?? '',
          shown ? siblings(code, row.scope ?? '').join(' ') : '',
        ];
      }),
    );
  return {
    id: 'icd10cm-specificity',
    kind: 'codes',
    title: 'Unspecified ICD-10-CM codes and their more specific siblings',
    version: '2026-11-23',
    paymentYears: [],
    sources: [
      'CDC/NCHS and CMS, ICD-10-CM FY2026 and FY2027 order files (official long descriptions)',
      'AHRQ, Chronic Condition Indicator Refined v2026.1',
    ],
    provenance: [
      { scope: 'specificity', mark: 'clinical review of the rows not signed by a certified coder' },
      { scope: 'specificity-v24 review', mark: 'classed by pattern, not read' },
      { scope: 'chronic', mark: 'one copy of CCIR v2026.1; FY2027 codes have no indicator' },
    ],
    files: [
      {
        name: 'unspecified.tsv',
        content: toTsv(
          ['code', 'class', 'terms', 'false_positive'],
          unspecified.map((row) => [
            row.code ?? '',
            row.class ?? '',
            row.unspecified_terms ?? '',
            row.false_positive ?? '',
          ]),
        ),
      },
      { name: 'specificity-v28.tsv', content: weights('specificity_v28') },
      { name: 'specificity-v24.tsv', content: weights('specificity_v24') },
      { name: 'combinations.tsv', content: toTsv(['code', 'with', 'combined'], DIABETES_WITH_CKD) },
      {
        name: 'chronic.tsv',
        content: toTsv(
          ['code'],
          readTable(source, `${folder}/chronic.csv`)
            .filter((row) => row.ccir === '1')
            .map((row) => [row.code ?? '']),
        ),
      },
    ],
  };
}

/** Rows whose heavier sibling lies in a broader category and is the same question: asthma severity. */
const SHOWN_REMOTE = new Set(['J45901', 'J45902', 'J45909']);
