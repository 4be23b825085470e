import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GapList } from '../../engine/analysis-contract.ts';
import type { ReferenceData } from '../../engine/reference-data.ts';
import { withOverrides } from '../../reference/calendar.ts';
import type { TenantTx } from '../../store/database.ts';
import type { StoredGap } from '../../store/gaps.ts';
import { findFilter } from '../../store/saved-filters.ts';
import { bothWays, totalWorklist } from '../../store/worklist-totals.ts';
import {
  assignGaps,
  claimGaps,
  countWorklist,
  type WorklistFilter,
  worklistPage,
  worklistPageByDate,
} from '../../store/worklists.ts';
import { CLINICIAN_KINDS, scopeOf } from '../../worklists/scope.ts';
import { yearStateOf } from '../../worklists/year-states.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import { decodeCursor, encodeCursor, pageQuery } from '../cursor.ts';
import type { ApiDeps, Principal } from '../deps.ts';
import { gapRow, shownColumns } from '../gap-csv.ts';
import { applyMask } from '../masks.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { storedGap } from '../schemas/gap.ts';
import {
  filterFaults,
  priorityWeights,
  worklistCounts,
  worklistFilters,
  worklistTotals,
  yearStateRow,
} from '../schemas/worklist.ts';
import { inTenant, showGaps, today } from '../tenant.ts';

const tags = ['worklists'];
const params = z.object({ list: z.enum(['prospective', 'retrospective']) });
const savedFilterId = z
  .uuid()
  .optional()
  .describe('a saved filter of this list, own or shared; what is given beside it overrides it');
const query = z.strictObject({
  ...pageQuery,
  ...worklistFilters,
  filter: savedFilterId,
  sort: z
    .enum(['priority', 'dueBy', 'appointment'])
    .default('priority')
    .describe('priority: highest first; dates: earliest first, none last'),
  totals: z
    .stringbool()
    .default(false)
    .describe('also counts and signed totals of all that the filter finds'),
});
type Filters = Omit<z.output<typeof query>, 'limit' | 'cursor' | 'sort' | 'totals' | 'filter'>;

/** The filters of a request: those of the saved filter it names, each overridden by what the request itself says. */
async function askedOf(
  tx: TenantTx,
  caller: Principal,
  {
    list,
    filter,
    given,
    models,
  }: {
    readonly list: GapList;
    readonly filter: string | undefined;
    readonly given: Filters;
    readonly models: ReferenceData['models'];
  },
): Promise<Filters> {
  if (filter === undefined) return checked(given, models);
  const saved = await findFilter(tx, filter, caller.subject);
  if (saved?.list !== list) throw notFound('filter of this list');
  const own = Object.entries(given).filter(([, value]) => value !== undefined);
  // Checked against the same schema when it was saved; a filter that has since lost a field is refused here.
  const kept = z.strictObject(worklistFilters).parse(saved.filters);
  return checked({ ...kept, ...Object.fromEntries(own) }, models);
}

/** Refuses what can find nothing because it is a mistake: an empty list would read as "nothing to do". */
function checked(asked: Filters, models: ReferenceData['models']): Filters {
  const errors = filterFaults(asked, models);
  if (errors.length > 0) throw new ProblemError('validation', 'the filter cannot find anything', { errors });
  return asked;
}

/** The filter of a request, narrowed to what the caller may see. */
function filterOf(caller: Principal, list: GapList, asked: Filters): WorklistFilter {
  const scope = scopeOf(caller);
  const { kind, hcc, confidence, provider, contract, member, assignee, status, ...rest } = asked;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const within = (wanted: readonly string[] | undefined, allowed: readonly string[] | null) =>
    allowed === null ? wanted : (wanted ?? allowed).filter((one) => allowed.includes(one));
  const kinds = scope.clinicianOnly
    ? CLINICIAN_KINDS.filter((one) => kind === undefined || kind.includes(one))
    : kind;
  const providerNpis = within(provider, scope.npi === null ? null : [scope.npi]);
  const contracts = within(contract, scope.contracts);
  return {
    ...given,
    list,
    ...(scope.hiddenHccs === null ? {} : { hiddenHccs: scope.hiddenHccs }),
    ...(kinds ? { kinds } : {}),
    ...(hcc ? { hccs: hcc } : {}),
    ...(confidence ? { confidence } : {}),
    ...(providerNpis ? { providerNpis } : {}),
    ...(contracts ? { contracts } : {}),
    ...(member ? { memberKeys: member } : {}),
    ...(assignee === undefined
      ? {}
      : { assignee: assignee === 'none' ? null : assignee === 'me' ? caller.subject : assignee }),
    ...(status ? { statuses: status } : {}),
  };
}

