import { z } from 'zod';
import type { Batch } from '../../store/batches.ts';

const count = z.number();
export const BATCH_STATES = ['received', 'reading', 'analyzing', 'completed', 'failed', 'cancelled'] as const;

export const batch = z
  .object({
    batchId: z.string(),
    state: z.enum(BATCH_STATES),
    format: z.string(),
    asOf: z.string(),
    createdBy: z.string(),
    createdAt: z.string(),
    startedAt: z.string().nullable(),
    readAt: z.string().nullable(),
    finishedAt: z.string().nullable(),
    counts: z
      .object({ received: count, accepted: count, rejected: count, duplicates: count, warnings: count })
      .describe('received = accepted + rejected; duplicates are among the accepted'),
    progress: z.object({
      bytesTotal: count,
      bytesRead: count,
      membersTotal: count,
      membersDone: count,
      membersFailed: count,
    }),
    gaps: z.object({ opened: count, closed: count }),
    error: z.string().nullable(),
    links: z.object({ self: z.string(), rejects: z.string() }),
  })
  .meta({ id: 'Batch' });

export const batchDetail = batch
  .extend({
    files: z.array(
      z.object({
        file: z.string(),
        format: z.string(),
        recordType: z.string(),
        received: count,
        accepted: count,
        rejected: count,
        duplicates: count,
        codes: z
          .record(z.string(), count)
          .optional()
          .describe(
            'findings of the file by code, listed or not: unknown codes, assumptions, unresolved drugs',
          ),
        failed: z.boolean().optional().describe('the file could not be read to its end'),
      }),
    ),
    findings: z.array(z.object({ code: z.string(), severity: z.string(), count })),
  })
  .meta({ id: 'BatchReport' });

export const receipt = batch.extend({
  repeated: z.boolean().describe('the same content had been sent before'),
});

export const finding = z
  .object({
    file: z.string(),
    row: z.int().nullable(),
    field: z.string().nullable(),
    code: z.string(),
    severity: z.enum(['error', 'warning']),
    message: z.string(),
    value: z.string().nullable(),
    raw: z.string().nullable(),
  })
  .meta({
    id: 'Finding',
    description: 'A refused record (error), or a remark on one that was taken (warning)',
  });
export const FINDING_COLUMNS = [
  'file',
  'row',
  'field',
  'code',
  'severity',
  'message',
  'value',
  'raw',
] as const;

/** A batch as answers show it; where its files lie is nobody's business. */
export function shownBatch(row: Batch): z.input<typeof batch> {
  return {
    batchId: row.batchId,
    state: row.state,
    format: row.format,
    asOf: row.asOf,
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    readAt: row.readAt,
    finishedAt: row.finishedAt,
    counts: {
      received: row.received,
      accepted: row.accepted,
      rejected: row.rejected,
      duplicates: row.duplicates,
      warnings: row.warnings,
    },
    progress: {
      bytesTotal: row.bytesTotal,
      bytesRead: row.bytesRead,
      membersTotal: row.membersTotal,
      membersDone: row.membersDone,
      membersFailed: row.membersFailed,
    },
    gaps: { opened: row.gapsOpened, closed: row.gapsClosed },
    error: row.error,
    links: { self: `/v1/batches/${row.batchId}`, rejects: `/v1/batches/${row.batchId}/rejects` },
  };
}
