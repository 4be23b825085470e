import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/reference/models.ts';
import { evaluateCase, type SuspectReference } from '../../src/reference/suspect-cases.ts';
import { loadSuspecting } from '../../src/reference/suspecting.ts';

interface GoldenCase {
  readonly id: string;
  readonly expected: Readonly<Record<string, string>>;
}

const root = path.resolve(import.meta.dirname, '../../hcc-mappings');
const fixture = path.resolve(import.meta.dirname, 'suspecting-cases.jsonl');
const shared = path.resolve(import.meta.dirname, '../../../shared/domain/suspecting/test_cases.json');
let reference: SuspectReference;

beforeAll(() => {
  reference = {
    suspecting: loadSuspecting(root),
    models: new Map((['cms-hcc-v24', 'cms-hcc-v28'] as const).map((id) => [id, loadModel(root, id)])),
  };
});

function differences(cases: readonly GoldenCase[]): unknown[] {
  return cases.flatMap((item) => {
    const answer = evaluateCase(reference, item);
    const got = answer.ok ? answer.outcomes : answer.errors;
    return JSON.stringify(got) === JSON.stringify(item.expected)
      ? []
      : [{ id: item.id, want: item.expected, got }];
  });
}

describe('suspect rule cases give the outcome of each model', () => {
  test('our own selection', () => {
    const cases = readFileSync(fixture, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): GoldenCase => JSON.parse(line));
    expect(cases.length).toBeGreaterThan(200);
    expect(differences(cases)).toEqual([]);
  });

  test.skipIf(!existsSync(shared))('the whole file of 501 (skipped when ../shared is absent)', () => {
    const { cases } = JSON.parse(readFileSync(shared, 'utf8')) as { cases: GoldenCase[] };
    expect(cases).toHaveLength(501);
    expect(differences(cases)).toEqual([]);
  });
});
