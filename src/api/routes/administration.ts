import { z } from 'zod';
import { stampOverrides } from '../../analysis/payment-overrides.ts';
import { policyChanged } from '../../analysis/tenant-policy.ts';
import { hasPaymentRow, type PaymentOverride } from '../../engine/payment-overrides.ts';
import { parseRuleFile } from '../../reference/suspect-rules.ts';
import { ruleVocabulary } from '../../reference/suspecting.ts';
import {
  type ApiKey,
  changeSettings,
  createApiKey,
  currentSettings,
  currentTenant,
  getApiKey,
  listApiKeys,
  listSettings,
  revokeApiKey,
} from '../../store/tenancy.ts';
import { addNightlyAnalysis } from '../../store/work-items.ts';
import type { Api } from '../api.ts';
import type { ApiDeps } from '../deps.ts';
import { createKey } from '../keys.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, ProblemError, problems } from '../problems.ts';
import { ROLES } from '../roles.ts';
import { readSettings, settingsChange, settingsSchema } from '../settings.ts';
import { inTenant, today } from '../tenant.ts';
import { versionOf } from '../version.ts';
import { registerAudit } from './audit.ts';

const tags = ['administration'];
const MAX_KEY_DAYS = 366;
const keyParams = z.object({ keyId: z.uuid() });

const keyRow = z
  .object({
    keyId: z.string(),
    name: z.string(),
    role: z.string(),
    prefix: z.string(),
    npi: z.string().nullable(),
    contracts: z.array(z.string()).nullable(),
    createdBy: z.string(),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    revokedAt: z.string().nullable(),
    revokedBy: z.string().nullable(),
    lastUsedAt: z.string().nullable(),
  })
  .meta({ id: 'ApiKey' });
const newKeyRow = keyRow.extend({
  key: z.string().nullable().describe('shown this once; only a hash is kept'),
});

const keyBody = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    role: z.enum(ROLES),
    npi: z
      .string()
      .regex(/^\d{10}$/)
      .nullish()
      .describe('provider role: whose patients it may see'),
    contracts: z.array(z.string().min(1).max(64)).min(1).max(200).nullish(),
    expiresInDays: z.int().min(1).max(MAX_KEY_DAYS).default(90),
  })
  .refine(({ role, npi }) => role !== 'provider' || typeof npi === 'string', {
    path: ['npi'],
    message: 'a provider key names the NPI whose patients it may see',
  });

/** Keys, settings, the tenant and its audit log. */
export function registerAdministration(v1: Api, deps: ApiDeps): void {
  registerKeys(v1, deps);
  registerSettings(v1, deps);
  registerAudit(v1, deps);
}

