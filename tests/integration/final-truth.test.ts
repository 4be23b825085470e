import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { analyzeMembers } from '../../src/analysis/analyze-members.ts';
import { analyzeHistory } from '../../src/engine/analyze.ts';
import { readBatch } from '../../src/intake/read-batch.ts';
import { type Reception, receiveBatch, spoolExtract } from '../../src/intake/receive-batch.ts';
import type { IncomingFile } from '../../src/intake/spool.ts';
import { addWorkItems, memberKeysOf } from '../../src/store/work-items.ts';
import { reference } from '../api/support/app.ts';
import { describePostgres, scratchDatabase } from './services.ts';

const TODAY = '2026-11-23';
/** Nobody here exists. `A-OLD` is a second id of `A`. */
const MEMBERS = ['A', 'A-OLD', 'B'] as const;
const CODES = ['I50.22', 'E11.22', 'N18.32', 'J44.9', 'F32.1'] as const;

/** A file of a batch: its name and its rows, the header first. */
type Files = Readonly<Record<string, readonly string[]>>;

const MEMBER_HEADER =
  'member_id,mbi,birth_date,sex,contract_id,plan_id,enrollment_start_date,original_reason_entitlement_code,dual_status_code,part_b_start_date';
const CLAIM_HEADER =
  'claim_id,member_id,claim_type,claim_start_date,place_of_service_code,hcpcs_code,rendering_npi,rendering_specialty,frequency_code,original_claim_id,diagnosis_code_1,diagnosis_code_2';

interface Person {
  readonly birthDate: string;
  readonly sex: 'F' | 'M';
  readonly dual: string;
}
interface Claim {
  readonly id: string;
  readonly member: (typeof MEMBERS)[number];
  readonly date: string;
  readonly codes: readonly string[];
  readonly frequency: '1' | '7' | '8';
  readonly original: string;
}

const memberRow = (id: string, { birthDate, sex, dual }: Person) =>
  `${id},,${birthDate},${sex},H9901,001,2024-01-01,0,${dual},2013-01-01`;
const claimRow = ({ id, member, date, codes, frequency, original }: Claim) =>
  [id, member, 'professional', date, '11', '99214', '1245319599', '11', frequency, original]
    .concat(codes[0] ?? '', codes[1] ?? '')
    .join(',');

