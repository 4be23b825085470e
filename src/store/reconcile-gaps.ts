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
    sql`select from members where id = any(${uuidArray(memberKeys)}) order by id for no key update`,
  );
}

/** The gaps of members for payment years, locked: a person's move waits, and then finds another version. */
export function gapsToReconcile(
  tx: TenantTx,
  memberKeys: readonly string[],
  paymentYears: readonly number[],
): Promise<readonly StoredGap[]> {
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from gaps g where g.member_id = any(${uuidArray(memberKeys)})
          and g.payment_year = any(${sql.param([...paymentYears])}::integer[])
        order by g.gap_id for update`,
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
    sql`select gap_id, array_agg(evidence_key) as keys from gap_evidence where gap_id = any(${textArray(gapIds)})
        group by gap_id`,
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
  await tx.execute(sql`
    update gap_evidence e set gone_at = ${given.at}::timestamptz
    where e.gap_id = any(${textArray(given.gaps.map((gap) => gap.gapId))}) and e.gone_at is null
      and not exists (select from jsonb_to_recordset(${json(rows)}) as r("gapId" text, key text)
        where r."gapId" = e.gap_id and r.key = e.evidence_key)`);
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
    delete from unspecified_findings u
    where u.member_id = any(${uuidArray(given.memberKeys)})
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

/** Active gaps of members for years that the analysis no longer visits: their time is up, deletes excepted. */
export function gapsOfClosedYears(
  tx: TenantTx,
  memberKeys: readonly string[],
  openYears: readonly number[],
): Promise<readonly StoredGap[]> {
  return rowsOf<StoredGap>(
    tx,
    sql`select ${GAP_COLUMNS} from gaps g where g.member_id = any(${uuidArray(memberKeys)})
          and g.workflow_status in ('open', 'in_review', 'queried') and g.direction <> 'delete'
          and g.payment_year < ${Math.min(...openYears)}
        order by g.gap_id for update`,
  );
}
