import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkCodes } from '../../seeds/check-codes.ts';
import { buildExtract, fileText, SCENARIOS } from '../../seeds/extract.ts';
import { SEED, SEED_MEMBERS } from '../../seeds/size.ts';
import { AS_OF } from '../../seeds/story.ts';
import { type Analysis, GAP_KINDS } from '../../src/engine/analysis-contract.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { fileInput } from '../../src/intake/archive.ts';
import { intakeLookups } from '../../src/intake/lookups.ts';
import { parseBatch } from '../../src/intake/parse-batch.ts';
import { intakeOptions } from '../../src/intake/parser.ts';
import { packageRoot } from '../../src/paths.ts';
import { loadReference } from '../../src/reference/load.ts';
import { historiesOf } from '../helpers/histories.ts';
import { brief, type Collected, collect } from '../helpers/intake.ts';

const folder = path.join(packageRoot(), 'seeds', 'extract');
const reference = loadReference(path.join(packageRoot(), 'hcc-mappings'));
let read: Collected;
let analyses: readonly Analysis[];

beforeAll(async () => {
  const inputs = readdirSync(folder).map((name) => fileInput(name, path.join(folder, name)));
  read = await collect(parseBatch(inputs, intakeOptions({ asOf: AS_OF, lookups: intakeLookups(reference) })));
  const options = { paymentYear: 2027, asOf: AS_OF, kinds: null, lookbackYears: 2 };
  analyses = historiesOf(read.records).flatMap((history) => {
    const outcome = analyzeHistory(reference, history, options);
    return outcome.ok ? [outcome.value] : [];
  });
});

describe('the committed extract', () => {
  test('is what the generator writes', () => {
    const extract = buildExtract(SEED_MEMBERS, SEED);
    expect([...extract.keys()].map((table) => `${table}.csv`).sort()).toEqual(readdirSync(folder).sort());
    for (const [table, rows] of extract) {
      expect(fileText(table, rows)).toBe(readFileSync(path.join(folder, `${table}.csv`), 'utf8'));
    }
  });

  test('uses codes that are valid on their date', () => {
    expect(checkCodes(buildExtract(SEED_MEMBERS, SEED), reference)).toEqual([]);
  });

  test('tells every scenario', () => {
    expect(SEED_MEMBERS).toBeGreaterThan(SCENARIOS.length);
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });

  test('is taken but for the rows that are meant to be refused', () => {
    for (const { received, accepted, rejected } of read.reports) expect(received).toBe(accepted + rejected);
    const errors = read.findings.filter(({ severity }) => severity === 'error');
    expect(brief(errors).map((text) => text.replace(/:\d+/, ''))).toEqual([
      'members.csv bad_date birth_date',
      'members.csv bad_code dual_status_code',
      'encounters.csv unknown_member member_id',
      'encounters.csv required bill_type_code',
      'encounters.csv bad_diagnosis diagnosis_code_2',
      'diagnoses.csv date_out_of_range service_date',
      'labs.csv bad_loinc loinc_code',
      'labs.csv bad_number result',
      'medications.csv bad_ndc ndc_code',
    ]);
    expect(read.reports.find(({ recordType }) => recordType === 'labs')?.duplicates).toBe(1);
  });

  test('is analysed whole, and every kind of gap is in it', () => {
    expect(analyses.length).toBe(SEED_MEMBERS);
    const gaps = analyses.flatMap((analysis) => analysis.gaps);
    const told = (values: readonly (string | null)[]): readonly string[] =>
      [...new Set(values)].filter((value) => value !== null).sort();
    expect(told(gaps.map(({ kind }) => kind))).toEqual([...GAP_KINDS].sort());
    expect(told(gaps.map(({ status }) => status))).toEqual(['closed_lower', 'no_anchor', 'open']);
    expect(told(gaps.map(({ subKind }) => subKind))).toEqual([
      'S0_unmapped',
      'S1_lower',
      'S2_equal',
      'S3_down',
    ]);
    expect(told(gaps.map(({ list }) => list))).toEqual(['prospective', 'retrospective']);
    expect(
      told(gaps.filter(({ kind }) => kind === 'coded_not_eligible').flatMap(({ reasons }) => reasons)),
    ).toEqual([
      'AGE_SEX_EDIT',
      'AUDIO_ONLY',
      'BILL_TYPE',
      'DME_OR_AMBULANCE',
      'INVALID_CODE_ON_DOS',
      'LAB_OR_IMAGING_ONLY',
      'MAO004_DISALLOWED',
      'NO_ELIGIBLE_CPT',
      'REJECTED_277CA_OR_MAO002',
      'UNLINKED_CRR',
    ]);
    const encounters = analyses.flatMap((analysis) => analysis.encounters);
    expect(told(encounters.flatMap(({ reasons }) => reasons))).toContain('VOIDED_OR_DELETED');
    expect(told(encounters.flatMap(({ flags }) => flags))).toEqual(
      expect.arrayContaining(['AUDIO_ONLY', 'HRA', 'SPECIALTY', 'UNLINKED_CRR', 'UNSIGNED_RECORD']),
    );
    expect(told(analyses.flatMap(({ notGaps }) => notGaps.map(({ reason }) => reason)))).toEqual(
      expect.arrayContaining([
        'acute_not_recapturable',
        'closed_higher',
        'closed_same',
        'member_inactive',
        'model_lost',
        'no_meat',
        'no_treatment_evidence',
        'provider_education',
        'state_changed',
        'uncertain',
        'unsigned',
      ]),
    );
    expect(told(analyses.flatMap(({ unspecified }) => unspecified.map(({ evidence }) => evidence)))).toEqual([
      'none',
      'recorded',
    ]);
  });
});
