import type { EncounterVerdict } from './analysis-contract.ts';
import { type IsoDate, yearOf } from './dates.ts';
import type { CoveragePeriod, Encounter } from './history.ts';
import { isDeletingReview, plainBillType, type RecordVersions } from './record-versions.ts';

/** Facts of the filter, loaded from the package `eligibility`. */
export interface EligibilityTables {
  /** CPT/HCPCS values on CMS's list, by calendar year of service; a year without a list is absent. */
  readonly procedures: ReadonlyMap<number, ReadonlySet<string>>;
  /** Eligible types of bill by their first two characters. The list is closed: absence means ineligible. */
  readonly billTypes: ReadonlyMap<string, { readonly needsProcedure: boolean }>;
  readonly specialtiesNotAccepted: ReadonlySet<string>;
  readonly rules: EligibilityRules;
}

export interface EligibilityRules {
  readonly audioOnlyModifiers: readonly string[];
  readonly audioOnlyExcludedFromPaymentYear: number;
  readonly unlinkedChartReviewExcludedFromPaymentYear: number;
  readonly unlinkedChartReviewPaceExemptPaymentYears: readonly number[];
  readonly labOrImaging: { readonly from: number; readonly to: number };
  readonly dmeOrAmbulancePrefixes: readonly string[];
  /** Places of service and modifiers that mark telehealth; they do not prove video (F2F-5). */
  readonly telehealthPlaces: readonly string[];
  readonly telehealthModifiers: readonly string[];
}

/** A record with its verdict and what follows from it. */
export interface JudgedEncounter {
  readonly encounter: Encounter;
  readonly verdict: EncounterVerdict;
  /** Calendar year of the through date (CAL-8). */
  readonly dosYear: number;
  /** Void, voided, replaced or deleted: as if it had never been sent. */
  readonly withdrawn: boolean;
  /** Adds diagnoses: false for a deleting chart review. */
  readonly carries: boolean;
  /** Chart review without an eligible linked encounter. */
  readonly unlinkedReview: boolean;
  readonly audioOnly: boolean;
  /** Fields whose absence decided the verdict; then a finding from it is of medium confidence. */
  readonly missing: readonly string[];
  /** Distinct codes in force, deletions taken off, in code order. */
  readonly codes: readonly string[];
}

export interface JudgeOptions {
  /** DOS year of the analysis, payment year minus one. */
  readonly dosYear: number;
  readonly lookbackYears: number;
  readonly asOf: IsoDate;
  readonly coverage: readonly CoveragePeriod[];
}

interface ServiceTest {
  readonly reasons: readonly string[];
  readonly missing: readonly string[];
  /** Every eligible line carries modifier 93 or FQ. */
  readonly allAudioOnly: boolean;
  readonly passedBy: string;
}

/**
 * Judges every record dated up to `asOf` by the rules of the payment year after its own DOS year
 * (encounter eligibility, section 1.1). Each encounter gets exactly one verdict.
 */
export function judgeEncounters(
  tables: EligibilityTables,
  versions: RecordVersions,
  options: JudgeOptions,
): readonly JudgedEncounter[] {
  const judged = new Map<string, JudgedEncounter>();
  const judge = (encounter: Encounter): JudgedEncounter => {
    const linked =
      encounter.source === 'chart_review' && encounter.linkedEncounterId !== null
        ? (versions.byId.get(encounter.linkedEncounterId) ?? null)
        : null;
    // A link to another chart review is no link to an encounter.
    const link = linked !== null && linked.source !== 'chart_review' ? judgeOnce(linked) : null;
    return judgeOne(tables, versions, options, encounter, link);
  };
  const judgeOnce = (encounter: Encounter): JudgedEncounter => {
    const known = judged.get(encounter.encounterId);
    if (known) return known;
    const verdict = judge(encounter);
    judged.set(encounter.encounterId, verdict);
    return verdict;
  };
  return versions.encounters.map(judgeOnce);
}