type Sort = z.output<typeof query>['sort'];

function dateOf(gap: StoredGap, sort: Exclude<Sort, 'priority'>): string | null {
  return sort === 'dueBy' ? gap.gap.act.by : gap.nextAppointment;
}

/** A page in the order asked for, and the cursor of the next one. */
async function pageOfList(
  tx: TenantTx,
  filter: WorklistFilter,
  page: {
    readonly list: GapList;
    readonly sort: Sort;
    readonly limit: number;
    readonly cursor: string | undefined;
  },
): Promise<{ readonly rows: readonly StoredGap[]; readonly next: string | null }> {
  const { list, sort, cursor } = page;
  const name = `${list} ${sort}`;
  const [key = null, gapId] = decodeCursor(name, cursor) ?? [];
  const limit = page.limit + 1;
  const found =
    sort === 'priority'
      ? await worklistPage(tx, filter, {
          limit,
          after: typeof key === 'number' && typeof gapId === 'string' ? { priority: key, gapId } : null,
        })
      : await worklistPageByDate(tx, filter, {
          by: sort,
          limit,
          after: typeof key !== 'number' && typeof gapId === 'string' ? { date: key, gapId } : null,
        });
  const rows = found.slice(0, page.limit);
  const last = found.length > page.limit ? rows.at(-1) : undefined;
  if (!last) return { rows, next: null };
  return {
    rows,
    next: encodeCursor(name, [sort === 'priority' ? last.priority : dateOf(last, sort), last.gapId]),
  };
}

