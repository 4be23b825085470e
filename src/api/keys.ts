import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A key as its owner holds it: `hccgap_<prefix>_<secret>`. Only the prefix and a hash of the secret are stored. */
export interface NewKey {
  /** Shown once, at creation. */
  readonly key: string;
  readonly prefix: string;
  readonly hash: string;
}

const PREFIX_BYTES = 6;
const SECRET_BYTES = 32;
const KEY = /^hccgap_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/**
 * Makes a key from 256 random bits. A plain SHA-256 is enough to store it: unlike a password it cannot be guessed,
 * so a slow hash would only slow every request.
 */
export function createKey(): NewKey {
  const prefix = randomBytes(PREFIX_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { key: `hccgap_${prefix}_${secret}`, prefix, hash: hashOf(secret) };
}

/** Prefix and secret of a key, or null when the text is no key. */
export function parseKey(text: string): { readonly prefix: string; readonly secret: string } | null {
  const match = KEY.exec(text);
  const [, prefix, secret] = match ?? [];
  return prefix === undefined || secret === undefined ? null : { prefix, secret };
}

/** Hex SHA-256 of a secret, as stored. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compares a secret with a stored hash in a time that does not depend on where they differ. */
export function matches(secret: string, storedHash: string): boolean {
  const given = Buffer.from(hashOf(secret), 'hex');
  const stored = Buffer.from(storedHash, 'hex');
  return stored.length === given.length && timingSafeEqual(given, stored);
}
