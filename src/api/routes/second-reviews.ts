import { z } from 'zod';
import { WORKFLOW_STATUSES } from '../../store/gaps.ts';
import { listSecondReviews, SECOND_REVIEW_STATES } from '../../store/second-reviews.ts';
import { giveVerdict } from '../../worklists/second-review.ts';
import type { Api } from '../api.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { inTenant } from '../tenant.ts';
import { versionOf } from '../version.ts';

const tags = ['second reviews'];
const row = z
  .object({
    reviewId: z.string(),
    gapId: z.string(),
    memberKey: z.string(),
    gapVersion: z.int().describe('version of the gap that the decision made'),
    toStatus: z.enum(WORKFLOW_STATUSES),
    decision: z.string().nullable().describe('reason code of the decision'),
    coder: z.string(),
    decidedAt: z.string(),
    drawnBy: z.enum(['named', 'new_coder', 'sample']),
    state: z.enum(SECOND_REVIEW_STATES),
    reviewer: z.string().nullable(),
    reviewedAt: z.string().nullable(),
    reviewerComment: z.string().nullable(),
    third: z.string().nullable(),
    thirdAt: z.string().nullable(),
    thirdComment: z.string().nullable(),
    version: z.int(),
  })
  .meta({ id: 'SecondReview', description: 'A decision drawn for a second look, and what was said of it' });

/** Decisions of coders that a second person looks at, and a third when the two disagree. */
export function registerSecondReviews(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/second-reviews',
    {
      schema: {
        operationId: 'listSecondReviews',
        tags,
        summary: 'Decisions drawn for a second look, oldest first',
        querystring: z.strictObject({
          ...pageQuery,
          state: z.enum(SECOND_REVIEW_STATES).optional(),
          gapId: z.string().max(100).optional(),
        }),
        response: { 200: pageOf(row), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, state, gapId } = request.query;
      const [decidedAt, id] = decodeCursor('second-reviews', cursor) ?? [];
      const rows = await inTenant(deps, request, (tx) =>
        listSecondReviews(
          tx,
          { ...(state ? { state } : {}), ...(gapId ? { gapId } : {}) },
          {
            limit: limit + 1,
            after: typeof decidedAt === 'string' && typeof id === 'string' ? { decidedAt, id } : null,
          },
        ),
      );
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      touch(
        request,
        page.map(({ memberKey }) => memberKey),
        page.length,
      );
      return {
        items: page.map(({ reason, ...rest }) => ({ ...rest, decision: reason })),
        next: last ? encodeCursor('second-reviews', [last.decidedAt, last.reviewId]) : null,
      };
    },
  );

  v1.post(
    '/second-reviews/:reviewId/verdict',
    {
      schema: {
        operationId: 'giveVerdict',
        tags,
        summary: 'Agree or disagree as the second person; uphold or overturn as the third',
        description:
          'Nobody judges an own decision, nor twice. A disagreement waits for a third person; a decision that is overturned opens the gap again and returns what it would have sent.',
        params: z.object({ reviewId: z.uuid() }),
        body: z
          .strictObject({
            verdict: z.enum(['agree', 'disagree', 'uphold', 'overturn']),
            comment: z.string().trim().min(1).max(2000).nullish(),
          })
          .refine(({ verdict, comment }) => verdict === 'agree' || typeof comment === 'string', {
            path: ['comment'],
            message: 'say why',
          }),
        response: { 200: row, ...problems(404, 409, 428) },
      },
    },
    async (request) => {
      const { reviewId } = request.params;
      const { verdict, comment } = request.body;
      const caller = callerOf(request);
      const version = versionOf(request);
      request.touched.resourceId = reviewId;
      const outcome = await inTenant(deps, request, (tx) =>
        giveVerdict(tx, {
          reviewId,
          version,
          verdict,
          comment: comment ?? null,
          actor: caller.subject,
          role: caller.role,
          at: deps.now().toISOString(),
        }),
      );
      if (outcome.ok) {
        touch(request, [outcome.review.memberKey]);
        const { reason, ...rest } = outcome.review;
        return { ...rest, decision: reason };
      }
      if (outcome.reason === 'not-found') throw notFound('second review');
      if (outcome.reason === 'same-person') {
        throw new ProblemError('forbidden', 'a decision is judged by people who had no part in it yet');
      }
      throw new ProblemError(
        outcome.reason === 'version-conflict' ? 'version-conflict' : 'conflict',
        `the second review is ${outcome.review.state}`,
      );
    },
  );
}
