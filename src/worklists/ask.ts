import { createHash } from 'node:crypto';
import { draftQuery, querySubject } from '../engine/queries/draft.ts';
import type { QueryFinding } from '../engine/queries/findings.ts';
import { lintQuery } from '../engine/queries/linter.ts';
import { type ProviderQuery, type QueryOption, renderQuery } from '../engine/queries/query.ts';
import type { ReferenceData } from '../engine/reference-data.ts';
import type { StoredGap } from '../store/gaps.ts';

/** What a person changed in a draft; the facts cited stay those of the record. */
export interface QueryEdit {
  readonly title?: string | null | undefined;
  readonly opening?: string | undefined;
  readonly question?: string | undefined;
  readonly options?: readonly QueryOption[] | undefined;
}

export type AskOutcome =
  | {
      readonly ok: true;
      readonly query: ProviderQuery;
      /** As it will be read; its hash proves later what was sent (CQ-11). */
      readonly text: string;
      readonly sha256: string;
    }
  | {
      readonly ok: false;
      readonly reason: 'no_template' | 'no_indicator' | 'refused';
      readonly findings: readonly QueryFinding[];
    };

/** Drafts the question of a gap, applies a person's edit, and passes the result through the query linter (CQ-1 to CQ-14). */
export function prepareQuery(
  reference: ReferenceData,
  gap: StoredGap,
  options: { readonly asOf: string; readonly windowDays: number; readonly edit: QueryEdit | null },
): AskOutcome {
  const { asOf, windowDays, edit } = options;
  const drafted = draftQuery(reference, gap.gap, { asOf });
  if (!drafted.ok) return drafted;
  const query = edit === null ? drafted.query : edited(drafted.query, edit);
  const findings = lintQuery({
    tables: reference.queries,
    query,
    subject: querySubject(reference, gap.gap),
    policy: { asOf, retrospectiveWindowDays: windowDays },
  });
  if (findings.length > 0) return { ok: false, reason: 'refused', findings };
  const text = renderQuery(query);
  return { ok: true, query, text, sha256: createHash('sha256').update(text).digest('hex') };
}

/** Findings against a stored draft as of now; empty when it may be sent. */
export function lintStored(
  reference: ReferenceData,
  gap: StoredGap,
  draft: { readonly query: unknown; readonly asOf: string; readonly windowDays: number },
): readonly QueryFinding[] {
  return lintQuery({
    tables: reference.queries,
    // Written by prepareQuery, in exactly this shape.
    query: draft.query as ProviderQuery,
    subject: querySubject(reference, gap.gap),
    policy: { asOf: draft.asOf, retrospectiveWindowDays: draft.windowDays },
  });
}

function edited(query: ProviderQuery, edit: QueryEdit): ProviderQuery {
  return {
    ...query,
    ...(edit.title === undefined ? {} : { title: edit.title }),
    ...(edit.opening === undefined ? {} : { opening: edit.opening }),
    ...(edit.question === undefined ? {} : { question: edit.question }),
    ...(edit.options === undefined ? {} : { options: edit.options }),
  };
}
