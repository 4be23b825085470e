import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { isoInstant, json, rowOf, rowsOf } from './rows.ts';

/** A filter of a worklist under a name. */
export interface SavedFilter {
  readonly filterId: string;
  readonly owner: string;
  readonly name: string;
  readonly list: string;
  readonly filters: Readonly<Record<string, unknown>>;
  /** Seen by everyone of the tenant; else by its owner only. */
  readonly shared: boolean;
  readonly createdAt: string;
}

const FILTER = sql`f.id as "filterId", f.owner, f.name, f.list, f.filters, f.shared,
  ${isoInstant(sql`f.created_at`)} as "createdAt"`;

/** Keeps a filter; the same owner, list and name again replaces it. */
export async function saveFilter(tx: TenantTx, filter: Omit<SavedFilter, 'filterId'>): Promise<SavedFilter> {
  const row = await rowOf<SavedFilter>(
    tx,
    sql`insert into saved_filters as f (owner, name, list, filters, shared, created_at)
        values (${filter.owner}, ${filter.name}, ${filter.list}, ${json(filter.filters)}, ${filter.shared},
          ${filter.createdAt}::timestamptz)
        on conflict (tenant_id, owner, list, name) do update
          set (filters, shared, created_at) = (excluded.filters, excluded.shared, excluded.created_at)
        returning ${FILTER}`,
  );
  if (row === undefined) throw new Error('the filter was not stored');
  return row;
}

/** A person's own filters and the shared ones. */
export function listFilters(tx: TenantTx, owner: string): Promise<readonly SavedFilter[]> {
  return rowsOf<SavedFilter>(
    tx,
    sql`select ${FILTER} from saved_filters f where f.owner = ${owner} or f.shared order by f.list, f.name, f.owner`,
  );
}

/** One of a person's own filters or of the shared ones. */
export function findFilter(tx: TenantTx, filterId: string, owner: string): Promise<SavedFilter | undefined> {
  return rowOf<SavedFilter>(
    tx,
    sql`select ${FILTER} from saved_filters f where f.id = ${filterId}::uuid and (f.owner = ${owner} or f.shared)`,
  );
}

/** Removes an own filter; undefined when there is none of that id. */
export function deleteFilter(
  tx: TenantTx,
  filterId: string,
  owner: string,
): Promise<SavedFilter | undefined> {
  return rowOf<SavedFilter>(
    tx,
    sql`delete from saved_filters f where f.id = ${filterId}::uuid and f.owner = ${owner} returning ${FILTER}`,
  );
}
