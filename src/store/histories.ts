import { type SQL, sql } from 'drizzle-orm';
import type { EncounterDiagnosis, MemberHistory, ServiceLine } from '../engine/history.ts';
import { withBilledVisits } from './billed-visits.ts';
import type { TenantTx } from './database.ts';
import { feedsOf } from './feeds.ts';
import {
  appointmentOf,
  conditionOf,
  coverageOf,
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
  DIAGNOSES,
  ENCOUNTER_STATUSES,
  ENCOUNTERS,
  MEDICATIONS,
  OBSERVATIONS,
  PROCEDURES,
  type RecordTable,
  SERVICE_LINES,
  VISIT_CLAIMS,
} from './record-tables.ts';
import type { Feed } from './records.ts';
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
 * or sex has none yet. A feed that neither the tenant sends nor the person's own history carries is null, any other a
 * list, maybe empty.
 */
export async function loadHistories(
  tx: TenantTx,
  memberKeys: readonly string[],
): Promise<readonly MemberHistory[]> {
  if (memberKeys.length === 0) return [];
  const members = await rowsOf<MemberRow>(
    tx,
    sql`select m.id, k.id as root, m.birth_date::text, m.sex, m.death_date::text, m.feeds
        from unnest(${uuidArray([...new Set(memberKeys)])}) as k(id) cross join lateral (
          select * from members where members.id = k.id and merged_into is null
          union all
          (select * from members where merged_into = k.id order by id)
        ) m`,
  );
  const rootOf = new Map(members.map((member) => [member.id, member.root]));
  const ids = uuidArray(members.map((member) => member.id));
  const group = async (table: RecordTable, order: string) => {
    const grouped = new Map<string, HistoryRow[]>();
    for (const row of await rowsOf<HistoryRow>(tx, ofMembers(ids, table, order))) {
      const root = rootOf.get(row.member_id) ?? row.member_id;
      const list = grouped.get(root);
      if (list === undefined) grouped.set(root, [row]);
      else list.push(row);
    }
    return (root: string): readonly HistoryRow[] => grouped.get(root) ?? [];
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
  const coverage = await group(COVERAGE, 'from_date, contract_id, plan_id');
  const encounters = await group(ENCOUNTERS, 'encounter_id');
  const lines = await group(SERVICE_LINES, 'encounter_id, line_number');
  const diagnoses = await group(DIAGNOSES, 'encounter_id, position nulls last, code');
  const statuses = await group(ENCOUNTER_STATUSES, 'encounter_id, icn');
  const conditions = await group(CONDITIONS, 'key');
  const visitClaims = await group(VISIT_CLAIMS, 'encounter_id');
  const ofFeed = (feed: Feed, table: RecordTable) =>
    hasFeed(feed, members) ? group(table, 'date, key') : noRows;
  const observations = await ofFeed('observations', OBSERVATIONS);
  const medications = await ofFeed('medications', MEDICATIONS);
  const procedures = await ofFeed('procedures', PROCEDURES);
  const appointments = await group(APPOINTMENTS, 'date, key');

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
    const children = childrenByEncounter(person.length > 1, encounters(key), lines(key), diagnoses(key));
    return [
      withBilledVisits(visitClaims(key), {
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
        observations: hasFeed('observations', person) ? of.observations(key).map(observationOf) : null,
        medications: hasFeed('medications', person) ? of.medications(key).map(medicationOf) : null,
        procedures: hasFeed('procedures', person) ? of.procedures(key).map(procedureOf) : null,
        appointments: of.appointments(key).map(appointmentOf),
      }),
    ];
  });
}

function noRows(): readonly HistoryRow[] {
  return [];
}

/**
 * The rows of members: each member is looked up by its key. With a list of keys as a condition the planner may read the
 * whole tenant for every chunk, as long as it has no statistics of a table that was just filled.
 */
function ofMembers(ids: SQL, table: RecordTable, order: string): SQL {
  const columns = Object.entries({ ...table.key, ...table.values }).map(([name, type]) =>
    type === 'date' ? sql`t.${sql.identifier(name)}::text` : sql`t.${sql.identifier(name)}`,
  );
  return sql`select k.id as member_id, ${sql.join(columns, sql`, `)} from unnest(${ids}) as k(id)
    cross join lateral (select * from ${sql.identifier(table.table)} r where r.member_id = k.id
      order by ${sql.raw(order)}) t`;
}

/**
 * Lines and diagnoses of an encounter: those under the id that its header stands under, and those of other ids of the
 * person that have no header of it themselves.
 */
function childrenByEncounter(
  isMerged: boolean,
  headers: readonly HistoryRow[],
  lines: readonly HistoryRow[],
  diagnoses: readonly HistoryRow[],
) {
  const stored = (row: HistoryRow) =>
    isMerged ? `${row.member_id} ${String(row.encounter_id)}` : (row.encounter_id as string);
  const headed = new Set(headers.map(stored));
  const byEncounter = new Map<string, { lines: ServiceLine[]; diagnoses: EncounterDiagnosis[] }>();
  const keyOf = (row: HistoryRow) => (headed.has(stored(row)) ? stored(row) : ` ${String(row.encounter_id)}`);
  const entry = (row: HistoryRow) => {
    const key = keyOf(row);
    const known = byEncounter.get(key);
    if (known !== undefined) return known;
    const made = { lines: [], diagnoses: [] };
    byEncounter.set(key, made);
    return made;
  };
  for (const row of lines) entry(row).lines.push(lineOf(row));
  for (const row of diagnoses) entry(row).diagnoses.push(diagnosisOf(row));
  return (row: HistoryRow) => {
    const own = byEncounter.get(stored(row));
    if (!isMerged) return own ?? { lines: [], diagnoses: [] };
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
    date: row.service_date as string | null,
  };
}

function diagnosisOf(row: HistoryRow): EncounterDiagnosis {
  return { code: row.code as string, position: row.position as number | null };
}
