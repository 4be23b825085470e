import { isDeepStrictEqual } from 'node:util';
import type { Analysis, Evidence, Gap, GapKind } from '../engine/analysis-contract.ts';
import type { NewGapEvent, StoredGap } from '../store/gaps.ts';
import { packPart } from '../store/priority-parts.ts';
import { evidenceKey, type GapRow } from '../store/reconcile-gaps.ts';
import { type Closure, closureOf } from './closure.ts';
import { DEFAULT_PRIORITY_WEIGHTS, type PriorityWeights, priorityParts } from './priority.ts';

/** What worklists need of a gap besides the gap. */
export interface GapContext {
  readonly providerNpi: string | null;
  readonly contractId: string | null;
  readonly nextAppointment: string | null;
}

export interface ReconcileInput {
  readonly memberKey: string;
  readonly analysis: Analysis;
  /** The member's gaps of this payment year, as stored. */
  readonly stored: readonly StoredGap[];
  /** Evidence that dismissed gaps ever had. */
  readonly everSeen: ReadonlyMap<string, ReadonlySet<string>>;
  readonly contextOf: (gap: Gap) => GapContext;
  /** Weights of the order of the lists; absent: the defaults. */
  readonly weights?: PriorityWeights;
  /** Gaps that a reviewer has just found unsupported: opened again whoever closed them. */
  readonly foundUnsupported?: ReadonlySet<string>;
  /** ISO instant. */
  readonly at: string;
}

export interface ReconcilePlan {
  readonly rows: readonly GapRow[];
  readonly events: readonly NewGapEvent[];
  /** Gaps whose evidence is to be noted: the new ones and those whose evidence differs. */
  readonly evidence: readonly GapRow[];
  readonly opened: number;
  readonly closed: number;
}

/** Evidence that may reopen a dismissed gap of each kind: what its reviewer could not have seen and would look at. */
const REOPENING: Readonly<Record<GapKind, ReadonlySet<Evidence['type']>>> = {
  recapture: new Set(['diagnosis', 'condition']),
  specificity: new Set(['diagnosis', 'condition']),
  documented_not_coded: new Set(['condition']),
  coded_not_eligible: new Set(['diagnosis']),
  clinical_suspect: new Set(['observation', 'medication', 'procedure', 'condition', 'diagnosis']),
  over_coding: new Set(['diagnosis', 'observation', 'medication', 'procedure', 'coverage']),
};
const ACTIVE: ReadonlySet<string> = new Set(['open', 'in_review', 'queried']);
const ENGINE = 'engine';

/**
 * Sets an analysis against what is stored and says what is to be written. Laws:
 * - a person's decision (dismissed, captured, in review, queried) is never overwritten; the evidence beside it is;
 * - a dismissed gap is reopened only by an evidence item that it never had, of a type its kind lists, with the reason;
 * - an active gap that is gone is closed with the reason why (closure.ts); one that the engine itself closed and
 *   finds again is opened again;
 * - a delete task whose clock runs is closed by nothing but that the diagnosis is no longer submitted (C-2);
 * - the same analysis again gives an empty plan.
 */
export function planReconcile(input: ReconcileInput): ReconcilePlan {
  const plan = new Plan(input);
  const storedById = new Map(input.stored.map((gap) => [gap.gapId, gap]));
  const found = new Set<string>();
  for (const gap of input.analysis.gaps) {
    found.add(gap.gapId);
    const stored = storedById.get(gap.gapId);
    if (stored === undefined) plan.open(gap);
    else plan.update(stored, gap);
  }
  for (const stored of input.stored) {
    if (!found.has(stored.gapId)) plan.vanish(stored, closureOf(stored.gap, input.analysis));
  }
  return plan;
}

/** Closes active gaps for a reason that lies outside an analysis: a closed year, a member who was merged away. */
export function planClosing(
  stored: readonly StoredGap[],
  closing: { readonly closure: Closure; readonly at: string },
): ReconcilePlan {
  const plan = new Plan({ at: closing.at, contextOf: keptContext, everSeen: new Map() });
  for (const gap of stored) plan.vanish(gap, closing.closure);
  return plan;
}

function keptContext(): GapContext {
  return { providerNpi: null, contractId: null, nextAppointment: null };
}

class Plan implements ReconcilePlan {
  readonly rows: GapRow[] = [];
  readonly events: NewGapEvent[] = [];
  readonly evidence: GapRow[] = [];
  opened = 0;
  closed = 0;
  readonly #input: Pick<ReconcileInput, 'at' | 'contextOf' | 'everSeen'> & Partial<ReconcileInput>;

  constructor(input: Pick<ReconcileInput, 'at' | 'contextOf' | 'everSeen'> & Partial<ReconcileInput>) {
    this.#input = input;
  }

  open(gap: Gap): void {
    const row: GapRow = {
      gapId: gap.gapId,
      memberKey: this.#input.memberKey ?? '',
      paymentYear: this.#input.analysis?.paymentYear ?? 0,
      workflowStatus: 'open',
      workflowReason: null,
      decidedBy: null,
      decidedAt: null,
      assignee: null,
      claimExpiresAt: null,
      version: 1,
      ...this.#engineSide(gap, this.#input.at),
    };
    this.rows.push(row);
    this.evidence.push(row);
    this.#event(row, 'opened', null, gap.ruleId);
    this.opened += 1;
  }