function registerKeys(v1: Api, deps: ApiDeps): void {
  const days = (count: number) => new Date(deps.now().getTime() + count * 86_400_000).toISOString();

  v1.get(
    '/keys',
    {
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'Keys with role, limits and last use: the access review',
        response: { 200: z.object({ items: z.array(keyRow) }), ...problems() },
      },
    },
    async (request) => ({ items: await inTenant(deps, request, listApiKeys) }),
  );

  v1.post(
    '/keys',
    {
      config: { idempotency: 'secret' },
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Make a key; it is shown this once',
        body: keyBody,
        response: { 201: newKeyRow, ...problems() },
      },
    },
    async (request, reply) => {
      const { name, role, npi, contracts, expiresInDays } = request.body;
      const { key, prefix, hash } = createKey();
      const row = await inTenant(deps, request, (tx) =>
        createApiKey(tx, {
          name,
          role,
          prefix,
          hash,
          npi: npi ?? null,
          contracts: contracts ?? null,
          createdBy: callerOf(request).subject,
          expiresAt: days(expiresInDays),
        }),
      );
      request.touched.resourceId = row.keyId;
      return reply.status(201).send({ ...row, key });
    },
  );

  v1.post(
    '/keys/:keyId/rotate',
    {
      config: { idempotency: 'secret' },
      schema: {
        operationId: 'rotateKey',
        tags,
        summary: 'Replace a key by a new one with the same role and limits; the old one ends at once',
        params: keyParams,
        response: { 201: newKeyRow, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { key, prefix, hash } = createKey();
      const by = callerOf(request).subject;
      const row = await inTenant(deps, request, async (tx): Promise<ApiKey> => {
        const old = await getApiKey(tx, request.params.keyId);
        if (!old) throw notFound('key');
        const at = deps.now().toISOString();
        if (!(await revokeApiKey(tx, { keyId: old.keyId, by, at }))) {
          throw new ProblemError('conflict', 'the key was revoked already');
        }
        const { name, role, npi, contracts, createdAt, expiresAt } = old;
        const life = expiresAt === null ? 90 : (Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000;
        return createApiKey(tx, {
          name,
          role,
          npi,
          contracts,
          prefix,
          hash,
          createdBy: by,
          expiresAt: days(life),
        });
      });
      deps.access.forget();
      request.touched.resourceId = row.keyId;
      return reply.status(201).send({ ...row, key });
    },
  );

  v1.post(
    '/keys/:keyId/revoke',
    {
      schema: {
        operationId: 'revokeKey',
        tags,
        summary: 'End a key at once',
        params: keyParams,
        response: { 200: keyRow, ...problems(404) },
      },
    },
    async (request) => {
      const { keyId } = request.params;
      request.touched.resourceId = keyId;
      const row = await inTenant(deps, request, async (tx) => {
        await revokeApiKey(tx, { keyId, by: callerOf(request).subject, at: deps.now().toISOString() });
        return getApiKey(tx, keyId);
      });
      if (!row) throw notFound('key');
      deps.access.forget();
      return row;
    },
  );
}

const settingsRow = z.object({
  version: z.int().describe('send it back in If-Match'),
  settings: settingsSchema,
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
  reason: z.string().nullable(),
});

function registerSettings(v1: Api, deps: ApiDeps): void {
  v1.get(
    '/tenants/current',
    {
      schema: {
        operationId: 'getTenant',
        tags,
        summary: "The caller's tenant; there is no list of tenants over HTTP",
        response: {
          200: z.object({ tenantId: z.string(), name: z.string(), createdAt: z.string() }),
          ...problems(404),
        },
      },
    },
    async (request) => {
      const tenant = await inTenant(deps, request, currentTenant);
      if (!tenant) throw notFound('tenant');
      return tenant;
    },
  );

  v1.get(
    '/settings',
    {
      schema: {
        operationId: 'getSettings',
        tags,
        summary: 'Settings in force (version 0: all defaults) and their history',
        response: { 200: settingsRow.extend({ history: z.array(settingsRow) }), ...problems() },
      },
    },
    async (request, reply) => {
      const versions = await inTenant(deps, request, listSettings);
      const history = versions.map((row) => ({ ...row, settings: readSettings(row.settings) }));
      const inForce = history[0] ?? {
        version: 0,
        settings: readSettings(undefined),
        changedBy: null,
        changedAt: null,
        reason: null,
      };
      reply.header('etag', `"${inForce.version}"`);
      return { ...inForce, history };
    },
  );

  v1.put(
    '/settings',
    {
      schema: {
        operationId: 'updateSettings',
        tags,
        summary: 'Change settings: who, when and why are kept with every version',
        description:
          'A change of weights, suspect rules, deadlines or payment overrides has every member analysed again in the background. Own rules are checked against the value sets; each fault has its place.',
        body: z.strictObject({
          settings: settingsChange,
          reason: z.string().trim().min(1).max(500),
        }),
        response: { 200: settingsRow, ...problems(409, 422, 428) },
      },
    },
    async (request, reply) => {
      const after = versionOf(request);
      const { settings, reason } = request.body;
      const { subject: by } = callerOf(request);
      const row = await inTenant(deps, request, async (tx) => {
        const current = readSettings((await currentSettings(tx))?.settings);
        const paymentOverrides = stampOverrides(settings.paymentOverrides ?? current.paymentOverrides, {
          before: current.paymentOverrides,
          by,
          on: today(deps),
          reason,
        });
        const merged = { ...current, ...withoutUndefined(settings), paymentOverrides };
        refuseUnknownRules(deps, settings, merged.ownRules);
        refuseUnknownParameters(deps, paymentOverrides);
        const changed = await changeSettings(tx, {
          after,
          settings: merged,
          by,
          reason,
          at: deps.now().toISOString(),
        });
        if (changed && policyChanged(current, merged)) await addNightlyAnalysis(tx, { asOf: today(deps) });
        return changed;
      });
      deps.batches.nudge();
      if (!row) throw new ProblemError('version-conflict', 'the settings were changed meanwhile');
      deps.access.forget();
      reply.header('etag', `"${row.version}"`);
      return { ...row, settings: readSettings(row.settings) };
    },
  );
}

/** Own rules that could never fire, and switches of rules that do not exist, are refused with their places. */
function refuseUnknownRules(
  deps: ApiDeps,
  change: z.output<typeof settingsChange>,
  ownRules: readonly Readonly<Record<string, unknown>>[],
): void {
  const { suspecting } = deps.reference;
  const parsed = change.ownRules?.length
    ? parseRuleFile({ rules: change.ownRules }, ruleVocabulary(suspecting))
    : null;
  const known = new Set([...suspecting.rules, ...ownRules].map(({ id }) => id));
  const unknown = (['enabledRules', 'disabledRules'] as const).flatMap((list) =>
    (change[list] ?? []).flatMap((id, index) =>
      known.has(id)
        ? []
        : [{ pointer: `/settings/${list}/${index}`, code: 'unknown_rule', message: `no suspect rule ${id}` }],
    ),
  );
  const errors = [
    ...(parsed?.ok === false
      ? parsed.errors.map(({ pointer, message }) => ({
          pointer: pointer.replace(/^\/rules/, '/settings/ownRules'),
          code: 'rule',
          message,
        }))
      : []),
    ...unknown,
  ];
  if (errors.length > 0) throw new ProblemError('unprocessable', 'suspect rules are at fault', { errors });
}

/** An override of a payment parameter that no model, program and year has would change nothing: it is refused. */
function refuseUnknownParameters(deps: ApiDeps, overrides: readonly PaymentOverride[]): void {
  const errors = overrides.flatMap((override, index) =>
    hasPaymentRow(deps.reference.payment, override)
      ? []
      : [
          {
            pointer: `/settings/paymentOverrides/${index}`,
            code: 'unknown_parameter',
            message: `no payment parameters of ${override.model} for program ${override.program}, payment year ${override.paymentYear} in this scope`,
          },
        ],
  );
  if (errors.length > 0)
    throw new ProblemError('unprocessable', 'payment overrides are at fault', { errors });
}

/** Fields a partial body did not name must not overwrite what is in force with a default. */
function withoutUndefined(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
