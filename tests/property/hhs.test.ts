import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeTable } from '../../src/engine/codes.ts';
import { scoreHhsRequest } from '../../src/engine/hhs/score.ts';
import { HHS_METALS, type HhsYearTables } from '../../src/engine/hhs/tables.ts';
import type { ScoreRequest, ScoreResult } from '../../src/engine/score-contract.ts';
import { hhsRequest, hhsTables } from '../golden/hhs-request.ts';

const noCodes = codeTable([]);

function score(request: ScoreRequest): ScoreResult {
  const outcome = scoreHhsRequest(hhsTables, noCodes, request);
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

function tablesOf(benefitYear: number): HhsYearTables {
  const tables = hhsTables.forYear(benefitYear);
  if (!tables) throw new Error(`no tables for ${benefitYear}`);
  return tables;
}

const requests = fc.constantFrom(...hhsTables.benefitYears).chain((year) => {
  const tables = tablesOf(year);
  return fc
    .record({
      sex: fc.constantFrom('F' as const, 'M' as const),
      age: fc.integer({ min: 0, max: 64 }),
      metal: fc.constantFrom(...HHS_METALS),
      enrollmentMonths: fc.integer({ min: 1, max: 12 }),
      diagnoses: fc.array(fc.constantFrom(...tables.categories.keys()), { maxLength: 12 }),
      drugs: fc.array(fc.constantFrom(...tables.rxcByNdc.keys()), { maxLength: 3 }),
      procedures: fc.array(fc.constantFrom(...tables.rxcByHcpcs.keys()), { maxLength: 2 }),
    })
    .map(({ diagnoses, drugs, procedures, ...member }) =>
      hhsRequest(year, member, { diagnoses, drugs, procedures }),
    );
});

const comparable = (result: ScoreResult) => ({
  ...result,
  factors: result.factors.map(({ variable, value }) => `${variable} ${value}`).sort(),
  unmapped: [...result.unmapped].sort(),
  invalid: result.invalid.map(({ code }) => code).sort(),
  assumptions: [...result.assumptions].sort(),
});

describe('HHS-HCC laws', () => {
  test('order and repeats of codes never change an answer', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const turned = {
          ...request,
          diagnoses: [...request.diagnoses, ...request.diagnoses].reverse(),
          drugs: [...request.drugs].reverse(),
        };
        expect(comparable(score(turned))).toEqual(comparable(score(request)));
      }),
    );
  });

  test('the factors sum to the raw score exactly', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const result = score(request);
        const sum = result.factors.reduce((total, { value }) => total + Math.round(value * 1000), 0);
        expect(result.rawScore).toBe(sum / 1000);
      }),
    );
  });

  test('before the hierarchies is after them plus what was dropped', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const result = score(request);
        const all = [...result.hccs, ...result.dropped.map(({ hcc }) => hcc)];
        expect(new Set(all)).toEqual(new Set(result.hccsBeforeHierarchy));
        expect(all).toHaveLength(result.hccsBeforeHierarchy.length);
      }),
    );
  });

  test('leaving out the codes of dropped categories changes no score', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const result = score(request);
        const kept = new Set(result.hccs);
        const diagnoses = request.diagnoses.filter((code) =>
          (tablesOf(request.paymentYear).categories.get(code) ?? []).some(({ hcc }) => kept.has(hcc)),
        );
        expect(score({ ...request, diagnoses }).rawScore).toBe(result.rawScore);
      }),
    );
  });
});

test('the hierarchy of every benefit year is transitively closed', () => {
  for (const year of hhsTables.benefitYears) {
    const { hierarchy } = tablesOf(year);
    for (const [hcc, children] of hierarchy.children) {
      expect(new Set(children), `${year} HCC ${hcc}`).toEqual(hierarchy.dominated(hcc));
    }
  }
});
