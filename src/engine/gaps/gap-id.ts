/** What identifies a finding: the same finding is the same id tonight and tomorrow night. */
export interface GapIdentity {
  /** Empty for a stateless analysis. */
  readonly tenant: string;
  /** The stored member's opaque key; in a stateless analysis the `memberId` given. */
  readonly member: string;
  readonly paymentYear: number;
  readonly model: string;
  readonly kind: string;
  readonly hcc: string;
}

/**
 * 128 bits of the identity as 32 hexadecimal digits: four differently seeded 32-bit multiply-xor hashes over the UTF-16
 * units of the parts, each part preceded by its length so that no two identities join to one text. An identifier, not
 * a secret.
 */
export function gapId({ tenant, member, paymentYear, model, kind, hcc }: GapIdentity): string {
  const parts = [tenant, member, String(paymentYear), model, kind, hcc];
  const text = parts.map((part) => `${part.length}:${part}`).join('');
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  let c = 0xc2b2ae35;
  let d = 0x27d4eb2f;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 0x85ebca77) ^ (b >>> 15);
    b = Math.imul(b ^ unit, 0xc2b2ae3d) ^ (c >>> 13);
    c = Math.imul(c ^ unit, 0x165667b1) ^ (d >>> 16);
    d = Math.imul(d ^ unit, 0x9e3779b1) ^ (a >>> 14);
  }
  a = mixed(a + text.length);
  b = mixed(b ^ a);
  c = mixed(c ^ b);
  d = mixed(d ^ c);
  return [mixed(a ^ d), b, c, d].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Finaliser of a 32-bit multiply-xor hash: every input bit reaches every output bit. */
function mixed(word: number): number {
  let value = word;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
