import { sql } from 'drizzle-orm';
import type { EncounterDiagnosis, MemberHistory, ServiceLine } from '../engine/history.ts';
import type { TenantTx } from './database.ts';
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
import { rowsOf, uuidArray } from './rows.ts';

interface MemberRow {
  readonly id: string;
  readonly root: string;
  readonly birth_date: string | null;
  readonly sex: 'F' | 'M' | null;
  readonly death_date: string | null;
}

/**
 * The histories of a chunk of members, one query a table, in the order of the keys. `memberId` is our own key. A
 * member merged into another is read as part of that one and has no history of its own; a member without birth date
 * or sex has none yet. A feed that the tenant never sent is null, one that it sent is a list, maybe empty.
 */
export async function loadHistories(
  tx: TenantTx,
  memberKeys: readonly string[],
): Promise<readonly MemberHistory[]> {
  if (memberKeys.length === 0) return [];
  const members = await rowsOf<MemberRow>(
    tx,
    sql`select id, coalesce(merged_into, id) as root, birth_date::text, sex, death_date::text from members
        where (id = any(${uuidArray(memberKeys)}) and merged_into is null) or merged_into = any(${uuidArray(memberKeys)})`,
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

  const feeds = new Set(
    (await rowsOf<{ feed: string }>(tx, sql`select feed from tenant_feeds`)).map((row) => row.feed),
  );
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
  const dated = (table: string) =>
    group<DatedRow>(
      sql`select t.*, t.date::text as date_text from ${sql.identifier(table)} t
          where member_id = any(${ids}) order by member_id, t.date, key`,
    );
  const observations = await dated('observations');
  const medications = await dated('medications');
  const procedures = await dated('procedures');
  const appointments = await dated('appointments');

  const byId = new Map(members.map((member) => [member.id, member]));
  return memberKeys.flatMap((key): readonly MemberHistory[] => {
    const member = byId.get(key);
    if (member === undefined || member.root !== key) return [];
    if (member.birth_date === null || member.sex === null) return [];
    const children = childrenByEncounter(lines(key), diagnoses(key));
    return [
      {
        memberId: key,
        birthDate: member.birth_date,
        sex: member.sex,
        deathDate: member.death_date,
        coverage: coverage(key).map(coverageOf),
        encounters: withStatuses(
          encounters(key).map((row) => encounterOf(row, children(row))),
          statuses(key),
        ),
        conditions: conditions(key).map(conditionOf),
        observations: feeds.has('observation') ? observations(key).map(observationOf) : null,
        medications: feeds.has('medication') ? medications(key).map(medicationOf) : null,
        procedures: feeds.has('procedure') ? procedures(key).map(procedureOf) : null,
        appointments: appointments(key).map(appointmentOf),
      },
    ];
  });
}

/** Lines and diagnoses of one encounter. Keyed with the stored member: merged members may use the same encounter id. */
function childrenByEncounter(lines: readonly HistoryRow[], diagnoses: readonly HistoryRow[]) {
  const key = (row: HistoryRow) => `${row.member_id} ${String(row.encounter_id)}`;
  const byEncounter = new Map<string, { lines: ServiceLine[]; diagnoses: EncounterDiagnosis[] }>();
  const entry = (row: HistoryRow) => {
    const known = byEncounter.get(key(row)) ?? { lines: [], diagnoses: [] };
    byEncounter.set(key(row), known);
    return known;
  };
  for (const row of lines) entry(row).lines.push(lineOf(row));
  for (const row of diagnoses) entry(row).diagnoses.push(diagnosisOf(row));
  return (row: HistoryRow) => byEncounter.get(key(row)) ?? { lines: [], diagnoses: [] };
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
