import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nightlyExtracts } from './nightly-extracts.ts';
import { describePostgres, scratchDatabase } from './services.ts';

/** Nobody here exists. `A-OLD` is a second id of `A`. */
const MEMBERS = ['A', 'A-OLD', 'B'] as const;
const CODES = ['I50.22', 'E11.22', 'N18.32', 'J44.9', 'F32.1'] as const;

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
  const { send, shown } = nightlyExtracts(scratch);

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
