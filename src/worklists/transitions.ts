import type { GapDirection, GapKind } from '../engine/analysis-contract.ts';
import type { Meat } from '../engine/history.ts';
import type { WorkflowStatus } from '../store/gaps.ts';

/** Statuses that people set; the other three are the engine's. */
export const HUMAN_TARGETS = ['open', 'in_review', 'queried', 'captured', 'dismissed'] as const;
export type HumanTarget = (typeof HUMAN_TARGETS)[number];

/** Reason codes: `actions` of the gap taxonomy, by who may give them. */
export const REASONS = [
  'add_supported',
  'reject_not_documented',
  'reject_no_meat',
  'mark_supported',
  'mark_unsupported',
  'mark_supported_elsewhere',
  'open_query',
  'override_unspecified',
  'defer',
  'assess_present',
  'assess_not_present',
  'resolved',
  'never_had',
  'order_workup',
  'answer_query',
  'approve_delete',
  'reopen',
  'close_with_reason',
] as const;
export type Reason = (typeof REASONS)[number];

/** Where in a document the support stands. */
export interface Locator {
  readonly documentId: string;
  readonly versionHash: string;
  readonly page?: number | undefined;
  readonly section?: string | undefined;
  /** At most 200 characters. */
  readonly quote?: string | undefined;
}

export interface TransitionRequest {
  readonly to: HumanTarget;
  readonly reason: Reason | null;
  readonly comment: string | null;
  readonly encounterId: string | null;
  /** The code that the coder adds; undotted. */
  readonly code: string | null;
  readonly meat: readonly Meat[];
  readonly locator: Locator | null;
  /** Why an unspecified code is kept although more detail is on record. */
  readonly overrideReason: string | null;
}

/** What else a transition makes happen, in the same transaction. */
export type Effect = 'submit_add' | 'submit_delete' | 'approve_delete' | null;

type ActorRole = 'coder' | 'lead' | 'provider';
type Need = 'comment' | 'overrideReason' | 'evidence';

interface Step {
  readonly reason: Reason | null;
  readonly roles: readonly ActorRole[];
  readonly from: readonly WorkflowStatus[];
  readonly to: HumanTarget;
  readonly directions: readonly GapDirection[];
  readonly needs: readonly Need[];
  readonly effect: Effect;
}

const live: readonly WorkflowStatus[] = ['open', 'in_review', 'queried'];
const closed: readonly WorkflowStatus[] = ['captured', 'dismissed', 'expired', 'superseded', 'withdrawn'];
const coders: readonly ActorRole[] = ['coder', 'lead'];
const every: readonly GapDirection[] = ['add', 'refine', 'link', 'question', 'delete'];
const adds: readonly GapDirection[] = ['add', 'refine', 'link'];
const notDeletes: readonly GapDirection[] = ['add', 'refine', 'link', 'question'];

function step(reason: Reason | null, to: HumanTarget, rest: Partial<Omit<Step, 'reason' | 'to'>> = {}): Step {
  return {
    reason,
    to,
    roles: coders,
    from: live,
    directions: every,
    needs: [],
    effect: null,
    ...rest,
  };
}

/**
 * The legal transitions. A step that is not here does not exist: in particular nobody captures a clinical suspect
 * (`question`; only an eligible record does), a provider's answer never captures, and a delete is recorded only by
 * `approve_delete` of someone else than the coder (compliance C-3, C-8; calendar section 3).
 */
export const TRANSITIONS: readonly Step[] = [
  step(null, 'in_review', { from: ['open', 'queried'] }),
  step(null, 'open', { from: ['in_review', 'queried'] }),
  step('defer', 'open', { needs: ['comment'] }),
  step('open_query', 'queried', { from: ['open', 'in_review'] }),
  step('answer_query', 'in_review', { roles: ['coder', 'lead', 'provider'], from: ['queried'] }),

  step('add_supported', 'captured', { directions: adds, needs: ['evidence'], effect: 'submit_add' }),
  step('reject_not_documented', 'dismissed', { directions: notDeletes }),
  step('reject_no_meat', 'dismissed', { directions: notDeletes }),
  step('override_unspecified', 'dismissed', { directions: ['refine'], needs: ['overrideReason'] }),

  step('mark_supported', 'dismissed', { directions: ['delete'], needs: ['evidence'] }),
  step('mark_supported_elsewhere', 'dismissed', { directions: ['delete'], needs: ['evidence'] }),
  step('mark_unsupported', 'in_review', {
    directions: ['delete'],
    needs: ['comment'],
    effect: 'submit_delete',
  }),
  step('approve_delete', 'captured', {
    roles: ['lead'],
    from: ['in_review', 'queried'],
    directions: ['delete'],
    effect: 'approve_delete',
  }),

  step('assess_present', 'in_review', { roles: ['provider'], directions: notDeletes }),
  step('order_workup', 'open', { roles: ['provider'], directions: notDeletes }),
  step('assess_not_present', 'dismissed', { roles: ['provider'], directions: notDeletes }),
  step('resolved', 'dismissed', { roles: ['provider'], directions: notDeletes }),
  step('never_had', 'dismissed', { roles: ['provider'], directions: notDeletes }),

  step('close_with_reason', 'dismissed', { roles: ['lead'], directions: notDeletes, needs: ['comment'] }),
  step('reopen', 'open', { roles: ['lead'], from: closed, needs: ['comment'] }),
];

