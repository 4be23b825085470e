import { ageOn } from '../dates.ts';
import { type Outcome, refuse, succeed } from '../outcome.ts';
import type { ScoreMember } from '../score-contract.ts';
import type { HhsPerson } from './categories.ts';
import { HHS_METALS, type HhsYearTables, type Metal } from './tables.ts';

/** The fields of a member that HHS-HCC reads, checked (rule 5). */
export interface HhsMember {
  readonly person: HhsPerson;
  readonly metal: Metal;
  /** 1-12. */
  readonly enrollmentMonths: number;
  readonly csr: { readonly indicator: string; readonly factorHundredths: number } | null;
  readonly assumptions: readonly string[];
}

/** Highest CSR indicator of any benefit year (2021-2022 numbered them 0-13). */
const HIGHEST_CSR_INDICATOR = 13;

/**
 * Reads the member of a score request. Refuses a missing metal, an unusable age, duration or CSR indicator;
 * a missing duration is taken as 12 months and listed among the assumptions.
 */
export function readHhsMember(year: HhsYearTables, member: ScoreMember): Outcome<HhsMember> {
  const assumptions: string[] = [];
  const ageLast = readAge(member, year.benefitYear, assumptions);
  if (ageLast === null) {
    return refuse(
      'invalid_member',
      'age (AGE_LAST) must be a whole number of years, 0 or more',
      '/member/age',
    );
  }
  const metal = HHS_METALS.find((name) => name === member.metal);
  if (metal === undefined) {
    return refuse('invalid_member', `metal must be one of ${HHS_METALS.join(', ')}`, '/member/metal');
  }
  const months = member.enrollmentMonths;
  if (months === null) assumptions.push('enrollmentMonths not given, scored as 12');
  else if (!Number.isInteger(months) || months < 1 || months > 12) {
    return refuse('invalid_member', 'enrollmentMonths must be 1 to 12', '/member/enrollmentMonths');
  }
  const csr = readCsr(year, metal, member.csr, assumptions);
  if (csr === undefined) {
    return refuse(
      'invalid_member',
      `csr must be a CSR indicator, 0 to ${HIGHEST_CSR_INDICATOR}, or null`,
      '/member/csr',
    );
  }
  const person = { sex: member.sex, ageLast, birthDate: member.birthDate };
  return succeed({ person, metal, enrollmentMonths: months ?? 12, csr, assumptions });
}

/** AGE_LAST is the age on the last day of enrolment; a birth date alone is read on 31 December. */
function readAge(member: ScoreMember, benefitYear: number, assumptions: string[]): number | null {
  if (member.age !== null) return Number.isInteger(member.age) && member.age >= 0 ? member.age : null;
  if (member.birthDate === null) return null;
  const age = ageOn(member.birthDate, `${benefitYear}-12-31`);
  assumptions.push(`AGE_LAST taken on ${benefitYear}-12-31, the last day of the benefit year`);
  return age < 0 ? null : age;
}

/** Rule 34: an indicator and metal that the year's table does not pair have factor 1.00. */
function readCsr(
  year: HhsYearTables,
  metal: Metal,
  given: ScoreMember['csr'],
  assumptions: string[],
): HhsMember['csr'] | undefined {
  if (given === null || given === '') return null;
  const text = String(given).trim();
  if (!/^\d{1,2}$/.test(text) || Number(text) > HIGHEST_CSR_INDICATOR) return undefined;
  const indicator = String(Number(text));
  const listed = year.csrFactors.get(`${indicator}|${metal}`);
  if (listed === undefined) {
    assumptions.push(
      `csr ${indicator} with ${metal} is not in the CSR table of ${year.benefitYear}: factor 1.00`,
    );
  }
  return { indicator, factorHundredths: listed ?? 100 };
}
