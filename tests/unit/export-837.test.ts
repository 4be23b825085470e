import { describe, expect, it } from 'vitest';
import type { Encounter } from '../../src/engine/history.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { parseX12 } from '../../src/intake/x12/parse.ts';
import { type ChartReviewClaim, codesPerClaim, writeChartReviews } from '../../src/worklists/export-837.ts';
import { collect, inputOf, only } from '../helpers/intake.ts';

const OPTIONS = {
  submitterId: 'MEADOWPLAN',
  receiverId: 'ENCOUNTERS',
  usage: 'T',
  controlNumber: 7,
  at: '2026-11-24T09:30:00.000Z',
} as const;

const encounter: Encounter = {
  encounterId: 'E1',
  from: '2026-03-04',
  to: '2026-03-04',
  setting: 'professional',
  billType: null,
  modality: 'in_person',
  source: 'claim',
  linkedEncounterId: null,
  claimStatus: 'original',
  replacesEncounterId: null,
  icn: 'ICN000000001A',
  acceptance: null,
  mao004: null,
  crrAction: null,
  placeOfService: '11',
  hra: false,
  signed: null,
  provider: { npi: '1245319599', specialty: '11' },
  lines: [
    { procedure: '99214', modifiers: ['25'], date: '2026-03-04' },
    { procedure: '83036', modifiers: [], date: '2026-03-04' },
  ],
  diagnoses: [],
};
const claim = (change: Partial<ChartReviewClaim> = {}): ChartReviewClaim => ({
  claimId: 'CRR7-1',
  action: 'add',
  memberId: 'HPM0001',
  member: { birthDate: '1950-01-02', sex: 'F' },
  contractId: 'H9999',
  encounter,
  icn: 'ICN000000001A',
  codes: ['I5022', 'E1122'],
  ...change,
});
const readBack = async (text: string) =>
  collect(parseX12([inputOf('export.x12', text, 61)], intakeOptions({ asOf: '2026-11-24' })));

describe('chart review records as 837', () => {
  it('come back from our own reader as they went out: linked adds and deletes', async () => {
    const claims = [
      claim(),
      claim({ claimId: 'CRR7-2', action: 'delete', codes: ['I639'] }),
      claim({ claimId: 'CRR7-3', memberId: 'HPM0002', icn: null, codes: ['J449'] }),
      claim({
        claimId: 'CRR7-4',
        encounter: {
          ...encounter,
          setting: 'inpatient',
          billType: '0111',
          placeOfService: null,
          from: '2026-04-01',
          to: '2026-04-06',
          lines: [],
        },
        codes: ['A419', 'R6521', 'N179'],
      }),
    ];
    const written = writeChartReviews(claims, OPTIONS);
    const { records, findings, reports } = await readBack(written.text);
    // Nothing is stored beside it, so the records linked to are not known here.
    expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['claim_target_unknown']));
    expect(reports).toMatchObject([{ received: 4, accepted: 4, rejected: 0 }]);
    const read = only(records, 'encounter').map(({ memberId, encounter: e }) => [
      e.encounterId,
      memberId,
      e.source,
      e.crrAction,
      e.linkedEncounterId ?? null,
      e.setting,
      e.to,
    ]);
    expect(read).toEqual([
      ['CRR7-1', 'HPM0001', 'chart_review', 'add', 'ICN000000001A', 'professional', '2026-03-04'],
      ['CRR7-2', 'HPM0001', 'chart_review', 'delete', 'ICN000000001A', 'professional', '2026-03-04'],
      ['CRR7-3', 'HPM0002', 'chart_review', 'add', null, 'professional', '2026-03-04'],
      ['CRR7-4', 'HPM0001', 'chart_review', 'add', 'ICN000000001A', 'inpatient', '2026-04-06'],
    ]);
    const codes = only(records, 'diagnosis').map(({ encounterId, code }) => `${encounterId} ${code}`);
    expect(codes).toEqual([
      'CRR7-1 I5022',
      'CRR7-1 E1122',
      'CRR7-2 I639',
      'CRR7-3 J449',
      'CRR7-4 A419',
      'CRR7-4 R6521',
      'CRR7-4 N179',
    ]);
    const lines = only(records, 'service_line').filter(({ encounterId }) => encounterId === 'CRR7-1');
    expect(lines.map(({ line }) => line.procedure)).toEqual(['99214', '83036']);
  });

  it('marks a chart review with PWK 09 AA, its link with REF F8 and a delete with REF EA 8', () => {
    const lines = writeChartReviews([claim({ action: 'delete' })], OPTIONS).text.split('~\n');
    expect(lines).toContain('PWK*09*AA');
    expect(lines).toContain('REF*F8*ICN000000001A');
    expect(lines).toContain('REF*EA*8');
    expect(lines[0]).toHaveLength(105);
    expect(lines.at(-2)).toBe('IEA*1*000000007');
    const added = writeChartReviews([claim()], OPTIONS).text;
    expect(added).not.toContain('REF*EA');
  });

  it('counts its segments and gives the same bytes for the same input', () => {
    const written = writeChartReviews([claim(), claim({ claimId: 'CRR7-2' })], OPTIONS);
    const lines = written.text.trimEnd().split('\n');
    expect(written).toMatchObject({ segments: lines.length, claims: 2 });
    const [st, se] = [
      lines.findIndex((l) => l.startsWith('ST*')),
      lines.findIndex((l) => l.startsWith('SE*')),
    ];
    expect(lines[se]).toBe(`SE*${se - st + 1}*0001~`);
    expect(writeChartReviews([claim(), claim({ claimId: 'CRR7-2' })], OPTIONS)).toEqual(written);
  });

  it('keeps a value from ending its element', async () => {
    const { records } = await readBack(writeChartReviews([claim({ memberId: 'H*P~M:1^2' })], OPTIONS).text);
    expect(only(records, 'encounter')[0]?.memberId).toBe('H P M 1 2');
  });

  it('knows how many diagnoses a record holds', () => {
    expect(codesPerClaim(encounter)).toBe(12);
    expect(codesPerClaim({ ...encounter, setting: 'outpatient' })).toBe(25);
  });
});
