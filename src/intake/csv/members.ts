import { addDays, type IsoDate, yearOf } from '../../engine/dates.ts';
import type { CoveragePeriod, Esrd, PartD, Program, Snp } from '../../engine/history.ts';
import type { SourceRef } from '../../store/records.ts';
import { mbiOf } from '../mbi.ts';
import type { BatchContext, Emit, TableReader } from './batch-context.ts';
import type { TableRow } from './table-row.ts';

const PROGRAMS: Readonly<Record<string, Program>> = { MA: 'ma', ACA: 'aca', PACE: 'pace', FFS: 'ma' };
const SNPS: Readonly<Record<string, Snp>> = { C: 'cSnp', D: 'dSnp', I: 'iSnp' };
const ESRD: Readonly<Record<string, Esrd['status']>> = {
  dialysis: 'dialysis',
  transplant: 'transplant',
  functioning_graft: 'graft',
};
const PART_DS: Readonly<Record<string, PartD>> = { none: 'none', mapd: 'mapd', pdp: 'pdp', pace: 'pace' };
/** Entitlement that a Medicare status code stands for, used when OREC is empty: aged, disabled, ESRD only. */
const ENTITLEMENT_OF_STATUS: Readonly<Record<string, string>> = {
  '10': '0',
  '11': '0',
  '20': '1',
  '21': '1',
  '31': '2',
};
const WITH_MEDICAID: ReadonlySet<string> = new Set(['01', '02', '03', '04', '05', '06', '08']);
const WITHOUT_MEDICAID: ReadonlySet<string> = new Set(['00', 'NA']);
const OPEN_END: IsoDate = '9999-12-31';
/** Columns whose presence says that the row describes an enrollment and not only a person. */
const COVERAGE_COLUMNS = [
  'contract_id',
  'plan_id',
  'original_reason_entitlement_code',
  'current_reason_entitlement_code',
  'medicare_status_code',
  'dual_status_code',
  'part_b_start_date',
  'enrollment_status',
  'snp_type',
  'esrd_status',
  'metal_level',
];
const COVERAGE_FLAGS = ['long_term_institutional_flag', 'new_enrollee', 'low_income', 'medicaid'];

/** Reader of members.csv: demographics of every row, and an enrollment span where the row describes one. */
export function membersReader(context: BatchContext): TableReader {
  return {
    judge: (row) => judgeMember(row, context),
    take: (row, source, emit) => takeMember(row, source, { context, emit }),
    finish: () => undefined,
  };
}

function judgeMember(row: TableRow, context: BatchContext): void {
  const birthDate = row.text('birth_date');
  const deathDate = row.text('death_date');
  notBefore(row, 'death_date', deathDate, 'birth_date', birthDate);
  const start = row.text('enrollment_start_date');
  const end = row.text('enrollment_end_date');
  if (end !== null && start === null) row.problem('required', 'enrollment_start_date');
  notBefore(row, 'enrollment_end_date', end, 'enrollment_start_date', start);
  const business = row.text('line_of_business');
  const aca = business === null ? context.options.program === 'aca' : business === 'ACA';
  if (aca && row.text('metal_level') === null) {
    row.problem('required', 'metal_level');
  }
  judgeMedicaid(row);
  const snp = row.text('snp_type');
  if (row.flag('institutional_snp_flag') === true && snp !== null && snp !== 'I') {
    row.problem('contradiction', 'institutional_snp_flag', { other: 'snp_type' });
  }
  judgeAgainstEarlierRow(row, context);
}

function judgeMedicaid(row: TableRow): void {
  const medicaid = row.flag('medicaid');
  const dual = row.text('dual_status_code');
  if (medicaid === null || dual === null) return;
  const contradicts = medicaid ? WITHOUT_MEDICAID.has(dual) : WITH_MEDICAID.has(dual);
  if (contradicts) row.problem('contradiction', 'medicaid', { other: 'dual_status_code' });
}

/** Rows of one member must agree on birth date and sex: a contradiction there may be two persons under one id. */
function judgeAgainstEarlierRow(row: TableRow, { members }: BatchContext): void {
  const memberId = row.text('member_id');
  const birthDate = row.text('birth_date');
  const sex = row.text('sex');
  if (memberId === null || birthDate === null || sex === null) return;
  const known = members.get(memberId, 0);
  if (known === undefined) return;
  if (known !== compactDate(birthDate)) {
    row.refuse('contradiction', 'birth_date', { other: 'an earlier row of this member' });
  }
  if (members.get(memberId, 1) !== sexNumber(sex)) {
    row.refuse('contradiction', 'sex', { other: 'an earlier row of this member' });
  }
}

function compactDate(date: IsoDate): number {
  return Number(date.replaceAll('-', ''));
}

function sexNumber(sex: string): number {
  return sex === 'M' ? 1 : 2;
}

/** Notes `date_order` when `date` is before `other`. */
export function notBefore(
  row: TableRow,
  field: string,
  date: IsoDate | null,
  other: string,
  otherDate: IsoDate | null,
): void {
  if (date === null || otherDate === null || date >= otherDate) return;
  row.problem('date_order', field, { value: date, other, othervalue: otherDate });
}

