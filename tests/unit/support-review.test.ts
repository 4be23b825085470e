import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  completeEncounterReview,
  type DatedMark,
  deleteTaskState,
  reviewSupport,
  type SupportMark,
} from '../../src/engine/gaps/support-review.ts';
import { ruleYields, wilsonInterval } from '../../src/engine/suspects/ppv.ts';

const finalDeadline = '2027-02-01';
const unsupported: SupportMark = { mark: 'unsupported' };

function review(
  carriers: readonly string[],
  marks: Readonly<Record<string, readonly [string, SupportMark]>>,
) {
  const dated = Object.entries(marks).map(
    ([encounterId, [at, mark]]): DatedMark => ({ encounterId, at, mark }),
  );
  return reviewSupport({ hcc: '155', carriers, marks: dated, finalDeadline });
}

describe('the walk of one HCC', () => {
  test('no mark, or not every carrier marked: incomplete', () => {
    expect(review(['E1', 'E2'], { E1: ['2026-11-20', unsupported] })).toEqual({
      step: 'incomplete',
      unmarked: ['E2'],
      notReviewed: [],
      problems: [],
    });
    expect(review([], {}).step).toBe('incomplete');
  });

  test('one supporting encounter settles it', () => {
    expect(
      review(['E1', 'E2'], {
        E1: ['2026-11-20', unsupported],
        E2: ['2026-11-21', { mark: 'supported_here' }],
      }),
    ).toEqual({ step: 'supported', by: ['E2'], notReviewed: [] });
    expect(
      review(['E1'], { E1: ['2026-11-20', { mark: 'supported_elsewhere', encounterId: 'E9' }] }),
    ).toEqual({ step: 'supported', by: ['E9'], notReviewed: [] });
  });

  test('all unsupported: a delete task, 60 days from the final deadline while that is still to come', () => {
    expect(
      review(['E1', 'E2'], { E1: ['2026-11-20', unsupported], E2: ['2026-11-23', unsupported] }),
    ).toEqual({
      step: 'delete_task',
      hcc: '155',
      encounters: ['E1', 'E2'],
      identifiedAt: '2026-11-23',
      dueAt: '2027-04-02',
      label: 'working deadline',
    });
  });

  test('after the deadline the 60 days run from the finding', () => {
    const step = review(['E1'], { E1: ['2027-05-01', unsupported] });
    expect(step).toMatchObject({ identifiedAt: '2027-05-01', dueAt: '2027-06-30' });
  });

  test('not reviewed counts as a mark with a reason, and never as unsupported', () => {
    const notReviewed: SupportMark = { mark: 'not_reviewed', reason: 'record not received' };
    expect(
      review(['E1', 'E2'], { E1: ['2026-11-20', unsupported], E2: ['2026-11-20', notReviewed] }),
    ).toEqual({
      step: 'incomplete',
      unmarked: [],
      notReviewed: [{ encounterId: 'E2', reason: 'record not received' }],
      problems: [],
    });
    expect(review(['E1'], { E1: ['2026-11-20', { mark: 'not_reviewed', reason: ' ' }] })).toMatchObject({
      step: 'incomplete',
      unmarked: ['E1'],
      problems: [{ encounterId: 'E1', reason: 'reason_missing' }],
    });
  });

  test.each([
    ['names itself', 'E1', 'names_itself'],
    ['names one found unsupported', 'E2', 'names_unsupported'],
    ['names none', '', 'encounter_missing'],
  ])('supported elsewhere that %s is no support', (_name, encounterId, reason) => {
    const step = review(['E1', 'E2'], {
      E1: ['2026-11-20', { mark: 'supported_elsewhere', encounterId }],
      E2: ['2026-11-20', unsupported],
    });
    expect(step).toMatchObject({ step: 'incomplete', problems: [{ encounterId: 'E1', reason }] });
  });

  test('a later mark of the same encounter replaces the earlier; order and repetition change nothing', () => {
    const marks: DatedMark[] = [
      { encounterId: 'E1', at: '2026-11-20', mark: unsupported },
      { encounterId: 'E1', at: '2026-11-22', mark: { mark: 'supported_here' } },
      { encounterId: 'E2', at: '2026-11-21', mark: unsupported },
      { encounterId: 'E2', at: '2026-11-21', mark: { mark: 'not_reviewed', reason: 'illegible' } },
    ];
    const whole = reviewSupport({ hcc: '155', carriers: ['E1', 'E2'], marks, finalDeadline });
    expect(whole).toEqual({ step: 'supported', by: ['E1'], notReviewed: [] });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(marks, { minLength: marks.length }),
        fc.subarray(marks),
        (order, repeats) => {
          const other = reviewSupport({
            hcc: '155',
            carriers: ['E2', 'E1', 'E2'],
            marks: [...order, ...repeats],
            finalDeadline,
          });
          expect(other).toEqual(whole);
        },
      ),
    );
  });
});

