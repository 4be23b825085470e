import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LINKAGE_GROUPS, LinkageTally } from '../../analytics/chart-review-linkage.ts';
import { yearOf } from '../../engine/dates.ts';
import { dotted } from '../../engine/icd10.ts';
import { LINK_STATES } from '../../engine/linkage.ts';
import type { TenantTx } from '../../store/database.ts';
import { membersWithChartReviews } from '../../store/gap-links.ts';
import { getGap, type StoredGap } from '../../store/gaps.ts';
import { loadHistories } from '../../store/histories.ts';
import { linkGap, needsLink, proposeLinks } from '../../worklists/link-gap.ts';
import { mayView, scopeOf } from '../../worklists/scope.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { storedGap } from '../schemas/gap.ts';
import { inTenant, showGaps, today } from '../tenant.ts';
import { versionOf } from '../version.ts';

const params = z.object({ gapId: z.string().min(1).max(100) });
/** Members whose histories are read at a time for the population figure. */
const CHUNK = 200;
const YEARS_BACK = 2;

const candidate = z
  .object({
    place: z.int().describe('1 is best'),
    encounterId: z.string(),
    icn: z.string().nullable(),
    from: z.string(),
    dos: z.string(),
    providerNpi: z.string().nullable(),
    status: z.enum(['linked', 'link_pending_icn']),
    documentedThere: z.boolean(),
    sameDay: z.boolean(),
    sameProvider: z.boolean(),
    daysApart: z.int().nullable(),
    why: z.array(z.string()),
  })
  .meta({ id: 'LinkCandidate' });

const states = z.object(Object.fromEntries(LINK_STATES.map((state) => [state, z.int()])));

