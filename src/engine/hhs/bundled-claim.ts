import type { HhsPerson } from './categories.ts';
import type { HhsYearTables } from './tables.ts';

const DELIVERY: ReadonlySet<string> = new Set(['207', '208', '209']);
const NEWBORN: ReadonlySet<string> = new Set(['242', '243', '244', '245', '246', '247', '248', '249']);

/**
 * Mother and newborn on one claim (section K, rule 36): the age conditions already keep each person's own
 * categories; this only says so. Never rejects anybody.
 */
export function bundledClaim(
  tables: HhsYearTables,
  person: HhsPerson,
  hccs: readonly string[],
  codes: ReadonlySet<string>,
): string[] {
  const mapsTo = (categories: ReadonlySet<string>): boolean =>
    [...codes].some((code) => tables.categories.get(code)?.some((row) => categories.has(row.hcc)));
  const has = (categories: ReadonlySet<string>): boolean => hccs.some((hcc) => categories.has(hcc));
  if (person.ageLast >= 2 && has(DELIVERY) && mapsTo(NEWBORN)) {
    return ["possible bundled claim: newborn codes on the mother's record were left out"];
  }
  if (person.ageLast === 0 && has(NEWBORN) && mapsTo(DELIVERY)) {
    return ["possible bundled claim: delivery codes on the newborn's record were left out"];
  }
  return [];
}