describe('C-1: a chart review looks both ways', () => {
  test('it cannot be completed while a submitted HCC has no mark', () => {
    const marks = new Map<string, SupportMark>([['37', { mark: 'supported_here' }]]);
    expect(completeEncounterReview({ submittedHccs: ['37', '155'], marks, adds: ['226'] })).toEqual({
      complete: false,
      unmarked: ['155'],
    });
    marks.set('155', unsupported);
    marks.set('280', { mark: 'not_reviewed', reason: 'page missing' });
    expect(completeEncounterReview({ submittedHccs: ['37', '155', '280'], marks, adds: ['226'] })).toEqual({
      complete: true,
      adds: ['226'],
      deletes: ['155'],
      notReviewed: [{ hcc: '280', reason: 'page missing' }],
    });
  });
});

describe('the clock of a delete task', () => {
  const task = review(['E1'], { E1: ['2027-05-01', unsupported] });

  test('runs until a delete or a finding of support elsewhere is on record', () => {
    if (task.step !== 'delete_task') throw new Error('expected a delete task');
    expect(deleteTaskState(task, '2027-06-30', null)).toEqual({
      state: 'running',
      daysLeft: 0,
      overdue: false,
    });
    expect(deleteTaskState(task, '2027-07-01', null)).toEqual({
      state: 'running',
      daysLeft: -1,
      overdue: true,
    });
    const at = '2027-06-01';
    expect(deleteTaskState(task, at, { type: 'deleted', reference: 'ICN-7', at }).state).toBe('ended');
    expect(deleteTaskState(task, at, { type: 'deleted', reference: ' ', at }).state).toBe('refused');
    const elsewhere = { type: 'supported_elsewhere', by: 'lead', at } as const;
    expect(deleteTaskState(task, at, { ...elsewhere, encounterId: 'E5' }).state).toBe('ended');
    expect(deleteTaskState(task, at, { ...elsewhere, encounterId: 'E1' }).state).toBe('refused');
  });
});

describe('yield of suspect rules', () => {
  const times = (count: number, ruleId: string, outcome: 'confirmed' | 'refuted' | 'dismissed') =>
    Array.from({ length: count }, () => ({ ruleId, outcome }));

  test('PPV by rule with its interval; dismissals beside it; a weak rule is flagged', () => {
    const decisions = [
      ...times(10, 'B-WEAK', 'confirmed'),
      ...times(30, 'B-WEAK', 'refuted'),
      ...times(5, 'B-WEAK', 'dismissed'),
      ...times(1, 'A-NEW', 'confirmed'),
      ...times(3, 'A-NEW', 'refuted'),
      ...times(2, 'C-UNSEEN', 'dismissed'),
    ];
    const [fresh, weak, unseen] = ruleYields(decisions, 0.5);
    expect(fresh).toMatchObject({ ruleId: 'A-NEW', ppv: 0.25, smallSample: true, retire: false });
    expect(weak).toMatchObject({
      ruleId: 'B-WEAK',
      confirmed: 10,
      refuted: 30,
      dismissed: 5,
      ppv: 0.25,
      smallSample: false,
      retire: true,
    });
    expect(weak?.interval?.low).toBeCloseTo(0.14187, 4);
    expect(weak?.interval?.high).toBeCloseTo(0.40194, 4);
    expect(unseen).toMatchObject({ ppv: null, interval: null, retire: false });
  });

  test('the interval lies in 0..1, holds the proportion, and narrows with the sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 200 }), (a, b) => {
        const [successes, trials] = [Math.min(a, b), Math.max(a, b)];
        const found = wilsonInterval(successes, trials);
        if (found === null) throw new Error('expected an interval');
        expect(found.low).toBeGreaterThanOrEqual(0);
        expect(found.high).toBeLessThanOrEqual(1);
        expect(found.low).toBeLessThanOrEqual(successes / trials + 1e-12);
        expect(found.high).toBeGreaterThanOrEqual(successes / trials - 1e-12);
        const wider = wilsonInterval(successes * 4, trials * 4);
        expect((wider?.high ?? 1) - (wider?.low ?? 0)).toBeLessThan(found.high - found.low);
      }),
    );
  });
});
