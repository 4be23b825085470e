import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Kernel, kernelOf } from '../../src/engine/kernel.ts';
import { MOST_HCCS, maskOf } from '../../src/engine/masks.ts';
import { prepareScorer, type Scorer } from '../../src/engine/score.ts';
import type { ScoreMember } from '../../src/engine/score-contract.ts';
import { person, reference } from '../golden/medicare-vectors.ts';

/** Members of every kind that a term of a Medicare model asks about. */
const MEMBERS: readonly ScoreMember[] = cross({
  sex: ['F', 'M'],
  age: [30, 64, 80],
  originalEntitlement: ['0', '1', '2'],
  dualStatus: ['00', '02', '01'],
  institutional: [false, true],
  newEnrollee: [false, true],
  snp: ['none', 'cSnp'],
  lowIncome: [false, true],
  esrd: [
    null,
    { status: 'dialysis', monthsSinceTransplant: null },
    { status: 'transplant', monthsSinceTransplant: 2 },
    { status: 'graft', monthsSinceTransplant: 6 },
  ],
}).map((fields) => person(fields as Partial<ScoreMember>));

function cross(fields: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  return Object.entries(fields).reduce<Record<string, unknown>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

const SCOPES = [...reference.models.values()].flatMap((model) =>
  model.paymentYears.flatMap((paymentYear) =>
    model.sets
      .filter((set) => set.paymentYears.includes(paymentYear))
      .map((set) => ({
        name: `${model.id}, payment year ${paymentYear}, set ${set.id}`,
        model,
        paymentYear,
        set,
      })),
  ),
);

/** By segment: scorers of a few members who differ in what the terms read. */
function scorersBySegment({ model, paymentYear, set }: (typeof SCOPES)[number]): Map<string, Scorer[]> {
  const bySegment = new Map<string, Scorer[]>();
  for (const member of MEMBERS) {
    const scorer = prepareScorer(model, { paymentYear, member, setId: set.id });
    if (!scorer.ok) continue;
    bySegment.set(scorer.value.segment, [...(bySegment.get(scorer.value.segment) ?? []), scorer.value]);
  }
  return bySegment;
}

/** What the kernel says of a set of HCCs, in the words of the clear path. */
function answerOf(kernel: Kernel, hccs: readonly string[]) {
  kernel.state.before.set(maskOf(kernel, hccs));
  const rawThousandths = kernel.settle();
  const left = kernel.hccs.filter((_, at) => ((kernel.state.after[at >> 5] ?? 0) & (1 << (at & 31))) !== 0);
  const { model, program } = kernel.scorer;
  return {
    rawThousandths,
    hccs: left,
    dropped: hccs
      .filter((hcc) => !left.includes(hcc))
      .map((hcc) => {
        const by = kernel.dropperOf(kernel.positions.get(hcc) ?? -1);
        return { hcc, droppedBy: by < MOST_HCCS ? kernel.hccs[by] : model.terms.rules[by - MOST_HCCS]?.name };
      }),
    interactions: program.interactions
      .filter((_, place) => program.usesHccs && kernel.interactionHeld(place))
      .map(({ factor }) => factor.variable),
  };
}

function clearAnswer(scorer: Scorer, hccs: readonly string[]) {
  const { rawThousandths, hccs: left, dropped, factors } = scorer.score(hccs);
  return {
    rawThousandths,
    hccs: left,
    dropped,
    interactions: factors.filter(({ kind }) => kind === 'interaction').map(({ variable }) => variable),
  };
}

describe.each(SCOPES)('$name', (scope) => {
  const bySegment = scorersBySegment(scope);

  test('every segment of the model is met', () => {
    const tables = new Set(scope.set.tables.keys());
    const segments = scope.model.terms.segments.map(({ name }) => name).filter((name) => tables.has(name));
    expect([...bySegment.keys()].filter((name) => tables.has(name)).sort()).toEqual(
      segments.filter((name) => !name.startsWith('TRANSPLANT') || name.endsWith('2M')).sort(),
    );
  });

  test.each([...bySegment.keys()])('segment %s: no HCC, all, any: as the clear path', (segment) => {
    const scorers = bySegment.get(segment) ?? [];
    const all = kernelOf(scorers[0] as Scorer).hccs;
    const few = fc.subarray([...all], { maxLength: 12 });
    const some = fc.oneof({ weight: 3, arbitrary: few }, { weight: 1, arbitrary: fc.subarray([...all]) });
    const sets = fc.oneof(
      { weight: 20, arbitrary: some },
      { weight: 1, arbitrary: fc.constantFrom<string[]>([], [...all]) },
    );
    fc.assert(
      fc.property(fc.constantFrom(...scorers), sets, (scorer, hccs) => {
        expect(answerOf(kernelOf(scorer), hccs)).toEqual(clearAnswer(scorer, hccs));
      }),
      {
        numRuns: 40,
        examples: scorers.slice(0, 8).flatMap(
          (scorer) =>
            [
              [scorer, []],
              [scorer, [...all]],
            ] as [Scorer, string[]][],
        ),
      },
    );
  });
});
