import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { codingPatterns } from '../../analytics/coding-patterns.ts';
import {
  coderQuality,
  isOneSided,
  ONE_SIDED_FROM,
  REFERENCE_LINES,
  safeHarborAge,
  suppressed,
  suppressedCount,
} from '../../analytics/programme.ts';
import { type Rate, rateOf } from '../../analytics/rates.ts';
import {
  backlog,
  coderWork,
  deidentifiedRows,
  providerCodes,
  providerFindings,
  QUERY_GROUPS,
  queryVolume,
  reviewYield,
} from '../../store/programme.ts';
import type { Api } from '../api.ts';
import { csvTable } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { representation, sendCsvFile } from '../negotiate.ts';
import { writeAudit } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { ProblemError, problems } from '../problems.ts';
import { population, populationOf, rate } from '../schemas/population.ts';
import { inTenant, today } from '../tenant.ts';
import { registerRecaptureCurve } from './recapture-curve.ts';

const tags = ['analytics'];
const deidentified = z
  .stringbool()
  .default(false)
  .describe('leave out who, and every figure of fewer than 11');
const shownRate = rate.nullable().describe('null: suppressed, fewer than 11');
const count = z.int().nullable();

const shown = (value: Rate, hide: boolean) => (hide ? suppressed(value) : value);
const counted = (value: number, hide: boolean) => (hide ? suppressedCount(value) : value);

