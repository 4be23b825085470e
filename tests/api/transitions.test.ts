import { describe, expect, test } from 'vitest';
import { WORKFLOW_STATUSES } from '../../src/store/gaps.ts';
import {
  type GapState,
  HUMAN_TARGETS,
  judgeTransition,
  REASONS,
  TRANSITIONS,
  type TransitionRequest,
} from '../../src/worklists/transitions.ts';

const recapture: GapState = {
  kind: 'recapture',
  direction: 'add',
  workflowStatus: 'in_review',
  identifiedAt: null,
};
const overCoding: GapState = { ...recapture, kind: 'over_coding', direction: 'delete' };
const evidence = {
  encounterId: 'E1',
  locator: { documentId: 'D1', versionHash: 'abc', page: 2 },
  meat: ['assessed'],
} as const;

function request(
  to: TransitionRequest['to'],
  reason: TransitionRequest['reason'],
  rest: Partial<TransitionRequest> = {},
): TransitionRequest {
  return {
    to,
    reason,
    comment: null,
    encounterId: null,
    code: null,
    meat: [],
    locator: null,
    overrideReason: null,
    ...rest,
  };
}

describe('a coder adds a diagnosis', () => {
  test('with encounter, locator and MEAT it is captured and goes to submission', () => {
    expect(judgeTransition(recapture, request('captured', 'add_supported', evidence), 'coder')).toEqual({
      ok: true,
      to: 'captured',
      effect: 'submit_add',
    });
  });

  test.each(['encounterId', 'locator', 'meat'])('without %s it is refused (C-3)', (field) => {
    const lacking = { ...evidence, [field]: field === 'meat' ? [] : null };
    expect(judgeTransition(recapture, request('captured', 'add_supported', lacking), 'coder')).toMatchObject({
      ok: false,
      problem: 'evidence-required',
      missing: [field],
    });
  });

  test('never from a clinical suspect', () => {
    const suspect: GapState = { ...recapture, kind: 'clinical_suspect', direction: 'question' };
    expect(judgeTransition(suspect, request('captured', 'add_supported', evidence), 'coder')).toMatchObject({
      ok: false,
      problem: 'illegal-transition',
    });
  });

  test('never from a delete candidate, never twice', () => {
    const add = request('captured', 'add_supported', evidence);
    expect(judgeTransition(overCoding, add, 'coder')).toMatchObject({ problem: 'illegal-transition' });
    const done: GapState = { ...recapture, workflowStatus: 'captured' };
    expect(judgeTransition(done, add, 'coder')).toMatchObject({ problem: 'illegal-transition' });
  });
});

describe('an unspecified code', () => {
  const refine: GapState = { ...recapture, kind: 'specificity', direction: 'refine' };

  test('is kept only with a reason', () => {
    expect(judgeTransition(refine, request('dismissed', 'override_unspecified'), 'coder')).toMatchObject({
      ok: false,
      problem: 'override-required',
      missing: ['overrideReason'],
    });
    const reasoned = request('dismissed', 'override_unspecified', {
      overrideReason: 'the note says no more',
    });
    expect(judgeTransition(refine, reasoned, 'coder').ok).toBe(true);
    expect(judgeTransition(recapture, reasoned, 'coder').ok).toBe(false);
  });
});

describe('a delete candidate', () => {
  test('unsupported keeps it in review, with the clock started and a delete to approve', () => {
    const found = request('in_review', 'mark_unsupported', { comment: 'no assessment in any note' });
    expect(judgeTransition(overCoding, found, 'coder')).toEqual({
      ok: true,
      to: 'in_review',
      effect: 'submit_delete',
    });
  });

  test('once unsupported it is never put back, nor dropped without support', () => {
    const found: GapState = { ...overCoding, identifiedAt: '2026-11-20' };
    for (const [to, reason] of [
      ['open', null],
      ['open', 'defer'],
    ] as const) {
      expect(judgeTransition(found, request(to, reason, { comment: 'later' }), 'lead').ok).toBe(false);
    }
    expect(
      judgeTransition(found, request('dismissed', 'close_with_reason', { comment: 'x' }), 'lead').ok,
    ).toBe(false);
    expect(
      judgeTransition(found, request('dismissed', 'mark_supported_elsewhere', evidence), 'coder').ok,
    ).toBe(true);
  });

  test('only a lead approves the delete', () => {
    expect(judgeTransition(overCoding, request('captured', 'approve_delete'), 'coder')).toMatchObject({
      problem: 'forbidden',
    });
    expect(judgeTransition(overCoding, request('captured', 'approve_delete'), 'lead')).toMatchObject({
      ok: true,
      effect: 'approve_delete',
    });
  });
});

describe('laws of the table', () => {
  const states = WORKFLOW_STATUSES.flatMap((workflowStatus) =>
    (['add', 'refine', 'link', 'question', 'delete'] as const).map(
      (direction): GapState => ({
        kind: direction === 'delete' ? 'over_coding' : 'recapture',
        direction,
        workflowStatus,
        identifiedAt: null,
      }),
    ),
  );
  const full = { ...evidence, comment: 'words', code: 'I5022', overrideReason: 'words' };

  test('a provider never captures', () => {
    for (const gap of states) {
      for (const reason of [null, ...REASONS]) {
        expect(judgeTransition(gap, request('captured', reason, full), 'provider').ok).toBe(false);
      }
    }
  });

  test('every legal step is in the table, and every step of the table is legal somewhere', () => {
    const used = new Set<string>();
    for (const gap of states) {
      for (const to of HUMAN_TARGETS) {
        for (const reason of [null, ...REASONS]) {
          for (const role of ['coder', 'lead', 'provider']) {
            if (judgeTransition(gap, request(to, reason, full), role).ok) used.add(`${reason} ${to}`);
          }
        }
      }
    }
    expect([...used].sort()).toEqual(TRANSITIONS.map(({ reason, to }) => `${reason} ${to}`).sort());
  });

  test('other roles move nothing', () => {
    for (const role of ['auditor', 'analyst', 'submitter', 'admin']) {
      for (const { reason, to } of TRANSITIONS) {
        expect(judgeTransition(recapture, request(to, reason, full), role).ok).toBe(false);
      }
    }
  });

  test('a closed gap leaves its state only by reopening, with words', () => {
    const done: GapState = { ...recapture, workflowStatus: 'dismissed' };
    expect(judgeTransition(done, request('in_review', null), 'lead').ok).toBe(false);
    expect(judgeTransition(done, request('open', 'reopen'), 'lead')).toMatchObject({
      problem: 'validation',
      missing: ['comment'],
    });
    expect(judgeTransition(done, request('open', 'reopen', { comment: 'new note' }), 'lead').ok).toBe(true);
    expect(judgeTransition(done, request('open', 'reopen', { comment: 'new note' }), 'coder').ok).toBe(false);
  });
});
