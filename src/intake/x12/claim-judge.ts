import type { IsoDate } from '../../engine/dates.ts';
import type { Modality, Provider, Setting, Sex } from '../../engine/history.ts';
import { modalityOf } from '../modality.ts';
import type { Fault } from '../outcome.ts';
import type { IntakeOptions } from '../parser.ts';
import { claimSpan } from './claim-dates.ts';
import { judgeDiagnoses } from './claim-diagnoses.ts';
import type { ClaimDraft, ProviderDraft } from './claim-draft.ts';
import { type JudgedLine, judgeLines } from './claim-lines.ts';
import { type Remark, Remarks } from './claim-remarks.ts';
import { facilityComposite } from './composites.ts';
import type { Place } from './envelope.ts';
import type { X12Settings } from './settings.ts';
import type { Separators } from './tokenizer.ts';
import { compactDate, idText, isNpi } from './values.ts';

/** A claim that stands, in our own terms, before the claim it acts on is looked up. */
export interface JudgedClaim {
  readonly memberId: string;
  readonly claimNumber: string;
  readonly frequency: string;
  readonly from: IsoDate;
  readonly to: IsoDate;
  readonly setting: Setting;
  readonly billType: string | null;
  readonly placeOfService: string | null;
  readonly modality: Modality;
  readonly provider: Provider | null;
  readonly chartReview: boolean;
  /** A chart review that takes diagnoses off (REF*EA*8). */
  readonly deletes: boolean;
  /** REF*F8: the payer's number of the claim acted on, or of the encounter a chart review links to. */
  readonly original: string | null;
  readonly lines: readonly JudgedLine[];
  readonly diagnoses: readonly { readonly code: string; readonly position: number }[];
  readonly birthDate: IsoDate | null;
  readonly sex: Sex | null;
  readonly deathDate: IsoDate | null;
}

export type Judgement = { readonly remarks: readonly Remark[] } & (
  | { readonly ok: true; readonly claim: JudgedClaim }
  | { readonly ok: false; readonly fault: Fault }
);

export interface JudgeContext {
  readonly separators: Separators;
  readonly place: Place;
  readonly options: IntakeOptions;
  readonly settings: X12Settings;
}

/** First two digits of an inpatient bill type (UB-04 facility and classification); all others are outpatient. */
const INPATIENT = new Set(['11', '18', '21', '22', '41']);
const EARLIEST = '1900-01-01';

/** Judges a claim draft by 005010X222/X223 and the reading rules of risk adjustment. Pure. */
export function judgeClaim(draft: ClaimDraft, context: JudgeContext): Judgement {
  const { separators, place, options, settings } = context;
  const { claim } = draft;
  const remarks = new Remarks(place, separators);
  const refuse = (field: string, code: string, message: string, value?: string): Judgement => ({
    ok: false,
    remarks: remarks.list,
    fault: { ...remarks.fault(claim, { field, code, message, value }), raw: draft.raw },
  });

  if (draft.oversized) {
    return refuse('CLM', 'claim_too_large', 'the claim has more segments than a claim may have');
  }
  if (draft.hierarchyFault !== null) {
    const message = 'the claim stands in no complete hierarchy of HL segments';
    if (!settings.lenient) return refuse('HL02', draft.hierarchyFault, message);
    remarks.warning(claim, 'HL02', draft.hierarchyFault, message);
  }
  const claimNumber = idText(claim.elements[1]);
  if (claimNumber === null) {
    return refuse('CLM01', 'claim_id_missing', 'the claim has no usable identifier', claim.elements[1]);
  }
  const memberId = idText(draft.person.id ?? undefined);
  if (memberId === null) {
    return refuse('NM109', 'member_id_missing', 'the patient of the claim has no usable member id');
  }
  const kind = judgeKind(draft, context, remarks);
  const { lines, spans } = judgeLines(draft, { separators, settings, remarks });
  const span = claimSpan(draft, { setting: kind.setting, lines: spans, remarks });
  if (span === null) {
    const message = 'neither the lines nor the claim give a usable date of service';
    return refuse('DTP03', 'claim_without_service_date', message);
  }
  if (span.to > options.asOf) {
    return refuse('DTP03', 'service_date_in_future', 'the date of service is after today', span.to);
  }
  if (span.from < EARLIEST) {
    return refuse('DTP03', 'service_date_too_early', 'the date of service is before 1900', span.from);
  }
  if (draft.diagnoses.length === 0) {
    remarks.warning(claim, 'HI', 'claim_without_diagnoses', 'the claim has no HI segment');
  }
  const diagnoses = judgeDiagnoses(draft, { separators, settings, options, span, remarks });
  const placeOfService = lines.find((line) => line.placeOfService)?.placeOfService ?? kind.placeOfService;
  const chartReview = draft.attachments.some((at) => at.elements[1] === '09' && at.elements[2] === 'AA');
  const reference = (qualifier: string) =>
    draft.references.find((at) => at.elements[1] === qualifier)?.elements[2];
  return {
    ok: true,
    remarks: remarks.list,
    claim: {
      memberId,
      claimNumber,
      frequency: kind.frequency,
      ...span,
      setting: kind.setting,
      billType: kind.billType,
      placeOfService,
      modality: modalityOf(
        lines.map(({ line }) => line),
        placeOfService,
      ),
      provider: judgeProvider(draft, kind.setting, remarks),
      chartReview,
      deletes: chartReview && reference('EA')?.trim() === '8',
      original: idText(reference('F8')),
      lines,
      diagnoses,
      ...judgePerson(draft, options.asOf, remarks),
    },
  };
}

