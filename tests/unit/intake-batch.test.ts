import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { detectFormat } from '../../src/intake/detect.ts';
import { batchFailed, parseBatch } from '../../src/intake/parse-batch.ts';
import { type IntakeLimits, intakeOptions } from '../../src/intake/parser.ts';
import { brief, type Collected, collect, inputOf, only } from '../helpers/intake.ts';

const MEMBERS = 'member_id,birth_date,sex\nTEST-1,1950-01-02,F\n';
const DIAGNOSES = 'member_id,diagnosis_code,service_date\nTEST-1,E11.9,2026-01-05\nTEST-2,E11.9,2026-01-05\n';
const HISTORY = JSON.stringify({ memberId: 'TEST-2', birthDate: '1950-01-01', sex: 'M', encounters: [] });

async function zipOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const chunk of zip.outputStream) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

function read(
  files: Readonly<Record<string, string | Uint8Array>>,
  limits: Partial<IntakeLimits> = {},
): Promise<Collected> {
  const inputs = Object.entries(files).map(([file, content]) => inputOf(file, content, 4096));
  return collect(parseBatch(inputs, intakeOptions({ asOf: '2026-11-23', limits })));
}

describe('detection by content', () => {
  test.each([
    ['ISA*00*          *00*', 'x12'],
    ['\ufeff\r\nISA*00*', 'x12'],
    ['ST*837*0001~', 'x12'],
    ['{"resourceType":"Bundle"}', 'fhir'],
    ['{"transactionTime":"2026-01-01T00:00:00Z","output":[]}', 'fhir'],
    [HISTORY, 'json-history'],
    [MEMBERS, 'csv'],
    ['DML_IND|BENE_ID|X\n', 'csv'],
  ])('%s', (text, format) => {
    expect(detectFormat(Buffer.from(text), 'f', () => false)).toEqual({ ok: true, format });
  });

  test.each([
    [Buffer.from([0xff, 0xfe, 0x6d, 0]), 'bad_encoding'],
    [Buffer.from('<Bundle xmlns="http://hl7.org/fhir"/>'), 'format_unknown'],
    [Buffer.from('%PDF-1.7\n'), 'format_unknown'],
    [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x2c, 0x0a]), 'format_unknown'],
    [Buffer.concat([Buffer.alloc(257, 0x61), Buffer.from('ustar\u000000')]), 'format_unknown'],
  ])('%j is refused', (bytes, code) => {
    expect(detectFormat(bytes, 'f', () => false)).toMatchObject({ ok: false, code });
  });
});

test.each([
  [
    'a tar archive',
    Buffer.concat([Buffer.from('claims.csv'), Buffer.alloc(247), Buffer.from('ustar\u000000')]),
  ],
  ['a 7-Zip archive', Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4])],
  ['packed with Zstandard', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1])],
  ['Parquet', Buffer.from('PAR1\u0015')],
])('a file of another kind is named, with what to do: %s', async (kind, bytes) => {
  // A tar is mostly packed as well.
  for (const sent of [bytes, gzipSync(bytes)]) {
    const { findings, reports } = await read({ 'extract.tgz': sent });
    expect(findings.map(({ code }) => code)).toEqual(['format_unknown']);
    expect(findings[0]?.message).toContain(kind);
    expect(findings[0]?.message).toMatch(/send its files|export it/);
    expect(reports[0]).toMatchObject({ file: 'extract.tgz', failed: true });
  }
});

