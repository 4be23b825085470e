import { z } from 'zod';
import { ProblemError } from './problems.ts';

/** Sort keys of the last row of a page. Never a member's id or another identifier of a person (security L-2). */
export type CursorKeys = readonly (string | number | null)[];

const keysSchema = z.array(z.union([z.string().max(200), z.number(), z.null()])).max(6);

/** Opaque text for the place after a row; `list` names the list and its order, so it cannot be used on another. */
export function encodeCursor(list: string, keys: CursorKeys): string {
  return Buffer.from(JSON.stringify([list, ...keys])).toString('base64url');
}

/** Keys of a cursor of this list; throws a `bad-cursor` problem for anything else. */
export function decodeCursor(list: string, cursor: string | undefined): CursorKeys | null {
  if (cursor === undefined) return null;
  try {
    const [name, ...keys] = keysSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (name === list) return keys;
  } catch (cause) {
    throw new ProblemError('bad-cursor', 'the cursor cannot be read', { cause });
  }
  throw new ProblemError('bad-cursor', 'the cursor belongs to another list or order');
}

/** `limit` and `cursor` of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(10_000).default(100).describe('rows of a page'),
  cursor: z.string().max(1000).optional().describe('`next` of the page before'),
};

/** A page of `items`; `next` is null on the last one. */
export function pageOf<T extends z.ZodType>(items: T) {
  return z.object({ items: z.array(items), next: z.string().nullable() });
}
