import { describe, expect, test } from 'vitest';
import { scoreRequest } from '../../src/engine/score-request.ts';
import {
  comparable,
  memberOf,
  modelOf,
  readVectors,
  reference,
  request,
  type Vector,
} from './medicare-vectors.ts';

function check(vector: Vector): void {
  const answer = scoreRequest(
    reference,
    request({
      model: modelOf(vector),
      paymentYear: vector.payment_year,
      member: memberOf(vector),
      diagnoses: vector.diagnoses,
    }),
  );
  if (!answer.ok) throw new Error(`${vector.id}: ${answer.error.message}`);
  const { expected, actual } = comparable(vector, answer.result);
  expect(actual, vector.id).toEqual(expected);
}

describe('Medicare score vectors, own selection', () => {
  const vectors = readVectors('medicare-scores.jsonl', 'own') ?? [];
  test.each(vectors.filter(({ contested }) => !contested).map((vector) => [vector.id, vector] as const))(
    '%s',
    (_id, vector) => check(vector),
  );
});

describe('Medicare score vectors, whole files', () => {
  for (const file of ['cms_hcc_v22', 'cms_hcc_v24', 'cms_hcc_v28', 'esrd_v21', 'esrd_v24', 'rxhcc_v08']) {
    const vectors = readVectors(`${file}.jsonl`, 'shared');
    test.skipIf(vectors === null)(
      `${file}: every uncontested line${vectors === null ? ' (skipped: ../shared/golden is not there)' : ''}`,
      () => {
        for (const vector of vectors ?? []) if (!vector.contested) check(vector);
      },
    );
  }
});
