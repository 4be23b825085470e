import type { EligibilityRules, EligibilityTables } from '../engine/eligibility.ts';
import { openPackage } from './package.ts';

/** Loads which records count: procedure lists by year of service, bill types, specialties and rules. */
export function loadEligibility(root: string): EligibilityTables {
  const opened = openPackage(root, 'eligibility');
  const procedures = new Map<number, ReadonlySet<string>>();
  for (const { name } of opened.manifest.files) {
    const year = /^cpt-(\d{4})\.csv$/.exec(name)?.[1];
    if (year === undefined) continue;
    const [, ...codes] = opened.text(name).trim().split('\n');
    procedures.set(Number(year), new Set(codes));
  }
  return {
    procedures,
    billTypes: new Map(
      opened
        .table('bill-types.tsv')
        .map((row) => [row.bill_type ?? '', { needsProcedure: row.needs_procedure === 'Y' }]),
    ),
    specialtiesNotAccepted: new Set(
      opened.table('specialties-not-accepted.tsv').map((row) => row.specialty ?? ''),
    ),
    rules: opened.json<EligibilityRules>('rules.json'),
  };
}