/** How the programme works: people, questions, what is waiting, what reviews give in both directions. */
export function registerProgramme(v1: Api, deps: ApiDeps): void {
  registerRecaptureCurve(v1, deps);

  v1.get(
    '/analytics/coders',
    {
      schema: {
        operationId: 'getCoders',
        tags,
        summary: 'Productivity of coders, and accuracy by second reviews with intervals',
        description:
          'Sensitivity TP / (TP + FN), precision TP / (TP + FP) and accuracy are of decisions that a second person settled, not of full charts. The reference lines are habits of the trade. No ranking, no money, no figure of adds alone.',
        querystring: z.strictObject({ ...population, deidentified }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            referenceLines: z.object({ sensitivity: z.number(), accuracy: z.number() }),
            items: z.array(
              z.object({
                coder: z.string().nullable(),
                gaps: count,
                adds: count,
                refusals: count,
                supported: count,
                unsupported: count,
                activeDays: z.int(),
                gapsPerDay: z.number().nullable(),
                sensitivity: shownRate,
                precision: shownRate,
                accuracy: shownRate,
                waitingSecondReview: count,
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const hide = request.query.deidentified;
      const rows = await inTenant(deps, request, (tx) => coderWork(tx, of));
      request.touched.rows = rows.length;
      const items = rows.map((row) => {
        const quality = coderQuality(row);
        return {
          coder: hide ? null : row.coder,
          gaps: counted(row.gaps, hide),
          adds: counted(row.adds, hide),
          refusals: counted(row.refusals, hide),
          supported: counted(row.supported, hide),
          unsupported: counted(row.unsupported, hide),
          activeDays: row.activeDays,
          gapsPerDay:
            row.activeDays === 0 || (hide && suppressedCount(row.gaps) === null)
              ? null
              : Math.round((row.gaps / row.activeDays) * 10) / 10,
          sensitivity: shown(quality.sensitivity, hide),
          precision: shown(quality.precision, hide),
          accuracy: shown(quality.accuracy, hide),
          waitingSecondReview: counted(row.waiting, hide),
        };
      });
      return { paymentYear: of.paymentYear, referenceLines: REFERENCE_LINES, items };
    },
  );

  v1.get(
    '/analytics/queries',
    {
      schema: {
        operationId: 'getQueryReport',
        tags,
        summary: 'Queries: volume, response within the window, agreement, turnaround',
        description:
          'Agreement is watched at both ends: near 100 % suggests leading questions. It is never an input of pay.',
        querystring: z.strictObject({
          ...population,
          by: z.enum(QUERY_GROUPS).default('none'),
          deidentified,
        }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            answerDays: z.int(),
            items: z.array(
              z.object({
                group: z.string().nullable(),
                sent: count,
                response: shownRate.describe('answered within the window, of those sent'),
                agreement: shownRate.describe('present or a condition, of those answered'),
                disagreed: count,
                undetermined: count,
                noResponse: count,
                open: count,
                reminders: count,
                medianHours: z.number().nullable(),
                p90Hours: z.number().nullable(),
                leadingSuspected: z.boolean().describe('30 and more answered, over 95 % in agreement'),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const { by, deidentified: hide } = request.query;
      const answerDays = request.settings.queryAnswerDays;
      const rows = await inTenant(deps, request, (tx) =>
        queryVolume(tx, of, { group: by, answerDays, now: deps.now().toISOString() }),
      );
      request.touched.rows = rows.length;
      const items = rows.map((row) => {
        const agreement = rateOf(row.agreed, row.answered);
        const few = hide && suppressedCount(row.answered) === null;
        return {
          group: hide && by !== 'none' && by !== 'template' ? null : row.group,
          sent: counted(row.sent, hide),
          response: shown(rateOf(row.inWindow, row.sent), hide),
          agreement: shown(agreement, hide),
          disagreed: counted(row.disagreed, hide),
          undetermined: counted(row.undetermined, hide),
          noResponse: counted(row.noResponse, hide),
          open: counted(row.open, hide),
          reminders: counted(row.reminders, hide),
          medianHours: few ? null : row.medianHours,
          p90Hours: few ? null : row.p90Hours,
          leadingSuspected: !agreement.smallSample && (agreement.rate ?? 0) > 0.95,
        };
      });
      return { paymentYear: of.paymentYear, answerDays, items };
    },
  );

  v1.get(
    '/analytics/coding-patterns',
    {
      schema: {
        operationId: 'getCodingPatterns',
        tags,
        summary:
          "A provider's specificity rate beside its specialty's; confidential to the provider and the lead",
        description:
          'Specified codes of all codes in categories where a more specific code exists and the record holds the detail. Unspecified codes without detail on record are counted apart: they are right as they are. No HCC, RAF or money.',
        querystring: z.strictObject(population),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                npi: z.string(),
                specialty: z.string(),
                rate,
                peers: rate.nullable(),
                peerProviders: z.int(),
                unspecifiedWithoutDetail: z.int(),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const caller = callerOf(request);
      const { coded, findings } = await inTenant(deps, request, async (tx) => ({
        coded: await providerCodes(tx, of),
        findings: await providerFindings(tx, of),
      }));
      const patterns = codingPatterns(
        deps.reference.specificity,
        coded,
        new Map(findings.map(({ npi, ...rest }) => [npi, rest])),
      );
      const items = patterns.filter(({ npi }) => caller.role !== 'provider' || npi === caller.npi);
      request.touched.rows = items.length;
      return { paymentYear: of.paymentYear, items };
    },
  );

  v1.get(
    '/analytics/backlog',
    {
      schema: {
        operationId: 'getBacklog',
        tags,
        summary: 'Age of what is open, by list, kind, direction and state',
        querystring: z.strictObject({ ...population, deidentified }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            items: z.array(
              z.object({
                list: z.string(),
                kind: z.string(),
                direction: z.string(),
                workflowStatus: z.string(),
                gaps: count,
                medianDays: z.int().nullable(),
                p90Days: z.int().nullable(),
                oldestDays: z.int().nullable(),
                overdue: count,
                reopened: count,
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const hide = request.query.deidentified;
      const rows = await inTenant(deps, request, (tx) => backlog(tx, of, today(deps)));
      request.touched.rows = rows.length;
      const items = rows.map((row) => {
        const few = hide && suppressedCount(row.gaps) === null;
        return {
          ...row,
          gaps: counted(row.gaps, hide),
          overdue: counted(row.overdue, hide),
          reopened: counted(row.reopened, hide),
          ...(few ? { medianDays: null, p90Days: null, oldestDays: null } : {}),
        };
      });
      return { paymentYear: of.paymentYear, items };
    },
  );

  v1.get(
    '/analytics/review-yield',
    {
      schema: {
        operationId: 'getReviewYield',
        tags,
        summary: 'What chart review gave, adds and deletes side by side; no delete in 200 charts is an alert',
        querystring: z.strictObject({ ...population, deidentified }),
        response: {
          200: z.object({
            paymentYear: z.int(),
            charts: count,
            addsPerChart: shownRate,
            deletesPerChart: shownRate,
            adds: count,
            deletes: count,
            deletesPerAdd: z.number().nullable(),
            oneSided: z.boolean().describe(`no delete in ${ONE_SIDED_FROM} charts and more`),
            linkRate: shownRate.describe('adds with an ICN of the record they link to'),
            marks: z.object({ supported: count, unsupported: count, notReviewed: count }),
            deleteDaysP90: z.int().nullable(),
            deletesOver60Days: count,
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const of = populationOf(deps, request, request.query);
      const hide = request.query.deidentified;
      const row = await inTenant(deps, request, (tx) => reviewYield(tx, of, today(deps)));
      const few = hide && (suppressedCount(row.adds) === null || suppressedCount(row.deletes) === null);
      return {
        paymentYear: of.paymentYear,
        charts: counted(row.charts, hide),
        addsPerChart: shown(rateOf(row.adds, row.charts), hide),
        deletesPerChart: shown(rateOf(row.deletes, row.charts), hide),
        adds: counted(row.adds, hide),
        deletes: counted(row.deletes, hide),
        deletesPerAdd: row.adds === 0 || few ? null : Math.round((row.deletes / row.adds) * 1000) / 1000,
        oneSided: isOneSided(row.charts, row.deletes),
        linkRate: shown(rateOf(row.linkedAdds, row.adds), hide),
        marks: {
          supported: counted(row.supported, hide),
          unsupported: counted(row.unsupported, hide),
          notReviewed: counted(row.notReviewed, hide),
        },
        deleteDaysP90: few ? null : row.deleteDaysP90,
        deletesOver60Days: counted(row.deletesOver60Days, hide),
      };
    },
  );

  registerDeidentified(v1, deps);
}

const COLUMNS = ['age', 'sex', 'paymentYear', 'model', 'segment', 'rawScore', 'hccs'] as const;
/** A population smaller than this could be told apart by its ages alone. */
const LEAST_POPULATION = 11;

function registerDeidentified(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/analytics/deidentified',
    {
      schema: {
        operationId: 'getDeidentified',
        tags,
        summary:
          'Scored members by the Safe Harbor method: no identifier, no date but the year, ages over 89 as one',
        description:
          '45 CFR 164.514(b)(2). There is no limited data set: that needs a data use agreement. Rows come in another order at every call.',
        produces: ['application/json', 'text/csv'],
        querystring: z.strictObject({
          ...population,
          limit: z.coerce.number().int().min(1).max(100_000).default(1000),
        }),
        response: {
          200: z.object({
            items: z.array(
              z.object({
                age: z.string(),
                sex: z.string().nullable(),
                paymentYear: z.int(),
                model: z.string(),
                segment: z.string(),
                rawScore: z.number(),
                hccs: z.array(z.string()),
              }),
            ),
          }),
          ...problems(406, 422),
        },
      },
    },
    async (request, reply) => {
      const of = populationOf(deps, request, request.query);
      const rows = await inTenant(deps, request, (tx) =>
        deidentifiedRows(tx, of, { salt: randomUUID(), limit: request.query.limit }),
      );
      if (rows.length < LEAST_POPULATION) {
        throw new ProblemError('unprocessable', `a population under ${LEAST_POPULATION} is not exported`);
      }
      const items = rows.map(({ birthDate, rawCurrent, hccs, ...row }) => ({
        age: birthDate === null ? '' : safeHarborAge(birthDate, `${row.paymentYear}-02-01`),
        ...row,
        rawScore: rawCurrent,
        hccs: [...hccs],
      }));
      request.touched.rows = items.length;
      if (representation(request, ['json', 'csv']) === 'json') return { items };
      await writeAudit(request, reply, deps);
      return sendCsvFile(reply, 'deidentified', csvTable(COLUMNS, items));
    },
  );
}
