import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import journal from '../../migrations/meta/_journal.json' with { type: 'json' };
import { type AuditEvent, appendAudit, listAudit, verifyAudit } from '../../src/store/audit.ts';
import { createBatch } from '../../src/store/batches.ts';
import { withSystem, withTenant } from '../../src/store/database.ts';
import { loadHistories } from '../../src/store/histories.ts';
import { findMembersByExternalId, getMember } from '../../src/store/members.ts';
import { migrate } from '../../src/store/migrate.ts';
import { changeSettings, createApiKey, currentSettings, findKeyByPrefix } from '../../src/store/tenancy.ts';
import { upsertRecords } from '../../src/store/upsert-records.ts';
import { person } from './invented-records.ts';
import { describePostgres, scratchDatabase } from './services.ts';

const BATCH = '00000000-0000-4000-8000-000000000001';
const event = (action: string): AuditEvent => ({
  at: '2026-11-23T10:00:00.000Z',
  actor: 'key-1',
  role: 'coder',
  action,
  resource: 'member',
  resourceId: 'm-1',
  memberKeys: ['m-1'],
  purpose: null,
  outcome: 'ok',
  requestId: 'r-1',
  sourceAddress: '192.0.2.1',
  detail: null,
});

describePostgres('tenancy of the store', () => {
  const scratch = scratchDatabase();

  test('every table with a tenant has row-level security enabled and forced, and a policy', async () => {
    const { rows } = await scratch.admin.query<{ relname: string; fine: boolean }>(
      `select c.relname, c.relrowsecurity and c.relforcerowsecurity
          and exists (select from pg_policy p where p.polrelid = c.oid) as fine
       from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
       where c.relkind in ('r', 'p') order by 1`,
    );
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => !row.fine)).toEqual([]);
  });

  test('the service roles can neither log in nor bypass row-level security', async () => {
    const { rows } = await scratch.admin.query(
      `select rolname, rolcanlogin, rolbypassrls, rolsuper from pg_roles where rolname like 'hccgap\\_%' order by 1`,
    );
    expect(rows).toEqual([
      { rolname: 'hccgap_app', rolcanlogin: false, rolbypassrls: false, rolsuper: false },
      { rolname: 'hccgap_system', rolcanlogin: false, rolbypassrls: false, rolsuper: false },
    ]);
  });

  test('migrating again, twice at once, changes nothing', async () => {
    await Promise.all([migrate(scratch.db.pool), migrate(scratch.db.pool)]);
    const { rows } = await scratch.admin.query('select count(*)::int as n from drizzle.__drizzle_migrations');
    expect(rows).toEqual([{ n: journal.entries.length }]);
  });

  test('two tenants never see each other, and a role without a tenant sees nothing', async () => {
    const [a, b] = [await scratch.tenant(), await scratch.tenant()];
    await withTenant(scratch.db, a, (tx) => upsertRecords(tx, BATCH, person('P-1')));
    const [member] = await withTenant(scratch.db, a, (tx) => findMembersByExternalId(tx, ['P-1']));
    const key = member?.memberKey ?? '';
    expect(await withTenant(scratch.db, b, (tx) => getMember(tx, key))).toBeUndefined();
    expect(await withTenant(scratch.db, b, (tx) => findMembersByExternalId(tx, ['P-1']))).toEqual([]);
    expect(await withTenant(scratch.db, b, (tx) => loadHistories(tx, [key]))).toEqual([]);
    const client = await scratch.admin.connect();
    try {
      await client.query('begin; set local role hccgap_app');
      expect((await client.query('select * from members')).rows).toEqual([]);
      await client.query(`select set_config('app.tenant', '', true)`);
      expect((await client.query('select * from diagnoses')).rows).toEqual([]);
      await client.query('rollback');
    } finally {
      client.release();
    }
  });

  test('a row cannot be written for another tenant', async () => {
    const [a, b] = [await scratch.tenant(), await scratch.tenant()];
    const smuggle = withTenant(scratch.db, a, (tx) =>
      tx.execute(sql`insert into members (tenant_id, external_id, batch_id, source_file, source_row)
        values (${b}::uuid, 'P-9', ${BATCH}::uuid, 'x', 1)`),
    );
    await expect(smuggle).rejects.toMatchObject({ code: '42501' });
  });

  test('the same member id is another member for each tenant', async () => {
    const [a, b] = [await scratch.tenant(), await scratch.tenant()];
    for (const tenant of [a, b])
      await withTenant(scratch.db, tenant, (tx) => upsertRecords(tx, BATCH, person('P-2')));
    const keys = await Promise.all(
      [a, b].map((tenant) => withTenant(scratch.db, tenant, (tx) => findMembersByExternalId(tx, ['P-2']))),
    );
    expect(keys.map((found) => found.length)).toEqual([1, 1]);
    expect(keys[0]?.[0]?.memberKey).not.toBe(keys[1]?.[0]?.memberKey);
  });

  test('the system role reaches no table with PHI', async () => {
    for (const table of ['members', 'diagnoses', 'gaps', 'batch_rejects', 'audit_log', 'queries']) {
      const peek = withSystem(scratch.db, (tx) => tx.execute(sql`select * from ${sql.identifier(table)}`));
      await expect(peek, table).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('append-only tables refuse changes by the service', async () => {
    const tenant = await scratch.tenant();
    await withTenant(scratch.db, tenant, (tx) => appendAudit(tx, [event('read')]));
    for (const statement of [
      sql`update audit_log set actor = 'nobody'`,
      sql`delete from audit_log`,
      sql`update gap_events set actor = 'nobody'`,
      sql`delete from gap_events`,
      sql`update workflow_steps set actor = 'nobody'`,
      sql`delete from workflow_steps`,
      sql`update tenant_settings set reason = 'none'`,
      sql`update audit_heads set seq = 0`,
    ]) {
      await expect(withTenant(scratch.db, tenant, (tx) => tx.execute(statement))).rejects.toMatchObject({
        code: '42501',
      });
    }
  });

  test('a query as sent and its answer cannot be changed, by whoever writes to the table', async () => {
    const tenant = await scratch.tenant();
    const inTenant = (statement: ReturnType<typeof sql>) =>
      withTenant(scratch.db, tenant, (tx) => tx.execute(statement));
    await inTenant(sql`insert into queries (gap_id, member_id, type, content, content_sha256, created_by, provider_npi)
      values ('g-1', ${BATCH}::uuid, 'open_ended', '{"text": "as drafted?"}', 'aa', 'coder', '1234567893')`);
    // A draft is nobody's evidence yet.
    await inTenant(
      sql`update queries set content = '{"text": "as sent?"}', status = 'sent', sent_at = now()`,
    );
    const refused = async (statement: ReturnType<typeof sql>) =>
      expect(inTenant(statement)).rejects.toMatchObject({ code: 'HG002' });
    await refused(sql`update queries set content = '{"text": "another?"}'`);
    await refused(sql`update queries set content_sha256 = 'bb'`);
    await refused(sql`update queries set sent_at = sent_at - interval '1 day'`);
    await inTenant(sql`update queries set status = 'answered', answer = '{"kind": "no"}', answered_by = 'p',
      answered_at = now()`);
    await refused(sql`update queries set answer = '{"kind": "yes"}'`);
    await refused(sql`update queries set answer = null`);
    await refused(sql`update queries set answered_by = 'somebody else'`);
    await refused(sql`update queries set status = 'withdrawn'`);
    await expect(
      scratch.admin.query(`update queries set content = '{}' where tenant_id = $1`, [tenant]),
    ).rejects.toMatchObject({ code: 'HG002' });
    // Two ids of one person may still become one.
    await inTenant(sql`update queries set member_id = gen_random_uuid()`);
    await expect(inTenant(sql`delete from queries`)).rejects.toMatchObject({ code: '42501' });
  });

  test('a tenant id that is none is refused before any query', async () => {
    await expect(withTenant(scratch.db, "x' or true --", async () => 1)).rejects.toThrow(TypeError);
  });

  test('a key is found by its prefix across tenants', async () => {
    const tenant = await scratch.tenant();
    const key = await withTenant(scratch.db, tenant, (tx) =>
      createApiKey(tx, {
        name: 'night extract',
        role: 'submitter',
        prefix: 'abcdefabcdef',
        hash: 'ff00',
        npi: null,
        contracts: ['H0001'],
        createdBy: 'cli',
        expiresAt: '2027-01-01T00:00:00Z',
      }),
    );
    const found = await withSystem(scratch.db, (tx) => findKeyByPrefix(tx, 'abcdefabcdef'));
    expect(found).toEqual({
      keyId: key.keyId,
      tenantId: tenant,
      secretHash: 'ff00',
      role: 'submitter',
      npi: null,
      contracts: ['H0001'],
      expiresAt: new Date('2027-01-01T00:00:00Z'),
      revokedAt: null,
    });
  });

  test('settings keep who, when and why, and refuse a change of what is no longer the latest', async () => {
    const tenant = await scratch.tenant();
    const change = (after: number, reason: string) =>
      withTenant(scratch.db, tenant, (tx) =>
        changeSettings(tx, {
          after,
          settings: { coderSeesRaf: true },
          by: 'key-9',
          reason,
          at: '2026-11-23T10:00:00Z',
        }),
      );
    expect((await change(0, 'asked by the plan'))?.version).toBe(1);
    expect(await change(0, 'late')).toBeUndefined();
    const current = await withTenant(scratch.db, tenant, (tx) => currentSettings(tx));
    expect(current).toMatchObject({ version: 1, changedBy: 'key-9', reason: 'asked by the plan' });
  });
});

describePostgres('an error of the database', () => {
  const scratch = scratchDatabase();

  test('quotes no value of the statement', async () => {
    const tenant = await scratch.tenant();
    const canary = 'CANARY-ZYX';
    const failing = withTenant(scratch.db, tenant, (tx) =>
      tx.execute(sql`insert into members (external_id, batch_id, source_file, source_row, birth_date)
        values (${canary}, ${BATCH}::uuid, 'x', 1, ${canary}::date)`),
    );
    const error = await failing.then(
      () => null,
      (fault: unknown) => fault,
    );
    expect(error).toMatchObject({ name: 'StoreError', code: '22007' });
    expect(inspect(error, { depth: 9 })).not.toContain(canary);
  });
});

describePostgres('the audit chain', () => {
  const scratch = scratchDatabase();
  const filled = async () => {
    const tenant = await scratch.tenant();
    await withTenant(scratch.db, tenant, (tx) => appendAudit(tx, [event('read'), event('export')]));
    await withTenant(scratch.db, tenant, (tx) => appendAudit(tx, [event('login')]));
    return tenant;
  };
  const verify = (tenant: string) => withTenant(scratch.db, tenant, (tx) => verifyAudit(tx));

  test('holds over many appends, in order, and tells who saw a member', async () => {
    const tenant = await filled();
    expect(await verify(tenant)).toEqual({ ok: true, entries: 3 });
    const log = await withTenant(scratch.db, tenant, (tx) =>
      listAudit(tx, { before: null, limit: 10, memberKey: 'm-1' }),
    );
    expect(log.map((entry) => [entry.seq, entry.action])).toEqual([
      [3, 'login'],
      [2, 'export'],
      [1, 'read'],
    ]);
  });

  test('holds when many append at once', async () => {
    const tenant = await filled();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        withTenant(scratch.db, tenant, (tx) => appendAudit(tx, [event(`read ${n}`)])),
      ),
    );
    expect(await verify(tenant)).toEqual({ ok: true, entries: 23 });
  });

  test('shows a changed row', async () => {
    const tenant = await filled();
    await scratch.admin.query(
      `update audit_log set actor = 'somebody else' where tenant_id = $1 and seq = 2`,
      [tenant],
    );
    expect(await verify(tenant)).toEqual({ ok: false, entries: 3, seq: 2, reason: 'changed' });
  });

  test('shows a removed row', async () => {
    const tenant = await filled();
    await scratch.admin.query('delete from audit_log where tenant_id = $1 and seq = 2', [tenant]);
    expect(await verify(tenant)).toEqual({ ok: false, entries: 2, seq: 3, reason: 'missing' });
  });

  test('shows a cut-off end', async () => {
    const tenant = await filled();
    await scratch.admin.query('delete from audit_log where tenant_id = $1 and seq = 3', [tenant]);
    expect(await verify(tenant)).toEqual({ ok: false, entries: 2, seq: 2, reason: 'cut-off' });
  });

  test('a row of an empty log cannot be removed unseen either', async () => {
    const tenant = await scratch.tenant();
    await withTenant(scratch.db, tenant, (tx) => appendAudit(tx, [event('read')]));
    await scratch.admin.query('delete from audit_log where tenant_id = $1', [tenant]);
    expect(await verify(tenant)).toEqual({ ok: false, entries: 0, seq: 0, reason: 'cut-off' });
  });
});

