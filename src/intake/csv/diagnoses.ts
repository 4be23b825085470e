import type { IsoDate } from '../../engine/dates.ts';
import type { CodeSystem, Condition, Encounter } from '../../engine/history.ts';
import type { SourceRef } from '../../store/records.ts';
import { contentKey } from '../content-key.ts';
import { fingerprint } from '../key-map.ts';
import type { BatchContext, Emit, TableReader } from './batch-context.ts';
import { judgeCode } from './codes.ts';
import type { TableRow } from './table-row.ts';

const SYSTEMS: Readonly<Record<string, CodeSystem>> = {
  'icd-10-cm': 'icd10cm',
  'icd-9-cm': 'other',
  snomed: 'snomed',
};
/** Encounters named lately without being in the batch; each is stated once while it is remembered. */
const REMEMBERED_STANDINS = 10_000;

/**
 * Reader of diagnoses.csv. A coded diagnosis (billing, discharge, encounter) becomes a diagnosis of its claim. Without
 * a claim it hangs on a stand-in encounter of that member and day, whose eligibility is unknown and which therefore
 * counts for nothing until the caller asserts it. Problem-list and admitting rows, and diagnoses that are resolved,
 * inactive or refuted, become conditions: they are evidence and never close a gap.
 */
export function diagnosesReader(context: BatchContext): TableReader {
  const standIns = new Set<string>();
  return {
    judge: (row) => judgeDiagnosis(row, context),
    take(row, source, emit) {
      if (isCoded(row)) takeDiagnosis(row, source, { context, emit, standIns });
      else takeCondition(row, source, emit);
    },
    finish: () => undefined,
  };
}

function judgeDiagnosis(row: TableRow, context: BatchContext): void {
  const date = row.text('service_date');
  const codeType = row.text('diagnosis_code_type') ?? 'icd-10-cm';
  if (codeType === 'icd-10-cm') judgeCode(row, 'diagnosis_code', { date, context });
  else if (codeType === 'icd-9-cm') {
    row.problem(
      'diagnosis_unknown',
      'diagnosis_code',
      { value: row.text('diagnosis_code') ?? '', date: date ?? 'this date' },
      'kept as a condition in another code system',
    );
  }
  const claimId = row.text('claim_id');
  const memberId = row.text('member_id');
  if (claimId !== null && memberId !== null && !isClaimOf(context, claimId, memberId)) {
    row.problem('unknown_claim', 'claim_id', { value: claimId });
  }
}

/** True when a claim of this batch, or of an earlier one, is the member's. */
export function isClaimOf(context: BatchContext, claimId: string, memberId: string): boolean {
  return (
    context.claims.get(claimId, 0) === fingerprint(memberId) ||
    context.earlierEncounters.get(`${memberId}\t${claimId}`) === 1
  );
}

function isCoded(row: TableRow): boolean {
  const type = row.text('condition_type') ?? 'billing';
  if (type === 'problem' || type === 'admitting') return false;
  if ((row.text('diagnosis_code_type') ?? 'icd-10-cm') !== 'icd-10-cm') return false;
  return (row.text('status') ?? 'active') === 'active';
}

function takeDiagnosis(
  row: TableRow,
  source: SourceRef,
  {
    context,
    emit,
    standIns,
  }: { readonly context: BatchContext; readonly emit: Emit; readonly standIns: Set<string> },
): void {
  const memberId = row.text('member_id') ?? '';
  const claimId = row.text('claim_id');
  const date = row.text('service_date') ?? '';
  const asserted = row.flag('eligible');
  const known = claimId !== null && isClaimOf(context, claimId, memberId);
  const encounterId = claimId ?? standInId(memberId, date, asserted);
  if (known && asserted !== null) {
    row.remark('assertion_not_used', 'eligible', 'the claim is at hand: its own record decides eligibility');
  }
  const standIn = `${memberId}\t${encounterId}`;
  if (!known && !standIns.has(standIn)) {
    if (standIns.size >= REMEMBERED_STANDINS) standIns.clear();
    standIns.add(standIn);
    const encounter = standInEncounter(row, { encounterId, date, asserted });
    emit({ kind: 'encounter', memberId, source, encounter, complete: false });
  }
  emit({
    kind: 'diagnosis',
    memberId,
    source,
    encounterId,
    code: row.text('diagnosis_code') ?? '',
    position: row.number('diagnosis_rank'),
  });
}

function standInId(memberId: string, date: IsoDate, asserted: boolean | null): string {
  const suffix = asserted === null ? '' : asserted ? '.eligible' : '.ineligible';
  return `dx.${memberId}.${date}${suffix}`;
}

/** An encounter known by its diagnoses only. The caller's assertion stands where CMS's answer would. */
function standInEncounter(
  row: TableRow,
  {
    encounterId,
    date,
    asserted,
  }: { readonly encounterId: string; readonly date: IsoDate; readonly asserted: boolean | null },
): Omit<Encounter, 'lines' | 'diagnoses'> {
  const npi = row.text('rendering_npi');
  return {
    encounterId,
    from: date,
    to: date,
    setting: 'professional',
    billType: null,
    modality: 'in_person',
    source: row.text('claim_id') === null ? 'ehr' : 'claim',
    linkedEncounterId: null,
    claimStatus: 'original',
    replacesEncounterId: null,
    icn: null,
    acceptance: null,
    mao004: asserted === null ? null : asserted ? 'allowed' : 'disallowed',
    crrAction: null,
    placeOfService: null,
    hra: false,
    signed: null,
    provider: npi === null ? null : { npi, specialty: null },
  };
}

function takeCondition(row: TableRow, source: SourceRef, emit: Emit): void {
  const memberId = row.text('member_id') ?? '';
  const type = row.text('condition_type') ?? 'billing';
  const status = row.text('status') ?? 'active';
  const date = row.text('service_date');
  const resolved = row.text('resolved_date');
  const over = status === 'resolved' || (status === 'active' && type === 'problem' && resolved !== null);
  const condition: Condition = {
    conditionId: null,
    code: row.text('diagnosis_code') ?? '',
    system: SYSTEMS[row.text('diagnosis_code_type') ?? 'icd-10-cm'] ?? 'other',
    source: type === 'problem' ? 'problem_list' : 'note',
    encounterId: row.text('claim_id'),
    // What ended is dated by its end, if that is later than the entry.
    recorded: over && resolved !== null && date !== null && resolved > date ? resolved : date,
    clinicalStatus: over
      ? 'resolved'
      : status === 'inactive'
        ? 'inactive'
        : status === 'refuted'
          ? null
          : 'active',
    // An admitting diagnosis is what was suspected at the door.
    verification: status === 'refuted' ? 'refuted' : type === 'admitting' ? 'provisional' : null,
    context: null,
    meat: null,
    signed: null,
  };
  emit({ kind: 'condition', memberId, source, key: contentKey(condition), condition });
}
