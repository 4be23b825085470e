import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codingPatterns } from '../../src/analytics/coding-patterns.ts';
import {
  coderQuality,
  isOneSided,
  safeHarborAge,
  suppressed,
  suppressedCount,
} from '../../src/analytics/programme.ts';
import { rateOf } from '../../src/analytics/rates.ts';
import { queryOutcome, reminderRefusal } from '../../src/worklists/query-outcome.ts';

describe('quality of coders', () => {
  it('is TP / (TP + FN), TP / (TP + FP) and right of all settled decisions, with Wilson intervals', () => {
    const quality = coderQuality({
      addsRight: 40,
      addsWrong: 2,
      refusalsRight: 30,
      refusalsWrong: 5,
      supportRight: 10,
      supportWrong: 1,
    });
    expect(quality.sensitivity).toEqual(rateOf(40, 45));
    expect(quality.precision).toEqual(rateOf(40, 42));
    expect(quality.accuracy).toMatchObject({
      numerator: 80,
      denominator: 88,
      rate: 0.9091,
      low: 0.8307,
      high: 0.9532,
    });
  });
});

describe('de-identified output', () => {
  it('shows no cell of 1 to 10, nor one that its complement tells', () => {
    expect(suppressed(rateOf(5, 10))).toBeNull();
    expect(suppressed(rateOf(5, 40))).toBeNull();
    expect(suppressed(rateOf(35, 40))).toBeNull();
    expect(suppressed(rateOf(0, 40))).toMatchObject({ numerator: 0, denominator: 40 });
    expect(suppressed(rateOf(20, 40))).toMatchObject({ numerator: 20 });
    expect([0, 1, 10, 11].map(suppressedCount)).toEqual([0, null, null, 11]);
  });

  it('never lets a small cell through, whatever the counts', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (a, b) => {
        const shown = suppressed(rateOf(Math.min(a, b), Math.max(a, b)));
        if (shown === null) return;
        const { numerator, denominator } = shown;
        for (const cell of [numerator, denominator, denominator - numerator]) {
          expect(cell === 0 || cell >= 11).toBe(true);
        }
      }),
    );
  });

  it('groups ages of 90 and over', () => {
    expect(safeHarborAge('1936-11-24', '2026-11-23')).toBe('89');
    expect(safeHarborAge('1936-11-23', '2026-11-23')).toBe('90+');
    expect(safeHarborAge('1911-01-01', '2026-11-23')).toBe('90+');
  });
});

describe('coding patterns', () => {
  const unspecified = { class: 'hard', terms: 1, falsePositive: false } as const;
  const tables = {
    unspecified: new Map([['F329', unspecified]]),
    rows: new Map(),
    combinations: new Map(),
    chronicCodes: new Set<string>(),
  };

  it('set specified codes against unspecified ones with detail, beside the other providers of the specialty', () => {
    const coded = [
      { npi: '1', specialty: '11', code: 'F321', members: 30 },
      { npi: '1', specialty: '11', code: 'I10', members: 500 },
      { npi: '2', specialty: '11', code: 'F322', members: 10 },
      { npi: '3', specialty: '26', code: 'F321', members: 4 },
    ];
    const findings = new Map([
      ['1', { withDetail: 10, withoutDetail: 7 }],
      ['2', { withDetail: 30, withoutDetail: 0 }],
    ]);
    const patterns = codingPatterns(tables, coded, findings);
    expect(patterns).toMatchObject([
      {
        npi: '1',
        rate: { numerator: 30, denominator: 40 },
        peers: { numerator: 10, denominator: 40 },
        peerProviders: 1,
        unspecifiedWithoutDetail: 7,
      },
      { npi: '2', rate: { numerator: 10, denominator: 40 }, peers: { numerator: 30, denominator: 40 } },
      { npi: '3', rate: { numerator: 4, denominator: 4 }, peers: null, peerProviders: 0 },
    ]);
    expect(JSON.stringify(patterns)).not.toMatch(/hcc|raf|dollar|impact/i);
  });
});

describe('queries', () => {
  const late = { now: new Date('2026-11-23T12:00:00Z'), answerDays: 14 };
  const sent = { status: 'sent', sentAt: '2026-11-01T12:00:00.000Z', answer: null } as const;

  it('come to an outcome by their answer; without one in time there is none, and they stay open', () => {
    expect(queryOutcome({ ...sent, status: 'answered', answer: 'present' }, late)).toBe('agreed');
    expect(queryOutcome({ ...sent, status: 'answered', answer: 'never_had' }, late)).toBe('disagreed');
    expect(queryOutcome({ ...sent, status: 'answered', answer: 'unable_to_determine' }, late)).toBe(
      'undetermined',
    );
    expect(queryOutcome(sent, late)).toBe('no_response');
    expect(queryOutcome({ ...sent, sentAt: '2026-11-20T12:00:00.000Z' }, late)).toBeNull();
    expect(queryOutcome({ ...sent, status: 'draft', sentAt: null }, late)).toBeNull();
  });

  it('are reminded of once a week, three times at most, and never once answered', () => {
    const of = (change: object) =>
      reminderRefusal(
        { status: 'sent', sentAt: sent.sentAt, reminders: 0, remindedAt: null, ...change },
        late.now,
      );
    expect(of({})).toBeNull();
    expect(of({ remindedAt: '2026-11-20T12:00:00.000Z', reminders: 1 })).toMatch(/less than 7 days/);
    expect(of({ remindedAt: '2026-11-10T12:00:00.000Z', reminders: 3 })).toMatch(/3 reminders/);
    expect(of({ status: 'answered' })).toMatch(/not answered/);
  });
});

describe('a programme that never deletes', () => {
  it('is an alert from 200 charts on', () => {
    expect(isOneSided(200, 0)).toBe(true);
    expect(isOneSided(199, 0)).toBe(false);
    expect(isOneSided(200, 1)).toBe(false);
  });
});
