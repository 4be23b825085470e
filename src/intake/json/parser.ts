import type { MemberHistory } from '../../engine/history.ts';
import type { IntakeEvent } from '../../store/records.ts';
import { isTooDeep } from '../fhir/json.ts';
import { fingerprint, KeyMap } from '../key-map.ts';
import { readLines } from '../lines.ts';
import { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeLimits, IntakeOptions, Parser } from '../parser.ts';
import { jsonFault } from './fault-place.ts';
import { parseHistory } from './history.ts';
import { historyRecords } from './records.ts';

const FORMAT = 'json-history';
const RECORD_TYPE = 'histories';
/** Texts up to this length are parsed without a look at their depth first. */
const SHALLOW_CHARACTERS = 65_536;
const REPEATED = {
  code: 'history_replaced',
  message: 'takes the place of an earlier history of this member in the batch',
} as const;
/** Findings listed for one refused history. */
const ERRORS_LISTED = 20;

/** A JSON text of the input: a line of NDJSON, or an element of a JSON document. */
interface Item {
  readonly row: number;
  readonly text: string;
  readonly value: unknown;
}
type ParsedHistory = ReturnType<typeof parseHistory>;
interface BrokenItem {
  readonly row: number;
  readonly code: string;
  readonly message: string;
  readonly raw: string;
}

/**
 * Member histories as NDJSON, or as one JSON document (a history or an array of histories) no larger than the line
 * limit. A history that breaks the contract is rejected with one finding a field, and the next line is read.
 */
export const parseJsonHistories: Parser = async function* (inputs, options) {
  const seen = { texts: new KeyMap(0), persons: new KeyMap(3) };
  for (const input of inputs) yield* readFile(input, options, seen);
};

/**
 * What the batch has brought: texts of histories; and by member the birth date as YYYYMMDD, the sex, and a mark of the
 * text that was taken last (0: none yet).
 */
interface Seen {
  readonly texts: KeyMap;
  readonly persons: KeyMap;
}

async function* readFile(
  input: IntakeInput,
  options: IntakeOptions,
  seen: Seen,
): AsyncGenerator<IntakeEvent> {
  const { file } = input;
  const outcome = new FileOutcome(file, FORMAT, options.limits);
  outcome.expect(RECORD_TYPE);
  for await (const item of readItems(input, options.limits)) {
    if (outcome.exhausted) {
      yield outcome.error({
        row: item.row,
        field: null,
        code: 'too_many_errors',
        message: `stopped after ${options.limits.rejectedRows} rejected records`,
      });
      break;
    }
    if ('code' in item) {
      yield outcome.reject(RECORD_TYPE, { ...item, field: null });
      continue;
    }
    if (!seen.texts.set(item.text) && isLatest(item, seen.persons)) {
      outcome.accept(RECORD_TYPE, true);
      continue;
    }
    const parsed = samePerson(parseHistory(item.value), seen.persons);
    if (!parsed.ok) {
      for (const [index, error] of parsed.errors.slice(0, ERRORS_LISTED).entries()) {
        const fault = {
          row: item.row,
          field: error.pointer === '' ? null : error.pointer,
          code: error.code,
          message: error.message,
          value: error.value === undefined ? null : String(error.value),
          raw: item.text,
        };
        yield index === 0 ? outcome.reject(RECORD_TYPE, fault) : outcome.error(fault);
      }
      continue;
    }
    outcome.accept(RECORD_TYPE);
    const { memberId } = parsed.history;
    if (seen.persons.get(memberId, 2) !== 0) {
      const fault = { row: item.row, field: '/memberId', value: memberId, ...REPEATED };
      const event = outcome.warn(fault);
      if (event) yield event;
    }
    const { birth, sex } = personOf(parsed.history);
    seen.persons.set(memberId, birth, sex, latestMark(item.text));
    for (const record of historyRecords(parsed.history, { file, row: item.row })) {
      yield { type: 'record', record };
    }
  }
  yield* outcome.close();
}

