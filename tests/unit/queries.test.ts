import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { draftQuery, querySubject } from '../../src/engine/queries/draft.ts';
import type { QueryFinding } from '../../src/engine/queries/findings.ts';
import { forbiddenFields, lintQuery } from '../../src/engine/queries/linter.ts';
import { type ProviderQuery, type QuerySubject, renderQuery } from '../../src/engine/queries/query.ts';
import { findPhrases, imperativesIn, phrasesAt } from '../../src/engine/queries/words.ts';
import { parseHistory } from '../../src/intake/json/history.ts';
import { loadReference } from '../../src/reference/load.ts';

const reference = loadReference(path.resolve(import.meta.dirname, '../../hcc-mappings'));
const tables = reference.queries;
const policy = { asOf: '2026-11-23', retrospectiveWindowDays: 30 };

const bmi = {
  type: 'observation',
  label: 'BMI',
  value: 41.2,
  unit: 'kg/m2',
  date: '2026-03-04',
  sourceRef: 'vitals',
  encounterId: null,
} as const;

const good: ProviderQuery = {
  templateId: 'suspect',
  templateVersion: '1.0.0',
  type: 'open_ended',
  timing: 'prospective',
  title: null,
  opening: 'BMI 41.2 kg/m2 recorded 2026-03-04 (vitals).',
  question: 'Can you state the clinical significance of the BMI, if any?',
  indicators: [bmi],
  options: [
    { kind: 'condition', text: 'condition: ____', indicators: [0] },
    { kind: 'not_clinically_significant', text: 'not clinically significant', indicators: [] },
    { kind: 'other', text: 'other: ____', indicators: [] },
    { kind: 'unable_to_determine', text: 'unable to determine', indicators: [] },
  ],
  encounterId: null,
  dateOfService: null,
  documentedRef: null,
  priorOnly: false,
  defaultAnswer: null,
};
const subject: QuerySubject = {
  gapKind: 'clinical_suspect',
  terms: ['morbid obesity', 'obesity', 'obese'],
  documented: false,
  testNames: [],
  noHccOptions: [],
};

function lint(change: Partial<ProviderQuery>, about: Partial<QuerySubject> = {}): readonly QueryFinding[] {
  return lintQuery({ tables, query: { ...good, ...change }, subject: { ...subject, ...about }, policy });
}

function rules(change: Partial<ProviderQuery>, about: Partial<QuerySubject> = {}): readonly string[] {
  return [...new Set(lint(change, about).map(({ rule }) => rule))];
}

describe('the linter', () => {
  test('the good example of the brief passes', () => {
    expect(lint({})).toEqual([]);
  });

  test('the bad example fails CQ-1, CQ-3 and CQ-5 and names the words', () => {
    const found = lint({
      opening: 'Patient has BMI 41.2.',
      question: 'Please document morbid obesity (HCC 48) to close the gap.',
    });
    const words = (rule: string) => found.filter((item) => item.rule === rule).flatMap((item) => item.words);
    expect(words('CQ-1')).toContain('document');
    expect(words('CQ-3')).toContain('morbid obesity');
    expect(words('CQ-5')).toEqual(['hcc', 'gap']);
    expect(words('CQ-13')).toEqual(['HCC 48']);
    for (const { places, pointer } of found.filter((item) => item.words.length > 0)) {
      expect(pointer).toBe('/question');
      expect(places.length).toBeGreaterThan(0);
    }
  });

  test.each([
    ['CQ-1', { question: 'State the significance of the BMI.' }],
    ['CQ-1', { question: 'Can you add the condition?' }],
    ['CQ-2', { indicators: [] }],
    ['CQ-2', { opening: 'BMI 43 kg/m2 recorded 2026-03-04 (vitals).' }],
    ['CQ-2', { opening: 'BMI 41.2 kg/m2 recorded 2026-03-05 (vitals).' }],
    ['CQ-2', { indicators: [{ ...bmi, sourceRef: '' }] }],
    ['CQ-3', { title: 'Obesity' }],
    ['CQ-3', { question: 'Is this consistent with a condition you assessed?' }],
    ['CQ-3', { question: 'Does the patient have obesity?' }],
    ['CQ-3', { indicators: [{ ...bmi, label: 'BMI, obese' }] }],
    ['CQ-5', { question: 'What is the significance, given its RAF value?' }],
    ['CQ-5', { question: 'What is the significance? It is worth $1,200, is it not?' }],
    ['CQ-7', { priorOnly: true, type: 'multiple_choice' as const }],
    ['CQ-8', { timing: 'retrospective' as const, dateOfService: '2026-10-23' }],
    ['CQ-9', { opening: 'BMI 41.2 kg/m2 recorded 2026-03-04 (vitals). An answer is overdue.' }],
    ['CQ-12', { defaultAnswer: 'other' as unknown as null }],
    ['CQ-13', { question: 'What is the significance, E66.01 or E66.813?' }],
    ['CQ-14', { question: 'What is the stage, if any?' }],
    ['CQ-14', { question: 'Is there a severe condition, if any?' }],
  ])('%s refuses %o', (rule, change) => {
    expect(rules(change)).toContain(rule);
  });

  test('a retrospective query is in time for 30 days, the last included', () => {
    const change = { timing: 'retrospective', dateOfService: '2026-10-24', encounterId: 'E1' } as const;
    expect(rules(change)).toEqual([]);
    expect(rules({ ...change, dateOfService: '2026-10-23' })).toEqual(['CQ-8']);
  });

  test('C-4: a retrospective query cites diagnoses of that visit only', () => {
    const diagnosis = {
      ...bmi,
      type: 'diagnosis',
      label: 'Obesity, unspecified',
      value: null,
      unit: null,
    } as const;
    const change = { timing: 'retrospective', dateOfService: '2026-11-01', encounterId: 'E1' } as const;
    expect(rules({ ...change, indicators: [bmi, { ...diagnosis, encounterId: 'E1' }] })).toEqual([]);
    expect(rules({ ...change, indicators: [bmi, { ...diagnosis, encounterId: 'E9' }] })).toEqual(['C-4']);
  });

  test('money, tiers and codes may not be fields of a payload either', () => {
    expect(forbiddenFields({ query: { text: 'x', impact: { raf: 1 } }, Tier: 'high' }, tables)).toEqual([
      'Tier',
      'impact',
      'raf',
    ]);
    expect(forbiddenFields(good, tables)).toEqual([]);
  });
});

