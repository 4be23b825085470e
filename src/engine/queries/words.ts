/** Words of a text that a rule is about, as the rule names them, and where they stand in it (UTF-16 units). */
export interface WordPlace {
  readonly words: string;
  readonly start: number;
  /** One past the last unit. */
  readonly end: number;
}

/** Phrases of the list that stand in the text as whole words, any case; a plural `s` or possessive counts too. */
export function findPhrases(text: string, phrases: readonly string[]): readonly string[] {
  return [...new Set(phrasesAt(text, phrases).map(({ words }) => words))];
}

/** Every place of the phrases of {@link findPhrases}, phrase by phrase. */
export function phrasesAt(text: string, phrases: readonly string[]): readonly WordPlace[] {
  const plain = normal(text);
  return [...new Set(phrases.map((phrase) => phrase.toLowerCase()))].flatMap((phrase) =>
    occurrences(plain.text, phrase).map((at) => place(plain, phrase, [at, at + phrase.length])),
  );
}

interface Plain {
  readonly text: string;
  /** Where each unit of `text` stands in the original; one more for its end. */
  readonly at: readonly number[];
}

/** Lower case, straight apostrophes, runs of blanks and dashes as one blank. */
function normal(original: string): Plain {
  let text = '';
  const at: number[] = [];
  let from = 0;
  for (const part of original.split(/([\s–—]+)/)) {
    if (/^[\s–—]/.test(part)) {
      text += ' ';
      at.push(from);
    } else {
      // Letter by letter: the lower case of some is longer than they are.
      let within = from;
      for (const letter of part) {
        const low = letter.toLowerCase().replace(/[’‘]/, "'");
        text += low;
        for (let unit = 0; unit < low.length; unit += 1) at.push(within);
        within += letter.length;
      }
    }
    from += part.length;
  }
  at.push(original.length);
  return { text, at };
}

function place({ at }: Plain, words: string, [from, to]: readonly [number, number]): WordPlace {
  return { words, start: at[from] ?? 0, end: at[to] ?? at.at(-1) ?? 0 };
}

function occurrences(text: string, phrase: string): readonly number[] {
  if (phrase === '') return [];
  const found: number[] = [];
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const rest = text.slice(at + phrase.length);
    const ends = /^(?:'?s)?(?![a-z0-9])/.test(rest) || /[^a-z0-9]$/.test(phrase);
    if (!/[a-z0-9]/.test(before) && ends) found.push(at);
  }
  return found;
}

/**
 * Verbs of the list used as orders: at the start of a sentence, or after a word that makes a demand of them (`please
 * add`, `you should code`, `can you document`). The same words as nouns (`on record`) are left alone.
 */
export function imperativesIn(text: string, verbs: readonly string[]): readonly string[] {
  return [...new Set(imperativesAt(text, verbs).map(({ words }) => words))];
}

/** Every place of the verbs of {@link imperativesIn}, verb by verb. */
export function imperativesAt(text: string, verbs: readonly string[]): readonly WordPlace[] {
  const plain = normal(text);
  return verbs.flatMap((verb) => {
    const demand = new RegExp(
      `(?:^|[.!?;:]\\s*|\\b(?:please|kindly|should|must|need to|needs to|to|you|and|or|also|then)\\s+)(${verb})\\b(?!s?\\s+(?:of|shows|holds|states)\\b)`,
      'dg',
    );
    return [...plain.text.matchAll(demand)].flatMap((match) => {
      const range = match.indices?.[1];
      return range === undefined ? [] : [place(plain, verb, range)];
    });
  });
}

/** The text with each cited phrase blanked out, longest first; what is left stands where it stood. */
export function without(text: string, cited: readonly string[]): string {
  return [...cited]
    .filter((phrase) => phrase.trim() !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((rest, phrase) => rest.split(phrase).join(' '.repeat(phrase.length)), text);
}
