import { sql } from 'drizzle-orm';
import type { TenantTx } from './database.ts';
import { isoInstant, json, rowOf, rowsOf, uuidArray } from './rows.ts';

type Json = Readonly<Record<string, unknown>>;
export type QueryStatus = 'draft' | 'sent' | 'answered' | 'withdrawn';

export interface ProviderQuery {
  readonly queryId: string;
  readonly gapId: string;
  readonly memberKey: string;
  readonly providerNpi: string | null;
  readonly status: QueryStatus;
  readonly type: string;
  readonly content: Json;
  readonly contentSha256: string;
  /** Of the gap asked about; never part of what a provider is shown (CQ-13). */
  readonly model: string | null;
  readonly hcc: string | null;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly sentAt: string | null;
  readonly answer: Json | null;
  readonly answeredBy: string | null;
  readonly answeredAt: string | null;
  readonly reminders: number;
  readonly remindedAt: string | null;
  readonly version: number;
}

const QUERY = sql`q.id as "queryId", q.gap_id as "gapId", q.member_id as "memberKey", q.provider_npi as "providerNpi",
  q.status, q.type, q.content, q.content_sha256 as "contentSha256", q.created_by as "createdBy",
  ${isoInstant(sql`q.created_at`)} as "createdAt", ${isoInstant(sql`q.sent_at`)} as "sentAt", q.answer,
  (select g.model from gaps g where g.gap_id = q.gap_id) as model,
  (select g.hcc from gaps g where g.gap_id = q.gap_id) as hcc, q.answered_by as "answeredBy", ${isoInstant(sql`q.answered_at`)} as "answeredAt",
  (select count(*)::int from query_reminders m where m.query_id = q.id) as reminders,
  ${isoInstant(sql`(select max(m.at) from query_reminders m where m.query_id = q.id)`)} as "remindedAt", q.version`;

export async function createQuery(
  tx: TenantTx,
  query: Pick<
    ProviderQuery,
    'gapId' | 'memberKey' | 'providerNpi' | 'type' | 'content' | 'contentSha256' | 'createdBy' | 'createdAt'
  > & { readonly status: 'draft' | 'sent' },
): Promise<ProviderQuery> {
  const row = await rowOf<ProviderQuery>(
    tx,
    sql`insert into queries as q (gap_id, member_id, provider_npi, status, type, content, content_sha256, created_by,
          created_at, sent_at)
        values (${query.gapId}, ${query.memberKey}::uuid, ${query.providerNpi}, ${query.status}, ${query.type},
          ${json(query.content)}, ${query.contentSha256}, ${query.createdBy}, ${query.createdAt}::timestamptz,
          case when ${query.status} = 'sent' then ${query.createdAt}::timestamptz end)
        returning ${QUERY}`,
  );
  if (row === undefined) throw new Error('the query was not stored');
  return row;
}

export function getQuery(tx: TenantTx, queryId: string): Promise<ProviderQuery | undefined> {
  return rowOf<ProviderQuery>(tx, sql`select ${QUERY} from queries q where q.id = ${queryId}::uuid`);
}

/** The query of a gap that is not answered and not withdrawn; undefined without one. */
export function openQueryOf(tx: TenantTx, gapId: string): Promise<ProviderQuery | undefined> {
  return rowOf<ProviderQuery>(
    tx,
    sql`select ${QUERY} from queries q where q.gap_id = ${gapId} and q.status in ('draft', 'sent')
        order by q.created_at, q.id limit 1`,
  );
}

/** Position of a row in a list that is ordered by creation, latest first. */
export interface CreatedCursor {
  readonly createdAt: string;
  readonly id: string;
}

const createdBefore = (after: CreatedCursor | null, alias: 'q' | 's') => {
  const table = sql.identifier(alias);
  return after === null
    ? sql`true`
    : sql`(date_trunc('milliseconds', ${table}.created_at), ${table}.id)
          < (${after.createdAt}::timestamptz, ${after.id}::uuid)`;
};

