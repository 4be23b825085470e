import { beforeAll, expect, test } from 'vitest';
import { analyzeMembers } from '../../src/analysis/analyze-members.ts';
import { refreshAnalyses } from '../../src/analysis/refresh.ts';
import { applyRetention } from '../../src/analysis/retention.ts';
import { ACCESS, type OperationId, ROLES, type Role } from '../../src/api/roles.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { intakeHandler } from '../../src/intake/intake-handler.ts';
import { dropOldSpools } from '../../src/intake/spool-retention.ts';
import { webhookHandler } from '../../src/intake/webhook.ts';
import { withTenant } from '../../src/store/database.ts';
import { describePostgres } from '../integration/services.ts';
import { reference, TODAY } from './support/app.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

/** Everything of tenant B is called this, so that a leak shows as a word. */
const MARK = 'ZZ-OTHER-TENANT';
const NEVER = '00000000-0000-4000-8000-0000000000ee';

interface Ids {
  readonly memberKey: string;
  readonly memberId: string;
  readonly encounterId: string;
  readonly gapId: string;
  readonly queryId: string;
  readonly submissionId: string;
  readonly releaseId: string;
  readonly batchId: string;
  readonly keyId: string;
  readonly filterId: string;
  readonly reviewId: string;
  readonly holdId: string;
}

const STRANGER: Ids = {
  memberKey: NEVER,
  memberId: 'nobody',
  encounterId: 'E3',
  gapId: 'f'.repeat(32),
  queryId: NEVER,
  submissionId: NEVER,
  releaseId: NEVER,
  batchId: NEVER,
  keyId: NEVER,
  filterId: NEVER,
  reviewId: NEVER,
  holdId: NEVER,
};

/** Bodies that name an id of somebody; the other routes that write get an empty one. */
const BODIES: Readonly<Record<string, (ids: Ids) => object>> = {
  lookUpMember: ({ memberId }) => ({ memberId }),
  assignGaps: ({ gapId }) => ({ gapIds: [gapId], assignee: 'user:intruder' }),
  moveGap: () => ({ to: 'in_review' }),
  moveGaps: ({ gapId }) => ({ items: [{ gapId, version: 1, to: 'in_review' }] }),
  createQuery: ({ gapId }) => ({ gapId }),
  answerQuery: () => ({ kind: 'other', text: 'yes', credentials: 'MD' }),
  getReview: ({ memberKey, encounterId }) => ({ memberKey, encounterId }),
  markReview: ({ memberKey, encounterId }) => ({
    memberKey,
    encounterId,
    marks: [{ model: 'cms-hcc-v28', hcc: '38', mark: 'supported' }],
  }),
  recordResponse: () => ({ outcome: 'accepted' }),
  giveVerdict: () => ({ verdict: 'agree' }),
  getAuditPacket: ({ memberKey }) => ({ memberKey, hcc: '226', paymentYear: 2027 }),
  chooseLink: ({ encounterId }) => ({ encounterId }),
  placeHold: ({ memberKey }) => ({ memberKey, reason: 'case 1' }),
  eraseMember: () => ({ reason: 'wrong tenant', rule: 'not_ours' }),
};
/** Query strings that name an id of somebody. */
const SEARCHES: Readonly<Record<string, (ids: Ids) => string>> = {
  getWorklist: ({ memberKey }) => `?member=${memberKey}`,
  listQueries: ({ gapId }) => `?gapId=${gapId}`,
  listSubmissions: ({ releaseId }) => `?releaseId=${releaseId}`,
  listSecondReviews: ({ gapId }) => `?gapId=${gapId}`,
  listAudit: ({ memberKey }) => `?memberKey=${memberKey}`,
};

