import { beforeAll, expect, test } from 'vitest';
import { withTenant } from '../../src/store/database.ts';
import { claimGaps } from '../../src/store/worklists.ts';
import { describePostgres, scratchDatabase } from './services.ts';

const CODERS = 100;
const GAPS = 1500;
const EACH = 20;
const AT = '2026-11-23T12:00:00.000Z';
const UNTIL = '2026-11-23T20:00:00.000Z';

describePostgres('a hundred coders at once', () => {
  const scratch = scratchDatabase();
  let tenantId = '';

  beforeAll(async () => {
    tenantId = await scratch.tenant();
    await scratch.admin.query(
      `insert into gaps (tenant_id, gap_id, member_id, payment_year, dos_year, kind, model, hcc, list, direction,
         engine_status, confidence, priority, act_who, detail, run_id)
       select $1, 'gap-' || lpad(n::text, 6, '0'), gen_random_uuid(), 2027, 2026, 'recapture', 'cms-hcc-v28', '226',
         'prospective', 'add', 'open', 'high', n % 7, 'provider', '{"kind": "recapture"}', gen_random_uuid()
       from generate_series(1, $2::int) as n`,
      [tenantId, GAPS],
    );
  });

  const claim = (coder: number, at = AT, until = UNTIL) =>
    withTenant(scratch.db, tenantId, (tx) =>
      claimGaps(tx, {
        filter: { list: 'prospective' },
        count: EACH,
        assignee: `coder-${coder}`,
        role: 'coder',
        at,
        until,
      }),
    );

  test('take the next gaps without one being taken twice, and none is left behind', async () => {
    const taken = await Promise.all(Array.from({ length: CODERS }, (_, coder) => claim(coder)));
    const ids = taken.flatMap((gaps) => gaps.map(({ gapId }) => gapId));
    const duplicates = ids.length - new Set(ids).size;
    process.stderr.write(`${CODERS} coders claimed ${ids.length} gaps at once: ${duplicates} duplicates\n`);
    expect(duplicates).toBe(0);
    expect(ids).toHaveLength(GAPS);
    for (const [coder, gaps] of taken.entries()) {
      expect(gaps.every(({ assignee }) => assignee === `coder-${coder}`)).toBe(true);
    }
    const { rows } = await scratch.admin.query<{ events: number; claimed: number }>(
      `select (select count(*)::int from gap_events where type = 'claimed') as events,
         (select count(*)::int from gaps where workflow_status = 'in_review' and version = 2) as claimed`,
    );
    expect(rows).toEqual([{ events: GAPS, claimed: GAPS }]);
  }, 60_000);

  test('a claim that ran out falls back and is taken once, however many wait for it', async () => {
    expect(await claim(200)).toEqual([]);
    const later = await Promise.all(
      Array.from({ length: CODERS }, (_, coder) =>
        claim(coder + 300, '2026-11-23T20:00:00.001Z', '2026-11-24T04:00:00.000Z'),
      ),
    );
    const ids = later.flatMap((gaps) => gaps.map(({ gapId }) => gapId));
    expect(ids).toHaveLength(GAPS);
    expect(new Set(ids).size).toBe(GAPS);
  }, 60_000);
});
