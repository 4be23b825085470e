import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileInput } from '../../src/intake/archive.ts';
import { readHeader } from '../../src/intake/csv/header.ts';
import { physicalLines } from '../../src/intake/csv/physical-lines.ts';
import { detectDelimiter, RowSplitter } from '../../src/intake/csv/rows.ts';
import { parseBatch } from '../../src/intake/parse-batch.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { brief, collect, only } from '../helpers/intake.ts';

const folder = path.resolve(import.meta.dirname, '../../../shared/examples/flat');
const present = existsSync(folder);
if (!present) process.stdout.write('flat-file samples are not at hand: their tests are left out\n');

interface Fact {
  readonly path: string;
  readonly sha256: string;
  readonly flat: { readonly rows: number; readonly columns: number; readonly delimiter: string };
}

function facts(): readonly Fact[] {
  const manifest = JSON.parse(readFileSync(path.join(folder, '../manifest.json'), 'utf8'));
  return manifest.files.filter((file: { path: string }) => file.path.startsWith('flat/'));
}

describe.runIf(present)('public flat-file samples', () => {
  test.each(present ? facts() : [])(
    '$path has the rows, columns and delimiter counted independently',
    async (fact) => {
      const file = path.join(folder, '..', fact.path);
      expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(fact.sha256);
      let splitter: RowSplitter | null = null;
      let delimiter = '';
      let rows = 0;
      let columns = 0;
      for await (const block of physicalLines(fileInput(fact.path, file).open(), 1_048_576)) {
        delimiter ||= detectDelimiter(block.lines[0] ?? '');
        splitter ??= new RowSplitter(delimiter, 1_048_576);
        for (const row of splitter.push(block)) {
          columns ||= row.cells?.length ?? 0;
          expect(row.cells).toHaveLength(columns);
          rows += 1;
        }
      }
      expect({ rows: rows - 1, columns, delimiter }).toMatchObject({
        rows: fact.flat.rows,
        columns: fact.flat.columns,
        delimiter: fact.flat.delimiter,
      });
    },
  );

  test('Tuva tables are taken by their own names', async () => {
    const kinds = readdirSync(path.join(folder, 'tuva')).map((name) => {
      const header = readFileSync(path.join(folder, 'tuva', name), 'utf8').split(/\r?\n/)[0] ?? '';
      const reading = readHeader(header.replaceAll('"', '').split(','), name);
      return [name, reading.plan?.layout.kind, reading.plan?.memberColumn];
    });
    expect(kinds).toEqual([
      ['patient_seed.csv', 'members', 'person_id'],
      ['raw_data__eligibility.csv', 'members', 'person_id'],
      ['raw_data__lab_result.csv', 'labs', 'person_id'],
      ['raw_data__medical_claim.csv', 'encounters', 'person_id'],
      ['raw_data__pharmacy_claim.csv', 'medications', 'person_id'],
    ]);
    const file = path.join(folder, 'tuva', 'patient_seed.csv');
    const { records, reports } = await collect(
      parseBatch([fileInput('patient_seed.csv', file)], intakeOptions({ asOf: '2026-11-23' })),
    );
    expect(only(records, 'member').map(({ memberId, birthDate }) => [memberId, birthDate])).toEqual([
      ['10', '1970-01-01'],
      ['999001', '1990-06-15'],
    ]);
    expect(only(records, 'coverage')).toEqual([]);
    expect(reports[0]).toMatchObject({ received: 2, accepted: 2 });
  });

  test('CMS research files are read as one batch', async () => {
    const rif = path.join(folder, 'bfd-rif-synthea');
    const inputs = readdirSync(rif).map((name) => fileInput(name, path.join(rif, name)));
    const { records, findings, reports } = await collect(
      parseBatch(inputs, intakeOptions({ asOf: '2026-11-23' })),
    );
    expect(
      reports.map(({ file, recordType, received, accepted }) => [file, recordType, received, accepted]),
    ).toEqual([
      ['beneficiary_2019.csv', 'members', 3, 2],
      ['beneficiary_2020.csv', 'members', 3, 3],
      ['carrier.csv', 'encounters', 221, 221],
      ['inpatient.csv', 'encounters', 16, 16],
      ['pde.csv', 'medications', 18, 18],
    ]);
    expect(brief(findings.filter(({ severity }) => severity === 'error'))).toEqual([
      'beneficiary_2019.csv:4 bad_code dual_status_code',
    ]);
    const claims = new Set(only(records, 'encounter').map(({ encounter }) => encounter.encounterId));
    expect(claims.size).toBe(only(records, 'encounter').length);
    expect(only(records, 'medication').every(({ medication }) => medication.system === 'ndc')).toBe(true);
  });

  test('research files beside tables that name members by person_id are read as ever', async () => {
    const files = (name: string) =>
      readdirSync(path.join(folder, name)).map((file) => fileInput(file, path.join(folder, name, file)));
    const { findings, reports } = await collect(
      parseBatch([...files('tuva'), ...files('bfd-rif-synthea')], intakeOptions({ asOf: '2026-11-23' })),
    );
    expect(findings.map(({ code }) => code)).not.toContain('header_alias_conflict');
    expect(reports.find(({ file }) => file === 'carrier.csv')).toMatchObject({
      received: 221,
      accepted: 221,
    });
  });
});