describePostgres('one tenant walks through every door with the ids of another', () => {
  const stored = storedApp();
  const { post } = stored;
  let a = '';
  let b = '';
  let theirs: Ids = STRANGER;
  const keys = new Map<Role, string>();
  let before = '';

  /** Every row of tenant B but its log of who looked, as one text. */
  const stateOfB = async () => {
    const { rows: tables } = await stored.scratch.admin.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
       where c.relkind = 'r' and c.relname not in ('audit_log', 'audit_heads', 'idempotency_keys') order by 1`,
    );
    const parts = [];
    for (const { name } of tables) {
      const { rows } = await stored.scratch.admin.query<{ all: string | null }>(
        `select string_agg((to_jsonb(t) - 'last_used_at')::text, E'\\n' order by (to_jsonb(t) - 'last_used_at')::text) as all
         from ${name} t where tenant_id = $1`,
        [b],
      );
      parts.push(`${name}: ${rows[0]?.all ?? ''}`);
    }
    return parts.join('\n');
  };

  beforeAll(async () => {
    a = await stored.scratch.tenant();
    b = await stored.scratch.tenant(MARK);
    for (const role of ROLES) {
      keys.set(role, await stored.key(a, role, role === 'provider' ? { npi: '1234567893' } : {}));
    }
    const own = {
      coder: await stored.key(b, 'coder'),
      lead: await stored.key(b, 'lead'),
      other: await stored.key(b, 'lead'),
      admin: await stored.key(b, 'admin'),
    };
    await stored.load(a, [history('A-1')]);
    const marked = { ...history(`${MARK}-1`) };
    marked.encounters = marked.encounters.map((one) => ({ ...one, icn: `${MARK}-${one.encounterId}` }));
    const members = await stored.load(b, [marked]);
    const memberKey = members.get(`${MARK}-1`) ?? '';
    const first = async (kind: string, list: string) =>
      (await stored.call(own.lead, { url: `/v1/worklists/${list}?kind=${kind}` })).json().items[0];
    const gap = await first('recapture', 'prospective');
    const query = (await post(own.coder, '/v1/queries', { gapId: gap.gapId, send: true })).json();
    const wrong = await first('over_coding', 'retrospective');
    await post(
      own.coder,
      `/v1/gaps/${wrong.gapId}/transitions`,
      { to: 'in_review', reason: 'mark_unsupported', comment: MARK },
      wrong.version,
    );
    const [review] = (await stored.call(own.lead, { url: '/v1/second-reviews' })).json().items;
    await post(
      own.lead,
      `/v1/second-reviews/${review.reviewId}/verdict`,
      { verdict: 'agree' },
      review.version,
    );
    const [submission] = (await stored.call(own.lead, { url: '/v1/submissions' })).json().items;
    await post(
      own.other,
      `/v1/submissions/${submission.submissionId}/approve`,
      undefined,
      submission.version,
    );
    const release = (await post(own.other, '/v1/submissions/release', {})).json();
    const filter = (
      await post(own.lead, '/v1/saved-filters', {
        name: MARK,
        list: 'prospective',
        filters: {},
        shared: true,
      })
    ).json();
    const { rows: batches } = await stored.scratch.admin.query<{ id: string }>(
      'select id from batches where tenant_id = $1',
      [b],
    );
    const { rows: known } = await stored.scratch.admin.query<{ id: string }>(
      'select id from api_keys where tenant_id = $1 limit 1',
      [b],
    );
    const hold = (await post(own.admin, '/v1/legal-holds', { memberKey, reason: MARK })).json();
    theirs = {
      memberKey,
      memberId: `${MARK}-1`,
      encounterId: 'E3',
      gapId: gap.gapId,
      queryId: query.queryId,
      submissionId: submission.submissionId,
      releaseId: release.releaseId,
      batchId: batches[0]?.id ?? '',
      keyId: known[0]?.id ?? '',
      filterId: filter.filterId,
      reviewId: review.reviewId,
      holdId: hold.holdId,
    };
    // Somebody of each whose records pass every limit one day.
    for (const [tenant, memberId] of [
      [a, 'A-old'],
      [b, `${MARK}-old`],
    ] as const) {
      const left = history(memberId);
      left.coverage = left.coverage.map((period) => ({ ...period, to: '2026-12-31' })) as never;
      left.appointments = [];
      await stored.load(tenant, [left]);
    }
    before = await stateOfB();
  });

  test('the ids are all there, or the walk would prove nothing', () => {
    expect(Object.entries(theirs).filter(([, id]) => !id)).toEqual([]);
    expect(before).toContain(MARK);
  });

  test('every route, as every role that may call it: nothing of the other tenant, and 404 alike', async () => {
    const document = (await stored.app().inject({ url: '/openapi.json' })).json();
    const leaks: string[] = [];
    const unlike: string[] = [];
    let tried = 0;
    const opaque = [theirs.memberKey, theirs.queryId, theirs.submissionId, theirs.gapId, theirs.batchId, b];
    for (const [pattern, methods] of Object.entries<Record<string, { operationId: OperationId }>>(
      document.paths,
    )) {
      if (!pattern.startsWith('/v1/')) continue;
      for (const [method, { operationId }] of Object.entries(methods)) {
        // These take a file, or make what has no owner yet.
        if (operationId === 'createBatch') continue;
        const roles: readonly Role[] = ACCESS[operationId];
        for (const role of roles) {
          const ask = async (ids: Ids) => {
            const url =
              pattern.replace(/\{(\w+)\}/g, (_all, name: string) =>
                name === 'list'
                  ? 'prospective'
                  : String(Object.entries(ids).find(([key]) => key === name)?.[1] ?? 'X'),
              ) + (SEARCHES[operationId]?.(ids) ?? '');
            const answer = await stored.call(keys.get(role) ?? '', {
              method: method.toUpperCase() as 'GET',
              url,
              headers: { 'if-match': '"1"' },
              ...(method === 'get' || method === 'delete'
                ? {}
                : { payload: BODIES[operationId]?.(ids) ?? {} }),
            });
            return {
              status: answer.statusCode,
              body: answer.body,
              type: String(answer.headers['content-type']),
            };
          };
          const found = await ask(theirs);
          const never = await ask(STRANGER);
          tried += 1;
          const where = `${method} ${pattern} as ${role}: ${found.status}`;
          // What was asked for may be said back; what was not is a leak.
          if (found.body.includes(MARK)) leaks.push(`${where} ${found.body.slice(0, 200)}`);
          if (
            found.status < 300 &&
            opaque.some((id) => found.body.includes(id)) &&
            operationId !== 'moveGaps'
          ) {
            leaks.push(`${where} names an id: ${found.body.slice(0, 200)}`);
          }
          const plain = (text: string, ids: Ids) =>
            Object.values(ids)
              .reduce((body, id) => body.replaceAll(id, 'ID'), text)
              .replace(/urn:uuid:[0-9a-f-]+/g, '');
          const asked = pattern.includes('{') || Object.hasOwn(BODIES, operationId);
          if (asked && found.type.includes('json') && !pattern.includes('{list}')) {
            if (found.status !== never.status || plain(found.body, theirs) !== plain(never.body, STRANGER)) {
              unlike.push(`${where} against ${never.status}`);
            }
          }
        }
      }
    }
    process.stderr.write(`cross-tenant walk: ${tried} routes by role tried, ${leaks.length} leaks\n`);
    expect(leaks).toEqual([]);
    expect(unlike).toEqual([]);
    expect(tried).toBeGreaterThan(200);
    expect(await stateOfB()).toBe(before);
  }, 240_000);

  test("jobs that name the other tenant's members or batch find nothing and change nothing", async () => {
    const db = stored.scratch.db;
    const summary = await analyzeMembers(
      db,
      {
        tenantId: a,
        runId: NEVER,
        memberKeys: [theirs.memberKey],
        asOf: TODAY,
        paymentYears: null,
        lookbackYears: 2,
      },
      {
        analyze: (member, options, identity) => analyzeHistory(reference(), member, options, identity),
        calendar: reference().calendar,
        now: () => new Date(`${TODAY}T12:00:00Z`),
        checkpoint: () => undefined,
      },
    );
    expect(summary).toMatchObject({ faults: [] });
    let completed = 0;
    const intake = intakeHandler({
      reference: reference(),
      spoolDir: stored.spoolDir,
      onRead: () => undefined,
    });
    const item = {
      itemId: NEVER,
      kind: 'intake',
      tenantId: a,
      batchId: theirs.batchId,
      payload: {},
    } as unknown as Parameters<typeof intake>[0];
    await intake(item, {
      db,
      checkpoint: () => undefined,
      noteMember: async () => undefined,
      complete: async () => {
        completed += 1;
      },
    }).catch((error: unknown) => {
      expect(String(error)).not.toContain(MARK);
    });
    expect(completed).toBeLessThanOrEqual(1);
    const calls: unknown[] = [];
    const webhook = webhookHandler({
      webhook: { url: 'https://example.test/hook', secret: 'made up' },
      now: () => new Date(`${TODAY}T12:00:00Z`),
      send: async (_url, init) => {
        calls.push(init?.body);
        return new Response(null, { status: 204 });
      },
    });
    await webhook({ ...item, id: NEVER, kind: 'webhook', attempts: 1 } as typeof item, {
      db,
      checkpoint: () => undefined,
      noteMember: async () => undefined,
      complete: async () => undefined,
    });
    expect(calls).toEqual([]);
    expect(await stateOfB()).toBe(before);
  });

  test('work by the clock of one tenant, long after every limit, leaves the other as it was', async () => {
    const db = stored.scratch.db;
    const now = new Date('2099-01-01T05:00:00Z');
    expect(await applyRetention({ db, tenantId: a, now })).toMatchObject({ members: 1 });
    await dropOldSpools({ db, spoolDir: stored.spoolDir, tenantId: a, now });
    await refreshAnalyses({ db, tenantId: a, basis: { asOf: '2099-01-01', packages: { queries: 'other' } } });
    expect(await stateOfB()).toBe(before);
  });

  test('SQL as the service role sees no row without a tenant, and none of another', async () => {
    const seen = await withTenant(stored.scratch.db, a, async (tx) =>
      tx.execute(`select count(*)::int as count from members where external_id like '${MARK}%'`),
    );
    expect(seen.rows).toEqual([{ count: 0 }]);
  });
});
