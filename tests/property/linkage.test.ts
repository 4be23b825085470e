import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '../../src/engine/dates.ts';
import type { JudgedEncounter } from '../../src/engine/eligibility.ts';
import type { Condition, Encounter } from '../../src/engine/history.ts';
import { type LinkSubject, linkCandidates, linkState, reviewSubject } from '../../src/engine/linkage.ts';

const npi = fc.constantFrom('1111111112', '2222222223', null);
const day = fc.integer({ min: 0, max: 364 }).map((days) => addDays('2026-01-01', days));

interface Made {
  readonly id: number;
  readonly from: string;
  readonly nights: number;
  readonly source: Encounter['source'];
  readonly eligible: boolean;
  readonly carries: boolean;
  readonly icn: boolean;
  readonly provider: string | null;
}

const made: fc.Arbitrary<Made> = fc.record({
  id: fc.integer({ min: 1, max: 1000 }),
  from: day,
  nights: fc.constantFrom(0, 0, 3),
  source: fc.constantFrom('claim' as const, 'claim' as const, 'ehr' as const, 'chart_review' as const),
  eligible: fc.boolean(),
  carries: fc.boolean(),
  icn: fc.boolean(),
  provider: npi,
});

function record(given: Made, more: Partial<Encounter> = {}): JudgedEncounter {
  const { id, from, nights, source, eligible, carries, icn, provider } = given;
  const to = addDays(from, nights);
  const encounterId = `E${id}`;
  const dosYear = Number(to.slice(0, 4));
  return {
    encounter: {
      encounterId,
      from,
      to,
      setting: 'professional',
      billType: null,
      modality: 'in_person',
      source,
      linkedEncounterId: null,
      claimStatus: 'original',
      replacesEncounterId: null,
      icn: icn ? `ICN${id}` : null,
      acceptance: null,
      mao004: null,
      crrAction: null,
      placeOfService: '11',
      hra: false,
      signed: null,
      provider: provider === null ? null : { npi: provider, specialty: '11' },
      lines: [],
      diagnoses: [],
      ...more,
    },
    verdict: { encounterId, eligible, dosYear, reasons: [], flags: [], reason: '' },
    dosYear,
    withdrawn: false,
    carries,
    unlinkedReview: source === 'chart_review',
    audioOnly: false,
    missing: [],
    codes: ['I5022'],
  };
}

function note(encounterId: string): Condition {
  return {
    conditionId: null,
    code: 'I5022',
    system: 'icd10cm',
    source: 'note',
    encounterId,
    recorded: '2026-05-05',
    clinicalStatus: 'active',
    verification: 'confirmed',
    context: null,
    meat: ['assessed'],
    signed: true,
  };
}

const subject: fc.Arbitrary<LinkSubject> = fc.record({
  codes: fc.constant(['I5022']),
  dosYear: fc.constant(2026),
  dos: fc.option(day, { nil: null }),
  providerNpi: npi,
  named: fc.constant([]),
});
const records = fc
  .uniqueArray(made, { selector: ({ id }) => id, maxLength: 12 })
  .map((list) => list.map((one) => record(one)));

describe('what an add could be linked to', () => {
  test('only eligible claims in force of the service year, each once', () => {
    fc.assert(
      fc.property(subject, records, (of, list) => {
        const wanted = list.filter(
          ({ encounter, verdict, carries, dosYear }) =>
            encounter.source === 'claim' && verdict.eligible && carries && dosYear === 2026,
        );
        const found = linkCandidates(of, list, []).map(({ encounterId }) => encounterId);
        expect([...found].sort()).toEqual(wanted.map(({ encounter }) => encounter.encounterId).sort());
      }),
    );
  });

  test('the order of the records changes nothing', () => {
    fc.assert(
      fc.property(subject, records, fc.infiniteStream(fc.integer()), (of, list, random) => {
        const keys = new Map(list.map((one) => [one, random.next().value as number]));
        const shuffled = [...list].sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
        expect(linkCandidates(of, shuffled, [])).toEqual(linkCandidates(of, list, []));
      }),
    );
  });

  test('where it is documented comes first, then the same day, the same provider, the nearest date', () => {
    fc.assert(
      fc.property(subject, records, fc.integer({ min: 1, max: 1000 }), (of, list, noted) => {
        const found = linkCandidates(of, list, [note(`E${noted}`)]);
        for (const [index, better] of found.entries()) {
          const worse = found[index + 1];
          if (!worse) continue;
          const rank = (one: typeof better) => [
            one.documentedThere ? 0 : 1,
            one.sameDay ? 0 : 1,
            one.sameProvider ? 0 : 1,
            one.daysApart ?? 0,
          ];
          const [a, b] = [rank(better), rank(worse)];
          const differs = a.findIndex((value, place) => value !== b[place]);
          if (differs !== -1) expect(a[differs]).toBeLessThan(b[differs] ?? 0);
        }
        for (const one of found) {
          expect(one.why.length).toBeGreaterThan(0);
          expect(one.status).toBe(one.icn === null ? 'link_pending_icn' : 'linked');
        }
      }),
    );
  });

  test('a day inside a stay is the same day', () => {
    const stay = record({
      id: 1,
      from: '2026-03-01',
      nights: 3,
      source: 'claim',
      eligible: true,
      carries: true,
      icn: true,
      provider: null,
    });
    const of = { codes: ['I5022'], dosYear: 2026, dos: '2026-03-03', providerNpi: null, named: [] };
    expect(linkCandidates(of, [stay], [])[0]).toMatchObject({ sameDay: true, daysApart: 0 });
  });

  test('a review says what it could be linked to, or why nothing', () => {
    const claim: Made = {
      id: 1,
      from: '2026-05-05',
      nights: 0,
      source: 'claim',
      eligible: true,
      carries: true,
      icn: true,
      provider: null,
    };
    const review = record({ ...claim, id: 9, source: 'chart_review' });
    const stated = record({ ...claim, id: 9, source: 'chart_review' }, { linkedEncounterId: 'E1' });
    const state = (
      of: JudgedEncounter,
      others: readonly JudgedEncounter[],
      notes: readonly Condition[] = [],
    ) => linkState(of, [of, ...others], notes);
    expect(state(review, [record(claim)])).toBe('linkable_same_day');
    expect(state(review, [record({ ...claim, from: '2026-06-05' })])).toBe('linkable_other_day');
    expect(state(review, [record({ ...claim, from: '2026-06-05' })], [note('E1')])).toBe(
      'linkable_documented',
    );
    expect(state(review, [])).toBe('no_eligible_encounter');
    expect(state(stated, [])).toBe('linked_record_unknown');
    expect(state(stated, [record({ ...claim, eligible: false })])).toBe('linked_record_not_eligible');
    expect(state(stated, [{ ...record(claim), carries: false, withdrawn: true }])).toBe('linked_record_void');
    expect(state({ ...review, unlinkedReview: false }, [])).toBe('linked');
    expect(reviewSubject(stated).named).toEqual(['E1']);
  });
});
