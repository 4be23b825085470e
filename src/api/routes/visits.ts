import { z } from 'zod';
import { addDays } from '../../engine/dates.ts';
import { externalIdsOf } from '../../store/members.ts';
import { comingVisits, gapsOfMembers } from '../../store/visits.ts';
import type { WorklistFilter } from '../../store/worklists.ts';
import { CLINICIAN_KINDS, scopeOf } from '../../worklists/scope.ts';
import { familyCards } from '../../worklists/visit-cards.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../cursor.ts';
import type { ApiDeps, Principal } from '../deps.ts';
import { applyMask } from '../masks.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { touch, writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { problems } from '../problems.ts';
import { storedGap } from '../schemas/gap.ts';
import { worklistFilters } from '../schemas/worklist.ts';
import { inTenant, showGaps, today } from '../tenant.ts';

const LIST = 'visits';
const COLUMNS = [
  'visitDate',
  'visitProviders',
  'memberKey',
  'memberId',
  'paymentYear',
  'model',
  'hccs',
  'kinds',
  'directions',
  'gapIds',
  'candidateCodes',
  'priority',
  'orderReasons',
] as const;

const visitMember = z
  .object({
    memberKey: z.string(),
    memberId: z.string().nullable(),
    visitDate: z.string().describe('the earliest in the time asked for'),
    visits: z.array(z.object({ date: z.string(), providerNpi: z.string().nullable() })),
    cards: z
      .array(
        z.object({
          paymentYear: z.int(),
          model: z.string(),
          hccs: z.array(z.string()),
          priority: z.number().describe('the highest of its items'),
          items: z.array(storedGap),
        }),
      )
      .describe('one a family of HCCs, with every reason on it'),
  })
  .meta({ id: 'VisitMember' });

/** What the caller may see of the visit list: a clinician the own patients' questions, others both directions. */
function filterOf(
  caller: Principal,
  asked: {
    readonly provider?: readonly string[] | undefined;
    readonly contract?: readonly string[] | undefined;
  },
): WorklistFilter {
  const { npi, contracts, clinicianOnly } = scopeOf(caller);
  const within = (wanted: readonly string[] | undefined, allowed: readonly string[] | null) =>
    allowed === null ? wanted : (wanted ?? allowed).filter((one) => allowed.includes(one));
  const providerNpis = within(asked.provider, npi === null ? null : [npi]);
  const wanted = within(asked.contract, contracts);
  return {
    ...(clinicianOnly ? { list: 'prospective' as const, kinds: CLINICIAN_KINDS } : {}),
    ...(providerNpis ? { providerNpis } : {}),
    ...(wanted ? { contracts: wanted } : {}),
  };
}

/** The list before a visit: who comes in the next days, and what is open for each. */
export function registerVisits(v1: Api, deps: ApiDeps): void {
  const { provider, contract } = worklistFilters;
  v1.get(
    '/worklists/visits',
    {
      schema: {
        operationId: 'getVisitWorklist',
        tags: ['worklists'],
        summary:
          'Members with an appointment in the next days and what is open for them, one card a family; CSV by Accept',
        description:
          'By date of the first visit. Deletes stand beside adds. A visit that moves is on its new date as soon as its record is read. In CSV a row is a card.',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...pageQuery,
          days: z.coerce.number().int().min(0).max(366).default(60),
          provider,
          contract,
        }),
        response: { 200: pageOf(visitMember).extend({ from: z.string(), to: z.string() }), ...problems(406) },
      },
    },
    async (request, reply) => {
      const form = representation(request, ['json', 'csv']);
      const { limit, cursor, days, ...asked } = request.query;
      const from = today(deps);
      const to = addDays(from, days);
      const filter = filterOf(callerOf(request), asked);
      const [date, memberKey] = decodeCursor(LIST, cursor) ?? [];
      const after = typeof date === 'string' && typeof memberKey === 'string' ? { date, memberKey } : null;
      const page = await inTenant(deps, request, async (tx) => {
        const rows = await comingVisits(tx, { from, to, filter, limit: limit + 1, after });
        const members = rows.slice(0, limit);
        const last = rows.length > limit ? members.at(-1) : undefined;
        const keys = members.map((member) => member.memberKey);
        const gaps = await gapsOfMembers(tx, keys, filter);
        const shown = new Map((await showGaps(deps, tx, gaps)).map((gap) => [gap.gapId, gap]));
        const ids = await externalIdsOf(tx, keys);
        const familyOf = (model: string, hcc: string) =>
          [...deps.reference.models.values()].find(({ id }) => id === model)?.hierarchy.family(hcc) ??
          new Set([hcc]);
        return {
          from,
          to,
          items: members.map((member) => ({
            memberKey: member.memberKey,
            memberId: ids.get(member.memberKey) ?? null,
            visitDate: member.date,
            visits: [...member.visits],
            cards: familyCards(
              gaps.filter((gap) => gap.memberKey === member.memberKey),
              familyOf,
            ).map((card) => ({
              paymentYear: card.paymentYear,
              model: card.model,
              hccs: [...card.hccs],
              priority: card.priority,
              items: card.gaps.flatMap(({ gapId }) => shown.get(gapId) ?? []),
            })),
          })),
          next: last ? encodeCursor(LIST, [last.date, last.memberKey]) : null,
        };
      });
      touch(
        request,
        page.items.map((item) => item.memberKey),
        page.items.length,
      );
      if (form === 'json') return page;
      if (page.next !== null) {
        const [path = '', search = ''] = request.url.split('?');
        const next = new URLSearchParams(search);
        next.set('cursor', page.next);
        reply.header('link', `<${path}?${next}>; rel="next"`);
      }
      await writeAudit(request, reply, deps);
      const columns = COLUMNS.filter((name) => !request.fieldMask?.has(name));
      const rows = page.items.flatMap(({ cards, visits, ...member }) =>
        cards.map((card) => ({
          ...member,
          visitProviders: visits.flatMap(({ providerNpi }) => providerNpi ?? []),
          paymentYear: card.paymentYear,
          model: card.model,
          hccs: card.hccs,
          kinds: card.items.map(({ kind }) => kind),
          directions: card.items.map(({ direction }) => direction),
          gapIds: card.items.map(({ gapId }) => gapId),
          candidateCodes: [
            ...new Set(card.items.flatMap((item) => item.candidateCodes.map(({ code }) => code))),
          ],
          priority: card.priority,
          orderReasons: card.items[0]?.orderReasons ?? [],
        })),
      );
      const masked = rows.map((row) => applyMask(row, request.fieldMask) as Record<string, unknown>);
      return sendCsvFile(reply, 'visits', csvTable(columns, masked));
    },
  );
}
