import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { withTenant } from '../../src/store/database.ts';
import { rowsOf } from '../../src/store/rows.ts';
import { describePostgres } from '../integration/services.ts';
import { ADD_SUPPORTED, history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Step {
  readonly subject: string;
  readonly from: string | null;
  readonly to: string;
  readonly actor: string;
  readonly changed: Readonly<Record<string, unknown>>;
}

describePostgres('steps of submissions, queries and second reviews are kept, whoever takes them', () => {
  const stored = storedApp();
  const { get } = stored;
  const keys = { coder: '', lead: '' };
  let tenantId = '';
  let gap = { gapId: '', version: 0, memberKey: '' };

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    for (const role of ['coder', 'lead'] as const) keys[role] = await stored.key(tenantId, role);
    await stored.load(tenantId, [history('STEP-1')]);
  });

  const post = async (key: string, url: string, payload?: object, version?: number) => {
    const answer = await stored.post(key, url, payload, version);
    expect([url, answer.statusCode < 300]).toEqual([url, true]);
    return answer.json();
  };
  const steps = (subject: string) =>
    withTenant(stored.scratch.db, tenantId, (tx) =>
      rowsOf<Step>(
        tx,
        sql`select subject, from_status as "from", to_status as "to", actor, changed from workflow_steps
            where subject = ${subject} and gap_id = ${gap.gapId} order by id`,
      ),
    );
  const path = (rows: readonly Step[]) => rows.map(({ from, to }) => `${from} ${to}`);

  test('a query: drafted, sent and withdrawn by two people', async () => {
    [gap] = (await get(keys.coder, '/v1/worklists/prospective?kind=recapture')).items;
    const draft = await post(keys.coder, '/v1/queries', { gapId: gap.gapId });
    const sent = await post(keys.coder, `/v1/queries/${draft.queryId}/send`, undefined, draft.version);
    await post(keys.lead, `/v1/queries/${draft.queryId}/withdraw`, undefined, sent.version);
    const kept = await steps('queries');
    expect(path(kept)).toEqual(['null draft', 'draft sent', 'sent withdrawn']);
    const [made, second, third] = kept;
    expect(made?.changed).toMatchObject({ created_by: made?.actor, content: expect.anything() });
    expect(Object.keys(second?.changed ?? {}).sort()).toEqual(['sent_at', 'status']);
    expect(second?.actor).toBe(made?.actor);
    expect(third?.actor).not.toBe(made?.actor);
  });

  test('a submission and its second review: written by the coder, approved by the lead', async () => {
    gap = await get(keys.coder, `/v1/gaps/${gap.gapId}`);
    await post(keys.coder, `/v1/gaps/${gap.gapId}/transitions`, ADD_SUPPORTED, gap.version);
    const [pending] = (await get(keys.lead, '/v1/submissions?status=pending')).items;
    await post(keys.lead, `/v1/submissions/${pending.submissionId}/approve`, undefined, pending.version);
    const [review] = (await get(keys.lead, `/v1/second-reviews?gapId=${gap.gapId}`)).items;
    await post(
      keys.lead,
      `/v1/second-reviews/${review.reviewId}/verdict`,
      { verdict: 'agree' },
      review.version,
    );
    const [written, approved] = await steps('submissions');
    expect(path(await steps('submissions'))).toEqual(['null pending', 'pending approved']);
    expect(written?.changed).toMatchObject({ coder: written?.actor, code: 'I5022' });
    expect(approved?.changed).toMatchObject({ approver: approved?.actor });
    expect(approved?.actor).not.toBe(written?.actor);
    expect(path(await steps('second_reviews'))).toEqual(['null waiting', 'waiting agreed']);
  });

  test('another tenant sees none of them', async () => {
    const stranger = await stored.scratch.tenant();
    const seen = await withTenant(stored.scratch.db, stranger, (tx) =>
      rowsOf<{ count: number }>(tx, sql`select count(*)::int as count from workflow_steps`),
    );
    expect(seen).toEqual([{ count: 0 }]);
  });
});
