import type { SourceRef } from '../../store/records.ts';
import { fingerprint } from '../key-map.ts';
import type { BatchContext, Emit, TableReader } from './batch-context.ts';
import {
  ClaimDraft,
  claimValues,
  diagnosesOf,
  frequencyOf,
  lineNumber,
  lineOf,
  lineRecord,
} from './claim.ts';
import { judgeCode } from './codes.ts';
import { notBefore } from './members.ts';
import type { TableRow } from './table-row.ts';

/** Claims held open for further lines: extracts keep the lines of a claim together or nearly so. */
const OPEN_CLAIMS = 500;

/** A chart review row whose link must be looked for once every claim has been read. */
export interface PendingLink {
  readonly memberId: string;
  readonly linkedClaimId: string;
  readonly source: SourceRef;
}

export interface EncountersReader extends TableReader {
  /** Links to claims that this batch had not brought when the row was read. */
  readonly links: readonly PendingLink[];
}

/**
 * Reader of encounters.csv: claim lines are gathered into encounters. Lines of one claim may stand apart: those that
 * come after the claim was handed on are added to it, and only its claim-level values are settled by then.
 */
export function encountersReader(context: BatchContext): EncountersReader {
  const open = new Map<string, ClaimDraft>();
  const links: PendingLink[] = [];
  const hand = (draft: ClaimDraft, emit: Emit): void => {
    open.delete(draft.claimId);
    draft.emit(context.statesDiagnoses, emit);
  };
  return {
    links,
    judge: (row) => judgeClaimRow(row, context),
    take(row, source, emit) {
      const claimId = row.text('claim_id') ?? '';
      const memberId = row.text('member_id') ?? '';
      const linked = row.text('linked_claim_id');
      if (linked !== null && !context.claims.has(linked)) {
        links.push({ memberId, linkedClaimId: linked, source });
      }
      const draft = open.get(claimId);
      if (draft) {
        draft.add(row, source);
        return;
      }
      if (context.claims.has(claimId)) {
        takeLateLine(row, source, { context, emit });
        return;
      }
      context.claims.set(claimId, fingerprint(memberId), fingerprint(claimValues(row)));
      const fresh = new ClaimDraft(row, source);
      fresh.add(row, source);
      open.set(claimId, fresh);
      if (open.size > OPEN_CLAIMS) {
        for (const oldest of open.values()) {
          hand(oldest, emit);
          break;
        }
      }
    },
    finish(emit) {
      for (const draft of [...open.values()]) hand(draft, emit);
    },
  };
}

function judgeClaimRow(row: TableRow, context: BatchContext): void {
  const start = row.text('claim_start_date');
  notBefore(row, 'claim_end_date', row.text('claim_end_date'), 'claim_start_date', start);
  notBefore(
    row,
    'claim_line_end_date',
    row.text('claim_line_end_date'),
    'claim_line_start_date',
    row.text('claim_line_start_date'),
  );
  notBefore(row, 'discharge_date', row.text('discharge_date'), 'admission_date', row.text('admission_date'));
  const billType = row.text('bill_type_code');
  // The sub-kinds inpatient and outpatient come from encounter tables, which carry no bill type.
  if (row.text('claim_type') === 'institutional' && billType === null) {
    row.problem('required', 'bill_type_code');
  }
  if (frequencyOf(row.text('frequency_code'), billType) !== '1' && row.text('original_claim_id') === null) {
    row.problem('required', 'original_claim_id');
  }
  judgeOwner(row, context);
  judgeDiagnoses(row, context);
}

/** A claim belongs to one member: a line that names another would carry diagnoses from person to person. */
function judgeOwner(row: TableRow, { claims }: BatchContext): void {
  const claimId = row.text('claim_id');
  const memberId = row.text('member_id');
  if (claimId === null || memberId === null) return;
  const owner = claims.get(claimId, 0);
  if (owner !== undefined && owner !== fingerprint(memberId)) {
    row.refuse('contradiction', 'member_id', { other: 'the first row of the claim' });
  }
}

function judgeDiagnoses(row: TableRow, context: BatchContext): void {
  const [first] = row.wideCodes;
  if (!first) return;
  const date =
    row.text('discharge_date') ??
    row.text('claim_line_end_date') ??
    row.text('claim_end_date') ??
    row.text('claim_start_date');
  if (row.text('diagnosis_code_type') === 'icd-9-cm') {
    const details = { value: first.code, date: date ?? 'this date' };
    row.problem('diagnosis_unknown', first.column, details, 'ICD-9-CM codes of this row are not used');
    return;
  }
  for (const { column } of row.wideCodes) judgeCode(row, column, { date, context });
}

/** A line of a claim that has been handed on already. */
function takeLateLine(
  row: TableRow,
  source: SourceRef,
  { context, emit }: { readonly context: BatchContext; readonly emit: Emit },
): void {
  const memberId = row.text('member_id') ?? '';
  const claimId = row.text('claim_id') ?? '';
  if (context.claims.get(claimId, 1) !== fingerprint(claimValues(row))) {
    row.problem('contradiction', 'claim_id', { other: 'the claim-level values of an earlier row' });
  }
  const line = lineOf(row);
  if (line) emit({ ...lineRecord(memberId, claimId, { number: lineNumber(row), line }), source });
  for (const code of diagnosesOf(row)) {
    emit({ kind: 'diagnosis', memberId, source, encounterId: claimId, code, position: null });
  }
}
