/** Words of a text, for showing which ones are at fault. */
export function boundedWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Phrases of the list that stand in the text as whole words, any case; a plural `s` or possessive counts too. */
export function findPhrases(text: string, phrases: readonly string[]): readonly string[] {
  const plain = normal(text);
  return [...new Set(phrases.map((phrase) => phrase.toLowerCase()))].filter((phrase) => holds(plain, phrase));
}

function normal(text: string): string {
  return text
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/[\s–—]+/g, ' ');
}

function holds(text: string, phrase: string): boolean {
  if (phrase === '') return false;
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const rest = text.slice(at + phrase.length);
    const ends = /^(?:'?s)?(?![a-z0-9])/.test(rest) || /[^a-z0-9]$/.test(phrase);
    if (!/[a-z0-9]/.test(before) && ends) return true;
  }
  return false;
}

/**
 * Verbs of the list used as orders: at the start of a sentence, or after a word that makes a demand of them (`please
 * add`, `you should code`, `can you document`). The same words as nouns (`on record`) are left alone.
 */
export function imperativesIn(text: string, verbs: readonly string[]): readonly string[] {
  const plain = normal(text);
  const found: string[] = [];
  for (const verb of verbs) {
    const demand = new RegExp(
      `(?:^|[.!?;:]\\s*|\\b(?:please|kindly|should|must|need to|needs to|to|you|and|or|also|then)\\s+)(?:${verb})\\b(?!s?\\s+(?:of|shows|holds|states)\\b)`,
    );
    if (demand.test(plain)) found.push(verb);
  }
  return found;
}

/** The text with each cited phrase taken out, longest first. */
export function without(text: string, cited: readonly string[]): string {
  return [...cited]
    .filter((phrase) => phrase.trim() !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((rest, phrase) => rest.split(phrase).join(' '), text);
}
