import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/**
 * A statement that the database refused. It carries what is safe to log and no more: the database's own messages and
 * details quote the values of the row, which are PHI.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** SQLSTATE, or the code of a network fault. */
  readonly code: string;
  readonly table: string | null;
  readonly constraint: string | null;

  constructor(
    code: string,
    where: { readonly table?: string | undefined; readonly constraint?: string | undefined },
  ) {
    super(`the database refused a statement (${code})`);
    this.code = code;
    this.table = where.table ?? null;
    this.constraint = where.constraint ?? null;
  }
}

/** The error without the values of the statement that it came from; other errors pass as they are. */
export function withoutValues(error: unknown): unknown {
  const fault: unknown = error instanceof DrizzleQueryError ? error.cause : error;
  if (fault instanceof pg.DatabaseError) return new StoreError(fault.code ?? 'unknown', fault);
  if (!(error instanceof DrizzleQueryError)) return error;
  return new StoreError(networkCode(fault), {});
}

/** True when the connection that the error came over is not to be used again (SQLSTATE 08, 57P: it was ended). */
export function breaksConnection(error: unknown): boolean {
  const fault: unknown = error instanceof DrizzleQueryError ? error.cause : error;
  if (fault instanceof pg.DatabaseError) return /^(08|57P)/.test(fault.code ?? '');
  return error instanceof DrizzleQueryError;
}

function networkCode(fault: unknown): string {
  if (!(fault instanceof Error)) return 'unknown';
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.name;
}