/** Queries, latest first. */
export function listQueries(
  tx: TenantTx,
  filter: {
    readonly status?: QueryStatus;
    readonly gapId?: string;
    readonly providerNpi?: string;
    readonly memberKey?: string;
  },
  page: { readonly limit: number; readonly after: CreatedCursor | null },
): Promise<readonly ProviderQuery[]> {
  return rowsOf<ProviderQuery>(
    tx,
    sql`select ${QUERY} from queries q
        where ${filter.status === undefined ? sql`true` : sql`q.status = ${filter.status}`}
          and ${filter.gapId === undefined ? sql`true` : sql`q.gap_id = ${filter.gapId}`}
          and ${filter.providerNpi === undefined ? sql`true` : sql`q.provider_npi = ${filter.providerNpi}`}
          and ${filter.memberKey === undefined ? sql`true` : sql`q.member_id = ${filter.memberKey}::uuid`}
          and ${createdBefore(page.after, 'q')}
        order by date_trunc('milliseconds', q.created_at) desc, q.id desc limit ${page.limit}`,
  );
}

/** Sends a draft; undefined when it is no draft of this version. What was sent cannot be changed afterwards. */
export function sendQuery(
  tx: TenantTx,
  send: { readonly queryId: string; readonly version: number; readonly at: string },
): Promise<ProviderQuery | undefined> {
  return rowOf<ProviderQuery>(
    tx,
    sql`update queries q set status = 'sent', sent_at = ${send.at}::timestamptz, version = version + 1
        where id = ${send.queryId}::uuid and version = ${send.version} and status = 'draft' returning ${QUERY}`,
  );
}

/** Records an answer verbatim; undefined unless the query is sent, unanswered and of this version. */
export function answerQuery(
  tx: TenantTx,
  given: {
    readonly queryId: string;
    readonly version: number;
    readonly answer: Json;
    readonly answeredBy: string;
    readonly at: string;
  },
): Promise<ProviderQuery | undefined> {
  return rowOf<ProviderQuery>(
    tx,
    sql`update queries q set status = 'answered', answer = ${json(given.answer)}, answered_by = ${given.answeredBy},
          answered_at = ${given.at}::timestamptz, version = version + 1
        where id = ${given.queryId}::uuid and version = ${given.version} and status = 'sent' returning ${QUERY}`,
  );
}

/** Writes a reminder of a query down; the query itself does not change. */
export async function remindQuery(
  tx: TenantTx,
  reminder: {
    readonly queryId: string;
    readonly memberKey: string;
    readonly actor: string;
    readonly at: string;
  },
): Promise<void> {
  await tx.execute(sql`insert into query_reminders (query_id, member_id, actor, at)
    values (${reminder.queryId}::uuid, ${reminder.memberKey}::uuid, ${reminder.actor}, ${reminder.at}::timestamptz)`);
}

/** Takes a query back that was not answered; undefined otherwise. */
export function withdrawQuery(
  tx: TenantTx,
  query: { readonly queryId: string; readonly version: number },
): Promise<ProviderQuery | undefined> {
  return rowOf<ProviderQuery>(
    tx,
    sql`update queries q set status = 'withdrawn', version = version + 1
        where id = ${query.queryId}::uuid and version = ${query.version} and status in ('draft', 'sent')
        returning ${QUERY}`,
  );
}

export type SubmissionStatus = 'pending' | 'approved' | 'returned' | 'released' | 'accepted' | 'rejected';

export interface Submission {
  readonly submissionId: string;
  readonly gapId: string;
  readonly memberKey: string;
  readonly action: 'add' | 'delete';
  readonly code: string;
  readonly encounterId: string;
  readonly icn: string | null;
  readonly dos: string;
  readonly providerNpi: string | null;
  readonly status: SubmissionStatus;
  readonly evidence: Json;
  readonly coder: string;
  /** CLM01 of the exported claim. */
  readonly claimId: string | null;
  readonly approver: string | null;
  readonly approvedAt: string | null;
  readonly releaseId: string | null;
  readonly releasedAt: string | null;
  readonly response: Json | null;
  readonly version: number;
  readonly createdAt: string;
}

