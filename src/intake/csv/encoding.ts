import type { IntakeInput } from '../parser.ts';

/** Bytes that a file of Latin-1 text has outside ASCII; 80-9F are control characters there, letters in Windows-1252. */
const FIRST_LETTER = 0xa0;

/**
 * Whether a file that is not UTF-8 is plainly Latin-1 (ISO 8859-1): outside ASCII it has letters of Latin-1 only, and
 * nowhere bytes that make a character of UTF-8. A file that has both was put together of two, and nothing is guessed.
 */
export class FileEncoding {
  readonly #input: IntakeInput;
  #answer: boolean | null = null;

  constructor(input: IntakeInput) {
    this.#input = input;
  }

  /** True once the file was looked through and found to be Latin-1. */
  get foundLatin1(): boolean {
    return this.#answer === true;
  }

  /** Asked when a line is not UTF-8; reads the file to its end once. */
  async isLatin1(): Promise<boolean> {
    this.#answer ??= await isLatin1Text(this.#input.open());
    return this.#answer;
  }
}

async function isLatin1Text(source: AsyncIterable<Uint8Array>): Promise<boolean> {
  let any = false;
  /** Bytes of a character of UTF-8 that would be wanted still. */
  let wanted = 0;
  for await (const chunk of source) {
    for (const byte of chunk) {
      if (byte < 0x80) wanted = 0;
      else if (byte < 0xc0 && wanted > 0) {
        wanted -= 1;
        if (wanted === 0) return false;
      } else if (byte < FIRST_LETTER) return false;
      else {
        any = true;
        wanted = continuations(byte);
      }
    }
  }
  return any;
}

/** How many bytes follow this one in a character of UTF-8; 0: it begins none. */
function continuations(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 0;
  if (byte < 0xe0) return 1;
  return byte < 0xf0 ? 2 : 3;
}
