import type { IntakeEvent } from '../../store/records.ts';
import type { FileOutcome } from '../outcome.ts';
import type { IntakeOptions } from '../parser.ts';
import type { ClaimDraft } from './claim-draft.ts';
import { judgeClaim } from './claim-judge.ts';
import { ClaimReader } from './claim-reader.ts';
import { type ClaimIndex, claimRecords, type Identified } from './claim-records.ts';
import type { Remark } from './claim-remarks.ts';
import type { Place } from './envelope.ts';
import { judgeMember } from './member-judge.ts';
import { type MemberDraft, MemberReader } from './member-reader.ts';
import type { X12Settings } from './settings.ts';
import { type StatusDraft, StatusReader, statusRecord } from './status-reader.ts';
import type { Segment, Separators } from './tokenizer.ts';

/** Events at once, or after earlier batches were asked about a claim. */
export type Events = readonly IntakeEvent[] | Promise<readonly IntakeEvent[]>;

export interface TransactionContext {
  readonly file: string;
  readonly place: Place;
  readonly separators: Separators;
  readonly options: IntakeOptions;
  readonly settings: X12Settings;
  readonly outcome: FileOutcome;
  readonly claims: ClaimIndex;
  /** GS02 and ISA06. */
  readonly sender: readonly string[];
  /** The unit the set stands in is rejected, and every record in it with it. */
  readonly rejection: { readonly code: string; readonly message: string } | null;
}

export interface TransactionReader {
  read(segment: Segment, row: number, position: number): Events | null;
  end(): Events | null;
}

/** The reader of one transaction set, by ST01; null for a set that is not read. */
export function openTransaction(context: TransactionContext): TransactionReader | null {
  switch (context.place.set) {
    case '837':
      return reader(new ClaimReader(), (draft) => settleClaim(draft, context));
    case '834':
      return reader(new MemberReader(), (draft) => settleMember(draft, context));
    case '277':
      return reader(new StatusReader(), (draft) => settleStatus(draft, context));
    default:
      return null;
  }
}

interface Drafts<D> {
  read(segment: Segment, row: number, position: number): D | null;
  end(): D | null;
}

function reader<D>(drafts: Drafts<D>, settle: (draft: D) => Events): TransactionReader {
  const settled = (draft: D | null) => (draft === null ? null : settle(draft));
  return {
    read: (segment, row, position) => settled(drafts.read(segment, row, position)),
    end: () => settled(drafts.end()),
  };
}

function settleClaim(draft: ClaimDraft, context: TransactionContext): Events {
  const { outcome, rejection, file } = context;
  if (rejection) {
    const row = draft.claim.row;
    return [outcome.reject('claim', { row, field: 'CLM01', ...rejection, raw: draft.raw })];
  }
  const judged = judgeClaim(draft, context);
  if (!judged.ok) return [...remarked(judged.remarks, outcome), outcome.reject('claim', judged.fault)];
  const { claim } = judged;
  const source = { file, row: draft.claim.row };
  const emit = (identified: Identified): readonly IntakeEvent[] => {
    outcome.accept('claim', identified.duplicate);
    if (identified.duplicate) return [];
    const events = remarked(judged.remarks, outcome);
    const warn = (code: string, message: string, field: string) => {
      const event = outcome.warn({ row: source.row, field, code, message, value: claim.claimNumber });
      if (event) events.push(event);
    };
    if (identified.targetUnknown) {
      const code = claim.frequency === '7' ? 'replacement_target_unknown' : 'claim_target_unknown';
      warn(code, 'the claim acted on or linked to has not been seen', 'REF02');
    }
    if (identified.reusedNumber) {
      warn('claim_id_reused', 'another claim of the member with other dates has this number', 'CLM01');
    }
    for (const record of claimRecords(claim, identified, source)) events.push({ type: 'record', record });
    return events;
  };
  const identified = context.claims.identify(claim);
  return identified instanceof Promise ? identified.then(emit) : emit(identified);
}

function settleMember(draft: MemberDraft, context: TransactionContext): Events {
  const { outcome, rejection, file } = context;
  if (rejection) {
    return [outcome.reject('member', { row: draft.ins.row, field: 'INS', ...rejection, raw: draft.raw })];
  }
  const judged = judgeMember(draft, context, context.sender);
  const events = remarked(judged.remarks, outcome);
  if (!judged.ok) return [...events, outcome.reject('member', judged.fault)];
  outcome.accept('member');
  for (const record of judged.records) {
    events.push({ type: 'record', record: { ...record, source: { file, row: draft.ins.row } } });
  }
  return events;
}

function settleStatus(draft: StatusDraft, context: TransactionContext): Events {
  const { outcome, rejection, file, separators } = context;
  const at = { row: draft.trn.row, field: 'TRN02', raw: draft.raw };
  if (rejection) return [outcome.reject('claim_status', { ...at, ...rejection })];
  const record = statusRecord(draft, { component: separators.component, file });
  if (record === null) {
    const message = 'the answer names no claim number or no member';
    return [outcome.reject('claim_status', { ...at, code: 'claim_id_missing', message })];
  }
  outcome.accept('claim_status');
  return [{ type: 'record', record }];
}

function remarked(remarks: readonly Remark[], outcome: FileOutcome): IntakeEvent[] {
  const events: IntakeEvent[] = [];
  for (const { severity, fault } of remarks) {
    const event = severity === 'error' ? outcome.error(fault) : outcome.warn(fault);
    if (event) events.push(event);
  }
  return events;
}
