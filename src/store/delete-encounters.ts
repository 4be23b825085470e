import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import type { SubmissionStatus } from './reviews.ts';
import { rowsOf, textArray } from './rows.ts';

/** One delete of one diagnosis of an encounter, as far as a delete task needs it. */
export interface EncounterDelete {
  readonly gapId: string;
  readonly encounterId: string;
  readonly status: SubmissionStatus;
}

/** The deletes that delete tasks have written, whatever became of them. */
export function deletesOfGaps(
  tx: TenantTx,
  gapIds: readonly string[],
): Promise<readonly EncounterDelete[]> | readonly EncounterDelete[] {
  if (gapIds.length === 0) return [];
  return rowsOf<EncounterDelete>(
    tx,
    sql`select distinct s.gap_id as "gapId", s.encounter_id as "encounterId", s.status from submissions s
        where s.gap_id = any(${textArray(gapIds)}) and s.action = 'delete'
        order by 1, 2, 3`,
  );
}