  update(stored: StoredGap, gap: Gap): void {
    const engine = this.#engineSide(asStored(gap), stored.createdAt);
    const evidenceChanged = !isDeepStrictEqual(keysOf(stored.gap), keysOf(gap));
    const materially =
      evidenceChanged ||
      stored.gap.status !== gap.status ||
      !isDeepStrictEqual(stored.gap.reasons, gap.reasons);
    const reopening = this.#reopening(stored, gap);
    if (reopening !== null) {
      const row: GapRow = {
        ...stored,
        ...engine,
        workflowStatus: 'open',
        workflowReason: reopening.reason,
        decidedBy: 'engine',
        decidedAt: this.#input.at,
        assignee: null,
        claimExpiresAt: null,
        version: stored.version + 1,
      };
      this.rows.push(row);
      this.evidence.push(row);
      this.#event(row, 'reopened', stored.workflowStatus, reopening.reason, { evidence: reopening.evidence });
      this.opened += 1;
      return;
    }
    const { updatedAt: _at, ...side } = engine;
    const unchanged = isDeepStrictEqual(side, {
      priority: stored.priority,
      priorityParts: stored.priorityParts,
      providerNpi: stored.providerNpi,
      contractId: stored.contractId,
      nextAppointment: stored.nextAppointment,
      present: stored.present,
      gap: stored.gap,
    });
    if (unchanged) return;
    const row: GapRow = { ...stored, ...engine, version: stored.version + (materially ? 1 : 0) };
    this.rows.push(row);
    if (evidenceChanged) this.evidence.push(row);
    if (materially) this.#event(row, 'evidence_changed', stored.workflowStatus, null);
  }

  vanish(stored: StoredGap, closure: Closure): void {
    const active = ACTIVE.has(stored.workflowStatus);
    if (!active && !stored.present) return;
    // An unsupported finding ends by a recorded delete or recorded support, not by a test that is quiet again (C-2).
    if (active && stored.identifiedAt !== null && closure.reason !== 'no_longer_submitted') return;
    const row: GapRow = {
      ...stored,
      present: false,
      version: stored.version + 1,
      updatedAt: this.#input.at,
      ...(active
        ? {
            workflowStatus: closure.status,
            workflowReason: closure.reason,
            decidedBy: 'engine' as const,
            decidedAt: this.#input.at,
            claimExpiresAt: null,
          }
        : {}),
    };
    this.rows.push(row);
    this.#event(row, active ? 'closed' : 'no_longer_found', stored.workflowStatus, closure.reason);
    if (active) this.closed += 1;
  }

  #engineSide(gap: Gap, foundAt: string) {
    const context = this.#input.contextOf(gap);
    const { asOf = this.#input.at.slice(0, 10) } = this.#input.analysis ?? {};
    const { parts, total } = priorityParts(
      gap,
      { asOf, nextAppointment: context.nextAppointment, foundOn: foundAt.slice(0, 10) },
      this.#input.weights ?? DEFAULT_PRIORITY_WEIGHTS,
    );
    return {
      ...context,
      priority: total,
      priorityParts: parts.map(packPart),
      present: true,
      updatedAt: this.#input.at,
      gap,
    };
  }

  #reopening(stored: StoredGap, gap: Gap): { readonly reason: string; readonly evidence: unknown[] } | null {
    if (ACTIVE.has(stored.workflowStatus)) return null;
    if (this.#input.foundUnsupported?.has(stored.gapId)) return { reason: 'found_unsupported', evidence: [] };
    // What the engine closed, the engine may open. A person's word stands unless there is something new to look at.
    if (stored.decidedBy !== 'person') return { reason: 'found_again', evidence: [] };
    if (stored.workflowStatus !== 'dismissed') return null;
    const seen = this.#input.everSeen.get(stored.gapId) ?? new Set<string>();
    const news = gap.evidence.filter(
      (item) => REOPENING[gap.kind].has(item.type) && item.eligible !== false && !seen.has(evidenceKey(item)),
    );
    const [first] = news;
    if (first === undefined) return null;
    const shown = news.map(({ type, date, encounterId }) => ({ type, date, encounterId }));
    return {
      reason: `new_evidence: ${first.type}${first.date === null ? '' : ` of ${first.date}`}`,
      evidence: shown,
    };
  }

  #event(
    row: GapRow,
    type: string,
    fromStatus: NewGapEvent['fromStatus'],
    reason: string | null,
    detail: NewGapEvent['detail'] = null,
  ): void {
    this.events.push({
      gapId: row.gapId,
      memberKey: row.memberKey,
      version: row.version,
      type,
      fromStatus,
      toStatus: row.workflowStatus,
      actor: ENGINE,
      role: null,
      reason,
      detail,
      at: this.#input.at,
    });
  }
}

/** The gap as it comes back from the database, where a field without a value is not there. */
function asStored(gap: Gap): Gap {
  return JSON.parse(JSON.stringify(gap)) as Gap;
}

function keysOf(gap: Gap): readonly string[] {
  return [...new Set(gap.evidence.map(evidenceKey))].sort();
}
