import { type AnalysisBasis, lockAnalysisBasis, noteAnalysisBasis } from '../store/analysis-basis.ts';
import { type Database, withTenant } from '../store/database.ts';
import { addNightlyAnalysis } from '../store/work-items.ts';

export interface Refresh {
  readonly db: Database;
  readonly tenantId: string;
  /** What analyses are made with from now on. */
  readonly basis: AnalysisBasis;
  /** Only the packages are looked at: the day is that of the last run. */
  readonly keepsDay?: boolean;
}

/**
 * Makes the analyses of a tenant's members necessary that its change of basis can touch, and notes the basis with
 * them: everybody when the day has moved on, else the members of the programs whose packages changed. Once, however
 * many processes ask. Returns how many work items were made.
 */
export function refreshAnalyses({ db, tenantId, basis, keepsDay }: Refresh): Promise<number> {
  return withTenant(db, tenantId, async (tx) => {
    const before = await lockAnalysisBasis(tx);
    const stays = before !== undefined && (keepsDay === true || before.asOf > basis.asOf);
    const asOf = stays ? before.asOf : basis.asOf;
    const programs = touchedPrograms(before, { ...basis, asOf });
    if (programs !== null && programs.length === 0) return 0;
    await noteAnalysisBasis(tx, { asOf, packages: basis.packages });
    return addNightlyAnalysis(tx, { asOf, programs });
  });
}

/**
 * Programs whose members a change of basis can touch; null for all. The HHS-HCC packages speak of ACA members only,
 * and every other one but the code tables of no ACA member.
 */
export function touchedPrograms(
  before: AnalysisBasis | undefined,
  after: AnalysisBasis,
): readonly ('ma' | 'pace' | 'aca')[] | null {
  if (before === undefined || before.asOf < after.asOf) return null;
  const names = new Set([...Object.keys(before.packages), ...Object.keys(after.packages)]);
  const changed = [...names].filter((name) => before.packages[name] !== after.packages[name]);
  if (changed.length === 0) return [];
  if (changed.some((name) => name.startsWith('icd10'))) return null;
  const aca = changed.some((name) => name.startsWith('hhs'));
  const medicare = changed.some((name) => !name.startsWith('hhs'));
  return [...(medicare ? (['ma', 'pace'] as const) : []), ...(aca ? (['aca'] as const) : [])];
}
