import type { DrugProduct, DrugTables } from '../engine/suspects/drugs.ts';
import { openPackage, PackageError } from './package.ts';

/** Loads the packages `drugs` (product codes) and `suspecting` (names, salts, routes) for `resolveDrug`. */
export function loadDrugs(root: string): DrugTables {
  const codes = openPackage(root, 'drugs');
  const names = openPackage(root, 'suspecting');
  const products = new Map(
    codes.table('products.tsv').map((row): [string, DrugProduct] => [
      row.product ?? '',
      {
        ingredients: (row.ingredients ?? '').split('|'),
        route: row.route === '' ? null : (row.route ?? null),
      },
    ]),
  );
  const byCode = (file: string, column: string): Map<string, DrugProduct> =>
    new Map(
      codes.table(file).map((row) => {
        const product = products.get(row.product ?? '');
        if (product === undefined) {
          throw new PackageError(
            `package drugs: ${file} points at product ${row.product}, which is not there`,
          );
        }
        return [row[column] ?? '', product];
      }),
    );
  const pairs = (file: string, from: string, to: string): Map<string, string> =>
    new Map(names.table(file).map((row) => [row[from] ?? '', row[to] ?? '']));
  return {
    byNdc9: byCode('ndc.tsv', 'ndc9'),
    byRxcui: byCode('rxnorm.tsv', 'rxcui'),
    ingredientNames: new Set(names.table('medications.csv').map((row) => row.ingredient ?? '')),
    synonyms: pairs('ingredient_synonyms.csv', 'synonym', 'canonical_ingredient'),
    saltWords: new Set(names.table('salt_words.csv').map((row) => row.word ?? '')),
    routeSpellings: pairs('route_spellings.csv', 'spelling', 'route'),
  };
}
