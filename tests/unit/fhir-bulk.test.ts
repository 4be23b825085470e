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

  it('takes deleted resources out, wherever the deletion stands, and keeps later versions', async () => {
    const deleted = JSON.stringify({
      resourceType: 'Bundle',
      type: 'transaction',
      timestamp: '2026-03-06T00:00:00Z',
      entry: ['Condition/x1', 'https://ehr.example/fhir/Condition/x3', 'Patient/b1'].map((url) => ({
        request: { method: 'DELETE', url },
      })),
    });
    const again = JSON.stringify({
      resourceType: 'Condition',
      id: 'x3',
      meta: { lastUpdated: '2026-03-07T00:00:00Z' },
      subject: { reference: 'Patient/b1' },
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'G20.A1' }] },
    });
    for (const files of [
      [inputOf('deleted.ndjson', deleted), ...inputs, inputOf('again.ndjson', again)],
      [inputOf('again.ndjson', again), ...inputs, inputOf('deleted.ndjson', deleted)],
    ]) {
      const { findings, reports, records, deletions } = await collect(fhirParser()(files, options));
      expect(only(records, 'condition').map(({ key, source }) => [key, source.file])).toEqual([
        ['x3', 'again.ndjson'],
      ]);
      expect(deletions.map(({ resource, at, lasting }) => [resource, at, lasting])).toEqual([
        ['Condition/x1', '2026-03-06T00:00:00.000Z', true],
        ['Condition/x3', '2026-03-06T00:00:00.000Z', true],
      ]);
      expect(
        brief(findings)
          .filter((text) => text.includes('delet'))
          .sort(),
      ).toEqual([
        'deleted.ndjson:1 deletion_not_applied /entry/2',
        'export/Condition.000.ndjson:1 resource_deleted ',
        'export/Condition.000.ndjson:2 resource_deleted ',
        'export/Condition.000.ndjson:5 resource_deleted ',
      ]);
      expect(reports.find(({ recordType }) => recordType === 'deletion')).toMatchObject({
        file: 'deleted.ndjson',
        received: 3,
        accepted: 3,
      });
    }
  });

  it('does not take what an earlier batch said is deleted, but a version after it', async () => {
    const known = new Map<string, string | null>([
      ['Condition/x1', null],
      ['Condition/x3', '2020-01-01T00:00:00Z'],
    ]);
    const later = intakeOptions({ ...options, lookups: { deletedResources: async () => known } });
    const { records } = await collect(fhirParser()(inputs, later));
    expect(only(records, 'condition').map(({ key }) => key)).not.toContain('x1');
  });

  it('the order of the files changes nothing but the order of the records', async () => {
    const sorted = (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).sort();
    const forward = await collect(fhirParser()(inputs, options));
    const backward = await collect(fhirParser()([...inputs].reverse(), options));
    expect(sorted(backward.records)).toEqual(sorted(forward.records));
  });
});
