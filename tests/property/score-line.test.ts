import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteSink, textOf } from '../../src/engine/byte-text.ts';
import { isDay, isIsoDate } from '../../src/engine/dates.ts';
import { dotted } from '../../src/engine/icd10.ts';
import { readOrdinaryScoreRequest } from '../../src/engine/read-score-request.ts';
import { lineScorer } from '../../src/engine/score-line.ts';
import { scoreRequest } from '../../src/engine/score-request.ts';
import { scoreRequestText } from '../../src/engine/score-text.ts';
import { parseScoreRequest } from '../../src/intake/json/requests.ts';
import { reference } from '../golden/medicare-vectors.ts';

const scoreLine = lineScorer(reference);
const MODELS = ['cms-hcc-v24', 'cms-hcc-v28', 'cms-hcc-v22', 'rxhcc-v08', 'esrd-v24'] as const;

/** The answer by the bytes of the line; null when it is left to the other way. */
function quick(line: string): string | null {
  // Between other lines, as in a block of a file.
  const bytes = Buffer.from(`]}"\n${line}\n{"id":"next"`);
  const sink = byteSink(8);
  sink.at = 3;
  const from = bytes.indexOf(10) + 1;
  const next = scoreLine(bytes, from, sink);
  if (next < 0) {
    expect(sink.at).toBe(3);
    return null;
  }
  expect(next).toBe(bytes.lastIndexOf(10) + 1);
  return textOf(sink, 3).replace(/\n$/, '');
}

/** The answer by the clear way, or null for a line that is refused. */
function clear(line: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = parseScoreRequest(value);
  if (!parsed.ok) return null;
  const answer = scoreRequest(reference, parsed.request);
  return answer.ok ? JSON.stringify(answer.result) : null;
}

/** Makes member and codes known, as the way through JSON.parse does. */
function learn(line: string): void {
  const request = readOrdinaryScoreRequest(JSON.parse(line));
  if (request !== null) scoreRequestText(reference, request);
}

const billable = reference.codes.billableBelow('', 2025).filter((_, index) => index % 50 === 0);
const arbitraries = new Map(
  MODELS.map((model) => {
    const year = reference.models.get(model)?.years.get(2026) ?? reference.models.get(model)?.years.get(2025);
    const mapped = [...(year?.mapping.keys() ?? [])];
    const edited = mapped.filter((code) => year?.edits.has(code));
    return [
      model,
      fc.oneof(
        { weight: 40, arbitrary: fc.constantFrom(...mapped) },
        { weight: 4, arbitrary: fc.constantFrom(...billable, 'Z0000') },
        { weight: 1, arbitrary: fc.constantFrom(...edited, 'Z0000') },
        { weight: 1, arbitrary: fc.constantFrom('I10', 'Q0K01', 'T8000XA', 'E119', 'N183') },
      ),
    ] as const;
  }),
);
const codesOf = (model: (typeof MODELS)[number]) => arbitraries.get(model) ?? fc.constant('I10');
const spelled = (code: fc.Arbitrary<string>) =>
  code.chain((plain) => fc.constantFrom(plain, dotted(plain), plain.toLowerCase()));
const member = fc.record(
  {
    sex: fc.constantFrom('F', 'M'),
    birthDate: fc.constantFrom(
      '1950-01-01',
      '1948-02-29',
      '1961-12-31',
      '1990-02-01',
      '1931-02-02',
      '1999-05-30',
    ),
    originalEntitlement: fc.constantFrom('0', '1', '2', '3', null),
    currentEntitlement: fc.constantFrom('0', null),
    dualStatus: fc.constantFrom('00', '01', '02', '08', '99', 'NA', null),
    institutional: fc.constantFrom(true, false, null),
    newEnrollee: fc.constantFrom(false, false, false, true),
    lowIncome: fc.boolean(),
    snp: fc.constantFrom('none', 'cSnp', 'dSnp'),
    partD: fc.constantFrom('mapd', 'pdp', 'pace', 'none', null),
    esrd: fc.constant(null),
    metal: fc.constant(null),
    enrollmentMonths: fc.constant(null),
    csr: fc.constant(null),
  },
  { requiredKeys: ['sex', 'birthDate'] },
);
const requestLine = fc
  .constantFrom(...MODELS)
  .chain((model) =>
    fc
      .record(
        {
          id: fc.oneof(fc.constantFrom('case-1', null, 'a "b"', ' x', 'é'), fc.string({ maxLength: 8 })),
          model: fc.constant(model),
          program: fc.constantFrom('ma', 'pace', null),
          paymentYear: fc.constantFrom(2026, 2026, 2026, 2025, 2027),
          member: fc.oneof(
            { weight: 9, arbitrary: member },
            {
              weight: 1,
              arbitrary: fc.constantFrom({ sex: 'F', age: 70 }, { sex: 'M', age: 131 }, {}, null),
            },
          ),
          diagnoses: fc.array(spelled(codesOf(model)), { maxLength: 12 }),
          drugs: fc.constantFrom([], null),
          procedures: fc.constantFrom([], null),
        },
        { requiredKeys: ['model', 'paymentYear', 'member', 'diagnoses'] },
      )
      .chain((fields) =>
        fc.shuffledSubarray(Object.entries(fields), { minLength: Object.keys(fields).length }),
      )
      .chain((entries) =>
        fc.constantFrom(0, 0, 1).map((space) => JSON.stringify(Object.fromEntries(entries), null, space)),
      ),
  )
  .map((text) => text.replaceAll('\n', ' '));

test('a line scored from its bytes is the clear answer, printed', () => {
  let taken = 0;
  fc.assert(
    fc.property(requestLine, (line) => {
      learn(line);
      const answer = quick(line);
      if (answer === null) return;
      taken++;
      expect(answer).toBe(clear(line));
    }),
    { numRuns: 1500 },
  );
  expect(taken).toBeGreaterThan(250);
});

test('a damaged line is left alone, or still means the same', () => {
  const damage = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    put: fc.constantFrom(
      '',
      '"',
      ',',
      '}',
      ']',
      '[',
      '{',
      ':',
      ' ',
      '0',
      '9',
      '\\',
      'null',
      'true',
      '1e2',
      '.5',
      'A',
      '-',
      '\u0000',
      'é',
      '"id":"b",',
    ),
  });
  const wholeLine = requestLine.filter((line) => clear(line) !== null);
  fc.assert(
    fc.property(wholeLine, damage, (line, { at, remove, put }) => {
      learn(line);
      const place = at % line.length;
      const damaged = line.slice(0, place) + put + line.slice(place + remove);
      const answer = quick(damaged);
      if (answer !== null) expect(answer).toBe(clear(damaged));
    }),
    { numRuns: 1500 },
  );
});

test('days of the calendar', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1000, max: 2999 }),
      fc.nat({ max: 13 }),
      fc.nat({ max: 32 }),
      (year, month, day) => {
        const two = (value: number) => String(value).padStart(2, '0');
        expect(isDay(year, month, day)).toBe(isIsoDate(`${year}-${two(month)}-${two(day)}`));
      },
    ),
  );
  expect([isDay(1900, 2, 29), isDay(2000, 2, 29), isDay(1948, 2, 29), isDay(1949, 2, 29)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
