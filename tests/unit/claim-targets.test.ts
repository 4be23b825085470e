import { expect, it } from 'vitest';
import type { Encounter } from '../../src/engine/history.ts';
import { type HistoryRow, withStatuses } from '../../src/store/history-rows.ts';

const claim: Encounter = {
  encounterId: 'P1',
  from: '2026-03-14',
  to: '2026-03-14',
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
  placeOfService: '11',
  hra: false,
  signed: null,
  provider: null,
  lines: [],
  diagnoses: [],
};
const answer: HistoryRow = {
  member_id: 'M1',
  encounter_id: 'P1',
  icn: 'ICN1',
  acceptance: 'accepted',
  mao004: null,
};

it('a chart review and a void that name an ICN act on the encounter that an answer gave this ICN', () => {
  const review: Encounter = {
    ...claim,
    encounterId: 'R1',
    source: 'chart_review',
    linkedEncounterId: 'ICN1',
  };
  const voided: Encounter = {
    ...claim,
    encounterId: 'P1:8',
    claimStatus: 'void',
    replacesEncounterId: 'ICN1',
  };
  const [first, second, third] = withStatuses([claim, review, voided], [answer]);
  expect(first?.icn).toBe('ICN1');
  expect(second?.linkedEncounterId).toBe('P1');
  expect(third?.replacesEncounterId).toBe('P1');
});

it('an encounter id is never taken for an ICN, and an unknown name stays', () => {
  const other: Encounter = { ...claim, encounterId: 'ICN1', linkedEncounterId: 'NONE' };
  const acting: Encounter = {
    ...claim,
    encounterId: 'X',
    claimStatus: 'replacement',
    replacesEncounterId: 'ICN1',
  };
  const [, second, third] = withStatuses([claim, other, acting], [answer]);
  expect(second?.linkedEncounterId).toBe('NONE');
  expect(third?.replacesEncounterId).toBe('ICN1');
});
