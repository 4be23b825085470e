import { z } from 'zod';
import { retentionLimit, retentionPolicyOf } from '../../analysis/retention.ts';
import { getMember } from '../../store/members.ts';
import {
  eraseMember,
  liftHold,
  listErasures,
  listHolds,
  placeHold,
  retentionState,
} from '../../store/retention.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { inTenant, today } from '../tenant.ts';

const tags = ['administration'];
const reason = z.string().trim().min(1).max(500);
const holdRow = z
  .object({
    holdId: z.string(),
    memberKey: z.string().nullable().describe('null: everything of the tenant'),
    reason: z.string(),
    placedBy: z.string(),
    placedAt: z.string(),
    liftedBy: z.string().nullable(),
    liftedAt: z.string().nullable(),
  })
  .meta({ id: 'LegalHold' });
const erasureRow = z
  .object({
    erasureId: z.string(),
    memberKey: z.string(),
    rule: z.string(),
    reason: z.string(),
    erasedBy: z.string(),
    rows: z.int(),
    at: z.string(),
  })
  .meta({ id: 'Erasure', description: 'The certificate of a destruction; no clinical content' });

/** Legal holds, erasure of a member's records and the certificates of it. */
export function registerRetention(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/legal-holds',
    {
      schema: {
        operationId: 'listHolds',
        tags,
        summary: 'Legal holds, lifted ones too',
        response: { 200: z.object({ items: z.array(holdRow) }), ...problems() },
      },
    },
    async (request) => ({ items: [...(await inTenant(deps, request, listHolds))] }),
  );

  v1.post(
    '/legal-holds',
    {
      schema: {
        operationId: 'placeHold',
        tags,
        summary: "Keep a member's records, or all of the tenant's, whatever the retention policy says",
        body: z.strictObject({ memberKey: z.uuid().nullish(), reason }),
        response: { 201: holdRow, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { memberKey } = request.body;
      const hold = await inTenant(deps, request, async (tx) => {
        if (memberKey && !(await getMember(tx, memberKey))) throw notFound('member');
        return placeHold(tx, {
          memberKey: memberKey ?? null,
          reason: request.body.reason,
          placedBy: callerOf(request).subject,
          placedAt: deps.now().toISOString(),
        });
      });
      request.touched.resourceId = hold.holdId;
      if (memberKey) touch(request, [memberKey]);
      return reply.status(201).send(hold);
    },
  );

  v1.post(
    '/legal-holds/:holdId/lift',
    {
      schema: {
        operationId: 'liftHold',
        tags,
        summary: 'Lift a legal hold',
        params: z.object({ holdId: z.uuid() }),
        response: { 200: holdRow, ...problems(404) },
      },
    },
    async (request) => {
      const { holdId } = request.params;
      request.touched.resourceId = holdId;
      const at = deps.now().toISOString();
      const lifted = await inTenant(deps, request, (tx) =>
        liftHold(tx, { holdId, by: callerOf(request).subject, at }),
      );
      if (!lifted) throw notFound('hold');
      return lifted;
    },
  );

  v1.post(
    '/members/:memberKey/erasure',
    {
      schema: {
        operationId: 'eraseMember',
        tags,
        summary: "Destroy a member's records for good; refused under a hold and before the policy allows it",
        description:
          '`expired`: nothing of the member is younger than the retention policy; `not_ours`: the records were received by mistake and nothing was submitted on them; `end_of_contract`: return or destroy. The audit log keeps our opaque key.',
        params: z.object({ memberKey: z.uuid() }),
        body: z.strictObject({ rule: z.enum(['expired', 'not_ours', 'end_of_contract']), reason }),
        response: { 200: z.object({ memberKey: z.string(), rows: z.int() }), ...problems(404, 409) },
      },
    },
    async (request) => {
      const { memberKey } = request.params;
      const { rule } = request.body;
      request.touched.resourceId = memberKey;
      return inTenant(deps, request, async (tx) => {
        const day = today(deps);
        const state = await retentionState(tx, memberKey, day);
        if (!state) throw notFound('member');
        touch(request, [memberKey]);
        if (state.held) throw new ProblemError('conflict', 'a legal hold keeps these records');
        const limit = retentionLimit(day, retentionPolicyOf(request.settings));
        if (rule === 'expired' && (state.lastDay ?? '') >= limit) {
          throw new ProblemError('conflict', `the retention policy keeps what is of ${limit} or later`);
        }
        if (rule === 'not_ours' && state.sent) {
          throw new ProblemError('conflict', 'diagnoses of this member were submitted: delete them first');
        }
        const rows = await eraseMember(tx, {
          memberKey,
          rule,
          reason: request.body.reason,
          by: callerOf(request).subject,
          at: deps.now().toISOString(),
        });
        return { memberKey, rows };
      });
    },
  );

  v1.get(
    '/erasures',
    {
      schema: {
        operationId: 'listErasures',
        tags,
        summary: 'Certificates of destruction',
        response: { 200: z.object({ items: z.array(erasureRow) }), ...problems() },
      },
    },
    async (request) => ({ items: [...(await inTenant(deps, request, listErasures))] }),
  );
}
