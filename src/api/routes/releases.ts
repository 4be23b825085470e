import { z } from 'zod';
import { listReleases, releaseFiles, settleReturns } from '../../store/releases.ts';
import { sha256 } from '../../worklists/digest.ts';
import type { Api } from '../api.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { notFound, problems } from '../problems.ts';
import { inTenant } from '../tenant.ts';

const tags = ['submissions'];
const release = z
  .object({
    releaseId: z.string(),
    controlNumber: z.int().describe('ISA13 of the file'),
    createdBy: z.string(),
    createdAt: z.string(),
    totals: z.record(z.string(), z.unknown()),
    states: z.record(z.string(), z.int()).describe('submissions of the release by what became of them'),
  })
  .meta({ id: 'Release' });

/** Releases and their files: written once, read as often as needed, always the same bytes. */
export function registerReleases(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/submissions/releases',
    {
      schema: {
        operationId: 'listReleases',
        tags,
        summary: 'Releases, latest first, with what the receiver made of them',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(release), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const [before] = decodeCursor('releases', cursor) ?? [];
      const rows = await inTenant(deps, request, (tx) =>
        listReleases(tx, { limit: limit + 1, before: typeof before === 'number' ? before : null }),
      );
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      request.touched.rows = items.length;
      return { items, next: last ? encodeCursor('releases', [last.controlNumber]) : null };
    },
  );

  v1.get(
    '/submissions/releases/:releaseId/file',
    {
      schema: {
        operationId: 'getReleaseFile',
        tags,
        summary: 'The file of a release: 837 chart review records, or CSV',
        description:
          'The bytes as first written, however often they are asked for; `x-content-sha256` is their hash and ISA13 the control number, so that a receiver can tell a repeat.',
        produces: ['application/edi-x12', 'text/csv'],
        params: z.object({ releaseId: z.uuid() }),
        querystring: z.strictObject({ format: z.enum(['x12', 'csv']).default('x12') }),
        response: { 200: z.string(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { releaseId } = request.params;
      const { format } = request.query;
      const files = await inTenant(deps, request, (tx) => releaseFiles(tx, releaseId));
      if (!files) throw notFound('release');
      request.touched.resourceId = releaseId;
      touch(request, files.memberKeys, files.memberKeys.length);
      await writeAudit(request, reply, deps);
      const text = files[format];
      return reply
        .type(format === 'x12' ? 'application/edi-x12' : 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="release.${format}"`)
        .header('x-content-sha256', sha256(text))
        .serializer((payload: unknown) => String(payload))
        .send(text);
    },
  );

  v1.post(
    '/submissions/returns/settle',
    {
      schema: {
        operationId: 'settleReturns',
        tags,
        summary:
          'Take the answers that arrived (277CA, MAO-004) into the submissions; a repeat changes nothing',
        response: { 200: z.object({ accepted: z.int(), rejected: z.int() }), ...problems() },
      },
    },
    (request) => inTenant(deps, request, (tx) => settleReturns(tx)),
  );
}
