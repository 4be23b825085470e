import { beforeAll, expect, test } from 'vitest';
import { intakeOptions } from '../../src/intake/parser.ts';
import { parseX12 } from '../../src/intake/x12/parse.ts';
import { createBatch } from '../../src/store/batches.ts';
import { withTenant } from '../../src/store/database.ts';
import { settleReturns } from '../../src/store/releases.ts';
import { upsertRecords } from '../../src/store/upsert-records.ts';
import { sha256 } from '../../src/worklists/digest.ts';
import { collect, inputOf, only } from '../helpers/intake.ts';
import { describePostgres } from '../integration/services.ts';
import { TODAY } from './support/app.ts';
import { ADD_SUPPORTED, history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

describePostgres('releases and their files', () => {
  const stored = storedApp();
  const { get, post } = stored;
  const keys = { coder: '', lead: '', approver: '', submitter: '' };
  let tenantId = '';
  let releaseId = '';
  let claims: readonly string[] = [];

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    for (const name of ['coder', 'lead', 'approver', 'submitter'] as const) {
      keys[name] = await stored.key(tenantId, name === 'approver' ? 'lead' : name);
    }
    const members = ['R-1', 'R-2'].map((memberId) => ({
      ...history(memberId),
      encounters: history().encounters.map((one) => ({ ...one, icn: `ICN${memberId}${one.encounterId}` })),
    }));
    await stored.load(tenantId, members);
  });

  const gapsOf = async (
    kind: string,
    list: string,
  ): Promise<{ gapId: string; version: number; memberKey: string }[]> =>
    (await get(keys.lead, `/v1/worklists/${list}?kind=${kind}`)).items;
  const answerOf = (memberId: string, status: object) =>
    withTenant(stored.scratch.db, tenantId, async (tx) => {
      const receipt = await createBatch(tx, {
        format: 'x12',
        asOf: TODAY,
        createdBy: 'test',
        idempotencyKey: null,
        contentSha256: null,
        spool: null,
      });
      const none = { encounterId: null, icn: null, acceptance: null, mao004: null, reasons: [] };
      const source = { file: 'answers.x12', row: 1 };
      await upsertRecords(tx, receipt.batch.batchId, [
        { kind: 'encounter_status', memberId, source, ...none, ...status },
      ]);
      return settleReturns(tx);
    });

  test('adds and deletes leave once, in one file that reads back as linked chart reviews', async () => {
    const adds = await gapsOf('recapture', 'prospective');
    expect(adds).toHaveLength(2);
    for (const gap of adds) {
      expect(
        (await post(keys.lead, `/v1/gaps/${gap.gapId}/transitions`, ADD_SUPPORTED, gap.version)).statusCode,
      ).toBe(200);
      const { submitted } = (
        await post(keys.lead, '/v1/reviews/lookup', { memberKey: gap.memberKey, encounterId: 'E3' })
      ).json();
      await post(keys.lead, '/v1/reviews', {
        memberKey: gap.memberKey,
        encounterId: 'E3',
        marks: submitted.map(({ model, hcc }: { model: string; hcc: string }) => ({
          model,
          hcc,
          mark: 'supported',
        })),
      });
    }
    const [wrong] = await gapsOf('over_coding', 'retrospective');
    if (!wrong) throw new Error('a stroke coded in an office is a finding');
    const found = await post(
      keys.lead,
      `/v1/gaps/${wrong.gapId}/transitions`,
      { to: 'in_review', reason: 'mark_unsupported', comment: 'no facility record' },
      wrong.version,
    );
    expect(found.statusCode).toBe(200);
    for (const { submissionId, version } of (await get(keys.lead, '/v1/submissions?status=pending')).items) {
      expect(
        (await post(keys.approver, `/v1/submissions/${submissionId}/approve`, undefined, version)).statusCode,
      ).toBe(200);
    }
    const released = (await post(keys.approver, '/v1/submissions/release', {})).json();
    expect(released).toMatchObject({
      controlTotals: { records: 3, adds: 2, deletes: 1, members: 2 },
      held: [],
      file: { controlNumber: 1, claims: 3 },
    });
    releaseId = released.releaseId;

    const url = `/v1/submissions/releases/${releaseId}/file`;
    const file = await stored.call(keys.submitter, { url });
    expect(file.statusCode).toBe(200);
    expect(file.headers['content-type']).toContain('application/edi-x12');
    expect(file.headers['x-content-sha256']).toBe(released.file.x12Sha256);
    expect(sha256(file.body)).toBe(released.file.x12Sha256);
    expect((await stored.call(keys.submitter, { url })).body).toBe(file.body);
    const { records } = await collect(
      parseX12([inputOf('release.x12', file.body, 97)], intakeOptions({ asOf: '2026-11-24' })),
    );
    const read = only(records, 'encounter').map(({ encounter }) => [
      encounter.crrAction,
      encounter.linkedEncounterId,
    ]);
    expect(
      read
        .filter(([action]) => action === 'add')
        .map(([, icn]) => icn)
        .sort(),
    ).toEqual(['ICNR-1E3', 'ICNR-2E3']);
    expect(read.filter(([action]) => action === 'delete')).toHaveLength(1);
    expect(
      only(records, 'diagnosis')
        .map(({ code }) => code)
        .sort(),
    ).toEqual(['I5022', 'I5022', 'I639']);

    const csv = await stored.call(keys.submitter, { url: `${url}?format=csv` });
    expect(csv.body.trim().split('\r\n')).toHaveLength(4);
    const rows = (await get(keys.lead, `/v1/submissions?releaseId=${releaseId}`)).items;
    claims = rows.map(({ claimId }: { claimId: string }) => claimId).sort();
    expect(claims).toEqual(['CRR1-1', 'CRR1-2', 'CRR1-3']);
  });

  test('nothing is exported twice', async () => {
    expect((await post(keys.approver, '/v1/submissions/release', {})).json()).toMatchObject({
      releaseId: null,
      file: null,
      controlTotals: { records: 0 },
    });
    const { items } = await get(keys.submitter, '/v1/submissions/releases');
    expect(items).toMatchObject([{ releaseId, controlNumber: 1, states: { released: 3 } }]);
    const tx = stored.scratch.admin.query(
      `insert into submissions (tenant_id, gap_id, member_id, action, code, encounter_id, dos, evidence, coder, status)
       select tenant_id, 'other-gap', member_id, action, code, encounter_id, dos, evidence, coder, status
       from submissions where claim_id = 'CRR1-1'`,
    );
    await expect(tx).rejects.toThrow(/submissions_sent_once/);
  });

  test('a 277CA and a MAO-004 say what became of them; a disallowed record outweighs its acceptance', async () => {
    const rows = (await get(keys.lead, `/v1/submissions?releaseId=${releaseId}`)).items;
    const [first] = rows.filter(({ claimId }: { claimId: string }) => claimId === 'CRR1-1');
    const { memberId } = first;
    expect(
      await answerOf(memberId, {
        encounterId: 'CRR1-1',
        icn: 'CRRICN1',
        acceptance: 'accepted',
        reasons: ['A2:20'],
      }),
    ).toEqual({ accepted: 1, rejected: 0 });
    expect(
      await answerOf(memberId, {
        encounterId: 'CRR1-1',
        icn: 'CRRICN1',
        acceptance: 'accepted',
        reasons: ['A2:20'],
      }),
    ).toEqual({ accepted: 0, rejected: 0 });
    expect(await answerOf(memberId, { icn: 'CRRICN1', mao004: 'disallowed', reasons: ['H'] })).toEqual({
      accepted: 0,
      rejected: 1,
    });
    const { items } = await get(keys.submitter, '/v1/submissions/releases');
    expect(items[0].states).toEqual({ released: 2, rejected: 1 });
    expect((await post(keys.submitter, '/v1/submissions/returns/settle')).json()).toEqual({
      accepted: 0,
      rejected: 0,
    });
  });
});
