import type { IntakeEvent } from '../../store/records.ts';
import { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeOptions, Parser } from '../parser.ts';
import { ClaimIndex } from './claim-records.ts';
import { EnvelopeReader, isReadGuide, isReadSet, type Place } from './envelope.ts';
import { checkEnvelope, type EnvelopeCheck } from './envelope-check.ts';
import { STRICT, type X12Settings } from './settings.ts';
import { type Segment, type Token, X12Tokenizer } from './tokenizer.ts';
import { type Events, openTransaction, type TransactionReader } from './transaction.ts';

/**
 * A parser of X12 5010: 837P and 837I claims and chart reviews, 834 members, 277CA answers. Each file is read twice:
 * first the envelope alone, because a set whose trailer is wrong must not be taken though the trailer comes last;
 * then the content, one claim or member at a time. Memory is bounded by one claim and the index of claim numbers.
 */
export function x12Parser(settings: Partial<X12Settings> = {}): Parser {
  return (inputs, options) => parseAll(inputs, options, { ...STRICT, ...settings });
}

/** {@link x12Parser} with the strict settings. */
export const parseX12: Parser = x12Parser();

async function* parseAll(
  inputs: readonly IntakeInput[],
  options: IntakeOptions,
  settings: X12Settings,
): AsyncGenerator<IntakeEvent> {
  const claims = new ClaimIndex(options.lookups);
  const seen = new Set<string>();
  for (const input of inputs) {
    const outcome = new FileOutcome(input.file, 'x12', options.limits);
    const check = await checkEnvelope(input, { options, settings, seen });
    yield* check.events(outcome);
    if (!check.fatal) yield* parseFile(input, { options, settings, outcome, claims, check });
    yield* outcome.close();
  }
}

interface FileContext {
  readonly options: IntakeOptions;
  readonly settings: X12Settings;
  readonly outcome: FileOutcome;
  readonly claims: ClaimIndex;
  readonly check: Pick<EnvelopeCheck, 'rejection'>;
}

/** The records of one file, of which the envelope was read already. */
export async function* parseFile(input: IntakeInput, context: FileContext): AsyncGenerator<IntakeEvent> {
  const { outcome, options } = context;
  const tokenizer = new X12Tokenizer(context.settings.segmentCharacters);
  const walk = new SegmentWalk(input.file, context);
  const stop = (code: string, message: string) =>
    outcome.error({ row: walk.row, field: null, code, message });
  let bytes = 0;
  for await (const chunk of input.open()) {
    bytes += chunk.byteLength;
    if (bytes > options.limits.fileBytes) {
      yield stop('file_too_large', `the file is larger than ${options.limits.fileBytes} bytes`);
      return;
    }
    for (const token of tokenizer.push(chunk)) {
      for (const events of walk.take(token)) yield* events instanceof Promise ? await events : events;
      if (outcome.exhausted) {
        yield stop('too_many_rejected', 'too many records were rejected; the rest of the file was not read');
        return;
      }
    }
  }
  for (const token of tokenizer.finish()) {
    for (const events of walk.take(token)) yield* events instanceof Promise ? await events : events;
  }
  for (const events of walk.end()) yield* events instanceof Promise ? await events : events;
}

const NOTHING: readonly Events[] = [];

/** Hands the segments of a file to the reader of the transaction set they stand in. */
class SegmentWalk {
  readonly #file: string;
  readonly #context: FileContext;
  readonly #envelope = new EnvelopeReader();
  #reader: TransactionReader | null = null;
  #sender: readonly string[] = [];
  #unread = '';

  constructor(file: string, context: FileContext) {
    this.#file = file;
    this.#context = context;
  }

  get row(): number {
    return this.#envelope.row;
  }

  take(token: Token): readonly Events[] {
    if (token.kind === 'fault') return NOTHING;
    const step = this.#envelope.step(token);
    this.#envelope.faults.length = 0;
    switch (step.kind) {
      case 'body': {
        const events = this.#reader?.read(token, this.row, step.place.position) ?? null;
        return events === null ? NOTHING : [events];
      }
      case 'start':
        return [...this.end(), this.#open(step.place, token)];
      case 'end':
        return this.end();
      default: {
        const [id, , , , , , isa06 = ''] = token.elements;
        if (id === 'ISA') this.#sender = [isa06.trim()];
        else if (id === 'GS') this.#sender = [token.elements[2]?.trim() ?? '', ...this.#sender.slice(-1)];
        else return this.end().concat([this.#stray(id ?? '')]);
        return this.end();
      }
    }
  }

  end(): readonly Events[] {
    const events = this.#reader?.end() ?? null;
    this.#reader = null;
    return events === null ? NOTHING : [events];
  }

  #open(place: Place, token: Segment): readonly IntakeEvent[] {
    const { options, settings, outcome, claims, check } = this.#context;
    if (!isReadSet(place.set)) {
      const message = 'a transaction set of this kind is not read';
      const fault = { row: this.row, field: 'ST01', code: 'x12_set_not_read', message, value: place.set };
      const event = outcome.warn(fault);
      return event ? [event] : [];
    }
    let rejection: { code: string; message: string } | null = null;
    const envelope = check.rejection(place);
    const unsupported = !isReadGuide(place.set, place.guide);
    if (unsupported) {
      const message = 'the implementation guide of this set is not read (5010 is)';
      rejection = { code: 'x12_unsupported_guide', message };
    } else if (envelope) {
      rejection = { code: envelope.code, message: `the ${envelope.unit} is rejected: ${envelope.message}` };
    }
    this.#reader = openTransaction({
      file: this.#file,
      place,
      separators: token.separators,
      options,
      settings,
      outcome,
      claims,
      sender: this.#sender,
      rejection,
    });
    if (!unsupported || this.#unread === `${place.group}`) return [];
    this.#unread = `${place.group}`;
    const fault = { row: this.row, field: 'GS08', value: place.guide };
    return rejection ? [outcome.error({ ...fault, ...rejection })] : [];
  }

  #stray(id: string): readonly IntakeEvent[] {
    if (/^(SE|GE|IEA|TA1)$/.test(id)) return [];
    const message = 'a segment stands outside any transaction set';
    const event = this.#context.outcome.warn({
      row: this.row,
      field: null,
      code: 'segment_outside_set',
      message,
      value: id,
    });
    return event ? [event] : [];
  }
}