interface Kind {
  readonly setting: Setting;
  readonly frequency: string;
  readonly billType: string | null;
  readonly placeOfService: string | null;
}

/** The lines decide professional or institutional, then CLM05-2, then the guide: public files name the wrong guide. */
function judgeKind(draft: ClaimDraft, { separators, place }: JudgeContext, remarks: Remarks): Kind {
  const { claim } = draft;
  const code = facilityComposite(claim.elements[5] ?? '', separators);
  if (code.malformed) {
    remarks.warning(claim, 'CLM05', 'composite_malformed', 'CLM05 uses an undeclared separator');
  }
  const services = draft.lines.map((line) => line.service?.elements[0]);
  const guided = place.guide.includes('X223');
  let institutional = guided;
  if (services.includes('SV2')) institutional = true;
  else if (services.includes('SV1')) institutional = false;
  else if (code.qualifier === 'A' || code.qualifier === 'B') institutional = code.qualifier === 'A';
  if (institutional !== guided) {
    const message = 'the claim is not of the kind the guide names';
    remarks.warning(claim, 'GS08', 'guide_mismatch', message, place.guide);
  }
  const frequency = code.frequency === '' ? '1' : code.frequency.slice(0, 1).toUpperCase();
  const twoDigits = /^\d{2}$/.test(code.facility);
  if (!institutional) {
    const placeOfService = twoDigits ? code.facility : null;
    return { setting: 'professional', frequency, billType: null, placeOfService };
  }
  if (!twoDigits) {
    const message = 'an institutional claim without a bill type cannot be judged';
    remarks.warning(claim, 'CLM05', 'bill_type_missing', message, code.facility);
  }
  return {
    setting: INPATIENT.has(code.facility) ? 'inpatient' : 'outpatient',
    frequency,
    billType: twoDigits ? `0${code.facility}${frequency}` : null,
    placeOfService: null,
  };
}

/** Professional: rendering, else a line's own, else billing. Institutional: attending before these. */
function judgeProvider(draft: ClaimDraft, setting: Setting, remarks: Remarks): Provider | null {
  const of = (role: string) => draft.providers.find((provider) => provider.role === role && provider.npi);
  const ofLine = draft.lines.find((line) => line.provider?.npi)?.provider;
  const attending = setting === 'professional' ? undefined : of('71');
  const chosen: ProviderDraft | null = attending ?? of('82') ?? ofLine ?? draft.billing;
  const npi = idText(chosen?.npi ?? undefined);
  const specialty = idText(chosen?.taxonomy ?? undefined);
  if (npi !== null && !isNpi(npi)) {
    remarks.warning(draft.claim, 'NM109', 'npi_invalid', 'the provider number fails its check digit', npi);
  }
  return npi === null && specialty === null ? null : { npi, specialty };
}

function judgePerson(
  draft: ClaimDraft,
  asOf: IsoDate,
  remarks: Remarks,
): Pick<JudgedClaim, 'birthDate' | 'sex' | 'deathDate'> {
  const { birth, sex, death } = draft.person;
  const date = (text: string | null, field: string): IsoDate | null => {
    if (text === null || text === '') return null;
    const day = compactDate(text);
    if (day !== null && day <= asOf) return day;
    remarks.warning(draft.claim, field, 'date_invalid', 'not a calendar date up to today');
    return null;
  };
  return {
    birthDate: date(birth, 'DMG02'),
    sex: sex === 'F' || sex === 'M' ? sex : null,
    deathDate: date(death, 'PAT06'),
  };
}
