import path from 'node:path';
import { analyzeHistory } from '../src/engine/analyze.ts';
import type { MemberHistory } from '../src/engine/history.ts';
import { parseHistory } from '../src/intake/json/history.ts';
import { packageRoot } from '../src/paths.ts';
import { loadReference } from '../src/reference/load.ts';
import { measure, picker } from './measure.ts';

const MEMBERS = 2_000;
const ENCOUNTERS = 8;
const OPTIONS = { paymentYear: 2027, asOf: '2026-11-23', kinds: null, lookbackYears: 2 } as const;

/** Codes as an ordinary plan sees them: about one in three maps to a payment HCC. */
const CODES = (
  'I10 E78.5 Z00.00 M54.50 R05.9 Z12.31 K21.9 E03.9 N39.0 J06.9 Z23 M17.11 H25.13 R07.9 E55.9 F41.1 ' +
  'E11.9 E11.42 E11.22 I50.22 N18.31 N18.4 J44.9 I48.20 F32.A F33.1 G40.909 M05.79 C50.912 K74.60 I21.4 N18.9'
).split(' ');

/** V28, PY2027: invented members with eight encounters of three years, some drugs and results; in memory. */
export function analyzeBench(): void {
  const reference = loadReference(path.join(packageRoot(), 'hcc-mappings'));
  const members = inventedMembers();
  let gaps = 0;
  measure(`analyse (${ENCOUNTERS} encounters a member)`, members.length, () => {
    gaps = 0;
    for (const member of members) {
      const outcome = analyzeHistory(reference, member, OPTIONS);
      if (outcome.ok) gaps += outcome.value.gaps.length;
    }
  });
  measure('analyse and print', members.length, () => {
    for (const member of members) JSON.stringify(analyzeHistory(reference, member, OPTIONS));
  });
  process.stdout.write(`  ${(gaps / members.length).toFixed(2)} gaps a member\n`);
}

export function inventedMembers(count = MEMBERS): readonly MemberHistory[] {
  const pick = picker(20261123);
  const date = (year: number): string =>
    `${year}-${String(1 + pick(11)).padStart(2, '0')}-${String(1 + pick(28)).padStart(2, '0')}`;
  return Array.from({ length: count }, (_, index) => {
    const encounters = Array.from({ length: ENCOUNTERS }, (_unused, visit) => {
      const from = date(2024 + (visit % 3));
      return {
        encounterId: `E${index}-${visit}`,
        from,
        setting: 'professional',
        provider: { npi: '1234567893', specialty: '11' },
        lines: [{ procedure: pick(5) === 0 ? '80053' : '99214', date: from }],
        diagnoses: Array.from({ length: 3 }, () => ({ code: CODES[pick(CODES.length)] ?? 'I10' })),
      };
    });
    const parsed = parseHistory({
      memberId: `BENCH-${index}`,
      birthDate: `19${40 + pick(20)}-05-06`,
      sex: pick(2) === 0 ? 'F' : 'M',
      coverage: [{ program: 'ma', from: '2020-01-01', to: null, originalEntitlement: '0', dualStatus: '00' }],
      encounters,
      observations: [
        {
          code: '33914-3',
          system: 'loinc',
          date: date(2026),
          value: 30 + pick(60),
          unit: 'mL/min/{1.73_m2}',
        },
        { code: '39156-5', system: 'loinc', date: date(2026), value: 20 + pick(25), unit: 'kg/m2' },
      ],
      medications: [
        { ingredient: 'metformin', date: date(2026), daysSupply: 90, source: 'fill' },
        { ingredient: 'lisinopril', date: date(2026), daysSupply: 90, source: 'fill' },
      ],
      procedures: [],
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    return parsed.history;
  });
}
