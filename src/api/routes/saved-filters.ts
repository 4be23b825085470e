import { z } from 'zod';
import { deleteFilter, listFilters, saveFilter } from '../../store/saved-filters.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, problems } from '../problems.ts';
import { worklistFilters } from '../schemas/worklist.ts';
import { inTenant } from '../tenant.ts';

const tags = ['worklists'];
const LISTS = ['prospective', 'retrospective'] as const;

const row = z
  .object({
    filterId: z.string(),
    owner: z.string(),
    name: z.string(),
    list: z.enum(LISTS),
    filters: z.record(z.string(), z.unknown()),
    shared: z.boolean(),
    createdAt: z.string(),
    query: z.string().describe('the query string of the list'),
  })
  .meta({ id: 'SavedFilter' });

function shown(filter: Awaited<ReturnType<typeof saveFilter>>): z.output<typeof row> {
  const query = new URLSearchParams(
    Object.entries(filter.filters).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  // The list was checked when the filter was saved.
  return { ...filter, list: filter.list as (typeof LISTS)[number], query };
}

/** Filters of lists that people keep. */
export function registerSavedFilters(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/saved-filters',
    {
      config: { audit: 'none' },
      schema: {
        operationId: 'listSavedFilters',
        tags,
        summary: 'Own filters and shared ones',
        response: { 200: z.object({ items: z.array(row) }), ...problems() },
      },
    },
    async (request) => {
      const owner = callerOf(request).subject;
      return { items: (await inTenant(deps, request, (tx) => listFilters(tx, owner))).map(shown) };
    },
  );

  v1.post(
    '/saved-filters',
    {
      schema: {
        operationId: 'saveFilter',
        tags,
        summary: 'Keep a filter under a name; the same name again replaces it',
        body: z.strictObject({
          name: z.string().trim().min(1).max(100),
          list: z.enum(LISTS),
          filters: z
            .record(z.string(), z.string().max(2000))
            .refine((filters) => z.strictObject(worklistFilters).safeParse(filters).success, {
              message: 'not a filter of the worklists, as in their query string',
            }),
          shared: z.boolean().default(false),
        }),
        response: { 201: row, ...problems() },
      },
    },
    async (request, reply) => {
      const owner = callerOf(request).subject;
      const saved = await inTenant(deps, request, (tx) =>
        saveFilter(tx, { ...request.body, owner, createdAt: deps.now().toISOString() }),
      );
      request.touched.resourceId = saved.filterId;
      return reply.status(201).send(shown(saved));
    },
  );

  v1.delete(
    '/saved-filters/:filterId',
    {
      schema: {
        operationId: 'deleteSavedFilter',
        tags,
        summary: 'Remove an own filter',
        params: z.object({ filterId: z.uuid() }),
        response: { 200: row, ...problems(404) },
      },
    },
    async (request) => {
      const { filterId } = request.params;
      request.touched.resourceId = filterId;
      const gone = await inTenant(deps, request, (tx) =>
        deleteFilter(tx, filterId, callerOf(request).subject),
      );
      if (!gone) throw notFound('filter');
      return shown(gone);
    },
  );
}
