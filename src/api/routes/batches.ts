import { Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PROGRAMS } from '../../intake/json/fields.ts';
import { INTAKE_FORMATS } from '../../intake/parser.ts';
import {
  contentKey,
  dropSpool,
  receiveBatch,
  type SpooledExtract,
  spoolExtract,
} from '../../intake/receive-batch.ts';
import { type IncomingFile, SpoolLimitError } from '../../intake/spool.ts';
import {
  countFindings,
  filesWithRejects,
  getBatch,
  listBatches,
  listFileReports,
  listFindings,
  type StoredFinding,
} from '../../store/batches.ts';
import { withTenant } from '../../store/database.ts';
import { cancelBatch } from '../../store/work-items.ts';
import type { Api } from '../api.ts';
import { csvLine } from '../csv.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { type Representation, representation } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { claimKey, idempotencyKeyOf, replay } from '../plugins/idempotency.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { rejectedAsSent } from '../rejected-as-sent.ts';
import {
  BATCH_STATES,
  batch,
  batchDetail,
  FINDING_COLUMNS,
  finding,
  receipt,
  shownBatch,
} from '../schemas/batch.ts';

const tags = ['batches'];
const choices = z.strictObject({
  asOf: z.iso.date().optional().describe('today of the extract; default today'),
  format: z.enum(INTAKE_FORMATS).optional().describe('default: found out from the content'),
  program: z.enum(PROGRAMS).optional().describe('program of members whose extract names none'),
  delimiter: z.string().length(1).optional().describe('CSV only'),
  paymentYears: z
    .string()
    .regex(/^\d{4}(,\d{4})*$/)
    .transform((text) => text.split(',').map(Number))
    .optional()
    .describe('payment years to analyse, e.g. 2026,2027; default: those that are open'),
  memberIdSystems: z
    .string()
    .min(1)
    .max(2000)
    .transform((text) => text.split(','))
    .optional()
    .describe(
      'FHIR: identifier systems whose value is the member id, comma-separated, the preferred one first',
    ),
  includeNonFinalDiagnoses: z.stringbool().optional().describe('default: the setting of the tenant'),
  lenientX12: z.stringbool().optional().describe('default: the setting of the tenant'),
});

async function* filesOf(request: FastifyRequest): AsyncGenerator<IncomingFile> {
  if (request.isMultipart()) {
    if (!/;\s*boundary=/i.test(request.headers['content-type'] ?? '')) {
      throw new ProblemError('malformed-body', 'multipart content without a boundary', {
        errors: [{ pointer: '/header/content-type', code: 'required', message: 'boundary is missing' }],
      });
    }
    for await (const part of request.files()) yield { name: part.filename, content: part.file };
    return;
  }
  const { body } = request;
  if (body instanceof Readable) yield { name: nameOf(request), content: body };
}

