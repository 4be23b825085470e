import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Gap } from '../../src/engine/analysis-contract.ts';
import { withTenant } from '../../src/store/database.ts';
import {
  type GapTransition,
  getGap,
  listGapEvents,
  type StoredGap,
  transitionGap,
} from '../../src/store/gaps.ts';
import { type GapRow, writeGaps } from '../../src/store/reconcile-gaps.ts';
import { createSubmission, moveSubmission } from '../../src/store/reviews.ts';
import {
  assignGaps,
  claimGaps,
  countWorklist,
  type WorklistCursor,
  type WorklistFilter,
  worklistPage,
} from '../../src/store/worklists.ts';
import { describePostgres, scratchDatabase } from './services.ts';

const AT = '2026-11-23T10:00:00.000Z';
const LATER = '2026-11-23T11:00:00.000Z';
const RUN = '00000000-0000-4000-8000-0000000000aa';

function gap(gapId: string, fields: Partial<Gap> = {}): Gap {
  return {
    gapId,
    kind: 'recapture',
    status: 'open',
    subKind: null,
    reasons: [],
    flags: [],
    list: 'prospective',
    direction: 'add',
    model: 'cms-hcc-v28',
    hcc: '226',
    hccLabel: 'made-up label',
    dosYear: 2026,
    candidateCodes: [],
    persistenceClass: 'chronic',
    evidence: [],
    encounterLink: null,
    impact: { standalone: 0.36, incremental: 0.36, shapley: 0.36, payment: 0.33 },
    confidence: 'high',
    ruleId: 'recapture.chronic',
    act: { by: '2026-12-31', who: 'provider' },
    explanation: 'made up',
    ...fields,
  };
}

function row(
  gapId: string,
  priority: number,
  fields: Partial<GapRow> = {},
  gapFields: Partial<Gap> = {},
): GapRow {
  return {
    gapId,
    memberKey: randomUUID(),
    paymentYear: 2027,
    workflowStatus: 'open',
    workflowReason: null,
    decidedBy: null,
    decidedAt: null,
    assignee: null,
    claimExpiresAt: null,
    version: 1,
    priority,
    priorityParts: [],
    providerNpi: '1234567893',
    contractId: 'H0001',
    nextAppointment: null,
    present: true,
    updatedAt: AT,
    gap: gap(gapId, gapFields),
    ...fields,
  };
}

