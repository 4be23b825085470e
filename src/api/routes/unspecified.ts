import { z } from 'zod';
import { externalIdsOf } from '../../store/members.ts';
import { type UnspecifiedCursor, unspecifiedPage } from '../../store/worklists.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { problems } from '../problems.ts';
import { unspecifiedItem } from '../schemas/gap.ts';
import { worklistFilters } from '../schemas/worklist.ts';
import { inTenant } from '../tenant.ts';

const LIST = 'unspecified';
const COLUMNS = [
  'paymentYear',
  'memberKey',
  'memberId',
  'code',
  'description',
  'weight',
  'hcc',
  'evidence',
  'gapId',
  'providerNpi',
  'contractId',
  'encounterIds',
  'siblings',
] as const;

function cursorOf(cursor: string | undefined): UnspecifiedCursor | null {
  const [paymentYear, code, memberKey] = decodeCursor(LIST, cursor) ?? [];
  return typeof paymentYear === 'number' && typeof code === 'string' && typeof memberKey === 'string'
    ? { paymentYear, code, memberKey }
    : null;
}

/** Unspecified diagnoses that weigh less than a more specific sibling: education, not gaps. */
export function registerUnspecified(v1: Api, deps: ApiDeps): void {
  const { paymentYear, provider, contract, member } = worklistFilters;
  v1.get(
    '/worklists/unspecified',
    {
      schema: {
        operationId: 'getUnspecifiedWorklist',
        tags: ['worklists'],
        summary: 'Unspecified diagnoses that weigh less than a more specific sibling; CSV by Accept',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...pageQuery,
          paymentYear,
          provider,
          contract,
          member,
          evidence: z.enum(['recorded', 'none']).optional(),
          weight: z
            .enum(['zero', 'reduced', 'equal'])
            .optional()
            .describe('zero: in no HCC; reduced: in one that weighs less'),
        }),
        response: { 200: pageOf(unspecifiedItem), ...problems(406) },
      },
    },
    async (request, reply) => {
      const form = representation(request, ['json', 'csv']);
      const { limit, cursor, evidence, weight, ...asked } = request.query;
      const { contracts } = callerOf(request);
      const wanted =
        contracts === null
          ? asked.contract
          : (asked.contract ?? contracts).filter((one) => contracts.includes(one));
      const page = await inTenant(deps, request, async (tx) => {
        const rows = await unspecifiedPage(
          tx,
          {
            ...(asked.paymentYear === undefined ? {} : { paymentYear: asked.paymentYear }),
            ...(asked.provider ? { providerNpis: asked.provider } : {}),
            ...(wanted ? { contracts: wanted } : {}),
            ...(asked.member ? { memberKeys: asked.member } : {}),
            ...(evidence ? { evidence } : {}),
            ...(weight ? { weight: [weight] } : {}),
          },
          { limit: limit + 1, after: cursorOf(cursor) },
        );
        const items = rows.slice(0, limit);
        const last = rows.length > limit ? items.at(-1) : undefined;
        const ids = await externalIdsOf(
          tx,
          items.map((item) => item.memberKey),
        );
        return {
          items: items.map(({ finding, ...row }) => ({
            ...finding,
            ...row,
            memberId: ids.get(row.memberKey) ?? null,
          })),
          next: last ? encodeCursor(LIST, [last.paymentYear, last.finding.code, last.memberKey]) : null,
        };
      });
      touch(
        request,
        page.items.map(({ memberKey }) => memberKey),
        page.items.length,
      );
      if (form === 'json') return page;
      await writeAudit(request, reply, deps);
      const columns = COLUMNS.filter((name) => !request.fieldMask?.has(name));
      const rows = page.items.map((item) => ({ ...item, siblings: item.siblings.map(({ code }) => code) }));
      return sendCsvFile(reply, 'unspecified', csvTable(columns, rows));
    },
  );
}
