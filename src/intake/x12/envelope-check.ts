import type { IntakeEvent } from '../../store/records.ts';
import type { FileOutcome } from '../outcome.ts';
import type { IntakeInput, IntakeOptions } from '../parser.ts';
import { type EnvelopeFault, EnvelopeReader, type Place, type Unit } from './envelope.ts';
import type { X12Settings } from './settings.ts';
import { type Token, type TokenFault, X12Tokenizer } from './tokenizer.ts';

/** Faulty units kept; a file with more is refused whole. */
const FAULTS_KEPT = 100_000;

/** What reading the envelope alone said about a file. */
export class EnvelopeCheck {
  readonly #faults: EnvelopeFault[] = [];
  readonly #tokenFaults: { readonly row: number; readonly fault: TokenFault }[] = [];
  readonly #units: Readonly<Record<Unit, Map<number, EnvelopeFault>>> = {
    interchange: new Map(),
    group: new Map(),
    transaction: new Map(),
  };
  readonly #lenient: boolean;
  #shortHeaderRow: number | null = null;
  #overflow = false;
  #noInterchange = false;

  constructor(lenient: boolean) {
    this.#lenient = lenient;
  }

  /** The file is no X12, or its envelope has more faults than are kept: nothing of it is read. */
  get fatal(): boolean {
    return this.#overflow || this.#noInterchange;
  }

  noteToken(token: Token, row: number): void {
    if (token.kind === 'fault') {
      if (token.code === 'x12_no_interchange') this.#noInterchange = true;
      if (this.#tokenFaults.length < FAULTS_KEPT) this.#tokenFaults.push({ row, fault: token });
      else this.#overflow = true;
    } else if (token.shortHeader) this.#shortHeaderRow ??= row;
  }

  note(faults: readonly EnvelopeFault[]): void {
    for (const fault of faults) {
      if (this.#faults.length >= FAULTS_KEPT) {
        this.#overflow = true;
        return;
      }
      this.#faults.push(fault);
      const unit = this.#units[fault.unit];
      if (!unit.has(fault.ordinal)) unit.set(fault.ordinal, fault);
    }
  }

  /** Why what stands at `place` is rejected with its unit; null when it is not. */
  rejection(place: Place): EnvelopeFault | null {
    if (this.#lenient) return null;
    return (
      this.#units.transaction.get(place.transaction) ??
      this.#units.group.get(place.group) ??
      this.#units.interchange.get(place.interchange) ??
      null
    );
  }

  /** The findings about the envelope itself. */
  *events(outcome: FileOutcome): Generator<IntakeEvent> {
    if (this.#overflow) {
      const message = 'the envelope has too many faults; nothing of the file was read';
      yield outcome.error({ row: null, field: null, code: 'envelope_unusable', message });
    }
    for (const { row, fault } of this.#tokenFaults) {
      yield outcome.error({ row, field: null, code: fault.code, message: fault.message });
    }
    if (this.#shortHeaderRow !== null) {
      const message = 'the ISA segment has not its fixed length of 106 characters';
      const fault = { row: this.#shortHeaderRow, field: 'ISA', code: 'isa_length_wrong', message };
      const event = outcome.warn(fault);
      if (event) yield event;
    }
    for (const { row, field, code, unit, ordinal, message, value } of this.#faults) {
      const fault = { row, field, code, value, message: `${unit} ${ordinal}: ${message}` };
      const event = this.#lenient ? outcome.warn(fault) : outcome.error(fault);
      if (event) yield event;
    }
  }
}

/** Reads a file's envelope to its end; `seen` carries the interchanges of the batch so far. */
export async function checkEnvelope(
  input: IntakeInput,
  context: { readonly options: IntakeOptions; readonly settings: X12Settings; readonly seen: Set<string> },
): Promise<EnvelopeCheck> {
  const check = new EnvelopeCheck(context.settings.lenient);
  const envelope = new EnvelopeReader(context.seen);
  const tokenizer = new X12Tokenizer(context.settings.segmentCharacters);
  const take = (token: Token) => {
    if (token.kind === 'segment') envelope.step(token);
    check.noteToken(token, envelope.row);
    if (envelope.faults.length > 0) {
      check.note(envelope.faults);
      envelope.faults = [];
    }
  };
  let bytes = 0;
  for await (const chunk of input.open()) {
    bytes += chunk.byteLength;
    if (bytes > context.options.limits.fileBytes) break;
    for (const token of tokenizer.push(chunk)) take(token);
    if (check.fatal) return check;
  }
  for (const token of tokenizer.finish()) take(token);
  envelope.finish();
  check.note(envelope.faults);
  return check;
}
