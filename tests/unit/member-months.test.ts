import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CoveragePeriod, MemberHistory } from '../../src/engine/history.ts';
import { type MemberMonthsScore, scoreMemberMonths } from '../../src/engine/member-months.ts';
import { loadReference } from '../../src/reference/load.ts';

const reference = loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));

function period(from: string, to: string | null, status: Partial<CoveragePeriod> = {}): CoveragePeriod {
  return {
    program: 'ma',
    contractId: 'H0000',
    planId: '001',
    from,
    to,
    originalEntitlement: '0',
    currentEntitlement: '0',
    dualStatus: '00',
    institutional: false,
    newEnrollee: false,
    snp: 'none',
    lowIncome: false,
    partD: 'none',
    esrd: null,
    hospice: false,
    switcher: false,
    ...status,
  };
}

function history(coverage: readonly CoveragePeriod[], deathDate: string | null = null): MemberHistory {
  return {
    memberId: 'INVENTED-1',
    birthDate: '1950-01-01',
    sex: 'F',
    deathDate,
    coverage,
    encounters: [],
    conditions: [],
    observations: null,
    medications: null,
    procedures: null,
    appointments: [],
  };
}

function score(member: MemberHistory, diagnoses: readonly string[] = ['E11.22']): MemberMonthsScore {
  const outcome = scoreMemberMonths(reference, {
    history: member,
    paymentYear: 2026,
    diagnoses,
    model: 'cms-hcc-v28',
  });
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

const months = (result: MemberMonthsScore): (string | null)[] =>
  result.months.map(({ segment, notPaid }) => segment ?? notPaid);

describe('member months', () => {
  test('a year with one status is twelve months of one score', () => {
    const result = score(history([period('2025-01-01', null)]));
    expect(result.memberMonths).toBe(12);
    expect(result.statuses).toHaveLength(1);
    // female 75-79 0.465 and HCC 37 0.166, community, non-dual, aged
    expect(result.rawScore).toBe(0.631);
    expect(result.payment).toBe(result.statuses[0]?.score.payment?.score);
  });

  test('dual status from the middle of a month counts from the next 1st', () => {
    const result = score(
      history([period('2026-01-01', '2026-04-14'), period('2026-04-15', null, { dualStatus: '02' })]),
    );
    expect(months(result)).toEqual([...Array(4).fill('CNA'), ...Array(8).fill('CFA')]);
    expect(result.months[4]?.changes).toEqual(['dualStatus 00 -> 02']);
    // CNA 0.465 + 0.166, CFA 0.596 + 0.186: (4 x 0.631 + 8 x 0.782) / 12 = 0.7316...
    expect(result.rawScore).toBe(0.732);
  });

  test('a move to an institution changes the segment from that month', () => {
    const result = score(
      history([period('2026-01-01', '2026-06-30'), period('2026-07-01', null, { institutional: true })]),
    );
    expect(months(result)).toEqual([...Array(6).fill('CNA'), ...Array(6).fill('INS')]);
  });

  test('months without enrolment on the 1st, in hospice or after death are not paid', () => {
    const result = score(
      history(
        [
          period('2026-02-02', '2026-05-31'),
          period('2026-06-01', '2026-07-31', { hospice: true }),
          period('2026-08-01', null),
        ],
        '2026-09-10',
      ),
    );
    expect(months(result)).toEqual([
      'not_enrolled_on_the_1st',
      'not_enrolled_on_the_1st',
      'CNA',
      'CNA',
      'CNA',
      'hospice',
      'hospice',
      'CNA',
      'CNA',
      'deceased',
      'deceased',
      'deceased',
    ]);
    expect(result.memberMonths).toBe(5);
    expect(result.rawScore).toBe(0.631);
  });

  test('a new enrollee is scored without diagnoses while the status lasts', () => {
    const result = score(
      history([period('2026-01-01', '2026-03-31', { newEnrollee: true }), period('2026-04-01', null)]),
    );
    expect(months(result)).toEqual([...Array(3).fill('NE'), ...Array(9).fill('CNA')]);
    expect(result.months[0]?.rawScore).toBe(0.901);
    expect(result.months[3]?.changes).toEqual(['newEnrollee true -> false']);
  });

  test('transplant months pass into a functioning graft', () => {
    const outcome = scoreMemberMonths(reference, {
      history: history([
        period('2026-01-01', null, { esrd: { status: 'transplant', monthsSinceTransplant: 1 } }),
      ]),
      paymentYear: 2026,
      diagnoses: [],
      model: 'esrd-v24',
    });
    if (!outcome.ok) throw new Error(outcome.error.message);
    expect(outcome.value.months.slice(0, 4).map(({ rawScore }) => rawScore)).toEqual([
      5.985, 0.941, 0.941,
      // month 4: GNPA, female 75-79 0.420, aged, months 4-9, 2.529
      2.949,
    ]);
    expect(outcome.value.months[3]?.changes).toEqual(['esrd transplant month 3 -> graft month 4']);
  });

  test('without a covered month there is no score', () => {
    const result = score(history([]));
    expect(result.rawScore).toBeNull();
    expect(result.payment).toBeNull();
    expect(result.memberMonths).toBe(0);
  });

  test('the ACA family has no member months', () => {
    const outcome = scoreMemberMonths(reference, {
      history: history([period('2026-01-01', null, { program: 'aca' })]),
      paymentYear: 2026,
      diagnoses: [],
      model: null,
    });
    expect(outcome.ok ? null : outcome.error.code).toBe('not_applicable');
  });
});
