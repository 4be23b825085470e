import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fhirParser } from '../../src/intake/fhir/parse.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { brief, collect, inputOf, only } from '../helpers/intake.ts';

const folder = new URL('../fixtures/fhir/export/', import.meta.url);
const inputs = readdirSync(folder)
  .sort()
  .map((name) => inputOf(`export/${name}`, readFileSync(new URL(name, folder)), 50));
const options = intakeOptions({ asOf: '2026-11-24' });

describe('a bulk export', () => {
  it('reads on after a bad line, takes the newest version, and misses no listed file silently', async () => {
    const { findings, reports, records } = await collect(fhirParser()(inputs, options));
    expect(brief(findings)).toEqual([
      'export/Condition.000.ndjson:3 json_invalid ',
      'export/Patient.000.ndjson:2 birth_date_invalid /birthDate',
      'export/Patient.000.ndjson:2 sex_unusable /gender',
      'export/manifest.json:1 bulk_file_missing /output/3/url',
    ]);
    expect(reports).toMatchObject([
      { recordType: 'Condition', received: 3, accepted: 3, rejected: 0, duplicates: 1 },
      { recordType: 'unknown', received: 1, accepted: 0, rejected: 1 },
      { recordType: 'Encounter', received: 1, accepted: 1 },
      { recordType: 'Patient', received: 2, accepted: 2 },
      { recordType: 'manifest', received: 1, accepted: 1 },
    ]);
    expect(
      only(records, 'condition').map(({ key, condition }) => [key, condition.code, condition.verification]),
    ).toEqual([
      ['x1', 'F331', 'confirmed'],
      ['x3', 'G20A1', 'refuted'],
    ]);
  });

  it('the order of the files changes nothing but the order of the records', async () => {
    const sorted = (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).sort();
    const forward = await collect(fhirParser()(inputs, options));
    const backward = await collect(fhirParser()([...inputs].reverse(), options));
    expect(sorted(backward.records)).toEqual(sorted(forward.records));
  });
});
