import { z } from 'zod';
import { policyOf } from '../../analysis/tenant-policy.ts';
import { runOf } from '../../engine/calendar.ts';
import { yearOf } from '../../engine/dates.ts';
import { describeRule } from '../../engine/suspects/describe.ts';
import { rulesInForce } from '../../engine/suspects/evaluate.ts';
import { NO_OUTCOMES, yieldsOf } from '../../engine/suspects/ppv.ts';
import { type CalendarOverride, withOverrides } from '../../reference/calendar.ts';
import type { TenantTx } from '../../store/database.ts';
import { suspectOutcomes } from '../../store/suspect-outcomes.ts';
import { currentSettings, listSettings } from '../../store/tenancy.ts';
import { yearOutlook } from '../../worklists/year-states.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { problems } from '../problems.ts';
import { yearStateRow } from '../schemas/worklist.ts';
import { readSettings } from '../settings.ts';
import { inTenant, today } from '../tenant.ts';

/** Payment years shown around a date: six that take deletes, the open ones and the next. */
const YEARS_BACK = 6;
const YEARS_AHEAD = 2;

const config = { audit: 'none' } as const;
const EMPTY_YIELD = { ...NO_OUTCOMES, ppv: null, interval: null, smallSample: true, retire: false };

const run = z.enum(['initial', 'mid_year', 'final']);
const status = z
  .enum(['relayed', 'derived', 'unverified', 'operator'])
  .describe(
    'relayed: read in a memo; derived: by the rule; unverified: by the rule, no memo seen; operator: set by the tenant',
  );

const yearOutlookRow = yearStateRow
  .extend({
    takesAdds: z.boolean(),
    takesDeletes: z.enum(['none', 'submit', 'report']),
    meaning: z.string(),
    due: z.array(
      z.object({
        what: z.enum(['last_service_day', 'initial', 'mid_year', 'final']),
        date: z.string(),
        daysLeft: z.int(),
        status: z.enum(['relayed', 'derived', 'unverified', 'operator', 'rule']),
      }),
    ),
  })
  .meta({ id: 'YearOutlook' });

const overrideRow = z.object({
  paymentYear: z.int(),
  run,
  deadline: z.string(),
  inPlaceOf: z.string().nullable().describe('the date of the calendar loaded'),
  setBy: z.string().nullable(),
  setAt: z.string().nullable(),
  reason: z.string().nullable(),
});

/** Who set a deadline that is in force, when and why: the settings version that brought this very date. */
async function overridesOf(deps: ApiDeps, tx: TenantTx) {
  const versions = (await listSettings(tx)).map((row) => ({
    ...row,
    overrides: readSettings(row.settings).calendarOverrides,
  }));
  const same = (a: CalendarOverride) => (b: CalendarOverride) =>
    a.paymentYear === b.paymentYear && a.run === b.run && a.deadline === b.deadline;
  return (versions[0]?.overrides ?? []).map((override) => {
    const end = versions.findIndex(({ overrides }) => !overrides.some(same(override)));
    const brought = end === -1 ? versions.at(-1) : versions[end - 1];
    return {
      ...override,
      inPlaceOf: runOf(deps.reference.calendar, override.paymentYear, override.run)?.deadline ?? null,
      setBy: brought?.changedBy ?? null,
      setAt: brought?.changedAt ?? null,
      reason: brought?.reason ?? null,
    };
  });
}