/** The sender's name of a raw extract, percent-encoded in the header; a badly encoded one is taken as it is. */
function nameOf(request: FastifyRequest): string {
  const name = request.headers['x-filename'];
  if (typeof name !== 'string') return 'extract';
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const PAGE = 1000;

/** Extracts in, their state, and every refused record with its reason. */
export function registerBatches(v1: Api, deps: ApiDeps): void {
  registerUpload(v1, deps);
  const inTenant = <T>(request: FastifyRequest, work: Parameters<typeof withTenant<T>>[2]) =>
    withTenant(deps.database, callerOf(request).tenantId, work);
  const params = z.object({ batchId: z.uuid() });

  v1.get(
    '/batches',
    {
      schema: {
        operationId: 'listBatches',
        tags,
        summary: 'Batches, latest first',
        querystring: z.strictObject({ ...pageQuery, state: z.enum(BATCH_STATES).optional() }),
        response: { 200: pageOf(batch), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, state } = request.query;
      const [createdAt, batchId] = decodeCursor('batches', cursor) ?? [];
      const after =
        typeof createdAt === 'string' && typeof batchId === 'string' ? { createdAt, batchId } : null;
      const rows = await inTenant(request, (tx) =>
        listBatches(tx, { limit: limit + 1, after, ...(state ? { state } : {}) }),
      );
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      return {
        items: items.map(shownBatch),
        next: last ? encodeCursor('batches', [last.createdAt, last.batchId]) : null,
      };
    },
  );

  v1.get(
    '/batches/:batchId',
    {
      schema: {
        operationId: 'getBatch',
        tags,
        summary: 'State, progress and report of a batch',
        params,
        response: { 200: batchDetail, ...problems(404) },
      },
    },
    async (request) => {
      const { batchId } = request.params;
      request.touched.resourceId = batchId;
      return inTenant(request, async (tx) => {
        const row = await getBatch(tx, batchId);
        if (!row) throw notFound('batch');
        const files = await listFileReports(tx, batchId);
        const findings = await countFindings(tx, batchId);
        return { ...shownBatch(row), files: [...files], findings: [...findings] };
      });
    },
  );

  v1.get(
    '/batches/:batchId/rejects',
    {
      schema: {
        operationId: 'getBatchRejects',
        tags,
        summary: 'Refused records and remarks: a page of JSON, or all as NDJSON or CSV by Accept',
        description: 'The values are data of people: the read is written to the audit log.',
        produces: ['application/json', 'application/x-ndjson', 'text/csv'],
        params,
        querystring: z.strictObject({
          ...pageQuery,
          severity: z.enum(['error', 'warning']).optional(),
          shape: z
            .enum(['findings', 'sent'])
            .default('findings')
            .describe('sent: the rejected records as they were sent, to be mended and sent again'),
        }),
        response: { 200: pageOf(finding), ...problems(404, 406) },
      },
    },
    async (request, reply) => {
      const { batchId } = request.params;
      const { limit, cursor, severity, shape } = request.query;
      if (shape === 'sent') return sendAsSent(request, reply, deps, batchId);
      const form = representation(request, ['json', 'ndjson', 'csv']);
      request.touched.resourceId = batchId;
      const only = severity ? { severity } : {};
      const page = (afterSeq: number, size: number) =>
        inTenant(request, (tx) => listFindings(tx, batchId, { afterSeq, limit: size, ...only }));
      const counts = await inTenant(request, async (tx) => {
        if (!(await getBatch(tx, batchId))) throw notFound('batch');
        return countFindings(tx, batchId);
      });
      if (form !== 'json') {
        const rows = counts
          .filter((row) => severity === undefined || row.severity === severity)
          .reduce((sum, row) => sum + row.count, 0);
        touch(request, [], rows);
        return sendAll(request, reply, { deps, form, page });
      }
      const [afterSeq] = decodeCursor('rejects', cursor) ?? [];
      const rows = await page(typeof afterSeq === 'number' ? afterSeq : -1, limit + 1);
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      touch(request, [], items.length);
      return { items: [...items], next: last ? encodeCursor('rejects', [last.seq]) : null };
    },
  );

  v1.post(
    '/batches/:batchId/cancel',
    {
      schema: {
        operationId: 'cancelBatch',
        tags,
        summary: 'Stop a batch; what it has stored stays',
        params,
        response: { 200: batch, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { batchId } = request.params;
      request.touched.resourceId = batchId;
      return inTenant(request, async (tx) => {
        await cancelBatch(tx, batchId);
        const row = await getBatch(tx, batchId);
        if (!row) throw notFound('batch');
        if (row.state === 'cancelled') return shownBatch(row);
        throw new ProblemError('conflict', `the batch is ${row.state} already`);
      });
    },
  );
}

async function sendAsSent(request: FastifyRequest, reply: FastifyReply, deps: ApiDeps, batchId: string) {
  const { tenantId } = callerOf(request);
  const inTenant = <T>(work: Parameters<typeof withTenant<T>>[2]) =>
    withTenant(deps.database, tenantId, work);
  request.touched.resourceId = batchId;
  const { reports, files, records } = await inTenant(async (tx) => {
    if (!(await getBatch(tx, batchId))) throw notFound('batch');
    return { reports: await listFileReports(tx, batchId), ...(await filesWithRejects(tx, batchId)) };
  });
  touch(request, [], records);
  const { contentType, fileName, body } = rejectedAsSent(reports, files, (afterSeq) =>
    inTenant((tx) => listFindings(tx, batchId, { afterSeq, limit: PAGE, severity: 'error' })),
  );
  await writeAudit(request, reply, deps);
  return reply
    .type(contentType)
    .header('content-disposition', `attachment; filename="${fileName}"`)
    .send(body);
}

async function sendAll(
  request: FastifyRequest,
  reply: FastifyReply,
  options: {
    readonly deps: ApiDeps;
    readonly form: Exclude<Representation, 'json'>;
    readonly page: (afterSeq: number, size: number) => Promise<readonly StoredFinding[]>;
  },
) {
  const { deps, form, page } = options;
  await writeAudit(request, reply, deps);
  async function* lines(): AsyncGenerator<string> {
    if (form === 'csv') yield csvLine(FINDING_COLUMNS);
    let afterSeq = -1;
    for (;;) {
      const rows = await page(afterSeq, PAGE);
      if (rows.length === 0) return;
      yield rows
        .map(({ seq: _seq, ...row }) =>
          form === 'csv' ? csvLine(FINDING_COLUMNS.map((name) => row[name])) : `${JSON.stringify(row)}\n`,
        )
        .join('');
      afterSeq = rows.at(-1)?.seq ?? afterSeq;
    }
  }
  return reply
    .type(form === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
    .send(Readable.from(lines()));
}

/** The upload lives in a scope of its own: there every content type is a stream of bytes. */
function registerUpload(v1: Api, deps: ApiDeps): void {
  v1.register(async (scope: Api) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    // One byte more than the limit: the parser cuts a file there silently, and the spool then refuses it whole.
    const limits = { fileSize: deps.limits.batchBytes + 1, files: 10_000 };
    await scope.register(multipart, { limits });
    scope.post(
      '/batches',
      {
        bodyLimit: deps.limits.batchBytes,
        config: { idempotency: 'route' },
        schema: {
          operationId: 'createBatch',
          tags,
          summary: 'Send an extract: CSV, 837, FHIR, JSON histories, CMS returns, or an archive of them',
          description:
            'The raw body of any content type (its name in X-Filename), or multipart files. The same content gives the same batch.',
          consumes: ['application/octet-stream', 'multipart/form-data'],
          querystring: choices,
          response: { 200: receipt, 202: receipt, ...problems(409, 413, 422, 507) },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request);
        const key = idempotencyKeyOf(request);
        const extract = await spool(deps, caller.tenantId, filesOf(request));
        const kept = key === null ? null : await earlierAnswer(request, deps, { key, extract });
        if (kept !== null) return replay(reply, kept);
        const { batch: row, created } = await receiveBatch(deps, caller, {
          ...extract,
          choices: request.query,
        });
        request.touched.resourceId = row.batchId;
        reply.header('location', `/v1/batches/${row.batchId}`);
        return reply.status(created ? 202 : 200).send({ ...shownBatch(row), repeated: !created });
      },
    );
  });
}

async function spool(
  deps: ApiDeps,
  tenantId: string,
  files: AsyncIterable<IncomingFile>,
): Promise<SpooledExtract> {
  const extract = await spoolExtract(deps, tenantId, { files, limitBytes: deps.limits.batchBytes }).catch(
    (cause: unknown) => {
      if (!(cause instanceof SpoolLimitError)) throw cause;
      throw new ProblemError('payload-too-large', 'the extract is larger than the limit of a batch', {
        cause,
      });
    },
  );
  if (extract.spooled.bytes > 0) return extract;
  await dropSpool(deps, extract.folder);
  throw new ProblemError('validation', 'the extract is empty', {
    errors: [{ pointer: '', code: 'empty', message: 'no bytes were sent' }],
  });
}

/** The answer that this Idempotency-Key got before; its extract is then not needed a second time. */
async function earlierAnswer(
  request: FastifyRequest<{ Querystring: z.output<typeof choices> }>,
  deps: ApiDeps,
  { key, extract }: { readonly key: string; readonly extract: SpooledExtract },
) {
  const { folder, spooled } = extract;
  try {
    const fingerprint = contentKey(spooled, request.query);
    const kept = await claimKey(request, deps.access, { key, fingerprint, operation: 'createBatch' });
    if (kept !== null) await dropSpool(deps, folder);
    return kept;
  } catch (error) {
    // The same extract with the same key at the same moment: the content decides that both get one batch.
    if (error instanceof ProblemError && error.problem === 'idempotency-in-progress') return null;
    await dropSpool(deps, folder);
    throw error;
  }
}
