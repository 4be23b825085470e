import type { IsoDate } from './dates.ts';
import type { EsrdStatus, Sex } from './history.ts';
import { type Outcome, refuse, succeed } from './outcome.ts';
import type { ScoreMember } from './score-contract.ts';

/** What the model terms read about a person, derived once from the request (official macro AGESEXV2). */
export interface Person {
  /** Whole years on 1 February of the payment year, never negative. */
  readonly age: number;
  /** Age for new-enrollee cells: 64 with OREC 0 counts as 65. */
  readonly cellAge: number;
  readonly sex: Sex;
  readonly orec: string;
  readonly dual: 'none' | 'partial' | 'full';
  readonly institutional: boolean;
  readonly newEnrollee: boolean;
  readonly cSnp: boolean;
  readonly lowIncome: boolean;
  readonly esrd: EsrdStatus | 'none';
  /** Months since transplant; 0 when there was none. */
  readonly graftMonths: number;
}

export interface PersonReading {
  readonly person: Person;
  /** What was defaulted, in words for the answer. */
  readonly assumptions: readonly string[];
}

const FULL_DUAL = new Set(['02', '04', '08']);
const PARTIAL_DUAL = new Set(['01', '03', '05', '06']);
const DUAL_CODES = new Set(['00', '01', '02', '03', '04', '05', '06', '07', '08', '09', '99', 'NA']);
const NO_ASSUMPTIONS: readonly string[] = [];

/**
 * Age in whole years on 1 February of the payment year; a birthday on 1 February counts as completed and a
 * negative age becomes 0 (CMS software, all models).
 */
export function paymentAge(
  member: Pick<ScoreMember, 'birthDate' | 'age'>,
  paymentYear: number,
): number | null {
  if (member.age !== null) return Math.max(0, Math.floor(member.age));
  return member.birthDate === null ? null : Math.max(0, ageOnFebruaryFirst(member.birthDate, paymentYear));
}

/** Whole years on 1 February, from the digits of the date: bulk scoring asks it of every member. */
function ageOnFebruaryFirst(birthDate: IsoDate, paymentYear: number): number {
  const year = twoDigits(birthDate, 0) * 100 + twoDigits(birthDate, 2);
  const monthDay = twoDigits(birthDate, 5) * 100 + twoDigits(birthDate, 8);
  return paymentYear - year - (monthDay > 201 ? 1 : 0);
}

function twoDigits(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;
}

/** Full benefit 02, 04, 08; partial 01, 03, 05, 06; everything else non-dual (09 is unverified). */
export function dualGroup(code: string | null): Person['dual'] {
  if (code === null) return 'none';
  return FULL_DUAL.has(code) ? 'full' : PARTIAL_DUAL.has(code) ? 'partial' : 'none';
}

/** Derives the scoring facts of a member for a payment year, with the assumptions that had to be made. */
export function readPerson(member: ScoreMember, paymentYear: number): Outcome<PersonReading> {
  if ((member.age === null) === (member.birthDate === null)) {
    return refuse('invalid_member', 'give exactly one of birthDate and age', '/member/birthDate');
  }
  const age = paymentAge(member, paymentYear);
  if (age === null || !Number.isFinite(age)) {
    return refuse('invalid_member', 'age is not a number', '/member/age');
  }
  const { originalEntitlement, dualStatus, esrd } = member;
  if (originalEntitlement !== null && !/^[0-3]$/.test(originalEntitlement)) {
    return refuse(
      'invalid_member',
      'originalEntitlement is not one of 0, 1, 2, 3',
      '/member/originalEntitlement',
    );
  }
  if (dualStatus !== null && !DUAL_CODES.has(dualStatus)) {
    return refuse('invalid_member', 'dualStatus is not one of 00-09, 99, NA', '/member/dualStatus');
  }
  const months = esrd?.monthsSinceTransplant ?? null;
  if (esrd?.status === 'transplant' && !(months !== null && months >= 1 && months <= 3)) {
    return refuse(
      'invalid_member',
      'a transplant score needs monthsSinceTransplant 1, 2 or 3',
      '/member/esrd/monthsSinceTransplant',
    );
  }
  if (esrd?.status === 'graft' && !(months !== null && months >= 4)) {
    return refuse(
      'invalid_member',
      'a functioning graft score needs monthsSinceTransplant of 4 or more',
      '/member/esrd/monthsSinceTransplant',
    );
  }
  const orec = originalEntitlement ?? '0';
  return succeed({
    person: {
      age,
      cellAge: age === 64 && orec === '0' ? 65 : age,
      sex: member.sex,
      orec,
      dual: dualGroup(dualStatus),
      institutional: member.institutional,
      newEnrollee: member.newEnrollee,
      cSnp: member.snp === 'cSnp',
      lowIncome: member.lowIncome,
      esrd: esrd?.status ?? 'none',
      graftMonths: months ?? 0,
    },
    assumptions: assumptionsOf(member),
  });
}

function assumptionsOf(member: ScoreMember): readonly string[] {
  const { originalEntitlement, dualStatus } = member;
  if (originalEntitlement !== null && dualStatus !== null && dualStatus !== '99' && dualStatus !== '09') {
    return NO_ASSUMPTIONS;
  }
  const assumptions: string[] = [];
  if (originalEntitlement === null) {
    assumptions.push('originalEntitlement unknown, scored as 0 (entitled by age)');
  }
  if (dualStatus === null || dualStatus === '99') {
    assumptions.push('dualStatus unknown, scored as non-dual');
  }
  if (dualStatus === '09') assumptions.push('dualStatus 09 scored as non-dual: unverified');
  return assumptions;
}

export type CellBands = 'continuing' | 'new_enrollee' | 'new_enrollee_merged';

const UNDER_65: readonly [number, string][] = [
  [34, '0_34'],
  [44, '35_44'],
  [54, '45_54'],
  [59, '55_59'],
  [64, '60_64'],
];
const FROM_70: readonly [number, string][] = [
  [74, '70_74'],
  [79, '75_79'],
  [84, '80_84'],
];
const FROM_85: readonly [number, string][] = [
  [89, '85_89'],
  [94, '90_94'],
  [Number.POSITIVE_INFINITY, '95_GT'],
];
const MERGED_65: readonly [number, string][] = [[69, '65_69']];
const SINGLE_65: readonly [number, string][] = [65, 66, 67, 68, 69].map((age) => [age, String(age)]);

/** Upper age and name of each band: 12 for continuing, 16 for new enrollees, 10 for ESRD dialysis new enrollees. */
const BANDS: Readonly<Record<CellBands, readonly (readonly [number, string])[]>> = {
  continuing: [...UNDER_65, ...MERGED_65, ...FROM_70, ...FROM_85],
  new_enrollee: [...UNDER_65, ...SINGLE_65, ...FROM_70, ...FROM_85],
  new_enrollee_merged: [...UNDER_65, ...MERGED_65, ...FROM_70, [Number.POSITIVE_INFINITY, '85_GT']],
};

/** Age/sex cell without prefix, such as `F75_79` or `M65`; new-enrollee bands use the cell age. */
export function ageSexCell(person: Person, bands: CellBands): string {
  const age = bands === 'continuing' ? person.age : person.cellAge;
  const band = BANDS[bands].find(([upTo]) => age <= upTo);
  return `${person.sex}${band?.[1] ?? ''}`;
}