describePostgres('gaps and worklists', () => {
  const scratch = scratchDatabase();
  const filled = async (rows: readonly GapRow[]) => {
    const tenant = await scratch.tenant();
    await withTenant(scratch.db, tenant, (tx) => writeGaps(tx, RUN, rows));
    return tenant;
  };
  const ids = async (tenant: string, filter: WorklistFilter = {}) =>
    (await withTenant(scratch.db, tenant, (tx) => worklistPage(tx, filter, { limit: 100, after: null }))).map(
      (item) => item.gapId,
    );
  const move = (tenant: string, change: Partial<GapTransition>) =>
    withTenant(scratch.db, tenant, (tx) =>
      transitionGap(tx, {
        gapId: 'g1',
        version: 1,
        to: 'dismissed',
        actor: 'coder-1',
        role: 'coder',
        reason: 'not_documented',
        at: AT,
        ...change,
      }),
    );

  test('pages follow one another without loss or repeat, by priority and then by id', async () => {
    const rows = Array.from({ length: 25 }, (_, n) => row(`g${String(n).padStart(2, '0')}`, n % 3));
    const tenant = await filled(rows);
    const seen: string[] = [];
    let after: WorklistCursor | null = null;
    for (;;) {
      const cursor: WorklistCursor | null = after;
      const page: readonly StoredGap[] = await withTenant(scratch.db, tenant, (tx) =>
        worklistPage(tx, {}, { limit: 7, after: cursor }),
      );
      seen.push(...page.map((item) => item.gapId));
      const last = page.at(-1);
      if (last === undefined) break;
      after = { priority: last.priority, gapId: last.gapId };
    }
    const expected = rows
      .toSorted((a, b) => b.priority - a.priority || (a.gapId < b.gapId ? -1 : 1))
      .map((item) => item.gapId);
    expect(seen).toEqual(expected);
  });

  test('each filter holds, alone and together', async () => {
    const tenant = await filled([
      row('a', 9, {}, { hcc: '37', confidence: 'low' }),
      row(
        'b',
        8,
        { providerNpi: '1245319599' },
        { kind: 'over_coding', list: 'retrospective', direction: 'delete' },
      ),
      row('c', 7, { assignee: 'coder-1', contractId: 'H0002' }),
      row('d', 6, { nextAppointment: '2026-12-04' }, { act: { by: '2026-12-01', who: 'provider' } }),
      row('e', 5, { workflowStatus: 'dismissed' }),
      row('f', 4, { workflowStatus: 'in_review', paymentYear: 2026 }),
    ]);
    expect(await ids(tenant)).toEqual(['a', 'b', 'c', 'd', 'f']);
    expect(await ids(tenant, { hccs: ['37'] })).toEqual(['a']);
    expect(await ids(tenant, { confidence: ['low', 'medium'] })).toEqual(['a']);
    expect(await ids(tenant, { list: 'retrospective' })).toEqual(['b']);
    expect(await ids(tenant, { kinds: ['over_coding'] })).toEqual(['b']);
    expect(await ids(tenant, { providerNpis: ['1245319599'] })).toEqual(['b']);
    expect(await ids(tenant, { contracts: ['H0002'] })).toEqual(['c']);
    expect(await ids(tenant, { assignee: 'coder-1' })).toEqual(['c']);
    expect(await ids(tenant, { assignee: null, paymentYear: 2027 })).toEqual(['a', 'b', 'd']);
    expect(await ids(tenant, { dueBy: '2026-12-15' })).toEqual(['d']);
    expect(await ids(tenant, { appointmentFrom: '2026-12-01', appointmentTo: '2026-12-31' })).toEqual(['d']);
    expect(await ids(tenant, { statuses: ['dismissed'] })).toEqual(['e']);
    expect(await ids(tenant, { model: 'rxhcc-v08' })).toEqual([]);
    expect(await ids(tenant, { list: 'prospective', contracts: ['H0001'], statuses: ['open'] })).toEqual([
      'a',
      'd',
    ]);
    const counts = await withTenant(scratch.db, tenant, (tx) => countWorklist(tx, {}));
    expect(counts.reduce((sum, part) => sum + part.count, 0)).toBe(5);
    expect(counts).toContainEqual({
      kind: 'over_coding',
      workflowStatus: 'open',
      confidence: 'high',
      count: 1,
    });
  });

  test('a page of the open work is read from its index, in order', async () => {
    const tenant = await filled([row('a', 1)]);
    const client = await scratch.admin.connect();
    try {
      await client.query(
        'begin; set local enable_seqscan = off; set local enable_sort = off; set local role hccgap_app',
      );
      await client.query(`select set_config('app.tenant', $1, true)`, [tenant]);
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain select * from gaps g where g.workflow_status in ('open', 'in_review', 'queried')
           and g.list = 'prospective' order by g.priority desc nulls last, g.gap_id limit 50`,
      );
      const plan = rows.map((line) => line['QUERY PLAN']).join('\n');
      expect(plan).toContain('gaps_worklist');
      expect(plan).not.toContain('Sort');
      await client.query('rollback');
    } finally {
      client.release();
    }
  });

  test('people who claim at once get different gaps, the most important first', async () => {
    const tenant = await filled(
      Array.from({ length: 30 }, (_, n) => row(`g${String(n).padStart(2, '0')}`, n)),
    );
    const claims = await Promise.all(
      ['coder-1', 'coder-2', 'coder-3', 'coder-4'].map((assignee) =>
        withTenant(scratch.db, tenant, (tx) =>
          claimGaps(tx, { filter: {}, count: 6, assignee, role: 'coder', at: AT, until: LATER }),
        ),
      ),
    );
    const taken = claims.flat().map((item) => item.gapId);
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.length).toBe(24);
    for (const claim of claims) {
      expect(claim.map((item) => item.priority)).toEqual(
        claim.map((item) => item.priority).toSorted((a, b) => b - a),
      );
      for (const item of claim) expect(item).toMatchObject({ workflowStatus: 'in_review', version: 2 });
    }
  });

  test('a claim that ran out falls back to the list', async () => {
    const tenant = await filled([row('g1', 1)]);
    const claim = (assignee: string, at: string, until: string) =>
      withTenant(scratch.db, tenant, (tx) =>
        claimGaps(tx, { filter: {}, count: 1, assignee, role: 'coder', at, until }),
      );
    expect(await claim('coder-1', AT, LATER)).toHaveLength(1);
    expect(await claim('coder-2', AT, LATER)).toHaveLength(0);
    expect(await claim('coder-2', '2026-11-23T12:00:00.000Z', '2026-11-23T13:00:00.000Z')).toMatchObject([
      { gapId: 'g1', assignee: 'coder-2', version: 3 },
    ]);
    const events = await withTenant(scratch.db, tenant, (tx) => listGapEvents(tx, 'g1'));
    expect(events.map((event) => [event.type, event.fromStatus, event.actor])).toEqual([
      ['claimed', 'open', 'coder-1'],
      ['claimed', 'in_review', 'coder-2'],
    ]);
  });

  test('assigning tells who, and leaves ended gaps alone', async () => {
    const tenant = await filled([row('g1', 1), row('g2', 1, { workflowStatus: 'captured' })]);
    const changed = await withTenant(scratch.db, tenant, (tx) =>
      assignGaps(tx, { gapIds: ['g1', 'g2'], assignee: 'coder-7', actor: 'lead-1', role: 'lead', at: AT }),
    );
    expect(changed.map((item) => [item.gapId, item.assignee])).toEqual([['g1', 'coder-7']]);
    const [event] = await withTenant(scratch.db, tenant, (tx) => listGapEvents(tx, 'g1'));
    expect(event).toMatchObject({ type: 'assigned', actor: 'lead-1', detail: { assignee: 'coder-7' } });
  });

  test('a transition carries who, when, why and the version it acted on', async () => {
    const tenant = await filled([row('g1', 1)]);
    expect(await move(tenant, {})).toMatchObject({
      ok: true,
      gap: { workflowStatus: 'dismissed', workflowReason: 'not_documented', decidedBy: 'person', version: 2 },
    });
    expect(await move(tenant, { to: 'open' })).toMatchObject({ ok: false, reason: 'version-conflict' });
    expect(await move(tenant, { version: 2, to: 'captured' })).toMatchObject({
      ok: false,
      reason: 'not-allowed',
    });
    expect(await move(tenant, { gapId: 'g9' })).toEqual({ ok: false, reason: 'not-found' });
    const events = await withTenant(scratch.db, tenant, (tx) => listGapEvents(tx, 'g1'));
    expect(events).toMatchObject([
      {
        type: 'transition',
        fromStatus: 'open',
        toStatus: 'dismissed',
        actor: 'coder-1',
        role: 'coder',
        version: 2,
        at: AT,
      },
    ]);
  });

  test('of two moves on one version one wins', async () => {
    const tenant = await filled([row('g1', 1)]);
    const results = await Promise.all([move(tenant, {}), move(tenant, { to: 'in_review' })]);
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(results.find((result) => !result.ok)).toMatchObject({ reason: 'version-conflict' });
  });

  test('the first finding of no support starts the clock, and later ones leave it', async () => {
    const tenant = await filled([row('g1', 1)]);
    await move(tenant, { to: 'in_review', unsupported: true });
    await move(tenant, { version: 2, to: 'queried', unsupported: true, at: LATER });
    const stored = await withTenant(scratch.db, tenant, (tx) => getGap(tx, 'g1'));
    expect(stored?.identifiedAt).toBe(AT);
  });

  test('a submission is approved by somebody other than its coder', async () => {
    const tenant = await scratch.tenant();
    const submission = await withTenant(scratch.db, tenant, (tx) =>
      createSubmission(tx, {
        gapId: 'g1',
        memberKey: randomUUID(),
        action: 'delete',
        code: 'I5022',
        encounterId: 'E-1',
        icn: null,
        dos: '2026-03-04',
        providerNpi: null,
        evidence: { finding: 'unsupported' },
        coder: 'coder-1',
        createdAt: AT,
      }),
    );
    const approve = (actor: string, version: number) =>
      withTenant(scratch.db, tenant, (tx) =>
        moveSubmission(tx, {
          submissionId: submission.submissionId,
          version,
          to: 'approved',
          actor,
          at: LATER,
        }),
      );
    expect(await approve('coder-1', 1)).toMatchObject({ ok: false, reason: 'same-person' });
    expect(await approve('lead-1', 1)).toMatchObject({
      ok: true,
      submission: { status: 'approved', approver: 'lead-1' },
    });
    expect(await approve('lead-1', 1)).toMatchObject({ ok: false, reason: 'not-allowed' });
  });
});
