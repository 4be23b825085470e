import { type IsoDate, yearOf } from '../dates.ts';
import type { Encounter } from '../history.ts';
import { isDeletingReview, isVoid, plainBillType, type RecordVersions } from '../record-versions.ts';
import type { HhsDiagnosis } from './categories.ts';
import type { HhsYearTables } from './tables.ts';

export interface EdgeVerdict {
  readonly encounterId: string;
  readonly accepted: boolean;
  readonly reason: string;
}

export interface EdgeDiagnoses {
  readonly verdicts: readonly EdgeVerdict[];
  readonly diagnoses: readonly HhsDiagnosis[];
  /** Procedure codes of accepted settings, for RXC and ACF. */
  readonly procedures: readonly string[];
}

export interface EdgeRequest {
  readonly year: HhsYearTables;
  readonly versions: RecordVersions;
  /** True on the days of enrolment. */
  readonly enrolledOn: (date: IsoDate) => boolean;
}

/**
 * Which records supply diagnoses (algorithm section B, rules 6-8; HHS-1 to HHS-4): inpatient claims by type of bill,
 * outpatient claims by type of bill and a listed service code, professional claims by a listed service code; a chart
 * review counts through the accepted claim it links to, and a deleting one takes its codes away.
 */
export function edgeDiagnoses({ year, versions, enrolledOn }: EdgeRequest): EdgeDiagnoses {
  const claims = new Map<string, EdgeVerdict>();
  for (const encounter of versions.encounters) {
    if (encounter.source === 'chart_review') continue;
    claims.set(encounter.encounterId, judge(year, versions, encounter, enrolledOn));
  }
  const verdicts: EdgeVerdict[] = [];
  const diagnoses: HhsDiagnosis[] = [];
  const procedures = new Set<string>();
  for (const encounter of versions.encounters) {
    const verdict = claims.get(encounter.encounterId) ?? judgeReview(versions, encounter, claims);
    verdicts.push(verdict);
    // Drug procedures are read from every accepted setting, with or without a listed service code (rule 8).
    if (
      inSetting(year, encounter) &&
      inForce(versions, encounter) &&
      yearOf(encounter.to) === year.benefitYear
    ) {
      for (const { procedure } of encounter.lines) if (procedure !== null) procedures.add(procedure);
    }
    if (!verdict.accepted || isDeletingReview(encounter)) continue;
    const deleted = versions.deletedCodes.get(encounter.encounterId);
    const date = dateOf(versions, encounter);
    for (const { code } of encounter.diagnoses) if (!deleted?.has(code)) diagnoses.push({ code, date });
  }
  return { verdicts, diagnoses, procedures: [...procedures] };
}

/** The year's list of service codes is needed to judge these encounters and is not held. */
export function needsMissingList(year: HhsYearTables, versions: RecordVersions): boolean {
  return (
    year.serviceCodes === null &&
    versions.encounters.some(
      (encounter) => yearOf(encounter.to) === year.benefitYear && needsServiceCode(year, encounter) === true,
    )
  );
}

function judge(
  year: HhsYearTables,
  versions: RecordVersions,
  encounter: Encounter,
  enrolledOn: (date: IsoDate) => boolean,
): EdgeVerdict {
  const no = (reason: string): EdgeVerdict => ({
    encounterId: encounter.encounterId,
    accepted: false,
    reason,
  });
  if (!inForce(versions, encounter)) return no('void or replaced');
  if (encounter.source === 'ehr') return no('no claim');
  if (encounter.acceptance === 'rejected') return no('claim rejected');
  if (yearOf(encounter.to) !== year.benefitYear) return no(`outside benefit year ${year.benefitYear}`);
  if (!enrolledOn(encounter.to)) return no('not enrolled on the service date');
  const needs = needsServiceCode(year, encounter);
  if (needs === null) return no('setting or type of bill is not accepted');
  const listed = encounter.lines.some(
    ({ procedure }) => procedure !== null && year.serviceCodes?.has(procedure.toUpperCase()),
  );
  if (needs && !listed) return no('no eligible service code');
  return {
    encounterId: encounter.encounterId,
    accepted: true,
    reason: needs ? 'eligible service code' : 'inpatient bill',
  };
}

/** HHS-4: a supplemental diagnosis must point to an accepted claim. */
function judgeReview(
  versions: RecordVersions,
  review: Encounter,
  claims: ReadonlyMap<string, EdgeVerdict>,
): EdgeVerdict {
  const no = (reason: string): EdgeVerdict => ({ encounterId: review.encounterId, accepted: false, reason });
  if (!inForce(versions, review)) return no('void or replaced');
  const link = review.linkedEncounterId;
  const claim = link === null ? undefined : claims.get(link);
  if (!claim) return no('chart review without a linked claim');
  if (!claim.accepted) return no(`linked claim is not accepted: ${claim.reason}`);
  const reason = isDeletingReview(review) ? 'deletes from the linked claim' : 'linked to an accepted claim';
  return { encounterId: review.encounterId, accepted: true, reason };
}

/** A chart review speaks of the day of its claim. */
function dateOf(versions: RecordVersions, encounter: Encounter): IsoDate {
  const link = encounter.source === 'chart_review' ? encounter.linkedEncounterId : null;
  return (link === null ? undefined : versions.byId.get(link)?.to) ?? encounter.to;
}

function inForce(versions: RecordVersions, encounter: Encounter): boolean {
  return !isVoid(encounter) && !versions.withdrawn.has(encounter.encounterId);
}

function inSetting(year: HhsYearTables, encounter: Encounter): boolean {
  return encounter.source === 'claim' && needsServiceCode(year, encounter) !== null;
}

/** Whether the record needs a listed service code; null when its setting or type of bill never counts. */
function needsServiceCode(year: HhsYearTables, encounter: Encounter): boolean | null {
  if (encounter.setting === 'professional') return true;
  if (encounter.setting === 'other' || encounter.billType === null) return null;
  return year.billTypes.get(plainBillType(encounter.billType)) ?? null;
}
