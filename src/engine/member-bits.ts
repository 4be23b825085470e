import { paymentAge } from './demographics.ts';
import type { ScoreMember } from './score-contract.ts';

/** Everything a Medicare score reads about a member, in one integer; null where that cannot be (then nothing is remembered). */
export function memberBits(member: ScoreMember, paymentYear: number): number | null {
  if ((member.age === null) === (member.birthDate === null)) return null;
  const age = paymentAge(member, paymentYear);
  const orec = orecBits(member.originalEntitlement);
  const dual = dualBits(member.dualStatus);
  if (age === null || !(age < 256) || orec < 0 || dual < 0) return null;
  const flags =
    (member.sex === 'F' ? 1 : 0) |
    (member.institutional ? 2 : 0) |
    (member.newEnrollee ? 4 : 0) |
    (member.lowIncome ? 8 : 0) |
    (member.snp === 'cSnp' ? 16 : 0);
  const esrd = member.esrd === null ? 0 : 1 + STATUSES.indexOf(member.esrd.status);
  // Beyond ten months nothing changes; 15 is unknown.
  const months = member.esrd === null ? 0 : monthsBits(member.esrd.monthsSinceTransplant);
  const partD = member.partD === null ? 7 : PART_DS.indexOf(member.partD);
  return packBits({ age, flags, orec, dual, esrd, months, partD });
}

/** What {@link memberBits} packs, each a small number. */
export interface BitFields {
  readonly age: number;
  /** F 1, institutional 2, new enrollee 4, low income 8, C-SNP 16. */
  readonly flags: number;
  readonly orec: number;
  readonly dual: number;
  readonly esrd: number;
  readonly months: number;
  readonly partD: number;
}

/** 8 + 5 + 3 + 4 + 2 + 4 + 3 bits. */
export function packBits({ age, flags, orec, dual, esrd, months, partD }: BitFields): number {
  return (((((((age << 5) | flags) << 3) | orec) << 4) | dual) << 9) | (esrd << 7) | (months << 3) | partD;
}

function monthsBits(months: number | null): number {
  return months === null ? 15 : Math.min(Math.max(months, 0), 14);
}

/** OREC 0 to 3, 4 when unknown; -1 for anything else. */
function orecBits(orec: string | null): number {
  if (orec === null) return 4;
  const digit = orec.charCodeAt(0) - 48;
  return orec.length === 1 && digit >= 0 && digit <= 3 ? digit : -1;
}

/** Dual status 00 to 09, then 99, NA and unknown; -1 for anything else. */
function dualBits(dual: string | null): number {
  if (dual === null) return 15;
  if (dual.length !== 2) return -1;
  const digit = dual.charCodeAt(1) - 48;
  if (dual.charCodeAt(0) === 48 && digit >= 0 && digit <= 9) return digit;
  return dual === '99' ? 10 : dual === 'NA' ? 11 : -1;
}

const STATUSES = ['dialysis', 'transplant', 'graft'];
const PART_DS = ['none', 'mapd', 'pdp', 'pace'];