describe('multiple choice (CQ-4)', () => {
  const choices = (texts: readonly string[], indicators: readonly number[] = [0]) => ({
    type: 'multiple_choice' as const,
    options: [
      ...texts.map((text) => ({ kind: 'condition' as const, text, indicators })),
      ...good.options.slice(1),
    ],
  });

  test('supported options in alphabetical order with the fixed answers pass', () => {
    expect(lint(choices(['Adiposity', 'Normal build']))).toEqual([]);
  });

  test.each([
    ['out of order', choices(['Normal build', 'Adiposity']), {}],
    ['one option only', choices(['Adiposity']), {}],
    ['no indicator behind it', choices(['Adiposity', 'Normal build'], []), {}],
    ['indicator that is not there', choices(['Adiposity', 'Normal build'], [7]), {}],
    [
      'a supported sibling left out',
      choices(['Adiposity', 'Normal build']),
      { noHccOptions: ['Overweight'] },
    ],
    [
      'no "other"',
      { ...choices(['Adiposity', 'Normal build']), options: choices(['A', 'B']).options.slice(0, 3) },
      {},
    ],
  ])('%s is refused', (_name, change, about) => {
    expect(rules(change, about)).toEqual(['CQ-4']);
  });

  test('a severity offered alone is refused (CQ-14)', () => {
    expect(rules(choices(['Adiposity', 'Adiposity, severe']))).toEqual(['CQ-14']);
    expect(rules(choices(['Adiposity, mild', 'Adiposity, severe']))).toEqual([]);
  });
});

describe('yes/no (CQ-6)', () => {
  const yesNo = {
    type: 'yes_no',
    encounterId: 'E1',
    documentedRef: { encounterId: 'E1', locator: 'echo report, page 2' },
    question: 'Is the finding of the report your assessment?',
    options: [
      { kind: 'no', text: 'No', indicators: [] },
      { kind: 'other', text: 'Other: ____', indicators: [] },
      { kind: 'unable_to_determine', text: 'Unable to determine', indicators: [] },
      { kind: 'yes', text: 'Yes', indicators: [] },
    ],
  } satisfies Partial<ProviderQuery>;

  test('only for what this encounter’s record states', () => {
    expect(rules(yesNo, { documented: true })).toEqual([]);
    expect(rules(yesNo)).toEqual(['CQ-6']);
    expect(rules({ ...yesNo, documentedRef: null }, { documented: true })).toEqual(['CQ-6']);
    expect(
      rules({ ...yesNo, documentedRef: { encounterId: 'E0', locator: 'x' } }, { documented: true }),
    ).toEqual(['CQ-6']);
  });

  test('"no" is as easy as "yes"', () => {
    const options = yesNo.options.filter(({ kind }) => kind !== 'no');
    expect(rules({ ...yesNo, options }, { documented: true })).toEqual(['CQ-12']);
  });
});

