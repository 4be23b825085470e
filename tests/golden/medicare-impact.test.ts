import { describe, expect, test } from 'vitest';
import { impactRequest } from '../../src/engine/impact.ts';
import { scoreRequest } from '../../src/engine/score-request.ts';
import worked from './fixtures/raf-worked-examples.json' with { type: 'json' };
import {
  memberOf,
  modelOf,
  person,
  readVectors,
  reference,
  request,
  type Vector,
} from './medicare-vectors.ts';

interface ImpactVector extends Omit<Vector, 'expected'> {
  readonly gaps: readonly { readonly hcc: string; readonly example_diagnosis: string }[];
  readonly expected: {
    readonly base_score: number;
    readonly standalone_delta: Readonly<Record<string, number>>;
    readonly joint_delta: number;
    readonly shapley: Readonly<Record<string, number>>;
  };
}

/**
 * One line was made with the hierarchy order of PY2025 for a case of PY2027 (62, 63 and 202 together); the rule
 * stated beside the vectors, every edge tested on the set before any drop from PY2026, gives another joint value.
 */
const CONTRADICTS_ITS_RULE = new Set(['impact_v28-d-0050']);

function check(vector: ImpactVector, by: 'hcc' | 'diagnoses'): void {
  const answer = impactRequest(reference, {
    ...request({
      model: modelOf(vector),
      paymentYear: vector.payment_year,
      member: memberOf(vector),
      diagnoses: vector.diagnoses,
    }),
    candidates: vector.gaps.map((gap) => ({
      id: gap.hcc,
      diagnoses: by === 'diagnoses' ? [gap.example_diagnosis] : null,
      hcc: by === 'hcc' ? gap.hcc.slice(3) : null,
    })),
  });
  if (!answer.ok) throw new Error(`${vector.id}: ${answer.error.message}`);
  const { result } = answer;
  const byId = (pick: 'standalone' | 'shapley') =>
    Object.fromEntries(result.gaps.map((gap) => [gap.id, gap[pick].raw]));
  expect(
    {
      base: result.baseline.raw,
      joint: result.joint.raw,
      standalone: byId('standalone'),
      shapley: byId('shapley'),
      method: result.method,
    },
    vector.id,
  ).toEqual({
    base: vector.expected.base_score,
    joint: vector.expected.joint_delta,
    standalone: vector.expected.standalone_delta,
    shapley: vector.expected.shapley,
    method: 'exact',
  });
}

describe('V28 impact vectors', () => {
  for (const place of ['own', 'shared'] as const) {
    const vectors = readVectors<ImpactVector>(
      place === 'own' ? 'impact-v28.jsonl' : 'impact_v28.jsonl',
      place,
    );
    for (const by of ['diagnoses', 'hcc'] as const) {
      test.skipIf(vectors === null)(
        `${place}, candidates by ${by}${vectors === null ? ' (skipped: ../shared/golden is not there)' : ''}`,
        () => {
          for (const vector of vectors ?? []) if (!CONTRADICTS_ITS_RULE.has(vector.id)) check(vector, by);
        },
      );
    }
  }
});

const woman = person({ age: 77 });

describe('worked payment examples', () => {
  test.each(worked.cases.filter((entry) => entry.payment_year === 2027 && entry.dx))('$id', (entry) => {
    const answer = scoreRequest(
      reference,
      request({ paymentYear: 2027, member: woman, diagnoses: entry.dx ?? [] }),
    );
    if (!answer.ok) throw new Error(answer.error.message);
    const { result } = answer;
    expect(result.hccs).toEqual(entry.hccs);
    expect(result.rawScore).toBe(Number(entry.raw));
    expect(result.payment?.steps[0]?.value).toBe(Number(entry.normalized));
    expect(result.payment?.score).toBe(Number(entry.payment));
  });

  test('PY2027 full less HCC 226: the score falls by far more than the coefficient', () => {
    const full = worked.cases.find(({ id }) => id === 'PY2027-full')?.dx ?? [];
    const answer = impactRequest(reference, {
      ...request({ paymentYear: 2027, member: woman, diagnoses: full }),
      candidates: [{ id: 'doubtful', hcc: '226', diagnoses: null, action: 'delete' }],
    });
    expect(answer.ok && answer.result.joint).toEqual({ raw: -0.853, payment: -0.744 });
  });

  test.each([
    ['PY2025-base', ['E11.9', 'I50.32']],
    ['PY2025-full', ['E11.9', 'I50.32', 'E11.22', 'J44.9', 'N18.31', 'I48.20']],
  ])('%s: each part normalized and coded with its own factor, weighted, rounded once', (id, diagnoses) => {
    const entry = worked.cases.find((candidate) => candidate.id === id);
    const answer = scoreRequest(reference, request({ paymentYear: 2025, member: woman, diagnoses }));
    if (!answer.ok) throw new Error(answer.error.message);
    const [v28, v24] = answer.result.models ?? [];
    expect([v28?.rawScore, v24?.rawScore]).toEqual([Number(entry?.V28?.raw), Number(entry?.V24?.raw)]);
    expect([v28?.payment?.score, v24?.payment?.score]).toEqual([
      Number(entry?.V28?.coded),
      Number(entry?.V24?.coded),
    ]);
    expect([v28?.blendWeight, v24?.blendWeight]).toEqual([0.67, 0.33]);
    expect(answer.result.payment?.score).toBe(Number(entry?.payment));
  });

  test('attribution of four gaps in payment terms', () => {
    const gaps = { G1: 'E11.22', G2: 'J44.9', G3: 'N18.31', G4: 'I48.20' };
    const answer = impactRequest(reference, {
      ...request({ paymentYear: 2027, member: woman, diagnoses: ['E11.9', 'I50.32'] }),
      candidates: Object.entries(gaps).map(([id, code]) => ({ id, diagnoses: [code], hcc: null })),
      baseRate: { cents: 100_000, currency: 'USD' },
      months: 12,
    });
    if (!answer.ok) throw new Error(answer.error.message);
    const { result } = answer;
    expect(result.joint).toEqual({ raw: 1.126, payment: 0.982 });
    for (const gap of result.gaps) {
      const expected = worked.attribution.gaps[gap.id as keyof typeof gaps];
      expect(gap.standalone.payment).toBe(Number(expected.standalone));
      expect(gap.incremental.payment).toBe(Number(expected.lastIn));
      expect(Number(gap.shapley.payment?.toFixed(4))).toBe(Number(expected.shapley));
    }
    expect(result.dollars?.jointCents).toBe(1_178_400);
  });
});
