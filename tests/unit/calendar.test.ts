import { describe, expect, it } from 'vitest';
import { finalDeadline, overpaymentDue, yearState } from '../../src/engine/calendar.ts';
import { loadCalendar } from '../../src/reference/calendar.ts';

const root = new URL('../../hcc-mappings', import.meta.url).pathname;
const calendar = loadCalendar(root);

describe('state of a payment year', () => {
  it.each([
    [2019, 'delete_by_report'],
    [2020, 'delete_only'],
    [2025, 'delete_only'],
    [2026, 'retrospective_open'],
    [2027, 'prospective_open'],
    [2028, 'not_started'],
  ])('payment year %i on 2026-11-23 is %s', (year, state) => {
    expect(yearState(calendar, year, '2026-11-23')).toBe(state);
  });

  it.each([
    ['2025-12-31', 'not_started'],
    ['2026-01-01', 'prospective_open'],
    ['2026-12-31', 'prospective_open'],
    ['2027-01-01', 'retrospective_open'],
    ['2028-01-31', 'retrospective_open'],
    ['2028-02-01', 'delete_only'],
    ['2034-01-31', 'delete_only'],
    ['2034-02-01', 'delete_by_report'],
  ])('payment year 2027 on %s is %s', (asOf, state) => {
    expect(yearState(calendar, 2027, asOf)).toBe(state);
  });
});

describe('final deadline', () => {
  it('is the packaged date', () => {
    expect(finalDeadline(calendar, 2025)).toBe('2026-02-02');
    expect(finalDeadline(calendar, 2026)).toBe('2027-02-01');
  });

  it('follows the rule for a year without a row, a week-end moved to Monday', () => {
    expect(finalDeadline(calendar, 2022)).toBe('2023-01-31');
    expect(finalDeadline(calendar, 2020)).toBe('2021-02-01');
    expect(finalDeadline(calendar, 2030)).toBe('2031-01-31');
  });

  it('can be moved by the operator', () => {
    const moved = loadCalendar(root, [{ paymentYear: 2026, run: 'final', deadline: '2027-03-15' }]);
    expect(finalDeadline(moved, 2026)).toBe('2027-03-15');
    expect(yearState(moved, 2026, '2027-03-01')).toBe('retrospective_open');
  });

  it('starts the working deadline of a finding made before it', () => {
    expect(overpaymentDue(calendar, 2026, '2026-11-23')).toBe('2027-04-02');
    expect(overpaymentDue(calendar, 2025, '2026-11-23')).toBe('2027-01-22');
  });
});
