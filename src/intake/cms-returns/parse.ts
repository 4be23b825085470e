import type { IntakeEvent } from '../../store/records.ts';
import { readLines } from '../lines.ts';
import { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeOptions, Parser } from '../parser.ts';
import { compactDate } from '../x12/values.ts';
import { field, MAO004, MMR, MOR_J } from './layouts.ts';
import { type Header, type RecordRead, readMao004, readMmr, readMor } from './read-record.ts';

export type ReturnFile = 'mao-004' | 'mmr' | 'mor';

/** Longest line looked at; the layouts are shorter, so a longer one is refused unread. */
const LINE_BYTES = 4_096;

/**
 * Which of CMS's return files a text begins, by the form of its first record; null when it is none that is known.
 * The MOR of other models than V24 is recognised too, and its records are refused one by one.
 */
export function returnFileOf(firstLine: string): ReturnFile | null {
  if (field(firstLine, MAO004.name) === 'MAO-004' && firstLine.charAt(1) === '*') return 'mao-004';
  if (firstLine.length === MMR.length && /^[A-Z]\d{4}(19|20)\d{6}(19|20)\d{4}/.test(firstLine)) return 'mmr';
  const isMor = firstLine.length >= MOR_J.shortest && firstLine.length <= MOR_J.length;
  const header = /^1[A-Z]\d{4}(19|20)\d{6}(19|20)\d{4}/.test(firstLine);
  return isMor && (header || /^[A-Z][0-9A-Z]{11} /.test(firstLine)) ? 'mor' : null;
}

/**
 * A parser of the files CMS returns: MAO-004 (diagnoses allowed), MMR (paid), MOR (model output). One line is held
 * at a time. A record of an unexpected length or type is rejected with its line, never guessed at.
 */
export const parseCmsReturns: Parser = (inputs, options) => parseAll(inputs, options);

async function* parseAll(
  inputs: readonly IntakeInput[],
  options: IntakeOptions,
): AsyncGenerator<IntakeEvent> {
  for (const input of inputs) {
    const outcome = new FileOutcome(input.file, 'cms-return', options.limits);
    yield* parseFile(input, outcome);
    yield* outcome.close();
  }
}

async function* parseFile(input: IntakeInput, outcome: FileOutcome): AsyncGenerator<IntakeEvent> {
  let reader: ReturnReader | null = null;
  for await (const line of readLines(input.open(), LINE_BYTES)) {
    // Names may be in another encoding than UTF-8; each such byte still counts as one character.
    const text = line.ok ? line.text : line.raw;
    if (text.trim() === '') continue;
    if (reader === null) {
      const file = returnFileOf(text);
      if (file === null) {
        const message = 'the first line is of no CMS return file that is known';
        yield outcome.error({ row: line.number, field: null, code: 'cms_return_unknown', message });
        return;
      }
      reader = new ReturnReader(input.file, file, outcome);
    }
    yield* reader.take(text, line.number);
    if (outcome.exhausted) {
      const message = 'too many records were rejected; the rest of the file was not read';
      yield outcome.error({ row: line.number, field: null, code: 'too_many_rejected', message });
      return;
    }
  }
  if (reader) yield* reader.end();
}

const LAYOUTS = { 'mao-004': MAO004, mmr: { ...MMR, shortest: MMR.length }, mor: MOR_J } as const;

class ReturnReader {
  readonly #file: string;
  readonly #kind: ReturnFile;
  readonly #outcome: FileOutcome;
  #header: Header = { contractId: null, runDate: null, month: null };
  #details = 0;
  #trailers = 0;

  constructor(file: string, kind: ReturnFile, outcome: FileOutcome) {
    this.#file = file;
    this.#kind = kind;
    this.#outcome = outcome;
    outcome.expect(kind);
  }

  *take(text: string, row: number): Generator<IntakeEvent> {
    const first = text.charAt(0);
    if (this.#kind === 'mao-004' && first === '0') return;
    if (this.#kind === 'mor' && first === '1') {
      const month = field(text, MOR_J.headerMonth);
      this.#header = {
        contractId: field(text, MOR_J.headerContract),
        runDate: compactDate(field(text, MOR_J.headerRunDate)),
        month: /^\d{6}$/.test(month) ? month : null,
      };
      return;
    }
    const isTrailer = (this.#kind === 'mao-004' && first === '9') || (this.#kind === 'mor' && first === '3');
    if (isTrailer) yield* this.#checkTrailer(text, row);
    else yield* this.#settle(text, row);
  }

  *end(): Generator<IntakeEvent> {
    if (this.#kind === 'mmr' || this.#trailers > 0) return;
    const message = 'the file ends without a trailer: it may be cut off';
    yield this.#outcome.error({ row: null, field: null, code: 'trailer_missing', message });
  }

  *#settle(text: string, row: number): Generator<IntakeEvent> {
    this.#details += 1;
    const layout = LAYOUTS[this.#kind];
    if (text.length < layout.shortest || text.length > layout.length) {
      const message = `a record has ${layout.length} characters, this one ${text.length}`;
      yield this.#outcome.reject(this.#kind, { row, field: null, code: 'record_length', message, raw: text });
      return;
    }
    const read = this.#read(text, row);
    if (!read.ok) {
      const { field: name, code, message, value } = read;
      yield this.#outcome.reject(this.#kind, { row, field: name, code, message, value, raw: text });
      return;
    }
    this.#outcome.accept(this.#kind);
    for (const remark of read.remarks) {
      const event = this.#outcome.warn({ row, ...remark });
      if (event) yield event;
    }
    for (const record of read.records) yield { type: 'record', record };
  }

  #read(text: string, row: number): RecordRead {
    const source = { file: this.#file, row };
    switch (this.#kind) {
      case 'mao-004':
        return readMao004(text, source);
      case 'mor':
        return readMor(text, this.#header, source);
      case 'mmr':
        return readMmr(text, source);
    }
  }

  /** The count of the trailer is of details, or of all records: sources differ. */
  *#checkTrailer(text: string, row: number): Generator<IntakeEvent> {
    this.#trailers += 1;
    const place = this.#kind === 'mao-004' ? MAO004.trailerCount : MOR_J.trailerCount;
    const stated = field(text, place);
    if (Number(stated) === this.#details || Number(stated) === this.#details + 2) return;
    const message = `${this.#details} detail records were read`;
    const fault = {
      row,
      field: `recordCount ${place[0]}-${place[1]}`,
      code: 'record_count_mismatch',
      message,
    };
    const event = this.#outcome.warn({ ...fault, value: stated });
    if (event) yield event;
  }
}
