import { describe, expect, test } from 'vitest';
import { codeTable } from '../../src/engine/codes.ts';
import { type HhsHistoryScore, scoreHhsHistory } from '../../src/engine/hhs/score-history.ts';
import type { CoveragePeriod, Encounter, MemberHistory } from '../../src/engine/history.ts';
import { hhsTables } from '../golden/hhs-request.ts';

function period(from: string, to: string | null): CoveragePeriod {
  return {
    program: 'aca',
    contractId: null,
    planId: null,
    from,
    to,
    originalEntitlement: null,
    currentEntitlement: null,
    dualStatus: null,
    institutional: false,
    newEnrollee: false,
    snp: 'none',
    lowIncome: false,
    partD: 'none',
    esrd: null,
    hospice: false,
    switcher: false,
  };
}

function claim(
  encounterId: string,
  change: Partial<Encounter> & { readonly codes?: readonly string[] },
): Encounter {
  const { codes = ['I50.23'], ...rest } = change;
  return {
    encounterId,
    from: '2025-05-10',
    to: '2025-05-10',
    setting: 'professional',
    billType: null,
    modality: 'in_person',
    source: 'claim',
    linkedEncounterId: null,
    claimStatus: 'original',
    replacesEncounterId: null,
    icn: null,
    acceptance: null,
    mao004: null,
    crrAction: null,
    placeOfService: null,
    hra: false,
    signed: null,
    provider: null,
    lines: [{ procedure: '99213', modifiers: [], date: null }],
    diagnoses: codes.map((code, index) => ({ code, position: index + 1 })),
    ...rest,
  };
}

function history(encounters: readonly Encounter[], change: Partial<MemberHistory> = {}): MemberHistory {
  return {
    memberId: 'INVENTED-3',
    birthDate: '1985-03-01',
    sex: 'F',
    deathDate: null,
    coverage: [period('2025-01-01', '2025-12-31')],
    encounters,
    conditions: [],
    observations: null,
    medications: null,
    procedures: null,
    appointments: [],
    ...change,
  };
}

function run(member: MemberHistory, benefitYear = 2025) {
  return scoreHhsHistory(hhsTables, codeTable([]), {
    history: member,
    benefitYear,
    asOf: '2026-11-23',
    metal: 'silver',
    csr: null,
  });
}

function score(member: MemberHistory): HhsHistoryScore {
  const outcome = run(member);
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

const reasons = (result: HhsHistoryScore): string[] =>
  result.encounters.map(({ encounterId, accepted, reason }) => `${encounterId} ${accepted}: ${reason}`);

describe('HHS-HCC from the records of a benefit year', () => {
  test('which claims supply diagnoses', () => {
    const noLine = { lines: [{ procedure: 'A0000', modifiers: [], date: null }] };
    const result = score(
      history([
        claim('A', { codes: ['E11.65'] }),
        claim('B', { ...noLine, codes: ['I50.23'] }),
        claim('C', { ...noLine, setting: 'inpatient', billType: '0111', codes: ['J44.9'] }),
        claim('D', { ...noLine, setting: 'inpatient', billType: '112', codes: ['A41.9'] }),
        claim('E', { setting: 'outpatient', billType: '131', codes: ['D66'] }),
        claim('F', { setting: 'outpatient', billType: '141', codes: ['A41.9'] }),
        claim('G', { to: '2024-05-10', from: '2024-05-10', codes: ['A41.9'] }),
        claim('H', { source: 'ehr', codes: ['A41.9'] }),
        claim('I', { acceptance: 'rejected', codes: ['A41.9'] }),
        claim('J', { setting: 'other', codes: ['A41.9'] }),
      ]),
    );
    expect(reasons(result)).toEqual([
      'A true: eligible service code',
      'B false: no eligible service code',
      'C true: inpatient bill',
      'D false: setting or type of bill is not accepted',
      'E true: eligible service code',
      'F false: setting or type of bill is not accepted',
      'G false: outside benefit year 2025',
      'H false: no claim',
      'I false: claim rejected',
      'J false: setting or type of bill is not accepted',
    ]);
    expect(result.score.hccs).toEqual(['21', '75', '160']);
  });

  test('a chart review counts through its claim, and a deleting one takes codes away', () => {
    const review = { source: 'chart_review' as const, lines: [] };
    const result = score(
      history([
        claim('A', { codes: ['E11.65', 'I50.23'] }),
        claim('R1', { ...review, linkedEncounterId: 'A', crrAction: 'add', codes: ['J44.9'] }),
        claim('R2', { ...review, linkedEncounterId: 'A', crrAction: 'delete', codes: ['I50.23'] }),
        claim('R3', { ...review, codes: ['A41.9'] }),
      ]),
    );
    expect(reasons(result)).toEqual([
      'A true: eligible service code',
      'R1 true: linked to an accepted claim',
      'R2 true: deletes from the linked claim',
      'R3 false: chart review without a linked claim',
    ]);
    expect(result.score.hccs).toEqual(['21', '160']);
  });

  test('a voided claim supplies nothing', () => {
    const result = score(
      history([claim('A', {}), claim('V', { claimStatus: 'void', replacesEncounterId: 'A' })]),
    );
    expect(result.score.hccs).toEqual([]);
  });

  test('AGE_LAST is that of the last day enrolled, and the duration is that of the days', () => {
    const result = score(
      history([claim('A', { to: '2025-01-20', from: '2025-01-20' })], {
        coverage: [period('2025-01-01', '2025-02-28'), period('2025-12-01', '2025-12-03')],
        birthDate: '1985-12-03',
      }),
    );
    expect(result.ageLast).toBe(40);
    // 59 + 3 days are 2 months (32-62)
    expect(result.enrollmentMonths).toBe(2);
    expect(result.score.factors.map(({ variable }) => variable)).toContain('HCC_ED2');
  });

  test('a claim outside enrolment does not count', () => {
    const result = score(history([claim('A', {})], { coverage: [period('2025-06-01', null)] }));
    expect(reasons(result)).toEqual(['A false: not enrolled on the service date']);
  });

  test('drugs come from fills of the year and from procedures of accepted settings', () => {
    const fill = {
      code: '00002021301',
      system: 'ndc' as const,
      ingredient: null,
      route: null,
      date: '2025-02-02',
      daysSupply: 30,
      source: 'fill' as const,
      setting: null,
      status: null,
    };
    const result = score(
      history([claim('A', { codes: [], lines: [{ procedure: 'J2350', modifiers: [], date: null }] })], {
        medications: [
          fill,
          { ...fill, code: '49702024813', date: '2024-02-02' },
          { ...fill, code: '49702024813', source: 'order' },
        ],
      }),
    );
    expect(result.score.factors.filter(({ kind }) => kind === 'rxc').map(({ variable }) => variable)).toEqual(
      ['RXC_06', 'RXC_08'],
    );
  });

  test('without a list of service codes outpatient and professional claims cannot be judged', () => {
    const inYear = { from: '2026-05-10', to: '2026-05-10' };
    const coverage = [period('2026-01-01', null)];
    const outcome = run(history([claim('A', inYear)], { coverage }), 2026);
    expect(outcome.ok ? null : outcome.error.code).toBe('missing_parameter');
    const inpatient = run(
      history([claim('A', { ...inYear, setting: 'inpatient', billType: '111' })], { coverage }),
      2026,
    );
    expect(inpatient.ok ? inpatient.value.score.hccs : null).toEqual(['130']);
  });

  test('without ACA enrolment there is no score', () => {
    const outcome = run(history([], { coverage: [] }));
    expect(outcome.ok ? null : outcome.error.code).toBe('not_applicable');
  });
});
