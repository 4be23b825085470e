import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import type { PackageContent, PackageFile } from './package-writer.ts';

type Row = Record<string, string>;

function tsv(name: string, header: readonly string[], rows: readonly (readonly string[])[]): PackageFile {
  const lines = [header, ...rows].map((cells) => {
    const bad = cells.find((cell) => /[\t\r\n]/.test(cell));
    if (bad !== undefined) throw new Error(`${name}: a cell holds a tab or line end: ${bad}`);
    return cells.join('\t');
  });
  return { name, content: `${lines.join('\n')}\n` };
}

/**
 * Package `drugs`: NDC and RxNorm product codes to ingredients, for products with an ingredient of the suspect rules.
 * The 16,334 codes share 563 products (ingredients and route), so codes point at a product row.
 */
export function buildDrugs(source: string): PackageContent {
  const read = (file: string): Row[] =>
    parse(readFileSync(path.join(source, 'reference/drugs', file)), { columns: true });
  const ndc = read('ndc_ingredient.csv');
  const rxnorm = read('rxnorm_product_ingredient.csv');
  const keyOf = (row: Row): string => `${row.ingredients ?? ''}\t${row.route ?? ''}`;
  const keys = [...new Set([...ndc, ...rxnorm].map(keyOf))].sort();
  const numbers = new Map(keys.map((key, index) => [key, String(index + 1)]));
  const productOf = (row: Row): string => numbers.get(keyOf(row)) ?? '';
  return {
    id: 'drugs',
    kind: 'drugs',
    title: 'Drug product codes to ingredients',
    version: '2025-10-06',
    paymentYears: [],
    sources: [
      'RxNorm Current Prescribable Content, release of 2025-10-06, and earlier RxNav snapshots (2019, 2020)',
      'FDA NDC Directory listings of 2018 and single openFDA NDC records of 2026',
      'Uses publicly available data of the U.S. National Library of Medicine, which neither endorses this product nor is responsible for it',
    ],
    provenance: [
      {
        scope: 'ingredients starting with A',
        mark: 'single-ingredient products after June 2020 only partly covered',
      },
      { scope: 'products launched or repackaged after October 2025', mark: 'missing' },
    ],
    properties: { ingredientsSeparator: '|' },
    files: [
      tsv(
        'products.tsv',
        ['product', 'ingredients', 'route'],
        keys.map((key, index) => [String(index + 1), ...key.split('\t')]),
      ),
      tsv(
        'ndc.tsv',
        ['ndc9', 'product'],
        ndc.map((row) => [row.ndc9 ?? '', productOf(row)]),
      ),
      tsv(
        'rxnorm.tsv',
        ['rxcui', 'tty', 'product'],
        rxnorm.map((row) => [row.rxcui ?? '', row.tty ?? '', productOf(row)]),
      ),
      tsv(
        'coverage.tsv',
        ['ingredient', 'rxnorm_ingredients', 'gap'],
        read('coverage.csv').map((row) => [row.ingredient ?? '', row.rxnorm_in ?? '', row.gap ?? '']),
      ),
    ],
  };
}