/** What of a stored gap decides about a transition. */
export interface GapState {
  readonly kind: GapKind;
  readonly direction: GapDirection;
  readonly workflowStatus: WorkflowStatus;
  /** When a reviewer found it unsupported; the clock then ends by a delete or by support found elsewhere only. */
  readonly identifiedAt: string | null;
}

export type TransitionOutcome =
  | { readonly ok: true; readonly to: HumanTarget; readonly effect: Effect }
  | {
      readonly ok: false;
      readonly problem:
        | 'illegal-transition'
        | 'forbidden'
        | 'evidence-required'
        | 'override-required'
        | 'validation';
      readonly message: string;
      readonly missing: readonly string[];
    };

const REQUIRED_EVIDENCE: readonly (keyof TransitionRequest)[] = ['encounterId', 'locator', 'meat'];

function refuse(
  problem: Exclude<TransitionOutcome, { ok: true }>['problem'],
  message: string,
  missing: readonly string[] = [],
): TransitionOutcome {
  return { ok: false, problem, message, missing };
}

function missingOf(request: TransitionRequest, need: Need): string[] {
  switch (need) {
    case 'comment':
      return request.comment === null ? ['comment'] : [];
    case 'overrideReason':
      return request.overrideReason === null ? ['overrideReason'] : [];
    case 'evidence':
      return REQUIRED_EVIDENCE.filter((field) => {
        const value = request[field];
        return value === null || (Array.isArray(value) && value.length === 0);
      });
  }
}

/** Judges a transition by the table: pure, so that the table itself can be read, printed and tested. */
export function judgeTransition(gap: GapState, request: TransitionRequest, role: string): TransitionOutcome {
  const named = TRANSITIONS.filter(({ reason, to }) => reason === request.reason && to === request.to);
  if (named.length === 0) return withoutStep(gap, request, role);
  const mine = named.filter(({ roles }) => roles.some((allowed) => allowed === role));
  if (mine.length === 0) return refuse('forbidden', `the role ${role} may not give this reason`);
  const legal = mine.find(
    ({ from, directions }) => from.includes(gap.workflowStatus) && directions.includes(gap.direction),
  );
  if (!legal) {
    return refuse(
      'illegal-transition',
      `a ${gap.kind} gap that is ${gap.workflowStatus} cannot become ${request.to} by ${request.reason ?? 'itself'}`,
    );
  }
  if (gap.identifiedAt !== null && legal.to === 'open') {
    return refuse(
      'illegal-transition',
      'an unsupported finding is closed by a recorded delete or by support found elsewhere, and is never put back',
    );
  }
  const missing = legal.needs.flatMap((need) => missingOf(request, need));
  if (missing.length > 0) {
    return refuse(shortfallOf(legal.needs), `the step needs ${missing.join(', ')}`, missing);
  }
  return { ok: true, to: legal.to, effect: legal.effect };
}

/** No step has this reason and target: says which reasons there are and, where there is but one, what else it needs. */
function withoutStep(gap: GapState, request: TransitionRequest, role: string): TransitionOutcome {
  const open = TRANSITIONS.filter(
    ({ reason, to, roles, directions }) =>
      reason !== null &&
      to === request.to &&
      roles.some((allowed) => allowed === role) &&
      directions.includes(gap.direction),
  );
  const reasons = open.map(({ reason }) => reason).join(', ');
  const words =
    request.reason === null
      ? `moving to ${request.to} needs a reason`
      : `the reason ${request.reason} does not go with ${request.to}`;
  const message = reasons === '' ? words : `${words}; there are: ${reasons}`;
  const [only, ...others] = open;
  const missing = only && others.length === 0 ? only.needs.flatMap((need) => missingOf(request, need)) : [];
  return refuse(only && missing.length > 0 ? shortfallOf(only.needs) : 'validation', message, [
    'reason',
    ...missing,
  ]);
}

function shortfallOf(needs: readonly Need[]): 'evidence-required' | 'override-required' | 'validation' {
  if (needs.includes('evidence')) return 'evidence-required';
  return needs.includes('overrideReason') ? 'override-required' : 'validation';
}
