import { type SQL, sql } from 'drizzle-orm';
import type { SystemTx, TenantTx } from './database.ts';

/** Rows of a statement. The type is the caller's word for what the statement selects: keep the two side by side. */
export async function rowsOf<Row>(tx: TenantTx | SystemTx, statement: SQL): Promise<readonly Row[]> {
  const result = await tx.execute(statement);
  // node-postgres types rows as records of unknown values; the statement beside each call fixes their shape.
  return result.rows as unknown as readonly Row[];
}

/** The first row, or undefined. */
export async function rowOf<Row>(tx: TenantTx | SystemTx, statement: SQL): Promise<Row | undefined> {
  return (await rowsOf<Row>(tx, statement))[0];
}

/** One parameter that carries many rows: `jsonb_to_recordset` of it beats a statement per row or per value. */
export function json(value: unknown): SQL {
  return sql`${storableJson(value)}::jsonb`;
}

/**
 * JSON that PostgreSQL can store: it holds neither NUL nor half a surrogate pair, and one such character in one value
 * must not refuse the thousands of rows beside it. They become U+FFFD, the character for what cannot be shown.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/\\u0000|\\ud[89a-f]/.test(text)) return text;
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'string' ? item.replace(/\0|[\ud800-\udfff]/gu, '\ufffd') : item,
  );
}

/** A text array as one parameter. */
export function textArray(values: readonly string[]): SQL {
  return sql`${sql.param([...values])}::text[]`;
}

/** A uuid array as one parameter. */
export function uuidArray(values: readonly string[]): SQL {
  return sql`${sql.param([...values])}::uuid[]`;
}

/** An instant as ISO text in UTC, milliseconds: how every answer shows one. */
export function isoInstant(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