describePostgres('receipt of batches', () => {
  const scratch = scratchDatabase();
  const batch = (key: string | null, sha: string) => ({
    format: 'csv',
    asOf: '2026-11-23',
    createdBy: 'key-1',
    idempotencyKey: key,
    contentSha256: sha,
    spool: null,
  });

  test('the same key and content give the same batch, also when sent at once', async () => {
    const tenant = await scratch.tenant();
    const send = () => withTenant(scratch.db, tenant, (tx) => createBatch(tx, batch('k1', 'aa')));
    const receipts = [...(await Promise.all([send(), send(), send()])), await send()];
    expect(new Set(receipts.map((receipt) => receipt.batch.batchId)).size).toBe(1);
    expect(receipts.filter((receipt) => receipt.ok && receipt.created)).toHaveLength(1);
    const other = await withTenant(scratch.db, tenant, (tx) => createBatch(tx, batch('k1', 'bb')));
    expect(other).toMatchObject({ ok: false, reason: 'key-reused' });
  });

  test('without a key every sending is a batch', async () => {
    const tenant = await scratch.tenant();
    const send = () => withTenant(scratch.db, tenant, (tx) => createBatch(tx, batch(null, 'aa')));
    expect((await send()).batch.batchId).not.toBe((await send()).batch.batchId);
  });
});
