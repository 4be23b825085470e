import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { GAP_COLUMNS, type StoredGap } from './gaps.ts';
import { rowsOf, uuidArray } from './rows.ts';
import { conditions, type WorklistFilter } from './worklists.ts';

/** A member who is to be seen, with the visits in the time asked for. */
export interface ComingVisit {
  readonly memberKey: string;
  /** The earliest of `visits`. */
  readonly date: string;
  readonly visits: readonly { readonly date: string; readonly providerNpi: string | null }[];
}

/**
 * Members with an appointment from one date to another and a gap that the filter finds, by date of the first visit.
 * Read from the appointments themselves: one that was moved counts on its new date at once.
 */
export function comingVisits(
  tx: TenantTx,
  given: {
    readonly from: string;
    readonly to: string;
    readonly filter: WorklistFilter;
    readonly limit: number;
    readonly after: { readonly date: string; readonly memberKey: string } | null;
  },
): Promise<readonly ComingVisit[]> {
  const { from, to, filter, limit, after } = given;
  return rowsOf<ComingVisit>(
    tx,
    sql`with seen as (
          select coalesce(m.merged_into, m.id) as member_id, a.date, a.provider_npi
          from appointments a join members m on m.id = a.member_id
          where a.date between ${from}::date and ${to}::date
        ), first as (
          select member_id, min(date) as date,
            jsonb_agg(distinct jsonb_build_object('date', date, 'providerNpi', provider_npi)) as visits
          from seen group by member_id
        )
        select f.member_id as "memberKey", f.date::text as date, f.visits from first f
        where exists (select from gaps g where g.member_id = f.member_id and ${conditions(filter)})
          and ${after === null ? sql`true` : sql`(f.date, f.member_id) > (${after.date}::date, ${after.memberKey}::uuid)`}
        order by f.date, f.member_id limit ${limit}`,
  );
}

/** Gaps of members that the filter finds, whatever their list. */
export function gapsOfMembers(
  tx: TenantTx,
  memberKeys: readonly string[],
  filter: WorklistFilter,
): Promise<readonly StoredGap[]> {
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from gaps g where g.member_id = any(${uuidArray(memberKeys)}) and ${conditions(filter)}
        order by g.gap_id`,
  );
}