function takeMember(
  row: TableRow,
  source: SourceRef,
  { context, emit }: { readonly context: BatchContext; readonly emit: Emit },
): void {
  const memberId = row.text('member_id') ?? '';
  const birthDate = row.text('birth_date') ?? '';
  const sex = row.text('sex') === 'M' ? 'M' : 'F';
  context.members.set(memberId, compactDate(birthDate), sexNumber(sex));
  emit({
    kind: 'member',
    memberId,
    source,
    birthDate,
    sex,
    deathDate: row.text('death_date'),
    pcpNpi: row.text('pcp_npi'),
    ...(context.feeds.length > 0 ? { feeds: context.feeds } : {}),
  });
  const mbi = mbiOf(row.text('mbi'));
  if (mbi !== null && mbi !== memberId) emit({ kind: 'member_alias', memberId, source, alias: mbi });
  const from = row.text('enrollment_start_date') ?? undatedStart(row, birthDate);
  if (from === null) return;
  const period = coverageOf(row, from, context.options.program);
  const aca = period.program === 'aca';
  for (const part of byEnrolleeStatus(row, period)) {
    emit({
      kind: 'coverage',
      memberId,
      source,
      period: part,
      metal: aca ? row.text('metal_level') : null,
      csr: aca ? row.text('csr_indicator') : null,
      enrollmentMonths: aca ? row.number('enrollment_duration_months') : null,
    });
  }
}

/** A row that tells of an enrollment without dating it stands for one that has always been; demographics alone do not. */
function undatedStart(row: TableRow, birthDate: IsoDate): IsoDate | null {
  const told =
    COVERAGE_COLUMNS.some((column) => row.text(column) !== null) ||
    COVERAGE_FLAGS.some((column) => row.flag(column) !== null);
  if (!told) return null;
  row.remark(
    'assumption',
    'enrollment_start_date',
    'enrollment_start_date is empty: taken as always enrolled',
  );
  return birthDate;
}

function coverageOf(row: TableRow, from: IsoDate, fallback: Program): CoveragePeriod {
  const business = row.text('line_of_business');
  const program = business === null ? fallback : (PROGRAMS[business] ?? fallback);
  if (business === 'FFS') {
    row.remark('assumption', 'line_of_business', 'FFS members are scored by the rules of MA');
  }
  const end = row.text('enrollment_end_date');
  const status = row.text('enrollment_status');
  const snpType = row.text('snp_type');
  return {
    program,
    contractId: row.text('contract_id'),
    planId: row.text('plan_id'),
    from,
    to: end === OPEN_END ? null : end,
    originalEntitlement: entitlementOf(row, program),
    currentEntitlement: row.text('current_reason_entitlement_code'),
    dualStatus: dualStatusOf(row, program),
    institutional: row.flag('long_term_institutional_flag') ?? status === 'Institutional',
    newEnrollee: false,
    snp:
      snpType === null
        ? row.flag('institutional_snp_flag') === true
          ? 'iSnp'
          : 'none'
        : (SNPS[snpType] ?? 'none'),
    lowIncome: row.flag('low_income') ?? false,
    partD: PART_DS[row.text('part_d') ?? ''] ?? defaultPartD(program, business),
    esrd: esrdOf(row),
    hospice: row.flag('hospice_flag') ?? false,
    switcher: row.flag('switcher') ?? false,
  };
}

function defaultPartD(program: Program, business: string | null): PartD {
  if (program === 'pace') return 'pace';
  return program === 'aca' || business === 'FFS' ? 'none' : 'mapd';
}

function entitlementOf(row: TableRow, program: Program): string | null {
  const given = row.text('original_reason_entitlement_code');
  if (given !== null) return given;
  const derived = ENTITLEMENT_OF_STATUS[row.text('medicare_status_code') ?? ''] ?? null;
  if (derived === null && program !== 'aca') {
    row.remark('assumption', 'original_reason_entitlement_code', 'unknown entitlement is scored as age');
  }
  return derived;
}

function dualStatusOf(row: TableRow, program: Program): string | null {
  const given = row.text('dual_status_code');
  if (given !== null || program === 'aca') return given;
  const medicaid = row.flag('medicaid');
  if (medicaid === false) return 'NA';
  row.remark(
    'assumption',
    'dual_status_code',
    medicaid === true
      ? 'Medicaid without a dual status code may be full or partial: scored as non-dual'
      : 'unknown dual status is scored as non-dual',
  );
  return null;
}

function esrdOf(row: TableRow): Esrd | null {
  const status = ESRD[row.text('esrd_status') ?? ''];
  return status ? { status, monthsSinceTransplant: row.number('transplant_duration_months') } : null;
}

/**
 * New-enrollee status by payment year: fewer than 12 months of Part B in the year before (demographics, segment
 * choice). A span that holds the turn of the year at which it ends is split there.
 */
function byEnrolleeStatus(row: TableRow, period: CoveragePeriod): CoveragePeriod[] {
  const stated = row.flag('new_enrollee');
  const status = row.text('enrollment_status');
  if (stated !== null || status !== null) return [{ ...period, newEnrollee: stated ?? status === 'New' }];
  const partB = row.text('part_b_start_date');
  if (partB === null) {
    const months = row.number('part_b_months_prior_year');
    return [{ ...period, newEnrollee: months !== null && months < 12 }];
  }
  const lastNewYear = partB.endsWith('-01-01') ? yearOf(partB) : yearOf(partB) + 1;
  const lastNewDay = `${lastNewYear}-12-31`;
  if (period.from > lastNewDay) return [period];
  if (period.to !== null && period.to <= lastNewDay) return [{ ...period, newEnrollee: true }];
  return [
    { ...period, to: lastNewDay, newEnrollee: true },
    { ...period, from: addDays(lastNewDay, 1) },
  ];
}
