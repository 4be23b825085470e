import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { withTenant } from '../../src/store/database.ts';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Part {
  readonly name: string;
  readonly value: number;
  readonly weight: number;
  readonly points: number;
  readonly why: string;
}
interface Listed {
  readonly gapId: string;
  readonly kind: string;
  readonly ruleId: string;
  readonly priority: number;
  readonly priorityParts: readonly Part[];
  readonly orderReasons: readonly string[];
}

const OWN_RULE = {
  id: 'OWN-METFORMIN',
  version: '1',
  status: 'active',
  default_enabled: true,
  sensitivity: null,
  title: 'Invented: metformin without a diabetes diagnosis',
  kind: 'new_condition',
  targets: { V24: [], V28: [{ hcc: '280', label: 'Chronic Obstructive Pulmonary Disease' }] },
  candidate_codes: [{ icd10cm: 'J44.9', hcc: { V28: ['280'] } }],
  applicability: { min_age: null, max_age: null, sex: null },
  evidence: {
    diagnosis: { value_set: '', count: 1, min_span_days: 0, lookback_months: 24 },
  },
  exclusions: [],
  contradicted_by: [],
  suppression: { mode: 'hcc' },
  confidence: { tier: 'medium', reason: 'invented' },
  references: [],
  compliance_caution: 'an invented rule of a test',
  auto_code: false,
};

