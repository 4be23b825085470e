/** ICD-10-CM code as stored: upper-case, no dot, no blanks. Accepts any case, dotted or not. */
export function undotted(code: string): string {
  return code.replace(/[.\s]/g, '').toUpperCase();
}

/** ICD-10-CM code as shown: the dot after the third character. */
export function dotted(code: string): string {
  const plain = undotted(code);
  return plain.length > 3 ? `${plain.slice(0, 3)}.${plain.slice(3)}` : plain;
}