const SUBMISSION = sql`s.id as "submissionId", s.gap_id as "gapId", s.member_id as "memberKey", s.action, s.code,
  s.encounter_id as "encounterId", s.icn, s.dos::text as dos, s.provider_npi as "providerNpi", s.status, s.evidence,
  s.coder, s.claim_id as "claimId", s.approver, ${isoInstant(sql`s.approved_at`)} as "approvedAt", s.release_id as "releaseId",
  ${isoInstant(sql`s.released_at`)} as "releasedAt", s.response, s.version,
  ${isoInstant(sql`s.created_at`)} as "createdAt"`;

export async function createSubmission(
  tx: TenantTx,
  submission: Pick<
    Submission,
    | 'gapId'
    | 'memberKey'
    | 'action'
    | 'code'
    | 'encounterId'
    | 'icn'
    | 'dos'
    | 'providerNpi'
    | 'evidence'
    | 'coder'
    | 'createdAt'
  >,
): Promise<Submission> {
  const row = await rowOf<Submission>(
    tx,
    sql`insert into submissions as s (gap_id, member_id, action, code, encounter_id, icn, dos, provider_npi, evidence,
          coder, created_at)
        values (${submission.gapId}, ${submission.memberKey}::uuid, ${submission.action}, ${submission.code},
          ${submission.encounterId}, ${submission.icn}, ${submission.dos}::date, ${submission.providerNpi},
          ${json(submission.evidence)}, ${submission.coder}, ${submission.createdAt}::timestamptz)
        returning ${SUBMISSION}`,
  );
  if (row === undefined) throw new Error('the submission was not stored');
  return row;
}

export function getSubmission(tx: TenantTx, submissionId: string): Promise<Submission | undefined> {
  return rowOf<Submission>(
    tx,
    sql`select ${SUBMISSION} from submissions s where s.id = ${submissionId}::uuid`,
  );
}

/** Submissions, latest first. */
export function listSubmissions(
  tx: TenantTx,
  filter: {
    readonly status?: SubmissionStatus;
    readonly action?: 'add' | 'delete';
    readonly gapId?: string;
    readonly releaseId?: string;
  },
  page: { readonly limit: number; readonly after: CreatedCursor | null },
): Promise<readonly Submission[]> {
  return rowsOf<Submission>(
    tx,
    sql`select ${SUBMISSION} from submissions s
        where ${filter.status === undefined ? sql`true` : sql`s.status = ${filter.status}`}
          and ${filter.action === undefined ? sql`true` : sql`s.action = ${filter.action}`}
          and ${filter.gapId === undefined ? sql`true` : sql`s.gap_id = ${filter.gapId}`}
          and ${filter.releaseId === undefined ? sql`true` : sql`s.release_id = ${filter.releaseId}::uuid`}
          and ${createdBefore(page.after, 's')}
        order by date_trunc('milliseconds', s.created_at) desc, s.id desc limit ${page.limit}`,
  );
}

/** What is sent once: one diagnosis of one encounter, added or deleted. */
export function sentKey(line: Pick<Submission, 'memberKey' | 'encounterId' | 'action' | 'code'>): string {
  return JSON.stringify([line.memberKey, line.encounterId, line.action, line.code]);
}

/** Which of these lines are released or accepted already, as {@link sentKey}. */
export async function sentAlready(tx: TenantTx, lines: readonly Submission[]): Promise<Set<string>> {
  if (lines.length === 0) return new Set();
  const rows = await rowsOf<Pick<Submission, 'memberKey' | 'encounterId' | 'action' | 'code'>>(
    tx,
    sql`select member_id as "memberKey", encounter_id as "encounterId", action, code from submissions
        where status in ('released', 'accepted') and member_id = any(${uuidArray([...new Set(lines.map(({ memberKey }) => memberKey))])})`,
  );
  return new Set(rows.map(sentKey));
}

/** Moves each status may make, and what the move writes. */
const SUBMISSION_MOVES: Readonly<Record<Exclude<SubmissionStatus, 'pending'>, readonly SubmissionStatus[]>> =
  {
    approved: ['pending'],
    returned: ['pending', 'approved'],
    released: ['approved'],
    accepted: ['released'],
    rejected: ['released'],
  };