describe('the places of words at fault', () => {
  const cut = (text: string, finding: QueryFinding | undefined) =>
    (finding?.places ?? []).map(({ start, end }) => text.slice(start, end));

  test('are those of the text as written: case, blanks, dashes and apostrophes of its own', () => {
    const question = 'We believe… is it  consistent–with an Obese patient’s record? Please  ADD it, agree?';
    const found = lint({ question });
    const of = (rule: string, message = '') =>
      cut(
        question,
        found.find((item) => item.rule === rule && item.message.includes(message)),
      );
    expect(of('CQ-1')).toEqual(['ADD']);
    expect(of('CQ-3', 'leading')).toEqual(['We believe', 'consistent–with', 'agree?']);
    expect(of('CQ-3', 'documented')).toEqual(['Obese']);
  });

  test('stand where they stood although cited facts are left out of the search', () => {
    const opening = 'BMI 41.2 kg/m2 recorded 2026-03-04 (vitals). Weight 140 and severe, RAF counts, RAF.';
    const found = lint({ opening });
    expect(
      found.map(({ rule, pointer, ...rest }) => [rule, pointer, cut(opening, { rule, pointer, ...rest })]),
    ).toEqual([
      ['CQ-2', '/opening', ['140']],
      ['CQ-5', '/opening', ['RAF', 'RAF']],
      ['CQ-14', '/opening', ['severe']],
    ]);
  });

  test('of a text that asks nothing are the whole of it; of what is missing there are none', () => {
    const question = 'State the significance of the BMI.';
    expect(cut(question, lint({ question })[0])).toEqual([question]);
    expect(lint({ indicators: [] }).find(({ rule }) => rule === 'CQ-2')?.places).toEqual([]);
  });

  test('hold the words they name, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('must', 'İ', 'ẞ', '–', ' ', 'HCC', 'x', '’s', '\n', 'agree?', '🙂'), {
          maxLength: 12,
        }),
        (parts) => {
          const text = parts.join('');
          for (const { words, start, end } of phrasesAt(text, ['must', 'hcc', 'agree?'])) {
            expect(text.slice(start, end).toLowerCase()).toBe(words);
          }
        },
      ),
    );
  });
});

describe('words', () => {
  test('whole words only, with plural and possessive', () => {
    expect(findPhrases('The RAF and two HCCs', ['raf', 'hccs', 'hcc'])).toEqual(['raf', 'hccs', 'hcc']);
    expect(findPhrases('A giraffe in the graph', ['raf'])).toEqual([]);
    expect(findPhrases("Alzheimer's plan", ["alzheimer's", 'alzheimer'])).toEqual([
      "alzheimer's",
      'alzheimer',
    ]);
  });

  test('an order is found, the noun left alone', () => {
    expect(imperativesIn('On record: BMI 41.', ['record', 'document'])).toEqual([]);
    expect(imperativesIn('The visit was documented.', ['document'])).toEqual([]);
    expect(imperativesIn('Could you please document this?', ['document'])).toEqual(['document']);
    expect(imperativesIn('Add the condition.', ['add'])).toEqual(['add']);
  });
});

