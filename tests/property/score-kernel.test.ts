import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapDiagnoses } from '../../src/engine/diagnoses.ts';
import { dotted, undotted } from '../../src/engine/icd10.ts';
import { kernelOf } from '../../src/engine/kernel.ts';
import { readOrdinaryScoreRequest } from '../../src/engine/read-score-request.ts';
import { prepareScorer } from '../../src/engine/score.ts';
import type { ModelId, ScoreMember } from '../../src/engine/score-contract.ts';
import { scoreRequest } from '../../src/engine/score-request.ts';
import { scoreRequestText } from '../../src/engine/score-text.ts';
import { parseScoreRequest } from '../../src/intake/json/requests.ts';
import { person, reference, request } from '../golden/medicare-vectors.ts';

const YEARS: readonly (readonly [ModelId, number])[] = [
  ['cms-hcc-v22', 2026],
  ['cms-hcc-v24', 2024],
  ['cms-hcc-v24', 2025],
  ['cms-hcc-v28', 2025],
  ['cms-hcc-v28', 2026],
  ['cms-hcc-v28', 2027],
  ['esrd-v21', 2026],
  ['esrd-v24', 2027],
  ['rxhcc-v08', 2026],
  ['rxhcc-v08', 2027],
];

const someMember: fc.Arbitrary<ScoreMember> = fc
  .record({
    sex: fc.constantFrom('F' as const, 'M' as const),
    age: fc.integer({ min: 0, max: 104 }),
    originalEntitlement: fc.constantFrom('0', '1', '2', '3', null),
    dualStatus: fc.constantFrom('00', '01', '02', '09', 'NA', null),
    institutional: fc.boolean(),
    newEnrollee: fc.boolean(),
    snp: fc.constantFrom('none' as const, 'cSnp' as const),
    lowIncome: fc.boolean(),
    partD: fc.constantFrom('mapd' as const, 'pdp' as const, 'pace' as const, null),
    esrd: fc.constantFrom(
      { status: 'dialysis' as const, monthsSinceTransplant: null },
      { status: 'graft' as const, monthsSinceTransplant: 6 },
      { status: 'graft' as const, monthsSinceTransplant: 20 },
      { status: 'transplant' as const, monthsSinceTransplant: 2 },
      null,
    ),
  })
  .map((fields) => person(fields));

function codesOf(id: ModelId, year: number): fc.Arbitrary<string[]> {
  const model = reference.models.get(id)?.years.get(year);
  const mapped = [...(model?.mapping.keys() ?? [])];
  const edited = [...(model?.edits.keys() ?? [])];
  return fc.array(
    fc
      .oneof(
        { weight: 8, arbitrary: fc.constantFrom(...mapped) },
        { weight: 2, arbitrary: fc.constantFrom(...edited, 'Z0000') },
        {
          weight: 1,
          arbitrary: fc.constantFrom('', 'ZZZ', 'E11.A', 'Q0K01', 'G35', 'E11"9', 'U+1F600 \u{1f600}'),
        },
      )
      .chain((code) => fc.constantFrom(code, dotted(code), ` ${code.toLowerCase()}`)),
    { maxLength: 16 },
  );
}

describe.each(YEARS)('%s, payment year %i', (id, paymentYear) => {
  test('the kernel gives the score of the clear path', () => {
    const model = reference.models.get(id);
    fc.assert(
      fc.property(codesOf(id, paymentYear), someMember, (codes, member) => {
        const scorer = model && prepareScorer(model, { paymentYear, member, partD: member.partD });
        fc.pre(scorer?.ok === true);
        if (!scorer?.ok) return;
        const { year, person: who } = scorer.value;
        const clear = scorer.value.score(mapDiagnoses(year, who, codes.map(undotted)).categories.keys());
        expect(kernelOf(scorer.value).rawThousandths(codes)).toBe(clear.rawThousandths);
      }),
      { numRuns: 200 },
    );
  });

  test('the answer as text is the answer as an object, printed', () => {
    fc.assert(
      fc.property(codesOf(id, paymentYear), someMember, fc.option(fc.string()), (diagnoses, member, name) => {
        const asked = request({ id: name, model: id, paymentYear, member, diagnoses });
        const clear = scoreRequest(reference, asked);
        expect(scoreRequestText(reference, asked)).toEqual(
          clear.ok ? { ok: true, text: JSON.stringify(clear.result) } : clear,
        );
      }),
      { numRuns: 200 },
    );
  });
});

test('what the quick reader accepts, the schema accepts with the same result', () => {
  const anything = fc.constantFrom(
    true,
    '',
    'x',
    0,
    1.5,
    -1,
    1999,
    '2026',
    '1950-02-30',
    'é',
    {},
    [],
    ['é', 3],
    null,
  );
  const mostly = <T>(...good: T[]) =>
    fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: anything });
  const member = fc.record(
    {
      sex: mostly('F', 'M'),
      birthDate: mostly('1950-01-01', '1950-12-31', '1948-02-28'),
      age: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: mostly(70, 130) }),
      originalEntitlement: mostly('0', '3'),
      dualStatus: mostly('00', 'NA'),
      institutional: mostly(true, false),
      snp: mostly('cSnp', 'none'),
      partD: mostly('mapd', 'none'),
      metal: mostly(null),
      esrd: mostly(null, { status: 'graft', monthsSinceTransplant: 5 }, { status: 'dialysis' }),
    },
    { requiredKeys: ['sex', 'birthDate'] },
  );
  const whole = fc
    .record(
      {
        id: fc.oneof({ weight: 3, arbitrary: fc.constant('case-1') }, { weight: 1, arbitrary: fc.string() }),
        model: mostly('cms-hcc-v28', 'esrd-v24'),
        program: mostly('ma', 'pace'),
        paymentYear: mostly(2026, 2027),
        member: fc.oneof({ weight: 30, arbitrary: member }, { weight: 1, arbitrary: anything }),
        diagnoses: mostly(['E11.9', 'i50.22'], []),
        drugs: mostly([], null),
      },
      { requiredKeys: ['paymentYear', 'member'] },
    )
    .chain((given) =>
      fc.constantFrom(given, given, given, given, { ...given, benefitYear: 2026 }, { ...given, more: 1 }),
    );
  let accepted = 0;
  fc.assert(
    fc.property(whole, (given) => {
      const quick = readOrdinaryScoreRequest(given);
      if (quick === null) return;
      accepted++;
      const judged = parseScoreRequest(given);
      expect(judged.ok).toBe(true);
      if (judged.ok) expect({ frailty: null, ...quick }).toEqual({ frailty: null, ...judged.request });
    }),
    { numRuns: 3000 },
  );
  expect(accepted).toBeGreaterThan(300);
});