describePostgres('the order of lists, and what a tenant sets', () => {
  const stored = storedApp();
  let tenantId = '';
  let members: readonly string[] = [];
  const keys = { admin: '', lead: '', coder: '', provider: '' };

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    keys.admin = await stored.key(tenantId, 'admin');
    keys.lead = await stored.key(tenantId, 'lead');
    keys.coder = await stored.key(tenantId, 'coder');
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    members = [...(await stored.load(tenantId, [history('M-1')])).values()];
  });

  const get = async (key: string, url: string) => {
    const answer = await stored.call(key, { url });
    expect([url, answer.statusCode]).toEqual([url, 200]);
    return answer.json();
  };
  const list = async (name: string, key = keys.lead) =>
    (await get(key, `/v1/worklists/${name}?limit=100`)) as { items: Listed[] } & Record<string, unknown>;
  const set = async (settings: object, status = 200) => {
    const { version } = await get(keys.admin, '/v1/settings');
    const answer = await stored.call(keys.admin, {
      method: 'PUT',
      url: '/v1/settings',
      headers: { 'if-match': `"${version}"` },
      payload: { settings, reason: 'agreed with compliance' },
    });
    expect(answer.statusCode).toBe(status);
    return answer.json();
  };
  const analysisItems = async () =>
    (
      await stored.scratch.admin.query(
        "select payload from work_items where tenant_id = $1 and kind = 'analysis' order by created_at",
        [tenantId],
      )
    ).rows;

  test('each item says in parts why it stands where it does, and the list says the weights', async () => {
    const page = await list('retrospective');
    expect(page.priorityWeights).toMatchObject({ complianceFirst: 150, impact: 1000 });
    expect(page.clinicalReview).toBe('reviewed_by_software_author_not_certified');
    const [first] = page.items;
    expect(first?.kind).toBe('over_coding');
    for (const item of page.items) {
      expect(item.priority).toBe(item.priorityParts.reduce((sum, { points }) => sum + points, 0));
    }
    expect(first?.orderReasons[0]).toMatch(/^complianceFirst: a submitted diagnosis is in doubt/);
    const prospective = await list('prospective');
    const visit = prospective.items[0]?.priorityParts.find(({ name }) => name === 'visitSoon');
    expect(visit).toMatchObject({ value: 0.817, weight: 20, points: 16 });
  });

  test('a coder without RAF sees the reasons and no figures; a provider sees neither', async () => {
    const coder = JSON.stringify(await list('prospective', keys.coder));
    expect(coder).toContain('visitSoon: the next visit is on 2026-12-04');
    expect(coder).not.toMatch(/"(priority|priorityParts|priorityWeights|impact)"/);
    const provider = JSON.stringify(await list('prospective', keys.provider));
    expect(provider).not.toMatch(/"(priority|priorityParts|priorityWeights|orderReasons)"/);
  });

  test('weights are checked, kept with their history, and change the order by analysing again', async () => {
    const weights = {
      complianceFirst: 600,
      impact: 0,
      deadline: 0,
      confidence: 0,
      visitSoon: 500,
      findingAge: 0,
    };
    const refused = await set({ priorityWeights: { ...weights, complianceFirst: 500 } }, 400);
    expect(refused.errors[0].message).toContain('a delete may not sort below an add');
    const before = await analysisItems();
    await set({ priorityWeights: weights });
    const [item, ...more] = (await analysisItems()).slice(before.length);
    expect(more).toEqual([]);
    expect(item.payload.memberKeys).toHaveLength(1);
    await stored.analyze(tenantId, members);
    const [visit] = (await list('prospective')).items;
    expect(visit?.priority).toBe(Math.round(0.817 * 500));
    expect(visit?.priorityParts.find(({ name }) => name === 'impact')).toMatchObject({
      weight: 0,
      points: 0,
    });
    const { history: versions } = await get(keys.admin, '/v1/settings');
    expect(versions[0]).toMatchObject({
      reason: 'agreed with compliance',
      settings: { priorityWeights: weights },
    });
    await set({ claimHours: 6 });
    expect(await analysisItems()).toHaveLength(before.length + 1);
  });

  test('the calendar says what takes adds, what deletes only, and what is due', async () => {
    const calendar = await get(keys.lead, '/v1/calendar?asOf=2026-11-23');
    expect(calendar.takeAdds).toEqual([2026, 2027]);
    expect(calendar.takeDeletesOnly).toEqual([2020, 2021, 2022, 2023, 2024, 2025]);
    const year = (paymentYear: number) =>
      calendar.years.find((row: { paymentYear: number }) => row.paymentYear === paymentYear);
    expect(year(2026)).toMatchObject({
      yearState: 'retrospective_open',
      daysLeft: 70,
      due: [{ what: 'final', date: '2027-02-01', daysLeft: 70, status: 'relayed' }],
    });
    expect(year(2027).due.slice(0, 2)).toMatchObject([
      { what: 'last_service_day', date: '2026-12-31', daysLeft: 38 },
      { what: 'mid_year', date: '2027-03-05', daysLeft: 102 },
    ]);
    expect(year(2028)).toMatchObject({ yearState: 'not_started', takesAdds: false, takesDeletes: 'none' });
  });

  test('an operator moves a deadline with who and why; lists and analyses follow it', async () => {
    const override = { paymentYear: 2026, run: 'final', deadline: '2026-11-20' };
    await set({ calendarOverrides: [override, override] }, 400);
    await set({ calendarOverrides: [override] });
    await set({ claimHours: 7 });
    const calendar = await get(keys.lead, '/v1/calendar?asOf=2026-11-23');
    expect(calendar.takeAdds).toEqual([2027]);
    expect(calendar.overrides).toMatchObject([
      { ...override, inPlaceOf: '2027-02-01', reason: 'agreed with compliance' },
    ]);
    expect(calendar.overrides[0].setBy).not.toBeNull();
    await stored.analyze(tenantId, members);
    const { items } = await list('retrospective');
    expect(items.length).toBeGreaterThan(0);
    const years = await get(keys.lead, '/v1/worklists/retrospective?paymentYear=2026');
    expect(years.yearStates[0]).toMatchObject({ yearState: 'delete_only', finalDeadline: '2026-11-20' });
    await set({ calendarOverrides: [] });
    expect((await get(keys.lead, '/v1/calendar')).overrides).toEqual([]);
  });

  test('a filter that can find nothing is refused with its place and value, not answered with an empty list', async () => {
    const refused = async (search: string, method: 'GET' | 'POST' = 'GET') => {
      const url = `/v1/worklists/prospective${method === 'POST' ? '/claim' : ''}?${search}`;
      const payload = method === 'POST' ? { payload: { count: 1 } } : {};
      const answer = await stored.call(keys.lead, { method, url, ...payload });
      expect([search, answer.statusCode]).toEqual([search, 400]);
      return answer.json().errors;
    };
    expect(await refused('hcc=226,9999')).toMatchObject([
      { pointer: '/query/hcc', code: 'unknown_hcc', value: '9999' },
    ]);
    expect(await refused('hcc=85&model=cms-hcc-v28', 'POST')).toMatchObject([{ value: '85' }]);
    expect((await get(keys.lead, '/v1/worklists/prospective?hcc=85')).items).toEqual([]);
    expect(await refused('model=cms-hcc-v99')).toMatchObject([{ pointer: '/query/model' }]);
    expect(await refused('appointmentFrom=2026-12-02&appointmentTo=2026-12-01')).toMatchObject([
      { pointer: '/query/appointmentTo', code: 'dates_reversed', value: '2026-12-01' },
    ]);
  });

  test('own suspect rules are checked with their places, run in stored analyses, and can be turned off', async () => {
    const bad = await set({ ownRules: [{ ...OWN_RULE, evidence: { fortune: {} } }] }, 422);
    expect(bad.errors[0]).toMatchObject({ pointer: '/settings/ownRules/0/evidence/fortune', code: 'rule' });
    const unknown = await set({ enabledRules: ['NO-SUCH-RULE'] }, 422);
    expect(unknown.errors[0]).toMatchObject({ pointer: '/settings/enabledRules/0', code: 'unknown_rule' });
    const rule = {
      ...OWN_RULE,
      evidence: { diagnosis: { value_set: 'DX_DIABETES', count: 1, min_span_days: 0, lookback_months: 24 } },
    };
    const second = { ...rule, id: 'OWN-SECOND', confidence: { tier: 'low', reason: 'invented' } };
    await set({ ownRules: [rule, second] });
    const listed = await get(keys.lead, '/v1/reference/suspecting-rules');
    const own = listed.items.find(({ id }: { id: string }) => id === OWN_RULE.id);
    expect(own).toMatchObject({ source: 'own', enabled: true, outcomes: { ppv: null, retire: false } });
    expect(own.firesWhen).toContain('a diagnosis of');
    await stored.analyze(tenantId, members);
    const suspects = async () =>
      (await list('prospective')).items.filter(({ ruleId }) => ruleId === OWN_RULE.id);
    const [suspect] = await suspects();
    expect(suspect).toMatchObject({
      kind: 'clinical_suspect',
      reasons: [OWN_RULE.id, second.id],
      clinicalReview: 'reviewed_by_software_author_not_certified',
    });
    const refuted = await stored.call(keys.provider, {
      method: 'POST',
      url: `/v1/gaps/${suspect?.gapId}/transitions`,
      headers: { 'if-match': '"1"' },
      payload: { to: 'dismissed', reason: 'assess_not_present' },
    });
    expect(refuted.statusCode).toBe(200);
    const after = await get(keys.lead, '/v1/reference/suspecting-rules');
    expect(after.items.find(({ id }: { id: string }) => id === OWN_RULE.id).outcomes).toMatchObject({
      confirmed: 0,
      refuted: 1,
      dismissed: 0,
      ppv: 0,
      smallSample: true,
      retire: false,
    });
    // The answer is about every rule that asked, not only the one that leads.
    expect(after.items.find(({ id }: { id: string }) => id === second.id).outcomes).toMatchObject({
      refuted: 1,
    });
    // A suspect decided before every rule was named counts for the rule that led it.
    await withTenant(stored.scratch.db, tenantId, (tx) =>
      tx.execute(
        sql`update gaps set detail = jsonb_set(detail, '{reasons}', '[]') where gap_id = ${suspect?.gapId}`,
      ),
    );
    const older = await get(keys.lead, '/v1/reference/suspecting-rules');
    const counted = (id: string) =>
      older.items.find((rule: { id: string }) => rule.id === id).outcomes.refuted;
    expect([counted(OWN_RULE.id), counted(second.id)]).toEqual([1, 0]);
    await set({ disabledRules: [OWN_RULE.id] });
    await stored.analyze(tenantId, members);
    expect(await suspects()).toEqual([]);
    const off = await get(keys.lead, '/v1/reference/suspecting-rules');
    expect(off.items.find(({ id }: { id: string }) => id === OWN_RULE.id).enabled).toBe(false);
  });
});
