import { ageOn, type IsoDate, yearOf } from '../dates.ts';
import { dotted, undotted } from '../icd10.ts';
import { type CategoryRow, type HhsYearTables, within } from './tables.ts';

/** A diagnosis; `date` null means undated: age at diagnosis is AGE_LAST, validity that of the benefit year. */
export interface HhsDiagnosis {
  readonly code: string;
  readonly date: IsoDate | null;
}

export interface HhsPerson {
  readonly sex: 'F' | 'M';
  /** Whole years on the last day of enrolment in the benefit year. */
  readonly ageLast: number;
  readonly birthDate: IsoDate | null;
}

/** Why a diagnosis that is in the crosswalk gives no category. */
export type CategoryMiss = 'mce' | 'split' | 'fiscalYear';

export interface CategoryResult {
  /** HCC to the dotted codes that gave it, in the order received. */
  readonly codesByHcc: ReadonlyMap<string, readonly string[]>;
  /** Undotted codes that are not in the crosswalk of the year. */
  readonly unknown: readonly string[];
  readonly missed: readonly { readonly code: string; readonly miss: CategoryMiss }[];
  /** Diagnoses that rule 9 ignores, with the reason. */
  readonly ignored: readonly { readonly code: string; readonly reason: string }[];
  /** Distinct undotted codes that were read, mapped or not. */
  readonly codes: ReadonlySet<string>;
  /** Dotted undated codes that count though their claim editor condition fails (benefit years 2021-2022). */
  readonly unedited: readonly string[];
}

/** Diagnoses to condition categories: algorithm section C, rules 9-14. Order and repeats do not matter. */
export function categoriesOf(
  tables: HhsYearTables,
  person: HhsPerson,
  diagnoses: readonly HhsDiagnosis[],
): CategoryResult {
  const codesByHcc = new Map<string, string[]>();
  const unknown = new Set<string>();
  const missed = new Map<string, CategoryMiss>();
  const mapped = new Set<string>();
  const ignored: { code: string; reason: string }[] = [];
  const codes = new Set<string>();
  const unedited = new Set<string>();
  for (const diagnosis of diagnoses) {
    const code = undotted(diagnosis.code);
    const reason = ignoredBecause(tables.benefitYear, person, diagnosis.date);
    if (reason !== null) {
      ignored.push({ code: dotted(code), reason });
      continue;
    }
    codes.add(code);
    const rows = tables.categories.get(code);
    if (!rows) {
      unknown.add(code);
      continue;
    }
    const ageAtDiagnosis = diagnosisAge(person, diagnosis.date);
    const edited = diagnosis.date !== null || tables.mceOnUndated;
    const years = fiscalYears(tables.benefitYear, diagnosis.date);
    const shown = dotted(code);
    for (const row of rows) {
      const miss = rowMiss(row, person, ageAtDiagnosis, years);
      if (miss !== null && (miss !== 'mce' || edited)) {
        if (!missed.has(code)) missed.set(code, miss);
        continue;
      }
      mapped.add(code);
      if (miss === 'mce') unedited.add(shown);
      const known = codesByHcc.get(row.hcc);
      if (!known) codesByHcc.set(row.hcc, [shown]);
      else if (!known.includes(shown)) known.push(shown);
    }
  }
  return {
    codesByHcc,
    unknown: [...unknown],
    missed: [...missed].filter(([code]) => !mapped.has(code)).map(([code, miss]) => ({ code, miss })),
    ignored,
    codes,
    unedited: [...unedited],
  };
}

/** Rule 9: dates outside the year or before birth, and ages that cannot be. */
function ignoredBecause(benefitYear: number, person: HhsPerson, date: IsoDate | null): string | null {
  if (date === null) return null;
  if (yearOf(date) !== benefitYear) return `service date is outside benefit year ${benefitYear}`;
  if (person.birthDate === null) return null;
  if (date < person.birthDate) return 'service date is before birth';
  const age = ageOn(person.birthDate, date);
  if (age > person.ageLast) return 'age at diagnosis is above AGE_LAST';
  if (person.ageLast - age > 1) return 'age at diagnosis is more than one year below AGE_LAST';
  return null;
}

function diagnosisAge(person: HhsPerson, date: IsoDate | null): number {
  return date === null || person.birthDate === null ? person.ageLast : ageOn(person.birthDate, date);
}

/** Rule 10: the fiscal year begins on 1 October. An undated code may be valid in either year the benefit year touches. */
function fiscalYears(benefitYear: number, date: IsoDate | null): readonly number[] {
  if (date === null) return [benefitYear, benefitYear + 1];
  const year = yearOf(date);
  return [date.slice(5) >= '10-01' ? year + 1 : year];
}

function rowMiss(
  row: CategoryRow,
  person: HhsPerson,
  ageAtDiagnosis: number,
  years: readonly number[],
): CategoryMiss | null {
  if (!years.some((year) => within(year, row.fiscalYears))) return 'fiscalYear';
  if (!within(person.ageLast, row.age) || !sexHolds(row.sex, person)) return 'split';
  if (!within(ageAtDiagnosis, row.mceAge) || !sexHolds(row.mceSex, person)) return 'mce';
  return null;
}

function sexHolds(sex: 'F' | 'M' | null, person: HhsPerson): boolean {
  return sex === null || sex === person.sex;
}
