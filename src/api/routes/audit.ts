import { z } from 'zod';
import { listAudit, verifyAudit } from '../../store/audit.ts';
import type { Api } from '../api.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { inTenant } from '../tenant.ts';

const tags = ['administration'];

const auditRow = z
  .object({
    seq: z.number(),
    at: z.string(),
    actor: z.string(),
    role: z.string().nullable(),
    action: z.string(),
    resource: z.string(),
    resourceId: z.string().nullable(),
    memberKeys: z.array(z.string()),
    purpose: z.string().nullable(),
    outcome: z.string(),
    requestId: z.string().nullable(),
    sourceAddress: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });

/** The tenant's audit log: reading it, and proving that it is whole. */
export function registerAudit(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/audit',
    {
      schema: {
        operationId: 'listAudit',
        tags,
        summary: "The audit log, latest first; by member: who saw this person's data",
        querystring: z.strictObject({
          ...pageQuery,
          memberKey: z.uuid().optional(),
          actor: z.string().max(200).optional(),
          action: z.string().max(100).optional(),
        }),
        response: { 200: pageOf(auditRow), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, memberKey, actor, action } = request.query;
      const [before] = decodeCursor('audit', cursor) ?? [];
      const rows = await inTenant(deps, request, (tx) =>
        listAudit(tx, {
          before: typeof before === 'number' ? before : null,
          limit: limit + 1,
          ...(memberKey ? { memberKey } : {}),
          ...(actor ? { actor } : {}),
          ...(action ? { action } : {}),
        }),
      );
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      request.touched.rows = items.length;
      return { items, next: last ? encodeCursor('audit', [last.seq]) : null };
    },
  );

  v1.get(
    '/audit/verify',
    {
      schema: {
        operationId: 'verifyAudit',
        tags,
        summary: "Works the tenant's chain of audit entries out again and compares",
        response: {
          200: z.object({
            ok: z.boolean(),
            entries: z.int(),
            seq: z.number().nullable(),
            broken: z.enum(['changed', 'missing', 'cut-off']).nullable(),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const verdict = await inTenant(deps, request, verifyAudit);
      return verdict.ok
        ? { ok: true, entries: verdict.entries, seq: null, broken: null }
        : { ok: false, entries: verdict.entries, seq: verdict.seq, broken: verdict.reason };
    },
  );
}
