import type { FastifyReply, FastifyRequest } from 'fastify';
import { csvTable } from './csv.ts';
import type { ApiDeps } from './deps.ts';
import { representation, sendCsvFile } from './negotiate.ts';
import { writeAudit } from './plugins/access.ts';

export interface ReportTable<T extends object> {
  /** Of the file, without extension. */
  readonly name: string;
  readonly columns: readonly (keyof T & string)[];
  readonly rows: readonly T[];
}

/** Sends the rows of a report as CSV when Accept asks for it, audited; false when JSON is wanted. */
export async function sentAsCsv<T extends object>(
  deps: ApiDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  table: ReportTable<T>,
): Promise<boolean> {
  request.touched.rows = table.rows.length;
  if (representation(request, ['json', 'csv']) === 'json') return false;
  await writeAudit(request, reply, deps);
  const rows = table.rows.map((row) => ({ ...row }) as Record<string, unknown>);
  sendCsvFile(reply, table.name, csvTable(table.columns, rows));
  return true;
}