/** One member id with two birth dates or sexes may be two persons, so the later history is refused. */
function samePerson(parsed: ParsedHistory, persons: KeyMap): ParsedHistory {
  if (!parsed.ok) return parsed;
  const { memberId, birthDate, sex } = parsed.history;
  const person = personOf(parsed.history);
  const known = persons.get(memberId, 0);
  if (known === undefined) {
    persons.set(memberId, person.birth, person.sex, 0);
    return parsed;
  }
  const contradicts = (pointer: string, value: string) => ({
    pointer,
    code: 'contradiction',
    message: 'an earlier history of this member says otherwise',
    value,
  });
  if (known !== person.birth) return { ok: false, errors: [contradicts('/birthDate', birthDate)] };
  if (persons.get(memberId, 1) === person.sex) return parsed;
  return { ok: false, errors: [contradicts('/sex', sex)] };
}

function personOf({ birthDate, sex }: Pick<MemberHistory, 'birthDate' | 'sex'>) {
  return { birth: Number(birthDate.replaceAll('-', '')), sex: sex === 'M' ? 1 : 2 };
}

/** Never 0. */
function latestMark(text: string): number {
  return (fingerprint(text) | 1) >>> 0;
}

/** A text taken before changes nothing, unless another one of the member came in between: then it holds again. */
function isLatest({ text, value }: Item, persons: KeyMap): boolean {
  const memberId = typeof value === 'object' && value !== null ? Reflect.get(value, 'memberId') : undefined;
  return typeof memberId === 'string' && persons.get(memberId, 2) === latestMark(text);
}

async function* readItems(input: IntakeInput, limits: IntakeLimits): AsyncGenerator<Item | BrokenItem> {
  let document: string[] | null = null;
  let documentLength = 0;
  let first = true;
  /** A first line that is no JSON by itself: broken NDJSON when an object follows, else the start of a document. */
  let held: { readonly row: number; readonly text: string; readonly line: string } | null = null;
  for await (const line of readLines(input.open(), limits.lineBytes)) {
    if (!line.ok) {
      if (held) yield itemOf(held.row, held.text);
      held = null;
      yield { row: line.number, code: line.code, message: line.message, raw: line.raw };
      first = false;
      continue;
    }
    const text = line.text.trim();
    if (text === '') {
      document?.push('');
      continue;
    }
    if (held) {
      if (text.startsWith('{')) yield itemOf(held.row, held.text);
      else {
        document = [held.line];
        documentLength = held.line.length + 1;
      }
      held = null;
    } else if (first && (text === '{' || text.startsWith('['))) document = [];
    if (!document) {
      const item = itemOf(line.number, text);
      if (first && 'code' in item && item.code === 'bad_json' && text.startsWith('{')) {
        held = { row: line.number, text, line: line.text };
      } else yield item;
      first = false;
      continue;
    }
    first = false;
    documentLength += line.text.length + 1;
    if (documentLength > limits.lineBytes) {
      const message = `a JSON document is read up to ${limits.lineBytes} bytes; send one history a line instead`;
      yield { row: line.number, code: 'file_too_large', message, raw: document.join('\n').slice(0, 65_536) };
      return;
    }
    document.push(line.text);
  }
  if (held) yield itemOf(held.row, held.text);
  if (document) yield* documentItems(document.join('\n'));
}

function itemOf(row: number, text: string): Item | BrokenItem {
  if (text.includes('\u0000')) {
    return { row, code: 'nul_byte', message: 'the line contains a NUL byte', raw: text };
  }
  // The runtime's parser takes hundreds of bytes a level; a text this short cannot hold many.
  if (text.length > SHALLOW_CHARACTERS && isTooDeep(text)) {
    return { row, code: 'json_too_deep', message: 'the JSON nests deeper than any history', raw: text };
  }
  try {
    return { row, text, value: JSON.parse(text) as unknown };
  } catch {
    const words = /^[[{]/.test(text) ? `the line is not valid JSON: ${jsonFault(text)}` : NO_OBJECT;
    return { row, code: 'bad_json', message: words, raw: text };
  }
}

const NO_OBJECT = 'the line is not a JSON object';

function* documentItems(text: string): Generator<Item | BrokenItem> {
  const item = itemOf(1, text);
  if ('code' in item) {
    const message = `the file is not valid JSON: ${jsonFault(text)}`;
    yield item.code === 'bad_json' ? { ...item, message } : item;
  } else if (Array.isArray(item.value)) {
    for (const [index, value] of item.value.entries()) {
      yield { row: index + 1, text: stringify(value), value };
    }
  } else {
    yield item;
  }
}

/** Text of an element; one nested deeper than the runtime can print is kept by its first level only. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}