/** The lists a coder works: pages, claims, assignments. */
export function registerWorklists(v1: Api, deps: ApiDeps): void {
  const { models } = deps.reference;
  v1.get(
    '/worklists/:list',
    {
      schema: {
        operationId: 'getWorklist',
        tags,
        summary: 'A page of a worklist, by priority; CSV by Accept',
        description:
          'Adds and deletes stand in one list by the same priority; `totals` are signed and never of adds alone, whatever kinds are filtered. CSV pages carry the next one in Link.',
        produces: ['application/json', 'text/csv'],
        params,
        querystring: query,
        response: {
          200: z.object({
            items: z.array(storedGap),
            next: z.string().nullable(),
            yearStates: z.array(yearStateRow),
            priorityWeights: priorityWeights,
            clinicalReview: z.string().describe('clinical review status of the content behind the list'),
            counts: worklistCounts.optional(),
            totals: worklistTotals.optional(),
          }),
          ...problems(404, 406),
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { list } = request.params;
      const { limit, cursor, sort, totals, filter: saved, ...given } = request.query;
      if (caller.role === 'provider' && list === 'retrospective') {
        throw new ProblemError('forbidden', 'the retrospective list is for coders');
      }
      const form = representation(request, ['json', 'csv']);
      const page = await inTenant(deps, request, async (tx) => {
        const asked = await askedOf(tx, caller, { list, filter: saved, given, models });
        const filter = filterOf(caller, list, asked);
        const { rows: items, next } = await pageOfList(tx, filter, { list, sort, limit, cursor });
        // A filter by kind must not hide deletes from the totals (compliance C-1).
        const { kinds: _kinds, ...bothWays } = filter;
        return {
          items: await showGaps(deps, tx, items),
          next,
          yearStates: yearStates(deps, request, { items, asked: asked.paymentYear }),
          priorityWeights: request.settings.priorityWeights,
          clinicalReview: deps.reference.suspecting.library.reviewStatus,
          ...(totals ? await sums(tx, bothWays) : {}),
        };
      });
      touch(
        request,
        page.items.map(({ memberKey }) => memberKey),
        page.items.length,
      );
      return form === 'csv' ? sendCsv(request, reply, { deps, page }) : page;
    },
  );

  v1.post(
    '/worklists/:list/claim',
    {
      schema: {
        operationId: 'claimGaps',
        tags,
        summary: 'Take the next gaps of a list; two people who claim at once get different ones',
        params,
        body: z.strictObject({ count: z.int().min(1).max(100).default(10) }).prefault({}),
        querystring: z.strictObject({ ...worklistFilters, filter: savedFilterId }),
        response: {
          200: z.object({ items: z.array(storedGap), until: z.string() }),
          ...problems(404),
        },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const now = deps.now();
      const until = new Date(now.getTime() + request.settings.claimHours * 3_600_000).toISOString();
      const { list } = request.params;
      const { filter, ...given } = request.query;
      return inTenant(deps, request, async (tx) => {
        const gaps = await claimGaps(tx, {
          filter: filterOf(caller, list, await askedOf(tx, caller, { list, filter, given, models })),
          count: request.body.count,
          assignee: caller.subject,
          role: caller.role,
          at: now.toISOString(),
          until,
        });
        touch(
          request,
          gaps.map(({ memberKey }) => memberKey),
          gaps.length,
        );
        return { items: await showGaps(deps, tx, gaps), until };
      });
    },
  );

  v1.post(
    '/gaps/assign',
    {
      schema: {
        operationId: 'assignGaps',
        tags,
        summary: 'Give gaps to a person, or to nobody; those not being worked on are left alone',
        body: z.strictObject({
          gapIds: z.array(z.string().min(1).max(100)).min(1).max(1000),
          assignee: z.string().min(1).max(200).nullable(),
        }),
        response: { 200: z.object({ items: z.array(storedGap) }), ...problems() },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { gapIds, assignee } = request.body;
      return inTenant(deps, request, async (tx) => {
        const gaps = await assignGaps(tx, {
          gapIds,
          assignee,
          actor: caller.subject,
          role: caller.role,
          at: deps.now().toISOString(),
        });
        touch(
          request,
          gaps.map(({ memberKey }) => memberKey),
          gaps.length,
        );
        return { items: await showGaps(deps, tx, gaps) };
      });
    },
  );
}

function yearStates(
  deps: ApiDeps,
  request: FastifyRequest,
  { items, asked }: { readonly items: readonly StoredGap[]; readonly asked: number | undefined },
) {
  const calendar = withOverrides(deps.reference.calendar, request.settings.calendarOverrides);
  const years = new Set([...(asked === undefined ? [] : [asked]), ...items.map((gap) => gap.paymentYear)]);
  return [...years].sort().map((year) => yearStateOf(calendar, year, today(deps)));
}

async function sums(tx: Parameters<typeof countWorklist>[0], filter: WorklistFilter) {
  const counts = await countWorklist(tx, filter);
  return { counts, totals: bothWays(await totalWorklist(tx, filter)) };
}

async function sendCsv(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    deps,
    page,
  }: {
    readonly deps: ApiDeps;
    readonly page: { readonly items: Awaited<ReturnType<typeof showGaps>>; readonly next: string | null };
  },
) {
  if (page.next !== null) {
    const [path = '', search = ''] = request.url.split('?');
    const next = new URLSearchParams(search);
    next.set('cursor', page.next);
    reply.header('link', `<${path}?${next}>; rel="next"`);
  }
  await writeAudit(request, reply, deps);
  const rows = page.items.map((item) => gapRow(applyMask(item, request.fieldMask)));
  return sendCsvFile(reply, 'worklist', csvTable(shownColumns(request.fieldMask), rows));
}
