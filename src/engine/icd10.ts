/** ICD-10-CM code as stored: upper-case, no dot, no blanks. Accepts any case, dotted or not. */
export function undotted(code: string): string {
  if (isPlain(code)) return code;
  return code.replace(/[.\s]/g, '').toUpperCase();
}

/** ICD-10-CM code as shown: the dot after the third character. */
export function dotted(code: string): string {
  const plain = undotted(code);
  return plain.length > 3 ? `${plain.slice(0, 3)}.${plain.slice(3)}` : plain;
}

/** True when the text has only digits and capital letters, so that there is nothing to strip or raise. */
function isPlain(code: string): boolean {
  for (let index = 0; index < code.length; index++) {
    const unit = code.charCodeAt(index);
    if (unit < 48 || unit > 90 || (unit > 57 && unit < 65)) return false;
  }
  return true;
}
