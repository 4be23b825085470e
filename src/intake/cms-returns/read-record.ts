import type { CanonicalRecord, PaidRaf, SourceRef } from '../../store/records.ts';
import { compactDate, idText } from '../x12/values.ts';
import { field, MAO004, MMR, MOR_J, MOR_J_HCCS, type Place } from './layouts.ts';

export interface Refusal {
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly value: string | null;
}

export type RecordRead =
  | { readonly ok: true; readonly records: readonly CanonicalRecord[]; readonly remarks: readonly Refusal[] }
  | ({ readonly ok: false } & Refusal);

/** What the header of a file says, where there is one. */
export interface Header {
  readonly contractId: string | null;
  readonly runDate: string | null;
  /** `YYYYMM` of the payment. */
  readonly month: string | null;
}

function refuse(name: string, place: Place, code: string, message: string, value: string): RecordRead {
  return { ok: false, field: `${name} ${place[0]}-${place[1]}`, code, message, value };
}

/** A MAO-004 detail: whether CMS allowed the record's diagnoses for risk adjustment, by ICN. */
export function readMao004(record: string, source: SourceRef): RecordRead {
  const memberId = idText(field(record, MAO004.mbi));
  if (memberId === null)
    return refuse('mbi', MAO004.mbi, 'member_id_missing', 'the record names no beneficiary', '');
  const icn = idText(field(record, MAO004.icn));
  if (icn === null) return refuse('icn', MAO004.icn, 'icn_missing', 'the record names no encounter', '');
  const allowed = field(record, MAO004.allowed);
  if (allowed !== '' && allowed !== 'A' && allowed !== 'D') {
    return refuse('allowed', MAO004.allowed, 'status_unknown', 'neither A, D nor blank', allowed);
  }
  const through = field(record, MAO004.through);
  if (compactDate(through) === null) {
    return refuse('through', MAO004.through, 'date_invalid', 'the through date is no calendar date', through);
  }
  const reason = field(record, MAO004.reason);
  return {
    ok: true,
    remarks: [],
    records: [
      {
        kind: 'encounter_status',
        memberId,
        source,
        encounterId: null,
        icn,
        acceptance: null,
        // Blank for voids and chart review deletes: nothing is said.
        mao004: allowed === 'A' ? 'allowed' : allowed === 'D' ? 'disallowed' : null,
        reasons: reason === '' ? [] : [reason],
      },
    ],
  };
}

/** A MOR record J: the payment HCCs of a V24 model run. */
export function readMor(record: string, header: Header, source: SourceRef): RecordRead {
  const letter = field(record, MOR_J.recordType);
  if (letter !== 'J') {
    const message = 'the layout of this record type is not known';
    return refuse('recordType', MOR_J.recordType, 'mor_record_type_unknown', message, letter);
  }
  const memberId = idText(field(record, MOR_J.mbi));
  if (memberId === null)
    return refuse('mbi', MOR_J.mbi, 'member_id_missing', 'the record names no beneficiary', '');
  const flags = record.slice(MOR_J.hccFlags[0] - 1, MOR_J.hccFlags[1]);
  if (!/^[01]{86}$/.test(flags)) {
    return refuse('hccFlags', MOR_J.hccFlags, 'flag_invalid', 'HCC flags are 0 or 1', flags);
  }
  const hccs = MOR_J_HCCS.filter((_, index) => flags.charAt(index) === '1');
  const stated = field(record, MOR_J.paymentHccCount);
  const year = /^\d{4}/.exec(header.month ?? '')?.[0];
  const remarks: Refusal[] = [];
  if (/^\d$/.test(stated) && Number(stated) !== Math.min(hccs.length, 9)) {
    const message = `${hccs.length} HCC flags are set`;
    remarks.push({ field: 'paymentHccCount 178-178', code: 'hcc_count_mismatch', message, value: stated });
  }
  const paid: PaidRaf = {
    ...NOTHING_PAID,
    report: 'mor',
    contractId: header.contractId,
    paymentYear: year === undefined ? null : Number(year),
    runDate: header.runDate,
    model: 'cms-hcc-v24',
    hccs,
    paymentHccCount: /^\d$/.test(stated) ? Number(stated) : null,
  };
  const key = ['mor', paid.model, header.month ?? '', header.runDate ?? ''].join(':');
  return {
    ok: true,
    remarks,
    records: [{ kind: 'paid_raf', memberId, source, key, paid }],
  };
}