function judgeOne(
  tables: EligibilityTables,
  versions: RecordVersions,
  options: JudgeOptions,
  encounter: Encounter,
  link: JudgedEncounter | null,
): JudgedEncounter {
  const dosYear = yearOf(encounter.to);
  const isReview = encounter.source === 'chart_review';
  const linked = link?.verdict.eligible === true && link.dosYear === dosYear;
  const unlinkedReview = isReview && !linked;
  const test = isReview ? REVIEW_TEST : serviceTest(tables, encounter, dosYear);
  const audioOnly = !isReview && (test.allAudioOnly || encounter.modality === 'audio_only');
  const withdrawn = versions.withdrawn.has(encounter.encounterId);
  const { reasons, missing, note } = decide(tables, options, {
    encounter,
    dosYear,
    test,
    unlinkedReview,
    withdrawn,
  });
  const eligible = reasons.length === 0;
  const deleted = versions.deletedCodes.get(encounter.encounterId);
  const codes = new Set(encounter.diagnoses.map(({ code }) => code));
  if (deleted) for (const code of deleted) codes.delete(code);
  return {
    encounter,
    dosYear,
    withdrawn,
    carries: !withdrawn && !isDeletingReview(encounter),
    unlinkedReview,
    audioOnly,
    missing,
    codes: codes.size > 1 ? [...codes].sort() : [...codes],
    verdict: {
      encounterId: encounter.encounterId,
      eligible,
      dosYear,
      reasons,
      flags: recordFlags(tables, encounter, { audioOnly, unlinkedReview }),
      reason: eligible ? note : `${reasons.join(', ')}${note === '' ? '' : `: ${note}`}`,
    },
  };
}

interface Decision {
  readonly reasons: readonly string[];
  readonly missing: readonly string[];
  readonly note: string;
}

function decide(
  tables: EligibilityTables,
  options: JudgeOptions,
  facts: {
    readonly encounter: Encounter;
    readonly dosYear: number;
    readonly test: ServiceTest;
    readonly unlinkedReview: boolean;
    readonly withdrawn: boolean;
  },
): Decision {
  const { encounter, dosYear, test } = facts;
  const out = (reason: string, note: string): Decision => ({ reasons: [reason], missing: NONE, note });
  if (dosYear > options.dosYear || dosYear < options.dosYear - options.lookbackYears) {
    return out('DOS_OUT_OF_WINDOW', `through date ${encounter.to}`);
  }
  if (facts.withdrawn) return out('VOIDED_OR_DELETED', 'void record, or voided or replaced by another');
  const reasons = [...test.reasons];
  const paymentYear = dosYear + 1;
  const { rules } = tables;
  if (reasons.length === 0 && test.allAudioOnly && paymentYear >= rules.audioOnlyExcludedFromPaymentYear) {
    reasons.push('AUDIO_ONLY');
  }
  if (facts.unlinkedReview && unlinkedExcluded(rules, options, encounter.to)) reasons.push('UNLINKED_CRR');
  if (encounter.acceptance === 'rejected') {
    return { reasons: ['REJECTED_277CA_OR_MAO002', ...reasons], missing: NONE, note: 'not accepted by CMS' };
  }
  if (encounter.mao004 === 'disallowed') {
    const differs = reasons.length === 0 ? '; the rules alone would allow it' : '';
    return {
      reasons: ['MAO004_DISALLOWED', ...reasons],
      missing: NONE,
      note: `MAO-004 disallows it${differs}`,
    };
  }
  if (encounter.mao004 === 'allowed') {
    const differs = reasons.length === 0 ? '' : `; the rules alone would say ${reasons.join(', ')}`;
    return { reasons: NONE, missing: NONE, note: `MAO-004 allows it${differs}` };
  }
  const missing = test.missing.length > 0 ? `not given: ${test.missing.join(', ')}` : '';
  return reasons.length === 0
    ? { reasons: NONE, missing: NONE, note: test.passedBy }
    : { reasons, missing: test.missing, note: missing };
}

/**
 * CRR-4 to CRR-6: excluded from services of 2026 unless the member switched MA organizations. The exception holds
 * from the coverage period that the member switched into backwards: at submission the earlier organization's ICNs are
 * out of reach. PACE is exempt for 2027 (one reading, unverified).
 */
export function unlinkedExcluded(
  rules: EligibilityRules,
  { coverage, asOf }: Pick<JudgeOptions, 'coverage' | 'asOf'>,
  dos: IsoDate,
): boolean {
  const paymentYear = yearOf(dos) + 1;
  if (paymentYear < rules.unlinkedChartReviewExcludedFromPaymentYear) return false;
  const reaches = (period: CoveragePeriod): boolean => period.to === null || period.to >= dos;
  if (coverage.some((period) => period.switcher && period.from <= asOf && reaches(period))) return false;
  const pace = coverage.some((period) => period.program === 'pace' && period.from <= dos && reaches(period));
  return !(pace && rules.unlinkedChartReviewPaceExemptPaymentYears.includes(paymentYear));
}

/** F2F-5: marked as telehealth, and nothing on the record says that there was video. */
export function isVideoUnproven(
  { telehealthPlaces, telehealthModifiers }: EligibilityRules,
  { modality, placeOfService, lines }: Encounter,
): boolean {
  if (modality === 'audio_video') return false;
  if (placeOfService !== null && telehealthPlaces.includes(placeOfService.trim())) return true;
  return lines.some(({ modifiers }) =>
    modifiers.some((modifier) => telehealthModifiers.includes(modifier.trim().toUpperCase())),
  );
}

