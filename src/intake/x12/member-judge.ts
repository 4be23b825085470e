import type { IsoDate } from '../../engine/dates.ts';
import type { CoveragePeriod } from '../../engine/history.ts';
import type { CoverageRecord, MemberAliasRecord, MemberRecord, SourceRef } from '../../store/records.ts';
import { mbiOf } from '../mbi.ts';
import type { Fault } from '../outcome.ts';
import { spanOf } from './claim-dates.ts';
import type { Located } from './claim-draft.ts';
import type { JudgeContext } from './claim-judge.ts';
import { type Remark, Remarks } from './claim-remarks.ts';
import type { HealthCoverage, MemberDraft } from './member-reader.ts';
import type { EnrollmentRule } from './settings.ts';
import { compactDate, idText, isNpi } from './values.ts';

export type MemberJudgement = { readonly remarks: readonly Remark[] } & (
  | { readonly ok: true; readonly records: readonly (MemberRecord | MemberAliasRecord | CoverageRecord)[] }
  | { readonly ok: false; readonly fault: Fault }
);

/** Insurance lines of HD03 that are no medical coverage: dental, vision, drugs alone, hearing, life. */
const NOT_MEDICAL = new Set(['DEN', 'VIS', 'PDG', 'HE', 'AG', 'AH', 'AJ', 'AK']);
/** Standing-in end dates for "open". */
const OPEN_END = '9999-12-31';

/**
 * An 834 member as records. The member id is the subscriber number (REF*0F) of a subscriber; a dependant shares that
 * number with the subscriber and is known by NM109 unless it is a social security number (NM108 34), else by REF*23.
 * Dual status, institutional status, hospice and entitlement have no place in the guide: they come from the sender's
 * rules in the settings, and are unknown, with a warning, otherwise.
 */
export function judgeMember(
  draft: MemberDraft,
  context: JudgeContext,
  sender: readonly string[],
): MemberJudgement {
  const { place, separators, options, settings } = context;
  const remarks = new Remarks(place, separators);
  const { ins } = draft;
  if (draft.oversized) {
    const fault = {
      field: 'INS',
      code: 'member_too_large',
      message: 'the member loop has too many segments',
    };
    return { ok: false, remarks: remarks.list, fault: { ...remarks.fault(ins, fault), raw: draft.raw } };
  }
  const memberId = memberIdOf(draft);
  if (memberId === null) {
    const fault = { field: 'REF02', code: 'member_id_missing', message: 'the member has no usable id' };
    return { ok: false, remarks: remarks.list, fault: { ...remarks.fault(ins, fault), raw: draft.raw } };
  }
  const source: SourceRef = { file: '', row: ins.row };
  const birth = draft.demographics?.elements[2] ?? '';
  const birthDate = compactDate(birth);
  if (birth !== '' && (birthDate === null || birthDate > options.asOf)) {
    remarks.error(
      draft.demographics ?? ins,
      'DMG02',
      'date_invalid',
      'not a calendar date up to today',
      birth,
    );
  }
  const sex = draft.demographics?.elements[3];
  const pcpNpi = idText(draft.pcp?.elements[9]);
  const rules = settings.enrollment.filter((rule) => sender.includes(rule.sender));
  const member: MemberRecord = {
    kind: 'member',
    memberId,
    source,
    birthDate: birthDate !== null && birthDate <= options.asOf ? birthDate : null,
    sex: sex === 'F' || sex === 'M' ? sex : null,
    deathDate: ins.elements[11] === 'D8' ? compactDate(ins.elements[12] ?? '') : null,
    pcpNpi: pcpNpi !== null && isNpi(pcpNpi) ? pcpNpi : null,
  };
  const coverages = judgeCoverages(draft, { ...context, remarks, rules }).map(
    (period): CoverageRecord => ({
      kind: 'coverage',
      memberId,
      source,
      period,
      metal: null,
      csr: null,
      enrollmentMonths: null,
    }),
  );
  // REF*F6: the Medicare number.
  const mbi = mbiOf(draft.references.find((at) => at.elements[1] === 'F6')?.elements[2]);
  const alias: readonly MemberAliasRecord[] =
    mbi === null || mbi === memberId ? [] : [{ kind: 'member_alias', memberId, source, alias: mbi }];
  return { ok: true, remarks: remarks.list, records: [member, ...alias, ...coverages] };
}