/** An MMR detail: what CMS paid for a member and month, or an adjustment of it, with the factors it used. */
export function readMmr(record: string, source: SourceRef): RecordRead {
  const memberId = idText(field(record, MMR.mbi));
  if (memberId === null)
    return refuse('mbi', MMR.mbi, 'member_id_missing', 'the record names no beneficiary', '');
  const month = field(record, MMR.paymentMonth);
  if (!/^(19|20)\d{2}(0[1-9]|1[0-2])$/.test(month)) {
    return refuse('paymentMonth', MMR.paymentMonth, 'date_invalid', 'the payment month is not CCYYMM', month);
  }
  for (const name of ['rafA', 'rafB'] as const) {
    const text = field(record, MMR[name]);
    if (text !== '' && decimal(text) === null) {
      return refuse(name, MMR[name], 'raf_invalid', 'the factor is no decimal number', text);
    }
  }
  const at = (name: Exclude<keyof typeof MMR, 'length'>) => field(record, MMR[name]);
  const orNull = (text: string) => (text === '' ? null : text);
  const flag = (text: string) => /^[Y1]$/.test(text);
  const amounts = [cents(at('amountA')), cents(at('amountB'))].filter((amount) => amount !== null);
  const adjustmentReason = orNull(at('adjustmentReason').replace(/^0+$/, ''));
  const paid: PaidRaf = {
    ...NOTHING_PAID,
    report: 'mmr',
    contractId: orNull(at('contract')),
    planId: orNull(at('planId')),
    paymentMonth: `${month.slice(0, 4)}-${month.slice(4)}`,
    paymentYear: Number(month.slice(0, 4)),
    runDate: compactDate(at('runDate')),
    rafA: decimal(at('rafA')),
    rafB: decimal(at('rafB')),
    factorType: orNull(at('factorType')),
    adjustmentReason,
    originalEntitlement: /^[0-3]$/.test(at('originalEntitlement')) ? at('originalEntitlement') : null,
    dualStatus: /^(0\d|99|NA)$/.test(at('dualStatus')) ? at('dualStatus') : null,
    institutional: flag(at('institutional')),
    hospice: flag(at('hospice')),
    esrd: flag(at('esrd')),
    paidCents: amounts.length === 0 ? null : amounts.reduce((sum, amount) => sum + amount, 0),
  };
  const key = [
    'mmr',
    paid.contractId ?? '',
    month,
    adjustmentReason ?? '',
    at('adjustmentStart'),
    at('adjustmentEnd'),
    at('runDate'),
  ];
  return {
    ok: true,
    remarks: [],
    records: [{ kind: 'paid_raf', memberId, source, key: key.join(':'), paid }],
  };
}

const NOTHING_PAID: Omit<PaidRaf, 'report'> = {
  contractId: null,
  planId: null,
  paymentMonth: null,
  paymentYear: null,
  runDate: null,
  model: null,
  rafA: null,
  rafB: null,
  factorType: null,
  adjustmentReason: null,
  originalEntitlement: null,
  dualStatus: null,
  institutional: null,
  hospice: null,
  esrd: null,
  paidCents: null,
  hccs: null,
  paymentHccCount: null,
};

/** A factor such as `01.2340` without leading zeros, its decimals as sent; null for anything else. */
function decimal(text: string): string | null {
  const match = /^0*(\d{1,3})(\.\d{1,5})?$/.exec(text);
  return match ? `${match[1]}${match[2] ?? ''}` : null;
}

/** An amount such as `-00123.45` in cents. */
function cents(text: string): number | null {
  const match = /^([+-]?)(\d{1,7})\.(\d{2})$/.exec(text);
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 100 + Number(match[3])) : null;
}
