import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { codeTable } from '../../src/engine/codes.ts';
import { scoreHhsRequest } from '../../src/engine/hhs/score.ts';
import { HHS_METALS, hccVariable } from '../../src/engine/hhs/tables.ts';
import { hhsRequest, hhsTables } from './hhs-request.ts';

const vectors: Record<string, string>[] = parse(
  readFileSync(path.join(import.meta.dirname, 'hhs-vectors-2021-2026.csv')),
  { columns: true },
);
const list = (text: string | undefined): string[] => (text ? text.split('|') : []);

describe('HHS-HCC, benefit years 2021-2026, five metals, with CSR', () => {
  test('there are 194 vectors', () => expect(vectors).toHaveLength(194));

  test.each(vectors)('$benefit_year $case', (vector) => {
    for (const metal of HHS_METALS) {
      const outcome = scoreHhsRequest(
        hhsTables,
        codeTable([]),
        hhsRequest(
          Number(vector.benefit_year),
          {
            sex: vector.sex === 'M' ? 'M' : 'F',
            age: Number(vector.age_last),
            metal,
            enrollmentMonths: Number(vector.months),
            csr: vector.csr_indicator ?? null,
          },
          { diagnoses: list(vector.icd10), drugs: list(vector.ndc), procedures: list(vector.hcpcs) },
        ),
      );
      if (!outcome.ok) throw new Error(outcome.error.message);
      const result = outcome.value;
      expect({
        segment: result.segment,
        hccs: result.hccs.map((hcc) => hccVariable(hcc).replace('HHS_HCC', '')),
        variables: result.factors.map(({ variable }) => variable).sort(),
        raw: result.rawScore,
        csr: result.csrAdjusted?.score,
      }).toEqual({
        segment: `${vector.model}_${metal}`,
        hccs: list(vector.hccs),
        variables: list(vector.variables),
        raw: Number(vector[`raw_${metal}`]),
        csr: Number(vector[`csr_${metal}`]),
      });
    }
  });
});
