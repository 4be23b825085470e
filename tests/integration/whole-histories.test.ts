import { expect, test } from 'vitest';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { parseHistory } from '../../src/intake/json/history.ts';
import { withTenant } from '../../src/store/database.ts';
import { loadHistories } from '../../src/store/histories.ts';
import { findMembersByExternalId } from '../../src/store/members.ts';
import { reference } from '../api/support/app.ts';
import { nightlyExtracts, TODAY } from './nightly-extracts.ts';
import { describePostgres, scratchDatabase } from './services.ts';

/** Nobody here exists. */
const VISIT = {
  encounterId: 'E1',
  from: '2025-03-04',
  setting: 'professional',
  lines: [{ procedure: '99214' }],
  diagnoses: [{ code: 'I50.22' }],
} as const;
const HISTORY = {
  memberId: 'W-1',
  birthDate: '1948-03-02',
  sex: 'F',
  coverage: [
    { program: 'ma', contractId: 'H9901', planId: '001', from: '2024-01-01', originalEntitlement: '0' },
  ],
  encounters: [VISIT],
};
const MEMBERS = 'member_id,birth_date,sex,enrollment_start_date,dual_status_code';
const CLAIMS = 'claim_id,member_id,claim_type,claim_start_date,hcpcs_code,diagnosis_code_1';

describePostgres('a history is the whole of its member', () => {
  const scratch = scratchDatabase();
  const { send, shown } = nightlyExtracts(scratch);
  const sendHistory = (tenant: string, ...histories: readonly object[]) =>
    send(tenant, { 'h.ndjson': histories.map((history) => JSON.stringify(history)) });
  async function stored(tenant: string, externalId = 'W-1') {
    return withTenant(scratch.db, tenant, async (tx) => {
      const [member] = await findMembersByExternalId(tx, [externalId]);
      const [history] = await loadHistories(tx, [member?.memberKey ?? '']);
      if (history === undefined) throw new Error('no history');
      return history;
    });
  }

  test('a moved visit, a dropped claim and a coverage that ended leave nothing behind', async () => {
    const tenant = await scratch.tenant();
    await sendHistory(tenant, {
      ...HISTORY,
      deathDate: '2026-01-05',
      encounters: [
        { ...VISIT, mao004: 'disallowed' },
        { ...VISIT, encounterId: 'E2' },
      ],
      conditions: [{ code: 'J44.9', source: 'problem_list' }],
      observations: [{ code: '33914-3', date: '2026-02-01', value: 38 }],
      appointments: [{ date: '2026-12-04' }],
    });
    const last = { ...HISTORY, appointments: [{ date: '2026-12-11' }] };
    expect((await sendHistory(tenant, last)).members).toBe(1);
    const parsed = parseHistory(last);
    if (!parsed.ok) throw new Error('the history is refused');
    const { memberId } = await stored(tenant);
    expect(await stored(tenant)).toEqual({ ...parsed.history, memberId });

    const truth = await scratch.tenant();
    await sendHistory(truth, last);
    expect(await shown(tenant)).toEqual(await shown(truth));
    expect(await shown(tenant)).not.toEqual([]);
    // Once more, in another file: nobody is touched.
    expect((await send(tenant, { 'h.json': [JSON.stringify([last])] })).members).toBe(0);
  });

  test('of two histories in one batch the last one holds, and the first one again after it', async () => {
    const tenant = await scratch.tenant();
    const first = { ...HISTORY, appointments: [{ date: '2026-12-04' }] };
    const second = { ...HISTORY, encounters: [{ ...VISIT, encounterId: 'E2' }] };
    await sendHistory(tenant, first, second);
    expect((await stored(tenant)).encounters.map(({ encounterId }) => encounterId)).toEqual(['E2']);
    expect((await stored(tenant)).appointments).toEqual([]);
    await sendHistory(tenant, first, second, first);
    expect((await stored(tenant)).encounters.map(({ encounterId }) => encounterId)).toEqual(['E1']);
  });

  test('what other sources say of the member stays beside it', async () => {
    const tenant = await scratch.tenant();
    await sendHistory(tenant, { ...HISTORY, encounters: [VISIT, { ...VISIT, encounterId: 'E2' }] });
    await send(tenant, { 'claims.csv': [CLAIMS, 'C1,W-1,professional,2026-02-03,99214,E11.22'] });
    await sendHistory(tenant, HISTORY);
    expect((await stored(tenant)).encounters.map(({ encounterId }) => encounterId)).toEqual(['C1', 'E1']);
  });

  test('feeds of a history are those of its member; a flat file of the tenant is a feed of all', async () => {
    const tenant = await scratch.tenant();
    await sendHistory(
      tenant,
      { ...HISTORY, medications: [] },
      { ...HISTORY, memberId: 'W-2', observations: [{ code: '33914-3', date: '2026-02-01', value: 38 }] },
    );
    const feeds = async (id: string) => {
      const { medications, observations, procedures } = await stored(tenant, id);
      return [medications?.length ?? null, observations?.length ?? null, procedures?.length ?? null];
    };
    expect([await feeds('W-1'), await feeds('W-2')]).toEqual([
      [0, null, null],
      [null, 1, null],
    ]);
    // An empty file of fills, for somebody else: from now on nobody's list of drugs is unknown.
    const declared = await send(tenant, {
      'members.csv': [MEMBERS, 'W-3,1951-07-30,M,2025-01-01,00'],
      'medications.csv': ['member_id,ndc_code,dispensing_date'],
    });
    expect([await feeds('W-1'), await feeds('W-2'), await feeds('W-3')]).toEqual([
      [0, null, null],
      [0, 1, null],
      [0, null, null],
    ]);
    // Tests that need drugs can be made of everybody now, so everybody is analysed.
    expect(declared.members).toBe(3);
  });

  test('the stored analysis is that of the line itself', async () => {
    const tenant = await scratch.tenant();
    const line = { ...HISTORY, medications: [], encounters: [{ ...VISIT, diagnoses: [{ code: 'I26.99' }] }] };
    await sendHistory(tenant, { ...HISTORY, medications: null });
    await sendHistory(tenant, line);
    const parsed = parseHistory(line);
    if (!parsed.ok) throw new Error('the history is refused');
    const options = { paymentYear: 2026, asOf: TODAY, kinds: null, lookbackYears: 2 };
    const stateless = analyzeHistory(reference(), parsed.history, options);
    const later = analyzeHistory(reference(), await stored(tenant), options);
    if (!stateless.ok || !later.ok) throw new Error('the history is not analysed');
    expect(later.value.gaps.map(({ gapId: _id, ...gap }) => gap)).toEqual(
      stateless.value.gaps.map(({ gapId: _id, ...gap }) => gap),
    );
    expect(later.value.notEvaluable).toEqual(stateless.value.notEvaluable);
    expect(later.value.raf).toEqual(stateless.value.raf);
  });
});
