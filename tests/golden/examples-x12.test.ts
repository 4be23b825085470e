import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { intakeOptions } from '../../src/intake/parser.ts';
import { EnvelopeReader } from '../../src/intake/x12/envelope.ts';
import { x12Parser } from '../../src/intake/x12/parse.ts';
import { X12Tokenizer } from '../../src/intake/x12/tokenizer.ts';
import { collect, inputOf, only } from '../helpers/intake.ts';

// Public sample files with facts counted independently (../shared/examples/manifest.json); not part of this repository.
const examples = new URL('../../../shared/examples/', import.meta.url);
const present = existsSync(new URL('manifest.json', examples));

interface X12Facts {
  readonly interchanges: number;
  readonly groups: number;
  readonly transactions: Readonly<Record<string, number>> | readonly [];
  readonly claims: number;
  readonly lines: number;
  readonly members_834: number;
  readonly diagnoses: Readonly<Record<string, readonly string[]>>;
  readonly guides?: readonly string[];
  readonly separators?: readonly (readonly string[])[];
  readonly isa_length_wrong?: boolean;
}
interface ManifestFile {
  readonly path: string;
  readonly x12?: X12Facts;
}

const files: readonly ManifestFile[] = present
  ? JSON.parse(readFileSync(new URL('manifest.json', examples), 'utf8')).files
  : [];
const samples = files.flatMap(({ path, x12 }) => (x12 ? [{ path, facts: x12 }] : []));
const options = intakeOptions({ asOf: '2026-11-24' });

if (!present) {
  it('public X12 samples are not at hand (../shared/examples): nothing to compare', () => {
    expect(samples).toEqual([]);
  });
}

describe.each(samples)('$path', ({ path, facts }) => {
  const bytes = readFileSync(new URL(path, examples));

  it('has the envelope that was counted', () => {
    const tokenizer = new X12Tokenizer();
    const envelope = new EnvelopeReader();
    const counts = { interchanges: 0, groups: 0 };
    const transactions: Record<string, number> = {};
    const guides = new Set<string>();
    const separators = new Set<string>();
    for (const token of [...tokenizer.push(bytes), ...tokenizer.finish()]) {
      if (token.kind !== 'segment') continue;
      const [id = '', first = ''] = token.elements;
      envelope.step(token);
      if (id === 'ISA') {
        counts.interchanges += 1;
        const { element, component, terminator } = token.separators;
        separators.add([element, component, terminator].join(''));
      } else if (id === 'GS') {
        counts.groups += 1;
        guides.add(token.elements[8] ?? '');
      } else if (id === 'ST') transactions[first] = (transactions[first] ?? 0) + 1;
    }
    expect({ ...counts, transactions }).toEqual({
      interchanges: facts.interchanges,
      groups: facts.groups,
      transactions: Array.isArray(facts.transactions) ? {} : facts.transactions,
    });
    if (facts.guides) expect([...guides]).toEqual(facts.guides);
    if (facts.separators) {
      expect([...separators]).toEqual(facts.separators.map(([e, , c, t]) => `${e}${c}${t}`));
    }
  });

  it('gives every claim and member an outcome, and the diagnoses that were counted', async () => {
    for (const lenient of [false, true]) {
      const { records, findings, reports } = await collect(
        x12Parser({ lenient })([inputOf(path, bytes, 997)], options),
      );
      const received = (type: string) => reports.find(({ recordType }) => recordType === type)?.received ?? 0;
      expect([received('claim'), received('member')]).toEqual([facts.claims, facts.members_834]);
      for (const report of reports) expect(report.accepted + report.rejected).toBe(report.received);
      const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
      expect(
        findings.filter(
          ({ raw, field }) => raw !== null && /^(CLM01|NM109|REF02|INS|TRN02|DTP03)$/.test(field ?? ''),
        ).length,
      ).toBeGreaterThanOrEqual(rejected);
      const whole = reports.every((report) => report.rejected === 0 && report.duplicates === 0);
      if (!whole) continue;
      const icd10 = [...(facts.diagnoses.ABK ?? []), ...(facts.diagnoses.ABF ?? [])];
      expect(
        only(records, 'diagnosis')
          .map(({ code }) => code)
          .sort(),
      ).toEqual([...icd10].sort());
      if (lenient) expect(only(records, 'service_line')).toHaveLength(facts.lines);
      const icd9 = ['BK', 'BF'].flatMap((qualifier) => facts.diagnoses[qualifier] ?? []);
      const unmapped = findings.filter(({ code }) => code === 'icd9_not_mapped').map(({ value }) => value);
      expect(unmapped).toEqual(expect.arrayContaining([...icd9]));
    }
  });
});