export type SubmissionMove =
  | { readonly ok: true; readonly submission: Submission }
  | { readonly ok: false; readonly reason: 'not-found' }
  /** The coder may not approve or release an own decision (compliance C-8, security A-4). */
  | {
      readonly ok: false;
      readonly reason: 'same-person' | 'version-conflict' | 'not-allowed';
      readonly submission: Submission;
    };

/** Moves a submission in one conditional update; approval and release need somebody other than the coder. */
export async function moveSubmission(
  tx: TenantTx,
  move: {
    readonly submissionId: string;
    readonly version: number;
    readonly to: Exclude<SubmissionStatus, 'pending'>;
    readonly actor: string;
    readonly at: string;
    readonly releaseId?: string;
    readonly response?: Json;
  },
): Promise<SubmissionMove> {
  const before = await getSubmission(tx, move.submissionId);
  if (before === undefined) return { ok: false, reason: 'not-found' };
  const needsOther = move.to === 'approved' || move.to === 'released';
  if (needsOther && before.coder === move.actor) {
    return { ok: false, reason: 'same-person', submission: before };
  }
  if (!SUBMISSION_MOVES[move.to].includes(before.status)) {
    return { ok: false, reason: 'not-allowed', submission: before };
  }
  const after = await rowOf<Submission>(
    tx,
    sql`update submissions s set status = ${move.to}, version = s.version + 1,
          approver = case when ${move.to} = 'approved' then ${move.actor} else s.approver end,
          approved_at = case when ${move.to} = 'approved' then ${move.at}::timestamptz else s.approved_at end,
          release_id = coalesce(${move.releaseId ?? null}::uuid, s.release_id),
          released_at = case when ${move.to} = 'released' then ${move.at}::timestamptz else s.released_at end,
          response = coalesce(${move.response === undefined ? null : JSON.stringify(move.response)}::jsonb, s.response)
        where s.id = ${move.submissionId}::uuid and s.version = ${move.version} and s.status = ${before.status}
        returning ${SUBMISSION}`,
  );
  return after === undefined
    ? { ok: false, reason: 'version-conflict', submission: before }
    : { ok: true, submission: after };
}

export interface ReviewMark {
  readonly memberKey: string;
  readonly encounterId: string;
  readonly model: string;
  readonly hcc: string;
  readonly mark: 'supported' | 'unsupported' | 'not_reviewed';
  readonly reason: string | null;
  /** For an HCC that another encounter supports: that encounter. */
  readonly supportedBy: string | null;
  readonly actor: string;
  readonly at: string;
}

/** Appends the marks of a two-way review (compliance C-1). */
export async function addReviewMarks(tx: TenantTx, marks: readonly ReviewMark[]): Promise<void> {
  await tx.execute(sql`
    insert into review_marks (member_id, encounter_id, model, hcc, mark, reason, supported_by, actor, at)
    select r."memberKey", r."encounterId", r.model, r.hcc, r.mark, r.reason, r."supportedBy", r.actor, r.at
    from jsonb_to_recordset(${json(marks)}) as r("memberKey" uuid, "encounterId" text, model text, hcc text, mark text,
      reason text, "supportedBy" text, actor text, at timestamptz)`);
}

/** The latest mark of each HCC of an encounter. */
export function listReviewMarks(
  tx: TenantTx,
  encounter: { readonly memberKey: string; readonly encounterId: string },
): Promise<readonly ReviewMark[]> {
  return rowsOf<ReviewMark>(
    tx,
    sql`select distinct on (m.model, m.hcc) m.member_id as "memberKey", m.encounter_id as "encounterId", m.model,
          m.hcc, m.mark, m.reason, m.supported_by as "supportedBy", m.actor, ${isoInstant(sql`m.at`)} as at
        from review_marks m
        where m.member_id = ${encounter.memberKey}::uuid and m.encounter_id = ${encounter.encounterId}
        order by m.model, m.hcc, m.at desc, m.id`,
  );
}
