/** CMS MBI format: position by position, letters without S, L, O, I, B and Z. */
const MBI =
  /^[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}$/;

/** True for a Medicare Beneficiary Identifier: 11 characters, no dashes, upper case. Its form is all that is checked. */
export function isMbi(text: string): boolean {
  return MBI.test(text);
}

/** The identifier in a text as sent, dashes and case aside; null when it is none. */
export function mbiOf(text: string | null | undefined): string | null {
  const plain = text?.replaceAll('-', '').trim().toUpperCase() ?? '';
  return isMbi(plain) ? plain : null;
}