describePostgres('the stored analysis is that of the final truth', () => {
  const scratch = scratchDatabase();
  const spoolDir = mkdtempSync(path.join(os.tmpdir(), 'hccgap-truth-'));
  afterAll(() => rmSync(spoolDir, { recursive: true, force: true }));

  async function* incoming(files: Files): AsyncGenerator<IncomingFile> {
    for (const [name, rows] of Object.entries(files)) {
      const text = Buffer.from(`${rows.join('\n')}\n`);
      yield {
        name,
        content: (async function* () {
          yield text;
        })(),
      };
    }
  }

  /** Sends an extract through the intake and analyses whom it touched, as the workers would. */
  async function send(tenantId: string, files: Files) {
    const { db } = scratch;
    const reception: Reception = {
      database: db,
      spoolDir,
      now: () => new Date(`${TODAY}T12:00:00Z`),
      batches: {
        enqueue: async (tx, batchId) => {
          await addWorkItems(tx, [{ kind: 'intake', batchId, payload: {} }]);
        },
        nudge: () => undefined,
      },
    };
    const extract = await spoolExtract(reception, tenantId, { files: incoming(files), limitBytes: 1e9 });
    const received = await receiveBatch(
      reception,
      { tenantId, subject: 'test' },
      { ...extract, choices: {} },
    );
    if (!received.created) return { ...received, members: 0 };
    const { batchId } = received.batch;
    await readBatch({
      db,
      tenantId,
      batchId,
      reference: reference(),
      spoolDir,
      checkpoint: () => undefined,
      finish: async () => undefined,
    });
    const { rows } = await scratch.admin.query<{ payload: Record<string, unknown> }>(
      `select payload from work_items where batch_id = $1 and kind = 'analysis'`,
      [batchId],
    );
    const memberKeys = rows.flatMap(({ payload }) => memberKeysOf(payload));
    const summary = await analyzeMembers(
      db,
      { tenantId, runId: batchId, memberKeys, asOf: TODAY, paymentYears: null, lookbackYears: 2 },
      {
        analyze: (history, options, identity) => analyzeHistory(reference(), history, options, identity),
        calendar: reference().calendar,
        now: () => new Date(`${TODAY}T12:00:00Z`),
        checkpoint: () => undefined,
      },
    );
    if (summary.faults.length > 0) throw summary.faults[0]?.error;
    return { ...received, members: memberKeys.length };
  }

  /** What a tenant's lists and scores show, by the plan's ids: nothing that depends on when something arrived. */
  async function shown(tenantId: string) {
    const gaps = await scratch.admin.query<{ id: string; year: number; detail: Record<string, unknown> }>(
      `select m.external_id as id, g.payment_year as year, g.detail from gaps g
       join members m on m.tenant_id = g.tenant_id and m.id = g.member_id
       where g.tenant_id = $1 and g.present and g.workflow_status in ('open', 'in_review', 'queried')`,
      [tenantId],
    );
    const scores = await scratch.admin.query(
      `select m.external_id as id, s.payment_year as year, s.part, s.model, s.segment, s.raw_current,
         s.payment_current, s.raw_if_closed, s.payment_if_closed, s.hccs
       from raf_scores s join members m on m.tenant_id = s.tenant_id and m.id = s.member_id where s.tenant_id = $1`,
      [tenantId],
    );
    const unspecified = await scratch.admin.query(
      `select m.external_id as id, u.payment_year as year, u.code, u.weight from unspecified_findings u
       join members m on m.tenant_id = u.tenant_id and m.id = u.member_id where u.tenant_id = $1`,
      [tenantId],
    );
    const texts = [
      ...gaps.rows.map(({ id, year, detail: { gapId: _gapId, ...gap } }) => JSON.stringify([id, year, gap])),
      ...scores.rows.map((row) => JSON.stringify(row)),
      ...unspecified.rows.map((row) => JSON.stringify(row)),
    ];
    return texts.sort();
  }

  const person = fc.record<Person>({
    birthDate: fc.constantFrom('1948-03-02', '1951-07-30'),
    sex: fc.constantFrom('F', 'M'),
    dual: fc.constantFrom('00', '02'),
  });
  const codes = fc.subarray([...CODES], { minLength: 0, maxLength: 2 });
  const date = fc.constantFrom('2025-03-04', '2025-09-10', '2026-02-05', '2026-06-20');

  /** A claim's life: what was sent of it, and what is true in the end. */
  const life = (number: number) =>
    fc
      .record({
        member: fc.constantFrom(...MEMBERS),
        first: fc.record({ date, codes }),
        end: fc.constantFrom('stands', 'replaced', 'voided', 'replaced twice', 'replacement voided'),
        second: codes,
        third: codes,
      })
      .map(({ member, first, end, second, third }) => {
        const id = `C${number}`;
        const of = (suffix: string, rest: Partial<Claim>): Claim => ({
          id: `${id}${suffix}`,
          member,
          date: first.date,
          codes: first.codes,
          frequency: '1',
          original: '',
          ...rest,
        });
        const original = of('', {});
        const replacement = of('R', { codes: second, frequency: '7', original: id });
        const again = of('S', { codes: third, frequency: '7', original: `${id}R` });
        const empty = { codes: [], frequency: '8' } as const;
        switch (end) {
          case 'stands':
            return { sent: [original], truth: [original] };
          case 'replaced':
            return { sent: [original, replacement], truth: [plain(replacement)] };
          case 'voided':
            return { sent: [original, of('V', { ...empty, original: id })], truth: [] };
          case 'replaced twice':
            return { sent: [original, replacement, again], truth: [plain(again)] };
          default:
            return {
              sent: [original, replacement, of('W', { ...empty, original: `${id}R` })],
              truth: [],
            };
        }
      });
  const plain = (claim: Claim): Claim => ({ ...claim, frequency: '1', original: '' });

  const story = fc
    .record({
      people: fc.record({ A: person, B: person }),
      before: fc.record({ A: person, B: person }),
      lives: fc.tuple(life(1), life(2), life(3)),
      crosswalk: fc.constantFrom('merged', 'merged and parted', 'none'),
      batches: fc.integer({ min: 1, max: 4 }),
      shuffle: fc.infiniteStream(fc.nat({ max: 999 })),
      repeats: fc.boolean(),
    })
    .map((given) => ({ ...given, numbers: [...given.shuffle.take(40)] }));

  test('whatever the order and the batches in which it arrived', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async (given) => {
        const { people, before, lives, crosswalk, batches, numbers, repeats } = given;
        const isMerged = crosswalk === 'merged';
        const rows = (of: typeof people) => [
          memberRow('A', of.A),
          memberRow('A-OLD', of.A),
          memberRow('B', of.B),
        ];
        const all = lives.flatMap(({ sent }) => sent);
        const placed = all.map((claim, index) => ({
          claim,
          batch: (numbers[index] ?? 0) % batches,
          order: numbers[index + 20] ?? 0,
        }));
        placed.sort((a, b) => a.order - b.order);

        const tenant = await scratch.tenant();
        // What was first said of people is corrected by what came later; claims come in any order.
        await send(tenant, { 'members.csv': [MEMBER_HEADER, ...rows(before)] });
        const links = (action: string, row: string) => ({
          'crosswalk.csv': ['member_id,surviving_member_id,action', `${row},${action}`],
        });
        const crossing = crosswalk === 'none' ? -1 : (numbers[39] ?? 0) % batches;
        for (let batch = 0; batch < batches; batch += 1) {
          const claims = placed.filter((one) => one.batch === batch).map((one) => claimRow(one.claim));
          if (repeats && claims[0] !== undefined) claims.push(claims[0]);
          await send(tenant, {
            'claims.csv': [CLAIM_HEADER, ...claims],
            ...(batch === crossing ? links('merge', 'A-OLD,A') : {}),
            ...(batch === batches - 1 ? { 'members.csv': [MEMBER_HEADER, ...rows(people)] } : {}),
          });
        }
        if (repeats) {
          await send(tenant, { 'again.csv': [CLAIM_HEADER, ...placed.map((one) => claimRow(one.claim))] });
        }
        if (crosswalk === 'merged and parted') await send(tenant, links('unmerge', 'A-OLD,'));

        const truth = await scratch.tenant();
        await send(truth, {
          'members.csv': [
            MEMBER_HEADER,
            memberRow('A', people.A),
            ...(isMerged ? [] : [memberRow('A-OLD', people.A)]),
            memberRow('B', people.B),
          ],
          'claims.csv': [
            CLAIM_HEADER,
            ...lives
              .flatMap((one) => one.truth)
              .map((claim) =>
                claimRow(isMerged && claim.member === 'A-OLD' ? { ...claim, member: 'A' } : claim),
              ),
          ],
        });
        expect(await shown(tenant)).toEqual(await shown(truth));
      }),
      { numRuns: Number(process.env.TRUTH_RUNS ?? 8) },
    );
  });

  test('the same extract again changes nothing and says so; two clients at once make one batch', async () => {
    const tenant = await scratch.tenant();
    const human: Person = { birthDate: '1948-03-02', sex: 'F', dual: '00' };
    const claim: Claim = {
      id: 'C1',
      member: 'A',
      date: '2025-03-04',
      codes: ['I50.22'],
      frequency: '1',
      original: '',
    };
    const files = {
      'members.csv': [MEMBER_HEADER, memberRow('A', human)],
      'claims.csv': [CLAIM_HEADER, claimRow(claim)],
    };
    const both = await Promise.all([send(tenant, files), send(tenant, files)]);
    expect(both.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(new Set(both.map(({ batch }) => batch.batchId)).size).toBe(1);
    expect((await send(tenant, files)).created).toBe(false);
    // The same rows in another file are another batch, which touches nobody.
    const reordered = { 'claims.csv': files['claims.csv'], 'members.csv': [...files['members.csv'], ''] };
    const again = await send(tenant, reordered);
    expect([again.created, again.members]).toEqual([true, 0]);
  });
});
