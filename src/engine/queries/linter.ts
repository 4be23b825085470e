import { addDays } from '../dates.ts';
import { finding, marked, type Passage, type QueryFinding, whole } from './findings.ts';
import {
  type AnswerKind,
  indicatorWords,
  type ProviderQuery,
  type QueryIndicator,
  type QueryPolicy,
  type QuerySubject,
  type QueryTables,
} from './query.ts';
import { findPhrases, imperativesAt, phrasesAt, type WordPlace, without } from './words.ts';

export interface LintInput {
  readonly tables: QueryTables;
  readonly query: ProviderQuery;
  readonly subject: QuerySubject;
  readonly policy: QueryPolicy;
}

/**
 * Checks a query, drafted or edited by a person, against CQ-1 to CQ-9, CQ-12 to CQ-14 and C-4 (compliance brief, section
 * 4); empty when it may be sent. CQ-10 and CQ-11 bind what is kept of a query: see `renderQuery` and the store.
 */
export function lintQuery(input: LintInput): readonly QueryFinding[] {
  return [
    ...question(input),
    ...indicators(input),
    ...leading(input),
    ...options(input),
    ...bannedWords(input),
    ...yesNo(input),
    ...priorEncounters(input),
    ...timing(input),
    ...thatNoteOnly(input),
    ...severity(input),
    ...noDefault(input),
  ];
}

function stemOf({ query }: LintInput): readonly Passage[] {
  return [
    ...(query.title === null ? [] : [{ pointer: '/title', text: query.title }]),
    { pointer: '/opening', text: query.opening },
    { pointer: '/question', text: query.question },
  ];
}

function optionPassages({ query }: LintInput): readonly Passage[] {
  return query.options.map((option, index) => ({ pointer: `/options/${index}`, text: option.text }));
}

/** A recorded diagnosis, or a test by its own name. */
function recordsWords({ subject }: LintInput, { type, label }: QueryIndicator): boolean {
  return type === 'diagnosis' || type === 'condition' || subject.testNames.includes(label);
}

/** The stem without the recorded facts it cites: their words are the record's, not the writer's. */
function ownWords(input: LintInput): readonly Passage[] {
  const cited = input.query.indicators.flatMap((indicator) =>
    recordsWords(input, indicator) ? [indicatorWords(indicator), indicator.label] : [],
  );
  return stemOf(input).map(({ pointer, text }) => ({ pointer, text: without(text, cited) }));
}

function question(input: LintInput): QueryFinding[] {
  const { query, tables } = input;
  const found: QueryFinding[] = [];
  if (!query.question.trim().endsWith('?')) {
    const passage = { pointer: '/question', text: query.question };
    found.push(...marked('CQ-1', passage, 'the text must end with a question', whole(query.question)));
  }
  for (const passage of [...ownWords(input), ...optionPassages(input)]) {
    const orders = imperativesAt(passage.text, tables.words.imperatives);
    found.push(...marked('CQ-1', passage, 'the text tells the provider what to do', orders));
  }
  return found;
}

function indicators(input: LintInput): QueryFinding[] {
  const { query } = input;
  const found: QueryFinding[] = [];
  if (query.indicators.length === 0) {
    found.push(
      finding('CQ-2', '/indicators', 'at least one clinical indicator of this patient must be cited'),
    );
  }
  query.indicators.forEach((indicator, index) => {
    const lacking = [
      ...(indicator.label.trim() === '' ? ['label'] : []),
      ...(indicator.sourceRef.trim() === '' ? ['source'] : []),
      ...(indicator.type === 'observation' && indicator.value === null ? ['value'] : []),
    ];
    if (lacking.length > 0) {
      found.push(finding('CQ-2', `/indicators/${index}`, `an indicator needs its ${lacking.join(' and ')}`));
    }
  });
  const known = knownNumbers(input);
  const cited = query.indicators.flatMap((item) => [
    item.label,
    item.sourceRef,
    ...(item.unit !== null && /[a-z]/i.test(item.unit) ? [item.unit] : []),
  ]);
  for (const passage of [...stemOf(input), ...optionPassages(input)]) {
    const strange = numbersAt(without(passage.text, cited)).filter(({ words }) => !known.has(words));
    found.push(...marked('CQ-2', passage, 'a number that no cited indicator carries', strange));
  }
  return found;
}

/** Dates and numbers standing alone; `A1c` and `kg/m2` hold none. */
function numbersAt(text: string): readonly WordPlace[] {
  const dates = matchesOf(text, /\d{4}-\d{2}-\d{2}/g);
  const rest = text.replace(/\d{4}-\d{2}-\d{2}/g, ' '.repeat('yyyy-mm-dd'.length));
  return [...dates, ...matchesOf(rest, /(?<![\w.])\d+(?:\.\d+)?(?![\w])/g)];
}

function matchesOf(text: string, pattern: RegExp): readonly WordPlace[] {
  return [...text.matchAll(pattern)].map(({ 0: words, index }) => ({
    words,
    start: index,
    end: index + words.length,
  }));
}

