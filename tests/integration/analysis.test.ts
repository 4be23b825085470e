import path from 'node:path';
import { expect, test } from 'vitest';
import { openPaymentYears } from '../../src/analysis/analyze-member.ts';
import { type AnalysisPorts, analyzeMembers } from '../../src/analysis/analyze-members.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { loadReference } from '../../src/reference/load.ts';
import { withTenant } from '../../src/store/database.ts';
import { listGapEvents, listMemberGaps, type StoredGap, transitionGap } from '../../src/store/gaps.ts';
import { loadHistories } from '../../src/store/histories.ts';
import { findMembersByExternalId, mergeMembers } from '../../src/store/members.ts';
import { listRafHistory, listRafScores } from '../../src/store/raf-scores.ts';
import type { CanonicalRecord } from '../../src/store/records.ts';
import { upsertRecords } from '../../src/store/upsert-records.ts';
import { at, diagnosis, encounter, person } from './invented-records.ts';
import { describePostgres, hasPostgres, scratchDatabase } from './services.ts';

const AS_OF = '2026-11-23';
const BATCH = '00000000-0000-4000-8000-000000000001';
const RUN = '00000000-0000-4000-8000-0000000000aa';
const reference = hasPostgres ? loadReference(path.resolve('hcc-mappings')) : null;

/** A visit that risk-adjusts, with its codes. */
function visit(memberId: string, id: string, date: string, codes: readonly string[]): CanonicalRecord[] {
  return [
    encounter(memberId, { encounterId: id, from: date }),
    {
      kind: 'service_line',
      memberId,
      source: at(1),
      encounterId: id,
      lineNumber: 1,
      line: { procedure: '99214', modifiers: [], date },
    },
    ...codes.map((code, index) => diagnosis(memberId, id, code, index + 1)),
  ];
}

