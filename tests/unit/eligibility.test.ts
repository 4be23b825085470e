import { describe, expect, it } from 'vitest';
import type { EncounterVerdict } from '../../src/engine/analysis-contract.ts';
import { analysisOf, gapOf, historyOf, review, stay, visit } from '../helpers/gap-histories.ts';

type Extra = Readonly<Record<string, unknown>>;

function verdicts(
  encounters: readonly Extra[],
  extra: Extra = {},
  options = {},
): Map<string, EncounterVerdict> {
  const { encounters: found } = analysisOf(historyOf(encounters, extra), options);
  return new Map(found.map((verdict) => [verdict.encounterId, verdict]));
}

function verdict(encounter: Extra, extra: Extra = {}, options = {}): EncounterVerdict | undefined {
  return verdicts([encounter], extra, options).get('E');
}

const lines = (...procedures: readonly (string | Extra)[]) => ({
  lines: procedures.map((line) => (typeof line === 'string' ? { procedure: line } : line)),
});

describe('procedures and bill types', () => {
  it.each([
    '99213',
    '99202',
    'G0402',
    'G0438',
    'G0439',
    '99347',
    '99304',
    '99495',
    '90834',
    '92014',
    '99490',
  ])('%s alone makes a professional record eligible', (procedure) => {
    expect(verdict(visit('E', '2026-05-01', 'I10', lines(procedure)))).toMatchObject({
      eligible: true,
      reasons: [],
    });
  });

  it.each(['80053', '71046', '93000', 'G0008', '90471', 'G2012', '99421', '98016', '98966'])(
    '%s alone does not',
    (procedure) => {
      expect(verdict(visit('E', '2026-05-01', 'I10', lines(procedure)))?.reasons).toContain(
        'NO_ELIGIBLE_CPT',
      );
    },
  );

  it('one listed line among others is enough', () => {
    expect(verdict(visit('E', '2026-05-01', 'I10', lines('80053', '71046', '99213')))?.eligible).toBe(true);
  });

  it('names a record of laboratory or imaging lines only, and one of equipment lines only', () => {
    expect(verdict(visit('E', '2026-05-01', 'I10', lines('80053', '71046')))?.reasons).toEqual([
      'NO_ELIGIBLE_CPT',
      'LAB_OR_IMAGING_ONLY',
    ]);
    expect(verdict(visit('E', '2026-05-01', 'I10', lines('E1390', 'A4253', 'K0001')))?.reasons).toEqual([
      'NO_ELIGIBLE_CPT',
      'DME_OR_AMBULANCE',
    ]);
    expect(verdict(visit('E', '2026-05-01', 'I10', lines('80053', 'G0008')))?.reasons).toEqual([
      'NO_ELIGIBLE_CPT',
    ]);
  });

  it.each([
    ['111', [], true],
    ['0111', [], true],
    ['117', [], true],
    ['411', [], true],
    ['131', ['99213'], true],
    ['0131', ['99213'], true],
    ['131', ['80053'], false],
    ['121', ['99232'], true],
    ['431', ['99213'], true],
    ['711', ['99213'], true],
    ['731', ['99213'], true],
    ['761', ['90834'], true],
    ['771', ['99213'], true],
    ['851', ['99284'], true],
    ['871', ['G2067'], true],
    ['721', ['99213'], false],
    ['141', ['99213'], false],
    ['211', [], false],
    ['321', ['99213'], false],
    ['811', ['99349'], false],
    ['831', ['66984'], false],
  ])('type of bill %s with %j: %s', (billType, procedures, eligible) => {
    const setting = billType.replace(/^0/, '').startsWith('11') ? 'inpatient' : 'outpatient';
    const record = { ...visit('E', '2026-05-01', 'I10', lines(...procedures)), setting, billType };
    expect(verdict(record)?.eligible).toBe(eligible);
  });

  it('reads the list of the year of service', () => {
    const both = verdicts([
      visit('A', '2024-05-14', 'I10', lines('G2012')),
      visit('B', '2025-05-13', 'I10', lines('G2012')),
    ]);
    expect(both.get('A')?.eligible).toBe(true);
    expect(both.get('B')?.reasons).toEqual(['NO_ELIGIBLE_CPT']);
  });

  it('has no list for services of 2027 and puts no other year in its place', () => {
    const found = verdict(visit('E', '2027-02-01', 'I10'), {}, { paymentYear: 2027, asOf: '2027-03-01' });
    expect(found?.reasons).toEqual(['DOS_OUT_OF_WINDOW']);
  });

  it('counts a record whose test cannot be made as not eligible and names the field', () => {
    const bare = analysisOf(historyOf([visit('E', '2026-05-01', 'J44.9', { lines: [], source: 'ehr' })]));
    expect(bare.encounters[0]?.reason).toContain('service lines');
    expect(gapOf(bare, 'coded_not_eligible', '280')?.confidence).toBe('medium');
    const noBill = analysisOf(
      historyOf([stay('E', '2026-05-01', '2026-05-03', 'J44.9', { billType: null })]),
    );
    expect(noBill.encounters[0]?.reasons).toEqual(['BILL_TYPE']);
    expect(gapOf(noBill, 'coded_not_eligible', '280')?.confidence).toBe('medium');
    const lab = analysisOf(historyOf([visit('E', '2026-05-01', 'J44.9', lines('80053'))]));
    expect(gapOf(lab, 'coded_not_eligible', '280')?.confidence).toBe('high');
  });
});

