import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fhirParser } from '../../src/intake/fhir/parse.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { collect, inputOf, only } from '../helpers/intake.ts';

// Public sample files with facts counted independently (../shared/examples/manifest.json); not part of this repository.
const examples = new URL('../../../shared/examples/', import.meta.url);
const daVinci = new URL('../../../shared/fhir/davinci-ra-examples/', import.meta.url);
const present = existsSync(new URL('manifest.json', examples));

interface FhirFacts {
  readonly resources: Readonly<Record<string, number>>;
  readonly diagnosis_systems: Readonly<Record<string, number>>;
  readonly patients: number;
  readonly icd10?: readonly string[];
}
const files: readonly { readonly path: string; readonly fhir?: FhirFacts }[] = present
  ? JSON.parse(readFileSync(new URL('manifest.json', examples), 'utf8')).files
  : [];
const samples = files.flatMap(({ path, fhir }) => (fhir ? [{ path, facts: fhir }] : []));
const options = intakeOptions({ asOf: '2026-11-24' });
const parser = fhirParser({ includeNonFinalDiagnoses: true });

if (!present) {
  it('public FHIR samples are not at hand (../shared/examples): nothing to compare', () => {
    expect(samples).toEqual([]);
  });
}

describe.each(samples)('$path', ({ path, facts }) => {
  it('has the resources, members and ICD-10-CM codes that were counted', async () => {
    const { records, reports, findings } = await collect(
      parser([inputOf(path, readFileSync(new URL(path, examples)), 4_096)], options),
    );
    expect(Object.fromEntries(reports.map(({ recordType, received }) => [recordType, received]))).toEqual(
      facts.resources,
    );
    for (const report of reports) expect(report.accepted + report.rejected).toBe(report.received);
    const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
    // The one sample that names no patient at all.
    expect(rejected).toBe(path.endsWith('sample_eob_2.json') ? 1 : 0);
    if (rejected > 0) return;
    const codes = new Set(only(records, 'diagnosis').map(({ code }) => code));
    expect([...codes].sort()).toEqual((facts.icd10 ?? []).filter((code) => code !== '9999999'));
    if (facts.patients > 0) {
      expect(new Set(records.map(({ memberId }) => memberId)).size).toBe(facts.patients);
    }
    const icd9 = facts.diagnosis_systems['http://hl7.org/fhir/sid/icd-9-cm'] ?? 0;
    expect(findings.filter(({ code }) => code === 'icd9_not_mapped')).toHaveLength(icd9);
  });
});

describe.runIf(existsSync(daVinci))('the example resources of Da Vinci Risk Adjustment', () => {
  const names = existsSync(daVinci) ? readdirSync(daVinci).filter((name) => name.endsWith('.json')) : [];

  it('all resolve, and every condition that an encounter names is a diagnosis of it', async () => {
    const inputs = names.map((name) => inputOf(name, readFileSync(new URL(name, daVinci)), 4_096));
    const { records, reports, findings } = await collect(parser(inputs, options));
    expect(reports.reduce((sum, { rejected }) => sum + rejected, 0)).toBe(0);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(
      only(records, 'member')
        .map(({ memberId }) => memberId)
        .sort(),
    ).toEqual(['ra-patient01', 'ra-patient02', 'ra-patient03']);
    expect(only(records, 'encounter')).toHaveLength(22);
    expect(only(records, 'condition')).toHaveLength(27);
    const of = (encounter: string) =>
      only(records, 'diagnosis')
        .filter(({ encounterId }) => encounterId === encounter)
        .map(({ code }) => code)
        .sort();
    expect(of('ra-encounter02pat01')).toEqual(['E0829', 'Z6842']);
    expect(of('ra-encounter46pat01')).toEqual(['F309']);
  });
});