function memberIdOf(draft: MemberDraft): string | null {
  const reference = (qualifier: string) =>
    idText(draft.references.find((at) => at.elements[1] === qualifier)?.elements[2]);
  const named = draft.name?.elements[8] === '34' ? null : idText(draft.name?.elements[9]);
  return draft.ins.elements[1] === 'N' ? (named ?? reference('23')) : (reference('0F') ?? named);
}

type CoverageContext = JudgeContext & {
  readonly remarks: Remarks;
  readonly rules: readonly EnrollmentRule[];
};

function judgeCoverages(draft: MemberDraft, context: CoverageContext): CoveragePeriod[] {
  const { remarks } = context;
  const whole: HealthCoverage = { hd: draft.ins, dates: [], references: [] };
  const loops = draft.coverages.length === 0 ? [whole] : draft.coverages;
  const periods: CoveragePeriod[] = [];
  for (const loop of loops) {
    if (loop !== whole && NOT_MEDICAL.has(loop.hd.elements[3] ?? '')) {
      const message = 'the coverage is not medical';
      remarks.warning(loop.hd, 'HD03', 'coverage_not_medical', message, loop.hd.elements[3]);
      continue;
    }
    const from = day(loop.dates, ['348'], remarks) ?? day(draft.dates, ['356', '303'], remarks);
    const to = day(loop.dates, ['349'], remarks) ?? day(draft.dates, ['357'], remarks);
    if (from === null) {
      remarks.warning(loop.hd, 'DTP03', 'coverage_without_begin', 'no begin date is given for the coverage');
      continue;
    }
    if (to !== null && to < from) {
      remarks.warning(loop.hd, 'DTP03', 'coverage_cancelled', 'the coverage ends before it begins', to);
      continue;
    }
    const end = to === null || to >= OPEN_END ? null : to;
    periods.push(periodOf(draft, loop, { ...context, from, to: end }));
  }
  return periods;
}

function day(dates: readonly Located[], qualifiers: readonly string[], remarks: Remarks): IsoDate | null {
  for (const qualifier of qualifiers) {
    const at = dates.find((each) => each.elements[1] === qualifier);
    const span = at === undefined ? null : spanOf(at, remarks);
    if (span !== null) return qualifier === '349' || qualifier === '357' ? span.to : span.from;
  }
  return null;
}

function periodOf(
  draft: MemberDraft,
  loop: HealthCoverage,
  context: CoverageContext & { readonly from: IsoDate; readonly to: IsoDate | null },
): CoveragePeriod {
  const { remarks, options, separators, rules } = context;
  const mapped = (field: EnrollmentRule['field']): string | null => {
    for (const rule of rules.filter((each) => each.field === field)) {
      const references = rule.loop === 'coverage' ? loop.references : draft.references;
      for (const at of references.filter((each) => each.elements[1] === rule.qualifier)) {
        const text = at.elements[2] ?? '';
        const piece = rule.separator === null ? text : (text.split(rule.separator)[rule.component - 1] ?? '');
        const value = rule.values === null ? idText(piece) : (rule.values[piece.trim()] ?? null);
        if (value !== null) return value;
      }
    }
    return null;
  };
  const dualStatus = mapped('dualStatus');
  if (dualStatus === null) {
    remarks.warning(loop.hd, 'REF02', 'dual_status_unknown', 'no rule of the sender gives the dual status');
  }
  const [, reason = ''] = (draft.ins.elements[6] ?? '').split(separators.component);
  return {
    program: options.program,
    contractId: mapped('contractId'),
    planId: mapped('planId'),
    from: context.from,
    to: context.to,
    originalEntitlement: mapped('originalEntitlement'),
    currentEntitlement: /^[012]$/.test(reason) ? reason : null,
    dualStatus,
    institutional: mapped('institutional') === 'true',
    newEnrollee: false,
    snp: 'none',
    lowIncome: false,
    partD: 'none',
    esrd: null,
    hospice: mapped('hospice') === 'true',
    switcher: false,
  };
}
