/** Separators that an interchange declares in its ISA; each is one ASCII character. */
export interface Separators {
  readonly element: string;
  readonly component: string;
  /** null: ISA11 holds the standards id of 00401 (`U`) or a blank, so nothing repeats. */
  readonly repetition: string | null;
  readonly terminator: string;
}

export interface Segment {
  readonly kind: 'segment';
  /** The identifier (`CLM`) at 0, then the elements, so that `elements[1]` is CLM01. */
  readonly elements: readonly string[];
  readonly text: string;
  readonly separators: Separators;
  /** The ISA had not its fixed 106 characters and was split at its separators. */
  readonly shortHeader: boolean;
}

/** Bytes that are no segment. After `no_interchange` nothing more is read of the input. */
export interface TokenFault {
  readonly kind: 'fault';
  readonly code:
    | 'x12_no_interchange'
    | 'x12_separators_invalid'
    | 'segment_too_long'
    | 'segment_unterminated';
  readonly message: string;
}

export type Token = Segment | TokenFault;

const HEADER_LENGTH = 106;
/** A hand-made ISA may be shorter than 106 characters, never much longer. */
const HEADER_SEARCH = 256;
/** 0-based places of the element separators in a fixed-width ISA. */
const HEADER_PLACES = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];
const FILLER = /[\r\n \t\f\v]/;

/**
 * Splits X12 bytes into segments as they arrive. Separators are read again at every ISA, since each interchange may
 * have its own. Holds at most one chunk and one segment: a segment longer than `maxSegmentLength` characters is
 * reported and skipped to its terminator. Bytes are taken as UTF-8 and, where they are not, as Latin-1.
 */
export class X12Tokenizer {
  readonly #maxSegmentLength: number;
  #text = '';
  #separators: Separators | null = null;
  #shortHeader = false;
  #started = false;
  #skipping = false;
  #dead = false;

  constructor(maxSegmentLength = 65_536) {
    this.#maxSegmentLength = maxSegmentLength;
  }

  *push(chunk: Uint8Array): Generator<Token> {
    if (this.#dead) return;
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    yield* this.#drain(false);
  }

  /** The input is at its end: gives what is left. */
  *finish(): Generator<Token> {
    if (this.#dead) return;
    yield* this.#drain(true);
    if (!this.#started && !this.#dead) yield this.#noInterchange();
  }

  *#drain(atEnd: boolean): Generator<Token> {
    let at = 0;
    const text = this.#text;
    while (!this.#dead) {
      if (!this.#skipping) {
        at = this.#skipFiller(text, at);
        if (at >= text.length) break;
        if (this.#atHeader(text, at)) {
          if (text.length - at < HEADER_SEARCH && !atEnd) break;
          if (!this.#readHeader(text, at)) {
            if (!this.#started) {
              yield this.#noInterchange();
              break;
            }
            yield fault(
              'x12_separators_invalid',
              'the separators of this ISA are missing, equal or alphanumeric',
            );
            this.#separators = null;
          } else {
            this.#started = true;
          }
        } else if (!this.#started) {
          if (text.length - at < 4 && !atEnd) break;
          yield this.#noInterchange();
          break;
        }
      }
      if (this.#separators === null) {
        // Nothing can be split until the next readable ISA.
        const next = text.indexOf('ISA', at + 1);
        if (next === -1) {
          at = Math.max(at, text.length - 2);
          break;
        }
        at = next;
        continue;
      }
      const end = text.indexOf(this.#separators.terminator, at);
      if (end === -1) {
        if (text.length - at > this.#maxSegmentLength) {
          if (!this.#skipping) yield this.#tooLong();
          this.#skipping = true;
          at = text.length;
        }
        break;
      }
      if (this.#skipping) {
        this.#skipping = false;
      } else if (end - at > this.#maxSegmentLength) {
        yield this.#tooLong();
      } else {
        const segment = this.#segment(text.slice(at, end));
        if (segment) yield segment;
      }
      at = end + 1;
    }
    this.#text = this.#dead ? '' : text.slice(at);
    if (atEnd && !this.#dead && this.#separators !== null && this.#text.trim() !== '') {
      const segment = this.#segment(this.#text.trimEnd());
      this.#text = '';
      yield fault('segment_unterminated', 'the input ends inside a segment');
      if (segment) yield segment;
    }
  }

  #skipFiller(text: string, from: number): number {
    let at = from;
    // A byte order mark, as Latin-1 sees it, may stand before the first ISA.
    if (!this.#started && text.startsWith('\u00ef\u00bb\u00bf', at)) at += 3;
    while (at < text.length && FILLER.test(text.charAt(at))) at += 1;
    return at;
  }

  #atHeader(text: string, at: number): boolean {
    return text.startsWith('ISA', at) && isSeparator(text.charAt(at + 3));
  }

  #readHeader(text: string, at: number): boolean {
    const element = text.charAt(at + 3);
    const fixed = HEADER_PLACES.every((place) => text.charAt(at + place) === element);
    let places = HEADER_PLACES.map((place) => at + place);
    if (!fixed || text.charAt(at + 105) === element || text.charAt(at + 104) === element) {
      places = [];
      for (let i = at; i < Math.min(text.length, at + HEADER_SEARCH) && places.length < 16; i += 1) {
        if (text.charAt(i) === element) places.push(i);
      }
      if (places.length < 16) return false;
    }
    const last = places[15] ?? at;
    const component = text.charAt(last + 1);
    const terminator = text.charAt(last + 2);
    const repeated = text.slice((places[10] ?? at) + 1, places[11] ?? at);
    const repetition = repeated.length === 1 && isSeparator(repeated) ? repeated : null;
    const all = [element, component, terminator, ...(repetition === null ? [] : [repetition])];
    if (new Set(all).size < all.length) return false;
    if (!isSeparator(component) || !(isSeparator(terminator) || terminator === '\n' || terminator === '\r')) {
      return false;
    }
    this.#separators = { element, component, repetition, terminator };
    this.#shortHeader = last + 3 - at !== HEADER_LENGTH;
    return true;
  }

  #segment(latin1: string): Segment | null {
    const separators = this.#separators;
    if (separators === null || latin1.trim() === '') return null;
    const text = decoded(latin1);
    return {
      kind: 'segment',
      elements: text.split(separators.element),
      text,
      separators,
      shortHeader: this.#shortHeader,
    };
  }

  #tooLong(): TokenFault {
    return fault('segment_too_long', `a segment is longer than ${this.#maxSegmentLength} characters`);
  }

  #noInterchange(): TokenFault {
    this.#dead = true;
    return fault('x12_no_interchange', 'the input does not begin with a readable ISA segment');
  }
}

function fault(code: TokenFault['code'], message: string): TokenFault {
  return { kind: 'fault', code, message };
}

/** Neither letter, digit, blank, NUL nor line end (rule of the envelope: a separator is none of these). */
function isSeparator(character: string): boolean {
  const point = character.length === 1 ? character.charCodeAt(0) : 0;
  return point > 0 && point < 127 && !/[\sA-Za-z0-9]/.test(character);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(latin1: string): string {
  if (!/[\u0080-\u00ff]/.test(latin1)) return latin1;
  try {
    return utf8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return latin1;
  }
}