function knownNumbers({ query }: LintInput): ReadonlySet<string> {
  return new Set([
    ...query.indicators.flatMap((item) => [
      item.date,
      ...(item.value === null ? [] : numbersAt(String(item.value)).map(({ words }) => words)),
    ]),
    ...(query.dateOfService === null ? [] : [query.dateOfService]),
  ]);
}

function leading(input: LintInput): QueryFinding[] {
  const { tables, subject, query } = input;
  const found: QueryFinding[] = [];
  for (const passage of [...stemOf(input), ...optionPassages(input)]) {
    found.push(...marked('CQ-3', passage, 'leading words', phrasesAt(passage.text, tables.words.leading)));
  }
  if (subject.documented) return found;
  for (const passage of ownWords(input)) {
    const message = 'names a condition that is not documented at this encounter';
    found.push(...marked('CQ-3', passage, message, phrasesAt(passage.text, subject.terms)));
  }
  query.indicators.forEach((indicator, index) => {
    if (recordsWords(input, indicator)) return;
    const words = findPhrases(indicator.label, subject.terms);
    if (words.length > 0) {
      found.push(
        finding('CQ-3', `/indicators/${index}`, 'an indicator names the hoped-for condition', words),
      );
    }
  });
  return found;
}

const FIXED: ReadonlySet<AnswerKind> = new Set([
  'present',
  'resolved',
  'in_remission',
  'history_of',
  'never_had',
  'not_clinically_significant',
  'unable_to_determine',
  'other',
  'yes',
  'no',
]);

function options(input: LintInput): QueryFinding[] {
  const { query, subject } = input;
  const found: QueryFinding[] = [];
  const kinds = new Set(query.options.map(({ kind }) => kind));
  const need = (kind: AnswerKind, message: string): void => {
    if (!kinds.has(kind)) found.push(finding('CQ-4', '/options', message));
  };
  if (query.type === 'multiple_choice' || query.type === 'yes_no' || query.options.length > 0) {
    need('other', 'an answer "other" with free text must be offered');
    need('unable_to_determine', 'an answer "unable to determine" must be offered');
  }
  if (query.type !== 'multiple_choice') return found;
  const conditions = query.options.flatMap((option, index) =>
    FIXED.has(option.kind) ? [] : [{ option, index }],
  );
  if (query.indicators.some(({ type }) => type === 'observation')) {
    need('not_clinically_significant', 'an answer "not clinically significant" must be offered');
  }
  if (conditions.length < 2) {
    found.push(
      finding('CQ-4', '/options', 'with fewer than two supported conditions the question is open-ended'),
    );
  }
  for (const { option, index } of conditions) {
    const supported = option.indicators.some((position) => query.indicators[position] !== undefined);
    if (!supported) {
      const passage = { pointer: `/options/${index}`, text: option.text };
      found.push(...marked('CQ-4', passage, 'no cited indicator supports this option', whole(option.text)));
    }
  }
  const texts = conditions.map(({ option }) => option.text);
  const sorted = [...texts].sort((a, b) => compareWords(a, b));
  if (texts.some((text, index) => text !== sorted[index])) {
    found.push(finding('CQ-4', '/options', 'options stand in alphabetical order', sorted));
  }
  const missing = subject.noHccOptions.filter(
    (text) => !query.options.some((option) => option.text.toLowerCase() === text.toLowerCase()),
  );
  if (missing.length > 0) {
    found.push(finding('CQ-4', '/options', 'options that the same indicators support are missing', missing));
  }
  return found;
}

function compareWords(a: string, b: string): number {
  const [lowA, lowB] = [a.toLowerCase(), b.toLowerCase()];
  return lowA < lowB ? -1 : lowA > lowB ? 1 : 0;
}

/** ICD-10-CM-like codes, and HCC numbers, in a text for a provider. */
const CODES = /\b(?:[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})|[A-TV-Z]\d{2}[0-9A-Z]{2,4}|HCC\s*\d+)\b/g;

function bannedWords(input: LintInput): QueryFinding[] {
  const { tables, query } = input;
  const found: QueryFinding[] = [];
  const sources = query.indicators.map((item) => item.sourceRef);
  for (const passage of [...stemOf(input), ...optionPassages(input)]) {
    const own = without(passage.text, sources);
    const { money, pressure } = tables.words;
    const sums = matchesOf(own, /[$€£]\s*\d[\d,.]*/g);
    found.push(
      ...marked('CQ-5', passage, 'words of money, scores, audit or plan', [
        ...phrasesAt(own, money),
        ...sums,
      ]),
      ...marked('CQ-9', passage, 'words that press or compare', phrasesAt(own, pressure)),
      ...marked('CQ-13', passage, 'codes are for coders only', matchesOf(own, CODES)),
    );
  }
  const fields = forbiddenFields(query, tables);
  if (fields.length > 0) found.push(finding('CQ-13', '', 'fields that a provider may not receive', fields));
  return found;
}