describe('dates of service', () => {
  it('a stay over the year end belongs to the year of its through date', () => {
    const record = stay('E', '2025-12-28', '2026-01-03', 'I50.22');
    expect(verdict(record)).toMatchObject({ eligible: true, dosYear: 2026 });
    expect(verdict(record, {}, { paymentYear: 2026 })?.reasons).toEqual(['DOS_OUT_OF_WINDOW']);
  });

  it('a record older than the look-back is out of the window, one dated after asOf is not listed', () => {
    const found = verdicts([visit('OLD', '2023-05-01', 'I10'), visit('LATER', '2026-12-01', 'I10')]);
    expect(found.get('OLD')?.reasons).toEqual(['DOS_OUT_OF_WINDOW']);
    expect(found.has('LATER')).toBe(false);
  });
});

describe('audio-only', () => {
  const audio = { procedure: '99213', modifiers: ['93'] };
  it('is excluded from services of 2026 by modifier 93 or FQ', () => {
    expect(verdict(visit('E', '2026-05-01', 'I10', lines(audio)))?.reasons).toEqual(['AUDIO_ONLY']);
    const fq = { procedure: '99213', modifiers: ['FQ'] };
    expect(verdict(visit('E', '2026-05-01', 'I10', lines(fq)))?.reasons).toEqual(['AUDIO_ONLY']);
  });

  it('passes the filter before, flagged', () => {
    const found = verdict(visit('E', '2025-05-01', 'I10', lines(audio)));
    expect(found).toMatchObject({ eligible: true, flags: ['AUDIO_ONLY'] });
  });

  it('does not exclude a record with another listed line, nor one without the modifier', () => {
    expect(verdict(visit('E', '2026-05-01', 'I10', lines(audio, '99214')))?.eligible).toBe(true);
    expect(verdict(visit('E', '2026-05-01', 'I10', lines(audio, '80053')))?.eligible).toBe(false);
    const flagged = verdict(visit('E', '2026-05-01', 'I10', { modality: 'audio_only' }));
    expect(flagged).toMatchObject({ eligible: true, flags: ['AUDIO_ONLY'] });
  });
});

describe('versions of a record', () => {
  it('a void record and its target are withdrawn, and a replaced record', () => {
    const found = verdicts([
      visit('A', '2026-03-03', 'I50.22'),
      visit('V', '2026-03-03', 'I50.22', { claimStatus: 'void', replacesEncounterId: 'A' }),
      visit('B', '2026-04-03', 'I50.22'),
      visit('R', '2026-04-03', 'I10', { claimStatus: 'replacement', replacesEncounterId: 'B' }),
    ]);
    for (const id of ['A', 'V', 'B']) expect(found.get(id)?.reasons).toEqual(['VOIDED_OR_DELETED']);
    expect(found.get('R')?.eligible).toBe(true);
  });

  it('a replacement that CMS rejected replaces nothing', () => {
    const found = verdicts([
      visit('A', '2026-03-03', 'I50.22'),
      visit('R', '2026-03-03', 'I10', {
        claimStatus: 'replacement',
        replacesEncounterId: 'A',
        acceptance: 'rejected',
      }),
    ]);
    expect(found.get('A')?.eligible).toBe(true);
    expect(found.get('R')?.reasons).toEqual(['REJECTED_277CA_OR_MAO002']);
  });

  it('a bill type of frequency 8 is a void', () => {
    expect(verdict(stay('E', '2026-03-03', '2026-03-05', 'I50.22', { billType: '118' }))?.reasons).toEqual([
      'VOIDED_OR_DELETED',
    ]);
  });

  it('what only a withdrawn record carries is no longer submitted', () => {
    const found = analysisOf(
      historyOf([
        visit('A', '2026-03-03', 'K51.90', lines('80053')),
        visit('V', '2026-03-03', 'K51.90', { claimStatus: 'void', replacesEncounterId: 'A' }),
      ]),
    );
    expect(found.gaps).toEqual([]);
  });

  it('a chart review delete takes the code off its encounter and the reviews linked to it; voiding it brings it back', () => {
    const base = [
      visit('A', '2026-04-14', 'E11.42'),
      review('ADD', '2026-04-14', 'J44.9', { linkedEncounterId: 'A' }),
      review('DEL', '2026-04-14', 'J44.9', { linkedEncounterId: 'A', crrAction: 'delete' }),
    ];
    const undo = review('UNDO', '2026-04-14', 'J44.9', { claimStatus: 'void', replacesEncounterId: 'DEL' });
    const added = analysisOf(historyOf(base.slice(0, 2)));
    const deleted = analysisOf(historyOf(base));
    const restored = analysisOf(historyOf([...base, undo]));
    expect(added.raf.current?.hccs).toEqual(['37', '280']);
    expect(deleted.raf.current?.hccs).toEqual(['37']);
    expect(deleted.gaps.filter(({ hcc }) => hcc === '280')).toEqual([]);
    expect(restored.raf.current?.hccs).toEqual(['37', '280']);
  });

  it('an unlinked chart review cannot delete', () => {
    const found = analysisOf(
      historyOf([
        visit('A', '2026-04-14', 'J44.9'),
        review('DEL', '2026-04-14', 'J44.9', { crrAction: 'delete' }),
      ]),
    );
    expect(found.raf.current?.hccs).toEqual(['280']);
  });
});

