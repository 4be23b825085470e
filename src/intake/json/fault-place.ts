/** One JSON token where it may stand, but a string: white space, a punctuation mark, a number or a literal. */
const TOKEN = /[ \t\n\r]+|[{}[\],:]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** What may come next: a value, a value or the end of a list, a key, a key or the end of an object, and so on. */
type Wanted = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'end';

/**
 * Position of the first character at which a text stops being JSON; its length when it ends too early; null when it is
 * JSON. The runtime's own message quotes the text, which may name a person, and does not always say where.
 */
export function jsonFaultAt(text: string): number | null {
  const open: ('{' | '[')[] = [];
  let wanted: Wanted = 'value';
  for (let at = 0; ; ) {
    if (at === text.length) return wanted === 'end' ? null : at;
    const first = text[at] ?? '';
    let end = at;
    if (first === '"') {
      const string = endOfString(text, at);
      if (!string.ok) return string.at;
      end = string.at;
    } else {
      TOKEN.lastIndex = at;
      if (!TOKEN.test(text)) return at;
      end = TOKEN.lastIndex;
    }
    if (!/\s/.test(first)) {
      const next = step(first, wanted, open);
      if (next === null) return at;
      wanted = next;
    }
    at = end;
  }
}

/** `line 3, column 14`, both from 1; of a single line `character 14`. */
export function placeIn(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return text.includes('\n') ? `line ${before.length}, column ${column}` : `character ${column}`;
}

/** Where and how a text is no JSON, in words that quote nothing of it. */
export function jsonFault(text: string): string {
  const at = jsonFaultAt(text);
  if (at === null) return 'it is well-formed';
  return at >= text.trimEnd().length ? 'it ends too early' : `unexpected text at ${placeIn(text, at)}`;
}

function step(first: string, wanted: Wanted, open: ('{' | '[')[]): Wanted | null {
  const after = (): Wanted => {
    const inside = open.at(-1);
    if (inside === undefined) return 'end';
    return inside === '{' ? ', or }' : ', or ]';
  };
  if (first === ']' || first === '}') {
    if (!wanted.endsWith(` ${first}`)) return null;
    open.pop();
    return after();
  }
  if (first === ',') {
    if (wanted === ', or ]') return 'value';
    return wanted === ', or }' ? 'key' : null;
  }
  if (first === ':') return wanted === ':' ? 'value' : null;
  if (wanted === 'key' || wanted === 'key or }') return first === '"' ? ':' : null;
  if (wanted !== 'value' && wanted !== 'value or ]') return null;
  if (first === '{' || first === '[') {
    open.push(first);
    return first === '{' ? 'key or }' : 'value or ]';
  }
  return after();
}

/** Behind the closing quote of the string that begins at `from`, or where it stops being a string. */
function endOfString(text: string, from: number): { readonly ok: boolean; readonly at: number } {
  for (let index = from + 1; index < text.length; index += 1) {
    const letter = text[index] ?? '';
    if (letter === '"') return { ok: true, at: index + 1 };
    if (letter < ' ') return { ok: false, at: index };
    if (letter !== '\\') continue;
    ESCAPE.lastIndex = index;
    if (!ESCAPE.test(text)) return { ok: false, at: index };
    index = ESCAPE.lastIndex - 1;
  }
  return { ok: false, at: text.length };
}