/** Encounter linkage: what could carry an add, a person's choice, and the population's figure. */
export function registerLinks(v1: Api, deps: ApiDeps): void {
  const load = async (tx: TenantTx, request: FastifyRequest, gapId: string): Promise<StoredGap> => {
    const gap = await getGap(tx, gapId);
    if (!gap || !mayView(scopeOf(callerOf(request)), gap)) throw notFound('gap');
    request.touched.resourceId = gapId;
    touch(request, [gap.memberKey]);
    return gap;
  };

  v1.get(
    '/gaps/:gapId/link-candidates',
    {
      schema: {
        operationId: 'getLinkCandidates',
        tags: ['gaps'],
        summary:
          'Eligible encounters of the service year that could carry this add, best first, each with why',
        description:
          'Order: documented there, same day, same provider, nearest date, ICN known. A proposal: nothing is linked until a person chooses.',
        params,
        response: {
          200: z.object({
            gapId: z.string(),
            version: z.int().describe('send it back in If-Match'),
            needsLink: z.boolean(),
            codes: z.array(z.string()),
            dosYear: z.int(),
            dos: z.string().nullable().describe('date that the finding states; null: not documented yet'),
            chosen: storedGap.shape.chosenLink,
            chosenStillEligible: z.boolean().nullable(),
            items: z.array(candidate),
          }),
          ...problems(404),
        },
      },
    },
    (request, reply) =>
      inTenant(deps, request, async (tx) => {
        const gap = await load(tx, request, request.params.gapId);
        const { subject, candidates, chosenStillEligible } = await proposeLinks(tx, deps.reference, {
          gap,
          asOf: today(deps),
        });
        const needed = needsLink(gap);
        reply.header('etag', `"${gap.version}"`);
        return {
          gapId: gap.gapId,
          version: gap.version,
          needsLink: needed,
          codes: subject.codes.map(dotted),
          dosYear: subject.dosYear,
          dos: subject.dos,
          chosen: gap.chosenLink,
          chosenStillEligible,
          items: needed
            ? candidates.map((item, index) => ({ place: index + 1, ...item, why: [...item.why] }))
            : [],
        };
      }),
  );

  v1.post(
    '/gaps/:gapId/link',
    {
      schema: {
        operationId: 'linkGap',
        tags: ['gaps'],
        summary: 'Choose the encounter that an add is linked to, or take the choice back',
        description:
          'A person chooses, never the service; the choice is an event of the gap. If-Match carries the version acted on. The encounter must be eligible now.',
        params,
        body: z.strictObject({
          encounterId: z.string().min(1).max(128).nullable(),
          comment: z.string().trim().min(1).max(2000).nullish(),
        }),
        response: { 200: storedGap, ...problems(404, 409, 422, 428) },
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const { subject: actor, role } = callerOf(request);
      return inTenant(deps, request, async (tx) => {
        const gap = await load(tx, request, request.params.gapId);
        const outcome = await linkGap(tx, deps.reference, {
          gap,
          version,
          encounterId: request.body.encounterId,
          comment: request.body.comment ?? null,
          actor,
          role,
          at: deps.now().toISOString(),
        });
        if (!outcome.ok) {
          throw new ProblemError(outcome.problem, outcome.message, {
            errors:
              outcome.problem === 'unprocessable'
                ? [{ pointer: '/encounterId', code: 'not_eligible', message: outcome.message }]
                : [],
          });
        }
        reply.header('etag', `"${outcome.gap.version}"`);
        const [shown] = await showGaps(deps, tx, [outcome.gap]);
        if (!shown) throw notFound('gap');
        return shown;
      });
    },
  );

  v1.get(
    '/analytics/chart-review-linkage',
    {
      schema: {
        operationId: 'getChartReviewLinkage',
        tags: ['analytics'],
        summary:
          'Chart-review findings: linked, linkable, not linkable and why; with and without the switcher exception',
        description:
          'A finding is one diagnosis of one adding chart review; the states add up to `findings`. `counting` is what counts for payment under the rules of the payment year after the service, `countingWithoutException` the same were no member a switcher.',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          dosYear: z.coerce
            .number()
            .int()
            .min(2000)
            .max(2100)
            .optional()
            .describe('default: this service year and the two before'),
          contract: z.string().min(1).max(64).optional(),
          by: z.enum(LINKAGE_GROUPS).default('dosYear'),
        }),
        response: {
          200: z.object({
            asOf: z.string(),
            dosYears: z.array(z.int()),
            by: z.enum(LINKAGE_GROUPS),
            items: z.array(
              z.object({
                group: z.string(),
                reviews: z.int(),
                findings: z.int(),
                states,
                counting: z.int(),
                countingWithoutException: z.int(),
              }),
            ),
          }),
          ...problems(406),
        },
      },
    },
    async (request, reply) => {
      const form = representation(request, ['json', 'csv']);
      const asOf = today(deps);
      const { dosYear, contract, by } = request.query;
      const last = yearOf(asOf);
      const dosYears =
        dosYear === undefined
          ? Array.from({ length: YEARS_BACK + 1 }, (_, i) => last - YEARS_BACK + i)
          : [dosYear];
      const { contracts: allowed } = callerOf(request);
      const asked = contract === undefined ? allowed : [contract];
      const contracts = allowed === null ? asked : (asked ?? []).filter((one) => allowed.includes(one));
      const tally = new LinkageTally(deps.reference, { dosYears, asOf, by, contracts });
      let after: string | null = null;
      do {
        // A transaction a chunk: a long report holds no snapshot open.
        const keys: readonly string[] = await inTenant(deps, request, async (tx) => {
          const chunk = await membersWithChartReviews(tx, { dosYears, after, limit: CHUNK });
          for (const history of await loadHistories(tx, chunk)) tally.add(history);
          return chunk;
        });
        after = keys.length < CHUNK ? null : (keys.at(-1) ?? null);
      } while (after !== null);
      const items = tally.rows();
      request.touched.rows = items.length;
      if (form === 'json') return { asOf, dosYears, by, items };
      await writeAudit(request, reply, deps);
      const columns = [
        'group',
        'reviews',
        'findings',
        ...LINK_STATES,
        'counting',
        'countingWithoutException',
      ];
      return sendCsvFile(
        reply,
        'chart-review-linkage',
        csvTable(
          columns,
          items.map(({ states: counts, ...row }) => ({ ...row, ...counts })),
        ),
      );
    },
  );
}