/** Submission calendar and the suspect rules in force: facts, no data of people. */
export function registerCalendar(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/calendar',
    {
      config,
      schema: {
        operationId: 'getCalendar',
        tags: ['reference'],
        summary: 'On a date: which payment years take adds, which only deletes, what is due when',
        querystring: z.strictObject({ asOf: z.iso.date().optional() }),
        response: {
          200: z.object({
            asOf: z.string(),
            takeAdds: z.array(z.int()).describe('payment years'),
            takeDeletesOnly: z.array(z.int()).describe('payment years'),
            years: z.array(yearOutlookRow),
            runs: z.array(
              z.object({
                paymentYear: z.int(),
                run,
                dosFrom: z.string(),
                dosTo: z.string(),
                deadline: z.string().describe('20:00 Eastern on that day'),
                status,
              }),
            ),
            overrides: z
              .array(overrideRow)
              .describe("the tenant's own deadlines (settings: calendarOverrides)"),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { asOf = today(deps) } = request.query;
      const overrides = await inTenant(deps, request, (tx) => overridesOf(deps, tx));
      const calendar = withOverrides(deps.reference.calendar, overrides);
      const first = yearOf(asOf) - YEARS_BACK;
      const years = Array.from({ length: YEARS_BACK + YEARS_AHEAD + 1 }, (_unused, index) =>
        yearOutlook(calendar, first + index, asOf),
      );
      const of = (pick: (year: (typeof years)[number]) => boolean) =>
        years.filter(pick).map(({ paymentYear }) => paymentYear);
      return {
        asOf,
        takeAdds: of(({ takesAdds }) => takesAdds),
        takeDeletesOnly: of(({ takesAdds, takesDeletes }) => !takesAdds && takesDeletes !== 'none'),
        years,
        runs: calendar.runs,
        overrides,
      };
    },
  );

  v1.get(
    '/reference/suspecting-rules',
    {
      config,
      schema: {
        operationId: 'listSuspectRules',
        tags: ['reference'],
        summary:
          "Suspect rules in words: what fires them, sources, caution, the tenant's switch, and what became of their suspects",
        description:
          'Own rules of the tenant stand among them. PPV is confirmed / (confirmed + refuted) with its 95 % Wilson interval; dismissals are shown beside. `retire` says that it lies under rulePpvFloor on 30 or more assessed suspects.',
        response: {
          200: z.object({
            library: z.object({ version: z.string(), dated: z.string(), reviewStatus: z.string() }),
            items: z.array(
              z.object({
                id: z.string(),
                version: z.string(),
                status: z.string(),
                source: z.enum(['library', 'own']),
                defaultEnabled: z.boolean(),
                enabled: z.boolean().describe('runs for this tenant'),
                appliesTo: z.string(),
                firesWhen: z.string(),
                ruledOutBy: z.array(z.string()),
                silentWhen: z.string(),
                outcomes: z.object({
                  confirmed: z.int(),
                  refuted: z.int().describe('assessed by a provider: not present, never had'),
                  dismissed: z.int(),
                  ppv: z.number().nullable(),
                  interval: z.object({ low: z.number(), high: z.number() }).nullable(),
                  smallSample: z.boolean().describe('fewer than 30 assessed'),
                  retire: z.boolean(),
                }),
                sensitivity: z.string().nullable(),
                title: z.string(),
                kind: z.string(),
                targets: z.record(z.string(), z.array(z.object({ hcc: z.string(), label: z.string() }))),
                tier: z.string(),
                tierReason: z.string(),
                references: z.array(
                  z.object({ title: z.string(), url: z.string().nullable(), reRead: z.boolean() }),
                ),
                complianceCaution: z.string(),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { suspecting } = deps.reference;
      const { outcomes, policy } = await inTenant(deps, request, async (tx) => ({
        outcomes: await suspectOutcomes(tx),
        policy: policyOf((await currentSettings(tx))?.settings),
      }));
      const own = new Map((policy.suspecting.extraRules ?? []).map((rule) => [rule.id, rule]));
      const rules = [...suspecting.rules.filter(({ id }) => !own.has(id)), ...own.values()];
      const running = new Set(rulesInForce(suspecting, policy.suspecting).map(({ id }) => id));
      const counts = new Map(rules.map(({ id }) => [id, outcomes.get(id) ?? NO_OUTCOMES]));
      const yields = new Map(
        yieldsOf(counts, request.settings.rulePpvFloor).map(({ ruleId, ...rest }) => [ruleId, rest]),
      );
      return {
        library: suspecting.library,
        items: rules
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .map((rule) => {
            const {
              citations,
              clinicalReviewStatus: _status,
              libraryVersion: _version,
              ...words
            } = describeRule(suspecting, rule);
            return {
              ...words,
              references: citations,
              source: own.has(rule.id) ? ('own' as const) : ('library' as const),
              enabled: running.has(rule.id),
              outcomes: yields.get(rule.id) ?? EMPTY_YIELD,
            };
          }),
      };
    },
  );
}
