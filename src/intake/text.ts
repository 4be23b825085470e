/** Half of a surrogate pair without its other half: valid in a JavaScript string, refused by databases. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const EVERY_LONE_SURROGATE = /\p{Surrogate}/gu;

/** True when a database takes the text as it is: no NUL and no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && !LONE_SURROGATE.test(text);
}

/** The text with NUL and halves of surrogate pairs shown as the replacement character. */
export function storable(text: string): string {
  return isStorable(text)
    ? text
    : text.replaceAll('\u0000', '\ufffd').replace(EVERY_LONE_SURROGATE, '\ufffd');
}
