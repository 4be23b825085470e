/** A piece of a JSON document: an element of its list, or what is left of the document without that list. */
export interface Slice {
  readonly kind: 'element' | 'rest';
  /** Element number from 1; 0 for the rest. */
  readonly ordinal: number;
  /** null: the piece was longer than the limit and not kept. */
  readonly text: string | null;
}

export interface SliceFault {
  readonly kind: 'fault';
  readonly code: 'json_truncated' | 'json_invalid';
  readonly message: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Cuts one JSON document, as its bytes arrive, into the elements of its `entry` list (a Bundle) or of the document
 * itself (a list of resources), and the rest. Only brackets, strings and the keys of the outermost object are looked
 * at; each piece is parsed, and found well-formed or not, by its reader. Holds one piece, at most `maxBytes` long.
 */
export class JsonSlicer {
  readonly #maxBytes: number;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Depth at which elements of the wanted list begin; 0: not inside it. */
  #listDepth = 0;
  #rootIsList = false;
  /** Inside the outermost object: the key being read, or last read. */
  #key: number[] = [];
  #readsKey = false;
  #expectsKey = false;
  #elements = 0;
  #element: Piece | null = null;
  readonly #rest: Piece;
  #ended = false;
  #failed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#rest = new Piece(maxBytes);
  }

  *push(chunk: Uint8Array): Generator<Slice | SliceFault> {
    let from = 0;
    for (let index = 0; index < chunk.length && !this.#failed; index += 1) {
      const byte = chunk[index] ?? 0;
      if (this.#inString) {
        this.#inText(byte);
        continue;
      }
      if (byte === QUOTE) {
        this.#inString = true;
        this.#readsKey = this.#depth === 1 && this.#expectsKey && !this.#rootIsList;
        if (this.#readsKey) this.#key = [];
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (this.#ended) {
          yield this.#fail('json_invalid', 'more than one document stands in the file');
          return;
        }
        if (this.#listDepth > 0 && this.#depth === this.#listDepth) {
          this.#rest.add(chunk.subarray(from, index));
          from = index;
          this.#elements += 1;
          this.#element = new Piece(this.#maxBytes);
        }
        this.#depth += 1;
        this.#open(byte);
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        this.#depth -= 1;
        if (this.#depth < 0) {
          yield this.#fail('json_invalid', 'a bracket closes that was not opened');
          return;
        }
        if (this.#element && this.#depth === this.#listDepth) {
          this.#element.add(chunk.subarray(from, index + 1));
          from = index + 1;
          yield { kind: 'element', ordinal: this.#elements, text: this.#element.text() };
          this.#element = null;
        } else if (this.#depth < this.#listDepth) this.#listDepth = 0;
        if (this.#depth === 0) this.#ended = true;
      } else if (byte === COMMA) {
        if (this.#depth === 1) this.#expectsKey = true;
        // Between elements: left out, so that the rest stays a well-formed document.
        if (this.#listDepth > 0 && this.#depth === this.#listDepth) {
          this.#rest.add(chunk.subarray(from, index));
          from = index + 1;
        }
      } else if (byte === COLON && this.#depth === 1) this.#expectsKey = false;
    }
    (this.#element ?? this.#rest).add(chunk.subarray(from));
  }

  *finish(): Generator<Slice | SliceFault> {
    if (this.#failed) return;
    if (!this.#ended) {
      yield this.#fail('json_truncated', 'the document ends before it is complete');
      return;
    }
    yield { kind: 'rest', ordinal: 0, text: this.#rest.text() };
  }

  #open(byte: number): void {
    if (this.#depth === 1) {
      this.#rootIsList = byte === OPEN_LIST;
      this.#expectsKey = true;
      if (this.#rootIsList) this.#listDepth = 1;
    } else if (this.#depth === 2 && byte === OPEN_LIST && !this.#rootIsList && this.#listDepth === 0) {
      if (String.fromCharCode(...this.#key) === 'entry') this.#listDepth = 2;
    }
  }

  #inText(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      this.#readsKey = false;
      return;
    }
    if (this.#readsKey && this.#key.length < 32) this.#key.push(byte);
  }

  #fail(code: SliceFault['code'], message: string): SliceFault {
    this.#failed = true;
    return { kind: 'fault', code, message };
  }
}

/** Bytes collected up to a limit. */
class Piece {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length > this.#maxBytes) this.#parts = [];
    // A copy: sources may reuse their buffer.
    else this.#parts.push(bytes.slice());
  }

  text(): string | null {
    return this.#length > this.#maxBytes ? null : Buffer.concat(this.#parts).toString('utf8');
  }
}
