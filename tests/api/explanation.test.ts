import { beforeAll, expect, test } from 'vitest';
import { describePostgres } from '../integration/services.ts';
import { history } from './support/histories.ts';
import { storedApp } from './support/stored.ts';

interface Row {
  readonly file: string;
  readonly line: number;
  readonly row: Record<string, string>;
}
interface Factor {
  readonly variable: string;
  readonly difference: number;
  readonly with: number | null;
  readonly row: Row | null;
}

describePostgres('the explanation of a gap', () => {
  const stored = storedApp();
  let tenantId = '';
  const keys = { lead: '', coder: '', provider: '', stranger: '' };

  beforeAll(async () => {
    tenantId = await stored.scratch.tenant();
    keys.lead = await stored.key(tenantId, 'lead');
    keys.coder = await stored.key(tenantId, 'coder');
    keys.provider = await stored.key(tenantId, 'provider', { npi: '1234567893' });
    keys.stranger = await stored.key(await stored.scratch.tenant(), 'lead');
    await stored.load(tenantId, [history('M-1')]);
  });

  const gaps = async (list: string) => {
    const answer = await stored.call(keys.lead, { url: `/v1/worklists/${list}?limit=100` });
    return answer.json().items as {
      gapId: string;
      kind: string;
      hcc: string;
      impact: { standalone: number };
    }[];
  };
  const gapOf = async (list: string, kind: string) => {
    const found = (await gaps(list)).find((gap) => gap.kind === kind);
    if (!found) throw new Error(`no ${kind} gap`);
    return found;
  };
  const explain = async (key: string, gapId: string) => {
    const answer = await stored.call(key, { url: `/v1/gaps/${gapId}/explanation` });
    expect(answer.statusCode).toBe(200);
    return answer.json();
  };

  test('an add can be checked by hand: source row, table rows, factors that add up to its impact', async () => {
    const gap = await gapOf('prospective', 'recapture');
    const told = await explain(keys.lead, gap.gapId);
    expect(told.evidence[0]).toMatchObject({
      code: 'I50.22',
      encounterId: expect.stringMatching(/^E[12]$/),
      from: { file: 'test.ndjson', row: 1 },
      verdict: { eligible: true },
    });
    expect(told.ruleApplied).toMatchObject({ clinicalReview: 'reviewed, unsigned' });
    expect(told.ruleApplied.words).toContain('captured in the look-back');
    const [code] = told.codeChain.codes;
    expect(code).toMatchObject({ code: 'I50.22', role: 'candidate', hccs: ['226'], mappedBy: 2027 });
    expect(code.row).toMatchObject({ package: 'cms-hcc-v28', file: 'diagnoses.tsv', row: { code: 'I5022' } });
    const { factors, difference, without, paymentRow } = told.scoreChain as {
      factors: Factor[];
      difference: { raw: number; payment: number };
      without: { rawScore: number; paymentScore: number; steps: unknown[] };
      paymentRow: Row;
    };
    const sum = factors.reduce((total, factor) => total + Math.round(factor.difference * 1000), 0) / 1000;
    expect(sum).toBe(difference.raw);
    expect(difference.raw).toBe(gap.impact.standalone);
    const heart = factors.find(({ variable }) => variable === 'HCC226');
    expect(heart?.row?.row).toMatchObject({ segment: 'CNA', variable: 'HCC226' });
    expect(Number(heart?.row?.row.value)).toBe(heart?.with);
    expect(without.steps.length).toBeGreaterThan(0);
    expect(paymentRow.row).toMatchObject({ payment_year: '2027', program: 'ma', model: 'cms-hcc-v28' });
  });

  test('a delete lowers the score by its factors', async () => {
    const gap = await gapOf('retrospective', 'over_coding');
    const told = await explain(keys.lead, gap.gapId);
    expect(told.scoreChain.difference.raw).toBe(gap.impact.standalone);
    expect(told.scoreChain.difference.raw).toBeLessThan(0);
    expect(told.codeChain.codes).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'I63.9', hccs: ['249'] })]),
    );
    expect(told.ruleApplied.words).toContain('never wrong');
  });

  test('every gap is explained, and what carries a figure reproduces it', async () => {
    for (const gap of [...(await gaps('prospective')), ...(await gaps('retrospective'))]) {
      const told = await explain(keys.lead, gap.gapId);
      expect(told.codeChain).not.toBeNull();
      if (told.scoreChain !== null) expect(told.scoreChain.difference.raw).toBe(gap.impact.standalone);
    }
  });

  test('a coder without RAF sees codes and hierarchy and no score; a provider the evidence only', async () => {
    const { gapId } = await gapOf('prospective', 'recapture');
    const coder = await explain(keys.coder, gapId);
    expect(coder.codeChain.hcc).toBe('226');
    expect(JSON.stringify(coder)).not.toMatch(/"(scoreChain|factors|rawScore|paymentScore)"/);
    const provider = await explain(keys.provider, gapId);
    expect(Object.keys(provider).sort()).toEqual(['asOf', 'evidence', 'gapId', 'memberKey', 'paymentYear']);
    expect(JSON.stringify(provider)).not.toMatch(/HCC|RAF|226/);
    const foreign = await stored.call(keys.stranger, { url: `/v1/gaps/${gapId}/explanation` });
    expect(foreign.statusCode).toBe(404);
  });
});
