import { sql } from 'drizzle-orm';
import type { EncounterDiagnosis, MemberHistory, ServiceLine } from '../engine/history.ts';
import type { TenantTx } from './database.ts';
import { feedsOf } from './feeds.ts';
import {
  appointmentOf,
  conditionOf,
  coverageOf,
  type DatedRow,
  encounterOf,
  type HistoryRow,
  medicationOf,
  observationOf,
  procedureOf,
  withStatuses,
} from './history-rows.ts';
import {
  APPOINTMENTS,
  CONDITIONS,
  COVERAGE,
  ENCOUNTERS,
  MEDICATIONS,
  OBSERVATIONS,
  PROCEDURES,
  type RecordTable,
} from './record-tables.ts';
import { rowsOf, uuidArray } from './rows.ts';

interface MemberRow {
  readonly id: string;
  readonly root: string;
  readonly birth_date: string | null;
  readonly sex: 'F' | 'M' | null;
  readonly death_date: string | null;
  readonly feeds: readonly string[] | null;
}

/**
 * The histories of a chunk of members, one query a table, in the order of the keys. `memberId` is our own key. A
 * member merged into another is read as part of that one and has no history of its own; a member without birth date
 * or sex has none yet. A feed that neither the tenant sends nor the person's
 * own history carries is null, any other a list, maybe empty.
 */
export async function loadHistories(
  tx: TenantTx,
  memberKeys: readonly string[],
): Promise<readonly MemberHistory[]> {
  if (memberKeys.length === 0) return [];
  const members = await rowsOf<MemberRow>(
    tx,
    sql`select id, coalesce(merged_into, id) as root, birth_date::text, sex, death_date::text, feeds from members
        where (id = any(${uuidArray(memberKeys)}) and merged_into is null) or merged_into = any(${uuidArray(memberKeys)})
        order by merged_into nulls first, id`,
  );
  const rootOf = new Map(members.map((member) => [member.id, member.root]));
  const ids = uuidArray(members.map((member) => member.id));
  const group = async <Row extends HistoryRow>(statement: ReturnType<typeof sql>) => {
    const grouped = new Map<string, Row[]>();
    for (const row of await rowsOf<Row>(tx, statement)) {
      const root = rootOf.get(row.member_id) ?? row.member_id;
      const list = grouped.get(root);
      if (list === undefined) grouped.set(root, [row]);
      else list.push(row);
    }
    return (root: string): readonly Row[] => grouped.get(root) ?? [];
  };
  /** Rows with one key under several ids of a person are one row, and the surviving id's own word holds. */
  const once = (table: RecordTable, rows: (root: string) => readonly HistoryRow[]) => {
    if (rootOf.size === new Set(rootOf.values()).size) return rows;
    const keys = Object.keys(table.key);
    return (root: string) => {
      const byKey = new Map<string, HistoryRow>();
      const order = [...rows(root)].sort(
        (a, b) => Number(b.member_id === root) - Number(a.member_id === root),
      );
      for (const row of order) {
        const key = JSON.stringify(keys.map((name) => row[name]));
        if (!byKey.has(key)) byKey.set(key, row);
      }
      return [...byKey.values()];
    };
  };

  const hasFeed = await feedsOf(tx);
  const coverage = await group(
    sql`select t.*, t.from_date::text as from_text, t.to_date::text as to_text from coverage_periods t
        where member_id = any(${ids}) order by member_id, t.from_date, contract_id, plan_id`,
  );
  const encounters = await group(
    sql`select t.*, t.from_date::text as from_text, t.to_date::text as to_text from encounters t
        where member_id = any(${ids}) order by member_id, encounter_id`,
  );
  const lines = await group(
    sql`select t.*, t.service_date::text as date_text from service_lines t
        where member_id = any(${ids}) order by member_id, encounter_id, line_number`,
  );
  const diagnoses = await group(
    sql`select * from diagnoses where member_id = any(${ids})
        order by member_id, encounter_id, position nulls last, code`,
  );
  const statuses = await group(
    sql`select * from encounter_statuses where member_id = any(${ids}) order by member_id, encounter_id, icn`,
  );
  const conditions = await group(
    sql`select t.*, t.recorded::text as date_text from conditions t
        where member_id = any(${ids}) order by member_id, key`,
  );
  const datedRows = (table: string) =>
    group<DatedRow>(
      sql`select t.*, t.date::text as date_text from ${sql.identifier(table)} t
          where member_id = any(${ids}) order by member_id, t.date, key`,
    );
  const observations = await datedRows('observations');
  const medications = await datedRows('medications');
  const procedures = await datedRows('procedures');
  const appointments = await datedRows('appointments');

  const coverageRows = once(COVERAGE, coverage);
  const encounterRows = once(ENCOUNTERS, encounters);
  const of = {
    conditions: once(CONDITIONS, conditions),
    observations: once(OBSERVATIONS, observations),
    medications: once(MEDICATIONS, medications),
    procedures: once(PROCEDURES, procedures),
    appointments: once(APPOINTMENTS, appointments),
  };
  const persons = new Map<string, MemberRow[]>();
  for (const member of members) persons.set(member.root, [...(persons.get(member.root) ?? []), member]);
  return memberKeys.flatMap((key): readonly MemberHistory[] => {
    // The surviving id comes first; what it does not state, another id of the person may.
    const person = persons.get(key) ?? [];
    const birthDate = person.find((member) => member.birth_date !== null)?.birth_date ?? null;
    const sex = person.find((member) => member.sex !== null)?.sex ?? null;
    if (birthDate === null || sex === null) return [];
    const children = childrenByEncounter(encounters(key), lines(key), diagnoses(key));
    // The statements of these tables select the date as text.
    const dated = (rows: readonly HistoryRow[]) => rows as readonly DatedRow[];
    return [
      {
        memberId: key,
        birthDate,
        sex,
        deathDate: person.find((member) => member.death_date !== null)?.death_date ?? null,
        coverage: coverageRows(key).map(coverageOf),
        encounters: withStatuses(
          encounterRows(key).map((row) => encounterOf(row, children(row))),
          statuses(key),
        ),
        conditions: of.conditions(key).map(conditionOf),
        observations: hasFeed('observations', person) ? dated(of.observations(key)).map(observationOf) : null,
        medications: hasFeed('medications', person) ? dated(of.medications(key)).map(medicationOf) : null,
        procedures: hasFeed('procedures', person) ? dated(of.procedures(key)).map(procedureOf) : null,
        appointments: dated(of.appointments(key)).map(appointmentOf),
      },
    ];
  });
}