describe('drafts from gaps', () => {
  const visit = (encounterId: string, date: string, codes: readonly string[]) => ({
    encounterId,
    from: date,
    setting: 'professional',
    lines: [{ procedure: '99214', modifiers: [], date }],
    diagnoses: codes.map((code) => ({ code })),
  });
  const observation = (code: string, date: string, value: number, unit: string) => ({
    code,
    system: 'loinc',
    date,
    value,
    unit,
    status: 'final',
  });
  const egfr = (date: string, value: number) => observation('33914-3', date, value, 'mL/min/{1.73_m2}');

  function gapsOf(history: Record<string, unknown>) {
    const parsed = parseHistory({
      memberId: 'TEST-Q',
      birthDate: '1950-03-02',
      sex: 'F',
      coverage: [{ program: 'ma', from: '2022-01-01', to: null, dualStatus: '00' }],
      observations: [],
      medications: [],
      procedures: [],
      encounters: [],
      ...history,
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    const outcome = analyzeHistory(reference, parsed.history, {
      paymentYear: 2027,
      asOf: '2026-11-23',
      kinds: null,
      lookbackYears: 2,
    });
    if (!outcome.ok) throw new Error(outcome.error.message);
    return outcome.value.gaps;
  }

  function draftOf(history: Record<string, unknown>, kind: string) {
    const gap = gapsOf(history).find((item) => item.kind === kind);
    if (gap === undefined) throw new Error(`no ${kind} gap`);
    return draftQuery(reference, gap, { asOf: '2026-11-23' });
  }

  test('a suspect: the numbers with date and source, an open question, no condition named', () => {
    const draft = draftOf(
      { observations: [egfr('2026-01-05', 38), egfr('2026-05-25', 40)] },
      'clinical_suspect',
    );
    expect(draft.ok && renderQuery(draft.query)).toBe(
      'On record: Estimated GFR per 1.73 m2 40 mL/min/{1.73_m2} on 2026-05-25 (result); ' +
        'Estimated GFR per 1.73 m2 38 mL/min/{1.73_m2} on 2026-01-05 (result). ' +
        'What is the clinical significance of the kidney function results, if any?\n' +
        '( ) Condition: ____\n( ) Not clinically significant\n( ) Unable to determine\n( ) Other: ____',
    );
  });

  test('a recapture: what was recorded and when, and every status as plainly', () => {
    const draft = draftOf({ encounters: [visit('E1', '2025-03-04', ['I50.22'])] }, 'recapture');
    expect(draft.ok && renderQuery(draft.query)).toBe(
      'Recorded before: Chronic systolic (congestive) heart failure on 2025-03-04 (visit E1). ' +
        'What is its status at this visit?\n( ) Present\n( ) Resolved\n( ) In remission\n' +
        '( ) History of, no longer present\n( ) Never had it\n( ) Other: ____\n( ) Unable to determine',
    );
    expect(draft.ok && draft.query.priorOnly).toBe(true);
  });

  test('a clarification after the window has closed is refused', () => {
    const history = { encounters: [visit('E1', '2026-03-04', ['E11.9', 'N18.31'])] };
    expect(draftOf(history, 'specificity')).toMatchObject({
      ok: false,
      reason: 'refused',
      findings: [{ rule: 'CQ-8' }],
    });
    const recent = { encounters: [visit('E1', '2026-11-04', ['E11.9', 'N18.31'])] };
    const draft = draftOf(recent, 'specificity');
    expect(draft.ok && draft.query.opening).toBe(
      'The record of this visit holds: Chronic kidney disease, stage 3a on 2026-11-04 (visit E1); ' +
        'Type 2 diabetes mellitus without complications on 2026-11-04 (visit E1).',
    );
  });

  test('a leading edit of a draft is refused and its words named', () => {
    const draft = draftOf(
      { observations: [egfr('2026-01-05', 38), egfr('2026-05-25', 40)] },
      'clinical_suspect',
    );
    if (!draft.ok) throw new Error('expected a draft');
    const query = { ...draft.query, question: 'Does the patient have CKD stage 3b, consistent with these?' };
    const found = lintQuery({ tables, query, subject: draft.subject, policy });
    expect(found.map(({ rule, words }) => [rule, words])).toEqual([
      ['CQ-3', ['consistent with']],
      ['CQ-3', ['ckd', 'stage 3b']],
      ['CQ-14', ['stage']],
    ]);
  });

  test('a kind that asks no provider has no template', () => {
    const gap = gapsOf({ encounters: [visit('E1', '2025-03-04', ['I50.22'])] })[0];
    if (gap === undefined) throw new Error('expected a gap');
    const other = { ...gap, kind: 'coded_not_eligible' as const };
    expect(draftQuery(reference, other, { asOf: '2026-11-23' })).toEqual({
      ok: false,
      reason: 'no_template',
      findings: [],
    });
    expect(draftQuery(reference, { ...gap, evidence: [] }, { asOf: '2026-11-23' })).toMatchObject({
      reason: 'no_indicator',
    });
  });

  test('the words of every suspect target are watched for', () => {
    for (const rule of reference.suspecting.rules) {
      for (const { hcc, label } of rule.targets.V28) {
        const candidateCodes = rule.candidates.map(({ code }) => ({ code, description: '', hcc }));
        const gap = {
          kind: 'clinical_suspect',
          hcc,
          model: 'cms-hcc-v28',
          hccLabel: label,
          dosYear: 2026,
          candidateCodes,
          evidence: [],
          encounterLink: null,
        } as const;
        expect(querySubject(reference, gap).terms.length, rule.id).toBeGreaterThan(0);
        expect(tables.conditions.has(hcc), `${rule.id} HCC ${hcc}`).toBe(true);
      }
    }
  });
});

describe('laws', () => {
  test('any edited text gives findings or none, never a crash, and a banned word anywhere is found', () => {
    const word = fc.constantFrom('RAF', 'reimbursement', 'HCC', 'bonus');
    fc.assert(
      fc.property(fc.string(), fc.string(), word, (before, after, banned) => {
        lint({ question: `${before}${after}` });
        expect(rules({ opening: `${before} ${banned} ${after}` })).toContain('CQ-5');
      }),
    );
  });
});
