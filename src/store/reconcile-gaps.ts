import { sql } from 'drizzle-orm';
import type { Gap, UnspecifiedFlag } from '../engine/analysis-contract.ts';
import type { TenantTx } from './database.ts';
import { GAP_COLUMNS, type StoredGap } from './gaps.ts';
import { json, rowsOf, textArray, uuidArray } from './rows.ts';

/**
 * Lets one analysis at a time touch these members, until the transaction ends. Locks are taken by key, so that two
 * chunks that share members wait for one another instead of locking each other out.
 */
export async function lockMembers(tx: TenantTx, memberKeys: readonly string[]): Promise<void> {
  await tx.execute(
    sql`select from unnest(${uuidArray([...memberKeys].sort())}) as k(id)
        cross join lateral (select from members where members.id = k.id for no key update) m`,
  );
}

/**
 * The gaps of members that an analysis sets itself against, locked: a person's move waits, and then finds another
 * version. Those of the payment years given, and, with `closing`, the active ones of earlier years, which no analysis
 * visits any more: their time is up, deletes excepted. Member by member, as loadHistories does, and for its reason.
 */
export function gapsToReconcile(
  tx: TenantTx,
  memberKeys: readonly string[],
  years: { readonly paymentYears: readonly number[]; readonly closing: boolean },
): Promise<readonly StoredGap[]> {
  const { paymentYears, closing } = years;
  const closed =
    closing && paymentYears.length > 0
      ? sql`(payment_year < ${Math.min(...paymentYears)} and direction <> 'delete'
          and workflow_status in ('open', 'in_review', 'queried'))`
      : sql`false`;
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from unnest(${uuidArray([...memberKeys].sort())}) as k(id) cross join lateral (
          select * from gaps where gaps.member_id = k.id
            and (payment_year = any(${sql.param([...paymentYears])}::integer[]) or ${closed})
          order by gap_id for update) g`,
  );
}

/** Every evidence item that gaps ever had, by gap. */
export async function evidenceEverSeen(
  tx: TenantTx,
  gapIds: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  if (gapIds.length === 0) return new Map();
  const rows = await rowsOf<{ gap_id: string; keys: readonly string[] }>(
    tx,
    sql`select k.id as gap_id, e.keys from unnest(${textArray(gapIds)}) as k(id) cross join lateral (
          select array_agg(evidence_key) as keys from gap_evidence where gap_id = k.id having count(*) > 0) e`,
  );
  return new Map(rows.map((row) => [row.gap_id, new Set(row.keys)]));
}

/** A gap's whole row as it is to be. */
export type GapRow = Omit<StoredGap, 'chosenLink' | 'createdAt' | 'identifiedAt' | 'updatedAt'> & {
  readonly updatedAt: string;
};

/** Writes whole rows, new ones and changed ones alike. The rows must be locked, or new. */
export async function writeGaps(tx: TenantTx, runId: string, gaps: readonly GapRow[]): Promise<void> {
  if (gaps.length === 0) return;
  const rows = gaps.map(({ gap, ...row }) => ({
    ...row,
    detail: gap,
    dosYear: gap.dosYear,
    kind: gap.kind,
    subKind: gap.subKind,
    model: gap.model,
    hcc: gap.hcc,
    list: gap.list,
    direction: gap.direction,
    engineStatus: gap.status,
    confidence: gap.confidence,
    standalone: gap.impact?.standalone ?? null,
    payment: gap.impact?.payment ?? null,
    actBy: gap.act.by,
    actWho: gap.act.who,
  }));
  await tx.execute(sql`
    insert into gaps (gap_id, member_id, payment_year, dos_year, kind, sub_kind, model, hcc, list, direction,
      engine_status, confidence, impact_standalone, impact_payment, priority, priority_parts, act_by, act_who,
      provider_npi, contract_id, next_appointment, detail, present, workflow_status, workflow_reason, decided_by, decided_at, assignee,
      claim_expires_at, version, run_id, created_at, updated_at)
    select r."gapId", r."memberKey", r."paymentYear", r."dosYear", r.kind, r."subKind", r.model, r.hcc, r.list,
      r.direction, r."engineStatus", r.confidence, r.standalone, r.payment, r.priority, r."priorityParts", r."actBy", r."actWho",
      r."providerNpi", r."contractId", r."nextAppointment", r.detail, r.present, r."workflowStatus", r."workflowReason",
      r."decidedBy", r."decidedAt", r.assignee, r."claimExpiresAt", r.version, ${runId}::uuid, r."updatedAt",
      r."updatedAt"
    from jsonb_to_recordset(${json(rows)}) as r("gapId" text, "memberKey" uuid, "paymentYear" integer,
      "dosYear" integer, kind text, "subKind" text, model text, hcc text, list text, direction text,
      "engineStatus" text, confidence text, standalone double precision, payment double precision, priority bigint,
      "priorityParts" jsonb,
      "actBy" date, "actWho" text, "providerNpi" text, "contractId" text, "nextAppointment" date, detail jsonb,
      present boolean, "workflowStatus" text, "workflowReason" text, "decidedBy" text, "decidedAt" timestamptz,
      assignee text, "claimExpiresAt" timestamptz, version integer, "updatedAt" timestamptz)
    order by r."gapId"
    on conflict (tenant_id, gap_id) do update set
      (sub_kind, hcc, list, direction, engine_status, confidence, impact_standalone, impact_payment, priority, priority_parts,
       act_by, act_who, provider_npi, contract_id, next_appointment, detail, present, workflow_status, workflow_reason,
       decided_by, decided_at, assignee, claim_expires_at, version, run_id, updated_at)
      = (excluded.sub_kind, excluded.hcc, excluded.list, excluded.direction, excluded.engine_status,
         excluded.confidence, excluded.impact_standalone, excluded.impact_payment, excluded.priority, excluded.priority_parts, excluded.act_by,
         excluded.act_who, excluded.provider_npi, excluded.contract_id, excluded.next_appointment, excluded.detail,
         excluded.present, excluded.workflow_status, excluded.workflow_reason, excluded.decided_by,
         excluded.decided_at, excluded.assignee, excluded.claim_expires_at, excluded.version, excluded.run_id,
         excluded.updated_at)`);
}

export interface GapEvidence {
  readonly gapId: string;
  readonly memberKey: string;
  /** The gap is new: nothing of it is stored yet. */
  readonly isNew: boolean;
  readonly evidence: Gap['evidence'];
}

/** What makes two evidence items the same. */
export function evidenceKey(item: Gap['evidence'][number]): string {
  return JSON.stringify([item.type, item.code, item.date, item.encounterId, item.source, item.value ?? null]);
}

/** Notes the evidence of gaps: new items are added, those no longer shown are marked gone, none is forgotten. */
export async function writeEvidence(
  tx: TenantTx,
  given: { readonly gaps: readonly GapEvidence[]; readonly at: string },
): Promise<void> {
  if (given.gaps.length === 0) return;
  const rows = given.gaps.flatMap(({ gapId, memberKey, evidence }) =>
    [...new Map(evidence.map((item) => [evidenceKey(item), item]))].map(([key, item]) => ({
      gapId,
      memberKey,
      key,
      type: item.type,
      code: item.code,
      date: item.date,
      encounterId: item.encounterId,
      source: item.source,
      eligible: item.eligible,
    })),
  );
  const known = given.gaps.filter(({ isNew }) => !isNew);
  if (known.length > 0) {
    const shown = known.map(({ gapId, evidence }) => ({ gapId, keys: evidence.map(evidenceKey) }));
    await tx.execute(sql`
      update gap_evidence e set gone_at = ${given.at}::timestamptz
      from jsonb_to_recordset(${json(shown)}) as r("gapId" text, keys jsonb)
      where e.gap_id = r."gapId" and e.gone_at is null and not r.keys ? e.evidence_key`);
  }
  await tx.execute(sql`
    insert into gap_evidence as e (gap_id, evidence_key, member_id, type, code, date, encounter_id, source, eligible,
      first_seen_at)
    select r."gapId", r.key, r."memberKey", r.type, r.code, r.date, r."encounterId", r.source, r.eligible,
      ${given.at}::timestamptz
    from jsonb_to_recordset(${json(rows)}) as r("gapId" text, key text, "memberKey" uuid, type text, code text,
      date date, "encounterId" text, source text, eligible boolean)
    order by r."gapId", r.key
    on conflict (tenant_id, gap_id, evidence_key) do update set eligible = excluded.eligible, gone_at = null
    where (e.eligible, e.gone_at) is distinct from (excluded.eligible, null::timestamptz)`);
}

export interface UnspecifiedRow {
  readonly memberKey: string;
  readonly paymentYear: number;
  readonly contractId: string | null;
  readonly finding: UnspecifiedFlag;
}

/** Replaces the unspecified findings of members and payment years by those given. */
export async function replaceUnspecified(
  tx: TenantTx,
  given: {
    readonly runId: string;
    readonly memberKeys: readonly string[];
    readonly paymentYears: readonly number[];
    readonly findings: readonly UnspecifiedRow[];
  },
): Promise<void> {
  const keys = json(
    given.findings.map(({ memberKey, paymentYear, finding }) => ({
      memberKey,
      paymentYear,
      code: finding.code,
    })),
  );
  const rows = json(
    given.findings.map(({ finding, ...row }) => ({
      ...row,
      code: finding.code,
      weight: finding.weight,
      hcc: finding.hcc,
      evidence: finding.evidence,
      providerNpi: finding.providerNpi,
      gapId: finding.gapId,
      detail: finding,
    })),
  );
  await tx.execute(sql`
    delete from unspecified_findings u using unnest(${uuidArray(given.memberKeys)}) as k(id)
    where u.member_id = k.id
      and u.payment_year = any(${sql.param([...given.paymentYears])}::integer[])
      and not exists (select from jsonb_to_recordset(${keys}) as r("memberKey" uuid, "paymentYear" integer, code text)
        where r."memberKey" = u.member_id and r."paymentYear" = u.payment_year and r.code = u.code)`);
  if (given.findings.length === 0) return;
  await tx.execute(sql`
    insert into unspecified_findings as u (member_id, payment_year, code, weight, hcc, evidence, provider_npi,
      contract_id, gap_id, detail, run_id)
    select r."memberKey", r."paymentYear", r.code, r.weight, r.hcc, r.evidence, r."providerNpi", r."contractId",
      r."gapId", r.detail, ${given.runId}::uuid
    from jsonb_to_recordset(${rows}) as r("memberKey" uuid, "paymentYear" integer, code text, weight text, hcc text,
      evidence text, "providerNpi" text, "contractId" text, "gapId" text, detail jsonb)
    order by r."memberKey", r."paymentYear", r.code
    on conflict (tenant_id, member_id, payment_year, code) do update set
      (weight, hcc, evidence, provider_npi, contract_id, gap_id, detail, run_id, updated_at)
      = (excluded.weight, excluded.hcc, excluded.evidence, excluded.provider_npi, excluded.contract_id,
         excluded.gap_id, excluded.detail, excluded.run_id, now())
    where (u.detail, u.contract_id) is distinct from (excluded.detail, excluded.contract_id)`);
}