describe('batches', () => {
  test('files of several formats in one batch; a member of one is known to another', async () => {
    const { records, findings, reports } = await read({
      'dx.csv': DIAGNOSES,
      'members.csv': MEMBERS,
      'h.ndjson': HISTORY,
      'scan.pdf': '%PDF-1.7\n',
    });
    expect(brief(findings)).toEqual(['scan.pdf:- format_unknown -']);
    expect(only(records, 'diagnosis').map(({ memberId }) => memberId)).toEqual(['TEST-1', 'TEST-2']);
    expect(reports.map(({ file, format, failed }) => [file, format, failed ?? false])).toEqual([
      ['scan.pdf', 'unknown', true],
      ['h.ndjson', 'json-history', false],
      ['dx.csv', 'csv', false],
      ['members.csv', 'csv', false],
    ]);
  });

  test('gzip, zip, and gzip within zip are unpacked by their content', async () => {
    const zip = await zipOf({
      'extract/members.csv': MEMBERS,
      'extract/dx.csv.gz': gzipSync(DIAGNOSES),
      '__MACOSX/._members.csv': 'x',
    });
    const { records, findings, reports } = await read({ 'batch.dat': zip, 'h.json.gz': gzipSync(HISTORY) });
    expect(findings).toEqual([]);
    expect(only(records, 'diagnosis')).toHaveLength(2);
    expect(reports.map(({ file }) => file).sort()).toEqual([
      'batch.dat/extract/dx.csv',
      'batch.dat/extract/members.csv',
      'h.json',
    ]);
  });

  test('a workbook is named as one file, whatever is in it', async () => {
    const book = await zipOf({ '[Content_Types].xml': '<Types/>', 'xl/workbook.xml': '<workbook/>' });
    const { findings, reports } = await read({ 'claims.xlsx': book });
    expect(findings.map(({ file, code, message }) => [file, code, message])).toEqual([
      ['claims.xlsx', 'format_unknown', 'the file is an Office document; export its tables as CSV'],
    ]);
    expect(reports).toHaveLength(1);
  });

  test('two archives with the same names are told apart', async () => {
    const { reports } = await read({ 'a.csv': MEMBERS, 'a.csv.gz': gzipSync(MEMBERS) });
    expect(reports.map(({ file, duplicates }) => [file, duplicates])).toEqual([
      ['a.csv', 0],
      ['a.csv (2)', 1],
    ]);
  });

  test('a cut gzip gives the whole rows that came and a finding', async () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => `T-${index},19${10 + (index % 80)}-01-02,F`);
    const packed = gzipSync(`member_id,birth_date,sex\n${rows.join('\n')}\n`);
    const { findings, reports } = await read({ 'm.csv.gz': packed.subarray(0, packed.length >> 1) });
    expect(findings.map(({ file, code }) => [file, code])).toEqual([['m.csv.gz', 'archive_broken']]);
    const [report] = reports;
    expect(report?.received).toBeGreaterThan(100);
    expect(report?.rejected).toBe(0);
  });

  test('a broken zip is a finding; the other files are read', async () => {
    const zip = await zipOf({ 'members.csv': MEMBERS });
    const { findings, records } = await read({
      'broken.zip': zip.subarray(0, zip.length - 30),
      'members.csv': MEMBERS,
    });
    expect(brief(findings)).toEqual(['broken.zip:- archive_broken -']);
    expect(only(records, 'member')).toHaveLength(1);
  });

  test('archives that unfold without end are refused', async () => {
    const blank = Buffer.alloc(80 * 1024 * 1024, 0x20);
    const zip = await zipOf({ 'members.csv': blank });
    const first = await read({ 'bomb.zip': zip });
    expect(brief(first.findings)).toEqual(['bomb.zip/members.csv:- archive_ratio -']);
    const second = await read({ 'bomb.csv.gz': gzipSync(blank) });
    expect(second.findings.map(({ code }) => code)).toContain('archive_broken');
    const deep = gzipSync(gzipSync(gzipSync(MEMBERS)));
    expect(brief((await read({ 'deep.gz': deep })).findings)).toEqual(['deep:- archive_too_deep -']);
    const many = await zipOf(Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`${n}.csv`, MEMBERS])));
    expect(brief((await read({ 'many.zip': many }, { archiveEntries: 3 })).findings)).toContain(
      'many.zip:- archive_broken -',
    );
    const large = await read({ 'large.zip': await zipOf({ 'members.csv': MEMBERS }) }, { archiveBytes: 20 });
    expect(large.records).toEqual([]);
    expect(large.findings).toHaveLength(1);
  });

  test('a batch fails by its share of rejects or by a file that could not be read', () => {
    const limits = { rejectedShare: 0.05 };
    expect(batchFailed([{ received: 100, rejected: 5 }], limits)).toBe(false);
    expect(batchFailed([{ received: 100, rejected: 6 }], limits)).toBe(true);
    expect(batchFailed([{ received: 0, rejected: 0, failed: true }], limits)).toBe(true);
  });
});