const NONE: readonly string[] = [];
/** A chart review carries no service lines: steps 5 and 6 do not apply to it. */
const REVIEW_TEST: ServiceTest = {
  reasons: NONE,
  missing: NONE,
  allAudioOnly: false,
  passedBy: 'chart review',
};

/** Step 5: by record type, a listed procedure, an eligible type of bill, or both. */
function serviceTest(tables: EligibilityTables, encounter: Encounter, dosYear: number): ServiceTest {
  if (encounter.setting === 'professional') return procedureTest(tables, encounter, dosYear, 'professional');
  if (encounter.billType === null || encounter.billType.trim() === '') {
    return { reasons: ['BILL_TYPE'], missing: ['bill type'], allAudioOnly: false, passedBy: '' };
  }
  const billType = tables.billTypes.get(plainBillType(encounter.billType).slice(0, 2));
  if (billType === undefined)
    return { reasons: ['BILL_TYPE'], missing: NONE, allAudioOnly: false, passedBy: '' };
  const name = `${encounter.setting}, type of bill ${plainBillType(encounter.billType)}`;
  if (billType.needsProcedure) return procedureTest(tables, encounter, dosYear, name);
  return { reasons: NONE, missing: NONE, allAudioOnly: false, passedBy: name };
}

function procedureTest(
  tables: EligibilityTables,
  encounter: Encounter,
  dosYear: number,
  name: string,
): ServiceTest {
  const list = tables.procedures.get(dosYear);
  let listed: string | null = null;
  let eligibleLines = 0;
  let audioLines = 0;
  let codedLines = 0;
  for (const { procedure, modifiers } of encounter.lines) {
    if (procedure === null || procedure.trim() === '') continue;
    codedLines++;
    const code = procedure.trim().toUpperCase();
    if (list?.has(code) !== true) continue;
    eligibleLines++;
    if (listed === null || code < listed) listed = code;
    if (
      modifiers.some((modifier) => tables.rules.audioOnlyModifiers.includes(modifier.trim().toUpperCase()))
    ) {
      audioLines++;
    }
  }
  if (listed !== null) {
    return {
      reasons: NONE,
      missing: NONE,
      allAudioOnly: audioLines === eligibleLines,
      passedBy: `${name}, eligible CPT ${listed}`,
    };
  }
  const missing =
    list === undefined
      ? [`CPT list for services of ${dosYear}`]
      : codedLines === 0
        ? ['service lines with a procedure code']
        : NONE;
  return {
    reasons: ['NO_ELIGIBLE_CPT', ...serviceKinds(tables.rules, encounter)],
    missing,
    allAudioOnly: false,
    passedBy: '',
  };
}

/** Gap taxonomy, section 5: what the lines are, when all are of one kind that supports no diagnosis. */
function serviceKinds(rules: EligibilityRules, encounter: Encounter): string[] {
  const procedures = encounter.lines.flatMap(({ procedure }) =>
    procedure === null || procedure.trim() === '' ? [] : [procedure.trim().toUpperCase()],
  );
  if (procedures.length === 0) return [];
  const { from, to } = rules.labOrImaging;
  if (procedures.every((code) => /^\d{5}$/.test(code) && Number(code) >= from && Number(code) <= to)) {
    return ['LAB_OR_IMAGING_ONLY'];
  }
  const dme = procedures.every(
    (code) =>
      /^[A-Z]\d{4}$/.test(code) && rules.dmeOrAmbulancePrefixes.some((prefix) => code.startsWith(prefix)),
  );
  return dme ? ['DME_OR_AMBULANCE'] : [];
}

/** Marks that do not decide eligibility (sections 1.2 to 1.5): audit risk and weak sources. */
function recordFlags(
  tables: EligibilityTables,
  encounter: Encounter,
  { audioOnly, unlinkedReview }: { readonly audioOnly: boolean; readonly unlinkedReview: boolean },
): readonly string[] {
  const flags: string[] = [];
  if (audioOnly) flags.push('AUDIO_ONLY');
  const specialty = encounter.provider?.specialty ?? null;
  if (specialty !== null && tables.specialtiesNotAccepted.has(specialty)) flags.push('SPECIALTY');
  if (encounter.signed === false) flags.push('UNSIGNED_RECORD');
  if (unlinkedReview) flags.push('UNLINKED_CRR');
  if (encounter.hra) flags.push('HRA');
  return flags.length === 0 ? NONE : flags;
}
