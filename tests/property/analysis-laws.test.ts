import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/engine/analysis-contract.ts';
import { analysisOf, historyOf, note, packagedReference, problem, visit } from '../helpers/gap-histories.ts';

type Extra = Readonly<Record<string, unknown>>;

const CODES = [
  'E11.9',
  'E11.42',
  'E11.22',
  'E11.00',
  'E11.A',
  'I50.22',
  'I50.23',
  'I50.9',
  'N18.31',
  'N18.4',
  'N18.9',
  'N18.6',
  'J44.9',
  'J96.01',
  'J96.11',
  'F32.A',
  'F32.1',
  'F33.1',
  'F33.42',
  'F20.0',
  'I21.4',
  'I63.9',
  'C61',
  'C50.912',
  'Z85.46',
  'Z79.4',
  'G20.A1',
  'G35',
  'G35.D',
  'B20',
  'Z89.511',
  'I73.9',
  'I13.2',
  'Z94.3',
  'K74.60',
  'L89.150',
  'E66.813',
  'Z68.41',
  'D66',
  'P27.1',
  'I10',
  'Z00.00',
  'U99.9',
];
const code = fc.constantFrom(...CODES);
const day = fc
  .integer({ min: 0, max: 364 * 4 })
  .map((offset) => new Date(Date.UTC(2023, 6, 1) + offset * 86_400_000).toISOString().slice(0, 10));
const lines = fc.constantFrom<readonly Extra[]>(
  [{ procedure: '99214' }],
  [{ procedure: '99214', modifiers: ['93'] }],
  [{ procedure: '80053' }],
  [{ procedure: '80053' }, { procedure: '99213' }],
  [],
);
const record = fc.record({
  from: day,
  codes: fc.uniqueArray(code, { minLength: 1, maxLength: 4 }),
  lines,
  source: fc.constantFrom('claim', 'claim', 'claim', 'ehr', 'chart_review'),
  hra: fc.boolean(),
  icn: fc.constantFrom(null, null, 'ICN1', 'ICN2'),
  modality: fc.constantFrom('in_person', 'in_person', 'audio_only'),
  acts: fc.option(fc.record({ on: fc.nat(9), status: fc.constantFrom('void', 'replacement') }), {
    nil: null,
    freq: 4,
  }),
  link: fc.option(fc.nat(9), { nil: null }),
  deletes: fc.boolean(),
});
const condition = fc.record({
  code,
  date: day,
  on: fc.option(fc.nat(9), { nil: null }),
  listed: fc.boolean(),
  clinicalStatus: fc.constantFrom('active', 'resolved', 'remission', null),
  verification: fc.constantFrom('confirmed', 'refuted', 'provisional'),
});
const medication = fc.record({
  ingredient: fc.constantFrom('insulin glargine', 'sertraline', 'anastrozole', 'lisinopril', 'apixaban'),
  date: day,
});
const observation = fc.record({
  kind: fc.constantFrom(
    { code: '33914-3', unit: 'mL/min/{1.73_m2}', value: 38 },
    { code: '33914-3', unit: 'mL/min/{1.73_m2}', value: 71 },
    { code: '39156-5', unit: 'kg/m2', value: 42 },
    { code: '4548-4', unit: '%', value: 7.9 },
  ),
  date: day,
});
const member = fc.record({
  encounters: fc.array(record, { maxLength: 7 }),
  conditions: fc.array(condition, { maxLength: 3 }),
  medications: fc.option(fc.array(medication, { maxLength: 3 }), { nil: null, freq: 4 }),
  observations: fc.option(fc.array(observation, { maxLength: 3 }), { nil: null, freq: 4 }),
  sex: fc.constantFrom('F', 'M'),
  birthDate: fc.constantFrom('1940-01-02', '1958-08-09', '1985-03-04'),
  coverage: fc.constantFrom<Extra>(
    {},
    {},
    { dualStatus: '02', originalEntitlement: '1' },
    { institutional: true },
    { newEnrollee: true },
    { esrd: { status: 'dialysis' } },
    { to: '2026-05-31' },
    { switcher: true },
    { program: 'pace' },
  ),
});
const options = fc.record({
  paymentYear: fc.constantFrom(2026, 2027),
  asOf: fc.constantFrom('2025-10-01', '2026-03-15', '2026-11-23', '2027-06-01', '2028-06-01'),
  lookbackYears: fc.integer({ min: 1, max: 3 }),
});
type Member = typeof member extends fc.Arbitrary<infer T> ? T : never;
interface Rows {
  readonly encounters: readonly Extra[];
  readonly conditions: readonly Extra[];
  readonly medications: readonly Extra[] | null;
  readonly observations: readonly Extra[] | null;
}

function rowsOf(made: Member): Rows {
  return {
    encounters: made.encounters.map((row, index) => ({
      ...visit(`E${index}`, row.from, row.codes.join(' '), {
        lines: row.source === 'chart_review' ? [] : row.lines,
      }),
      source: row.source,
      hra: row.hra,
      icn: row.icn,
      modality: row.modality,
      ...(row.acts && row.acts.on !== index
        ? { claimStatus: row.acts.status, replacesEncounterId: `E${row.acts.on}` }
        : {}),
      ...(row.source === 'chart_review'
        ? {
            linkedEncounterId: row.link === null ? null : `E${row.link}`,
            crrAction: row.deletes ? 'delete' : 'add',
          }
        : {}),
    })),
    conditions: made.conditions.map(({ listed, on, date, ...row }) =>
      listed
        ? problem(row.code, date, row.clinicalStatus ?? 'active', { verification: row.verification })
        : note(row.code, date, on === null ? null : `E${on}`, row),
    ),
    medications: made.medications?.map((row) => ({ ...row, source: 'fill', daysSupply: 30 })) ?? null,
    observations: made.observations?.map(({ kind, date }) => ({ ...kind, system: 'loinc', date })) ?? null,
  };
}

