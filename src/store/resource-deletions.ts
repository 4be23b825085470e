import { type SQL, sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { CONDITIONS, DIAGNOSES } from './record-tables.ts';
import { rowOf, rowsOf } from './rows.ts';
import { STAGED_DELETIONS, STAGED_IDS, stageOf } from './staging.ts';
import { statedBy } from './whole-members.ts';

/** Resources that were deleted for good in earlier batches: `Type/id` → the instant (ISO), null when it is not known. */
export async function deletedResources(tx: TenantTx): Promise<ReadonlyMap<string, string | null>> {
  const rows = await rowsOf<{ resource: string; at: string | null }>(
    tx,
    sql`select resource, to_char(deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from resource_deletions`,
  );
  return new Map(rows.map(({ resource, at }) => [resource, at]));
}

/**
 * Takes back what the deleted resources of the batch brought, before the rest of it is merged, and remembers those
 * that are deleted for good. Only rows that a FHIR file stated last are touched. Gives the rows removed.
 */
export async function applyDeletions(tx: TenantTx, batchId: string): Promise<number> {
  await tx.execute(sql`
    insert into resource_deletions (resource, deleted_at, batch_id, source_file, source_row)
    select resource, case when bool_or(deleted_at is null) then null else max(deleted_at) end, ${batchId}::uuid,
      min(source_file), min(source_row)
    from ${staged} where lasting group by resource
    on conflict (tenant_id, resource) do update set deleted_at = greatest(resource_deletions.deleted_at, excluded.deleted_at)
    where resource_deletions.deleted_at < excluded.deleted_at`);
  let removed = 0;
  for (const statement of [
    ...conditionsGone(),
    gone('observations', sql`split_part(t.key, '#', 1) = d.id`, ['Observation']),
    gone('medications', sql`t.key = d.id`, MEDICATION_TYPES),
    gone('appointments', sql`t.key = d.id`, ['Appointment']),
    ...proceduresGone(),
    ...visitsGone(),
    ...claimsGone(),
  ]) {
    removed += (await rowOf<{ rows: number }>(tx, statement))?.rows ?? 0;
  }
  return removed;
}

/**
 * A condition that no longer says what it said takes the diagnosis of its visit with it: retracted, refuted, over, or
 * of another code. Runs before the batch's conditions are merged. Gives the rows removed.
 */
export async function applyChangedConditions(tx: TenantTx): Promise<number> {
  const conditions = sql.raw(stageOf(CONDITIONS));
  const diagnoses = sql.raw(stageOf(DIAGNOSES));
  const ids = sql.raw(STAGED_IDS);
  const row = await rowOf<{ rows: number }>(
    tx,
    sql`with said as (
          select distinct on (i.member_id, s.key) i.member_id, s.key, s.code, s.encounter_id,
            ${supports(sql`s`)} as supports
          from ${conditions} s join ${ids} i on i.m = s.m where i.member_id is not null
          order by i.member_id, s.key, s.ord desc
        ), changed as (
          select t.member_id, t.encounter_id, t.code from conditions t join said s on s.member_id = t.member_id and s.key = t.key
          where t.encounter_id is not null and ${statedBy('t', 'fhir')}
            and (not s.supports or s.code <> t.code or coalesce(s.encounter_id, t.encounter_id) <> t.encounter_id)
        ), gone as (
          delete from diagnoses x using changed c
          where ${diagnosisOf(sql`c`)}
            and not exists (select from conditions o left join said s on s.member_id = o.member_id and s.key = o.key
              where o.member_id = x.member_id and o.encounter_id = x.encounter_id and o.code = x.code
                and s.key is null and ${supports(sql`o`)})
            and not exists (select from said s where s.member_id = x.member_id and s.encounter_id = x.encounter_id
              and s.code = x.code and s.supports)
            and not exists (select from ${diagnoses} s join ${ids} i on i.m = s.m
              where i.member_id = x.member_id and s.encounter_id = x.encounter_id and s.code = x.code)
          returning x.member_id
        ) ${counted}`,
  );
  return row?.rows ?? 0;
}

const staged = sql.raw(STAGED_DELETIONS);
const counted = sql`, noted as (insert into stage_touched select distinct member_id from gone)
  select count(*)::int as rows from gone`;
/** Lines that procedures give a visit begin here (intake/fhir/map-clinical.ts). */
const FIRST_PROCEDURE_LINE = 1_000;
const MEDICATION_TYPES = [
  'MedicationRequest',
  'MedicationDispense',
  'MedicationStatement',
  'MedicationAdministration',
] as const;

function dead(types: readonly string[]): SQL {
  return sql`dead as (select split_part(resource, '/', 2) as id, line_number from ${staged}
    where split_part(resource, '/', 1) in (${sql.join(
      types.map((type) => sql`${type}`),
      sql`, `,
    )}))`;
}

/** Whether a condition stands as a diagnosis made at its encounter (FHIR: intake/fhir/condition-facts.ts). */
function supports(row: SQL): SQL {
  return sql`coalesce(${row}.verification, 'confirmed') = 'confirmed'
    and coalesce(${row}.clinical_status, 'active') in ('active', 'recurrence', 'relapse')`;
}

/** The diagnosis `x` that a condition `of` gave its visit, which may not have arrived yet. */
function diagnosisOf(of: SQL): SQL {
  return sql`x.member_id = ${of}.member_id and x.encounter_id = ${of}.encounter_id and x.code = ${of}.code
    and ${statedBy('x', 'fhir')}
    and not exists (select from encounters e
      where e.member_id = x.member_id and e.encounter_id = x.encounter_id and e.source <> 'ehr')`;
}

function gone(table: string, match: SQL, types: readonly string[]): SQL {
  return sql`with ${dead(types)}, gone as (
    delete from ${sql.raw(table)} t using dead d where ${match} and ${statedBy('t', 'fhir')} returning t.member_id
  ) ${counted}`;
}

function conditionsGone(): readonly SQL[] {
  const diagnoses = sql`with ${dead(['Condition'])}, lost as (
      select t.member_id, t.encounter_id, t.code from conditions t join dead d on t.key = d.id
      where t.encounter_id is not null and ${statedBy('t', 'fhir')}
    ), gone as (
      delete from diagnoses x using lost l
      where ${diagnosisOf(sql`l`)} and not exists (
        select from conditions o where o.member_id = x.member_id and o.encounter_id = x.encounter_id and o.code = x.code
          and o.key not in (select id from dead) and ${supports(sql`o`)})
      returning x.member_id
    ) ${counted}`;
  return [diagnoses, gone('conditions', sql`t.key = d.id`, ['Condition'])];
}

function proceduresGone(): readonly SQL[] {
  const lines = sql`with ${dead(['Procedure'])}, gone as (
      delete from service_lines t using dead d, procedures p
      where p.key = d.id and ${statedBy('p', 'fhir')} and t.member_id = p.member_id and t.line_number = d.line_number
        and ${statedBy('t', 'fhir')}
      returning t.member_id
    ) ${counted}`;
  return [lines, gone('procedures', sql`t.key = d.id`, ['Procedure'])];
}

/**
 * A visit goes with what it said itself. Diagnoses that standing conditions made there and lines of procedures are
 * theirs: nobody sees them without the visit, and they stand again when its server makes it anew.
 */
function visitsGone(): readonly SQL[] {
  const visits = sql`visits as (select t.member_id, t.encounter_id from encounters t join dead d on t.encounter_id = d.id
    where t.source = 'ehr' and ${statedBy('t', 'fhir')})`;
  const of = (table: string, own: SQL) => sql`with ${dead(['Encounter'])}, ${visits}, gone as (
      delete from ${sql.raw(table)} t using visits v
      where t.member_id = v.member_id and t.encounter_id = v.encounter_id and ${statedBy('t', 'fhir')} and ${own}
      returning t.member_id
    ) ${counted}`;
  const unsupported = sql`not exists (select from conditions c
    where c.member_id = t.member_id and c.encounter_id = t.encounter_id and c.code = t.code and ${supports(sql`c`)})`;
  return [
    of('diagnoses', unsupported),
    of('service_lines', sql`t.line_number < ${FIRST_PROCEDURE_LINE}`),
    of('encounters', sql`true`),
  ];
}

function claimsGone(): readonly SQL[] {
  const claims = sql`claims as (select r.member_id, r.claim_id from claim_resources r join ${staged} d on d.resource = r.resource)`;
  const of = (table: string, match: SQL) => sql`with ${claims}, gone as (
      delete from ${sql.raw(table)} t using claims c
      where t.member_id = c.member_id and ${match} and ${statedBy('t', 'fhir')}
      returning t.member_id
    ) ${counted}`;
  const named = sql`t.encounter_id = c.claim_id`;
  return [
    of('diagnoses', named),
    of('service_lines', named),
    of('encounters', named),
    of('medications', sql`regexp_replace(t.key, ':\\d+$', '') = c.claim_id`),
    of('visit_claims', sql`t.claim_id = c.claim_id`),
    of('claim_resources', sql`t.claim_id = c.claim_id`),
  ];
}
