import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { dotted } from '../../engine/icd10.ts';
import type { TenantTx } from '../../store/database.ts';
import { externalIdsOf } from '../../store/members.ts';
import { keepRelease } from '../../store/releases.ts';
import { listSubmissions, moveSubmission, type Submission } from '../../store/reviews.ts';
import { sha256 } from '../../worklists/digest.ts';
import { controlTotals, HOLD_REASONS, releaseApproved } from '../../worklists/release.ts';
import { writeRelease } from '../../worklists/release-files.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import { decodeCursor, encodeCursor, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { isSubstanceUseCode } from '../substance-use.ts';
import { inTenant, tenantCalendar } from '../tenant.ts';
import { versionOf } from '../version.ts';
import { registerReleases } from './releases.ts';
import { registerReviews } from './reviews.ts';

const tags = ['submissions'];
const STATUSES = ['pending', 'approved', 'returned', 'released', 'accepted', 'rejected'] as const;
const text = z.string().trim().min(1).max(500);

const row = z
  .object({
    submissionId: z.string(),
    gapId: z.string(),
    memberKey: z.string(),
    memberId: z.string().nullable(),
    action: z.enum(['add', 'delete']),
    code: z.string(),
    encounterId: z.string(),
    icn: z.string().nullable(),
    dos: z.string(),
    providerNpi: z.string().nullable(),
    status: z.enum(STATUSES),
    evidence: z.record(z.string(), z.unknown()),
    coder: z.string(),
    claimId: z.string().nullable().describe('CLM01 in the file of the release'),
    approver: z.string().nullable(),
    approvedAt: z.string().nullable(),
    releaseId: z.string().nullable(),
    releasedAt: z.string().nullable(),
    response: z.record(z.string(), z.unknown()).nullable(),
    version: z.int(),
    createdAt: z.string(),
  })
  .meta({
    id: 'Submission',
    description: 'One diagnosis to be added or deleted, and what the decision stood on',
  });
const CSV_COLUMNS = [
  'submissionId',
  'claimId',
  'action',
  'memberId',
  'code',
  'dos',
  'encounterId',
  'icn',
  'providerNpi',
  'status',
  'coder',
  'approver',
  'approvedAt',
  'releaseId',
  'releasedAt',
] as const;
const totals = z
  .object({ records: z.int(), adds: z.int(), deletes: z.int(), members: z.int(), sha256: z.string() })
  .meta({ id: 'ControlTotals' });

async function shown(tx: TenantTx, rows: readonly Submission[]) {
  const ids = await externalIdsOf(
    tx,
    rows.map(({ memberKey }) => memberKey),
  );
  return rows.map((item) => ({
    ...item,
    code: dotted(item.code),
    memberId: ids.get(item.memberKey) ?? null,
  }));
}

function noteAll(request: FastifyRequest, rows: readonly { readonly memberKey: string }[]): void {
  touch(
    request,
    rows.map(({ memberKey }) => memberKey),
    rows.length,
  );
}

