/** What jobs need of a logger; pino's is one. Ids and counts only: no PHI. */
export interface JobLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const SILENT: JobLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * What may be said about an error in a log or a row: its class and, for a database error, its code. Messages of
 * parsers and databases quote the values they stumbled on, so none is passed on.
 */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  const cause = error.cause instanceof Error ? ` (${faultOf(error.cause)})` : '';
  return `${error.name}${code}${cause}`;
}
