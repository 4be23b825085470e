import { z } from 'zod';
import { policyOf } from '../../analysis/tenant-policy.ts';
import { dotted } from '../../engine/icd10.ts';
import { withOverrides } from '../../reference/calendar.ts';
import type { MappingRow } from '../../reference/row-locator.ts';
import { getGap } from '../../store/gaps.ts';
import { currentSettings } from '../../store/tenancy.ts';
import { explainStoredGap, type GapExplanation } from '../../worklists/explain-gap.ts';
import { mayView, scopeOf } from '../../worklists/scope.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { touch } from '../plugins/access.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, problems } from '../problems.ts';
import { inTenant, today } from '../tenant.ts';

const mappingRow = z
  .object({
    package: z.string(),
    version: z.string(),
    file: z.string(),
    line: z.int().describe('the heading is line 1'),
    row: z.record(z.string(), z.string()),
  })
  .meta({ id: 'MappingRow', description: 'The table row that a fact was loaded from' });

const side = z.object({
  hccsBeforeHierarchy: z.array(z.string()),
  hccs: z.array(z.string()),
  dropped: z.array(z.object({ hcc: z.string(), droppedBy: z.string() })),
  rawScore: z.number(),
  paymentScore: z.number().nullable(),
  steps: z.array(z.object({ step: z.string(), formula: z.string(), value: z.number() })),
});

const explanation = z
  .object({
    gapId: z.string(),
    memberKey: z.string(),
    paymentYear: z.int(),
    asOf: z.string().describe('the date of the score that the chain reproduces'),
    explanation: z.string(),
    evidence: z.array(
      z.object({
        type: z.string(),
        code: z.string().nullable(),
        date: z.string().nullable(),
        encounterId: z.string().nullable(),
        source: z.string().nullable(),
        eligible: z.boolean().nullable(),
        value: z.union([z.number(), z.string()]).nullish(),
        unit: z.string().nullish(),
        from: z
          .object({ batchId: z.string(), file: z.string(), row: z.int() })
          .nullable()
          .describe('the row of the received file; null: not among the rows stored now'),
        verdict: z
          .object({ eligible: z.boolean(), reasons: z.array(z.string()), reason: z.string() })
          .nullable(),
      }),
    ),
    ruleApplied: z.object({
      ruleId: z.string(),
      words: z.string(),
      citations: z.array(z.object({ title: z.string(), url: z.string().nullable() })),
      clinicalReview: z.string(),
    }),
    codeChain: z
      .object({
        model: z.string(),
        hcc: z.string(),
        hccLabel: z.string(),
        codes: z.array(
          z.object({
            code: z.string(),
            description: z.string().nullable(),
            role: z.enum(['candidate', 'evidence', 'in_question']),
            hccs: z.array(z.string()),
            mappedBy: z.int().nullable().describe('payment year of the mapping table that holds the code'),
            row: mappingRow.nullable(),
          }),
        ),
      })
      .nullable(),
    hierarchyChain: z
      .object({
        order: z.string(),
        drops: z.array(z.string()),
        droppedBy: z.array(z.string()),
        captured: z.array(z.string()).describe('what the member has in this model without the gap'),
        rows: z.array(mappingRow),
      })
      .nullable(),
    scoreChain: z
      .object({
        segment: z.string(),
        coefficientSet: z.string(),
        without: side,
        with: side,
        factors: z.array(
          z.object({
            variable: z.string(),
            kind: z.string(),
            without: z.number().nullable(),
            with: z.number().nullable(),
            difference: z.number(),
            why: z.string(),
            row: mappingRow.nullable(),
          }),
        ),
        difference: z.object({ raw: z.number(), payment: z.number().nullable() }),
        paymentRow: mappingRow.nullable().describe('as loaded; what the tenant set instead is in provenance'),
        provenance: z
          .array(z.string())
          .describe(
            'parameters that are single-source, unverified, proposed or overridden, with who set them',
          ),
      })
      .nullable(),
    noScore: z.string().nullable().describe('why there is no chain or no score'),
  })
  .meta({ id: 'GapExplanation' });

function located(row: MappingRow | undefined | null) {
  return row ? { ...row, row: { ...row.row } } : null;
}

function chainOf(
  { chain, noChain, rows }: GapExplanation,
  gap: { hcc: string; hccLabel: string; model: string },
) {
  if (chain === null) {
    return { codeChain: null, hierarchyChain: null, scoreChain: null, noScore: noChain };
  }
  const { score } = chain;
  return {
    codeChain: {
      model: gap.model,
      hcc: gap.hcc,
      hccLabel: gap.hccLabel,
      codes: chain.codes.map((item) => ({
        ...item,
        code: dotted(item.code),
        hccs: [...item.hccs],
        row: located(rows.codes.get(item.code)),
      })),
    },
    hierarchyChain: {
      order: chain.hierarchy.order,
      drops: [...chain.hierarchy.drops],
      droppedBy: [...chain.hierarchy.droppedBy],
      captured: [...chain.hierarchy.captured],
      rows: rows.hierarchy.flatMap((row) => located(row) ?? []),
    },
    scoreChain: score && {
      segment: chain.segment,
      coefficientSet: chain.coefficientSet,
      without: score.without,
      with: score.with,
      factors: score.factors.map((factor) => ({
        ...factor,
        row: located(rows.factors.get(factor.variable)),
      })),
      difference: score.difference,
      paymentRow: located(rows.payment),
      provenance: [...score.provenance],
    },
    noScore: chain.noScore,
  };
}

/** From evidence to money in steps that a coder or an auditor can check by hand. */
export function registerExplanation(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/gaps/:gapId/explanation',
    {
      schema: {
        operationId: 'explainGap',
        tags: ['gaps'],
        summary: 'The chain behind a gap: evidence, rule, codes, HCC, hierarchy, factors, payment',
        description:
          'Every step names the row it rests on: of the received file, of the mapping package. The provider role gets the evidence only; who may not see RAF gets no scores.',
        params: z.object({ gapId: z.string().min(1).max(100) }),
        response: { 200: explanation, ...problems(404) },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      return inTenant(deps, request, async (tx) => {
        const gap = await getGap(tx, request.params.gapId);
        if (!gap || !mayView(scopeOf(caller), gap)) throw notFound('gap');
        request.touched.resourceId = gap.gapId;
        touch(request, [gap.memberKey]);
        const policy = policyOf((await currentSettings(tx))?.settings);
        const explained = await explainStoredGap(tx, {
          reference: deps.reference,
          locateRow: deps.locateRow,
          gap,
          tenantId: caller.tenantId,
          suspecting: policy.suspecting,
          paymentOverrides: policy.paymentOverrides,
          calendar: withOverrides(deps.reference.calendar, policy.calendarOverrides),
          today: today(deps),
        });
        return {
          gapId: gap.gapId,
          memberKey: gap.memberKey,
          paymentYear: gap.paymentYear,
          asOf: explained.asOf,
          explanation: gap.gap.explanation,
          evidence: explained.evidence,
          ruleApplied: explained.rule,
          ...chainOf(explained, gap.gap),
        };
      });
    },
  );
}
