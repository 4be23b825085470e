import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { addGapEvents, type ChosenLink, GAP_COLUMNS, type StoredGap } from './gaps.ts';
import { json, rowOf, rowsOf } from './rows.ts';

export interface LinkChoice {
  readonly gapId: string;
  /** The version that the person saw. */
  readonly version: number;
  /** null: the earlier choice is taken back. */
  readonly link: ChosenLink | null;
  readonly actor: string;
  readonly role: string;
  readonly at: string;
  /** Kept with the event: place among the candidates, comment. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Keeps a person's choice of an encounter, with its event; undefined when someone was faster. */
export async function chooseLink(tx: TenantTx, choice: LinkChoice): Promise<StoredGap | undefined> {
  const gap = await rowOf<StoredGap>(
    tx,
    sql`update gaps g set chosen_link = ${choice.link === null ? null : json(choice.link)}, version = g.version + 1,
          updated_at = ${choice.at}::timestamptz
        where g.gap_id = ${choice.gapId} and g.version = ${choice.version} returning ${GAP_COLUMNS}`,
  );
  if (gap === undefined) return undefined;
  await addGapEvents(tx, [
    {
      gapId: gap.gapId,
      memberKey: gap.memberKey,
      version: gap.version,
      type: choice.link === null ? 'unlinked' : 'linked',
      fromStatus: gap.workflowStatus,
      toStatus: gap.workflowStatus,
      actor: choice.actor,
      role: choice.role,
      reason: null,
      detail: choice.detail,
      at: choice.at,
    },
  ]);
  return gap;
}

/** Members with chart reviews in service years, by key; `after` is the last one of the chunk before. */
export async function membersWithChartReviews(
  tx: TenantTx,
  given: { readonly dosYears: readonly number[]; readonly after: string | null; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    sql`select distinct coalesce(m.merged_into, m.id) as id from encounters e join members m on m.id = e.member_id
        where e.source = 'chart_review'
          and e.to_date between make_date(${Math.min(...given.dosYears)}, 1, 1) and make_date(${Math.max(...given.dosYears)}, 12, 31)
          and ${given.after === null ? sql`true` : sql`coalesce(m.merged_into, m.id) > ${given.after}::uuid`}
        order by 1 limit ${given.limit}`,
  );
  return rows.map(({ id }) => id);
}
