import { sql } from 'drizzle-orm';
import type { Evidence } from '../engine/analysis-contract.ts';
import { undotted } from '../engine/icd10.ts';
import type { TenantTx } from './database.ts';
import { json, rowsOf } from './rows.ts';

/** Which row of which received file an evidence item came from. */
export interface EvidenceSource {
  readonly batchId: string;
  readonly file: string;
  readonly row: number;
}

/** Table and conditions by which an evidence item of each type is found again. */
const FOUND_BY = {
  diagnosis: sql`diagnoses t where t.code = w.code and t.encounter_id = w.encounter`,
  condition: sql`conditions t where t.code in (w.code, w.shown) and t.encounter_id is not distinct from w.encounter
    and (w.encounter is not null or t.recorded = w.date)`,
  observation: sql`observations t where t.code = w.shown and t.date = w.date`,
  medication: sql`medications t where t.date = w.date and (t.code = w.shown or w.shown is null or t.ingredient = w.shown)`,
  procedure: sql`procedures t where t.code = w.shown and t.date = w.date`,
  coverage: sql`coverage_periods t where t.from_date = w.date`,
} as const;

/**
 * The source of each evidence item, in their order; null where the stored rows do not have it (a derived value, a
 * record that was voided meanwhile). Records of members merged into this one are looked through too.
 */
export async function evidenceSources(
  tx: TenantTx,
  memberKey: string,
  evidence: readonly Evidence[],
): Promise<readonly (EvidenceSource | null)[]> {
  const found = new Map<number, EvidenceSource>();
  for (const type of Object.keys(FOUND_BY) as readonly (keyof typeof FOUND_BY)[]) {
    const wanted = evidence.flatMap((item, place) =>
      item.type === type
        ? [
            {
              place,
              code: item.code === null ? null : undotted(item.code),
              shown: item.code,
              date: item.date,
              encounter: item.encounterId,
            },
          ]
        : [],
    );
    if (wanted.length === 0) continue;
    const rows = await rowsOf<{ place: number } & EvidenceSource>(
      tx,
      sql`select w.place, s.batch_id as "batchId", s.source_file as file, s.source_row as row
          from jsonb_to_recordset(${json(wanted)}) as w(place integer, code text, shown text, date date, encounter text)
          cross join lateral (
            select t.batch_id, t.source_file, t.source_row from ${FOUND_BY[type]}
              and t.member_id in (select id from members
                where id = ${memberKey}::uuid or merged_into = ${memberKey}::uuid)
            order by t.batch_id, t.source_file, t.source_row limit 1
          ) s`,
    );
    for (const { place, ...source } of rows) found.set(place, source);
  }
  return evidence.map((_item, place) => found.get(place) ?? null);
}
