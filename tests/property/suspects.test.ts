import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalizeNdc } from '../../src/engine/suspects/drugs.ts';
import { loadModel } from '../../src/reference/models.ts';
import { evaluateCase } from '../../src/reference/suspect-cases.ts';
import { parseRuleFile, type RuleFileResult } from '../../src/reference/suspect-rules.ts';
import { loadSuspecting, ruleVocabulary } from '../../src/reference/suspecting.ts';

interface Case {
  readonly id: string;
  readonly patient: { readonly events: readonly unknown[]; readonly reviews?: readonly unknown[] };
}

const root = path.resolve(import.meta.dirname, '../../hcc-mappings');
const reference = {
  suspecting: loadSuspecting(root),
  models: new Map((['cms-hcc-v24', 'cms-hcc-v28'] as const).map((id) => [id, loadModel(root, id)])),
};
const cases = readFileSync(path.resolve(import.meta.dirname, '../golden/suspecting-cases.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Case => JSON.parse(line));

describe('laws of the suspect evaluator', () => {
  test('order and repetition of events change nothing, evidence and data issues included', () => {
    const shuffled = fc.constantFrom(...cases).chain((item) =>
      fc
        .tuple(
          fc.shuffledSubarray([...item.patient.events], { minLength: item.patient.events.length }),
          fc.subarray([...item.patient.events]),
        )
        .map(([events, repeats]) => ({
          item,
          other: { ...item, patient: { ...item.patient, events: [...repeats, ...events] } },
        })),
    );
    fc.assert(
      fc.property(shuffled, ({ item, other }) => {
        expect(evaluateCase(reference, other)).toEqual(evaluateCase(reference, item));
      }),
      { numRuns: 300 },
    );
  });

  test('an event after the evaluation date changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.integer({ min: 0, max: 40 }), (item, pick) => {
        const [event] = item.patient.events.slice(pick % Math.max(1, item.patient.events.length));
        if (event === undefined) return;
        const later = { ...(event as object), date: '2027-03-01' };
        const other = { ...item, patient: { ...item.patient, events: [...item.patient.events, later] } };
        expect(evaluateCase(reference, other)).toEqual(evaluateCase(reference, item));
      }),
      { numRuns: 200 },
    );
  });

  test('any JSON given as a rule file gives rules or errors, never a crash', () => {
    const vocabulary = ruleVocabulary(reference.suspecting);
    const check = (json: unknown): void => {
      const answer: RuleFileResult = parseRuleFile(json, vocabulary);
      if (!answer.ok) expect(answer.errors.length).toBeGreaterThan(0);
    };
    fc.assert(fc.property(fc.jsonValue(), check));
    fc.assert(fc.property(fc.jsonValue(), (json) => check({ rules: [json] })));
  });

  test('any text given as an NDC is read or refused, and a full reading is its own normal form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{3,6}-\d{3,4}(-\d{1,2})?$/)), (text) => {
        const reading = normalizeNdc(text);
        if (!reading.ok || reading.ndc11 === null) return;
        expect(reading.ndc11).toMatch(/^\d{11}$/);
        expect(normalizeNdc(reading.ndc11)).toEqual(reading);
      }),
    );
  });
});
