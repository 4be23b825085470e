import { createHash } from 'node:crypto';

/** Key of a clinical row that has no id of its own: the same content is the same row, batch after batch. */
export function contentKey(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}