/** Names of fields, at any depth, that no payload for a provider may hold (CQ-5, CQ-13). */
export function forbiddenFields(payload: unknown, tables: Pick<QueryTables, 'words'>): readonly string[] {
  const banned = new Set(tables.words.payloadFields.map((name) => name.toLowerCase()));
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        if (banned.has(name.toLowerCase())) found.add(name);
        walk(inner);
      }
    }
  };
  walk(payload);
  return [...found].sort();
}

function yesNo(input: LintInput): QueryFinding[] {
  const { query } = input;
  const kinds = new Set(query.options.map(({ kind }) => kind));
  if (query.type !== 'yes_no') {
    if (!kinds.has('yes') && !kinds.has('no')) return [];
    return [finding('CQ-6', '/options', 'yes and no belong to a yes/no question')];
  }
  const found: QueryFinding[] = [];
  if (query.documentedRef === null || query.documentedRef.encounterId !== query.encounterId) {
    found.push(
      finding(
        'CQ-6',
        '/documentedRef',
        'yes/no may only confirm what this encounter’s record already states',
      ),
    );
  }
  if (!input.subject.documented) {
    found.push(finding('CQ-6', '/type', 'yes/no may not introduce a diagnosis'));
  }
  for (const kind of ['yes', 'no'] as const) {
    if (!kinds.has(kind)) found.push(finding('CQ-12', '/options', `the answer "${kind}" is missing`));
  }
  return found;
}

const RECAPTURE_ANSWERS: readonly AnswerKind[] = [
  'present',
  'resolved',
  'in_remission',
  'history_of',
  'never_had',
];

function priorEncounters(input: LintInput): QueryFinding[] {
  const { query, subject } = input;
  const found: QueryFinding[] = [];
  if (query.priorOnly && query.type !== 'open_ended') {
    found.push(finding('CQ-7', '/type', 'what only earlier encounters hold is asked open-ended'));
  }
  if (query.priorOnly && query.timing === 'retrospective') {
    found.push(finding('CQ-7', '/timing', 'earlier encounters are no ground for a retrospective query'));
  }
  if (subject.gapKind !== 'recapture') return found;
  if (query.timing === 'retrospective') {
    found.push(finding('CQ-7', '/timing', 'a recapture prompt is made before or at the visit'));
  }
  const kinds = new Set(query.options.map(({ kind }) => kind));
  const missing = RECAPTURE_ANSWERS.filter((kind) => !kinds.has(kind));
  if (missing.length > 0) {
    found.push(finding('CQ-7', '/options', 'a recapture prompt offers every status as plainly', missing));
  }
  const dated = query.indicators.some(({ date }) => query.opening.includes(date));
  if (!dated) found.push(finding('CQ-7', '/opening', 'a recapture prompt names what was recorded and when'));
  return found;
}

function timing({ query, policy }: LintInput): QueryFinding[] {
  if (query.timing !== 'retrospective') return [];
  if (query.dateOfService === null) {
    return [finding('CQ-8', '/dateOfService', 'a retrospective query names its date of service')];
  }
  const last = addDays(query.dateOfService, policy.retrospectiveWindowDays);
  if (policy.asOf <= last) return [];
  return [finding('CQ-8', '/dateOfService', `the window for a retrospective query ended on ${last}`, [last])];
}

/** C-4: a query about a past visit clarifies what its own record holds; it never brings a diagnosis in from elsewhere. */
function thatNoteOnly({ query }: LintInput): QueryFinding[] {
  if (query.timing !== 'retrospective') return [];
  return query.indicators.flatMap((indicator, index) => {
    const diagnosis = indicator.type === 'diagnosis' || indicator.type === 'condition';
    if (!diagnosis || (indicator.encounterId !== null && indicator.encounterId === query.encounterId))
      return [];
    const message = 'a retrospective query may cite diagnoses of that visit’s own record only';
    return [finding('C-4', `/indicators/${index}`, message, [indicator.label])];
  });
}

function severity(input: LintInput): QueryFinding[] {
  const { tables, query } = input;
  const found: QueryFinding[] = [];
  for (const passage of ownWords(input)) {
    const message = 'stage, severity and acuity are the provider’s words';
    found.push(...marked('CQ-14', passage, message, phrasesAt(passage.text, tables.words.severity)));
  }
  const graded = optionPassages(input).filter(
    (_passage, index) =>
      query.options[index]?.kind === 'condition' && gradesIn(input, query.options[index].text).length > 0,
  );
  const [only, ...more] = graded;
  if (only !== undefined && more.length === 0) {
    const message = 'one stage or severity alone must not be offered';
    found.push(...marked('CQ-14', only, message, gradesIn(input, only.text)));
  }
  return found;
}

function gradesIn({ tables }: LintInput, text: string): readonly WordPlace[] {
  return phrasesAt(text, tables.words.severity);
}

function noDefault({ query }: LintInput): QueryFinding[] {
  // The type says null; an edited query comes from outside and may say otherwise.
  const chosen: unknown = query.defaultAnswer;
  if (chosen === null || chosen === undefined) return [];
  return [finding('CQ-12', '/defaultAnswer', 'no answer is chosen beforehand')];
}
