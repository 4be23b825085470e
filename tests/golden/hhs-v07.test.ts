import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeTable } from '../../src/engine/codes.ts';
import { scoreHhsRequest } from '../../src/engine/hhs/score.ts';
import { hccVariable } from '../../src/engine/hhs/tables.ts';
import type { ScoreMember } from '../../src/engine/score-contract.ts';
import { hhsRequest, hhsTables } from './hhs-request.ts';

interface Vector {
  readonly id: string;
  readonly member: readonly [ScoreMember['sex'], number, ScoreMember['metal'], number];
  readonly diagnoses: readonly string[];
  readonly ndcs: readonly string[];
  readonly hcpcs: readonly string[];
  readonly before: readonly string[];
  readonly hccs: readonly string[];
  readonly rxcs: readonly string[];
  readonly factors: Readonly<Record<string, number>>;
  readonly raw: number;
}

const vectors = readFileSync(path.join(import.meta.dirname, 'hhs-hcc-v07-2022.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

describe('HHS-HCC V07, benefit year 2022', () => {
  test('there are 300 vectors', () => expect(vectors).toHaveLength(300));

  test.each(vectors)('$id', (vector) => {
    const [sex, age, metal, enrollmentMonths] = vector.member;
    const outcome = scoreHhsRequest(
      hhsTables,
      codeTable([]),
      hhsRequest(
        2022,
        { sex, age, metal, enrollmentMonths },
        { diagnoses: vector.diagnoses, drugs: vector.ndcs, procedures: vector.hcpcs },
      ),
    );
    if (!outcome.ok) throw new Error(outcome.error.message);
    const result = outcome.value;
    const factors = result.factors.filter(({ value }) => value !== 0);
    const expected = Object.entries(vector.factors).filter(([, value]) => value !== 0);
    expect({
      before: result.hccsBeforeHierarchy.map(hccVariable),
      hccs: result.hccs.map(hccVariable),
      count: result.paymentHccCount,
      factors: factors.map(({ variable, value }) => `${variable} ${value}`).sort(),
      raw: result.rawScore,
    }).toEqual({
      before: vector.before,
      hccs: vector.hccs,
      count: vector.hccs.length,
      factors: expected.map(([variable, value]) => `${variable.toUpperCase()} ${value}`).sort(),
      raw: vector.raw,
    });
  });
});
