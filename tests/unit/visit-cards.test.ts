import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gap } from '../../src/engine/analysis-contract.ts';
import { hierarchyGraph } from '../../src/engine/hierarchies.ts';
import type { StoredGap } from '../../src/store/gaps.ts';
import { familyCards } from '../../src/worklists/visit-cards.ts';

const graph = hierarchyGraph([
  { hcc: '326', drops: '327' },
  { hcc: '327', drops: '328' },
  { hcc: '263', drops: '409' },
  { hcc: '405', drops: '409' },
]);
const familyOf = (_model: string, hcc: string) => graph.family(hcc);

function stored(gapId: string, hcc: string, priority: number, more: Partial<StoredGap> = {}): StoredGap {
  const gap: Gap = {
    gapId,
    kind: 'recapture',
    status: 'open',
    subKind: null,
    reasons: [],
    flags: [],
    list: 'prospective',
    direction: 'add',
    model: 'cms-hcc-v28',
    hcc,
    hccLabel: 'invented',
    dosYear: 2026,
    candidateCodes: [],
    persistenceClass: null,
    evidence: [],
    encounterLink: null,
    impact: null,
    confidence: 'low',
    ruleId: 'made.up',
    act: { by: null, who: 'provider' },
    explanation: '',
  };
  return {
    gapId,
    memberKey: '00000000-0000-4000-8000-000000000001',
    paymentYear: 2027,
    workflowStatus: 'open',
    workflowReason: null,
    decidedBy: null,
    decidedAt: null,
    assignee: null,
    claimExpiresAt: null,
    identifiedAt: null,
    version: 1,
    priority,
    priorityParts: [],
    chosenLink: null,
    providerNpi: null,
    contractId: null,
    nextAppointment: null,
    present: true,
    createdAt: '2026-11-23T00:00:00.000Z',
    updatedAt: '2026-11-23T00:00:00.000Z',
    gap,
    ...more,
  };
}

const ids = (cards: ReturnType<typeof familyCards>) =>
  cards.map(({ gaps }) => gaps.map(({ gapId }) => gapId));

describe('cards before a visit', () => {
  test('one family is one card with several reasons, the highest priority first', () => {
    const cards = familyCards(
      [stored('a', '328', 10), stored('b', '326', 30), stored('c', '18', 20), stored('d', '328', 5)],
      familyOf,
    );
    expect(ids(cards)).toEqual([['b', 'a', 'd'], ['c']]);
    expect(cards[0]).toMatchObject({ hccs: ['326', '328'], priority: 30 });
  });

  test('a family is a graph: two kin of one HCC stand together only where that HCC is open too', () => {
    expect(ids(familyCards([stored('a', '263', 3), stored('b', '405', 2)], familyOf))).toEqual([
      ['a'],
      ['b'],
    ]);
    expect(
      ids(familyCards([stored('a', '263', 3), stored('b', '405', 2), stored('c', '409', 1)], familyOf)),
    ).toEqual([['a', 'b', 'c']]);
  });

  test('another payment year is another card', () => {
    const cards = familyCards(
      [stored('a', '328', 1), stored('b', '328', 2, { paymentYear: 2026 })],
      familyOf,
    );
    expect(ids(cards)).toEqual([['b'], ['a']]);
  });

  test('every gap is on exactly one card, and the order of the gaps changes nothing', () => {
    const one = fc.record({
      hcc: fc.constantFrom('326', '327', '328', '263', '405', '409', '18'),
      priority: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 10 }), (list) => {
        const gaps = list.map(({ hcc, priority }, index) => stored(`g${index}`, hcc, priority));
        const cards = ids(familyCards(gaps, familyOf));
        expect(cards.flat().sort()).toEqual(gaps.map(({ gapId }) => gapId).sort());
        const sets = (of: string[][]) => of.map((card) => [...card].sort().join()).sort();
        expect(sets(ids(familyCards([...gaps].reverse(), familyOf)))).toEqual(sets(cards));
      }),
    );
  });
});
