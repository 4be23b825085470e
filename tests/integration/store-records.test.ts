import { expect, test } from 'vitest';
import { withTenant } from '../../src/store/database.ts';
import { loadHistories } from '../../src/store/histories.ts';
import {
  findMembersByExternalId,
  knownEncounters,
  knownMembers,
  mergeMembers,
  unmergeMember,
} from '../../src/store/members.ts';
import type { CanonicalRecord, MedicationRecord, MemberRecord } from '../../src/store/records.ts';
import { noteFeeds, upsertRecords } from '../../src/store/upsert-records.ts';
import { at, diagnosis, encounter, MA, person } from './invented-records.ts';
import { describePostgres, scratchDatabase } from './services.ts';

const FIRST = '00000000-0000-4000-8000-000000000001';
const SECOND = '00000000-0000-4000-8000-000000000002';
const UNCHANGED = { touched: [], changedRows: 0, unresolved: [] };

describePostgres('canonical records', () => {
  const scratch = scratchDatabase();
  const store = (tenant: string, records: readonly CanonicalRecord[], batch = FIRST) =>
    withTenant(scratch.db, tenant, (tx) => upsertRecords(tx, batch, records));
  const keyOf = async (tenant: string, externalId: string): Promise<string> => {
    const [member] = await withTenant(scratch.db, tenant, (tx) => findMembersByExternalId(tx, [externalId]));
    return member?.memberKey ?? '';
  };
  const history = async (tenant: string, externalId: string) => {
    const key = await keyOf(tenant, externalId);
    const [found] = await withTenant(scratch.db, tenant, (tx) => loadHistories(tx, [key]));
    if (found === undefined) throw new Error('no history');
    return found;
  };

  test('a stored person comes back as the history that was sent', async () => {
    const tenant = await scratch.tenant();
    const key = await store(tenant, person('P-1')).then(() => keyOf(tenant, 'P-1'));
    expect(await history(tenant, 'P-1')).toEqual({
      memberId: key,
      birthDate: '1950-01-02',
      sex: 'F',
      deathDate: null,
      coverage: [MA],
      encounters: [
        {
          ...encounter('P-1', { encounterId: 'P-1-V1' }).encounter,
          lines: [{ procedure: '99214', modifiers: [], date: '2025-03-04' }],
          diagnoses: [
            { code: 'I5022', position: 1 },
            { code: 'E119', position: 2 },
          ],
        },
      ],
      conditions: [],
      observations: null,
      medications: null,
      procedures: null,
      appointments: [],
    });
  });

  test('the same records again change nothing and touch nobody, whatever the batch', async () => {
    const tenant = await scratch.tenant();
    const first = await store(tenant, person('P-1'));
    expect(first).toMatchObject({ changedRows: 6 });
    expect(first.touched).toHaveLength(1);
    expect(await store(tenant, person('P-1'), SECOND)).toEqual(UNCHANGED);
    expect(await store(tenant, person('P-1').toReversed(), SECOND)).toEqual(UNCHANGED);
  });

  test('each row keeps the batch, file and row it came from', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, person('P-1'));
    await store(tenant, [diagnosis('P-1', 'P-1-V1', 'N1831', 77)], SECOND);
    const { rows } = await scratch.admin.query(
      `select code, batch_id, source_file, source_row from diagnoses where tenant_id = $1 order by code`,
      [tenant],
    );
    expect(rows).toEqual([
      { code: 'E119', batch_id: FIRST, source_file: 'made-up.csv', source_row: 2 },
      { code: 'I5022', batch_id: FIRST, source_file: 'made-up.csv', source_row: 1 },
      { code: 'N1831', batch_id: SECOND, source_file: 'made-up.csv', source_row: 77 },
    ]);
  });

  test("a member's null leaves what is stored; a value replaces it", async () => {
    const tenant = await scratch.tenant();
    const member = (fields: Partial<MemberRecord>): MemberRecord => ({
      kind: 'member',
      memberId: 'P-1',
      source: at(9),
      birthDate: null,
      sex: null,
      deathDate: null,
      pcpNpi: null,
      ...fields,
    });
    await store(tenant, person('P-1'));
    expect((await store(tenant, [member({})])).changedRows).toBe(0);
    await store(tenant, [member({ deathDate: '2026-02-03' }), member({ pcpNpi: '1245319599' })]);
    expect(await history(tenant, 'P-1')).toMatchObject({
      birthDate: '1950-01-02',
      sex: 'F',
      deathDate: '2026-02-03',
    });
  });

  test('a complete encounter replaces lines and diagnoses of earlier batches', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, person('P-1', ['I5022', 'E119', 'J449']));
    const again = { ...encounter('P-1', { encounterId: 'P-1-V1' }), complete: true };
    const outcome = await store(
      tenant,
      [again, diagnosis('P-1', 'P-1-V1', 'I5022', 1), diagnosis('P-1', 'P-1-V1', 'N1831', 4)],
      SECOND,
    );
    // Out: E119, J449 and the service line; in: N1831.
    expect(outcome.changedRows).toBe(4);
    const [visit] = (await history(tenant, 'P-1')).encounters;
    expect(visit?.diagnoses.map((item) => item.code)).toEqual(['I5022', 'N1831']);
    expect(visit?.lines).toEqual([]);
  });

  test('a complete encounter whose children come in later calls of the batch keeps them all', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, person('P-1', ['I5022', 'E119']));
    const again = { ...encounter('P-1', { encounterId: 'P-1-V1' }), complete: true };
    await store(tenant, [again, diagnosis('P-1', 'P-1-V1', 'I5022', 1)], SECOND);
    await store(tenant, [diagnosis('P-1', 'P-1-V1', 'J449', 2)], SECOND);
    const [visit] = (await history(tenant, 'P-1')).encounters;
    expect(visit?.diagnoses.map((item) => item.code)).toEqual(['I5022', 'J449']);
  });

  test('an incomplete encounter keeps what is stored beside what is new', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, person('P-1', ['I5022']));
    await store(
      tenant,
      [encounter('P-1', { encounterId: 'P-1-V1' }), diagnosis('P-1', 'P-1-V1', 'E119', 2)],
      SECOND,
    );
    const [visit] = (await history(tenant, 'P-1')).encounters;
    expect(visit?.diagnoses.map((item) => item.code)).toEqual(['I5022', 'E119']);
  });

  test('an answer about an encounter counts whether it comes before or after it, by id or by ICN', async () => {
    const tenant = await scratch.tenant();
    const status = (fields: object): CanonicalRecord => ({
      kind: 'encounter_status',
      memberId: 'P-1',
      source: at(1, 'answers.txt'),
      encounterId: null,
      icn: null,
      acceptance: null,
      mao004: null,
      reasons: [],
      ...fields,
    });
    const [member] = person('P-1');
    if (member === undefined) throw new Error('a person begins with the member');
    await store(tenant, [
      member,
      status({ encounterId: 'P-1-V1', icn: 'ICN-7', acceptance: 'accepted' }),
      status({ encounterId: 'P-1-V1', icn: 'ICN-7' }),
    ]);
    await store(tenant, person('P-1'));
    await store(tenant, [status({ icn: 'ICN-7', mao004: 'allowed' })]);
    const [visit] = (await history(tenant, 'P-1')).encounters;
    expect(visit).toMatchObject({ icn: 'ICN-7', acceptance: 'accepted', mao004: 'allowed' });
  });

  test('a feed that was never sent is null, one that was is a list', async () => {
    const tenant = await scratch.tenant();
    const fill: MedicationRecord = {
      kind: 'medication',
      memberId: 'P-1',
      source: at(1, 'fills.csv'),
      key: 'fill-1',
      medication: {
        code: '860975',
        system: 'rxnorm',
        ingredient: 'metformin',
        route: 'oral',
        date: '2026-01-15',
        daysSupply: 90,
        source: 'fill',
        setting: null,
        status: null,
      },
    };
    await store(tenant, [...person('P-1'), ...person('P-2'), fill]);
    await withTenant(scratch.db, tenant, (tx) => noteFeeds(tx, FIRST, new Set(['procedures'])));
    expect(await history(tenant, 'P-1')).toMatchObject({
      medications: [fill.medication],
      observations: null,
      procedures: [],
    });
    expect((await history(tenant, 'P-2')).medications).toEqual([]);
  });

  test('rows of a member who is not known are handed back and leave nothing behind', async () => {
    const tenant = await scratch.tenant();
    const outcome = await store(tenant, [
      ...person('P-1'),
      encounter('GHOST', { encounterId: 'G-1' }),
      diagnosis('GHOST', 'G-1', 'I5022', 12),
      diagnosis('GHOST', 'G-1', 'E119', 13),
    ]);
    const reason = 'unknown_member';
    expect(outcome.unresolved).toEqual([
      { file: 'made-up.csv', row: 1, value: 'GHOST', reason },
      { file: 'made-up.csv', row: 12, value: 'GHOST', reason },
      { file: 'made-up.csv', row: 13, value: 'GHOST', reason },
    ]);
    expect(await withTenant(scratch.db, tenant, (tx) => knownMembers(tx, ['P-1', 'GHOST']))).toEqual(
      new Set(['P-1']),
    );
    expect(
      await withTenant(scratch.db, tenant, (tx) => knownEncounters(tx, ['P-1\tP-1-V1', 'GHOST\tG-1'])),
    ).toEqual(new Set(['P-1\tP-1-V1']));
    // Where the member's own record stands in the batch makes no difference.
    const late = await store(
      tenant,
      [diagnosis('LATE', 'L-1', 'I5022'), encounter('LATE', { encounterId: 'L-1' }), ...person('LATE', [])],
      SECOND,
    );
    expect(late.unresolved).toEqual([]);
    expect((await history(tenant, 'LATE')).encounters).toHaveLength(2);
  });

  test('records under an alias go to the member; an alias of two persons names nobody', async () => {
    const tenant = await scratch.tenant();
    const alias = (memberId: string, number: string): CanonicalRecord => ({
      kind: 'member_alias',
      memberId,
      source: at(1, 'members.csv'),
      alias: number,
    });
    await store(tenant, [...person('P-1'), alias('P-1', '1EG4TE5MK73')]);
    const taken = await store(tenant, [diagnosis('1EG4TE5MK73', 'P-1-V1', 'J449', 5)], SECOND);
    expect(taken.unresolved).toEqual([]);
    const [visit] = (await history(tenant, 'P-1')).encounters;
    expect(visit?.diagnoses.map(({ code }) => code)).toEqual(['I5022', 'E119', 'J449']);
    await store(tenant, [...person('P-2'), alias('P-2', '1EG4TE5MK73')], SECOND);
    const refused = await store(tenant, [diagnosis('1EG4TE5MK73', 'P-1-V1', 'N1831', 6)], SECOND);
    expect(refused.unresolved).toEqual([
      { file: 'made-up.csv', row: 6, value: '1EG4TE5MK73', reason: 'member_ambiguous' },
    ]);
  });

  test('a member under the number that is the alias of another is that person, unless they contradict', async () => {
    const tenant = await scratch.tenant();
    const alias = { kind: 'member_alias', source: at(1, 'members.csv') } as const;
    await store(tenant, [...person('1EG4TE5MK73'), ...person('2EG4TE5MK73')]);
    await store(
      tenant,
      [...person('P-1', ['J449']), { ...alias, memberId: 'P-1', alias: '1EG4TE5MK73' }],
      SECOND,
    );
    expect((await history(tenant, 'P-1')).encounters).toHaveLength(2);
    const other = person('P-2').map((record) =>
      record.kind === 'member' ? { ...record, birthDate: '1961-07-30' } : record,
    );
    await store(tenant, [...other, { ...alias, memberId: 'P-2', alias: '2EG4TE5MK73' }], SECOND);
    expect((await history(tenant, 'P-2')).encounters).toHaveLength(1);
  });

  test('links of a crosswalk come out the same in any order; circles are refused, taking back restores', async () => {
    const link = (memberId: string, into: string | null, row: number): CanonicalRecord => ({
      kind: 'member_link',
      memberId,
      into,
      source: at(row, 'crosswalk.csv'),
    });
    const steps = [
      [link('A', 'B', 1)],
      [link('B', 'C', 2)],
      [...person('A'), ...person('B'), ...person('C')],
    ] as const;
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const tenant = await scratch.tenant();
      for (const step of order) await store(tenant, steps[step] ?? []);
      const [a, b, c] = [await keyOf(tenant, 'A'), await keyOf(tenant, 'B'), await keyOf(tenant, 'C')];
      const merged = await withTenant(scratch.db, tenant, (tx) => loadHistories(tx, [a, b, c]));
      expect(merged.map((one) => [one.memberId, one.encounters.length])).toEqual([[c, 3]]);
      const circle = await store(tenant, [link('C', 'A', 7)], SECOND);
      expect(circle.unresolved).toEqual([
        { file: 'crosswalk.csv', row: 7, value: 'C', reason: 'link_circular' },
      ]);
      const parted = await store(tenant, [link('B', null, 8)]);
      expect(new Set(parted.touched)).toEqual(new Set([a, b, c]));
      const after = await withTenant(scratch.db, tenant, (tx) => loadHistories(tx, [a, b, c]));
      expect(after.map((one) => [one.memberId, one.encounters.length])).toEqual([
        [b, 2],
        [c, 1],
      ]);
    }
  });

  test('merged members are read as one person, and a merge can be undone', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, [...person('OLD', ['J449']), ...person('NEW', ['I5022'])]);
    const [from, into] = [await keyOf(tenant, 'OLD'), await keyOf(tenant, 'NEW')];
    expect(await withTenant(scratch.db, tenant, (tx) => mergeMembers(tx, { from, into }))).toBe(true);
    expect(await withTenant(scratch.db, tenant, (tx) => mergeMembers(tx, { from: into, into: from }))).toBe(
      false,
    );
    const merged = await withTenant(scratch.db, tenant, (tx) => loadHistories(tx, [from, into]));
    expect(merged.map((one) => [one.memberId, one.encounters.map((visit) => visit.encounterId)])).toEqual([
      [into, expect.arrayContaining(['OLD-V1', 'NEW-V1'])],
    ]);
    expect(await withTenant(scratch.db, tenant, (tx) => unmergeMember(tx, from))).toBe(true);
    expect((await history(tenant, 'NEW')).encounters.map((visit) => visit.encounterId)).toEqual(['NEW-V1']);
  });

  test('a NUL or half a surrogate pair in one value does not refuse the rows beside it', async () => {
    const tenant = await scratch.tenant();
    await store(tenant, [
      ...person('P-1'),
      encounter('P-1', { encounterId: 'E-2', placeOfService: 'a\0b\ud800' }),
    ]);
    const visit = (await history(tenant, 'P-1')).encounters.find((one) => one.encounterId === 'E-2');
    expect(visit?.placeOfService).toBe('a\ufffdb\ufffd');
  });

  test('five thousand records go in at once, and no more', async () => {
    const tenant = await scratch.tenant();
    const people = Array.from({ length: 1_000 }, (_, n) => person(`Q-${n}`, ['I5022'])).flat();
    expect(people).toHaveLength(5_000);
    const outcome = await store(tenant, people);
    expect([outcome.touched.length, outcome.changedRows]).toEqual([1_000, 5_000]);
    await expect(store(tenant, [...people, ...person('Q-X')])).rejects.toThrow(RangeError);
  });
});