/**
 * Lines and diagnoses of an encounter: those under the id that its header stands under, and those of other ids of the
 * person that have no header of it themselves.
 */
function childrenByEncounter(
  headers: readonly HistoryRow[],
  lines: readonly HistoryRow[],
  diagnoses: readonly HistoryRow[],
) {
  const stored = (row: HistoryRow) => `${row.member_id} ${String(row.encounter_id)}`;
  const headed = new Set(headers.map(stored));
  const byEncounter = new Map<string, { lines: ServiceLine[]; diagnoses: EncounterDiagnosis[] }>();
  const keyOf = (row: HistoryRow) => (headed.has(stored(row)) ? stored(row) : ` ${String(row.encounter_id)}`);
  const entry = (row: HistoryRow) => {
    const key = keyOf(row);
    const known = byEncounter.get(key) ?? { lines: [], diagnoses: [] };
    byEncounter.set(key, known);
    return known;
  };
  for (const row of lines) entry(row).lines.push(lineOf(row));
  for (const row of diagnoses) entry(row).diagnoses.push(diagnosisOf(row));
  return (row: HistoryRow) => {
    const own = byEncounter.get(stored(row));
    const loose = byEncounter.get(` ${String(row.encounter_id)}`);
    return {
      lines: [...(own?.lines ?? []), ...(loose?.lines ?? [])],
      diagnoses: [...(own?.diagnoses ?? []), ...(loose?.diagnoses ?? [])],
    };
  };
}

// The casts below state what upsert-records.ts wrote: every column was typed on its way in.
function lineOf(row: HistoryRow): ServiceLine {
  return {
    procedure: row.procedure as string | null,
    modifiers: row.modifiers as string[],
    date: row.date_text as string | null,
  };
}

function diagnosisOf(row: HistoryRow): EncounterDiagnosis {
  return { code: row.code as string, position: row.position as number | null };
}