describe('chart reviews', () => {
  const unlinked = (year: number) => review('E', `${year}-04-14`, 'J44.9');

  it('unlinked: counts for services of 2025, not of 2026', () => {
    expect(verdict(unlinked(2025), {}, { paymentYear: 2026 })).toMatchObject({
      eligible: true,
      flags: ['UNLINKED_CRR'],
    });
    expect(verdict(unlinked(2026))?.reasons).toEqual(['UNLINKED_CRR']);
  });

  it('unlinked: counts for a member who switched MA organizations, before or in the new period', () => {
    const period = (from: string) => ({
      coverage: [
        {
          program: 'ma',
          from: '2020-01-01',
          to: '2029-12-31',
          originalEntitlement: '0',
          dualStatus: '00',
          switcher: true,
        },
      ].map((row) => ({ ...row, from })),
    });
    expect(verdict(unlinked(2026), period('2026-01-01'))?.eligible).toBe(true);
    expect(verdict(unlinked(2026), period('2026-07-01'))?.eligible).toBe(true);
  });

  it('unlinked: counts in PACE for 2027', () => {
    expect(verdict(unlinked(2026), { coverage: { program: 'pace' } })?.eligible).toBe(true);
  });

  it('a link must lead to an eligible record in force', () => {
    const link = { linkedEncounterId: 'A' };
    const linked = review('E', '2026-04-14', 'J44.9', link);
    expect(verdicts([visit('A', '2026-04-14', 'I10'), linked]).get('E')?.eligible).toBe(true);
    const lab = visit('A', '2026-04-14', 'I10', lines('80053'));
    expect(verdicts([lab, linked]).get('E')?.reasons).toEqual(['UNLINKED_CRR']);
    expect(verdicts([linked]).get('E')?.reasons).toEqual(['UNLINKED_CRR']);
    const voided = visit('V', '2026-04-14', 'I10', { claimStatus: 'void', replacesEncounterId: 'A' });
    expect(verdicts([visit('A', '2026-04-14', 'I10'), voided, linked]).get('E')?.reasons).toEqual([
      'UNLINKED_CRR',
    ]);
  });
});

describe("CMS's own answers", () => {
  it('MAO-004 wins over the rules both ways, and the disagreement is said', () => {
    const found = verdicts([
      visit('A', '2026-03-03', 'I10', { mao004: 'disallowed' }),
      visit('B', '2026-04-07', 'I10', { ...lines('80053'), mao004: 'allowed' }),
    ]);
    expect(found.get('A')).toMatchObject({ eligible: false, reasons: ['MAO004_DISALLOWED'] });
    expect(found.get('A')?.reason).toContain('the rules alone would allow it');
    expect(found.get('B')).toMatchObject({ eligible: true, reasons: [] });
    expect(found.get('B')?.reason).toContain('NO_ELIGIBLE_CPT');
  });

  it('a rejected record does not count, whatever MAO-004 says', () => {
    const record = visit('E', '2026-03-03', 'I10', { acceptance: 'rejected', mao004: 'allowed' });
    expect(verdict(record)?.reasons).toEqual(['REJECTED_277CA_OR_MAO002']);
  });
});

describe('audit marks', () => {
  it('specialty, signature and HRA flag an eligible record', () => {
    const record = visit('E', '2026-03-03', 'I10', {
      hra: true,
      signed: false,
      provider: { npi: null, specialty: '47' },
    });
    expect(verdict(record)).toMatchObject({ eligible: true, flags: ['SPECIALTY', 'UNSIGNED_RECORD', 'HRA'] });
  });
});
