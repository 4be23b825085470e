import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyzeMembers } from '../../src/analysis/analyze-members.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { readBatch } from '../../src/intake/read-batch.ts';
import { memberKeysOf } from '../../src/store/work-items.ts';
import { describePostgres } from '../integration/services.ts';
import { reference, TODAY } from './support/app.ts';
import { storedApp } from './support/stored.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/cms/${name}`, import.meta.url));
/** Nobody here exists; 9AA9AA9AA11 is the MBI of P-1, and 9AA9AA9AA12 is nobody's. */
const MEMBERS =
  'member_id,mbi,birth_date,sex,contract_id,enrollment_start_date,original_reason_entitlement_code,dual_status_code,part_b_start_date\n' +
  'P-1,9AA9-AA9-AA11,1950-01-02,F,H9999,2024-01-01,0,00,2015-01-01\n';
const CLAIMS =
  'claim_id,icn,member_id,claim_type,claim_start_date,place_of_service_code,hcpcs_code,rendering_npi,rendering_specialty,diagnosis_code_1\n' +
  'C1,2607600000001,P-1,professional,2025-03-04,11,99214,1245319599,11,E11.22\n' +
  'C2,2607600000002,P-1,professional,2025-05-04,11,99214,1245319599,11,I50.22\n';

describePostgres('what CMS returns, end to end', () => {
  const stored = storedApp();
  const send = async (tenantId: string, key: string, name: string, payload: string | Buffer) => {
    const db = stored.scratch.db;
    const answer = await stored.app().inject({
      method: 'POST',
      url: '/v1/batches?paymentYears=2026',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/octet-stream',
        'x-filename': name,
      },
      payload,
    });
    expect([200, 202]).toContain(answer.statusCode);
    const { batchId } = answer.json<{ batchId: string }>();
    await readBatch({
      db,
      tenantId,
      batchId,
      reference: reference(),
      spoolDir: stored.spoolDir,
      checkpoint: () => undefined,
      finish: async () => undefined,
    });
    const { rows } = await stored.scratch.admin.query<{ payload: Record<string, unknown> }>(
      `select payload from work_items where batch_id = $1 and kind = 'analysis'`,
      [batchId],
    );
    const summary = await analyzeMembers(
      db,
      {
        tenantId,
        runId: batchId,
        memberKeys: rows.flatMap((row) => memberKeysOf(row.payload)),
        asOf: TODAY,
        paymentYears: [2026],
        lookbackYears: 2,
      },
      {
        analyze: (history, options, identity) => analyzeHistory(reference(), history, options, identity),
        calendar: reference().calendar,
        now: () => new Date(`${TODAY}T12:00:00Z`),
        checkpoint: () => undefined,
      },
    );
    if (summary.faults.length > 0) throw summary.faults[0]?.error;
    return batchId;
  };

  test('returns find the member by MBI; a disallowed record stops counting; the paid RAF is explained', async () => {
    const tenantId = await stored.scratch.tenant();
    const analyst = await stored.key(tenantId, 'analyst');
    const get = (url: string, accept = 'application/json') =>
      stored.app().inject({ method: 'GET', url, headers: { authorization: `Bearer ${analyst}`, accept } });
    await send(tenantId, analyst, 'members.csv', MEMBERS);
    await send(tenantId, analyst, 'claims.csv', CLAIMS);
    const hccs = async () => {
      const { rows } = await stored.scratch.admin.query<{ hccs: string[] }>(
        `select hccs from raf_scores where tenant_id = $1 and payment_year = 2026 and not part`,
        [tenantId],
      );
      return rows[0]?.hccs;
    };
    expect(await hccs()).toEqual(['37', '226']);

    const answers = await send(tenantId, analyst, 'mao-004.txt', fixture('mao-004.txt'));
    expect(await hccs()).toEqual(['37']);
    const { rows: gaps } = await stored.scratch.admin.query(
      `select kind, hcc, detail -> 'reasons' as reasons from gaps where tenant_id = $1 and present
       and kind = 'coded_not_eligible'`,
      [tenantId],
    );
    expect(gaps).toEqual([
      { kind: 'coded_not_eligible', hcc: '226', reasons: expect.arrayContaining(['MAO004_DISALLOWED']) },
    ]);

    const report = (await get(`/v1/batches/${answers}`)).json();
    expect(report.counts).toMatchObject({ received: 5, accepted: 2, rejected: 3 });
    expect(report.files[0].codes).toMatchObject({
      unknown_member: 1,
      member_id_missing: 1,
      status_unknown: 1,
    });
    const sent = await get(`/v1/batches/${answers}/rejects?shape=sent`, '*/*');
    const lines = fixture('mao-004.txt').toString().split(/\r?\n/);
    expect(sent.body.replace(/\n$/, '').split('\n').sort()).toEqual(
      lines.filter((line) => sent.body.includes(line) && /^1/.test(line)).sort(),
    );
    expect(sent.body.replace(/\n$/, '').split('\n')).toHaveLength(3);

    await send(tenantId, analyst, 'mmr.txt', fixture('mmr.txt'));
    const answer = await get('/v1/analytics/paid-reconciliation?paymentYear=2026&all=true');
    expect(answer.statusCode).toBe(200);
    const { items } = answer.json();
    expect(items).toHaveLength(1);
    const [month] = items;
    expect(month).toMatchObject({ paymentMonth: '2026-01', paidRaf: 1.24, agrees: false });
    expect(month.missing).toEqual(['model output report of cms-hcc-v28']);
    const parts = month.differences.reduce(
      (sum: number, { value }: { value: number | null }) => sum + (value ?? 0),
      0,
    );
    expect(parts).toBeCloseTo(month.difference, 4);
    const csv = await get('/v1/analytics/paid-reconciliation?paymentYear=2026', 'text/csv');
    expect(csv.body.split('\r\n')[0]).toBe(
      'memberKey,paymentMonth,contractId,paidRaf,ourRaf,difference,kind,model,hcc,paid,ours,value',
    );
  });

  test('rejected rows come back under their header, and mended they are a batch of their own', async () => {
    const tenantId = await stored.scratch.tenant();
    const submitter = await stored.key(tenantId, 'submitter');
    const broken = `${MEMBERS + MEMBERS.split('\n')[1]?.replace('P-1', 'P-2').replace('1950-01-02', '1950-13-02')}\n`;
    const batchId = await send(tenantId, submitter, 'members.csv', broken);
    const sent = await stored.app().inject({
      method: 'GET',
      url: `/v1/batches/${batchId}/rejects?shape=sent`,
      headers: { authorization: `Bearer ${submitter}` },
    });
    const [header = '', row = ''] = sent.body.split('\n');
    expect(`${header}\n`).toBe(`${MEMBERS.split('\n')[0]}\n`);
    expect(row).toContain('P-2');
    await send(tenantId, submitter, 'mended.csv', sent.body.replace('1950-13-02', '1950-12-02'));
    const { rows } = await stored.scratch.admin.query(
      `select external_id from members where tenant_id = $1 order by 1`,
      [tenantId],
    );
    expect(rows).toEqual([{ external_id: 'P-1' }, { external_id: 'P-2' }]);
  });
});