/** Adds and deletes that people decided: approval, release with control totals, responses. */
export function registerSubmissions(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/submissions',
    {
      schema: {
        operationId: 'listSubmissions',
        tags,
        summary: 'Submissions, latest first, with control totals of the page; CSV by Accept',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...pageQuery,
          status: z.enum(STATUSES).optional(),
          action: z.enum(['add', 'delete']).optional(),
          gapId: z.string().max(100).optional(),
          releaseId: z.uuid().optional(),
        }),
        response: {
          200: z.object({ items: z.array(row), next: z.string().nullable(), controlTotals: totals }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const form = representation(request, ['json', 'csv']);
      const { limit, cursor, status, action, gapId, releaseId } = request.query;
      const [createdAt, id] = decodeCursor('submissions', cursor) ?? [];
      const after = typeof createdAt === 'string' && typeof id === 'string' ? { createdAt, id } : null;
      const filter = {
        ...(status ? { status } : {}),
        ...(action ? { action } : {}),
        ...(gapId ? { gapId } : {}),
        ...(releaseId ? { releaseId } : {}),
      };
      const page = await inTenant(deps, request, async (tx) => {
        const found = await listSubmissions(tx, filter, { limit: limit + 1, after });
        const rows = found.slice(0, limit);
        const last = found.length > limit ? rows.at(-1) : undefined;
        return {
          items: await shown(tx, rows),
          next: last ? encodeCursor('submissions', [last.createdAt, last.submissionId]) : null,
          controlTotals: controlTotals(rows),
        };
      });
      noteAll(request, page.items);
      if (form === 'json') return page;
      const rows = page.items.filter(({ code }) => !(request.hidesSubstanceUse && isSubstanceUseCode(code)));
      await writeAudit(request, reply, deps);
      const { records, adds, deletes, members, sha256 } = page.controlTotals;
      reply.header(
        'x-control-totals',
        `records=${records}, adds=${adds}, deletes=${deletes}, members=${members}`,
      );
      reply.header('x-control-sha256', sha256);
      return sendCsvFile(reply, 'submissions', csvTable(CSV_COLUMNS, rows));
    },
  );

  for (const [to, operationId, summary] of [
    ['approved', 'approveSubmission', 'Approve; not by the coder who decided it'],
    ['returned', 'returnSubmission', 'Give back to the coder'],
  ] as const) {
    v1.post(
      `/submissions/:submissionId/${to === 'approved' ? 'approve' : 'return'}`,
      {
        schema: {
          operationId,
          tags,
          summary,
          params: z.object({ submissionId: z.uuid() }),
          response: { 200: row, ...problems(404, 409, 428) },
        },
      },
      (request) => moveOne(request, deps, { submissionId: request.params.submissionId, to }),
    );
  }

  v1.post(
    '/submissions/:submissionId/response',
    {
      schema: {
        operationId: 'recordResponse',
        tags,
        summary: 'What the receiver said of a released submission',
        params: z.object({ submissionId: z.uuid() }),
        body: z.strictObject({
          outcome: z.enum(['accepted', 'rejected']),
          codes: z.array(text).max(50).default([]),
        }),
        response: { 200: row, ...problems(404, 409, 428) },
      },
    },
    (request) =>
      moveOne(request, deps, {
        submissionId: request.params.submissionId,
        to: request.body.outcome,
        response: { codes: request.body.codes },
      }),
  );

  v1.post(
    '/submissions/release',
    {
      schema: {
        operationId: 'releaseSubmissions',
        tags,
        summary: 'Release what is approved, with control totals; what is held says why',
        body: z.strictObject({ action: z.enum(['add', 'delete']).optional() }).prefault({}),
        response: {
          200: z.object({
            releaseId: z.string().nullable().describe('null: nothing was released'),
            controlTotals: totals,
            file: z.object({ controlNumber: z.int(), claims: z.int(), x12Sha256: z.string() }).nullable(),
            held: z.array(
              z.object({
                submissionId: z.string(),
                reason: z.enum(HOLD_REASONS),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const releaseId = randomUUID();
      const caller = callerOf(request);
      const at = deps.now().toISOString();
      const { submitterId, receiverId, submissionUsage: usage } = request.settings;
      return inTenant(deps, request, async (tx) => {
        const { released, held } = await releaseApproved(tx, deps.reference, {
          actor: caller.subject,
          at,
          calendar: await tenantCalendar(deps, tx),
          releaseId,
          action: request.body.action ?? null,
        });
        request.touched.resourceId = releaseId;
        noteAll(request, released);
        const counts = controlTotals(released);
        if (released.length === 0) return { releaseId: null, controlTotals: counts, held, file: null };
        const file = await writeRelease(tx, released, { submitterId, receiverId, usage, at });
        await keepRelease(tx, {
          releaseId,
          controlNumber: file.controlNumber,
          createdBy: caller.subject,
          createdAt: at,
          totals: { ...counts, claims: file.claims, x12Sha256: sha256(file.x12) },
          csv: csvTable(CSV_COLUMNS, await shown(tx, file.submissions)),
          x12: file.x12,
        });
        return {
          releaseId,
          controlTotals: counts,
          held,
          file: { controlNumber: file.controlNumber, claims: file.claims, x12Sha256: sha256(file.x12) },
        };
      });
    },
  );

  registerReleases(v1, deps);
  registerReviews(v1, deps);
}

async function moveOne(
  request: FastifyRequest,
  deps: ApiDeps,
  move: {
    readonly submissionId: string;
    readonly to: 'approved' | 'returned' | 'accepted' | 'rejected';
    readonly response?: Readonly<Record<string, unknown>>;
  },
) {
  const version = versionOf(request);
  const actor = callerOf(request).subject;
  return inTenant(deps, request, async (tx) => {
    const moved = await moveSubmission(tx, { ...move, version, actor, at: deps.now().toISOString() });
    request.touched.resourceId = move.submissionId;
    if (moved.ok) {
      noteAll(request, [moved.submission]);
      const [one] = await shown(tx, [moved.submission]);
      if (one) return one;
    }
    if (moved.ok || moved.reason === 'not-found') throw notFound('submission');
    if (moved.reason === 'same-person') {
      throw new ProblemError('forbidden', 'somebody other than the coder approves and releases (C-8)');
    }
    throw new ProblemError(
      moved.reason === 'version-conflict' ? 'version-conflict' : 'conflict',
      `the submission is ${moved.submission.status}`,
      { extensions: { current: (await shown(tx, [moved.submission]))[0] } },
    );
  });
}
