import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { makeDeleteTasks } from '../../analysis/found-unsupported.ts';
import { policyOf } from '../../analysis/tenant-policy.ts';
import { DEFAULT_LOOKBACK_YEARS } from '../../engine/analysis-contract.ts';
import { analyzeHistory } from '../../engine/analyze.ts';
import { withOverrides } from '../../reference/calendar.ts';
import type { TenantTx } from '../../store/database.ts';
import { loadHistories } from '../../store/histories.ts';
import { getMember } from '../../store/members.ts';
import { lockMembers } from '../../store/reconcile-gaps.ts';
import { addReviewMarks } from '../../store/reviews.ts';
import { currentSettings } from '../../store/tenancy.ts';
import { encounterReview, markFaults } from '../../worklists/review.ts';
import { startClocks, unsupportedHccs, withoutClock } from '../../worklists/unsupported.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { secondReviewPolicy } from '../settings.ts';
import { inTenant, tenantCalendar, today } from '../tenant.ts';

const tags = ['submissions'];
const text = z.string().trim().min(1).max(500);

const reviewSchema = z
  .object({
    memberKey: z.string(),
    encounterId: z.string(),
    dos: z.string(),
    submitted: z.array(
      z.object({
        model: z.string(),
        hcc: z.string(),
        codes: z.array(z.string()),
        mark: z.enum(['supported', 'unsupported', 'not_reviewed']).nullable(),
        reason: z.string().nullable(),
        supportedBy: z.string().nullable(),
        actor: z.string().nullable(),
        at: z.string().nullable(),
      }),
    ),
    complete: z.boolean().describe('no submitted HCC of the encounter is without a mark'),
    unsupported: z
      .array(
        z.object({
          model: z.string(),
          hcc: z.string(),
          paymentYear: z.int(),
          encounterIds: z.array(z.string()),
          identifiedAt: z.string(),
          dueAt: z.string().describe('working deadline of the overpayment clock; not legal advice'),
          gapId: z
            .string()
            .nullable()
            .describe(
              'the delete task that carries it on; null only before the mark that completes the walk',
            ),
        }),
      )
      .describe('HCCs marked unsupported on every record of the service year that submits them'),
  })
  .meta({ id: 'EncounterReview' });

const mark = z
  .strictObject({
    model: z.string().max(40),
    hcc: z.string().max(10),
    mark: z.enum(['supported', 'unsupported', 'not_reviewed']),
    reason: text.nullish(),
    supportedBy: z.string().max(128).nullish().describe('the encounter that supports it instead'),
  })
  .refine(({ mark: given, reason }) => given !== 'not_reviewed' || typeof reason === 'string', {
    path: ['reason'],
    message: 'not_reviewed needs a reason',
  })
  .refine(({ mark: given, supportedBy }) => given === 'supported' || supportedBy == null, {
    path: ['supportedBy'],
    message: 'only what is supported is supported by another encounter',
  });

/**
 * Two-way review: every submitted HCC of a reviewed encounter gets a mark (compliance C-1), and one that no record of
 * its year supports starts the clock of its delete (C-2).
 */
export function registerReviews(v1: Api, deps: ApiDeps): void {
  const encounter = { memberKey: z.uuid(), encounterId: z.string().min(1).max(128) };
  const show = async (
    tx: TenantTx,
    which: { readonly memberKey: string; readonly encounterId: string },
  ): Promise<z.output<typeof reviewSchema>> => {
    const review = await encounterReview(tx, deps.reference, { ...which, asOf: today(deps) });
    if (!review) throw notFound('encounter');
    const calendar = await tenantCalendar(deps, tx);
    const unsupported = await unsupportedHccs(tx, deps.reference, { review, calendar, asOf: today(deps) });
    return {
      ...review,
      submitted: review.submitted.map((item) => ({ ...item, codes: [...item.codes] })),
      unsupported: unsupported.map((item) => ({ ...item, encounterIds: [...item.encounterIds] })),
    };
  };
  v1.post(
    '/reviews/lookup',
    {
      config: { idempotency: 'none' },
      schema: {
        operationId: 'getReview',
        tags,
        summary: "An encounter's submitted HCCs and their marks",
        body: z.strictObject(encounter),
        response: { 200: reviewSchema, ...problems(404) },
      },
    },
    async (request) => {
      const review = await inTenant(deps, request, (tx) => show(tx, request.body));
      touch(request, [review.memberKey]);
      return review;
    },
  );

  v1.post(
    '/reviews',
    {
      schema: {
        operationId: 'markReview',
        tags,
        summary: 'Mark submitted HCCs of an encounter supported, unsupported or not reviewed (with a reason)',
        description:
          'Once every record of the service year that submits an HCC is marked unsupported, its delete task is made, whether an analysis doubted it or not and whatever the state of the year, and moves by mark_unsupported: the clock runs and the deletes wait for approval.',
        body: z.strictObject({ ...encounter, marks: z.array(mark).min(1).max(200) }),
        response: { 200: reviewSchema, ...problems(404, 422) },
      },
    },
    async (request) => {
      const { memberKey, encounterId, marks } = request.body;
      const caller = callerOf(request);
      const { subject: actor } = caller;
      const at = deps.now().toISOString();
      return inTenant(deps, request, async (tx) => {
        if (!(await getMember(tx, memberKey))) throw notFound('encounter');
        touch(request, [memberKey]);
        // Two reviewers who finish a walk at once: the second sees what the first marked.
        await lockMembers(tx, [memberKey]);
        const asOf = today(deps);
        const before = await encounterReview(tx, deps.reference, { memberKey, encounterId, asOf });
        if (!before) throw notFound('encounter');
        const rows = marks.map((given) => ({
          ...given,
          memberKey,
          encounterId,
          reason: given.reason ?? null,
          supportedBy: given.supportedBy ?? null,
          actor,
          at,
        }));
        const [history] = await loadHistories(tx, [memberKey]);
        const faults = history ? markFaults(before, history, rows) : [];
        if (faults.length > 0) {
          throw new ProblemError('unprocessable', 'these marks cannot stand', {
            errors: faults.map(({ index, field, ...fault }) => ({
              pointer: `/marks/${index}/${field}`,
              ...fault,
            })),
          });
        }
        await addReviewMarks(tx, rows);
        const review = await show(tx, { memberKey, encounterId });
        const found = await withoutClock(tx, review.unsupported);
        if (found.length === 0) return review;
        const policy = policyOf((await currentSettings(tx))?.settings);
        const calendar = withOverrides(deps.reference.calendar, policy.calendarOverrides);
        const tasks = await makeDeleteTasks(tx, {
          memberKey,
          findings: found,
          asOf,
          policy,
          at,
          tenantId: caller.tenantId,
          runId: randomUUID(),
          lookbackYears: DEFAULT_LOOKBACK_YEARS,
          calendar,
          analyze: (history, options, identity) => analyzeHistory(deps.reference, history, options, identity),
        });
        await startClocks(tx, deps.reference, tasks, {
          actor,
          role: caller.role,
          calendar,
          at,
          secondReview: secondReviewPolicy(request.settings),
          reasons: new Map(marks.map(({ model, hcc, reason }) => [`${model} ${hcc}`, reason ?? null])),
        });
        return show(tx, { memberKey, encounterId });
      });
    },
  );
}
