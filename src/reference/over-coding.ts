import { z } from 'zod';
import type { OverCodingTables, OverCodingTest } from '../engine/gaps/over-coding-tables.ts';
import { type CodePattern, codePattern } from '../engine/gaps/tables.ts';
import type { SuspectTables } from '../engine/suspects/tables.ts';
import { openPackage, PackageError } from './package.ts';

const patterns = z.array(z.string()).transform((texts): CodePattern[] => texts.map(codePattern));
const setting = z.enum(['professional', 'inpatient', 'outpatient', 'other']);
const drugTest = { drugSets: z.array(z.string()), drugs: z.array(z.string()) };

const definitions = z.strictObject({
  acuteWithoutFacility: z.array(
    z.strictObject({
      test: z.string(),
      selectors: patterns,
      settings: z.array(setting),
      onlyOneRecord: z.boolean(),
      facility: z.array(setting),
      windowDays: z.int().nullable(),
    }),
  ),
  combinations: z.array(z.strictObject({ test: z.string(), of: z.array(z.string()) })),
  oneRecordWithoutDrug: z.array(z.strictObject({ test: z.string(), selectors: patterns, ...drugTest })),
  oneRecordWithoutTreatment: z.array(
    z.strictObject({ test: z.string(), selectors: patterns, minAge: z.int().nullable() }),
  ),
  newWithDrug: z.array(
    z.strictObject({
      test: z.string(),
      selectors: patterns,
      priorYears: z.int(),
      drugs: z.array(z.string()).nullable(),
    }),
  ),
  oneRecordAlone: z.array(z.strictObject({ test: z.string(), selectors: patterns, careSelectors: patterns })),
  misKeyed: z.strictObject({ test: z.string(), minRecords: z.int().min(2) }),
  chartReviewWithoutAssessment: z.array(z.strictObject({ test: z.string(), selectors: patterns })),
  valueFloors: z.array(
    z.strictObject({
      test: z.string().nullable(),
      selectors: patterns,
      valueSet: z.string(),
      contradictedWhen: z.enum(['<', '>=']),
      bound: z.number(),
    }),
  ),
  statusCodeWithoutDiagnosis: z.array(
    z.strictObject({ test: z.string(), selectors: patterns, diagnosisSelectors: patterns }),
  ),
  exclusive: z.array(
    z.strictObject({
      name: z.string(),
      within: z.enum(['day', 'month', 'year']),
      groups: z.array(patterns).min(2),
    }),
  ),
  acuteInOffice: z.strictObject({ windowDays: z.int(), groups: z.array(patterns) }),
  cancerSelectors: patterns,
  dialysis: z.strictObject({
    selectors: patterns,
    procedureSets: z.array(z.string()),
    billTypes: z.array(z.string()),
  }),
  transplant: z.strictObject({ selectors: patterns, ...drugTest, followUp: patterns }),
});

/** Loads the over-coding tests; drug and procedure value sets are taken from the suspect library. */
export function loadOverCoding(root: string, suspecting: SuspectTables): OverCodingTables {
  const pack = openPackage(root, 'over-coding');
  const parsed = definitions.safeParse(pack.json('definitions.json'));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PackageError(
      `package over-coding: definitions.json /${issue?.path.map(String).join('/')}: ${issue?.message}`,
    );
  }
  const raw = parsed.data;
  const members = (sets: ReadonlyMap<string, ReadonlySet<string>>, ids: readonly string[]): string[] =>
    ids.flatMap((id) => {
      const set = sets.get(id);
      if (set === undefined) throw new PackageError(`package over-coding: value set ${id} is not known`);
      return [...set];
    });
  const drugsOf = (test: { drugSets: readonly string[]; drugs: readonly string[] }): ReadonlySet<string> =>
    new Set([...members(suspecting.medicationSets, test.drugSets), ...test.drugs]);
  return {
    catalogue: new Map(
      pack.table('tests.tsv').map((row) => {
        const test = catalogueRow(row);
        return [test.id, test];
      }),
    ),
    ...raw,
    oneRecordWithoutDrug: raw.oneRecordWithoutDrug.map((test) => ({ ...test, drugs: drugsOf(test) })),
    newWithDrug: raw.newWithDrug.map((test) => ({
      ...test,
      drugs: test.drugs === null ? null : new Set(test.drugs),
    })),
    valueTests: raw.valueFloors,
    dialysis: {
      ...raw.dialysis,
      procedures: new Set(members(suspecting.procedureSets, raw.dialysis.procedureSets)),
    },
    transplant: { ...raw.transplant, drugs: drugsOf(raw.transplant) },
  };
}

function catalogueRow(row: Record<string, string>): OverCodingTest {
  return {
    id: row.group_id ?? '',
    group: row.group ?? '',
    test: row.data_only_test ?? '',
    window: row.window ?? '',
    dataNeeded: row.data_needed ?? '',
    usualCorrectCoding: row.usual_correct_coding ?? '',
    publishedErrorRate: row.published_error_rate ?? '',
    verification: row.verification ?? '',
    note: row.note ?? '',
  };
}
