import { setImmediate } from 'node:timers/promises';
import type { ReviewerFinding } from '../engine/analysis-contract.ts';
import type { Calendar } from '../engine/calendar.ts';
import type { IsoDate } from '../engine/dates.ts';
import type { MemberHistory } from '../engine/history.ts';
import { withOverrides } from '../reference/calendar.ts';
import { type Database, type TenantTx, withTenant } from '../store/database.ts';
import { addGapEvents, type StoredGap } from '../store/gaps.ts';
import { loadHistories } from '../store/histories.ts';
import { membersForAnalysis } from '../store/members.ts';
import { type RafScore, removeRafScores, saveRafScores } from '../store/raf-scores.ts';
import {
  evidenceEverSeen,
  gapsToReconcile,
  lockMembers,
  replaceUnspecified,
  type UnspecifiedRow,
  writeEvidence,
  writeGaps,
} from '../store/reconcile-gaps.ts';
import { currentSettings } from '../store/tenancy.ts';
import { reviewerFindings } from '../worklists/reviewer-findings.ts';
import {
  type AnalyzeHistory,
  coverageOn,
  gapContextOf,
  openPaymentYears,
  scoresOf,
} from './analyze-member.ts';
import { planClosing, planReconcile, type ReconcilePlan } from './reconcile.ts';
import { policyOf, type TenantPolicy } from './tenant-policy.ts';

export interface AnalysisRun {
  readonly tenantId: string;
  /** What the results name as their origin: the batch or the work item. */
  readonly runId: string;
  readonly memberKeys: readonly string[];
  readonly asOf: IsoDate;
  /** null: every payment year that takes adds on `asOf`. */
  readonly paymentYears: readonly number[] | null;
  readonly lookbackYears: number;
}

export interface AnalysisPorts {
  readonly analyze: AnalyzeHistory;
  readonly calendar: Calendar;
  readonly now: () => Date;
  /** Throws when the work must stop; called between members. */
  readonly checkpoint: () => void;
}

export interface MemberFault {
  readonly memberKey: string;
  readonly error: unknown;
}

export interface AnalysisSummary {
  readonly membersDone: number;
  /** Members whose analysis threw: nothing of them was changed. */
  readonly faults: readonly MemberFault[];
  readonly gapsOpened: number;
  readonly gapsClosed: number;
}

/** Members analysed between two turns of the event loop, so that the lease is renewed in time. */
const MEMBERS_A_TURN = 20;

/** Analyses members in one transaction of their own; see {@link analyzeMembersIn}. */
export function analyzeMembers(
  db: Database,
  run: AnalysisRun,
  ports: AnalysisPorts,
): Promise<AnalysisSummary> {
  return withTenant(db, run.tenantId, (tx) => analyzeMembersIn(tx, run, ports));
}

/**
 * Loads the members' histories, analyses each for the payment years asked for, sets the gaps against those stored
 * and saves scores and unspecified findings, all in the transaction given: one query a table, whatever the number
 * of members. A member whose analysis throws is reported and left as it was; the rest goes on. The same histories
 * again change nothing.
 */
export async function analyzeMembersIn(
  tx: TenantTx,
  run: AnalysisRun,
  ports: AnalysisPorts,
): Promise<AnalysisSummary> {
  const at = ports.now().toISOString();
  await lockMembers(tx, run.memberKeys);
  const members = await membersForAnalysis(tx, run.memberKeys);
  const histories = await loadHistories(
    tx,
    run.memberKeys.filter((key) => members.get(key)?.isAnalysable === true),
  );
  const policy = policyOf((await currentSettings(tx))?.settings);
  const calendar = withOverrides(ports.calendar, policy.calendarOverrides);
  const paymentYears = run.paymentYears ?? openPaymentYears(calendar, run.asOf);
  const found = await gapsToReconcile(tx, run.memberKeys, {
    paymentYears,
    closing: run.paymentYears === null,
  });
  const stored = groupByMember(found.filter((gap) => paymentYears.includes(gap.paymentYear)));
  const ofClosedYears = found.filter((gap) => !paymentYears.includes(gap.paymentYear));
  const dismissed = found.filter((gap) => gap.workflowStatus === 'dismissed');
  const everSeen = await evidenceEverSeen(
    tx,
    dismissed.map((gap) => gap.gapId),
  );
  const unsupported = await reviewerFindings(tx, found);

  const done: MemberResult[] = [];
  const faults: MemberFault[] = [];
  for (const [index, history] of histories.entries()) {
    ports.checkpoint();
    if (index % MEMBERS_A_TURN === MEMBERS_A_TURN - 1) await setImmediate();
    const memberKey = history.memberId;
    try {
      const pcpNpi = members.get(memberKey)?.pcpNpi ?? null;
      const gaps = stored.get(memberKey) ?? [];
      const findings = unsupported.get(memberKey) ?? [];
      done.push(
        analyzeOne(history, {
          run,
          ports,
          policy,
          calendar,
          paymentYears,
          gaps,
          everSeen,
          findings,
          pcpNpi,
          at,
        }),
      );
    } catch (error) {
      faults.push({ memberKey, error });
    }
  }

  const merged = run.memberKeys.filter((key) => members.get(key)?.mergedInto != null);
  const plans = [
    ...done.flatMap((result) => result.plans),
    planClosing(
      merged.flatMap((key) => stored.get(key) ?? []),
      { closure: { status: 'withdrawn', reason: 'member_merged' }, at },
    ),
    planClosing(ofClosedYears, { closure: { status: 'expired', reason: 'year_closed' }, at }),
  ];
  await save(tx, { run, paymentYears, plans, done, merged, at });
  return {
    membersDone: run.memberKeys.length - faults.length,
    faults,
    gapsOpened: plans.reduce((sum, plan) => sum + plan.opened, 0),
    gapsClosed: plans.reduce((sum, plan) => sum + plan.closed, 0),
  };
}