describePostgres('analysis of stored members', () => {
  const scratch = scratchDatabase();
  const ports = (now = '2026-11-23T10:00:00.000Z'): AnalysisPorts => {
    if (reference === null) throw new Error('no reference');
    return {
      analyze: (history, options, identity) => analyzeHistory(reference, history, options, identity),
      calendar: reference.calendar,
      now: () => new Date(now),
      checkpoint: () => undefined,
    };
  };
  const store = (tenant: string, records: readonly CanonicalRecord[]) =>
    withTenant(scratch.db, tenant, (tx) => upsertRecords(tx, BATCH, records));
  const keyOf = async (tenant: string, externalId = 'P-1') => {
    const [member] = await withTenant(scratch.db, tenant, (tx) => findMembersByExternalId(tx, [externalId]));
    return member?.memberKey ?? '';
  };
  const analyse = async (tenant: string, options: { asOf?: string; keys?: readonly string[] } = {}) =>
    analyzeMembers(
      scratch.db,
      {
        tenantId: tenant,
        runId: RUN,
        memberKeys: options.keys ?? [await keyOf(tenant)],
        asOf: options.asOf ?? AS_OF,
        paymentYears: null,
        lookbackYears: 2,
      },
      ports(),
    );
  const gaps = async (tenant: string, paymentYear = 2027): Promise<readonly StoredGap[]> => {
    const key = await keyOf(tenant);
    const all = await withTenant(scratch.db, tenant, (tx) => listMemberGaps(tx, key));
    return all.filter((gap) => gap.paymentYear === paymentYear);
  };
  const heartFailure = async (tenant: string) => {
    const found = (await gaps(tenant)).find((gap) => gap.gap.hcc === '226' && gap.gap.kind === 'recapture');
    if (found === undefined) throw new Error('the made-up person has no heart failure gap');
    return found;
  };
  const events = async (tenant: string, gapId: string) =>
    (await withTenant(scratch.db, tenant, (tx) => listGapEvents(tx, gapId))).map((event) => [
      event.type,
      event.fromStatus,
      event.toStatus,
      event.reason,
    ]);
  /** A person with heart failure in 2025 and an analysis behind. */
  const withGap = async () => {
    const tenant = await scratch.tenant();
    await store(tenant, person('P-1', ['I5022']));
    await analyse(tenant);
    return tenant;
  };
  const decide = async (tenant: string, to: 'dismissed' | 'in_review' | 'captured') => {
    const gap = await heartFailure(tenant);
    return withTenant(scratch.db, tenant, (tx) =>
      transitionGap(tx, {
        gapId: gap.gapId,
        version: gap.version,
        to,
        actor: 'coder-1',
        role: 'coder',
        reason: 'looked at',
        at: '2026-11-23T11:00:00.000Z',
      }),
    );
  };

  test('the years that take adds on 2026-11-23 are 2026 and 2027', () => {
    expect(openPaymentYears(reference?.calendar ?? { runs: [] }, AS_OF)).toEqual([2026, 2027]);
  });

  test('what is stored equals the stateless analysis of the same history', async () => {
    const tenant = await withGap();
    const key = await keyOf(tenant);
    const [history] = await withTenant(scratch.db, tenant, (tx) => loadHistories(tx, [key]));
    if (history === undefined || reference === null) throw new Error('no history');
    const options = { paymentYear: 2027, asOf: AS_OF, kinds: null, lookbackYears: 2 };
    const direct = analyzeHistory(reference, history, options, { tenant, member: key });
    if (!direct.ok) throw new Error(direct.error.message);
    const stored = await gaps(tenant);
    const byId = <T extends { readonly gapId: string }>(list: readonly T[]) =>
      list.toSorted((a, b) => (a.gapId < b.gapId ? -1 : 1));
    expect(byId(stored.map((gap) => gap.gap))).toEqual(JSON.parse(JSON.stringify(byId(direct.value.gaps))));
    expect(stored.find((gap) => gap.gap.hcc === '226')).toMatchObject({
      workflowStatus: 'open',
      version: 1,
      providerNpi: '1992999825',
      contractId: 'H0001',
      // 360 for the impact, 32 for the deadline, 15 for medium confidence.
      priority: 407,
      gap: { kind: 'recapture', list: 'prospective', confidence: 'medium' },
    });
    const scores = await withTenant(scratch.db, tenant, (tx) => listRafScores(tx, key, 2027));
    expect(scores).toMatchObject([
      {
        part: false,
        model: 'cms-hcc-v28',
        rawCurrent: direct.value.raf.current?.rawScore,
        rawIfClosed: direct.value.raf.ifAllClosed?.rawScore,
      },
    ]);
  });

  test('the same analysis again changes nothing', async () => {
    const tenant = await withGap();
    const before = await gaps(tenant);
    expect(await analyse(tenant)).toMatchObject({ membersDone: 1, gapsOpened: 0, gapsClosed: 0, faults: [] });
    expect(await gaps(tenant)).toEqual(before);
    expect(await events(tenant, (await heartFailure(tenant)).gapId)).toEqual([
      ['opened', null, 'open', 'recapture.chronic'],
    ]);
    const key = await keyOf(tenant);
    const history = await withTenant(scratch.db, tenant, (tx) => listRafHistory(tx, key));
    expect(history.map((point) => point.paymentYear).toSorted()).toEqual([2026, 2027]);
  });

  test('a later eligible claim captures the gap', async () => {
    const tenant = await withGap();
    await store(tenant, visit('P-1', 'V-2026', '2026-05-06', ['I5022']));
    expect(await analyse(tenant)).toMatchObject({ gapsClosed: 1 });
    expect(await heartFailure(tenant)).toMatchObject({
      workflowStatus: 'captured',
      workflowReason: 'eligible_record',
      decidedBy: 'engine',
      present: false,
      version: 2,
    });
  });

  test('a higher HCC of the hierarchy supersedes the gap', async () => {
    const tenant = await withGap();
    // I50.23 is HCC 224, above 226.
    await store(tenant, visit('P-1', 'V-2026', '2026-05-06', ['I5023']));
    await analyse(tenant);
    expect(await heartFailure(tenant)).toMatchObject({
      workflowStatus: 'superseded',
      workflowReason: 'closed_higher',
    });
  });

  test('a voided claim withdraws the gap that stood on it, and its return brings the gap back', async () => {
    const tenant = await withGap();
    const gapId = (await heartFailure(tenant)).gapId;
    const voiding = encounter('P-1', {
      encounterId: 'P-1-VOID',
      claimStatus: 'void',
      replacesEncounterId: 'P-1-V1',
    });
    await store(tenant, [voiding]);
    await analyse(tenant);
    expect(await heartFailure(tenant)).toMatchObject({ workflowStatus: 'withdrawn', present: false });
    await store(tenant, visit('P-1', 'V-AGAIN', '2025-03-05', ['I5022']));
    expect(await analyse(tenant)).toMatchObject({ gapsOpened: expect.any(Number) });
    expect(await heartFailure(tenant)).toMatchObject({ gapId, workflowStatus: 'open', present: true });
    expect((await events(tenant, gapId)).map(([type]) => type)).toEqual(['opened', 'closed', 'reopened']);
  });

  test("a person's decision stands; the evidence beside it moves on", async () => {
    const tenant = await withGap();
    await decide(tenant, 'in_review');
    await store(tenant, visit('P-1', 'V-2025b', '2025-08-01', ['I5022']));
    await analyse(tenant);
    expect(await heartFailure(tenant)).toMatchObject({
      workflowStatus: 'in_review',
      assignee: 'coder-1',
      version: 3,
      gap: { evidence: [{ encounterId: 'V-2025b' }, { encounterId: 'P-1-V1' }] },
    });
  });

  test('a dismissed gap stays dismissed, also when it is gone and comes back', async () => {
    const tenant = await withGap();
    await decide(tenant, 'dismissed');
    await analyse(tenant);
    await store(tenant, visit('P-1', 'V-2026', '2026-05-06', ['I5022']));
    await analyse(tenant);
    expect(await heartFailure(tenant)).toMatchObject({
      workflowStatus: 'dismissed',
      decidedBy: 'person',
      present: false,
    });
  });

  test('new evidence reopens a dismissed gap, with the reason', async () => {
    const tenant = await withGap();
    await decide(tenant, 'dismissed');
    await store(tenant, visit('P-1', 'V-2025b', '2025-08-01', ['I5022']));
    await analyse(tenant);
    const gap = await heartFailure(tenant);
    expect(gap).toMatchObject({
      workflowStatus: 'open',
      workflowReason: 'new_evidence: diagnosis of 2025-08-01',
      assignee: null,
    });
    expect((await events(tenant, gap.gapId)).at(-1)).toEqual([
      'reopened',
      'dismissed',
      'open',
      'new_evidence: diagnosis of 2025-08-01',
    ]);
  });

  test('a captured word of a person waits for the claim and is not undone', async () => {
    const tenant = await withGap();
    await decide(tenant, 'captured');
    await analyse(tenant);
    expect(await heartFailure(tenant)).toMatchObject({
      workflowStatus: 'captured',
      decidedBy: 'person',
      present: true,
    });
  });

  test('gaps expire with their payment year', async () => {
    const tenant = await withGap();
    expect(await analyse(tenant, { asOf: '2028-06-01' })).toMatchObject({ gapsClosed: expect.any(Number) });
    expect(await heartFailure(tenant)).toMatchObject({
      workflowStatus: 'expired',
      workflowReason: 'year_closed',
    });
  });

  test('a member merged away keeps no open gaps, the other one has them', async () => {
    const tenant = await withGap();
    await store(tenant, person('P-2', ['E119']));
    const [from, into] = [await keyOf(tenant, 'P-1'), await keyOf(tenant, 'P-2')];
    await withTenant(scratch.db, tenant, (tx) => mergeMembers(tx, { from, into }));
    await analyse(tenant, { keys: [from, into] });
    const old = await withTenant(scratch.db, tenant, (tx) => listMemberGaps(tx, from));
    expect(new Set(old.map((gap) => gap.workflowStatus))).toEqual(new Set(['withdrawn']));
    const kept = await withTenant(scratch.db, tenant, (tx) => listMemberGaps(tx, into));
    expect(kept.filter((gap) => gap.paymentYear === 2027).map((gap) => gap.gap.hcc)).toEqual(
      expect.arrayContaining(['226', '38']),
    );
  });

  test('a member whose analysis throws is named, and the rest of the chunk is saved', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, [...person('P-1', ['I5022']), ...person('P-2', ['I5022'])]);
    const [one, two] = [await keyOf(tenant, 'P-1'), await keyOf(tenant, 'P-2')];
    const real = ports();
    const summary = await analyzeMembers(
      scratch.db,
      {
        tenantId: tenant,
        runId: RUN,
        memberKeys: [one, two],
        asOf: AS_OF,
        paymentYears: null,
        lookbackYears: 2,
      },
      {
        ...real,
        analyze(history, options, identity) {
          if (history.memberId === one) throw new RangeError('made up');
          return real.analyze(history, options, identity);
        },
      },
    );
    expect(summary).toMatchObject({ membersDone: 1, faults: [{ memberKey: one }] });
    expect(await withTenant(scratch.db, tenant, (tx) => listMemberGaps(tx, one))).toEqual([]);
    expect(await withTenant(scratch.db, tenant, (tx) => listMemberGaps(tx, two))).not.toEqual([]);
  });

  test('two analyses of one member at once leave one set of gaps and events', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, person('P-1', ['I5022']));
    await Promise.all([analyse(tenant), analyse(tenant), analyse(tenant)]);
    const gap = await heartFailure(tenant);
    expect(gap.version).toBe(1);
    expect(await events(tenant, gap.gapId)).toHaveLength(1);
  });
});