function analyse(
  made: Member,
  rows: Rows,
  asked: typeof options extends fc.Arbitrary<infer T> ? T : never,
): Analysis {
  const { encounters, ...rest } = rows;
  const { sex, birthDate, coverage } = made;
  return analysisOf(historyOf(encounters, { ...rest, sex, birthDate, coverage }), asked);
}

/** A fixed shuffle by a seed, some rows twice. */
function shuffled<T>(rows: readonly T[], seed: number): T[] {
  const twice = rows.flatMap((row, index) => ((seed >> (index % 16)) & 1 ? [row, row] : [row]));
  return twice
    .map((row, index) => ({ row, key: Math.imul(index + 1, seed | 1) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ row }) => row);
}

const RUNS = { numRuns: 120 };

describe('laws of the analysis', () => {
  it('order and repetition of rows change nothing', () => {
    fc.assert(
      fc.property(member, options, fc.integer(), (made, asked, seed) => {
        const rows = rowsOf(made);
        const mixed: Rows = {
          encounters: shuffled(rows.encounters, seed).map((row) => ({
            ...row,
            lines: shuffled(row.lines as Extra[], seed),
            diagnoses: shuffled(row.diagnoses as Extra[], seed),
          })),
          conditions: shuffled(rows.conditions, seed),
          medications: rows.medications && shuffled(rows.medications, seed),
          observations: rows.observations && shuffled(rows.observations, seed),
        };
        expect(analyse(made, mixed, asked)).toEqual(analyse(made, rows, asked));
      }),
      RUNS,
    );
  });

  it('every record dated up to asOf gets exactly one verdict', () => {
    fc.assert(
      fc.property(member, options, (made, asked) => {
        const rows = rowsOf(made);
        const due = rows.encounters
          .filter(({ from }) => String(from) <= asked.asOf)
          .map(({ encounterId }) => encounterId);
        const { encounters } = analyse(made, rows, asked);
        expect(encounters.map(({ encounterId }) => encounterId)).toEqual(due.sort());
        for (const { eligible, reasons } of encounters) expect(reasons.length === 0).toBe(eligible);
      }),
      RUNS,
    );
  });

  it('an eligible capture opens no add for its HCC, and voiding it restores the answer', () => {
    fc.assert(
      fc.property(member, code, options, (made, added, asked) => {
        const rows = rowsOf(made);
        const date = `${asked.paymentYear - 1}-02-03`;
        if (date > asked.asOf) return;
        const capture = visit('X-NEW', date, added);
        const undo = visit('X-UNDO', date, added, { claimStatus: 'void', replacesEncounterId: 'X-NEW' });
        const before = analyse(made, rows, asked);
        const after = analyse(made, { ...rows, encounters: [...rows.encounters, capture] }, asked);
        const undone = analyse(made, { ...rows, encounters: [...rows.encounters, capture, undo] }, asked);
        expect(withoutNew(undone)).toEqual(before);
        const { models } = packagedReference();
        const plain = added.replace('.', '');
        for (const gap of after.gaps) {
          const hccs = models.get(gap.model)?.years.get(asked.paymentYear)?.mapping.get(plain) ?? [];
          const held = after.raf.current?.hccsBeforeHierarchy.includes(gap.hcc) ?? false;
          if (!hccs.includes(gap.hcc) || !held) continue;
          expect(['recapture', 'documented_not_coded', 'coded_not_eligible']).not.toContain(gap.kind);
        }
      }),
      RUNS,
    );
  });

  it('ids are unique, and shares add up to the joint change', () => {
    fc.assert(
      fc.property(member, options, (made, asked) => {
        const found = analyse(made, rowsOf(made), asked);
        expect(new Set(found.gaps.map(({ gapId }) => gapId)).size).toBe(found.gaps.length);
        const { current, ifAllClosed } = found.raf;
        if (!current || !ifAllClosed || found.gaps.some(({ impact }) => impact === null)) return;
        const own = found.gaps.filter(({ model }) => model === current.model);
        const shares = own.reduce((sum, { impact }) => sum + (impact?.shapley ?? 0), 0);
        const joint = ifAllClosed.rawScore - current.rawScore;
        expect(Math.abs(shares - joint)).toBeLessThanOrEqual(0.001 * own.length + 1e-9);
      }),
      RUNS,
    );
  });

  it('an inactive member has nothing on the prospective list', () => {
    fc.assert(
      fc.property(member, options, (made, asked) => {
        const found = analyse({ ...made, coverage: { to: '2024-12-31' } }, rowsOf(made), asked);
        expect(found.gaps.filter(({ list }) => list === 'prospective')).toEqual([]);
      }),
      RUNS,
    );
  });
});

/** The answer without the two records that the law added. */
function withoutNew(analysis: Analysis): Analysis {
  return {
    ...analysis,
    encounters: analysis.encounters.filter(({ encounterId }) => !encounterId.startsWith('X-')),
  };
}