interface MemberResult {
  readonly memberKey: string;
  readonly plans: readonly ReconcilePlan[];
  readonly scores: readonly RafScore[];
  readonly unspecified: readonly UnspecifiedRow[];
  /** Payment years for which the member has no score. */
  readonly unscored: readonly number[];
}

function analyzeOne(
  history: MemberHistory,
  given: {
    readonly run: AnalysisRun;
    readonly ports: AnalysisPorts;
    readonly policy: TenantPolicy;
    readonly calendar: Calendar;
    readonly paymentYears: readonly number[];
    readonly gaps: readonly StoredGap[];
    readonly everSeen: ReadonlyMap<string, ReadonlySet<string>>;
    readonly findings: readonly ReviewerFinding[];
    readonly pcpNpi: string | null;
    readonly at: string;
  },
): MemberResult {
  const { run, ports, policy, calendar, at } = given;
  const memberKey = history.memberId;
  const coverage = coverageOn(history, run.asOf);
  const contextOf = gapContextOf(history, { asOf: run.asOf, pcpNpi: given.pcpNpi });
  const plans: ReconcilePlan[] = [];
  const scores: RafScore[] = [];
  const unspecified: UnspecifiedRow[] = [];
  for (const paymentYear of given.paymentYears) {
    const stored = given.gaps.filter((gap) => gap.paymentYear === paymentYear);
    const outcome = ports.analyze(
      history,
      {
        paymentYear,
        asOf: run.asOf,
        kinds: null,
        lookbackYears: run.lookbackYears,
        suspecting: policy.suspecting,
        calendar,
        paymentOverrides: policy.paymentOverrides,
        reviewerFindings: given.findings,
      },
      { tenant: run.tenantId, member: memberKey },
    );
    if (!outcome.ok) {
      // No gap rules for this member and year (e.g. an ACA plan): what an earlier coverage had found has no ground.
      plans.push(planClosing(stored, { closure: { status: 'withdrawn', reason: outcome.error.code }, at }));
      continue;
    }
    const analysis = outcome.value;
    plans.push(
      planReconcile({
        memberKey,
        analysis,
        stored,
        everSeen: given.everSeen,
        contextOf,
        weights: policy.weights,
        at,
      }),
    );
    scores.push(...scoresOf(analysis, { memberKey, coverage }));
    for (const finding of analysis.unspecified) {
      unspecified.push({ memberKey, paymentYear, contractId: coverage?.contractId ?? null, finding });
    }
  }
  const scored = new Set(scores.map(({ paymentYear }) => paymentYear));
  const unscored = given.paymentYears.filter((year) => !scored.has(year));
  return { memberKey, plans, scores, unspecified, unscored };
}

async function save(
  tx: TenantTx,
  given: {
    readonly run: AnalysisRun;
    readonly paymentYears: readonly number[];
    readonly plans: readonly ReconcilePlan[];
    readonly done: readonly MemberResult[];
    /** Members who stand for another one: nothing is theirs any more. */
    readonly merged: readonly string[];
    readonly at: string;
  },
): Promise<void> {
  const { runId } = given.run;
  await writeGaps(
    tx,
    runId,
    given.plans.flatMap((plan) => plan.rows),
  );
  const gaps = given.plans
    .flatMap((plan) => plan.evidence)
    .map((row) => ({
      gapId: row.gapId,
      memberKey: row.memberKey,
      // A gap begins at version 1, and whatever changes its evidence makes another version.
      isNew: row.version === 1,
      evidence: row.gap.evidence,
    }));
  await writeEvidence(tx, { gaps, at: given.at });
  await addGapEvents(
    tx,
    given.plans.flatMap((plan) => plan.events),
  );
  const without = [
    ...given.merged.flatMap((memberKey) =>
      given.paymentYears.map((paymentYear) => ({ memberKey, paymentYear })),
    ),
    ...given.done.flatMap(({ memberKey, unscored }) =>
      unscored.map((paymentYear) => ({ memberKey, paymentYear })),
    ),
  ];
  await removeRafScores(tx, without);
  await saveRafScores(
    tx,
    runId,
    given.done.flatMap((result) => result.scores),
  );
  await replaceUnspecified(tx, {
    runId,
    memberKeys: [...given.done.map((result) => result.memberKey), ...given.merged],
    paymentYears: given.paymentYears,
    findings: given.done.flatMap((result) => result.unspecified),
  });
}

function groupByMember(gaps: readonly StoredGap[]): ReadonlyMap<string, readonly StoredGap[]> {
  const groups = new Map<string, StoredGap[]>();
  for (const gap of gaps) {
    const group = groups.get(gap.memberKey);
    if (group === undefined) groups.set(gap.memberKey, [gap]);
    else group.push(gap);
  }
  return groups;
}
